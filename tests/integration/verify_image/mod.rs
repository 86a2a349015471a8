//! `attest verify` on images: what counts, what it covers, and what is only told.

mod content;
mod hostile;
mod output;
mod registries;
mod scene;

use attest_testkit::{LogVersion, WORKFLOW, World};
use serde_json::{Value, json};

use crate::signed_release::says;
use scene::{BUNDLE, PAYLOAD, SIGNATURE, Scene, digest_of, payload};

const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
const CYCLONEDX: &str = "https://cyclonedx.org/bom";
const ITSELF: &str = "signed-itself";
const COVERED: &str = "covered-by-parent";
const UNCOVERED: &str = "uncovered";

#[test]
fn a_signed_index_covers_what_it_names() {
    let (mut scene, [top, amd, _]) = Scene::with_two_images();
    scene.sign(&top);
    let text = scene.accepts(&[]);
    says(&text, &format!("ok       layout:v1@{top}\n"));
    says(&text, "signed itself");
    says(&text, &format!("linux/amd64  {amd}  covered by its signed parent"));
    says(&text, "1 of 1 artifacts verified");
    assert_eq!(scene.verdicts(&[]), [ITSELF, COVERED, COVERED]);
    scene.sign(&amd);
    assert_eq!(scene.verdicts(&[]), [ITSELF, ITSELF, COVERED]);
}

#[test]
fn an_image_that_nobody_signed_is_rejected() {
    let (mut scene, [top, amd, arm]) = Scene::with_two_images();
    scene.rejects(
        &[],
        &format!("[image-not-signed] expected a signature of `{top}`, found none"),
    );
    scene.sign(&amd);
    scene.sign(&arm);
    scene.rejects(&[], "[image-not-signed]");
    assert_eq!(scene.verdicts(&[]), [UNCOVERED, ITSELF, ITSELF]);
}

#[test]
fn each_image_can_be_asked_to_be_signed_itself() {
    let (mut scene, [top, amd, arm]) = Scene::with_two_images();
    scene.sign(&top);
    scene.sign(&amd);
    for each in [
        &["--recursive"][..],
        &["-r"],
        &["--require", "all"],
        &["--require", "images"],
    ] {
        let text = scene.rejects(
            each,
            &format!("[image-not-signed] expected a signature of `{arm}` for linux/arm64"),
        );
        assert_eq!(text.matches("[image-not-signed]").count(), 1, "{text}");
    }
    scene.sign(&arm);
    for each in ["all", "images", "named"] {
        assert_eq!(scene.verdicts(&["--require", each]), [ITSELF; 3]);
        scene.accepts(&["--require", each]);
    }
}

#[test]
fn images_that_are_signed_themselves_need_no_signed_index_where_they_alone_are_asked_for() {
    let (mut scene, [_, amd, arm]) = Scene::with_two_images();
    scene.sign(&amd);
    scene.sign(&arm);
    scene.accepts(&["--require", "images"]);
    assert_eq!(scene.verdicts(&["--require", "images"]), [UNCOVERED, ITSELF, ITSELF]);
    scene.rejects(&["--require", "all"], "[image-not-signed]");
}

#[test]
fn an_index_of_no_image_is_no_image() {
    let mut scene = Scene::new();
    let image = scene.image("linux/amd64");
    let attestation = scene.build_attestation(&image);
    let top = scene.index(&[attestation]);
    scene.tag("v1", &top);
    scene.rejects(&["--require", "images"], "[image-empty]");
    scene.sign(&digest_of(&top));
    scene.rejects(&["--require", "images"], "[image-empty]");
    scene.accepts(&[]);
}

#[test]
fn a_platform_alone_can_be_asked_for() {
    let (mut scene, [_, amd, arm]) = Scene::with_two_images();
    scene.sign(&amd);
    let one = |platform: &'static str| ["--require", "images", "--platform", platform];
    scene.accepts(&one("linux/amd64"));
    assert_eq!(scene.verdicts(&one("linux/amd64")), [UNCOVERED, ITSELF, "left-out"]);
    scene.rejects(&one("linux/arm64"), &arm);
    scene.rejects(
        &one("linux/s390x"),
        "[platform-missing] expected an image for linux/s390x, found none",
    );
}

#[test]
fn an_image_alone_is_for_the_platform_of_its_configuration() {
    let mut scene = Scene::new();
    let image = scene.image("linux/amd64");
    scene.tag("v1", &image);
    scene.sign(&digest_of(&image));
    scene.accepts(&["--platform", "linux/amd64"]);
    scene.rejects(
        &["--platform", "linux/arm64"],
        "[platform-missing] expected an image for linux/arm64, found one for linux/amd64",
    );
}

#[test]
fn a_platform_that_is_not_there_is_undecided_unless_it_is_left_out() {
    let (mut scene, [top, _, arm]) = Scene::with_two_images();
    scene.sign(&top);
    scene.manifests.remove(&arm);
    let text = scene.verify(&[]).expect_code(3).stdout_text().to_owned();
    says(&text, "UNKNOWN");
    says(
        &text,
        &format!("[image-incomplete] expected `{arm}` for linux/arm64, which its index names, found nothing"),
    );
    scene.accepts(&["--platform", "linux/amd64"]);
}

#[test]
fn attestations_of_buildkit_are_covered_and_need_no_signature() {
    let mut scene = Scene::new();
    let image = scene.image("linux/amd64");
    let attestation = scene.build_attestation(&image);
    let top = scene.index(&[image.clone(), attestation]);
    scene.tag("v1", &top);
    scene.sign(&digest_of(&top));
    scene.sign(&digest_of(&image));
    let text = scene.accepts(&["--recursive"]);
    says(&text, &format!("build-attestation of {}", &digest_of(&image)[..19]));
    assert_eq!(scene.verdicts(&["--recursive"]), [ITSELF, ITSELF, COVERED]);
}

#[test]
fn nested_indexes_cover_what_is_below_them_and_not_what_is_beside() {
    let mut scene = Scene::new();
    let (amd, arm) = (scene.image("linux/amd64"), scene.image("linux/arm64"));
    let inner = scene.index(std::slice::from_ref(&amd));
    let top = scene.index(&[inner.clone(), arm]);
    scene.tag("v1", &top);
    scene.sign(&digest_of(&inner));
    assert_eq!(scene.verdicts(&[]), [UNCOVERED, ITSELF, UNCOVERED, COVERED]);
    scene.rejects(&[], "[image-not-signed]");
    scene.sign(&digest_of(&top));
    assert_eq!(scene.verdicts(&[]), [ITSELF, ITSELF, COVERED, COVERED]);
    scene.accepts(&[]);
}

#[test]
fn provenance_is_no_signature_and_a_signature_is_no_attestation() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.attest(&top, CYCLONEDX, &json!({}));
    scene.rejects(
        &[],
        "[predicate-type-mismatch] expected a signature, found a statement of type `https://cyclonedx.org/bom`",
    );
    scene.accepts(&["--type", "cyclonedx"]);
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign(&top);
    scene.rejects(&["--type", "cyclonedx"], "[image-not-attested]");
    for word in ["signature", SIGNATURE] {
        scene.accepts(&["--type", word]);
    }
}

#[test]
fn of_several_types_each_has_to_be_there() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let all = ["--type", "signature", "--type", "cyclonedx", "--type", "openvex"];
    scene.sign(&top);
    scene.attest(&top, CYCLONEDX, &json!({}));
    scene.rejects(
        &all,
        "[image-not-attested] expected a statement of type `https://openvex.dev/ns`",
    );
    scene.attest(&top, "https://openvex.dev/ns", &json!({}));
    let text = scene.accepts(&all);
    says(&text, "covered by its signed and attested parent");
    says(&scene.accepts(&all[2..]), "covered by its attested parent");
}

#[test]
fn what_is_asked_of_a_build_is_asked_of_provenance() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign(&top);
    let asked = ["--builder-id", WORKFLOW, "--source-tag", "v1.0.0"];
    scene.rejects(&asked, "[image-not-attested] expected SLSA provenance");
    scene.attest(&top, PROVENANCE, &crate::verify_build::provenance());
    let text = scene.accepts(&asked);
    says(
        &text,
        "built by      https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.0.0",
    );
    scene.rejects(&["--source-tag", "v2.0.0"], "[source-ref-mismatch]");
    scene.accepts(&[]);
    scene.accepts(&[&asked[..], &["--type", "signature", "--type", "slsaprovenance1"]].concat());
    scene.rejects(
        &["--source-tag", "v2.0.0", "--type", "slsaprovenance1"],
        "[source-ref-mismatch]",
    );
}

#[test]
fn annotations_are_held_against_what_was_signed() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign_with(&top, &json!({ "channel": "stable" }));
    let text = scene.accepts(&["-a", "channel=stable"]);
    says(&text, "annotations");
    scene.rejects(&["-a", "channel=beta"], "[annotation-mismatch] `sha256:");
    scene.rejects(
        &["--annotations", "channel=stable", "-a", "more=1"],
        "expected annotation `more` to be `1`, found none",
    );
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign_as_before(&top, &payload(&top, &json!({ "channel": "stable" })));
    scene.accepts(&["-a", "channel=stable"]);
    scene.rejects(&["-a", "channel=beta"], "to be `beta`, found `stable`");
}

#[test]
fn signatures_and_attestations_of_cosign_2_count() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign_as_before(&top, &payload(&top, &Value::Null));
    let text = scene.accepts(&[]);
    says(&text, "signed as     registry.example.com/team/app");
    says(
        &text,
        "checked       signature, certificate, certificate-transparency, identity, issuer, transparency-log, signed-time",
    );
    scene.rejects(&["--type", "cyclonedx"], "[image-not-attested]");
    scene.attest_as_before(&top, CYCLONEDX);
    scene.accepts(&["--type", "cyclonedx", "--type", "signature"]);
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.attest_as_before(&top, CYCLONEDX);
    scene.rejects(&[], "[predicate-type-mismatch]");
}

#[test]
fn a_key_that_is_known_beforehand_signs_images_too() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let statement = Scene::statement(&top, SIGNATURE, &json!({}));
    let bundle = scene.release.signer().sign_statement(&statement).unwrap().to_string();
    scene.attach(&top, BUNDLE, bundle.as_bytes());
    scene.write();
    let by = |key: &str| scene.release.verify(&["--oci-layout", "layout:v1", "--key", key]);
    by("key.pub").expect_code(0);
    let other = attest_testkit::KeySigner::new(scene.world(), 99).public_key_pem();
    scene.release.write("other.pub", other);
    by("other.pub").expect_code(1);
    scene.rejects(&[], "[key-material-mismatch]");
}

#[test]
fn a_signature_by_the_key_that_lacks_a_log_entry_is_nearer_than_one_by_somebody_else() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let statement = Scene::statement(&top, SIGNATURE, &json!({}));
    let bundle = scene.release.signer().sign_statement(&statement).unwrap().to_string();
    let mut unlogged: Value = serde_json::from_str(&bundle).unwrap();
    unlogged["verificationMaterial"]["tlogEntries"] = json!([]);
    scene.attach(&top, BUNDLE, unlogged.to_string().as_bytes());
    scene.sign(&top);
    scene.write();
    let finished = scene.release.verify(&["--oci-layout", "layout:v1", "--key", "key.pub"]);
    let text = finished.expect_code(1).stdout_text().to_owned();
    says(&text, &format!("[no-log-entry] `{top}`"));
    assert!(!text.contains(&format!("[key-material-mismatch] `{top}`")), "{text}");
}

#[test]
fn an_image_for_a_platform_is_asked_for_however_an_index_spells_it() {
    for spelling in ["linux/x86_64", "linux/x86-64", "linux/x64"] {
        let mut scene = Scene::new();
        let images = [scene.image(spelling), scene.image("linux/amd64")];
        let top = scene.index(&images);
        scene.tag("v1", &top);
        let [other, amd] = images.map(|entry| digest_of(&entry));
        scene.sign(&amd);
        let one = ["--require", "images", "--platform", "linux/amd64"];
        scene.rejects(&one, &format!("[image-not-signed] expected a signature of `{other}`"));
        scene.sign(&other);
        scene.accepts(&one);
        scene.rejects(
            &["--require", "images", "--platform", "linux/s390x"],
            "[platform-missing]",
        );
    }
}

#[test]
fn who_signed_instead_is_told() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign(&top);
    scene.write();
    let somebody = [
        "--certificate-identity",
        "somebody@example.com",
        "--certificate-oidc-issuer",
        "https://example.com",
    ];
    let finished = scene
        .release
        .verify(&[&["--oci-layout", "layout:v1"], &somebody[..]].concat());
    let text = finished.expect_code(1).stdout_text().to_owned();
    says(&text, "[identity-mismatch]");
    says(&text, WORKFLOW);
    let nobody = scene.release.verify(&["--oci-layout", "layout:v1"]).expect_code(2);
    says(nobody.stderr_text(), "error[no-identity]");
    says(nobody.stderr_text(), &format!("identity {WORKFLOW}"));
}

#[test]
fn what_hangs_there_for_somebody_else_is_passed_over() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let stranger = World::new(9).unwrap();
    let statement = Scene::statement(&top, SIGNATURE, &json!({}));
    let bundle = stranger.sign_statement(&statement, LogVersion::V2).unwrap();
    scene.attach(&top, BUNDLE, bundle.as_json());
    scene.attach(&top, "application/jose+json", b"{}");
    scene.attach(&top, "text/spdx+json", b"{}");
    scene.attach(&top, BUNDLE, b"no bundle");
    let text = scene.rejects(&[], "FAILED");
    assert!(!text.contains("[image-not-signed]"), "{text}");
    scene.sign(&top);
    let text = scene.accepts(&[]);
    assert_eq!(text.matches("passed over").count(), 4, "{text}");
    says(
        &text,
        "[not-evidence] expected evidence of Sigstore, found `application/jose+json`",
    );
}

#[test]
fn a_signature_over_the_bytes_of_a_manifest_is_no_signature_of_an_image() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let manifest = scene.manifests[&top].1.clone();
    let bundle = scene.world().sign_artifact(&manifest, LogVersion::V2).unwrap();
    scene.attach(&top, BUNDLE, bundle.as_json());
    scene.rejects(
        &[],
        "[predicate-type-mismatch] expected a signature, found a signature over bytes",
    );
}

#[test]
fn a_payload_has_to_speak_of_the_image() {
    for (changed, expected) in [
        (
            (
                "docker-manifest-digest\":\"sha256:",
                "docker-manifest-digest\":\"sha256:0",
            ),
            "[payload-invalid]",
        ),
        (("cosign container image", "cosign something"), "[payload-invalid]"),
    ] {
        let (mut scene, [top, ..]) = Scene::with_two_images();
        let text = payload(&top, &Value::Null);
        let wrong = text.replace(changed.0, changed.1);
        assert_ne!(wrong, text);
        scene.sign_as_before(&top, &wrong);
        scene.rejects(&[], expected);
    }
    let (mut scene, [top, amd, _]) = Scene::with_two_images();
    scene.sign_as_before(&top, &payload(&amd, &Value::Null));
    scene.rejects(&[], "[digest-mismatch]");
}

#[test]
fn a_payload_that_was_changed_is_not_what_was_signed() {
    let (mut scene, [top, amd, _]) = Scene::with_two_images();
    scene.sign_as_before(&amd, &payload(&amd, &Value::Null));
    let tag = format!("{}.sig", amd.replace(':', "-"));
    let manifest = String::from_utf8(scene.manifests[&scene.tags[&tag]].1.clone()).unwrap();
    let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
    let forged = payload(&top, &Value::Null);
    manifest["layers"][0]["digest"] = json!(scene.blob(forged.as_bytes()));
    manifest["layers"][0]["size"] = json!(forged.len());
    assert_eq!(manifest["layers"][0]["mediaType"], PAYLOAD);
    let entry = scene.manifest("application/vnd.oci.image.manifest.v1+json", &manifest);
    scene.tag(&format!("{}.sig", top.replace(':', "-")), &entry);
    let text = scene.rejects(&[], "[signature-invalid]");
    assert!(!text.contains("[image-not-signed]"), "{text}");
}
