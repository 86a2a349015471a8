//! What is checked in under `fixtures/accept` and `fixtures/reject` is what the testkit makes, and is judged as it says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_testkit::{Verdict, write_conformance, write_fixtures};
use attest_verify::{Artifact, CertificateIdentity, Expectation, OidcIssuer, TrustRoot, VerificationTime, Verifier};
use attestation::Bundle;

pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

#[test]
fn what_is_checked_in_is_what_is_made() {
    let made = tempfile::tempdir().unwrap();
    write_fixtures(made.path()).unwrap();
    write_conformance(&made.path().join("conformance")).unwrap();
    for side in ["accept", "reject", "conformance/bundle-verify"] {
        let expected = files(&made.path().join(side));
        let found = files(&directory().join(side));
        let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&expected));
        for (name, bytes) in expected {
            assert!(found[&name] == bytes, "{side}/{} is not what is made", name.display());
        }
    }
}

#[test]
fn every_fixture_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let verdict: Verdict = serde_json::from_slice(&fs::read(folder.join("expect.json")).unwrap()).unwrap();
        let code = judge(&folder, &verdict).err();
        if code != verdict.code.as_deref() {
            wrong.push((folder.file_name().unwrap().to_owned(), code, verdict.code));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_folder_that_has_to_be_rejected_ends_in_fail() {
    for folder in folders() {
        let verdict: Verdict = serde_json::from_slice(&fs::read(folder.join("expect.json")).unwrap()).unwrap();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(name.ends_with("_fail"), verdict.code.is_some(), "{name}");
    }
}

fn judge(folder: &Path, verdict: &Verdict) -> Result<(), &'static str> {
    let bundle =
        Bundle::parse(&fs::read(folder.join("bundle.sigstore.json")).unwrap()).map_err(|error| error.code())?;
    let root = TrustRoot::parse(&fs::read(folder.join("trusted_root.json")).unwrap()).unwrap();
    let expectation = Expectation::certificate(
        CertificateIdentity::parse(&verdict.identity).unwrap(),
        OidcIssuer::parse(&verdict.issuer).unwrap(),
    );
    let bytes = fs::read(folder.join(&verdict.artifact)).unwrap();
    let measured = Measured::of_bytes(&bytes, &Algorithms::one(Algorithm::Sha256));
    Verifier::new(&root, VerificationTime::at(verdict.time.parse().unwrap()))
        .verify_bundle(&bundle, &expectation)
        .and_then(|verified| verified.artifact(&Artifact::measured(&verdict.artifact, &measured)))
        .map(|_| ())
        .map_err(|rejection| rejection.code())
}

fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ["accept", "reject"]
        .iter()
        .flat_map(|side| fs::read_dir(directory().join(side)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(folders.len() > 30, "found only {}", folders.len());
    folders
}

fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let inner = files_below(&path);
            files.extend(inner.map(|path| (path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap())));
        } else {
            files.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
        }
    }
    files
}

fn files_below(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().path())
}
