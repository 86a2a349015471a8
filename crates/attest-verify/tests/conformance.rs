//! The cases of sigstore-conformance, where the corpus is at hand: a folder that ends in `_fail` has to be rejected.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests, one of which says that it was skipped"
)]

use std::fs;
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, OidcIssuer, PublicKey, TrustRoot, VerificationTime, Verifier,
};
use attestation::{Bundle, SignedContent};

const VARIABLE: &str = "ATTEST_CONFORMANCE";
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Later than every good case, earlier than the forged ones from the future.
const NOW: &str = "2026-12-31T00:00:00Z";

const CASES: usize = 70;

struct Case {
    folder: PathBuf,
    corpus: PathBuf,
}

impl Case {
    fn file(&self, name: &str, default: &str) -> PathBuf {
        let own = self.folder.join(name);
        if own.exists() { own } else { self.corpus.join(default) }
    }

    fn text(&self, name: &str, default: &str) -> String {
        fs::read_to_string(self.folder.join(name)).map_or_else(|_| default.to_owned(), |text| text.trim().to_owned())
    }

    fn expectation(&self) -> Result<Expectation, String> {
        if let Ok(pem) = fs::read_to_string(self.folder.join("key.pub")) {
            return PublicKey::from_pem(&pem).map(Expectation::key).map_err(shown);
        }
        Ok(Expectation::certificate(
            CertificateIdentity::parse(&self.text("identity", IDENTITY)).map_err(shown)?,
            OidcIssuer::parse(&self.text("issuer", ISSUER)).map_err(shown)?,
        ))
    }

    fn root(&self) -> Result<TrustRoot, String> {
        let json = fs::read(self.file("trusted_root.json", "trusted_root.json")).unwrap();
        TrustRoot::parse(&json).map_err(shown)
    }

    fn artifact(&self) -> Measured {
        let bytes = fs::read(self.file("artifact", "bundle-verify/a.txt")).unwrap();
        Measured::of_bytes(&bytes, &Algorithms::one(Algorithm::Sha256))
    }

    fn bundle(&self) -> Result<Bundle, String> {
        Bundle::parse(&fs::read(self.folder.join("bundle.sigstore.json")).unwrap()).map_err(shown)
    }

    fn verify(&self, artifact: &Artifact) -> Result<(), String> {
        let root = self.root()?;
        Verifier::new(&root, now())
            .verify_bundle(&self.bundle()?, &self.expectation()?)
            .and_then(|verified| verified.artifact(artifact))
            .map(|_| ())
            .map_err(shown)
    }

    fn must_fail(&self) -> bool {
        self.name().ends_with("_fail")
    }

    fn name(&self) -> String {
        self.folder.file_name().unwrap().to_string_lossy().into_owned()
    }
}

#[test]
fn every_case_is_judged_as_its_name_says_by_file_and_by_digest() {
    let Some(cases) = cases() else { return };
    assert_eq!(cases.len(), CASES);
    let mut wrong = Vec::new();
    for case in &cases {
        let measured = case.artifact();
        let digest: Digest = measured.digest(Algorithm::Sha256).unwrap().clone();
        for artifact in [Artifact::measured("a.txt", &measured), Artifact::by_digest(digest)] {
            let result = case.verify(&artifact);
            println!("{}: {result:?}", case.name());
            if result.is_err() != case.must_fail() {
                wrong.push((case.name(), result));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_good_case_is_accepted_for_another_artifact_or_without_content() {
    let Some(cases) = cases() else { return };
    let other = Measured::of_bytes(b"other", &Algorithms::one(Algorithm::Sha256));
    for case in cases.iter().filter(|case| !case.must_fail()) {
        let result = case.verify(&Artifact::measured("a.txt", &other));
        assert!(result.is_err(), "{} is accepted for other bytes", case.name());
        let bundle = case.bundle().unwrap();
        assert!(matches!(
            bundle.peek_unverified().content,
            SignedContent::Message(_) | SignedContent::Envelope(_)
        ));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the corpus is somewhere on the machine of the test"
)]
fn cases() -> Option<Vec<Case>> {
    let Some(corpus) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        println!("skipped: conformance corpus ({VARIABLE} is not set)");
        return None;
    };
    let mut folders: Vec<PathBuf> = fs::read_dir(corpus.join("bundle-verify"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    let case = |folder| Case {
        folder,
        corpus: Path::new(&corpus).to_owned(),
    };
    Some(folders.into_iter().map(case).collect())
}

fn now() -> VerificationTime {
    VerificationTime::at(NOW.parse().unwrap())
}

fn shown(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}
