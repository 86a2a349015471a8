//! What a directory with a tree manifest is not taken for: links, reports among its files, and several manifests of it.

use std::fs;

use serde_json::{Value, json};

use crate::verify_tree::Model;

/// How the directory is signed by the key of the model.
const SIGN: [&str; 7] = [
    "sign",
    "--manifest",
    "model",
    "--key",
    "release.key",
    "--no-log",
    "--no-timestamp",
];

#[cfg(unix)]
#[test]
fn a_signed_file_with_a_line_break_in_its_name_that_became_a_link_is_changed() {
    for name in ["weights", "new\nline"] {
        let model = Model::new();
        model.write("new\nline", "the bytes");
        model.attest().args(SIGN).run().expect_code(0);
        model.verify(&["--insecure-ignore-unsigned-files"]).expect_code(0);
        fs::rename(model.path(name), model.directory.path().join("outside")).unwrap();
        std::os::unix::fs::symlink("../outside", model.path(name)).unwrap();
        for options in [&[][..], &["--insecure-ignore-unsigned-files"]] {
            let (problems, document) = model.rejected(options);
            assert_eq!(problems[0].0, "tree-changed-file", "{name:?} {options:?}");
            assert_eq!(problems.len(), 1);
            assert_eq!(document["artifacts"][0]["tree"]["unsigned"], 0);
        }
    }
}

/// Signed in it and beside it, each time without a part of it.
fn signed_twice(inside: &[&str], beside: &[&str]) -> Model {
    let model = Model::signed(inside);
    let place = ["--bundle", "model.sigstore.json"];
    model.attest().args(SIGN).args(place).args(beside).run().expect_code(0);
    model
}

#[test]
fn two_manifests_that_hold_have_a_line_each_and_what_one_of_them_vouches_for_is_checked() {
    let without_sub = ["--ignore-path", "sub"];
    for (inside, beside) in [(&[][..], &without_sub[..]), (&without_sub, &[])] {
        let model = signed_twice(inside, beside);
        let json = model.verify(&["--format", "json"]).expect_code(0);
        let document: Value = serde_json::from_slice(&json.stdout).unwrap();
        let artifact = &document["artifacts"][0];
        assert_eq!(artifact["tree"], Value::Null);
        let trees = artifact["trees"].as_array().unwrap().iter();
        let trees: Vec<_> = trees
            .map(|tree| (tree["files"].as_u64().unwrap(), tree["leftOut"].clone()))
            .collect();
        let held = |options: &[&str]| match options.is_empty() {
            true => (5, json!([])),
            false => (4, json!(["sub"])),
        };
        assert_eq!(trees, [held(inside), held(beside)]);
        assert_eq!(artifact["notChecked"], json!(["signed-time", "transparency-log"]));
        let text = model.verify(&[]).expect_code(0).stdout_text().to_owned();
        assert!(text.contains(": 5 files as they were signed\n"), "{text}");
        assert!(
            text.contains(": 4 files as they were signed; NOT looked at: sub\n"),
            "{text}"
        );
    }
}

#[test]
fn what_two_manifests_that_hold_both_leave_out_is_not_checked() {
    let model = signed_twice(&["--ignore-path", "sub"], &["--ignore-path", "sub"]);
    let json = model.verify(&["--format", "json"]).expect_code(0);
    let document: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        document["artifacts"][0]["notChecked"],
        json!(["left-out-paths", "signed-time", "transparency-log"])
    );
}

#[test]
fn what_an_accepted_manifest_says_does_not_stand_for_a_directory_that_is_refused() {
    let model = signed_twice(&[], &["--ignore-path", "sub"]);
    model.write("sub/vocabulary", "other bytes");
    let (problems, document) = model.rejected(&[]);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].0, "tree-changed-file");
    let artifact = &document["artifacts"][0];
    assert_eq!(artifact["tree"], Value::Null);
    assert_eq!(artifact["trees"][0]["changed"]["count"], 1);
    assert_eq!(artifact["trees"][0]["bundle"], artifact["problems"][0]["bundle"]);
    assert_eq!(artifact["trees"][1]["changed"]["count"], 0);
    let text = model.verify(&[]).expect_code(1).stdout_text().to_owned();
    assert!(text.starts_with("FAILED   model"), "{text}");
    assert!(
        text.contains("by model/model.sig: 4 files as they were signed; 1 changed\n"),
        "{text}"
    );
    assert!(
        text.contains("by model.sigstore.json: 4 files as they were signed; NOT looked at: sub\n"),
        "{text}"
    );
}

#[test]
fn a_report_is_no_file_of_the_directory_that_is_verified() {
    let model = Model::new();
    for options in [
        ["-o", "json=model/report.json"],
        ["-o", "sarif=model/sub/../report.json"],
        ["--output-file", "model/weights"],
    ] {
        let refused = model.verify(&options).expect_code(2);
        assert!(
            refused.stderr_text().starts_with("error[output-in-tree]"),
            "{}",
            refused.stderr_text()
        );
    }
    assert!(!model.path("report.json").exists());
    assert_eq!(
        fs::read_to_string(model.path("weights")).unwrap(),
        "the bytes of weights"
    );
    model.verify(&["-o", "json=model.json"]).expect_code(0);
    assert!(model.directory.path().join("model.json").exists());
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_not_signed_unless_somebody_says_so() {
    let model = Model::new();
    let sign = |options: &[&str]| model.attest().args(SIGN).arg("--allow-symlinks").args(options).run();
    std::os::unix::fs::symlink("weights", model.path("link")).unwrap();
    sign(&[]).expect_code(0);
    fs::write(model.directory.path().join("outside"), "other bytes").unwrap();
    std::os::unix::fs::symlink("../outside", model.path("leads-out")).unwrap();
    let before = fs::read(model.path("model.sig")).unwrap();
    let refused = sign(&[]).expect_code(2);
    assert!(
        refused.stderr_text().starts_with("error[tree-symbolic-link-outside]"),
        "{}",
        refused.stderr_text()
    );
    assert!(refused.stderr_text().contains("model/leads-out"));
    assert_eq!(fs::read(model.path("model.sig")).unwrap(), before);
    let hash = ["hash", "--manifest", "model", "--allow-symlinks"];
    model.attest().args(hash).run().expect_code(2);
    let outside = "--insecure-follow-links-outside";
    model.attest().args(hash).arg(outside).run().expect_code(0);
    sign(&[outside]).expect_code(0);
    assert_eq!(model.codes(), ["tree-symbolic-link-outside"]);
    model.verify(&[outside]).expect_code(0);
}
