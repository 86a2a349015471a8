//! `attest push` and `attest fetch`: what went in comes out, tags move last, and nothing is half done.

use std::fs;

use serde_json::Value;

use super::base::{Scene, tree};
use super::server::{Door, Fault, MANIFEST};
use super::sha256;
use super::wire::Answer;
use crate::command::{Command, Finished};

impl Scene {
    pub(super) fn attest(&self, arguments: &[&str]) -> Finished {
        self.attest_command(arguments).run()
    }

    pub(super) fn attest_command(&self, arguments: &[&str]) -> Command {
        Command::attest()
            .args(arguments)
            .env("ATTEST_CACHE", self.path("cache"))
            .env("HOME", self.path("home"))
            .current_dir(self.path(""))
    }

    /// A place in the registry that has nothing yet.
    pub(super) fn place(&self) -> String {
        format!("oci://{}/team/app:v1", self.registry.host())
    }

    pub(super) fn sends(&self) -> usize {
        ["POST", "PUT", "PATCH"]
            .map(|method| self.registry.count(method, ""))
            .iter()
            .sum()
    }

    /// With an empty registry.
    pub(super) fn empty() -> Self {
        let scene = Self::new();
        let mut state = scene.registry.state();
        state.blobs.clear();
        state.manifests.clear();
        state.log.clear();
        drop(state);
        scene
    }
}

#[test]
fn what_is_pushed_comes_out_as_it_went_in() {
    let scene = Scene::empty();
    let pushed = scene.attest(&["push", "layout:v1", &scene.place()]).expect_code(0);
    let named = format!("{}/team/app:v1@{}\n", scene.registry.host(), scene.digest);
    assert_eq!(pushed.stdout_text(), named);
    scene.attest(&["fetch", &scene.place(), "-o", "fetched"]).expect_code(0);
    assert!(tree(&scene.path("fetched")) == tree(&scene.path("layout")));
    let fetched = scene
        .attest(&["fetch", &format!("oci://{}", named.trim()), "-o", "fetched.tar"])
        .expect_code(0);
    assert_eq!(fetched.stdout_text(), format!("{}  fetched.tar\n", scene.digest));
    scene
        .attest(&["push", "fetched.tar", &scene.place(), "--tag", "latest"])
        .expect_code(0);
    let state = scene.registry.state();
    assert_eq!(state.manifests["v1"], state.manifests["latest"]);
}

#[test]
fn tags_are_written_last_and_a_second_push_sends_nothing_else() {
    let scene = Scene::empty();
    scene
        .attest(&["push", "layout:v1", &scene.place(), "--tag", "stable"])
        .expect_code(0);
    let requests = scene.registry.requests();
    let is_send = |request: &&String| !request.starts_with("HEAD") && !request.starts_with("GET");
    let sends: Vec<&String> = requests.iter().filter(is_send).collect();
    assert!(
        sends[sends.len() - 2].ends_with("PUT /v2/team/app/manifests/v1"),
        "{sends:?}"
    );
    assert!(
        sends[sends.len() - 1].ends_with("PUT /v2/team/app/manifests/stable"),
        "{sends:?}"
    );
    // Four blobs, two manifests, and the index under two tags.
    assert_eq!(scene.sends(), 4 * 2 + 2 + 2);
    scene.registry.state().log.clear();
    let again = scene
        .attest(&["push", "layout:v1", &scene.place(), "--format", "json"])
        .expect_code(0);
    assert_eq!(scene.sends(), 0);
    let document: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(document["schema"], "https://attest.dev/schema/push/v1");
    assert_eq!(
        (&document["blobs"]["present"], &document["blobs"]["sent"]),
        (&4.into(), &0.into())
    );
    assert_eq!(document["digest"], *scene.digest);
}

#[test]
fn a_dry_run_looks_and_sends_nothing() {
    let scene = Scene::empty();
    let looked = scene
        .attest(&["push", "layout:v1", &scene.place(), "--dry-run"])
        .expect_code(0);
    assert_eq!(scene.sends(), 0);
    let talk = looked.stderr_text();
    let would = |start: &str| talk.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(
        (would("would send blob sha256:"), would("would send manifest sha256:")),
        (4, 3),
        "{talk}"
    );
    assert!(talk.contains(&format!("manifest {}, ", scene.digest)), "{talk}");
    assert!(talk.contains(" bytes, as `v1`\n"), "{talk}");
    assert!(talk.contains("\n4 blobs would be sent, "), "{talk}");
    scene.attest(&["push", "layout:v1", &scene.place()]).expect_code(0);
    let again = [
        "push",
        "layout:v1",
        &scene.place(),
        "--tag",
        "new",
        "--dry-run",
        "--format",
        "json",
    ];
    let document: Value = serde_json::from_slice(&scene.attest(&again).expect_code(0).stdout).unwrap();
    let contents = document["contents"].as_array().unwrap();
    let sent: Vec<&Value> = contents.iter().filter(|item| item["state"] != "present").collect();
    assert_eq!(contents.len(), 4 + 2 + 2);
    assert_eq!(sent.len(), 1, "{document}");
    assert_eq!(
        (&sent[0]["tag"], &sent[0]["digest"]),
        (&"new".into(), &(*scene.digest).into())
    );
}

#[test]
fn a_tag_that_names_something_else_is_moved_and_one_that_names_it_is_left() {
    let scene = Scene::empty();
    scene.attest(&["push", "layout:v1", &scene.place()]).expect_code(0);
    let other = scene.registry.manifest("v1", MANIFEST, b"{}");
    assert_ne!(other, scene.digest);
    let dry = ["push", "layout:v1", &scene.place(), "--tag", "new", "--dry-run"];
    let looked = scene.attest(&dry).expect_code(0);
    let talk = looked.stderr_text();
    let tags: Vec<&str> = talk.lines().filter(|line| line.contains(" bytes, as `")).collect();
    assert!(
        tags[0].ends_with(&format!(" bytes, as `v1`, which names {other} now")),
        "{talk}"
    );
    assert!(tags[1].ends_with(" bytes, as `new`"), "{talk}");
    let looked = scene.attest(&[&dry[..], &["--format", "json"]].concat()).expect_code(0);
    let document: Value = serde_json::from_slice(&looked.stdout).unwrap();
    let moved = document["contents"].as_array().unwrap().iter();
    let moved: Vec<&Value> = moved.rev().take(2).map(|item| &item["moved_from"]).collect();
    assert_eq!(moved, [&Value::Null, &other.clone().into()]);
    scene.registry.state().log.clear();
    for sends in [1, 1] {
        scene.attest(&["push", "layout:v1", &scene.place()]).expect_code(0);
        assert_eq!(scene.sends(), sends);
    }
    let state = scene.registry.state();
    assert_eq!(sha256(&state.manifests["v1"].1).to_string(), scene.digest);
}

#[test]
fn only_the_image_for_a_platform_is_pushed_and_its_manifest_alone() {
    let scene = Scene::empty();
    let arguments = [
        "push",
        "layout:v1",
        &scene.place(),
        "--platform",
        "linux/arm64",
        "--format",
        "json",
    ];
    let pushed: Value = serde_json::from_slice(&scene.attest(&arguments).expect_code(0).stdout).unwrap();
    assert_eq!(
        (
            scene.registry.count("PUT", "uploads"),
            scene.registry.count("PUT", "manifests")
        ),
        (2, 1)
    );
    let state = scene.registry.state();
    let (media_type, bytes) = &state.manifests["v1"];
    assert_eq!(
        (&**media_type, sha256(bytes).to_string()),
        (MANIFEST, pushed["digest"].as_str().unwrap().to_owned())
    );
    drop(state);
    let none = ["push", "layout:v1", &scene.place(), "--platform", "linux/s390x"];
    let refused = scene.attest(&none).expect_code(2);
    assert!(
        refused
            .stderr_text()
            .starts_with("error[platform-missing]: the image is not for `linux/s390x`"),
        "{}",
        refused.stderr_text()
    );
}

#[test]
fn what_another_repository_has_is_mounted_from_there() {
    let scene = Scene::empty();
    scene.registry.state().mounts = true;
    let blobs: Vec<_> = fs::read_dir(scene.path("layout/blobs/sha256")).unwrap().collect();
    for blob in blobs {
        scene.registry.blob(&fs::read(blob.unwrap().path()).unwrap());
    }
    // Four blobs, of which this repository says that it has none.
    for _ in 0..4 {
        let none = Answer::error(404, "BLOB_UNKNOWN", "blob unknown");
        scene.registry.fault("HEAD", "/team/app/blobs/", Fault::Instead(none));
    }
    let arguments = [
        "push",
        "layout:v1",
        &scene.place(),
        "--mount-from",
        "team/base",
        "--format",
        "json",
    ];
    let pushed: Value = serde_json::from_slice(&scene.attest(&arguments).expect_code(0).stdout).unwrap();
    assert_eq!(
        (&pushed["blobs"]["mounted"], &pushed["blobs"]["bytes_sent"]),
        (&4.into(), &0.into()),
        "{pushed}"
    );
    assert_eq!(
        (
            scene.registry.count("POST", "from=team%2Fbase"),
            scene.registry.count("PUT", "uploads")
        ),
        (4, 0)
    );
}

#[test]
fn of_several_repositories_the_one_that_has_a_blob_is_asked() {
    let scene = Scene::empty();
    let arguments = [
        "push",
        "layout:v1",
        &scene.place(),
        "--mount-from",
        "team/none",
        "--mount-from",
    ];
    let blobs: Vec<_> = fs::read_dir(scene.path("layout/blobs/sha256")).unwrap().collect();
    for blob in blobs {
        scene.registry.blob(&fs::read(blob.unwrap().path()).unwrap());
    }
    for fault in (0..12).map(|at| at % 3 == 0) {
        let (target, answer) = match fault {
            true => ("/team/none/blobs/", Answer::error(403, "DENIED", "not for you")),
            // Asked before looking for who has it, and before sending.
            false => ("/team/app/blobs/", Answer::new(404)),
        };
        scene.registry.fault("HEAD", target, Fault::Instead(answer));
    }
    // This registry mounts nothing, so that all is sent after all.
    scene.attest(&[&arguments[..], &["team/base"]].concat()).expect_code(0);
    assert_eq!(
        (
            scene.registry.count("POST", "from=team%2Fbase"),
            scene.registry.count("POST", "from=team%2Fnone")
        ),
        (4, 0)
    );
    assert_eq!(scene.registry.count("PUT", "uploads"), 4);
    for name in [
        "oci://registry.example.org/team/base",
        "registry.example.org/team/base",
        "docker.io/team/base",
        "localhost/team/base",
    ] {
        let refused = scene.attest(&[&arguments[..], &[name]].concat()).expect_code(2);
        let talk = refused.stderr_text();
        assert!(talk.starts_with("error[mount-elsewhere]"), "{name}: {talk}");
    }
}

#[test]
fn a_push_that_fails_leaves_the_tag_as_it_was() {
    let scene = Scene::empty();
    for (method, target) in [
        ("POST", "uploads"),
        ("PUT", "uploads"),
        ("PUT", "manifests/sha256:"),
        ("PUT", "manifests/v1"),
    ] {
        let full = Answer::error(507, "STORAGE", "the disk is full");
        scene.registry.fault(method, target, Fault::Instead(full));
        let failed = scene.attest(&["push", "layout:v1", &scene.place()]).expect_code(3);
        assert!(
            failed.stderr_text().contains("STORAGE: the disk is full"),
            "{}",
            failed.stderr_text()
        );
        assert_eq!(failed.stdout_text(), "");
        assert!(!scene.registry.state().manifests.contains_key("v1"));
    }
    scene.attest(&["push", "layout:v1", &scene.place()]).expect_code(0);
    assert!(scene.registry.state().manifests.contains_key("v1"));
}

#[test]
fn a_layout_that_was_spoiled_is_not_pushed() {
    let scene = Scene::empty();
    let blobs = scene.path("layout/blobs/sha256");
    let is_layer = |path: &std::path::Path| fs::read(path).unwrap().starts_with(b"\x1f\x8b");
    let mut paths = fs::read_dir(blobs).unwrap().map(|entry| entry.unwrap().path());
    let layer = paths.find(|path| is_layer(path)).unwrap();
    let mut bytes = fs::read(&layer).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&layer, bytes).unwrap();
    let refused = scene.attest(&["push", "layout:v1", &scene.place()]).expect_code(1);
    assert!(
        refused.stderr_text().starts_with("error[blob-mismatch]"),
        "{}",
        refused.stderr_text()
    );
    assert!(scene.registry.state().manifests.is_empty());
}

#[test]
fn only_the_platform_that_is_asked_for_is_fetched() {
    let scene = Scene::empty();
    scene.attest(&["push", "layout:v1", &scene.place()]).expect_code(0);
    let arguments = ["fetch", &scene.place(), "--platform", "linux/arm64", "-o", "only"];
    scene.attest(&arguments).expect_code(0);
    assert_eq!(scene.registry.count("GET", "/blobs/"), 2);
    let index: Value = serde_json::from_slice(&fs::read(scene.path("only/index.json")).unwrap()).unwrap();
    assert_eq!(index["manifests"][0]["platform"]["architecture"], "arm64");
    let none = ["fetch", &scene.place(), "--platform", "linux/s390x", "-o", "none"];
    let refused = scene.attest(&none).expect_code(2);
    assert!(
        refused
            .stderr_text()
            .starts_with("error[platform-missing]: the image is not for `linux/s390x`"),
        "{}",
        refused.stderr_text()
    );
    let at = format!("--> {}@sha256:", scene.place().trim_start_matches("oci://"));
    assert!(refused.stderr_text().contains(&at), "{}", refused.stderr_text());
    assert!(!scene.path("none").exists());
}

#[test]
fn a_fetch_that_fails_leaves_nothing_behind() {
    let scene = Scene::empty();
    scene.attest(&["push", "layout:v1", &scene.place()]).expect_code(0);
    scene.registry.fault("GET", "/blobs/", Fault::Flip);
    let refused = scene.attest(&["fetch", &scene.place(), "-o", "out"]).expect_code(1);
    assert!(
        refused.stderr_text().starts_with("error[blob-mismatch]"),
        "{}",
        refused.stderr_text()
    );
    assert!(!scene.path("out").exists());
    let missing = scene
        .attest(&["fetch", &scene.place().replace("v1", "v9"), "-o", "out"])
        .expect_code(3);
    assert!(
        missing.stderr_text().starts_with("error[not-in-registry]"),
        "{}",
        missing.stderr_text()
    );
    let offline = scene
        .attest(&["fetch", &scene.place(), "-o", "out", "--offline"])
        .expect_code(2);
    assert!(
        offline.stderr_text().starts_with("error[digest-expected]"),
        "{}",
        offline.stderr_text()
    );
    assert!(!scene.path("out").exists());
}

#[test]
fn pushing_needs_credentials_where_reading_needs_none() {
    let scene = Scene::empty();
    scene.registry.state().door = Door::Bearer("user:password");
    let refused = scene.attest(&["push", "layout:v1", &scene.place()]).expect_code(3);
    assert!(
        refused.stderr_text().starts_with("error[registry-unauthorized]"),
        "{}",
        refused.stderr_text()
    );
    let auth = r#"{"auths":{"HOST":{"auth":"dXNlcjpwYXNzd29yZA=="}}}"#.replace("HOST", scene.registry.host());
    fs::write(scene.path("auth.json"), auth).unwrap();
    let arguments = ["push", "layout:v1", &scene.place(), "--registry-auth-file", "auth.json"];
    scene.attest(&arguments).expect_code(0);
    scene.attest(&["fetch", &scene.place(), "-o", "out"]).expect_code(0);
}

#[test]
fn a_place_with_a_digest_is_wrong_usage() {
    let scene = Scene::empty();
    let place = format!("{}@{}", scene.place(), scene.digest);
    let refused = scene.attest(&["push", "layout:v1", &place]).expect_code(2);
    assert!(
        refused.stderr_text().contains("expected a place without a digest"),
        "{}",
        refused.stderr_text()
    );
    assert!(scene.registry.requests().is_empty());
}

#[test]
fn a_registry_that_stores_another_manifest_gets_no_tag() {
    let scene = Scene::empty();
    let other = Answer::new(201).with("docker-content-digest", sha256(b"another"));
    scene.registry.fault("PUT", "manifests/sha256:", Fault::Instead(other));
    let refused = scene.attest(&["push", "layout:v1", &scene.place()]).expect_code(1);
    assert!(
        refused.stderr_text().starts_with("error[blob-mismatch]"),
        "{}",
        refused.stderr_text()
    );
    assert!(!scene.registry.state().manifests.contains_key("v1"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_registry_on_this_machine_needs_no_authorities_of_the_system() {
    let scene = Scene::empty();
    let nowhere = scene.path("nowhere");
    for arguments in [
        &["push", "layout:v1", &scene.place()][..],
        &["fetch", &scene.place(), "-o", "out"],
    ] {
        let command = scene.attest_command(arguments);
        let command = command.env("SSL_CERT_FILE", &nowhere).env("SSL_CERT_DIR", &nowhere);
        command.run().expect_code(0);
    }
}
