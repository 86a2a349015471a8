//! Checksum lists that are signed with a bundle of Sigstore.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::command::{Command, Finished};
use crate::signed_release;

struct Release(signed_release::Release);

impl Release {
    /// Two files, and no list yet.
    fn new() -> Self {
        let release = signed_release::Release::new();
        release.remove("app.bin");
        release.write("one.bin", "one\n");
        release.write("two.bin", "two\n");
        Self(release)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        self.0.write(name, bytes);
    }

    /// The lines that this program writes for both files.
    fn lines(&self, algorithm: &str) -> String {
        self.lines_in(".", algorithm, &["one.bin", "two.bin"])
    }

    fn lines_in(&self, directory: &str, algorithm: &str, names: &[&str]) -> String {
        let finished = Command::attest()
            .args(["hash", "--algorithm", algorithm])
            .args(names)
            .current_dir(self.path(directory))
            .run()
            .expect_code(0);
        finished.stdout_text().to_owned()
    }

    /// Writes a file with a bundle beside it.
    fn sign(&self, name: &str, bytes: &str) {
        let bundle = self.0.signer().sign_artifact(bytes.as_bytes()).unwrap();
        self.write(name, bytes);
        self.write(&format!("{name}.sigstore.json"), bundle.to_string());
    }

    fn verify(&self, arguments: &[&str]) -> Finished {
        self.0
            .verify(&[&["--key", "key.pub", "--format", "json"], arguments].concat())
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
fn a_file_is_found_in_a_list_by_its_path_or_outside_of_its_directory_by_its_name() {
    let release = Release::new();
    let lines = release.lines("sha256").replace("one.bin", "./one.bin");
    release.sign("files/SHA256SUMS", &lines);
    release.write("files/one.bin", "one\n");
    release.write("files/below/two.bin", "two\n");
    assert_eq!(
        release.verdicts(0, &["files/one.bin", "two.bin", "files/SHA256SUMS"]),
        [
            "files/one.bin accepted files/SHA256SUMS -",
            "two.bin accepted files/SHA256SUMS -",
            "files/SHA256SUMS accepted - -"
        ]
    );
    let found = release.verdicts(1, &["files/below/two.bin", "files/SHA256SUMS"]);
    assert!(found[0].starts_with("files/below/two.bin rejected - "), "{found:?}");
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
    let lines = release.lines("sha256");
    release.write("SHA256SUMS", &lines);
    let list = ("SHA256SUMS", lines.as_bytes());
    let payload = signed_release::statement(list, "https://example.com/note/v1", &json!({}));
    let bundle = release.0.signer().sign_statement(&payload).unwrap();
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

/// Two releases, each with a list that knows its own `app`.
fn two_releases() -> Release {
    let release = Release::new();
    for (version, list) in [("1", "SHA256SUMS"), ("2", "checksums.txt")] {
        let directory = format!("releases/{version}");
        release.write(&format!("{directory}/app"), version);
        let lines = release.lines_in(&directory, "sha256", &["app"]);
        release.sign(&format!("{directory}/{list}"), &lines);
    }
    release
}

const BOTH_RELEASES: [&str; 2] = ["releases/1", "releases/2"];

#[test]
fn each_of_two_lists_vouches_for_the_files_of_its_own_directory() {
    assert_eq!(
        two_releases().verdicts(0, &BOTH_RELEASES),
        [
            "releases/1/SHA256SUMS accepted - -",
            "releases/1/app accepted releases/1/SHA256SUMS -",
            "releases/2/app accepted releases/2/checksums.txt -",
            "releases/2/checksums.txt accepted - -",
        ]
    );
}

#[test]
fn a_file_of_one_release_in_the_place_of_another_is_rejected() {
    let release = two_releases();
    release.write("releases/2/app", "1");
    let found = release.verdicts(1, &BOTH_RELEASES);
    assert_eq!(
        found[2],
        "releases/2/app rejected releases/2/checksums.txt checksum-mismatch"
    );
    for list in ["checksums.txt", "checksums.txt.sigstore.json"] {
        fs::remove_file(release.path("releases/2").join(list)).unwrap();
    }
    let found = release.verdicts(1, &BOTH_RELEASES);
    assert!(found[2].starts_with("releases/2/app rejected - "), "{found:?}");
}

#[test]
fn every_list_that_names_a_file_has_to_agree() {
    let release = Release::new();
    let lines = release.lines("sha256");
    release.sign("SHA256SUMS", &lines);
    release.sign("SHA512SUMS", &release.lines("sha512"));
    let call = ["one.bin", "SHA256SUMS", "SHA512SUMS"];
    assert_eq!(release.verdicts(0, &call)[0], "one.bin accepted SHA256SUMS -");
    release.write("one.bin", "newer\n");
    release.sign("SHA512SUMS", &release.lines("sha512"));
    assert_eq!(
        release.verdicts(1, &call)[0],
        "one.bin rejected SHA256SUMS checksum-mismatch"
    );
    release.sign("SHA256SUMS", &release.lines("sha256"));
    release.sign(
        "SHA512SUMS",
        &release
            .lines("sha512")
            .replace("one.bin", "three.bin")
            .replace("two.bin", "one.bin"),
    );
    assert_eq!(
        release.verdicts(1, &call)[0],
        "one.bin rejected SHA512SUMS checksum-mismatch"
    );
}

/// A list of two files of one name.
fn two_platforms() -> Release {
    let release = Release::new();
    release.write("files/linux/app", "for linux");
    release.write("files/windows/app", "for windows");
    let lines = release.lines_in("files", "sha256", &["linux/app", "windows/app"]);
    release.sign("files/SHA256SUMS", &lines);
    release
}

#[test]
fn a_file_is_the_same_however_its_path_is_spelled() {
    let release = two_platforms();
    let absolute = release.path("files/linux/app");
    let spellings = [
        "files/linux/app",
        "./files/./linux/app",
        "files/windows/../linux/app",
        absolute.to_str().unwrap(),
    ];
    for path in spellings {
        let found = release.verdicts(0, &[path, "files/SHA256SUMS"]);
        assert_eq!(found[0], format!("{path} accepted files/SHA256SUMS -"));
    }
    release.write("files/linux/app", "for windows");
    for path in spellings {
        let found = release.verdicts(1, &[path, "files/SHA256SUMS"]);
        assert_eq!(found[0], format!("{path} rejected files/SHA256SUMS checksum-mismatch"));
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_is_held_against_what_is_said_of_its_own_path() {
    use std::os::unix::fs::symlink;
    let release = two_platforms();
    let files = release.path("files");
    symlink("files", release.path("latest")).unwrap();
    let call = ["latest/linux/app", "files/SHA256SUMS"];
    assert_eq!(
        release.verdicts(0, &call)[0],
        "latest/linux/app accepted files/SHA256SUMS -"
    );
    fs::remove_file(files.join("linux/app")).unwrap();
    symlink("../windows/app", files.join("linux/app")).unwrap();
    assert_eq!(
        release.verdicts(1, &call)[0],
        "latest/linux/app rejected files/SHA256SUMS checksum-mismatch"
    );
    symlink("windows/app", files.join("app")).unwrap();
    let found = release.verdicts(1, &["files/app", "files/SHA256SUMS"]);
    assert!(found[0].starts_with("files/app rejected - "), "{found:?}");
}

#[test]
fn a_file_elsewhere_is_found_only_if_one_entry_fits_its_path() {
    let release = two_platforms();
    release.write("elsewhere/windows/app", "for windows");
    release.write("elsewhere/app", "for windows");
    let verdict = |code, path| release.verdicts(code, &[path, "files/SHA256SUMS"]).swap_remove(0);
    assert_eq!(
        verdict(0, "elsewhere/windows/app"),
        "elsewhere/windows/app accepted files/SHA256SUMS -"
    );
    assert!(verdict(1, "elsewhere/app").starts_with("elsewhere/app rejected - "));
    release.sign("elsewhere/SHA512SUMS", &release.lines("sha512"));
    let found = release.verdicts(
        1,
        &["elsewhere/windows/app", "files/SHA256SUMS", "elsewhere/SHA512SUMS"],
    );
    assert!(found[0].starts_with("elsewhere/windows/app rejected - "), "{found:?}");
}

#[test]
fn a_list_of_which_nothing_is_there_verifies_nothing() {
    let release = Release::new();
    release.sign("SHA256SUMS", &release.lines("sha256"));
    let call = ["--ignore-missing", "SHA256SUMS"];
    fs::remove_file(release.path("one.bin")).unwrap();
    assert_eq!(
        release.verdicts(0, &call),
        ["SHA256SUMS accepted - -", "two.bin accepted SHA256SUMS -"]
    );
    fs::remove_file(release.path("two.bin")).unwrap();
    assert_eq!(release.verdicts(1, &call), ["SHA256SUMS rejected - nothing-verified"]);
}

#[test]
fn a_list_that_knows_one_file_by_two_digests_is_rejected() {
    let release = Release::new();
    let lines = release.lines("sha256");
    let twice = format!("{lines}{}", lines.replace(" one.bin", " ./one.bin"));
    release.sign("SHA256SUMS", &twice);
    assert_eq!(release.verdicts(0, &["one.bin", "SHA256SUMS"]).len(), 2);
    let contradictory = format!("{lines}{}", lines.replace("two.bin", "./one.bin"));
    release.sign("SHA256SUMS", &contradictory);
    let found = release.verdicts(1, &["one.bin", "SHA256SUMS"]);
    assert!(found[0].starts_with("one.bin rejected - "), "{found:?}");
    assert_eq!(found[1], "SHA256SUMS rejected - checksum-list-contradictory");
}

#[test]
fn a_signed_file_that_is_named_like_a_list_is_an_artifact_of_its_directory() {
    let release = Release::new();
    let digest = release.lines("sha256")[..64].to_owned();
    release.sign("files/one.bin", "one\n");
    release.sign("files/one.bin.sha256", &digest);
    let expected = ["files/one.bin accepted - -", "files/one.bin.sha256 accepted - -"];
    assert_eq!(release.verdicts(0, &["files"]), expected);
    assert_eq!(
        release.verdicts(0, &["files/one.bin", "files/one.bin.sha256"]),
        expected
    );
    release.write("files/two.bin", "two\n");
    let found = release.verdicts(1, &["files"]);
    assert!(found[2].starts_with("files/two.bin rejected - "), "{found:?}");
    let named = release.verdicts(1, &["files/two.bin", "files/one.bin.sha256"]);
    assert_eq!(named[1], "files/one.bin.sha256 rejected - checksum-list-malformed");
    assert_eq!(
        release.verdicts(1, &["files/one.bin.sha256"]),
        ["files/one.bin.sha256 rejected - checksum-list-malformed"]
    );
}
