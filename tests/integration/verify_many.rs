//! `attest verify` of more than it looks at in one go: whatever there is to measure, it comes to an end, and says of each
//! artifact what it would say of it alone.

use std::time::Duration;

use attest_digest::{Algorithm, Algorithms, Measured};
use attestation::Payload;
use serde_json::{Value, json};

use crate::command::Finished;
use crate::signed_release::{APPLICATION, Release};

/// One more than is looked at in one go, twice and three times; and as many as fit exactly.
const COUNTS: [usize; 4] = [513, 1024, 1025, 1537];

const THREADS: [&str; 2] = ["1", "4"];

/// Far more than it takes.
const LIMIT: Duration = Duration::from_secs(120);

/// What is to be verified, and what has to come of it.
struct Many {
    release: Release,
    list: String,
    expected: Vec<String>,
}

impl Many {
    fn new() -> Self {
        Self {
            release: Release::new(),
            list: String::new(),
            expected: Vec::new(),
        }
    }

    fn add(&mut self, artifact: &str, verdict: &str) {
        self.list.push_str(&format!("{artifact}\n"));
        self.expected.push(format!("{artifact} {verdict}"));
    }

    /// Digests of which some are in the statement of `all.sigstore.json`.
    fn add_digests(&mut self, numbers: std::ops::Range<usize>, verdict: &str) {
        numbers.for_each(|number| self.add(&format!("sha256:{}", digest(number)), verdict));
    }

    /// Files that nobody signed, in a directory where there is no evidence.
    fn add_unsigned(&mut self, directory: &str, count: usize) {
        for number in 0..count {
            let name = format!("{directory}/{number:04}");
            self.release.write(&name, number.to_string());
            self.add(&name, "rejected no-bundle");
        }
    }

    /// Names in a directory where there is something else.
    fn add_missing(&mut self, directory: &str, count: usize) {
        self.release.write(&format!("{directory}/there"), "something else");
        (0..count).for_each(|number| self.add(&format!("{directory}/{number:04}"), "undecided cannot-open"));
    }

    /// A file with a bundle beside it.
    fn add_signed(&mut self, name: &str, bytes: &[u8], verdict: &str) {
        let bundle = self
            .release
            .world
            .sign_artifact(APPLICATION, attest_testkit::LogVersion::V1);
        self.release
            .write(&format!("{name}.sigstore.json"), bundle.unwrap().as_json());
        self.release.write(name, bytes);
        self.add(name, verdict);
    }

    fn run(&self, arguments: &[&str], code: i32) {
        self.release.write("list", &self.list);
        for threads in THREADS {
            let finished = self
                .release
                .attest()
                .args(["verify", "--trusted-root", "root.json", "--format", "json"])
                .args(["--files-from", "list", "--threads", threads])
                .args(arguments)
                .run_within(LIMIT)
                .expect_code(code);
            assert_eq!(verdicts(&finished), self.expected, "{threads} threads");
        }
    }

    fn run_by_identity(&self, code: i32) {
        let signer = [
            "--certificate-identity",
            attest_testkit::WORKFLOW,
            "--certificate-oidc-issuer",
            attest_testkit::ISSUER,
        ];
        self.run(&signer, code);
    }
}

fn digest(number: usize) -> String {
    let measured = Measured::of_bytes(number.to_string().as_bytes(), &Algorithms::one(Algorithm::Sha256));
    measured.digest(Algorithm::Sha256).unwrap().to_hex()
}

/// A statement about so many files.
fn statement(count: usize) -> Payload {
    let subject = |number| json!({ "name": format!("file-{number}"), "digest": { "sha256": digest(number) } });
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": (0..count).map(subject).collect::<Vec<Value>>(),
        "predicateType": "https://example.com/predicate/v1",
        "predicate": {},
    });
    Payload::in_toto(statement.to_string().into_bytes())
}

/// Each artifact, what became of it, and why.
fn verdicts(finished: &Finished) -> Vec<String> {
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let artifacts = document["artifacts"].as_array().unwrap().iter();
    artifacts
        .map(|artifact| {
            let code = text(&artifact["problems"][0]["code"]);
            format!("{} {} {code}", text(&artifact["artifact"]), text(&artifact["verdict"]))
        })
        .collect()
}

#[test]
fn any_number_of_digests_is_accepted_by_one_statement_about_them_and_others_are_rejected() {
    for count in COUNTS {
        let mut many = Many::new();
        let bundle = many.release.signer().sign_statement(&statement(count)).unwrap();
        many.release.write("all.sigstore.json", bundle.to_string());
        many.add_digests(0..count, "accepted -");
        let arguments = ["--bundle", "all.sigstore.json", "--key", "key.pub"];
        many.run(&arguments, 0);
        many.add_digests(count..count + 1, "rejected subject-missing");
        many.run(&arguments, 1);
    }
}

#[test]
fn any_number_of_unsigned_files_is_rejected() {
    for count in COUNTS {
        let mut many = Many::new();
        many.add_unsigned("unsigned", count);
        many.run_by_identity(1);
    }
}

#[test]
fn any_number_of_files_that_are_not_there_is_undecided() {
    let mut many = Many::new();
    many.add_missing("missing", 600);
    many.run_by_identity(3);
}

#[test]
fn signed_files_are_told_from_others_wherever_they_stand_among_many() {
    let mut late = Many::new();
    late.add_unsigned("unsigned", 512);
    late.add_signed("signed/app", APPLICATION, "accepted -");
    late.run_by_identity(1);
    let mut early = Many::new();
    early.add_signed("signed/app", APPLICATION, "accepted -");
    early.add_digests(0..1200, "rejected no-bundle");
    early.run_by_identity(1);
    let mut between = Many::new();
    between.add_digests(0..1030, "rejected no-bundle");
    between.add_signed("signed/app", APPLICATION, "accepted -");
    between.add_unsigned("unsigned", 1100);
    between.add_signed("forged/app", b"other bytes", "rejected digest-mismatch");
    between.add_missing("missing", 530);
    between.run_by_identity(1);
}
