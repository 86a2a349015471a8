//! Evidence of other clients, as it lies under `fixtures/formats`: what is checked in is what the testkit makes, is found
//! by its names, recognised by its content, and judged as it says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use attest_store::SignatureFiles;
use attest_testkit::{FormatVerdict, ISSUER, KeySigner, WORKFLOW, World, format_fixtures};
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, OidcIssuer, PublicKey, TrustRoot, VerificationTime, Verifier,
};
use attestation::foreign::{Detached, EvidenceError, Format, Limits, read_evidence};
use attestation::{Bundle, Payload};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::command::Command;
use crate::fixtures::directory;

type Found = Result<(Format, Bundle), EvidenceError>;

#[test]
fn what_is_checked_in_is_what_is_made() {
    let mut expected = BTreeMap::new();
    for fixture in format_fixtures().unwrap() {
        let side = if fixture.name.ends_with("_fail") {
            "reject"
        } else {
            "accept"
        };
        for (name, bytes) in fixture.files {
            expected.insert(Path::new(side).join(&fixture.name).join(name), bytes);
        }
    }
    for folder in folders() {
        for file in fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(directory().join("formats")).unwrap();
            if name.ends_with("expect.json") {
                continue;
            }
            let made = expected.remove(name);
            assert!(
                made == Some(fs::read(&path).unwrap()),
                "{} is not what is made",
                path.display()
            );
        }
    }
    assert_eq!(expected.keys().collect::<Vec<_>>(), Vec::<&PathBuf>::new());
}

#[test]
fn every_fixture_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let verdict = verdict(&folder);
        let found = judge(&folder, &verdict);
        let expected: Vec<Option<&str>> = verdict.codes.iter().map(Option::as_deref).collect();
        if found != expected {
            wrong.push((folder, found, verdict.codes));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_fixture_is_recognised_by_its_content() {
    for folder in folders() {
        let verdict = verdict(&folder);
        let beside = attest_store::evidence_beside(&folder.join(&verdict.artifact));
        let mut evidence = beside.bundles;
        evidence.extend(beside.signatures.into_iter().map(|files| files.signature));
        assert_eq!(evidence.len(), 1, "{}", folder.display());
        let format = Format::recognise(&fs::read(&evidence[0]).unwrap()).unwrap();
        assert_eq!(format.code(), verdict.format, "{}", folder.display());
    }
}

#[test]
fn a_folder_that_has_to_be_rejected_ends_in_fail() {
    for folder in folders() {
        let failing = verdict(&folder).codes.iter().any(Option::is_some);
        assert_eq!(
            folder.to_str().unwrap().ends_with("_fail"),
            failing,
            "{}",
            folder.display()
        );
    }
}

#[test]
fn inspect_shows_every_fixture_and_marks_each_item() {
    for folder in folders() {
        let verdict = verdict(&folder);
        for file in fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name == verdict.artifact || name == "expect.json" {
                continue;
            }
            let unreadable = verdict.codes.iter().flatten().any(|code| code.starts_with("evidence-"));
            let code = i32::from(unreadable && name.ends_with("attestations.json"));
            let finished = Command::attest().arg("inspect").arg(&path).run().expect_code(code);
            assert!(finished.stdout_text().contains("UNVERIFIED"), "{}", path.display());
        }
    }
}

#[test]
fn of_a_list_of_npm_the_attestation_by_the_other_kind_of_signer_is_passed_over_and_no_bad_one() {
    let (world, folder) = (World::new(1).unwrap(), directory().join("accept/statement-rekor-v2"));
    let by_certificate: Value =
        serde_json::from_slice(&fs::read(folder.join("bundle.sigstore.json")).unwrap()).unwrap();
    let payload = by_certificate["dsseEnvelope"]["payload"].as_str().unwrap();
    let payload = Payload::in_toto(STANDARD.decode(payload).unwrap());
    let by_key = KeySigner::new(&world, 7).sign_statement(&payload).unwrap();
    let mut forged = by_certificate.clone();
    forged["dsseEnvelope"]["signatures"][0]["sig"] = by_key["dsseEnvelope"]["signatures"][0]["sig"].clone();
    let directory = tempfile::tempdir().unwrap();
    let verify = |items: &[&Value]| {
        let items: Vec<Value> = items
            .iter()
            .map(|bundle| json!({ "predicateType": "x", "bundle": bundle }))
            .collect();
        let list = directory.path().join("list.json");
        fs::write(&list, json!({ "attestations": items }).to_string()).unwrap();
        let command = Command::attest().args(["verify", "app-1.0.0.tar.gz", "--trusted-root", "trusted_root.json"]);
        let command = command.args(["--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", ISSUER]);
        command.arg("--bundle").arg(list).current_dir(&folder).run()
    };
    verify(&[&by_key, &by_certificate]).expect_code(0);
    verify(&[&by_key]).expect_code(1);
    verify(&[&by_key, &forged]).expect_code(1);
    verify(&[&by_certificate, &forged]).expect_code(1);
}

fn judge(folder: &Path, verdict: &FormatVerdict) -> Vec<Option<&'static str>> {
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let root = TrustRoot::parse(&read("trusted_root.json")).unwrap();
    let expectation = match (&verdict.identity, &verdict.issuer) {
        (Some(identity), Some(issuer)) => Expectation::certificate(
            CertificateIdentity::parse(identity).unwrap(),
            OidcIssuer::parse(issuer).unwrap(),
        ),
        _ => Expectation::key(PublicKey::from_pem(std::str::from_utf8(&read("key.pub")).unwrap()).unwrap()),
    };
    let bytes = read(&verdict.artifact);
    let measured = Measured::of_bytes(&bytes, &Algorithms::one(Algorithm::Sha256));
    let digest = measured.digest(Algorithm::Sha256).unwrap();
    let time = VerificationTime::at(verdict.time.parse().unwrap());
    let mut verifier = Verifier::new(&root, time);
    if verdict.without_log {
        verifier = verifier.without_log_unsafe();
    }
    let judge = |found: Found| {
        let (_, bundle) = found.map_err(|error| error.code())?;
        verifier
            .verify_bundle(&bundle, &expectation)
            .and_then(|verified| verified.artifact(&Artifact::measured(&verdict.artifact, &measured)))
            .map(|_| ())
            .map_err(|rejection| rejection.code())
    };
    let found = evidence(&folder.join(&verdict.artifact), digest);
    found.into_iter().map(|found| judge(found).err()).collect()
}

/// Everything that lies beside an artifact, as bundles.
fn evidence(artifact: &Path, digest: &Digest) -> Vec<Found> {
    let beside = attest_store::evidence_beside(artifact);
    let bundles = beside.bundles.iter();
    let read = bundles.flat_map(|path| read_evidence(&fs::read(path).unwrap(), &Limits::default()));
    let signatures = beside.signatures.iter();
    read.chain(signatures.map(|files| Ok((Format::Signature, detached(files, digest)?))))
        .collect()
}

fn detached(files: &SignatureFiles, digest: &Digest) -> Result<Bundle, EvidenceError> {
    let read = |path: &Option<PathBuf>| fs::read(path.as_deref().unwrap()).unwrap();
    Detached::new(&fs::read(&files.signature).unwrap())?
        .about(digest.clone())
        .with_signer(&read(&files.certificate))?
        .with_log_entry(&read(&files.log_entry))?
        .into_bundle()
}

fn verdict(folder: &Path) -> FormatVerdict {
    serde_json::from_slice(&fs::read(folder.join("expect.json")).unwrap()).unwrap()
}

fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ["accept", "reject"]
        .iter()
        .flat_map(|side| fs::read_dir(directory().join("formats").join(side)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(folders.len() >= 15, "found only {}", folders.len());
    folders
}
