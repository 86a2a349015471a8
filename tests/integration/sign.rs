use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_sandbox::registry::Registry;
use attest_sandbox::{Claims, Clock, Config, Keys, Server, Sigstore};
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, OidcIssuer, Rejection, TrustRoot, VerificationTime, Verifier,
};
use attestation::Bundle;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

use crate::command::{Command, Finished};

pub(crate) const SIGNER: &str = "signer@example.com";

struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A sandbox with a registry, and a directory with what points a signer at it.
pub(crate) struct Bench {
    pub(crate) server: Server,
    directory: TempDir,
    _images: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::at(Arc::new(WallClock))
    }

    /// Services whose clock is not the one of this machine.
    pub(crate) fn at(clock: Arc<dyn Clock>) -> Self {
        let sigstore = Sigstore::new(Config {
            keys: Keys::from_seed([7; 32], clock.now() - SignedDuration::from_hours(1)),
            clock,
            user: Claims::email(SIGNER),
            issuers: Vec::new(),
        });
        let (directory, images) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let registry = Registry::open(images.path()).unwrap();
        let bench = Self {
            server: Server::start_with_registry(sigstore.unwrap(), registry, 0).unwrap(),
            directory,
            _images: images,
        };
        let sigstore = bench.server.sigstore();
        bench.write("signing_config.json", sigstore.signing_config_json().unwrap());
        bench.write("trusted_root.json", sigstore.trusted_root_json().unwrap());
        bench.write("token", sigstore.mint_user().unwrap());
        bench.write("a.tar.gz", "first");
        bench.write("b.zip", "second");
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn sign(&self, arguments: &[&str]) -> Finished {
        self.sign_without_token(&[&["--identity-token", "token"], arguments].concat())
    }

    pub(crate) fn sign_without_token(&self, arguments: &[&str]) -> Finished {
        self.attest()
            .args(["sign", "--signing-config", "signing_config.json"])
            .args(["--trusted-root", "trusted_root.json"])
            .args(arguments)
            .run()
    }

    pub(crate) fn attest(&self) -> Command {
        Command::attest().current_dir(self.directory.path())
    }

    pub(crate) fn bundles(&self) -> Vec<String> {
        let names = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.retain(|name| name.contains("sigstore.json") || name.starts_with(".attest-"));
        names.sort();
        names
    }

    pub(crate) fn verify(&self, bundle: &str, artifact: &str) -> Result<(), Rejection> {
        let root = TrustRoot::parse(&fs::read(self.path("trusted_root.json")).unwrap()).unwrap();
        let json = fs::read(self.path(bundle)).unwrap();
        let bundle = Bundle::parse(&json).unwrap();
        let expectation = Expectation::certificate(
            CertificateIdentity::parse(SIGNER)?,
            OidcIssuer::parse(self.server.url())?,
        );
        let moment = VerificationTime::at(Timestamp::now() + SignedDuration::from_secs(5));
        let verified = Verifier::new(&root, moment).verify_bundle(&bundle, &expectation)?;
        verified.artifact(&measured(&self.path(artifact))).map(drop)
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }
}

fn measured(path: &Path) -> Artifact {
    let bytes = fs::read(path).unwrap();
    let measured = Measured::of_bytes(&bytes, &Algorithms::one(Algorithm::Sha256));
    Artifact::measured(path.file_name().unwrap().to_str().unwrap(), &measured)
}

#[test]
fn several_files_get_a_bundle_each_with_one_certificate() {
    let bench = Bench::new();
    let finished = bench.sign(&["a.tar.gz", "b.zip"]).expect_code(0);
    let lines = "signed a.tar.gz: a.tar.gz.sigstore.json\nsigned b.zip: b.zip.sigstore.json\n";
    assert_eq!(finished.stdout_text(), lines);
    let talk = format!("signing as {SIGNER} (vouched for by {})\n", bench.server.url());
    assert_eq!(finished.stderr_text(), talk);
    bench.verify("a.tar.gz.sigstore.json", "a.tar.gz").unwrap();
    bench.verify("b.zip.sigstore.json", "b.zip").unwrap();
    assert!(bench.verify("a.tar.gz.sigstore.json", "b.zip").is_err());
    let certificate = |name| bench.json(name)["verificationMaterial"]["certificate"].clone();
    assert_eq!(
        certificate("a.tar.gz.sigstore.json"),
        certificate("b.zip.sigstore.json")
    );
}

#[test]
fn both_versions_of_the_log_are_spoken() {
    let bench = Bench::new();
    for (version, kind) in [("1", "0.0.1"), ("2", "0.0.2")] {
        bench.sign(&["a.tar.gz", "--rekor-version", version]).expect_code(0);
        let entry = bench.json("a.tar.gz.sigstore.json")["verificationMaterial"]["tlogEntries"][0].clone();
        assert_eq!(entry["kindVersion"]["version"], kind);
        assert_eq!(entry.get("integratedTime").is_some(), version == "1");
        bench.verify("a.tar.gz.sigstore.json", "a.tar.gz").unwrap();
    }
}

#[test]
fn one_statement_covers_all_files() {
    let bench = Bench::new();
    bench.write(
        "predicate.json",
        r#"{"buildDefinition":{"buildType":"https://example.com/t"}}"#,
    );
    for version in ["1", "2"] {
        let predicate = [
            "--predicate",
            "predicate.json",
            "--type",
            "slsaprovenance1",
            "--rekor-version",
            version,
        ];
        let files = ["a.tar.gz", "b.zip", "--bundle", "all.sigstore.json", "--format", "json"];
        let finished = bench.sign(&[&files[..], &predicate[..]].concat()).expect_code(0);
        bench.verify("all.sigstore.json", "a.tar.gz").unwrap();
        bench.verify("all.sigstore.json", "b.zip").unwrap();
        let report: Value = serde_json::from_slice(&finished.stdout).unwrap();
        assert_eq!(report["schema"], "https://attest.dev/schema/sign/v1");
        assert_eq!(report["signer"]["identity"], SIGNER);
        assert_eq!(report["bundles"][0]["kind"], "statement");
        assert_eq!(report["bundles"][0]["artifacts"][1]["name"], "b.zip");
    }
    assert_eq!(bench.bundles(), ["all.sigstore.json"]);
}

#[test]
fn several_files_with_one_bundle_are_one_statement_that_they_were_signed() {
    let bench = Bench::new();
    let finished = bench
        .sign(&["a.tar.gz", "b.zip", "--bundle", "all.json"])
        .expect_code(0);
    assert_eq!(finished.stdout_text(), "signed a.tar.gz, b.zip: all.json\n");
    bench.verify("all.json", "a.tar.gz").unwrap();
    bench.verify("all.json", "b.zip").unwrap();
    let bundle = Bundle::parse(&fs::read(bench.path("all.json")).unwrap()).unwrap();
    let payload = bundle
        .peek_unverified()
        .envelope()
        .unwrap()
        .payload()
        .as_bytes()
        .to_vec();
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(statement["predicateType"], "https://sigstore.dev/cosign/sign/v1");
    assert_eq!(statement["predicate"], serde_json::json!({}));
}

#[test]
fn a_finished_statement_is_signed_byte_for_byte_if_it_speaks_of_the_file() {
    let bench = Bench::new();
    let digest = "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e";
    let statement = format!(
        "{{ \"_type\": \"https://in-toto.io/Statement/v1\",\n \"subject\": [{{\"name\":\"x\",\"digest\":{{\"sha256\":\"{digest}\"}}}}],\
         \"predicateType\":\"https://example.com/p\",\"predicate\":{{}} }}\n"
    );
    bench.write("statement.json", &statement);
    bench
        .sign(&["a.tar.gz", "--statement", "statement.json"])
        .expect_code(0);
    let json = fs::read(bench.path("a.tar.gz.sigstore.json")).unwrap();
    let bundle = Bundle::parse(&json).unwrap();
    let envelope = bundle.peek_unverified().envelope().unwrap();
    assert_eq!(envelope.payload().as_bytes(), statement.as_bytes());
    let finished = bench.sign(&["b.zip", "--statement", "statement.json"]).expect_code(2);
    assert!(finished.stderr_text().starts_with("error[not-a-subject]"));
}

#[test]
fn a_bundle_is_one_line_with_nothing_in_it_that_nobody_needs() {
    let bench = Bench::new();
    bench.sign(&["a.tar.gz"]).expect_code(0);
    let json = fs::read_to_string(bench.path("a.tar.gz.sigstore.json")).unwrap();
    assert_eq!(bench.json("a.tar.gz.sigstore.json").to_string(), json);
    for needless in ["hint", "keyid", "integratedTime", "inclusionPromise", "null"] {
        assert!(!json.contains(needless), "{needless}");
    }
}

#[test]
fn the_token_of_a_job_is_fetched_from_its_platform() {
    let bench = Bench::new();
    let sigstore = bench.server.sigstore();
    let finished = bench
        .attest()
        .args([
            "sign",
            "a.tar.gz",
            "--signing-config",
            "signing_config.json",
            "--trusted-root",
            "trusted_root.json",
        ])
        .env(
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            format!("{}/gha?x=1", bench.server.url()),
        )
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", sigstore.ambient_request_token())
        .run()
        .expect_code(0);
    assert_eq!(finished.stdout_text(), "signed a.tar.gz: a.tar.gz.sigstore.json\n");
}

#[test]
fn services_that_die_after_the_certificate_leave_nothing_behind() {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    // Takes every connection and hangs up without a word.
    std::thread::spawn(move || listener.incoming().for_each(drop));
    for service in ["tsaUrls", "rekorTlogUrls"] {
        let mut config = bench.json("signing_config.json");
        for listed in config[service].as_array_mut().unwrap() {
            listed["url"] = dead.clone().into();
        }
        bench.write("half.json", config.to_string());
        let finished = bench
            .attest()
            .args([
                "sign",
                "a.tar.gz",
                "b.zip",
                "--signing-config",
                "half.json",
                "--trusted-root",
                "trusted_root.json",
            ])
            .args(["--identity-token", "token", "--retry-for", "1"])
            .run()
            .expect_code(3);
        assert_eq!(finished.stdout_text(), "");
        assert!(
            finished.stderr_text().contains("error[service-unreachable]"),
            "{}",
            finished.stderr_text()
        );
        assert!(
            finished.stderr_text().contains("(tried 2 times)"),
            "{}",
            finished.stderr_text()
        );
        assert_eq!(bench.bundles(), [""; 0]);
    }
}

#[test]
fn a_trust_root_of_another_instance_rejects_the_new_bundle_and_nothing_is_written() {
    let (bench, other) = (Bench::new(), Bench::other_root());
    bench.write("trusted_root.json", other);
    let finished = bench.sign(&["a.tar.gz"]).expect_code(1);
    assert!(
        finished.stderr_text().contains("error[new-bundle-rejected]"),
        "{}",
        finished.stderr_text()
    );
    assert_eq!(bench.bundles(), [""; 0]);
}

impl Bench {
    pub(crate) fn other_root() -> String {
        let clock: Arc<dyn Clock> = Arc::new(WallClock);
        let sigstore = Sigstore::new(Config {
            keys: Keys::from_seed([8; 32], clock.now() - SignedDuration::from_hours(1)),
            clock,
            user: Claims::email(SIGNER),
            issuers: Vec::new(),
        });
        sigstore.unwrap().trusted_root_json().unwrap()
    }
}

#[test]
fn tokens_for_others_and_expired_ones_are_told_apart() {
    let bench = Bench::new();
    let sigstore = bench.server.sigstore();
    let token = |claims: Claims| bench.write("token", sigstore.mint(&claims).unwrap());
    token(Claims::email(SIGNER).with("aud", "pypi"));
    let finished = bench.sign(&["a.tar.gz"]).expect_code(2);
    let expected =
        "error[identity-token-audience]: expected an identity token for the audience `sigstore`, found one for `pypi`";
    assert!(
        finished.stderr_text().starts_with(expected),
        "{}",
        finished.stderr_text()
    );
    token(Claims::email(SIGNER).with("exp", 1_000_000_000));
    let finished = bench.sign(&["a.tar.gz"]).expect_code(2);
    assert!(
        finished.stderr_text().starts_with("error[identity-token-expired]"),
        "{}",
        finished.stderr_text()
    );
    assert_eq!(bench.bundles(), [""; 0]);
}

#[test]
fn a_token_that_the_authority_refuses_is_reported_with_its_words() {
    let bench = Bench::new();
    let foreign = bench
        .server
        .sigstore()
        .mint(&Claims::email(SIGNER).with("iss", "https://issuer.example.com"));
    bench.write("token", foreign.unwrap());
    let finished = bench.sign(&["a.tar.gz"]).expect_code(3);
    let text = finished.stderr_text();
    assert!(
        text.starts_with("error[service-refused]: Fulcio at http://localhost:"),
        "{text}"
    );
    assert!(text.contains("issuer"), "{text}");
}

#[test]
fn wrong_usage_is_said_before_anything_is_sent() {
    let bench = Bench::new();
    bench.write("text", "no JSON");
    let cases: [(&[&str], i32, &str); 7] = [
        (&["a.tar.gz", "b.zip", "--predicate", "text"], 2, "bundle-missing"),
        (
            &["a.tar.gz", "--predicate", "text", "--type", "cyclonedx"],
            2,
            "predicate-invalid",
        ),
        (
            &["a.tar.gz", "--predicate", "text", "--type", "sbom"],
            2,
            "predicate-type-unknown",
        ),
        (&["a.tar.gz", "--statement", "text"], 2, "statement-invalid"),
        (&["a.tar.gz", "--bundle", "a.tar.gz"], 2, "bundle-place-taken"),
        (&["a.tar.gz", "a.tar.gz"], 2, "bundle-place-taken"),
        (&["a.tar.gz", "missing"], 3, "cannot-open"),
    ];
    for (arguments, code, name) in cases {
        let finished = bench.sign(arguments).expect_code(code);
        assert!(
            finished.stderr_text().starts_with(&format!("error[{name}]")),
            "{}",
            finished.stderr_text()
        );
        assert_eq!(finished.stdout_text(), "");
    }
    assert_eq!(bench.bundles(), [""; 0]);
    let alone = bench
        .attest()
        .args(["sign", "a.tar.gz", "--signing-config", "signing_config.json"])
        .run()
        .expect_code(2);
    assert!(alone.stderr_text().starts_with("error[trusted-root-missing]"));
    let nobody = bench.attest().args(["sign", "a.tar.gz"]).run().expect_code(2);
    assert!(nobody.stderr_text().starts_with("error[identity-missing]"));
}

#[test]
fn a_statement_that_is_signed_again_replaces_its_bundle_whole() {
    let bench = Bench::new();
    bench.write("note", "reviewed");
    let arguments = ["a.tar.gz", "--predicate", "note"];
    bench.sign(&arguments).expect_code(0);
    let first = fs::read(bench.path("a.tar.gz.sigstore.json")).unwrap();
    bench.sign(&arguments).expect_code(0);
    assert_ne!(fs::read(bench.path("a.tar.gz.sigstore.json")).unwrap(), first);
    bench.verify("a.tar.gz.sigstore.json", "a.tar.gz").unwrap();
    assert_eq!(bench.bundles(), ["a.tar.gz.sigstore.json"]);
}
