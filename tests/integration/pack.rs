use std::fs;
use std::path::Path;

use attest_digest::{Algorithms, Measured};
use tempfile::TempDir;

use crate::command::{Command, Finished};

const DATE: &str = "1700000000";

/// A directory with a small tree `in` below it.
fn scene() -> TempDir {
    let scene = tempfile::tempdir().expect("a temporary directory");
    let tree = scene.path().join("in");
    fs::create_dir_all(tree.join("bin")).expect("directories are made");
    fs::write(tree.join("bin/app"), "#!/bin/sh\n").expect("a file is written");
    fs::write(tree.join("README"), "hello\n").expect("a file is written");
    scene
}

fn pack(scene: &TempDir, arguments: &[&str]) -> Finished {
    command(scene).args(arguments).run()
}

fn command(scene: &TempDir) -> Command {
    Command::attest()
        .arg("pack")
        .env("SOURCE_DATE_EPOCH", DATE)
        .current_dir(scene.path())
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("the directory is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn measured(path: &Path, algorithms: &str) -> Measured {
    let algorithms: Algorithms = algorithms.parse().expect("known algorithms");
    Measured::of_bytes(&fs::read(path).expect("the archive is there"), &algorithms)
}

/// Fails unless the process was refused with this code and message, said nothing on stdout, and left nothing behind.
#[track_caller]
fn expect_refusal(scene: &TempDir, finished: Finished, code: i32, error: &str) {
    let finished = finished.expect_code(code);
    assert_eq!(finished.stdout_text(), "");
    assert!(finished.stderr_text().starts_with(error), "{}", finished.stderr_text());
    assert_eq!(names(scene.path()), ["in"]);
}

#[test]
fn stdout_is_what_sha256sum_says_of_the_archive() {
    let scene = scene();
    for name in ["a.tar.gz", "a.tar.zst", "a.tar.xz", "a.zip", "a.tar"] {
        let finished = pack(&scene, &["in", "-o", name]).expect_code(0);
        let expected: String = measured(&scene.path().join(name), "sha256")
            .digests()
            .iter()
            .map(|digest| format!("{}  {name}\n", digest.to_hex()))
            .collect();
        assert_eq!(finished.stdout_text(), expected);
        assert_eq!(finished.stderr_text(), "");
    }
}

#[test]
fn the_surroundings_do_not_change_the_archive() {
    let scene = scene();
    let script = "umask \"$1\"; shift; exec \"$@\"";
    let run = |umask: &str, zone: &str, locale: &str, threads: &str| {
        let arguments = ["pack", "in", "-o", "a.zip"];
        let finished = Command::new("sh")
            .args(["-c", script, "sh", umask, env!("CARGO_BIN_EXE_attest")])
            .args(arguments)
            .env("SOURCE_DATE_EPOCH", DATE)
            .env("TZ", zone)
            .env("LC_ALL", locale)
            .env("RAYON_NUM_THREADS", threads)
            .current_dir(scene.path())
            .run();
        finished.expect_code(0).stdout
    };
    let first = run("022", "UTC", "C", "1");
    assert_eq!(run("077", "Asia/Kathmandu", "de_DE.UTF-8", "2"), first);
    assert_eq!(run("000", "America/St_Johns", "tr_TR.UTF-8", "7"), first);
}

#[cfg(unix)]
#[test]
fn the_archive_gets_the_rights_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let scene = scene();
    let script = "umask 027; exec \"$0\" pack in -o a.zip";
    let arguments = ["-c", script, env!("CARGO_BIN_EXE_attest")];
    Command::new("sh")
        .args(arguments)
        .current_dir(scene.path())
        .run()
        .expect_code(0);
    let metadata = fs::metadata(scene.path().join("a.zip")).expect("the archive is there");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
}

#[test]
fn an_archive_inside_the_directory_does_not_pack_itself() {
    let scene = scene();
    let outside = pack(&scene, &["in", "-o", "a.zip", "--prefix", "p"]).expect_code(0);
    let inside = || pack(&scene, &["in", "-o", "in/a.zip", "--prefix", "p"]).expect_code(0);
    let digest = |finished: &Finished| finished.stdout_text()[..64].to_owned();
    assert_eq!(digest(&inside()), digest(&outside));
    assert_eq!(digest(&inside()), digest(&outside));
}

#[test]
fn the_document_names_the_archive_its_date_and_every_file() {
    let scene = scene();
    let arguments = [
        "in",
        "-o",
        "a.tar",
        "--prefix",
        "app-1.0",
        "--algorithm",
        "sha512,sha256",
        "--format",
        "json",
    ];
    let finished = pack(&scene, &arguments).expect_code(0);
    let document: serde_json::Value = serde_json::from_str(finished.stdout_text()).expect("a JSON document");
    let hex = |measured: &Measured, name: &str| {
        let algorithm = name.parse().expect("a known algorithm");
        measured.digest(algorithm).expect("it was asked for").to_hex()
    };
    let both = "sha256,sha512";
    let archive = measured(&scene.path().join("a.tar"), both);
    let readme = measured(&scene.path().join("in/README"), both);
    let app = measured(&scene.path().join("in/bin/app"), both);
    let digests =
        |measured: &Measured| serde_json::json!({"sha256": hex(measured, "sha256"), "sha512": hex(measured, "sha512")});
    let expected = serde_json::json!({
        "schema": "https://attest.dev/schema/pack/v1",
        "archive": {
            "path": "a.tar", "format": "tar", "compressor": "none",
            "size": 10_240, "digests": digests(&archive),
        },
        "source_date": {"seconds": 1_700_000_000, "origin": "source-date-epoch"},
        "files": [
            {"path": "app-1.0/README", "size": 6, "digests": digests(&readme)},
            {"path": "app-1.0/bin/app", "size": 10, "digests": digests(&app)},
        ],
        "case_collisions": [],
    });
    assert_eq!(document, expected);
}

#[test]
fn a_checkout_is_dated_by_its_commit_and_anything_else_by_1980() {
    let scene = scene();
    let date = |scene: &TempDir| {
        let arguments = ["pack", "in", "-o", "a.zip", "--format", "json"];
        let finished = Command::attest().args(arguments).current_dir(scene.path()).run();
        let document: serde_json::Value =
            serde_json::from_str(finished.expect_code(0).stdout_text()).expect("a JSON document");
        document["source_date"].clone()
    };
    let default = serde_json::json!({"seconds": 315_532_800, "origin": "default"});
    assert_eq!(date(&scene), default);
    let git = |arguments: &[&str]| {
        let identity = [
            "-c",
            "user.name=Example",
            "-c",
            "user.email=dev@example.com",
            "-c",
            "commit.gpgsign=false",
        ];
        let command = Command::new("git").args(identity).args(arguments);
        let command = command.env("GIT_COMMITTER_DATE", "1650000000 +0530");
        command.current_dir(scene.path()).run().expect_code(0);
    };
    git(&["init", "--quiet"]);
    assert_eq!(date(&scene), default);
    git(&["add", "in"]);
    git(&["commit", "--quiet", "-m", "first"]);
    assert_eq!(
        date(&scene),
        serde_json::json!({"seconds": 1_650_000_000, "origin": "commit"})
    );
}

#[test]
fn names_that_differ_only_in_case_are_warned_about() {
    let scene = scene();
    fs::write(scene.path().join("in/readme"), "").expect("a file is written");
    let finished = pack(&scene, &["in", "-o", "a.zip"]).expect_code(0);
    if names(&scene.path().join("in")).len() == 3 {
        assert_eq!(
            finished.stderr_text(),
            "warning: `README` and `readme` are one name where case is ignored (Windows, macOS)\n"
        );
    }
}

#[test]
fn wrong_usage_is_refused_before_anything_is_written() {
    let scene = scene();
    let refused = |arguments: &[&str], error: &str| expect_refusal(&scene, pack(&scene, arguments), 2, error);
    refused(
        &["in", "-o", "a.rar"],
        "error[archive-format-unknown]: expected a name ending in .tar.gz",
    );
    refused(
        &["missing", "-o", "a.zip"],
        "error[directory-expected]: expected a directory, found",
    );
    refused(
        &["in/README", "-o", "a.zip"],
        "error[directory-expected]: expected a directory, found something else",
    );
    refused(
        &["in", "-o", "a.zip", "--prefix", "../x"],
        "error: invalid value '../x' for '--prefix <NAME>'",
    );
    refused(&["in", "-o", "a.zip", "--threads", "0"], "error: invalid value '0'");
    refused(&["in", "-o", "in"], "error[archive-format-unknown]");
    refused(
        &["in", "-o", "in", "--archive-format", "zip"],
        "error[output-not-a-file]: `in` is not a regular file\n  --> in\n",
    );
    let undated = command(&scene)
        .env("SOURCE_DATE_EPOCH", "today")
        .args(["in", "-o", "a.zip"]);
    let message = "error[source-date-invalid]: SOURCE_DATE_EPOCH: expected seconds since 1970 in decimal digits";
    expect_refusal(&scene, undated.run(), 2, message);
}

#[test]
fn an_empty_directory_is_refused() {
    let scene = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(scene.path().join("in")).expect("a directory is made");
    for arguments in [&["in", "-o", "a.zip"][..], &["in", "-o", "a.zip", "--prefix", "p/q"]] {
        expect_refusal(
            &scene,
            pack(&scene, arguments),
            2,
            "error[nothing-to-pack]: expected files",
        );
    }
}

#[cfg(unix)]
#[test]
fn a_tree_with_something_else_in_it_is_refused_by_name() {
    let scene = scene();
    let pipe = scene.path().join("in/bin/pipe");
    Command::new("mkfifo").arg(&pipe).run().expect_code(0);
    for name in ["a.zip", "a.tar.gz"] {
        let message = "error[special-file]: `bin/pipe` is a named pipe; only files, directories and symbolic links can be packed\n  --> in\n";
        expect_refusal(&scene, pack(&scene, &["in", "-o", name]), 2, message);
    }
    fs::remove_file(pipe).expect("the pipe is removed");
    let link = scene.path().join("in/link");
    std::os::unix::fs::symlink("../secret", &link).expect("a link is made");
    let message = "error[link-escapes]: symbolic link `link` leads out of the archive: its target is `../secret`\n";
    expect_refusal(&scene, pack(&scene, &["in", "-o", "a.tar.zst"]), 2, message);
    fs::remove_file(link).expect("the link is removed");
    let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"\xff\n");
    fs::write(scene.path().join("in").join(name), "").expect("a file is written");
    let message = "error[name-not-utf8]: name `\\xff\\n` in `in` is not UTF-8\n";
    expect_refusal(&scene, pack(&scene, &["in", "-o", "a.tar"]), 2, message);
}

/// A limit on the size of a file stands for a full disk: writing beyond it fails half-way.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let scene = scene();
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(2_000_000)
    .collect();
    fs::write(scene.path().join("in/noise"), noise).expect("a file is written");
    for name in ["a.tar.gz", "a.tar.zst", "a.tar.xz", "a.zip", "a.tar"] {
        let script = "trap '' XFSZ; ulimit -f 500; exec \"$0\" pack in -o \"$1\"";
        let arguments = ["-c", script, env!("CARGO_BIN_EXE_attest"), name];
        let finished = Command::new("sh").args(arguments).current_dir(scene.path()).run();
        let message = "error[archive-not-written]: cannot write the archive: File too large";
        expect_refusal(&scene, finished, 3, message);
    }
}

#[test]
fn the_program_attest_pack_is_the_verb() {
    let scene = scene();
    let verb = pack(&scene, &["in", "-o", "a.zip"]).expect_code(0);
    let program = Command::new(env!("CARGO_BIN_EXE_attest-pack")).args(["in", "-o", "a.zip"]);
    let program = program.env("SOURCE_DATE_EPOCH", DATE).current_dir(scene.path()).run();
    assert_eq!(program.expect_code(0).stdout, verb.stdout);
}

#[test]
fn the_formats_name_the_compressor_that_the_document_of_an_archive_names() {
    let scene = scene();
    let formats = pack(&scene, &["formats", "--format", "json"]).expect_code(0);
    let formats: serde_json::Value = serde_json::from_str(formats.stdout_text()).expect("a JSON document");
    assert_eq!(formats["schema"], "https://attest.dev/schema/pack-formats/v1");
    for row in formats["formats"].as_array().expect("a list of formats") {
        let name = format!("a.{}", row["format"].as_str().expect("an ending"));
        let packed = pack(&scene, &["in", "-o", &name, "--format", "json"]).expect_code(0);
        let packed: serde_json::Value = serde_json::from_str(packed.stdout_text()).expect("a JSON document");
        assert_eq!(packed["archive"]["compressor"], row["compressor"]);
    }
}

#[test]
fn a_directory_named_like_a_command_is_packed_by_its_path() {
    let scene = scene();
    fs::rename(scene.path().join("in"), scene.path().join("formats")).expect("a directory is renamed");
    pack(&scene, &["./formats", "-o", "a.zip"]).expect_code(0);
    let refused = pack(&scene, &["formats", "-o", "b.zip"]).expect_code(2);
    assert_eq!(refused.stdout_text(), "");
    assert_eq!(names(scene.path()), ["a.zip", "formats"]);
}

#[test]
fn a_directory_without_an_output_is_wrong_usage_and_so_is_nothing() {
    let scene = scene();
    for (arguments, missing) in [
        (&["in"][..], "--output <FILE>"),
        (&[], "<DIR>"),
        (&["-o", "a.zip"], "<DIR>"),
    ] {
        let finished = pack(&scene, arguments).expect_code(2);
        assert!(finished.stderr_text().contains(missing), "{}", finished.stderr_text());
    }
}
