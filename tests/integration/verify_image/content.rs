//! What the manifests of a layout name, which no signature speaks of but by its digest.

use serde_json::{Value, json};

use super::scene::{SIGNER, Scene, digest, digest_of};
use crate::signed_release::says;

/// An index of two images with a layer each.
fn with_layers() -> (Scene, Value) {
    let mut scene = Scene::new();
    let layers = [&b"amd64"[..], b"arm64"].map(|bytes| scene.layer(bytes));
    let images = [
        scene.image_with("linux/amd64", &layers[..1]),
        scene.image_with("linux/arm64", &layers[1..]),
    ];
    let top = scene.index(&images);
    scene.tag("v1", &top);
    scene.sign(&digest_of(&top));
    (scene, top)
}

#[test]
fn a_layer_that_was_changed_is_not_what_was_signed() {
    let (mut scene, _) = with_layers();
    says(&scene.accepts(&[]), "configurations and layers: 4 blobs, as signed");
    let layer = digest(b"arm64");
    for (content, expected) in [
        (
            &b"ARM64"[..],
            format!("[image-content-mismatch] expected blob `{layer}`, found"),
        ),
        (
            b"arm64 and more",
            format!("[image-content-mismatch] expected 5 bytes for blob `{layer}`, found 14"),
        ),
        (
            b"",
            format!("[image-content-mismatch] expected 5 bytes for blob `{layer}`, found 0"),
        ),
    ] {
        scene.blobs.insert(layer.clone(), content.to_vec());
        scene.rejects(&[], &expected);
        // Nobody asked for it.
        scene.accepts(&["--platform", "linux/amd64"]);
    }
    let finished = scene.verify(&["--format", "json"]).expect_code(1);
    let report: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let artifact = &report["artifacts"][0];
    assert_eq!(artifact["image"]["content"], "broken");
    assert_eq!(artifact["verdict"], "rejected");
    assert_eq!(artifact["problems"].as_array().unwrap().len(), 1);
}

#[test]
fn a_configuration_that_was_changed_is_not_what_was_signed() {
    let (mut scene, _) = with_layers();
    let is_configuration = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("\"architecture\"");
    let changed = scene.blobs.iter_mut().find(|(_, bytes)| is_configuration(bytes));
    let (_, bytes) = changed.unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    scene.rejects(&[], "[image-content-mismatch]");
}

#[test]
fn a_layer_that_is_not_there_is_told_unless_it_is_elsewhere() {
    let (mut scene, _) = with_layers();
    let layer = digest(b"arm64");
    scene.blobs.remove(&layer);
    scene.rejects(
        &[],
        &format!("[image-content-missing] blob `{layer}` is not in the layout"),
    );
    scene.accepts(&["--platform", "linux/amd64"]);
    scene.rejects(&["--platform", "linux/arm64"], "[image-content-missing]");
    let mut scene = Scene::new();
    let mut foreign = scene.layer(b"foreign");
    foreign["urls"] = json!(["https://example.com/foreign"]);
    let image = scene.image_with("windows/amd64", &[foreign]);
    scene.tag("v1", &image);
    scene.sign(&digest_of(&image));
    scene.accepts(&[]);
    let foreign = digest(b"foreign");
    scene.blobs.insert(foreign.clone(), b"FOREIGN".to_vec());
    scene.rejects(&[], "[image-content-mismatch]");
    scene.blobs.remove(&foreign);
    std::fs::remove_dir_all(scene.release.path("layout")).unwrap();
    says(&scene.accepts(&[]), "NOT checked: 1 that are elsewhere");
    let report: Value = serde_json::from_str(&scene.accepts(&["--format", "json"])).unwrap();
    assert_eq!(report["artifacts"][0]["notChecked"], json!(["image-content"]));
}

#[test]
fn of_an_image_in_a_registry_it_is_said_that_its_layers_were_not_read() {
    let (scene, _) = with_layers();
    let registry = scene.serve();
    registry.state().blobs.remove(&digest(b"arm64"));
    let image = format!("oci://{}/team/app:v1", registry.host());
    let verify = |arguments: &[&str]| scene.release.verify(&[&[&*image], &SIGNER[..], arguments].concat());
    let finished = verify(&[]).expect_code(0);
    let expected = "NOT checked: configurations and layers, which are in the registry";
    says(finished.stdout_text(), expected);
    let finished = verify(&["--format", "json"]).expect_code(0);
    let report: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let artifact = &report["artifacts"][0];
    assert_eq!(artifact["image"]["content"], "not-read");
    assert_eq!(artifact["notChecked"], json!(["image-content"]));
}
