//! What somebody who may push can hang on an image, and what an index can say.

use serde_json::{Value, json};

use super::scene::{BUNDLE, SIGNATURE, SIGNER, Scene, digest_of, payload};
use crate::registry::server::{INDEX, MANIFEST};
use crate::signed_release::says;
use attest_testkit::LogVersion;

#[test]
fn a_statement_about_another_image_does_not_count() {
    let (mut scene, [top, amd, _]) = Scene::with_two_images();
    let statement = Scene::statement(&amd, SIGNATURE, &json!({}));
    let bundle = scene.world().sign_statement(&statement, LogVersion::V2).unwrap();
    scene.attach(&top, BUNDLE, bundle.as_json());
    scene.rejects(&[], "[subject-missing]");
}

#[test]
fn an_attestation_of_a_file_that_names_an_image_is_no_signature_of_the_image() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let payload = payload(&top, &Value::Null);
    scene.attest_file_as_before(&top, &payload);
    let text = scene.rejects(&[], "[image-not-signed]");
    says(&text, "[evidence-not-a-signature]");
    scene.sign_as_before(&top, &payload);
    scene.accepts(&[]);
}

#[test]
fn evidence_that_is_too_large_to_be_looked_at_is_undecided() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let lines = "{}\n".repeat(5000);
    scene.attach(&top, BUNDLE, lines.as_bytes());
    let text = scene.verify(&[]).expect_code(3).stdout_text().to_owned();
    says(&text, "[evidence-not-read]");
    scene.sign(&top);
    scene.accepts(&[]);
}

#[test]
fn a_referrer_that_says_it_is_about_another_image_is_not_that_of_this_one() {
    let (mut scene, [top, amd, _]) = Scene::with_two_images();
    let referrer = scene.sign(&amd);
    // Below the fallback tag anybody may list anything.
    let entry = json!({ "mediaType": MANIFEST, "digest": referrer, "size": scene.manifests[&referrer].1.len() });
    let list = scene.manifest(
        INDEX,
        &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] }),
    );
    scene.tag(&top.replace(':', "-"), &list);
    scene.rejects(&[], "[image-not-signed]");
}

#[test]
fn an_image_that_is_called_an_attestation_has_to_be_signed() {
    let mut scene = Scene::new();
    let (signed, hidden) = (scene.image("linux/amd64"), scene.image("linux/arm64"));
    let mut disguised = scene.build_attestation(&signed);
    disguised["digest"] = hidden["digest"].clone();
    disguised["size"] = hidden["size"].clone();
    disguised["platform"] = hidden["platform"].clone();
    let top = scene.index(&[signed.clone(), disguised]);
    scene.tag("v1", &top);
    scene.sign(&digest_of(&signed));
    scene.rejects(&["--require", "images"], &digest_of(&hidden));
}

#[test]
fn what_is_no_manifest_has_to_be_covered() {
    let mut scene = Scene::new();
    let image = scene.image("linux/amd64");
    let other = json!({ "mediaType": "application/x-anything", "digest": scene.blob(b"anything"), "size": 8 });
    let top = scene.index(&[image.clone(), other]);
    scene.tag("v1", &top);
    scene.sign(&digest_of(&image));
    scene.rejects(&["--require", "images"], "[image-uncovered]");
    scene.sign(&digest_of(&top));
    scene.accepts(&["--require", "images"]);
    scene.accepts(&[]);
}

#[test]
fn evidence_that_is_listed_and_not_there_is_undecided() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let referrer = scene.sign(&top);
    let manifest: Value = serde_json::from_slice(&scene.manifests[&referrer].1).unwrap();
    let blob = digest_of(&manifest["layers"][0]);
    let content = scene.blobs.remove(&blob).unwrap();
    let text = scene.verify(&[]).expect_code(3).stdout_text().to_owned();
    says(
        &text,
        &format!("[evidence-not-read] expected a signature of `{top}`, found what cannot be read"),
    );
    says(&text, &blob);
    scene.sign_with(&top, &json!({ "again": "1" }));
    std::fs::remove_dir_all(scene.release.path("layout")).unwrap();
    says(&scene.accepts(&[]), "[evidence-missing]");
    scene.blobs.insert(blob, content);
    scene.accepts(&[]);
}

#[test]
fn what_a_layout_names_and_lacks_is_undecided_and_silences_nobody() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let referrer = scene.sign(&top);
    scene.write();
    let manifest = scene
        .release
        .path("layout/blobs/sha256")
        .join(&referrer["sha256:".len()..]);
    let verify = |scene: &Scene| {
        scene
            .release
            .verify(&[&["--oci-layout", "layout:v1"][..], &SIGNER].concat())
    };
    verify(&scene).expect_code(0);
    std::fs::remove_file(&manifest).unwrap();
    let finished = verify(&scene).expect_code(3);
    says(
        finished.stdout_text(),
        &format!("expected `{referrer}`, which is listed, found nothing"),
    );
    scene.sign_as_before(&top, &payload(&top, &Value::Null));
    std::fs::remove_dir_all(scene.release.path("layout")).unwrap();
    scene.write();
    std::fs::remove_file(&manifest).unwrap();
    says(verify(&scene).expect_code(0).stdout_text(), "[evidence-missing]");
}

#[test]
fn an_index_that_is_too_deep_is_refused() {
    let mut scene = Scene::new();
    let mut top = scene.image("linux/amd64");
    for _ in 0..5 {
        top = scene.index(&[top]);
    }
    scene.tag("v1", &top);
    scene.sign(&digest_of(&top));
    scene.rejects(&[], "[image-too-deep]");
}

#[test]
fn many_referrers_are_counted_and_a_good_one_among_them_counts() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    for number in 0..60 {
        scene.attach(&top, "application/x-noise", format!("{number}").as_bytes());
    }
    scene.rejects(&[], "found none among 60 that are something else");
    scene.sign(&top);
    let text = scene.accepts(&[]);
    says(&text, "passed over 40 more pieces of evidence");
}

#[test]
fn a_size_that_is_a_lie_is_told_and_silences_nobody() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let referrer = scene.sign(&top);
    let mut lie: Value = serde_json::from_slice(&scene.manifests.remove(&referrer).unwrap().1).unwrap();
    scene.referrers.clear();
    lie["layers"][0]["size"] = json!(7);
    let entry = scene.manifest(MANIFEST, &lie);
    scene.referrers.insert(digest_of(&entry));
    scene.rejects(&[], "[blob-mismatch] `sha256:");
    scene.sign_with(&top, &json!({ "again": "1" }));
    let text = scene.accepts(&[]);
    says(&text, "passed over");
    says(&text, "[blob-mismatch] expected 7 bytes for blob");
}

#[test]
fn what_a_referrer_calls_itself_decides_nothing() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let rename = |scene: &mut Scene, referrer: &str, name: &str| {
        let mut manifest: Value = serde_json::from_slice(&scene.manifests.remove(referrer).unwrap().1).unwrap();
        scene.referrers.remove(referrer);
        manifest["artifactType"] = json!(name);
        let entry = scene.manifest(MANIFEST, &manifest);
        scene.referrers.insert(digest_of(&entry));
    };
    let notation = scene.attach(&top, "application/jose+json", b"{}");
    rename(&mut scene, &notation, BUNDLE);
    scene.rejects(&[], "[image-not-signed]");
    let signature = scene.sign(&top);
    rename(&mut scene, &signature, "application/vnd.cncf.notary.signature");
    scene.accepts(&[]);
}

#[test]
fn a_referrer_that_a_layout_holds_and_does_not_name_counts_for_what_it_is_about() {
    let (mut scene, [top, amd, _]) = Scene::with_two_images();
    scene.sign(&amd);
    scene.referrers.clear();
    scene.rejects(&[], "[image-not-signed]");
    assert_eq!(scene.verdicts(&[]), ["uncovered", "signed-itself", "uncovered"]);
    scene.sign(&top);
    scene.referrers.clear();
    scene.accepts(&[]);
}

#[test]
fn what_an_index_that_nobody_signed_calls_an_image_has_to_be_so() {
    let mut scene = Scene::new();
    let image = scene.image("linux/s390x");
    scene.sign(&digest_of(&image));
    let called = |scene: &mut Scene, architecture: &str| {
        let mut entry = image.clone();
        entry["platform"]["architecture"] = json!(architecture);
        let top = scene.index(&[entry]);
        scene.tag("v1", &top);
        digest_of(&top)
    };
    called(&mut scene, "s390x");
    scene.accepts(&["--require", "images"]);
    let top = called(&mut scene, "amd64");
    let amd = ["--require", "images", "--platform", "linux/amd64"];
    scene.rejects(&amd, "[platform-mismatch]");
    scene.sign(&top);
    scene.accepts(&amd);
}

#[test]
fn every_variant_of_an_architecture_is_asked_for() {
    let mut scene = Scene::new();
    let image = scene.image("linux/amd64");
    let mut other = scene.image("linux/amd64");
    other["platform"]["variant"] = json!("v3");
    let top = scene.index(&[image.clone(), other.clone()]);
    scene.tag("v1", &top);
    scene.sign(&digest_of(&image));
    let amd = ["--require", "images", "--platform", "linux/amd64"];
    scene.rejects(&amd, &digest_of(&other));
    scene.accepts(&["--require", "images", "--platform", "linux/amd64/v1"]);
}
