//! Images in registries: what is asked for, how often, and what a refusal is.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::scene::{SIGNER, Scene, payload};
use crate::command::Finished;
use crate::registry::server::{Door, Fault, INDEX, MANIFEST, Registry};
use crate::registry::wire::Answer;
use crate::signed_release::says;

fn verify(scene: &Scene, registry: &Registry, arguments: &[&str]) -> Finished {
    let image = format!("oci://{}/team/app:v1", registry.host());
    scene.release.verify(&[&[&*image], &SIGNER[..], arguments].concat())
}

#[test]
fn a_tag_is_asked_for_once_and_every_manifest_and_blob_once() {
    let (mut scene, [top, amd, _]) = Scene::with_two_images();
    scene.sign(&top);
    scene.sign(&amd);
    scene.attest(&amd, "https://cyclonedx.org/bom", &json!({}));
    let registry = scene.serve();
    let finished = verify(&scene, &registry, &[]).expect_code(0);
    says(
        finished.stdout_text(),
        &format!("ok       oci://{}/team/app:v1@{top}", registry.host()),
    );
    let requests = registry.requests();
    let different: BTreeSet<&String> = requests.iter().collect();
    let top_again = requests
        .iter()
        .filter(|request| request.ends_with(&format!("/manifests/{top}")))
        .count();
    assert_eq!(requests.len(), different.len(), "{requests:#?}");
    assert_eq!(
        (registry.count("GET", "/manifests/v1"), top_again),
        (1, 0),
        "{requests:#?}"
    );
}

#[test]
fn a_registry_and_a_layout_of_the_same_give_the_same_verdict() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let manifests = |finished: Finished, code| {
        let report: Value = serde_json::from_slice(&finished.expect_code(code).stdout).unwrap();
        report["artifacts"][0]["image"]["manifests"].clone()
    };
    let both = |scene: &Scene, code| {
        let json = ["--format", "json"];
        let in_layout = manifests(scene.verify(&json), code);
        assert_eq!(in_layout, manifests(verify(scene, &scene.serve(), &json), code));
        assert_eq!(in_layout.as_array().unwrap().len(), 3);
        in_layout
    };
    assert_eq!(both(&scene, 1)[0]["problems"][0]["code"], "image-not-signed");
    scene.sign(&top);
    assert_eq!(both(&scene, 0)[0]["problems"], json!([]));
}

#[test]
fn a_registry_without_a_list_of_referrers_keeps_them_below_a_tag() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    let referrer = scene.sign(&top);
    let registry = scene.serve();
    registry.state().without_referrers = true;
    let finished = verify(&scene, &registry, &[]).expect_code(1);
    says(finished.stdout_text(), "[image-not-signed]");
    // As cosign writes it: with the type of the configuration, and nothing else that is said of the referrer.
    let entry = json!({
        "mediaType": MANIFEST, "digest": referrer, "size": scene.manifests[&referrer].1.len(),
        "artifactType": "application/vnd.oci.empty.v1+json",
    });
    let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] }).to_string();
    registry.manifest(&top.replace(':', "-"), INDEX, list.as_bytes());
    let finished = verify(&scene, &registry, &[]).expect_code(0);
    says(
        finished.stdout_text(),
        &format!("{}@{referrer}", registry.host().to_owned() + "/team/app"),
    );
}

#[test]
fn an_answer_that_is_no_list_of_referrers_is_never_not_signed() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign(&top);
    let login = Answer::new(200).with("content-type", "text/html").body("<html>");
    for answer in [login, Answer::new(204), Answer::new(400)] {
        let registry = scene.serve();
        for _ in 0..8 {
            registry.fault("GET", "/referrers/", Fault::Instead(answer.clone()));
        }
        let finished = verify(&scene, &registry, &["--platform", "linux/amd64"]);
        says(finished.expect_code(3).stdout_text(), "UNKNOWN");
    }
}

#[test]
fn what_may_not_be_looked_at_is_never_not_signed() {
    let (scene, _) = Scene::with_two_images();
    for target in [
        "/manifests/v1",
        "/referrers/",
        ".sig",
        ".att",
        "/manifests/sha256-",
        "/manifests/sha256:",
    ] {
        let registry = scene.serve();
        let refusal = || Fault::Instead(Answer::error(403, "DENIED", "not for you"));
        for _ in 0..8 {
            registry.fault("GET", target, refusal());
        }
        let finished = verify(&scene, &registry, &["--platform", "linux/amd64"]);
        let text = finished.expect_code(3).stdout_text().to_owned();
        says(&text, "UNKNOWN");
        says(&text, "[registry-denied]");
        assert!(!text.contains("[image-not-signed]"), "{target}: {text}");
    }
}

#[test]
fn a_blob_that_is_another_one_is_rejected() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign(&top);
    let registry = scene.serve();
    for _ in 0..8 {
        registry.fault("GET", "/blobs/sha256:", Fault::Flip);
    }
    let finished = verify(&scene, &registry, &[]).expect_code(1);
    says(finished.stdout_text(), "[blob-mismatch]");
}

#[test]
fn an_image_that_is_not_there_is_undecided_and_others_are_judged() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign(&top);
    let registry = scene.serve();
    let image = |tag: &str| format!("oci://{}/team/app:{tag}", registry.host());
    let both = [image("v1"), image("v2")];
    let both: Vec<&str> = both.iter().map(String::as_str).collect();
    let finished = scene.release.verify(&[&both[..], &SIGNER].concat()).expect_code(3);
    says(finished.stdout_text(), "ok       oci://");
    says(finished.stdout_text(), "[not-in-registry]");
    says(finished.stdout_text(), "1 of 2 artifacts verified");
}

#[test]
fn several_images_wait_for_their_registries_together() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign(&top);
    let tags = ["w1", "w2", "w3", "w4"];
    scene.tags.extend(tags.map(|tag| (tag.to_owned(), top.clone())));
    let registry = scene.serve();
    for target in ["/manifests/w1", "/manifests/w2", "/manifests/w3", "/manifests/w4"] {
        let busy = Answer::error(429, "TOOMANYREQUESTS", "slow down").with("retry-after", 2);
        registry.fault("GET", target, Fault::Instead(busy));
    }
    let images = tags.map(|tag| format!("oci://{}/team/app:{tag}", registry.host()));
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let begin = Instant::now();
    let finished = scene.release.verify(&[&images[..], &SIGNER].concat()).expect_code(0);
    says(finished.stdout_text(), "4 of 4 artifacts verified");
    assert!(begin.elapsed() < Duration::from_secs(7), "{:?}", begin.elapsed());
}

#[test]
fn no_more_than_eight_images_wait_for_a_registry_at_once() {
    let (scene, _) = Scene::with_two_images();
    let registry = scene.serve();
    // None is there, so that each is asked for once.
    let image = |number| format!("oci://{}/team/app:none-{number}", registry.host());
    let images: Vec<String> = (0..20).map(image).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    registry.state().latency = Duration::from_millis(300);
    let finished = scene.release.verify(&[&images[..], &SIGNER].concat()).expect_code(3);
    says(finished.stdout_text(), "0 of 20 artifacts verified");
    let (_, most) = registry.state().busy;
    assert!((5..=8).contains(&most), "{most}");
}

#[test]
fn nothing_is_connected_for_a_layout() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign(&top);
    // Whoever makes a client looks at this file first.
    let credentials = ["--registry-auth-file", "no-such-file.json"];
    scene.accepts(&credentials);
    let finished = verify(&scene, &scene.serve(), &credentials).expect_code(2);
    says(finished.stderr_text(), "error[auth-file-missing]");
}

#[test]
fn a_manifest_or_blob_that_is_larger_than_any_silences_nobody() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign(&top);
    let registry = scene.serve();
    let huge = format!(
        r#"{{"subject":{{"digest":"{top}","size":5}},"padding":"{}"}}"#,
        " ".repeat(5 << 20)
    );
    let huge = registry.manifest("huge", MANIFEST, huge.as_bytes());
    let entry = json!({ "mediaType": MANIFEST, "digest": huge, "size": 7 });
    let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] }).to_string();
    registry.manifest(&top.replace(':', "-"), INDEX, list.as_bytes());
    let finished = verify(&scene, &registry, &[]).expect_code(0);
    says(finished.stdout_text(), "passed over");
    says(finished.stdout_text(), "[blob-mismatch] expected at most 4194304 bytes");
}

#[test]
fn more_referrers_than_are_read_are_undecided_unless_something_else_counts() {
    let (mut scene, [top, ..]) = Scene::with_two_images();
    scene.sign(&top);
    let registry = scene.serve();
    // A list in one page that is larger than any page.
    let list = format!("{{\"manifests\":[{}", " ".repeat(5 << 20));
    let answer = || Fault::Instead(Answer::new(200).with("content-type", INDEX).body(list.clone()));
    let fill = |registry: &Registry| (0..3).for_each(|_| registry.fault("GET", "/referrers/", answer()));
    fill(&registry);
    let finished = verify(&scene, &registry, &["--require", "named"]).expect_code(3);
    says(finished.stdout_text(), "[evidence-too-many] ");
    says(
        finished.stdout_text(),
        "found what cannot be read: expected at most 4194304 bytes from `http://",
    );
    scene.sign_as_before(&top, &payload(&top, &Value::Null));
    let registry = scene.serve();
    fill(&registry);
    let finished = verify(&scene, &registry, &["--require", "named"]).expect_code(0);
    says(finished.stdout_text(), "[evidence-too-many] ");
}

#[test]
fn one_token_serves_all_manifests() {
    let (mut scene, [top, amd, arm]) = Scene::with_two_images();
    for image in [&top, &amd, &arm] {
        scene.sign(image);
    }
    let registry = scene.serve();
    registry.state().door = Door::Bearer("user:password");
    verify(&scene, &registry, &["--recursive"]).expect_code(0);
    assert_eq!(registry.count("GET", "/token"), 1, "{:#?}", registry.requests());
}
