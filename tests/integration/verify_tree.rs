use std::fs;
use std::path::PathBuf;

use attest_testkit::{KeySigner, World};
use attestation::Payload;
use serde_json::{Value, json};

use crate::command::{Command, Finished};

/// A directory with its signature in it, by a key of one's own, in no log.
pub(crate) struct Model {
    pub(crate) directory: tempfile::TempDir,
}

impl Model {
    pub(crate) fn new() -> Self {
        Self::signed(&[])
    }

    pub(crate) fn signed(options: &[&str]) -> Self {
        let model = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        for name in ["weights", "config.json", "sub/vocabulary", "sub-1/notes"] {
            model.write(name, &format!("the bytes of {name}"));
        }
        model.write("empty", "");
        let generate = [
            "key",
            "generate",
            "--without-password",
            "--output-key-prefix",
            "release",
        ];
        model.attest().args(generate).run().expect_code(0);
        let sign = [
            "sign",
            "--manifest",
            "model",
            "--key",
            "release.key",
            "--no-log",
            "--no-timestamp",
        ];
        model.attest().args(sign).args(options).run().expect_code(0);
        model
    }

    pub(crate) fn attest(&self) -> Command {
        Command::attest().current_dir(self.directory.path())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("model").join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn verify(&self, options: &[&str]) -> Finished {
        let verify = ["verify", "model", "--key", "release.pub", "--insecure-ignore-tlog"];
        self.attest().args(verify).args(options).run()
    }

    /// The codes and messages of what is wrong, and the document.
    pub(crate) fn rejected(&self, options: &[&str]) -> (Vec<(String, String)>, Value) {
        let finished = self.verify(&[&["--format", "json"], options].concat()).expect_code(1);
        let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
        let problems = document["artifacts"][0]["problems"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let problems = problems.map(|problem| (text(&problem["code"]), text(&problem["message"])));
        (problems.collect(), document)
    }

    pub(crate) fn codes(&self) -> Vec<String> {
        self.rejected(&[]).0.into_iter().map(|(code, _)| code).collect()
    }
}

#[test]
fn a_directory_as_it_was_signed_is_accepted() {
    let model = Model::new();
    let finished = model.verify(&[]).expect_code(0);
    let text = finished.stdout_text().to_owned();
    assert!(text.starts_with("ok       model  sha256:"), "{text}");
    assert!(text.contains("5 files as they were signed\n"), "{text}");
    assert!(text.contains("checked       signature, key, tree\n"), "{text}");
    let json = model.verify(&["--format", "json"]).expect_code(0);
    let document: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(document["artifacts"][0]["tree"]["files"], 5);
    assert_eq!(
        document["artifacts"][0]["tree"]["extra"],
        json!({ "count": 0, "names": [] })
    );
    assert_eq!(
        document["bundles"][0]["statement"]["predicateType"],
        "https://model_signing/signature/v1.0"
    );
    assert_eq!(
        document["bundles"][0]["notChecked"],
        json!(["transparency-log", "signed-time"])
    );
}

#[test]
fn ranges_and_files_as_subjects_are_accepted_and_held_against_the_files() {
    for options in [&["--shard-size", "7"][..], &["--subjects", "files"]] {
        let model = Model::signed(options);
        model.verify(&[]).expect_code(0);
        model.write("weights", "The bytes of weights");
        assert_eq!(model.codes(), ["tree-changed-file"], "{options:?}");
        model.write("weights", "the bytes of weight");
        assert_eq!(model.codes(), ["tree-changed-file"], "{options:?}");
    }
}

#[test]
fn every_changed_missing_and_extra_file_is_named() {
    let model = Model::new();
    model.write("weights", "other bytes");
    fs::remove_file(model.path("config.json")).unwrap();
    model.write("sub/extra", "");
    let (problems, document) = model.rejected(&[]);
    let expected = [
        (
            "tree-changed-file",
            "expected the signed bytes of `weights`, found others",
        ),
        (
            "tree-missing-file",
            "expected the signed file `config.json`, found none",
        ),
        (
            "tree-extra-file",
            "expected only files that were signed, found `sub/extra`",
        ),
    ];
    assert_eq!(
        problems,
        expected.map(|(code, message)| (code.to_owned(), message.to_owned()))
    );
    let tree = &document["artifacts"][0]["tree"];
    assert_eq!(tree["changed"], json!({ "count": 1, "names": ["weights"] }));
    assert_eq!(tree["files"], 3);
    assert_eq!(document["bundles"][0]["verdict"], "accepted");
    let text = model.verify(&[]).expect_code(1).stdout_text().to_owned();
    assert!(
        text.contains("3 files as they were signed; 1 changed; 1 missing; 1 extra\n"),
        "{text}"
    );
    for form in ["junit", "sarif"] {
        let report = model
            .verify(&["--format", form])
            .expect_code(1)
            .stdout_text()
            .to_owned();
        for (code, name) in expected
            .map(|(code, _)| code)
            .iter()
            .zip(["weights", "config.json", "sub/extra"])
        {
            assert!(report.contains(code) && report.contains(name), "{form}: {report}");
        }
    }
}

#[test]
fn a_renamed_file_is_missing_and_extra_and_swapped_files_are_changed() {
    let model = Model::new();
    fs::rename(model.path("weights"), model.path("Weights")).unwrap();
    assert_eq!(model.codes(), ["tree-missing-file", "tree-extra-file"]);
    fs::rename(model.path("Weights"), model.path("weights")).unwrap();
    model.verify(&[]).expect_code(0);
    fs::rename(model.path("weights"), model.path("kept")).unwrap();
    fs::rename(model.path("config.json"), model.path("weights")).unwrap();
    fs::rename(model.path("kept"), model.path("config.json")).unwrap();
    assert_eq!(model.codes(), ["tree-changed-file", "tree-changed-file"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_no_file_unless_the_manifest_says_so_and_never_leads_out_unasked() {
    let model = Model::new();
    fs::rename(model.path("weights"), model.directory.path().join("outside")).unwrap();
    std::os::unix::fs::symlink("../outside", model.path("weights")).unwrap();
    assert_eq!(model.codes(), ["tree-changed-file"]);
    let links = Model::new();
    std::os::unix::fs::symlink("weights", links.path("link")).unwrap();
    assert_eq!(links.codes(), ["tree-extra-file"]);
    let sign = [
        "sign",
        "--manifest",
        "model",
        "--key",
        "release.key",
        "--no-log",
        "--no-timestamp",
        "--allow-symlinks",
    ];
    links.attest().args(sign).run().expect_code(0);
    links.verify(&[]).expect_code(0);
    fs::rename(links.path("weights"), links.directory.path().join("outside")).unwrap();
    std::os::unix::fs::symlink("../outside", links.path("weights")).unwrap();
    let (problems, document) = links.rejected(&[]);
    let message = |name: &str| {
        let what = "expected a regular file, found a symbolic link that leads out of the directory";
        let message = format!("`{name}` is not the file that was signed: {what}");
        ("tree-symbolic-link-outside".to_owned(), message)
    };
    assert_eq!(problems, [message("link"), message("weights")]);
    assert_eq!(document["artifacts"][0]["tree"]["changed"]["count"], 2);
    links.verify(&["--insecure-follow-links-outside"]).expect_code(0);
}

#[test]
fn what_was_not_looked_at_is_said() {
    let model = Model::new();
    model.write(".git/config", "whatever");
    let text = model.verify(&[]).expect_code(0).stdout_text().to_owned();
    assert!(
        text.contains("5 files as they were signed; NOT looked at: .git\n"),
        "{text}"
    );
    assert!(
        text.contains("NOT checked   transparency-log, signed-time, left-out-paths\n"),
        "{text}"
    );
    model.write("sub/.git/config", "whatever");
    assert_eq!(model.codes(), ["tree-extra-file"]);
    let text = model
        .verify(&["--insecure-ignore-unsigned-files"])
        .expect_code(0)
        .stdout_text()
        .to_owned();
    assert!(text.contains("1 NOT signed and let pass"), "{text}");
    assert!(text.contains("unsigned-files"), "{text}");
    model.write("weights", "other bytes");
    let (problems, _) = model.rejected(&["--insecure-ignore-unsigned-files"]);
    assert_eq!(problems[0].0, "tree-changed-file");
}

#[test]
fn an_empty_file_that_ranges_cannot_list_is_said() {
    let model = Model::signed(&["--shard-size", "1000"]);
    let text = model.verify(&[]).expect_code(0).stdout_text().to_owned();
    assert!(
        text.contains("4 files as they were signed; 1 empty and NOT listed\n"),
        "{text}"
    );
    model.write("weights", "");
    assert_eq!(model.codes(), ["tree-changed-file"]);
}

#[test]
fn a_signature_is_found_beside_the_directory_and_by_its_name() {
    let model = Model::signed(&["--bundle", "model.sigstore.json"]);
    assert!(!model.path("model.sig").exists());
    model.verify(&[]).expect_code(0);
    let moved = model.directory.path().join("elsewhere.json");
    fs::rename(model.directory.path().join("model.sigstore.json"), moved).unwrap();
    model.verify(&["--bundle", "elsewhere.json"]).expect_code(0);
    // Without it, every file needs evidence of its own.
    model.verify(&[]).expect_code(1);
    let two = [
        "verify",
        "model",
        ".",
        "--bundle",
        "elsewhere.json",
        "--key",
        "release.pub",
    ];
    let finished = model.attest().args(two).run().expect_code(2);
    assert!(finished.stderr_text().contains("error[tree-ambiguous]"));
}

#[test]
fn another_key_and_changed_bytes_of_the_manifest_are_rejected() {
    let model = Model::new();
    let generate = ["key", "generate", "--without-password", "--output-key-prefix", "other"];
    model.attest().args(generate).run().expect_code(0);
    let verify = ["verify", "model", "--key", "other.pub", "--insecure-ignore-tlog"];
    model.attest().args(verify).run().expect_code(1);
    let text = fs::read_to_string(model.path("model.sig")).unwrap();
    let mut bundle: Value = serde_json::from_str(&text).unwrap();
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap().to_owned();
    // The first characters are those of `{"_type"`; another in the middle is another manifest.
    let middle = payload.len() / 2;
    let other = if &payload[middle..=middle] == "A" { "B" } else { "A" };
    bundle["dsseEnvelope"]["payload"] = format!("{}{other}{}", &payload[..middle], &payload[middle + 1..]).into();
    fs::write(model.path("model.sig"), bundle.to_string()).unwrap();
    let (problems, _) = model.rejected(&["--bundle", "model/model.sig"]);
    assert_ne!(problems.len(), 0);
}

#[test]
fn a_file_of_the_tree_is_no_place_for_its_signature() {
    let model = Model::new();
    let sign = [
        "sign",
        "--manifest",
        "model",
        "--key",
        "release.key",
        "--no-log",
        "--no-timestamp",
    ];
    let taken = model
        .attest()
        .args(sign)
        .args(["--bundle", "model/weights"])
        .run()
        .expect_code(2);
    assert!(
        taken.stderr_text().contains("error[bundle-place-taken]"),
        "{}",
        taken.stderr_text()
    );
    assert_eq!(
        fs::read_to_string(model.path("weights")).unwrap(),
        "the bytes of weights"
    );
    // A signature may be renewed.
    model.attest().args(sign).run().expect_code(0);
    model.verify(&[]).expect_code(0);
}

#[test]
fn parts_of_many_machines_are_signed_as_one_manifest() {
    let model = Model::new();
    for index in ["0", "1"] {
        let (shard, name) = (format!("{index}/2"), format!("part-{index}"));
        let part = ["hash", "--manifest", "model", "--shard", &shard, "-o", &name];
        model.attest().args(part).run().expect_code(0);
    }
    let merge = ["hash", "merge", "part-0", "part-1", "-o", "manifest.json"];
    model.attest().args(merge).run().expect_code(0);
    let sign = [
        "sign",
        "--statement",
        "manifest.json",
        "--bundle",
        "model/model.sig",
        "--key",
        "release.key",
    ];
    model
        .attest()
        .args(sign)
        .args(["--no-log", "--no-timestamp"])
        .run()
        .expect_code(0);
    model.verify(&[]).expect_code(0);
}

/// A statement that the program itself would not sign, signed all the same.
fn signed_statement(change: impl FnOnce(&mut Value)) -> Model {
    let model = Model::new();
    let hash = model
        .attest()
        .args(["hash", "--manifest", "model"])
        .run()
        .expect_code(0);
    let mut statement: Value = serde_json::from_slice(&hash.stdout).unwrap();
    change(&mut statement);
    let world = World::new(1).unwrap();
    let signer = KeySigner::new(&world, 7);
    let bundle = signer
        .sign_statement(&Payload::in_toto(statement.to_string().into_bytes()))
        .unwrap();
    fs::write(model.path("model.sig"), bundle.to_string()).unwrap();
    fs::write(model.directory.path().join("release.pub"), signer.public_key_pem()).unwrap();
    fs::write(model.directory.path().join("root.json"), world.trusted_root().unwrap()).unwrap();
    model
}

#[test]
fn a_signed_manifest_that_contradicts_itself_or_leads_out_is_rejected() {
    let root = ["--trusted-root", "root.json"];
    signed_statement(|_| ()).verify(&root).expect_code(0);
    let resource = |statement: &mut Value, name: &str| {
        statement["predicate"]["resources"][0]["name"] = name.into();
    };
    for (code, model) in [
        (
            "tree-manifest-invalid",
            signed_statement(|statement| resource(statement, "../release.key")),
        ),
        (
            "tree-manifest-invalid",
            signed_statement(|statement| resource(statement, "/etc/passwd")),
        ),
        (
            "tree-manifest-invalid",
            signed_statement(|statement| resource(statement, "weights")),
        ),
        (
            "tree-root-mismatch",
            signed_statement(|statement| {
                statement["subject"][0]["digest"]["sha256"] = "0a".repeat(32).into();
            }),
        ),
        (
            "tree-manifest-invalid",
            signed_statement(|statement| statement["predicate"]["resources"] = json!([])),
        ),
        (
            "tree-manifest-unsupported",
            signed_statement(|statement| statement["predicate"]["serialization"]["hash_type"] = "blake2b".into()),
        ),
    ] {
        let (problems, _) = model.rejected(&root);
        assert_eq!(problems[0].0, code, "{problems:?}");
    }
}

#[test]
fn a_name_with_control_characters_does_not_forge_a_line() {
    let model = signed_statement(|statement| {
        statement["predicate"]["resources"][0]["name"] = "x\nok       model".into();
    });
    let text = model
        .verify(&["--trusted-root", "root.json"])
        .expect_code(1)
        .stdout_text()
        .to_owned();
    assert!(!text.contains("\nok "), "{text}");
    assert!(text.contains("`x\\nok       model`"), "{text}");
}

#[test]
fn inspect_counts_the_files_and_shows_the_first() {
    let model = Model::new();
    let text = model
        .attest()
        .args(["inspect", "model/model.sig"])
        .run()
        .expect_code(0)
        .stdout_text()
        .to_owned();
    assert!(text.contains("UNVERIFIED"), "{text}");
    assert!(text.contains("config.json"), "{text}");
}
