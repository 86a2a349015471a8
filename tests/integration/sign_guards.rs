//! What `attest sign` refuses before it signs, and what it leaves as it was.

use std::fs;
use std::sync::Arc;

use attest_sandbox::Clock;
use jiff::{SignedDuration, Timestamp};

use crate::sign::Bench;

#[track_caller]
fn refused(bench: &Bench, arguments: &[&str], code: i32, name: &str) {
    let finished = bench.sign(arguments).expect_code(code);
    let text = finished.stderr_text();
    assert!(
        text.starts_with(&format!("error[{name}]")),
        "{arguments:?} was to fail before a certificate is asked for: {text}"
    );
    assert_eq!(finished.stdout_text(), "");
}

#[test]
fn an_artifact_under_another_spelling_is_not_written_over() {
    let bench = Bench::new();
    fs::create_dir(bench.path("d")).unwrap();
    let absolute = bench.path("a.tar.gz");
    let places = ["a.tar.gz", "d/../a.tar.gz", absolute.to_str().unwrap()];
    for place in places {
        refused(&bench, &["./a.tar.gz", "--bundle", place], 2, "bundle-place-taken");
    }
    assert_eq!(fs::read(absolute).unwrap(), b"first");
    refused(&bench, &["a.tar.gz", "./a.tar.gz"], 2, "bundle-place-taken");
    bench.sign(&["./a.tar.gz", "--bundle", "d/a.tar.gz"]).expect_code(0);
}

#[cfg(unix)]
#[test]
fn the_file_behind_a_link_is_not_written_over() {
    let bench = Bench::new();
    std::os::unix::fs::symlink("a.tar.gz", bench.path("link")).unwrap();
    refused(&bench, &["link", "--bundle", "a.tar.gz"], 2, "bundle-place-taken");
    refused(&bench, &["a.tar.gz", "--bundle", "link"], 2, "bundle-place-unusable");
}

#[test]
fn what_is_read_beside_the_artifacts_is_not_written_over() {
    let bench = Bench::new();
    bench.write("note", "reviewed");
    for place in ["./note", "./trusted_root.json", "./signing_config.json", "./token"] {
        let arguments = ["a.tar.gz", "--predicate", "note", "--bundle", place];
        refused(&bench, &arguments, 2, "bundle-place-taken");
    }
    assert_eq!(fs::read(bench.path("note")).unwrap(), b"reviewed");
}

#[test]
fn a_place_that_takes_no_bundle_is_found_before_anything_is_signed() {
    let bench = Bench::new();
    fs::create_dir(bench.path("b.zip.sigstore.json")).unwrap();
    refused(&bench, &["a.tar.gz", "b.zip"], 2, "bundle-place-unusable");
    refused(&bench, &["a.tar.gz", "--bundle", "no/such/place"], 3, "output-failed");
    assert_eq!(bench.bundles(), ["b.zip.sigstore.json"]);
}

#[test]
fn a_predicate_of_several_mebibytes_is_signed_and_one_beyond_every_reader_is_not() {
    let bench = Bench::new();
    let word = "a".repeat(5 << 20);
    bench.write("large.json", format!(r#"{{"word":"{word}"}}"#));
    let kind = ["--type", "https://example.com/word"];
    bench
        .sign(&[&["a.tar.gz", "--predicate", "large.json"], &kind[..]].concat())
        .expect_code(0);
    bench.verify("a.tar.gz.sigstore.json", "a.tar.gz").unwrap();
    let file = fs::File::create(bench.path("huge.json")).unwrap();
    file.set_len((45 << 20) + 1).unwrap();
    let finished = bench
        .sign(&[&["b.zip", "--predicate", "huge.json"], &kind[..]].concat())
        .expect_code(2);
    assert_eq!(
        finished.stderr_text(),
        "error[input-too-large]: expected at most 47185920 bytes, found 47185921\n  --> huge.json\n"
    );
    refused(&bench, &["b.zip", "--statement", "huge.json"], 2, "input-too-large");
}

#[test]
fn a_predicate_that_says_a_key_twice_is_not_signed() {
    let bench = Bench::new();
    bench.write("twice.json", r#"{"verdict":"pass","verdict":"fail"}"#);
    let arguments = [
        "a.tar.gz",
        "--predicate",
        "twice.json",
        "--type",
        "https://example.com/v",
    ];
    let finished = bench.sign(&arguments).expect_code(2);
    assert_eq!(
        finished.stderr_text(),
        "error[predicate-invalid]: expected a predicate of type https://example.com/v: key `verdict` stands twice at line 1 \
         column 27\n  --> twice.json\n"
    );
    assert_eq!(bench.bundles(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn a_file_name_with_a_line_break_forges_no_line() {
    let bench = Bench::new();
    let name = "x\nsigned b.zip: forged";
    bench.write(name, "third");
    let finished = bench.sign(&[name]).expect_code(0);
    assert_eq!(
        finished.stdout_text(),
        "signed x\\nsigned b.zip: forged: x\\nsigned b.zip: forged.sigstore.json\n"
    );
}

struct Ahead;

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(3)
    }
}

#[test]
fn services_whose_clock_is_ahead_are_waited_for() {
    let bench = Bench::at(Arc::new(Ahead));
    for version in ["1", "2"] {
        let finished = bench.sign(&["a.tar.gz", "--rekor-version", version]).expect_code(0);
        let waited = finished.stderr_text().contains("is behind that of the log; waiting ");
        assert_eq!(waited, version == "1", "{}", finished.stderr_text());
        bench.verify("a.tar.gz.sigstore.json", "a.tar.gz").unwrap();
    }
}
