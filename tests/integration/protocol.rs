//! `attest sign-bundle` and `attest verify-bundle`: the sigstore-conformance protocol. `tests/conformance` runs whole corpora.

use std::fs;
use std::path::{Path, PathBuf};

use attest_testkit::{ISSUER, WORKFLOW};

use crate::command::{Command, Finished};
use crate::fixtures::directory;

const ARTIFACT: &str = "app-1.0.0.tar.gz";

fn good() -> PathBuf {
    directory().join("accept/statement-rekor-v2")
}

/// The arguments in the order in which the suite gives them.
fn verify_bundle(options: &[&str], identity: &str, root: Option<&str>, artifact: &str) -> Finished {
    let mut command = Command::attest().arg("verify-bundle").args(options);
    command = command.args(["--bundle", "bundle.sigstore.json", "--certificate-identity", identity]);
    command = command.args(["--certificate-oidc-issuer", ISSUER]);
    if let Some(root) = root {
        command = command.args(["--trusted-root", root]);
    }
    command.arg(artifact).current_dir(good()).run()
}

fn digest() -> String {
    let hashed = Command::attest()
        .args(["hash", ARTIFACT])
        .current_dir(good())
        .run()
        .expect_code(0);
    let hex = hashed.stdout_text().split_whitespace().next().unwrap();
    format!("sha256:{hex}")
}

#[test]
fn a_good_bundle_is_accepted_for_the_path_and_for_the_digest() {
    for artifact in [ARTIFACT, &digest()] {
        verify_bundle(&[], WORKFLOW, Some("trusted_root.json"), artifact).expect_code(0);
    }
}

#[test]
fn another_identity_another_digest_and_another_instance_are_rejected() {
    let other = format!("sha256:{}", "0".repeat(64));
    verify_bundle(&[], "other@example.com", Some("trusted_root.json"), ARTIFACT).expect_code(1);
    verify_bundle(&[], WORKFLOW, Some("trusted_root.json"), &other).expect_code(1);
    verify_bundle(&[], WORKFLOW, None, ARTIFACT).expect_code(1);
    let staging = verify_bundle(&["--staging"], WORKFLOW, None, ARTIFACT).expect_code(1);
    assert!(staging.stderr_text().contains("log"), "{}", staging.stderr_text());
}

#[test]
fn a_trust_root_that_is_given_wins_over_staging() {
    verify_bundle(&["--staging"], WORKFLOW, Some("trusted_root.json"), ARTIFACT).expect_code(0);
}

#[test]
fn nobody_to_expect_is_wrong_usage() {
    let finished = Command::attest()
        .args(["verify-bundle", "--bundle", "bundle.sigstore.json", ARTIFACT])
        .current_dir(good())
        .run()
        .expect_code(2);
    assert!(finished.stderr_text().contains("--certificate-identity"));
}

#[test]
fn a_token_that_is_none_signs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let bundle = directory.path().join("bundle.json");
    Command::attest()
        .args(["sign-bundle", "--staging", "--identity-token", "none", "--bundle"])
        .arg(&bundle)
        .arg(good().join(ARTIFACT))
        .run()
        .expect_code(2);
    assert!(!bundle.exists());
}

#[test]
fn the_protocol_is_not_among_the_verbs_that_are_shown() {
    let help = Command::attest().arg("--help").run().expect_code(0);
    assert!(!help.stdout_text().contains("-bundle"), "{}", help.stdout_text());
}

/// The cases whose key cannot be read at all: that is wrong usage, and no verdict on the bundle.
const UNREADABLE: [&str; 2] = ["key-of-unknown-type_fail", "key-with-trailing-bytes_fail"];

/// `tests/conformance/run` does the same, and with the official corpus.
#[test]
fn every_case_of_our_own_is_judged_as_its_name_says_by_path_and_by_digest() {
    let corpus = directory().join("conformance");
    let cases = corpus.join("bundle-verify");
    let hashed = Command::attest()
        .arg("hash")
        .arg(cases.join("a.txt"))
        .run()
        .expect_code(0);
    let digest = format!("sha256:{}", hashed.stdout_text().split_whitespace().next().unwrap());
    let mut wrong = Vec::new();
    let mut count = 0;
    for folder in fs::read_dir(&cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
    {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        for artifact in [cases.join("a.txt").to_str().unwrap(), &digest] {
            let finished = judge_case(&corpus, &folder, artifact);
            count += 1;
            let expected = match name.as_str() {
                name if UNREADABLE.contains(&name) => 2,
                name => i32::from(name.ends_with("_fail")),
            };
            if finished.code != expected {
                wrong.push(format!("{name}: {} {}", finished.stdout_text(), finished.stderr_text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 80, "only {count} runs");
}

fn judge_case(corpus: &Path, folder: &Path, artifact: &str) -> Finished {
    let own = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let mut command = Command::attest()
        .arg("verify-bundle")
        .arg("--bundle")
        .arg(folder.join("bundle.sigstore.json"));
    command = match own("key.pub") {
        Some(key) => command.arg("--key").arg(key),
        None => command
            .args(["--certificate-identity", &text("identity")])
            .args(["--certificate-oidc-issuer", &text("issuer")]),
    };
    let root = own("trusted_root.json").unwrap_or_else(|| corpus.join("trusted_root.json"));
    command.arg("--trusted-root").arg(root).arg(artifact).run()
}
