//! `attest sign` on images of registries that say no, keep no lists, or break off in the middle.

use serde_json::Value;

use super::base::Scene;
use super::server::{Door, Fault, INDEX};
use super::wire::Answer;
use crate::command::{Command, Finished};

/// A scene with a key.
fn scene() -> Scene {
    let scene = Scene::new();
    attest(
        &scene,
        &[
            "key",
            "generate",
            "--without-password",
            "--output-key-prefix",
            "release",
        ],
    )
    .expect_code(0);
    scene
}

fn attest(scene: &Scene, arguments: &[&str]) -> Finished {
    Command::attest()
        .args(arguments)
        .env("HOME", scene.path("home"))
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .current_dir(scene.path(""))
        .run()
}

fn sign(scene: &Scene, more: &[&str]) -> Finished {
    let reference = format!("oci://{}/team/app:v1", scene.registry.host());
    let by_key = ["sign", "--key", "release.key", "--no-log", "--no-timestamp", &reference];
    attest(scene, &[&by_key[..], more].concat())
}

fn denied() -> Answer {
    Answer::error(403, "DENIED", "requested access to the resource is denied")
}

fn writes(scene: &Scene) -> usize {
    scene.registry.count("PUT", "/manifests/")
}

#[test]
fn a_tag_that_holds_something_else_is_told_before_anything_is_signed() {
    let scene = scene();
    let tag = format!("{}.sig", scene.digest.replace(':', "-"));
    let other = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
    scene.registry.manifest(&tag, INDEX, other);
    let before = scene.registry.requests().len();
    let finished = sign(&scene, &["--legacy"]).expect_code(3);
    let told = finished.stderr_text();
    assert!(told.contains("error[evidence-tag-taken]"), "{told}");
    assert!(!told.contains("signing with"), "{told}");
    let asked = scene.registry.requests().split_off(before);
    assert!(
        asked
            .iter()
            .all(|request| request.starts_with("GET ") || request.starts_with("HEAD ")),
        "{asked:?}"
    );
    // Whoever stores nothing below it needs no place there.
    sign(&scene, &[]).expect_code(0);
}

#[test]
fn who_may_not_write_is_told_before_anything_is_signed() {
    let scene = scene();
    scene
        .registry
        .fault("POST", "/blobs/uploads/", Fault::Instead(denied()));
    let finished = sign(&scene, &[]).expect_code(3);
    assert!(
        finished.stderr_text().starts_with("oci://"),
        "{}",
        finished.stderr_text()
    );
    assert!(
        finished.stderr_text().contains("error[registry-denied]") && !finished.stderr_text().contains("signing with"),
        "{}",
        finished.stderr_text()
    );
    assert_eq!(writes(&scene), 0);
}

#[test]
fn who_may_not_look_is_told_so() {
    let scene = scene();
    scene.registry.state().door = Door::Basic("user:secret");
    let finished = sign(&scene, &[]).expect_code(3);
    assert!(
        finished.stderr_text().contains("error[registry-unauthorized]"),
        "{}",
        finished.stderr_text()
    );
    scene.registry.state().door = Door::Open;
    scene.registry.fault("GET", "/referrers/", Fault::Instead(denied()));
    let finished = sign(&scene, &["--skip-signed"]).expect_code(3);
    assert!(
        finished.stderr_text().contains("error[registry-denied]"),
        "{}",
        finished.stderr_text()
    );
    assert_eq!(writes(&scene), 0);
}

#[test]
fn what_breaks_off_is_told_and_finished_by_the_same_command() {
    let scene = scene();
    scene.registry.fault("PUT", "/manifests/", Fault::Instead(denied()));
    let finished = sign(&scene, &[]).expect_code(3);
    let said = finished.stderr_text();
    assert!(
        said.contains("error[registry-denied]") && said.contains("--skip-signed"),
        "{said}"
    );
    let (stored, not_stored) = (
        said.matches("\nstored: ").count(),
        said.matches("\nnot stored: ").count(),
    );
    assert_eq!(stored + not_stored, 3, "{said}");
    assert!(
        said.contains(&format!(
            "\nnot stored: {}/team/app@{}\n",
            scene.registry.host(),
            scene.digest
        )),
        "{said}"
    );
    assert_eq!(finished.stdout_text(), "");
    let before = writes(&scene);
    let finished = sign(&scene, &["--skip-signed", "--format", "json"]).expect_code(0);
    let report: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let signatures = report["signatures"].as_array().unwrap();
    let was_there = |signature: &&Value| signature["stored"]["wasThere"] == true;
    assert_eq!(signatures.iter().filter(was_there).count(), stored);
    assert_eq!(writes(&scene) - before, not_stored);
}

#[test]
fn a_registry_without_lists_keeps_signatures_below_a_tag() {
    let scene = scene();
    scene.registry.state().without_referrers = true;
    let finished = sign(&scene, &["--no-recursive", "--format", "json"]).expect_code(0);
    let report: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let manifest = report["signatures"][0]["stored"]["manifest"]
        .as_str()
        .unwrap()
        .to_owned();
    let state = scene.registry.state();
    let (_, index) = &state.manifests[&scene.digest.replace(':', "-")];
    let index: Value = serde_json::from_slice(index).unwrap();
    assert_eq!(index["manifests"][0]["digest"], manifest);
    drop(state);
    let again = sign(&scene, &["--no-recursive", "--skip-signed"]).expect_code(0);
    assert!(
        again.stdout_text().starts_with("already signed "),
        "{}",
        again.stdout_text()
    );
}

#[test]
fn the_same_signature_is_stored_once() {
    let scene = Scene::new();
    let generate = ["key", "generate", "--without-password", "--algorithm", "ed25519"];
    attest(&scene, &[&generate[..], &["--output-key-prefix", "release"]].concat()).expect_code(0);
    let one = sign(&scene, &[]).expect_code(0);
    let writes_of_one = writes(&scene);
    let two = sign(&scene, &[]).expect_code(0);
    // Without log and clock, such a key signs the same bytes in the same way.
    assert_eq!(one.stdout_text().replace("signed", "already signed"), two.stdout_text());
    assert_eq!(writes(&scene), writes_of_one);
}
