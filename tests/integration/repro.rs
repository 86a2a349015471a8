use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{Command, Finished};
use crate::release::project::Project;

/// Two trees, packed with other times.
fn scene() -> TempDir {
    let scene = tempfile::tempdir().expect("a temporary directory");
    let tree = scene.path().join("in");
    fs::create_dir_all(tree.join("bin")).expect("directories are made");
    fs::write(tree.join("bin/app"), "#!/bin/sh\n").expect("a file is written");
    fs::write(tree.join("README"), "hello\n").expect("a file is written");
    pack(scene.path(), "1700000000", "a.tar.gz");
    pack(scene.path(), "1700000000", "again.tar.gz");
    pack(scene.path(), "1700000060", "later.tar.gz");
    scene
}

fn pack(scene: &Path, date: &str, name: &str) {
    let packed = Command::attest().args(["pack", "in", "-o", name]);
    packed
        .env("SOURCE_DATE_EPOCH", date)
        .current_dir(scene)
        .run()
        .expect_code(0);
}

fn repro(scene: &TempDir, arguments: &[&str]) -> Finished {
    Command::attest()
        .arg("repro")
        .args(arguments)
        .current_dir(scene.path())
        .run()
}

#[test]
fn the_same_bytes_are_equal() {
    let scene = scene();
    let finished = repro(&scene, &["a.tar.gz", "again.tar.gz"]).expect_code(0);
    assert_eq!(
        finished.stdout_text(),
        "equal: `a.tar.gz` and `again.tar.gz` are the same bytes\n"
    );
    assert_eq!(finished.stderr_text(), "");
}

#[test]
fn other_times_are_counted_the_first_is_shown_and_a_hint_says_what_helps() {
    let scene = scene();
    let finished = repro(&scene, &["a.tar.gz", "later.tar.gz"]).expect_code(1);
    assert_eq!(
        finished.stdout_text(),
        "different: `a.tar.gz` and `later.tar.gz`\n\
         \n\
         what differs         times  first\n\
         modification time        3  `README`\n\
         \n\
         the first: modification time in `README`\n  \
           a.tar.gz      1700000000\n  \
           later.tar.gz  1700000060\n\
         \n\
         hint: give every member one time: set SOURCE_DATE_EPOCH (`export SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)`)\n"
    );
}

#[test]
fn the_document_has_every_cause_with_its_examples() {
    let scene = scene();
    let finished = repro(&scene, &["a.tar.gz", "later.tar.gz", "--format", "json"]).expect_code(1);
    let document: Value = serde_json::from_slice(&finished.stdout).expect("the answer is JSON");
    assert_eq!(document["schema"], "https://attest.dev/schema/repro/v1");
    assert_eq!(
        (&document["equal"], &document["differences"]),
        (&false.into(), &3.into())
    );
    assert_eq!(document["first"]["cause"], "time");
    assert_eq!(document["first"]["place"][0], "README");
    assert_eq!(document["causes"][0]["count"], 3);
    assert_eq!(document["causes"][0]["examples"][2]["right"], "1700000060");
    let equal = repro(&scene, &["a.tar.gz", "again.tar.gz", "--format", "json"]).expect_code(0);
    let document: Value = serde_json::from_slice(&equal.stdout).expect("the answer is JSON");
    assert_eq!((&document["equal"], &document["first"]), (&true.into(), &Value::Null));
}

#[test]
fn directories_are_compared_file_by_file() {
    let scene = scene();
    for (directory, archive) in [("one", "a.tar.gz"), ("two", "later.tar.gz")] {
        fs::create_dir(scene.path().join(directory)).expect("a directory is made");
        fs::copy(
            scene.path().join(archive),
            scene.path().join(directory).join("app.tar.gz"),
        )
        .expect("a copy is made");
    }
    let finished = repro(&scene, &["one", "two"]).expect_code(1);
    assert!(
        finished
            .stdout_text()
            .contains("the first: modification time in `app.tar.gz` > `README`"),
        "{}",
        finished.stdout_text()
    );
}

#[test]
fn names_from_an_archive_do_not_repaint_the_terminal() {
    let scene = scene();
    fs::write(scene.path().join("in/\u{1b}[2J\n"), "x").expect("a file is written");
    pack(scene.path(), "1700000000", "more.tar.gz");
    let finished = repro(&scene, &["a.tar.gz", "more.tar.gz"]).expect_code(1);
    assert!(
        finished.stdout_text().contains(r"`\u{1b}[2J\n`"),
        "{}",
        finished.stdout_text()
    );
}

#[test]
fn what_cannot_be_compared_says_so() {
    let scene = scene();
    let finished = repro(&scene, &["a.tar.gz", "in"]).expect_code(2);
    assert!(
        finished.stderr_text().starts_with("error[not-comparable]"),
        "{}",
        finished.stderr_text()
    );
    let finished = repro(&scene, &["a.tar.gz", "nowhere"]).expect_code(3);
    assert!(
        finished.stderr_text().starts_with("error[file-unreadable]"),
        "{}",
        finished.stderr_text()
    );
    assert!(finished.stderr_text().contains("nowhere"));
    repro(&scene, &["a.tar.gz"]).expect_code(2);
    let finished = repro(&scene, &["--rebuild", "in"]).expect_code(2);
    assert!(
        finished.stderr_text().starts_with("error[release-not-found]"),
        "{}",
        finished.stderr_text()
    );
}

#[test]
fn a_release_that_is_made_again_is_equal_and_a_changed_file_is_found() {
    let project = Project::new("prebuilt");
    project
        .attest(&["release", "--skip-sign"])
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .run()
        .expect_code(0);
    let before = crate::release::project::contents(&project.dist());
    let again = || project.attest(&["repro", "--rebuild", "dist"]).run();
    let finished = again().expect_code(0);
    assert!(
        finished.stdout_text().starts_with(&format!(
            "equal: `dist` and `made again` are the same bytes ({} files)\n",
            before.len() - 1
        )),
        "{}",
        finished.stdout_text()
    );
    assert!(crate::release::project::contents(&project.dist()) == before);
    let name = before
        .keys()
        .find(|name| name.ends_with(".tar.gz"))
        .expect("there is an archive")
        .clone();
    let mut bytes = before[&name].clone();
    bytes[4] ^= 1;
    fs::write(project.dist().join(&name), bytes).expect("the archive is written");
    let finished = again().expect_code(1);
    let expected = format!("the first: time in the gzip header in `{name}`");
    assert!(finished.stdout_text().contains(&expected), "{}", finished.stdout_text());
}

#[test]
fn a_release_of_another_commit_is_not_made_again() {
    let project = Project::new("prebuilt");
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    fs::write(project.path().join("README.md"), "other\n").expect("a file is written");
    project.commit();
    let finished = project.attest(&["repro", "--rebuild", "dist"]).run().expect_code(2);
    assert!(
        finished.stderr_text().contains("error[commit-mismatch]"),
        "{}",
        finished.stderr_text()
    );
}

/// A release that nobody signed, and what its provenance is called.
fn unsigned() -> (Project, std::path::PathBuf) {
    let project = Project::new("prebuilt");
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let provenance = project.dist().join("tally-2.0.1.provenance.json");
    (project, provenance)
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut statement: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut statement);
    fs::write(path, statement.to_string()).unwrap();
}

#[test]
fn a_provenance_that_names_no_files_is_not_taken_for_agreement() {
    let (project, provenance) = unsigned();
    for (name, found) in [("../app", "`../app`"), ("a/b", "`a/b`")] {
        edit(&provenance, |statement| statement["subject"][0]["name"] = name.into());
        let finished = project.attest(&["repro", "--rebuild", "dist"]).run().expect_code(2);
        let talk = finished.stderr_text();
        assert!(talk.contains("error[subject-unusable]"), "{talk}");
        assert!(
            talk.contains(&format!("expected names of files in the provenance, found {found}")),
            "{talk}"
        );
        assert!(talk.contains("tally-2.0.1.provenance.json"), "{talk}");
    }
    edit(&provenance, |statement| {
        statement["subject"][0].as_object_mut().unwrap().remove("name");
    });
    let finished = project.attest(&["repro", "--rebuild", "dist"]).run().expect_code(2);
    let expected = "found a file without a name";
    assert!(finished.stderr_text().contains(expected), "{}", finished.stderr_text());
}

#[test]
fn a_provenance_without_a_commit_is_not_that_of_a_checkout() {
    let (project, provenance) = unsigned();
    edit(&provenance, |statement| {
        statement["predicate"]["buildDefinition"]["resolvedDependencies"] = Value::Array(Vec::new());
    });
    let finished = project.attest(&["repro", "--rebuild", "dist"]).run().expect_code(2);
    let expected = "expected no commit checked out, found commit `";
    assert!(finished.stderr_text().contains(expected), "{}", finished.stderr_text());
}

#[test]
fn a_file_that_the_provenance_does_not_name_is_found() {
    let (project, provenance) = unsigned();
    let rebuilt = || {
        let finished = project
            .attest(&["repro", "--rebuild", "dist", "--format", "json"])
            .run();
        let answer: Value = serde_json::from_slice(&finished.stdout).unwrap();
        (finished.code, answer)
    };
    let count = crate::release::project::names(&project.dist()).len() - 1;
    let (code, answer) = rebuilt();
    assert_eq!(
        (code, &answer["equal"], &answer["files"]),
        (0, &true.into(), &count.into())
    );
    // What only ends like a bundle is none.
    fs::write(project.dist().join("extra.sigstore.json"), "{}").unwrap();
    let (code, answer) = rebuilt();
    let more = count + 1;
    assert_eq!(
        (code, &answer["files"], &answer["differences"]),
        (1, &more.into(), &1.into())
    );
    let first = &answer["first"];
    assert_eq!(
        (&first["cause"], &first["place"][0]),
        (&"missing".into(), &"extra.sigstore.json".into())
    );
    assert_eq!((&first["left"], &first["right"]), (&"there".into(), &"missing".into()));
    fs::remove_file(project.dist().join("extra.sigstore.json")).unwrap();
    edit(&provenance, |statement| {
        statement["subject"][0]["name"] = "neither".into()
    });
    let (code, answer) = rebuilt();
    let first = &answer["first"];
    assert_eq!((code, &first["place"][0]), (1, &"neither".into()));
    assert_eq!(
        (&first["left"], &first["right"]),
        (&"missing".into(), &"missing".into())
    );
}
