use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{Command, Finished};

const DATE: &str = "1700000000";

/// Two programs of one name, each for its own processor.
fn scene() -> TempDir {
    let scene = tempfile::tempdir().expect("a temporary directory");
    for (directory, machine) in [("amd64", 62_u8), ("arm64", 183)] {
        let mut program = b"\x7fELF\x02\x01\x01".to_vec();
        program.resize(64, 0);
        program[18] = machine;
        fs::create_dir(scene.path().join(directory)).expect("a directory is made");
        fs::write(scene.path().join(directory).join("app"), program).expect("a program is written");
    }
    scene
}

fn pack(scene: &TempDir, arguments: &[&str]) -> Finished {
    Command::attest()
        .args(["pack", "image"])
        .args(arguments)
        .env("SOURCE_DATE_EPOCH", DATE)
        .current_dir(scene.path())
        .run()
}

const AMD64: [&str; 2] = ["--platform", "linux/amd64=amd64/app"];
const ARM64: [&str; 2] = ["--platform", "linux/arm64=arm64/app"];

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("one JSON document")
}

/// The blob that a digest names.
fn blob(layout: &Path, digest: &Value) -> Value {
    let hex = digest.as_str().and_then(|digest| digest.strip_prefix("sha256:"));
    json(&fs::read(layout.join("blobs/sha256").join(hex.expect("a digest"))).expect("the blob is there"))
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("the directory is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Fails unless the process was refused with this code and message, and left nothing behind.
#[track_caller]
fn expect_refusal(scene: &TempDir, arguments: &[&str], code: i32, error: &str) {
    let before = names(scene.path());
    let finished = pack(scene, arguments).expect_code(code);
    assert_eq!(finished.stdout_text(), "");
    assert!(finished.stderr_text().starts_with(error), "{}", finished.stderr_text());
    assert_eq!(names(scene.path()), before);
}

#[test]
fn two_programs_become_one_index_with_everything_that_was_said() {
    let scene = scene();
    let said = [
        "--user",
        "65532:65532",
        "--expose",
        "8080",
        "--env",
        "A=b",
        "--cmd=--help",
        "--workdir",
        "/srv",
        "--volume",
        "/data",
        "--stop-signal",
        "SIGINT",
        "--label",
        "l=1",
        "--annotation",
        "n=2",
        "--image-version",
        "1.2.0",
        "--source",
        "https://example.org/app",
        "--tag",
        "v1",
        "--tag",
        "latest",
        "-o",
        "out",
    ];
    let finished = pack(&scene, &[&AMD64[..], &ARM64, &said].concat()).expect_code(0);
    assert_eq!(finished.stderr_text(), "");
    let layout = scene.path().join("out");
    let entries = json(&fs::read(layout.join("index.json")).expect("the index is there"));
    let tags: Vec<&Value> = entries["manifests"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| &entry["annotations"]["org.opencontainers.image.ref.name"])
        .collect();
    assert_eq!(tags, ["latest", "v1"]);
    let top = &entries["manifests"][0]["digest"];
    let index = blob(&layout, top);
    let manifests = index["manifests"].as_array().expect("a list");
    let lines: String = manifests
        .iter()
        .map(|entry| {
            let platform = entry["platform"]["architecture"].as_str().expect("a name");
            format!("{}  linux/{platform}\n", entry["digest"].as_str().expect("a digest"))
        })
        .collect();
    let expected = format!("{}  out\n{lines}", top.as_str().expect("a digest"));
    assert_eq!(finished.stdout_text(), expected);
    assert!(expected.ends_with("linux/arm64\n"));
    let manifest = blob(&layout, &manifests[1]["digest"]);
    for annotations in [&index["annotations"], &manifest["annotations"]] {
        assert_eq!(annotations["n"], "2");
        assert_eq!(annotations["org.opencontainers.image.created"], "2023-11-14T22:13:20Z");
        assert_eq!(
            annotations["org.opencontainers.image.source"],
            "https://example.org/app"
        );
    }
    let config = blob(&layout, &manifest["config"]["digest"]);
    let expected = serde_json::json!({
        "User": "65532:65532", "ExposedPorts": {"8080/tcp": {}}, "Env": ["A=b"], "Entrypoint": ["/usr/local/bin/app"],
        "Cmd": ["--help"], "Volumes": {"/data": {}}, "WorkingDir": "/srv", "StopSignal": "SIGINT",
        "Labels": {
            "l": "1", "org.opencontainers.image.created": "2023-11-14T22:13:20Z",
            "org.opencontainers.image.source": "https://example.org/app", "org.opencontainers.image.version": "1.2.0",
        },
    });
    assert_eq!(config["config"], expected);
    assert_eq!(config["architecture"], "arm64");
}

#[test]
fn the_surroundings_do_not_change_the_image() {
    let scene = scene();
    let script = "umask \"$1\"; shift; exec \"$@\"";
    let run = |umask: &str, zone: &str, threads: &str| {
        Command::new("sh")
            .args(["-c", script, "sh", umask, env!("CARGO_BIN_EXE_attest"), "pack", "image"])
            .args(AMD64)
            .args(["--tag", "v1", "-o", "out.tar", "--threads", threads])
            .env("SOURCE_DATE_EPOCH", DATE)
            .env("TZ", zone)
            .current_dir(scene.path())
            .run()
            .expect_code(0);
        fs::read(scene.path().join("out.tar")).expect("the archive is there")
    };
    let first = run("022", "UTC", "1");
    assert!(run("077", "Asia/Kathmandu", "3") == first);
}

#[test]
fn the_json_document_tells_each_layer() {
    let scene = scene();
    let arguments = [&AMD64[..], &["--tag", "v1", "-o", "out.tar", "--format", "json"]].concat();
    let document = json(&pack(&scene, &arguments).expect_code(0).stdout);
    assert_eq!(document["schema"], "https://attest.dev/schema/pack-image/v1");
    let size = fs::metadata(scene.path().join("out.tar"))
        .expect("the archive is there")
        .len();
    assert_eq!(document["layout"]["archive"]["size"], size);
    assert_eq!(document["layout"]["tags"], serde_json::json!(["v1"]));
    assert_eq!(document["images"][0]["platform"], "linux/amd64");
    assert_eq!(document["images"][0]["digest"], document["layout"]["digest"]);
    let layers = document["images"][0]["layers"].as_array().expect("a list");
    assert_eq!(layers.len(), 1);
    assert_ne!(layers[0]["digest"], document["images"][0]["diff_id"]);
    assert_eq!(document["source_date"]["seconds"], 1_700_000_000);
}

#[test]
fn layouts_made_one_by_one_are_the_index_made_at_once_but_for_what_was_said_of_it() {
    let scene = scene();
    pack(&scene, &[&AMD64[..], &ARM64, &["-o", "both"]].concat()).expect_code(0);
    pack(&scene, &[&AMD64[..], &["--tag", "v1", "-o", "one.tar"]].concat()).expect_code(0);
    pack(&scene, &[&ARM64[..], &["-o", "two"]].concat()).expect_code(0);
    let arguments = ["--from-layout", "two", "--from-layout", "one.tar:v1", "-o", "joined"];
    let joined = pack(&scene, &arguments).expect_code(0).stdout_text().to_owned();
    let both = pack(&scene, &["--from-layout", "both", "-o", "copy"]).expect_code(0);
    let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&joined), lines(both.stdout_text()));
    // One alone keeps its digest.
    assert_eq!(
        fs::read(scene.path().join("copy/index.json")).ok(),
        fs::read(scene.path().join("both/index.json")).ok()
    );
}

#[test]
fn a_base_is_a_layout_and_the_image_on_it_says_so() {
    let scene = scene();
    pack(
        &scene,
        &[&AMD64[..], &ARM64, &["--tag", "example.org/base:1", "-o", "base"]].concat(),
    )
    .expect_code(0);
    fs::create_dir(scene.path().join("root")).expect("a directory is made");
    fs::write(scene.path().join("root/notes"), "x").expect("a file is written");
    let arguments = [
        "--base",
        "base:example.org/base:1",
        "--platform",
        "linux/arm64=root",
        "--env",
        "X=1",
        "--format",
        "json",
        "-o",
        "out",
    ];
    let document = json(&pack(&scene, &arguments).expect_code(0).stdout);
    let manifest = blob(&scene.path().join("out"), &document["layout"]["digest"]);
    assert_eq!(
        manifest["annotations"]["org.opencontainers.image.base.name"],
        "example.org/base:1"
    );
    assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(2));
    let config = blob(&scene.path().join("out"), &manifest["config"]["digest"]);
    assert_eq!(
        config["config"]["Entrypoint"],
        serde_json::json!(["/usr/local/bin/app"])
    );
    assert_eq!(config["history"].as_array().map(Vec::len), Some(2));
    let error = "error[base-platform-missing]: the base image is not for `linux/s390x`";
    expect_refusal(
        &scene,
        &["--base", "base", "--platform", "linux/s390x=root", "-o", "no"],
        2,
        error,
    );
}

#[test]
fn a_base_whose_layer_was_changed_is_rejected() {
    let scene = scene();
    let arguments = [&AMD64[..], &["-o", "base", "--format", "json"]].concat();
    let document = json(&pack(&scene, &arguments).expect_code(0).stdout);
    let layer = document["images"][0]["layers"][0]["digest"].as_str().expect("a digest");
    let path = scene.path().join("base/blobs/sha256").join(&layer["sha256:".len()..]);
    let mut bytes = fs::read(&path).expect("the layer is there");
    bytes[30] ^= 1;
    fs::write(&path, &bytes).expect("the layer is spoiled");
    let error = format!("error[blob-mismatch]: expected blob `{layer}`, found `sha256:");
    for arguments in [
        ["--base", "base", "--platform", "linux/amd64"],
        ["--from-layout", "base", "--tag", "v1"],
    ] {
        expect_refusal(&scene, &[&arguments[..], &["-o", "out"]].concat(), 1, &error);
    }
}

#[test]
fn a_layout_that_says_nonsense_is_rejected_by_its_place() {
    let scene = scene();
    pack(&scene, &[&AMD64[..], &["-o", "base"]].concat()).expect_code(0);
    fs::write(
        scene.path().join("base/index.json"),
        r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#,
    )
    .expect("the index is spoiled");
    let finished = pack(&scene, &["--from-layout", "base", "-o", "out"]).expect_code(1);
    let expected = "error[layout-invalid]: `index.json`: expected an index or a manifest, found one that also has `layers`\n  --> base\n";
    assert!(
        finished.stderr_text().starts_with(expected),
        "{}",
        finished.stderr_text()
    );
}

#[test]
fn what_cannot_be_an_image_is_refused_by_name() {
    let scene = scene();
    fs::write(scene.path().join("other"), "#!/bin/sh\n").expect("a script is written");
    fs::create_dir(scene.path().join("empty")).expect("a directory is made");
    let other = ["--platform", "linux/s390x=other"];
    let wrong = ["--platform", "linux/arm64=amd64/app"];
    for (arguments, error) in [
        (&[&["--tag", "v1"][..]][..], "error[nothing-to-pack]"),
        (&[&["--platform", "linux/amd64"]], "error[root-expected]"),
        (&[&["--platform", "linux/amd64=absent"]], "error[root-expected]"),
        (
            &[&["--platform", "linux/amd64=/dev/null"]],
            "error[root-expected]: expected a program or a directory, found something else",
        ),
        (&[&["--platform", "linux/amd64=empty"]], "error[nothing-to-pack]"),
        (
            &[&["--from-layout", "x", "--env", "A=b"]],
            "error[setting-without-image]",
        ),
        (
            &[&["--from-layout", "x", "--base", "y"]],
            "error[setting-without-image]",
        ),
        (&[&AMD64, &AMD64], "error[platform-twice]: `linux/amd64` is given twice"),
        (&[&AMD64, &other], "error[binary-path-needed]"),
        (
            &[&wrong],
            "error[platform-mismatch]: expected a program for `linux/arm64`, found one for `linux/amd64`",
        ),
        (
            &[&AMD64, &["--mode", "tmp=1777"]],
            "error[path-not-in-root]: `tmp` is not in the root",
        ),
        (
            &[&["--from-layout", "docker.io/library/debian:12"]],
            "error[layout-expected]",
        ),
        (&[&["--from-layout", "amd64"]], "error[layout-expected]"),
    ] {
        expect_refusal(&scene, &[&arguments.concat()[..], &["-o", "out"]].concat(), 2, error);
    }
    expect_refusal(
        &scene,
        &["--platform", "linux/amd64=.", "-o", "out"],
        2,
        "error[output-inside]",
    );
}

#[test]
fn a_layout_is_replaced_only_with_the_word_for_it() {
    let scene = scene();
    let first = [&AMD64[..], &["-o", "out"]].concat();
    pack(&scene, &first).expect_code(0);
    let error = "error[output-exists]: `out` is there already\n";
    expect_refusal(&scene, &first, 2, error);
    let second = [&ARM64[..], &["-o", "out", "--replace"]].concat();
    pack(&scene, &second).expect_code(0);
    expect_refusal(
        &scene,
        &[&AMD64[..], &["-o", "amd64", "--replace"]].concat(),
        2,
        "error[output-exists]",
    );
}

#[cfg(unix)]
#[test]
fn bits_that_are_left_out_are_told_unless_they_are_asked_for() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = scene();
    let tmp = scene.path().join("root/tmp");
    fs::create_dir_all(&tmp).expect("a directory is made");
    fs::set_permissions(&tmp, fs::Permissions::from_mode(0o1777)).expect("its mode is set");
    let root = ["--platform", "linux/amd64=root", "-o"];
    let told = pack(&scene, &[&root[..], &["one"]].concat()).expect_code(0);
    assert!(
        told.stderr_text()
            .starts_with("warning: `tmp` has a set-user, set-group or sticky bit")
    );
    let asked = pack(&scene, &[&root[..], &["two", "--mode", "/tmp=1777"]].concat()).expect_code(0);
    assert_eq!(asked.stderr_text(), "");
    assert_ne!(
        told.stdout_text().split(' ').next(),
        asked.stdout_text().split(' ').next()
    );
}
