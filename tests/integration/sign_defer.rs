//! `attest sign --defer-log` and `--resume`: an outage of the log leaves a state to go on from.

use std::fs;
use std::sync::Arc;

use attest_sandbox::ManualClock;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::command::Finished;
use crate::sign::Bench;

fn resume(bench: &Bench, arguments: &[&str]) -> Finished {
    bench.sign_without_token(&[&["--resume"], arguments].concat())
}

/// The bench counts what is called like a bundle, pending ones with it.
const PENDING: &str = "a.tar.gz.sigstore.json.pending";

#[test]
fn what_was_deferred_is_logged_later_and_only_once() {
    for version in ["1", "2"] {
        let bench = Bench::new();
        let finished = bench.sign(&["a.tar.gz", "--defer-log"]).expect_code(0);
        assert_eq!(
            finished.stdout_text(),
            format!("signed a.tar.gz: {PENDING} (not logged yet)\n")
        );
        assert_eq!(bench.bundles(), [PENDING]);
        let text = fs::read_to_string(bench.path(PENDING)).unwrap();
        assert!(!text.contains("PRIVATE"));
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["schema"], "https://attest.dev/schema/pending/v1");
        let finished = resume(&bench, &[PENDING, "--rekor-version", version]).expect_code(0);
        assert_eq!(finished.stdout_text(), "logged: a.tar.gz.sigstore.json\n");
        assert_eq!(bench.bundles(), ["a.tar.gz.sigstore.json"]);
        bench.verify("a.tar.gz.sigstore.json", "a.tar.gz").unwrap();
        let before = fs::read(bench.path("a.tar.gz.sigstore.json")).unwrap();
        resume(&bench, &[PENDING]).expect_code(0);
        assert_eq!(fs::read(bench.path("a.tar.gz.sigstore.json")).unwrap(), before);
    }
}

#[test]
fn a_log_that_has_the_signature_already_shows_its_entry_again() {
    for version in ["1", "2"] {
        let bench = Bench::new();
        bench.sign(&["a.tar.gz", "--defer-log"]).expect_code(0);
        let pending = fs::read(bench.path(PENDING)).unwrap();
        resume(&bench, &[PENDING, "--rekor-version", version]).expect_code(0);
        let first = bench.json("a.tar.gz.sigstore.json");
        // The log goes on meanwhile.
        bench.sign(&["b.zip", "--rekor-version", version]).expect_code(0);
        bench.write(PENDING, pending);
        resume(&bench, &[PENDING, "--rekor-version", version]).expect_code(0);
        let index = |bundle: &Value| bundle["verificationMaterial"]["tlogEntries"][0]["logIndex"].clone();
        assert_eq!(index(&bench.json("a.tar.gz.sigstore.json")), index(&first), "{version}");
        bench.verify("a.tar.gz.sigstore.json", "a.tar.gz").unwrap();
    }
}

#[test]
fn a_statement_about_several_files_is_deferred_as_a_whole() {
    let bench = Bench::new();
    bench
        .sign(&["a.tar.gz", "b.zip", "--bundle", "all.sigstore.json", "--defer-log"])
        .expect_code(0);
    resume(&bench, &["all.sigstore.json.pending"]).expect_code(0);
    bench.verify("all.sigstore.json", "a.tar.gz").unwrap();
    bench.verify("all.sigstore.json", "b.zip").unwrap();
}

#[test]
fn a_file_that_has_changed_since_is_told_and_its_bundle_is_written() {
    for (arguments, bundle) in [
        (&["a.tar.gz"][..], "a.tar.gz.sigstore.json"),
        (
            &["a.tar.gz", "b.zip", "--bundle", "all.sigstore.json"],
            "all.sigstore.json",
        ),
    ] {
        let bench = Bench::new();
        bench.sign(&[arguments, &["--defer-log"]].concat()).expect_code(0);
        let signed = fs::read(bench.path("a.tar.gz")).unwrap();
        bench.write("a.tar.gz", "other bytes");
        let finished = resume(&bench, &[&format!("{bundle}.pending")]).expect_code(1);
        assert_eq!(finished.stdout_text(), format!("logged: {bundle}\n"));
        let told = finished.stderr_text();
        assert!(told.contains("error[artifact-changed]: "), "{told}");
        assert!(told.contains("  --> a.tar.gz\n"), "{told}");
        assert_eq!(bench.bundles(), [bundle]);
        bench.write("a.tar.gz", signed);
        bench.verify(bundle, "a.tar.gz").unwrap();
    }
}

#[test]
fn a_file_that_is_elsewhere_now_is_no_reason_to_complain() {
    let bench = Bench::new();
    bench.sign(&["a.tar.gz", "--defer-log"]).expect_code(0);
    fs::remove_file(bench.path("a.tar.gz")).unwrap();
    resume(&bench, &[PENDING]).expect_code(0);
}

#[test]
fn one_that_cannot_be_logged_stays_pending_and_hides_no_other() {
    let bench = Bench::new();
    bench.sign(&["a.tar.gz", "b.zip", "--defer-log"]).expect_code(0);
    let mut document = bench.json("b.zip.sigstore.json.pending");
    let other = bench.json(PENDING)["bundle"]["messageSignature"]["signature"].clone();
    document["bundle"]["messageSignature"]["signature"] = other;
    bench.write("b.zip.sigstore.json.pending", document.to_string());
    let finished = resume(&bench, &["b.zip.sigstore.json.pending", PENDING]).expect_code(3);
    assert!(
        finished.stderr_text().contains("error[service-refused]: "),
        "{}",
        finished.stderr_text()
    );
    assert_eq!(finished.stdout_text(), "logged: a.tar.gz.sigstore.json\n");
    assert_eq!(
        bench.bundles(),
        ["a.tar.gz.sigstore.json", "b.zip.sigstore.json.pending"]
    );
}

#[test]
fn what_is_not_pending_is_refused_before_anything_is_sent() {
    let bench = Bench::new();
    bench.write("note.pending", "{}");
    for (file, code, expected) in [
        (
            "a.tar.gz",
            2,
            "error[pending-invalid]: expected a pending signature, whose name ends in `.pending`",
        ),
        (
            "note.pending",
            2,
            "error[pending-invalid]: expected a JSON document in the pending signature",
        ),
        ("nowhere.pending", 3, "error[pending-unreadable]: "),
    ] {
        let finished = resume(&bench, &[file]).expect_code(code);
        assert!(
            finished.stderr_text().starts_with(expected),
            "{}",
            finished.stderr_text()
        );
    }
    bench.sign(&["a.tar.gz", "--resume"]).expect_code(2);
}

/// Rekor 1 signs the time at which it records, which is an hour too late for the certificate. The timestamp is not.
#[test]
fn logging_works_after_the_certificate_has_run_out() {
    let begin = Timestamp::now();
    let clock = Arc::new(ManualClock::new(begin));
    let bench = Bench::at(Arc::<ManualClock>::clone(&clock));
    for version in ["1", "2"] {
        clock.set(begin);
        bench.write("token", bench.server.sigstore().mint_user().unwrap());
        bench.sign(&["a.tar.gz", "--defer-log"]).expect_code(0);
        clock.set(begin + SignedDuration::from_hours(1));
        resume(&bench, &[PENDING, "--rekor-version", version]).expect_code(0);
        let entry = bench.json("a.tar.gz.sigstore.json")["verificationMaterial"]["tlogEntries"][0].clone();
        assert_eq!(entry.get("inclusionPromise"), None);
        assert!(entry["inclusionProof"]["checkpoint"].is_object());
        bench.verify("a.tar.gz.sigstore.json", "a.tar.gz").unwrap();
    }
}
