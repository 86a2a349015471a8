use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{Command, Finished};

/// A tree with what makes trees hard: names that sort differently as paths, an empty file, links are made by the tests.
fn tree() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("data");
    for (name, content) in [
        ("a/b", "one"),
        ("a-b/c", "two"),
        ("a.txt", ""),
        ("large", &"x".repeat(250_000)),
        (".git/config", "not data"),
        ("model.sig", "an old signature"),
        (".hidden", "data"),
    ] {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

fn hash(directory: &tempfile::TempDir) -> Command {
    Command::attest().arg("hash").current_dir(directory.path())
}

fn failed(finished: &Finished, code: &str) {
    let expected = format!("error[{code}]");
    assert!(finished.stderr_text().contains(&expected), "{}", finished.stderr_text());
    assert!(finished.stdout.is_empty());
}

fn names(statement: &[u8]) -> Vec<String> {
    let statement: Value = serde_json::from_slice(statement).unwrap();
    let resources = statement["predicate"]["resources"].as_array().unwrap();
    let names = resources
        .iter()
        .map(|resource| resource["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[test]
fn a_directory_is_one_statement_in_the_order_of_its_names() {
    let directory = tree();
    let finished = hash(&directory).args(["--manifest", "data"]).run().expect_code(0);
    let statement: Value = serde_json::from_slice(&finished.stdout).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "https://model_signing/signature/v1.0");
    assert_eq!(statement["subject"][0]["name"], "data");
    assert_eq!(names(&finished.stdout), [".hidden", "a-b/c", "a.txt", "a/b", "large"]);
    let serialization = &statement["predicate"]["serialization"];
    assert_eq!(serialization["method"], "files");
    assert_eq!(serialization["hash_type"], "sha256");
    assert_eq!(serialization["allow_symlinks"], false);
    let ignored = [".git", ".gitattributes", ".github", ".gitignore", "model.sig"];
    assert_eq!(serialization["ignore_paths"], serde_json::json!(ignored));
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(statement["predicate"]["resources"][2]["digest"], empty);
}

#[test]
fn the_bytes_are_the_same_wherever_the_directory_lies_and_whatever_the_threads() {
    let (one, other) = (tree(), tree());
    let written = |directory: &tempfile::TempDir, arguments: &[&str]| {
        hash(directory)
            .args(["--manifest", "data"])
            .args(arguments)
            .run()
            .expect_code(0)
            .stdout
    };
    let expected = written(&one, &["--threads", "1"]);
    assert_eq!(written(&other, &["--threads", "4"]), expected);
    let path = other.path().join("data");
    let absolute = Command::attest()
        .arg("hash")
        .arg("--manifest")
        .arg(&path)
        .run()
        .expect_code(0);
    assert_eq!(absolute.stdout, expected);
    let inside = Command::attest()
        .args(["hash", "--manifest", "."])
        .current_dir(&path)
        .run()
        .expect_code(0);
    assert_eq!(inside.stdout, expected);
    let text = String::from_utf8(expected).unwrap();
    assert!(!text.contains(one.path().to_str().unwrap()));
}

#[test]
fn what_is_left_out_is_said_and_what_is_taken_in_is_there() {
    let directory = tree();
    let arguments = [
        "--manifest",
        "data",
        "--ignore-path",
        "a",
        "--no-ignore-git-paths",
        "--manifest-name",
        "set",
    ];
    let finished = hash(&directory).args(arguments).run().expect_code(0);
    assert_eq!(
        names(&finished.stdout),
        [".git/config", ".hidden", "a-b/c", "a.txt", "large"]
    );
    let statement: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let ignored = serde_json::json!(["a", "model.sig"]);
    assert_eq!(statement["predicate"]["serialization"]["ignore_paths"], ignored);
    assert_eq!(statement["subject"][0]["name"], "set");
}

#[test]
fn files_can_be_the_subjects() {
    let directory = tree();
    let arguments = ["--manifest", "data", "--subjects", "files"];
    let finished = hash(&directory).args(arguments).run().expect_code(0);
    let statement: Value = serde_json::from_slice(&finished.stdout).unwrap();
    assert_eq!(statement["predicateType"], "https://model_signing/Digests/v0.1");
    let subjects = statement["subject"].as_array().unwrap();
    assert_eq!(subjects.len(), 5);
    assert_eq!(subjects[3]["name"], "a/b");
    let ranges = hash(&directory)
        .args(arguments)
        .args(["--shard-size", "10"])
        .run()
        .expect_code(2);
    failed(&ranges, "tree-layout-unsupported");
}

fn parts(directory: &tempfile::TempDir, count: u32, options: &[&str]) -> Vec<String> {
    let part = |index: u32| {
        let (shard, name) = (format!("{index}/{count}"), format!("part-{index}.json"));
        let arguments = ["--manifest", "data", "--shard", &shard, "-o", &name];
        hash(directory).args(arguments).args(options).run().expect_code(0);
        name
    };
    (0..count).map(part).collect()
}

fn merge(directory: &tempfile::TempDir, parts: &[String]) -> Finished {
    hash(directory).arg("merge").args(parts).run()
}

#[test]
fn many_machines_make_what_one_makes() {
    let directory = tree();
    for options in [&[][..], &["--shard-size", "30000"], &["-a", "blake3"]] {
        let whole = hash(&directory)
            .args(["--manifest", "data"])
            .args(options)
            .run()
            .expect_code(0);
        for count in [1, 2, 3, 20] {
            let mut parts = parts(&directory, count, options);
            parts.reverse();
            let merged = merge(&directory, &parts).expect_code(0);
            assert_eq!(merged.stdout, whole.stdout, "{count} {options:?}");
        }
    }
}

#[test]
fn parts_that_make_no_tree_are_refused_and_leave_nothing_behind() {
    let directory = tree();
    let all = parts(&directory, 3, &[]);
    failed(&merge(&directory, &all[..2]).expect_code(1), "part-missing");
    failed(
        &merge(&directory, &[&all[..], &all[..1]].concat()).expect_code(1),
        "part-twice",
    );
    let path = |name: &str| directory.path().join(name);
    // Of another tree.
    let kept = fs::read(path("part-1.json")).unwrap();
    fs::write(path("data/a/b"), "longer").unwrap();
    parts(&directory, 3, &[]);
    fs::write(path("part-1.json"), kept).unwrap();
    failed(&merge(&directory, &all).expect_code(1), "parts-differ");
    // Read in another way.
    parts(&directory, 3, &[]);
    let arguments = [
        "--manifest",
        "data",
        "--shard",
        "2/3",
        "-o",
        "part-2.json",
        "--ignore-path",
        "large",
    ];
    hash(&directory).args(arguments).run().expect_code(0);
    failed(&merge(&directory, &all).expect_code(1), "parts-differ");
    let output = hash(&directory)
        .arg("merge")
        .args(&all)
        .args(["-o", "merged.json"])
        .run()
        .expect_code(1);
    failed(&output, "parts-differ");
    assert!(!path("merged.json").exists());
    // No part at all, and none there.
    fs::write(path("part-2.json"), "{}").unwrap();
    failed(&merge(&directory, &all).expect_code(2), "part-invalid");
    fs::remove_file(path("part-2.json")).unwrap();
    failed(&merge(&directory, &all).expect_code(3), "part-unreadable");
}

#[test]
fn a_part_is_not_overwritten_by_what_is_made_of_it() {
    let directory = tree();
    let all = parts(&directory, 2, &[]);
    let path = |name: &str| directory.path().join(name);
    let kept = fs::read(path("part-1.json")).unwrap();
    let to = |output: &str| hash(&directory).arg("merge").args(&all).args(["-o", output]).run();
    failed(&to("part-1.json").expect_code(2), "output-is-input");
    failed(&to("data/../part-0.json").expect_code(2), "output-is-input");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("part-1.json", path("link")).unwrap();
        failed(&to("link").expect_code(2), "output-is-input");
    }
    assert_eq!(fs::read(path("part-1.json")).unwrap(), kept);
    fs::write(path("merged.json"), "an older one").unwrap();
    to("merged.json").expect_code(0);
    assert_eq!(
        fs::read(path("merged.json")).unwrap(),
        merge(&directory, &all).expect_code(0).stdout
    );
}

#[test]
fn shards_that_are_not_there_are_wrong_usage() {
    let directory = tree();
    for shard in ["3/3", "1", "-1/3", "0/0"] {
        let shard = format!("--shard={shard}");
        hash(&directory)
            .args(["--manifest", "data", &shard])
            .run()
            .expect_code(2);
    }
    hash(&directory)
        .args(["--shard", "0/1", "data/large"])
        .run()
        .expect_code(2);
}

#[test]
fn what_has_no_place_in_a_manifest_is_refused_by_name() {
    let directory = tree();
    let root = directory.path().join("data");
    let run = |options: &[&str]| hash(&directory).args(["--manifest", "data"]).args(options).run();
    failed(&run(&["-a", "sha512"]).expect_code(2), "tree-algorithm-unsupported");
    failed(
        &run(&["-a", "sha256,blake3"]).expect_code(2),
        "tree-algorithm-unsupported",
    );
    failed(&run(&["--ignore-path", "../x"]).expect_code(2), "tree-path-invalid");
    failed(&run(&["-o", "data/out.json"]).expect_code(2), "output-in-tree");
    assert!(!root.join("out.json").exists());
    failed(&run(&["--recursive"]).expect_code(2), "manifest-is-no-list");
    let missing = hash(&directory).args(["--manifest", "nowhere"]).run().expect_code(3);
    failed(&missing, "cannot-open");
    let file = hash(&directory).args(["--manifest", "data/large"]).run().expect_code(2);
    failed(&file, "not-a-directory");
    fs::create_dir(directory.path().join("empty")).unwrap();
    let empty = hash(&directory).args(["--manifest", "empty"]).run().expect_code(2);
    failed(&empty, "tree-unusable");
}

#[cfg(unix)]
#[test]
fn links_are_refused_unless_they_are_asked_for() {
    use std::os::unix::ffi::OsStrExt as _;
    let directory = tree();
    let root = directory.path().join("data");
    let run = |options: &[&str]| hash(&directory).args(["--manifest", "data"]).args(options).run();
    std::os::unix::fs::symlink("a/b", root.join("link")).unwrap();
    let refused = run(&[]).expect_code(2);
    failed(&refused, "tree-symbolic-link");
    assert!(refused.stderr_text().contains("data/link"));
    let taken = run(&["--allow-symlinks"]).expect_code(0);
    assert_eq!(
        names(&taken.stdout),
        [".hidden", "a-b/c", "a.txt", "a/b", "large", "link"]
    );
    run(&["--ignore-path", "link"]).expect_code(0);
    fs::remove_file(root.join("link")).unwrap();
    std::os::unix::fs::symlink("a", root.join("directory")).unwrap();
    failed(&run(&["--allow-symlinks"]).expect_code(2), "tree-symbolic-link");
    fs::remove_file(root.join("directory")).unwrap();
    fs::write(root.join(Path::new(std::ffi::OsStr::from_bytes(b"\xff"))), "x").unwrap();
    failed(&run(&[]).expect_code(2), "tree-path-invalid");
}
