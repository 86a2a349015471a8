//! Checksum lists that are signed with a bundle of Sigstore.

use std::fs;

use attest_testkit::{KeySigner, World};
use attestation::Payload;
use serde_json::{Value, json};

use crate::command::{Command, Finished};

struct Release {
    directory: tempfile::TempDir,
    world: World,
}

impl Release {
    /// Two files, and no list yet.
    fn new() -> Self {
        let release = Self {
            directory: tempfile::tempdir().unwrap(),
            world: World::new(1).unwrap(),
        };
        release.write("one.bin", "one\n");
        release.write("two.bin", "two\n");
        release.write("root.json", release.world.trusted_root().unwrap());
        release.write("key.pub", KeySigner::new(&release.world, 7).public_key_pem());
        release
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The lines that this program writes for both files.
    fn lines(&self, algorithm: &str) -> String {
        let finished = Command::attest()
            .args(["hash", "--algorithm", algorithm, "one.bin", "two.bin"])
            .current_dir(self.directory.path())
            .run()
            .expect_code(0);
        finished.stdout_text().to_owned()
    }

    /// Writes a file with a bundle beside it.
    fn sign(&self, name: &str, bytes: &str) {
        let bundle = KeySigner::new(&self.world, 7).sign_artifact(bytes.as_bytes()).unwrap();
        self.write(name, bytes);
        self.write(&format!("{name}.sigstore.json"), bundle.to_string());
    }

    fn verify(&self, arguments: &[&str]) -> Finished {
        Command::attest()
            .args([
                "verify",
                "--trusted-root",
                "root.json",
                "--key",
                "key.pub",
                "--format",
                "json",
            ])
            .args(arguments)
            .current_dir(self.directory.path())
            .run()
    }

    /// The verdict on each artifact, and the code of what is wrong with it.
    fn verdicts(&self, code: i32, arguments: &[&str]) -> Vec<String> {
        let finished = self.verify(arguments).expect_code(code);
        let report: Value = serde_json::from_str(finished.stdout_text()).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let artifacts = report["artifacts"].as_array().unwrap().iter();
        artifacts
            .map(|artifact| {
                let words = [
                    text(&artifact["artifact"]),
                    text(&artifact["verdict"]),
                    text(&artifact["checksumList"]),
                    text(&artifact["problems"][0]["code"]),
                ];
                words.join(" ")
            })
            .collect()
    }
}

#[test]
fn a_list_in_a_bundle_vouches_for_its_files_whatever_their_digest() {
    for (name, algorithm) in [("SHA256SUMS", "sha256"), ("SHA512SUMS", "sha512"), ("B3SUMS", "blake3")] {
        let release = Release::new();
        release.sign(name, &release.lines(algorithm));
        let expected = [
            format!("{name} accepted - -"),
            format!("one.bin accepted {name} -"),
            format!("two.bin accepted {name} -"),
        ];
        assert_eq!(release.verdicts(0, &[name]), expected);
        release.write("two.bin", "other\n");
        let found = release.verdicts(1, &[name]);
        assert_eq!(found[2], format!("two.bin rejected {name} checksum-mismatch"));
    }
}

#[test]
fn a_list_and_the_evidence_of_a_file_must_not_contradict_each_other() {
    let release = Release::new();
    release.sign("SHA256SUMS", &release.lines("sha256"));
    release.sign("one.bin", "another one\n");
    assert_eq!(
        release.verdicts(1, &["one.bin", "two.bin", "SHA256SUMS"]),
        [
            "one.bin rejected - checksum-mismatch",
            "two.bin accepted SHA256SUMS -",
            "SHA256SUMS accepted - -"
        ]
    );
}

#[test]
fn a_file_is_found_in_a_list_by_its_path_or_its_name() {
    let release = Release::new();
    release.sign("SHA256SUMS", &release.lines("sha256").replace("one.bin", "./one.bin"));
    release.write("elsewhere/two.bin", "two\n");
    assert_eq!(
        release.verdicts(0, &["one.bin", "elsewhere/two.bin", "SHA256SUMS"]),
        [
            "one.bin accepted SHA256SUMS -",
            "elsewhere/two.bin accepted SHA256SUMS -",
            "SHA256SUMS accepted - -"
        ]
    );
}

#[test]
fn a_signed_list_that_is_none_is_rejected() {
    let release = Release::new();
    let lines = release.lines("sha256");
    let cases = [
        (format!("{lines}and more\n"), "checksum-list-malformed"),
        ("# nothing\n".to_owned(), "checksum-list-malformed"),
        (lines.replace("one.bin", "../one.bin"), "checksum-outside"),
        (lines.replace("one.bin", "/etc/passwd"), "checksum-outside"),
    ];
    for (list, code) in cases {
        release.sign("SHA256SUMS", &list);
        let expected = [format!("SHA256SUMS rejected - {code}")];
        assert_eq!(release.verdicts(1, &["SHA256SUMS"]), expected, "{list}");
    }
}

#[test]
fn a_statement_about_a_list_says_nothing_of_its_files() {
    let release = Release::new();
    release.write("SHA256SUMS", release.lines("sha256"));
    let listing = Command::attest()
        .args(["hash", "SHA256SUMS"])
        .current_dir(release.directory.path())
        .run()
        .expect_code(0);
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "SHA256SUMS", "digest": { "sha256": &listing.stdout_text()[..64] } }],
        "predicateType": "https://example.com/note/v1",
        "predicate": {},
    });
    let payload = Payload::in_toto(statement.to_string().into_bytes());
    let bundle = KeySigner::new(&release.world, 7).sign_statement(&payload).unwrap();
    release.write("SHA256SUMS.sigstore.json", bundle.to_string());
    assert_eq!(release.verdicts(0, &["SHA256SUMS"]), ["SHA256SUMS accepted - -"]);
    let found = release.verdicts(1, &["SHA256SUMS", "one.bin"]);
    assert!(found[1].starts_with("one.bin rejected - "), "{found:?}");
}

#[test]
fn a_list_whose_bundle_is_for_other_bytes_vouches_for_nothing() {
    let release = Release::new();
    let lines = release.lines("sha256");
    release.sign("SHA256SUMS", &lines);
    release.write("SHA256SUMS", lines.replace("one.bin", "three.bin"));
    assert_eq!(
        release.verdicts(1, &["SHA256SUMS"]),
        ["SHA256SUMS rejected - digest-mismatch"]
    );
}
