use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::command::{Command, Finished};

/// Two directories, `one` and `two`.
fn scene() -> TempDir {
    let scene = tempfile::tempdir().expect("a temporary directory");
    for name in ["one", "two"] {
        fs::create_dir(scene.path().join(name)).expect("a directory is made");
        fs::write(scene.path().join(name).join("app"), name.repeat(1000)).expect("a file is written");
    }
    scene
}

fn pack(scene: &TempDir, arguments: &[&str]) -> Finished {
    let command = Command::attest().arg("pack").args(arguments);
    command
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .current_dir(scene.path())
        .run()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("the directory is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn several_directories_make_the_archives_that_each_makes_alone() {
    let scene = scene();
    let kinds = "tar.gz,tar.zst,tar.xz,zip,tar";
    let arguments = ["one", "two", "--output-directory", "out", "--archive-format", kinds];
    let lines = pack(&scene, &arguments).expect_code(0);
    let mut expected = String::new();
    for directory in ["one", "two"] {
        for kind in kinds.split(',') {
            let (name, alone) = (format!("{directory}.{kind}"), format!("alone-{directory}.{kind}"));
            let line = pack(&scene, &[directory, "-o", &alone]).expect_code(0);
            expected += &line.stdout_text().replace(&alone, &format!("out/{name}"));
            let together = fs::read(scene.path().join("out").join(&name)).expect("an archive");
            assert!(
                together == fs::read(scene.path().join(&alone)).expect("an archive"),
                "{name}"
            );
        }
    }
    assert_eq!(lines.stdout_text(), expected);
    assert_eq!(lines.stderr_text(), "");
    assert_eq!(names(&scene.path().join("out")).len(), 10);
}

#[test]
fn the_document_names_each_directory_once_and_its_archives() {
    let scene = scene();
    let arguments = [
        "one",
        "two",
        "--output-directory",
        "out",
        "--archive-format",
        "zip,tar",
        "--format",
        "json",
    ];
    let finished = pack(&scene, &arguments).expect_code(0);
    let document: serde_json::Value = serde_json::from_str(finished.stdout_text()).expect("a JSON document");
    assert_eq!(document["schema"], "https://attest.dev/schema/pack-several/v1");
    let directories = document["directories"].as_array().expect("a list");
    for (directory, name) in directories.iter().zip(["one", "two"]) {
        assert_eq!(directory["directory"], name);
        assert_eq!(directory["archives"][0]["path"], format!("out/{name}.zip"));
        assert_eq!(directory["archives"][1]["path"], format!("out/{name}.tar"));
        assert_eq!(directory["archives"][1]["compressor"], "none");
        assert_eq!(directory["source_date"]["seconds"], 1_700_000_000);
        assert_eq!(directory["files"][0]["path"], "app");
        assert_eq!(directory["files"][0]["size"], 3000);
    }
    assert_eq!(directories.len(), 2);
}

#[test]
fn what_is_named_by_a_dot_is_named_like_its_directory() {
    let scene = scene();
    let command = Command::attest().args(["pack", ".", "--output-directory", "../out", "--archive-format", "tar"]);
    command.current_dir(scene.path().join("one")).run().expect_code(0);
    assert_eq!(names(&scene.path().join("out")), ["one.tar"]);
}

#[test]
fn wrong_usage_leaves_nothing() {
    let scene = scene();
    fs::create_dir_all(scene.path().join("other/ONE")).expect("a directory is made");
    fs::write(scene.path().join("other/ONE/f"), "").expect("a file is written");
    let before = names(scene.path());
    let out = ["--output-directory", "out", "--archive-format"];
    let with = |first: &[&'static str], last: &'static str| [first, &out, &[last]].concat();
    for (arguments, error) in [
        (
            with(&["one", "other/ONE"], "tar"),
            "error[output-collision]: two archives would be `out/one.tar` and `out/ONE.tar`",
        ),
        (with(&["one", "./one"], "tar"), "error[output-collision]"),
        (with(&["one"], "tar,tar"), "error[output-collision]"),
        (with(&["one", "missing"], "tar"), "error[directory-expected]"),
        (with(&["one"], "rar"), "error: invalid value 'rar'"),
        (
            with(&["."], "tar"),
            "error[output-inside]: expected a directory outside",
        ),
        (
            vec!["one", "--output-directory", "one/out", "--archive-format", "tar"],
            "error[output-inside]",
        ),
        (
            vec!["one", "--output-directory", "out"],
            "error: the following required arguments were not provided",
        ),
        (
            vec!["one", "two", "-o", "a.zip"],
            "error[several-for-one-archive]: expected one for one archive, found 2 directories",
        ),
        (
            vec!["one", "-o", "a", "--archive-format", "zip,tar"],
            "error[several-for-one-archive]: expected one for one archive, found 2 kinds",
        ),
        (
            vec!["one", "-o", "a.zip", "--output-directory", "out"],
            "error: the argument",
        ),
    ] {
        let finished = pack(&scene, &arguments).expect_code(2);
        assert!(
            finished.stderr_text().starts_with(error),
            "{arguments:?} {}",
            finished.stderr_text()
        );
        assert_eq!(finished.stdout_text(), "");
        assert_eq!(names(scene.path()), before);
    }
}

/// A limit on the size of a file stands for a full disk: the archives that fit are not kept either.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_no_archive_of_the_invocation() {
    let scene = scene();
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(2_000_000)
    .collect();
    fs::write(scene.path().join("two/noise"), noise).expect("a file is written");
    let before = names(scene.path());
    let script =
        "trap '' XFSZ; ulimit -f 500; exec \"$0\" pack one two --output-directory out --archive-format zip,tar.gz";
    let arguments = ["-c", script, env!("CARGO_BIN_EXE_attest")];
    let finished = Command::new("sh")
        .args(arguments)
        .current_dir(scene.path())
        .run()
        .expect_code(3);
    let message = "error[archive-not-written]: cannot write the archive: File too large";
    assert!(
        finished.stderr_text().starts_with(message),
        "{}",
        finished.stderr_text()
    );
    assert_eq!(names(scene.path()), before);
}

#[test]
fn every_level_of_the_directory_is_made_and_goes_again_when_something_fails() {
    let scene = scene();
    let arguments = ["one", "--output-directory", "a/b/c", "--archive-format", "zip"];
    pack(&scene, &arguments).expect_code(0);
    assert_eq!(names(&scene.path().join("a/b/c")), ["one.zip"]);
    let inside = ["one", "--output-directory", "one/x/y", "--archive-format", "zip"];
    let finished = pack(&scene, &inside).expect_code(2);
    assert!(
        finished.stderr_text().contains("error[output-inside]"),
        "{}",
        finished.stderr_text()
    );
    let below_a_file = ["two", "--output-directory", "one/app/x", "--archive-format", "zip"];
    let finished = pack(&scene, &below_a_file).expect_code(3);
    assert!(
        finished.stderr_text().contains("error[directory-not-made]"),
        "{}",
        finished.stderr_text()
    );
    assert_eq!(names(&scene.path().join("one")), ["app"]);
}

/// More archives than files may be open at first, and at all.
#[cfg(unix)]
#[test]
fn more_archives_than_files_may_be_open_are_written_where_the_limit_can_be_raised() {
    let scene = scene();
    let directories: Vec<String> = (0..30).map(|number| format!("in/{number}")).collect();
    for directory in &directories {
        fs::create_dir_all(scene.path().join(directory)).expect("a directory is made");
        fs::write(scene.path().join(directory).join("app"), directory).expect("a file is written");
    }
    let limited = |limit: &str| {
        let script = format!("ulimit {limit} 64 && exec \"$@\"");
        let command = Command::new("sh").args(["-c", &script, "sh", env!("CARGO_BIN_EXE_attest"), "pack"]);
        let command = command
            .args(&directories)
            .args(["--output-directory", "out", "--threads", "2"]);
        let command = command.args(["--archive-format", "tar.gz,tar.zst,tar.xz,zip,tar"]);
        command
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .current_dir(scene.path())
            .run()
    };
    limited("-S -n").expect_code(0);
    assert_eq!(names(&scene.path().join("out")).len(), 150);
}
