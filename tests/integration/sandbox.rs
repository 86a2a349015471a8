use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::Command;

fn document(stdout: &str) -> Value {
    serde_json::from_str(stdout).expect("one JSON document")
}

#[test]
fn the_files_and_the_document_agree() {
    let directory = tempfile::tempdir().unwrap();
    let trust = directory.path().join("trust");
    let finished = Command::attest()
        .args([
            "sandbox",
            "--print",
            "json",
            "--duration",
            "0",
            "--user",
            "signer@example.com",
            "--write-trust",
        ])
        .arg(&trust)
        .run()
        .expect_code(0);
    let document = document(finished.stdout_text());
    assert_eq!(document["schema"], "https://attest.dev/schema/sandbox/v1");
    assert_eq!(document["identity"], "signer@example.com");
    let url = document["url"].as_str().unwrap();
    assert!(url.starts_with("http://localhost:"), "{url}");
    assert_eq!(url, format!("http://{}", document["registry"].as_str().unwrap()));
    let files = document["files"].as_object().unwrap();
    assert_eq!(fs::read_dir(&trust).unwrap().count(), files.len());
    for path in files.values() {
        assert!(fs::metadata(path.as_str().unwrap()).unwrap().len() > 0, "{path}");
    }
    let config = fs::read_to_string(trust.join("signing_config.json")).unwrap();
    assert!(config.contains(&format!("{url}/api/v1/timestamp")));
}

#[test]
fn without_a_place_the_files_go_with_the_sandbox() {
    let finished = Command::attest()
        .args(["sandbox", "--print", "json", "--duration", "0"])
        .run()
        .expect_code(0);
    let root = document(finished.stdout_text())["files"]["trusted_root"].clone();
    assert!(!fs::exists(root.as_str().unwrap()).unwrap(), "{root}");
}

#[cfg(unix)]
#[test]
fn the_printed_lines_are_for_a_shell() {
    let directory = tempfile::tempdir().unwrap();
    let trust = directory.path().join("it's here; $(true)");
    let script = "\"$0\" sandbox --duration 0 --write-trust \"$1\" >\"$1.env\" && . \"$1.env\" \
                  && printf '%s\\n' \"$ATTEST_SANDBOX_DIR\" && test -n \"$SIGSTORE_ID_TOKEN\"";
    let finished = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_attest")])
        .arg(&trust)
        .run()
        .expect_code(0);
    assert_eq!(finished.stdout_text().trim_end(), trust.to_str().unwrap());
}

#[cfg(unix)]
fn ended_by(signal: &str, arguments: &str) {
    let directory = tempfile::tempdir().unwrap();
    // A shell without job control lets its background children ignore SIGINT; the sandbox listens all the same.
    let script = "\"$0\" sandbox $3 --write-trust \"$1/trust\" >\"$1/env\" & \
                  while ! [ -s \"$1/env\" ]; do sleep 0.05; done; kill -$2 $!; wait $!";
    Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_attest")])
        .arg(directory.path())
        .args([signal, arguments])
        .run()
        .expect_code(0);
}

#[cfg(unix)]
#[test]
fn both_signals_end_it_cleanly() {
    ended_by("INT", "");
    ended_by("TERM", "");
}

#[cfg(unix)]
#[test]
fn a_duration_beyond_every_clock_lasts_until_a_signal() {
    ended_by("TERM", "--duration 18446744073709551615");
}

#[test]
fn kept_keys_give_the_same_trust_root() {
    let directory = tempfile::tempdir().unwrap();
    let start = |name: &str| {
        let trust = directory.path().join(name);
        Command::attest()
            .args(["sandbox", "--duration", "0", "--keys"])
            .arg(directory.path().join("keys"))
            .arg("--write-trust")
            .arg(&trust)
            .run()
            .expect_code(0);
        fs::read(trust.join("trusted_root.json")).unwrap()
    };
    assert_eq!(start("first"), start("second"));
}

#[test]
fn broken_keys_are_wrong_configuration() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("sandbox-keys.json"), "{").unwrap();
    let finished = Command::attest()
        .args(["sandbox", "--duration", "0", "--keys"])
        .arg(directory.path())
        .run()
        .expect_code(2);
    assert_eq!(finished.stdout_text(), "");
    assert!(
        finished
            .stderr_text()
            .starts_with("error[sandbox-keys-invalid]: invalid sandbox keys in `")
    );
}

#[test]
fn a_port_that_is_taken_is_no_decision() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let finished = Command::attest()
        .args(["sandbox", "--duration", "0", "--port", &port])
        .run()
        .expect_code(3);
    assert_eq!(finished.stdout_text(), "");
    assert!(
        finished
            .stderr_text()
            .starts_with("error[sandbox-cannot-listen]: cannot listen at `127.0.0.1:")
    );
}

#[test]
fn an_address_that_would_add_a_line_for_the_shell_is_refused() {
    let finished = Command::attest()
        .args(["sandbox", "--duration", "0", "--user", "a\ntouch x"])
        .run()
        .expect_code(2);
    assert_eq!(finished.stdout_text(), "");
    assert!(
        finished.stderr_text().starts_with("error[sandbox-user-invalid]"),
        "{}",
        finished.stderr_text()
    );
}

#[test]
fn an_address_with_words_for_a_shell_is_quoted() {
    let finished = Command::attest()
        .args(["sandbox", "--duration", "0", "--user", "$(touch x)"])
        .run()
        .expect_code(0);
    let text = finished.stdout_text();
    assert_eq!(text.matches("identity '$(touch x)'").count(), 3, "{text}");
}

#[test]
fn a_registry_that_is_kept_is_there_after_the_sandbox() {
    let directory = tempfile::tempdir().unwrap();
    let kept = directory.path().join("registry");
    let sandbox = || Command::attest().args(["sandbox", "--print", "json", "--duration", "0", "--registry"]);
    sandbox().arg(&kept).run().expect_code(0);
    assert!(kept.join("uploads").is_dir());
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = sandbox().arg(&file).run().expect_code(3);
    assert!(refused.stderr_text().contains("error[sandbox-registry-unusable]"));
}

/// A sandbox that has a directory as its registry, until it is dropped.
pub(crate) struct Held(Child);

impl Held {
    pub(crate) fn start(registry: &Path) -> Self {
        let sandbox = Command::attest().args(["sandbox", "--duration", "60", "--registry"]);
        let held = Self(sandbox.arg(registry).spawn());
        let begin = Instant::now();
        let number = held.process().to_string();
        while fs::read_to_string(registry.join("lock")).ok() != Some(number.clone()) {
            assert!(begin.elapsed() < Duration::from_secs(30), "the sandbox does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        held
    }

    pub(crate) fn process(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.kill().expect("the sandbox can be ended");
        self.0.wait().expect("the sandbox ends");
    }
}

#[test]
fn two_sandboxes_do_not_share_a_registry_and_the_second_is_told_who_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = || Command::attest().args(["sandbox", "--duration", "0", "--registry"]);
    let held = Held::start(directory.path());
    let refused = sandbox().arg(directory.path()).run().expect_code(3);
    assert_eq!(refused.stdout_text(), "");
    let expected = format!(
        "error[sandbox-registry-in-use]: cannot keep a registry there: process {} works in that directory\n",
        held.process()
    );
    assert!(
        refused.stderr_text().starts_with(&expected),
        "{}",
        refused.stderr_text()
    );
    drop(held);
    sandbox().arg(directory.path()).run().expect_code(0);
    assert_eq!(fs::read_to_string(directory.path().join("lock")).unwrap(), "");
}
