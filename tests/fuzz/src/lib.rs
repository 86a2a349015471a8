//! A fixture and what has to be trusted to accept it, for fuzz targets that put foreign bytes into one of its fields.

use std::sync::LazyLock;

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, OidcIssuer, TrustRoot, VerificationTime, Verified, Verifier,
};
use attestation::Bundle;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

const BUNDLE: &str = include_str!("../../../fixtures/accept/artifact-rekor-v2/bundle.sigstore.json");
const ARTIFACT: &[u8] = include_bytes!("../../../fixtures/accept/artifact-rekor-v2/app-1.0.0.tar.gz");
const TRUSTED_ROOT: &[u8] = include_bytes!("../../../fixtures/accept/artifact-rekor-v2/trusted_root.json");
const EXPECT: &str = include_str!("../../../fixtures/accept/artifact-rekor-v2/expect.json");

static GOOD: LazyLock<Good> = LazyLock::new(Good::read);

struct Good {
    document: Value,
    root: TrustRoot,
    expectation: Expectation,
    time: VerificationTime,
}

impl Good {
    fn read() -> Self {
        let expect: Value = serde_json::from_str(EXPECT).expect("the fixture is JSON");
        let text = |field: &str| expect[field].as_str().expect("the fixture says it").to_owned();
        Self {
            document: serde_json::from_str(BUNDLE).expect("the fixture is JSON"),
            root: TrustRoot::parse(TRUSTED_ROOT).expect("the fixture is one"),
            expectation: Expectation::certificate(
                CertificateIdentity::parse(&text("identity")).expect("the fixture has one"),
                OidcIssuer::parse(&text("issuer")).expect("the fixture has one"),
            ),
            time: VerificationTime::at(text("time").parse().expect("the fixture has one")),
        }
    }
}

/// Judges a document for the artifact of the fixture.
pub fn judge(document: &[u8]) -> Option<Verified> {
    judge_for(document, ARTIFACT)
}

/// Judges a document for an artifact that nobody ever signed: it must not be accepted.
pub fn reject(document: &[u8]) {
    assert!(
        judge_for(document, b"never signed").is_none(),
        "accepted for bytes that nobody signed"
    );
}

fn judge_for(document: &[u8], artifact: &[u8]) -> Option<Verified> {
    let bundle = Bundle::parse(document).ok()?;
    let measured = Measured::of_bytes(artifact, &Algorithms::one(Algorithm::Sha256));
    let verified = Verifier::new(&GOOD.root, GOOD.time)
        .verify_bundle(&bundle, &GOOD.expectation)
        .ok()?;
    verified
        .artifact(&Artifact::measured("app-1.0.0.tar.gz", &measured))
        .ok()
}

/// The fixture with another value at a JSON pointer, and the value that was there.
#[must_use]
pub fn with(pointer: &str, value: impl Into<Value>) -> (Vec<u8>, Value) {
    let mut document = GOOD.document.clone();
    let slot = document.pointer_mut(pointer).expect("the fixture has the field");
    let before = std::mem::replace(slot, value.into());
    (document.to_string().into_bytes(), before)
}

/// The same, for a field that holds bytes.
#[must_use]
pub fn with_bytes(pointer: &str, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (document, before) = with(pointer, STANDARD.encode(bytes));
    let before = STANDARD.decode(before.as_str().expect("the field is a text"));
    (document, before.expect("the field is base64"))
}
