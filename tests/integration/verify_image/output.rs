//! What is told of images, and which calls make no sense.

use serde_json::{Value, json};

use super::scene::{SIGNER, Scene};
use crate::signed_release::says;

fn signed() -> (Scene, [String; 3]) {
    let (mut scene, digests) = Scene::with_two_images();
    scene.sign(&digests[0]);
    (scene, digests)
}

#[test]
fn every_report_has_the_digest() {
    let (scene, [top, amd, _]) = signed();
    for format in ["text", "json", "sarif", "junit"] {
        let text = scene.accepts(&["--format", format]);
        says(&text, top.strip_prefix("sha256:").unwrap());
    }
    let unsigned = Scene::with_two_images();
    let text = unsigned.0.rejects(
        &["--format", "junit", "--recursive"],
        "<testsuite name=\"manifests\" tests=\"3\" failures=\"3\"",
    );
    says(&text, &unsigned.1[1]);
    says(&scene.accepts(&["--format", "junit"]), &format!("linux/amd64 {amd}"));
    says(
        &unsigned.0.rejects(&["--format", "sarif"], "image-not-signed"),
        &unsigned.1[0],
    );
}

#[test]
fn json_says_of_each_manifest_what_vouches_for_it() {
    let (scene, [top, amd, _]) = signed();
    let report: Value = serde_json::from_str(&scene.accepts(&["--format", "json"])).unwrap();
    let artifact = &report["artifacts"][0];
    assert_eq!(artifact["artifact"], format!("layout:v1@{top}"));
    assert_eq!(artifact["digest"]["sha256"], top.strip_prefix("sha256:").unwrap());
    assert_eq!(artifact["bundles"], json!([0]));
    assert_eq!(report["expected"]["require"], "named");
    assert_eq!(report["expected"]["type"], "signature");
    let manifest = &artifact["image"]["manifests"][1];
    assert_eq!(
        *manifest,
        json!({
            "digest": { "sha256": amd.strip_prefix("sha256:").unwrap() },
            "kind": "image", "platform": "linux/amd64", "about": null, "depth": 1, "parents": [0],
            "verdict": "covered-by-parent", "required": false, "bundles": [], "problems": [],
        })
    );
    assert_eq!(report["bundles"][0]["origin"], "attached");
    assert_eq!(
        report["bundles"][0]["statement"]["predicateType"],
        "https://sigstore.dev/cosign/sign/v1"
    );
    assert_eq!(report["bundles"][0]["notChecked"], json!([]));
    assert_eq!(artifact["image"]["content"], "held");
    assert_eq!(artifact["notChecked"], json!([]));
}

#[test]
fn a_report_stays_out_of_the_layout() {
    let (scene, _) = signed();
    scene.accepts(&["-o", "json=verdicts.json"]);
    assert!(scene.release.path("verdicts.json").is_file());
    let finished = scene.verify(&["-o", "json=layout/verdicts.json"]).expect_code(2);
    says(finished.stderr_text(), "error[output-in-tree]");
}

#[test]
fn calls_that_make_no_sense_are_refused() {
    let (scene, _) = signed();
    let name = "oci://127.0.0.1:1/team/app:v1";
    scene.release.write(
        "minisign.pub",
        "untrusted comment: minisign public key\nRWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n",
    );
    for (arguments, expected) in [
        (&[name, "app.bin"][..], "images-and-files"),
        (&[name, "--bundle", "x.sigstore.json"], "not-for-images"),
        (&["app.bin", "--recursive"], "image-expected"),
        (&["app.bin", "--platform", "linux/amd64"], "image-expected"),
        (&["app.bin", "-a", "a=b"], "image-expected"),
        (&["app.bin", "--require", "all"], "image-expected"),
        (&["app.bin", "--type", "spdx", "--type", "cyclonedx"], "type-several"),
        (&["--oci-layout", name], "layout-expected"),
        (&["--oci-layout", "nothing-here"], "layout-expected"),
        (
            &["--oci-layout", "layout:v1", "-a", "a=b", "--type", "spdx"],
            "annotations-without-signature",
        ),
        (
            &["--oci-layout", "layout:v1", "--source-tag", "v1", "--type", "spdx"],
            "type-is-no-provenance",
        ),
    ] {
        scene.write();
        let finished = scene.release.verify(&[arguments, &SIGNER].concat()).expect_code(2);
        says(finished.stderr_text(), &format!("error[{expected}]"));
    }
    let finished = scene
        .release
        .verify(&[&["--oci-layout", "nothing-here"][..], &SIGNER].concat());
    says(
        finished.stderr_text(),
        "hint: `attest fetch oci://NAME -o DIR` makes a layout",
    );
    let finished = scene
        .release
        .verify(&["--oci-layout", "layout:v1", "--key", "minisign.pub"])
        .expect_code(2);
    says(finished.stderr_text(), "error[key-not-for-images]");
}
