use attest_digest::{Algorithm, Algorithms, Measured};
use attest_sandbox::{RequestV2, Verifier};
use attest_sign::TimestampAuthority;
use attestation::{Payload, Predicate, Statement, Subject};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Error, LogVersion, World};

pub(super) const ARTIFACT: &[u8] = b"an artifact of conformance\n";
pub(super) const TIMES: &str = "/verificationMaterial/timestampVerificationData";
pub(super) const ENTRY: &str = "/verificationMaterial/tlogEntries/0";

/// The seed of the world in which everything is signed.
const SEED: u8 = 3;

/// What cases are put together from: the artifact and a statement about it, signed in every way by one key.
pub(super) struct Material {
    pub(super) world: World,
    pub(super) trusted_root: String,
    pub(super) artifact_v1: Value,
    pub(super) artifact_v2: Value,
    pub(super) statement_v2: Value,
    /// A statement about the same artifact that says something else.
    pub(super) other_statement_v2: Value,
}

#[derive(Serialize)]
struct Note {
    note: &'static str,
}

impl Predicate for Note {
    const TYPE: &'static str = "https://example.com/note/v1";
}

impl Material {
    pub(super) fn new() -> Result<Self, Error> {
        let world = World::new(SEED)?;
        // Trees of one entry have no path to prove.
        world.sign_artifact(b"before", LogVersion::V1)?;
        world.sign_artifact(b"before", LogVersion::V2)?;
        let read = |bundle: attestation::Bundle| serde_json::from_slice(bundle.as_json());
        Ok(Self {
            trusted_root: world.trusted_root()?,
            artifact_v1: read(world.sign_artifact(ARTIFACT, LogVersion::V1)?)?,
            artifact_v2: read(world.sign_artifact(ARTIFACT, LogVersion::V2)?)?,
            statement_v2: read(world.sign_statement(&statement("first")?, LogVersion::V2)?)?,
            other_statement_v2: read(world.sign_statement(&statement("second")?, LogVersion::V2)?)?,
            world,
        })
    }

    pub(super) fn root(&self) -> Result<Value, Error> {
        Ok(serde_json::from_str(&self.trusted_root)?)
    }

    /// The entry that Rekor v2 makes of the envelope of a bundle, of kind `dsse`.
    pub(super) fn dsse_entry(&self, bundle: &Value) -> Result<Value, Error> {
        let certificate = &bundle["verificationMaterial"]["certificate"]["rawBytes"];
        let certificate = STANDARD.decode(certificate.as_str().unwrap_or_default());
        let verifier = Verifier::certificate(&certificate.unwrap_or_default())?;
        let request = RequestV2::dsse(&bundle["dsseEnvelope"].to_string(), &[verifier])?;
        Ok(self.world.sigstore().log_v2(&request)?)
    }

    /// A timestamp over the signature of a bundle with a message signature, so much later than that.
    pub(super) fn timestamp(&self, bundle: &Value, delay: SignedDuration) -> Result<Value, Error> {
        self.timestamp_of(SEED, bundle, delay)
    }

    /// The same, by the authority of any world.
    pub(super) fn timestamp_of(&self, seed: u8, bundle: &Value, delay: SignedDuration) -> Result<Value, Error> {
        let signature = &bundle["messageSignature"]["signature"];
        let signature = STANDARD.decode(signature.as_str().unwrap_or_default());
        let world = World::new(seed)?.with_timestamp_delay(delay);
        let token = world.timestamp(&signature.unwrap_or_default())?;
        Ok(json!({ "signedTimestamp": STANDARD.encode(token.as_der()) }))
    }
}

pub(super) fn statement(note: &'static str) -> Result<Payload, Error> {
    let measured = Measured::of_bytes(ARTIFACT, &Algorithms::one(Algorithm::Sha256));
    let subject = Subject::measured("a.txt", &measured);
    Ok(Statement::new(vec![subject], Note { note })?.to_payload())
}

/// The document with another value at a JSON pointer; the last field may be new.
pub(super) fn with(document: &Value, pointer: &str, value: Value) -> Value {
    let mut document = document.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    match document.pointer_mut(parent) {
        Some(Value::Object(object)) => {
            object.insert(name.to_owned(), value);
        }
        _ => {
            if let Some(slot) = document.pointer_mut(pointer) {
                *slot = value;
            }
        }
    }
    document
}
