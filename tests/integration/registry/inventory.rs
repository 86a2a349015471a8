//! What hangs on an image, shown by `attest inspect`.

use serde_json::{Value, json};

use super::attached::{BUNDLE, Inventory, tag_of};
use super::server::{Fault, INDEX, MANIFEST};
use super::sha256;
use super::wire::Answer;

/// What stands in a line before its digest.
fn before_digest(line: &str) -> &str {
    line.split("  sha256:").next().unwrap()
}

#[test]
fn an_image_is_drawn_with_all_that_hangs_on_each_part_of_it() {
    let inventory = Inventory::new();
    let lines = inventory.drawn(&[&inventory.name()]);
    let named = format!("{}@{}", inventory.name().replace("oci://", ""), inventory.scene.digest);
    assert_eq!(lines[0], format!("{named}: an index of 2 images, UNVERIFIED"));
    let attestation = "├─ attestation https://example.com/provenance/v1  claimed by https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.0.0 (https://token.actions.githubusercontent.com)";
    let drawn: Vec<&str> = lines.iter().map(|line| before_digest(line)).collect();
    let after = drawn
        .iter()
        .position(|line| line.starts_with(attestation))
        .unwrap_or_else(|| panic!("{drawn:#?}"));
    assert!(
        drawn[after].ends_with("  2025-03-01T12:00:00Z  referrer"),
        "{}",
        drawn[after]
    );
    // Signatures first, whatever their digests are.
    assert_eq!(
        drawn[after - 1],
        "├─ signature of registry.example.org/team/app  claimed by a key that is not named  tag .sig"
    );
    assert!(drawn[after + 1].starts_with("├─ linux/amd64  1 layer, "), "{drawn:#?}");
    assert_eq!(
        drawn[after + 2],
        "│  └─ application/vnd.cncf.notary.signature, not looked into  2026-11-01T00:00:00Z  referrer"
    );
    assert!(drawn[after + 3].starts_with("└─ linux/arm64  1 layer, "), "{drawn:#?}");
    assert_eq!(
        drawn[after + 4],
        "   └─ SBOM text/spdx+json  signed by nobody  tag .sbom"
    );
    assert_eq!(
        lines.last().unwrap(),
        &format!("Nobody has checked any of this: `attest verify oci://{named}` does.")
    );
    assert!(lines[after + 1].ends_with(&inventory.amd64));
}

#[test]
fn one_document_says_the_same() {
    let inventory = Inventory::new();
    let finished = inventory
        .attest(&["inspect", &inventory.name(), "--format", "json"])
        .expect_code(0);
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    assert_eq!((&document["verified"], &document["files"]), (&json!(false), &json!([])));
    let image = &document["images"][0];
    assert_eq!(image["digest"], *inventory.scene.digest);
    let manifests = image["manifests"].as_array().unwrap();
    let kinds: Vec<&Value> = manifests.iter().map(|manifest| &manifest["kind"]).collect();
    assert_eq!(kinds, ["index", "image", "image"]);
    assert_eq!(manifests[1]["parents"], json!([inventory.scene.digest]));
    assert_eq!(manifests[1]["platform"], "linux/amd64");
    let attached = &manifests[0]["attached"];
    assert_eq!(
        (&attached[1]["kind"], &attached[1]["stored"], &attached[1]["signed"]),
        (&json!("attestation"), &json!("referrer"), &json!(true))
    );
    assert_eq!(
        attached[1]["contents"]["statement"]["subjects"][0]["name"],
        "app-1.0.0.tar.gz"
    );
    assert_eq!(
        (&attached[0]["kind"], &attached[0]["about"]),
        (&json!("signature"), &Value::Null)
    );
    assert_eq!(attached[0]["tag"], tag_of(&inventory.scene.digest, ".sig"));
    let other = &manifests[1]["attached"][0];
    assert_eq!((&other["kind"], &other["signed"]), (&json!("other"), &json!(false)));
    assert_eq!(other["annotations"]["note"], "\u{1b}[2J");
    assert_eq!(manifests[2]["attached"][0]["kind"], "sbom");
}

#[test]
fn a_registry_without_a_list_of_referrers_has_them_below_a_tag() {
    let inventory = Inventory::new();
    let referrer = inventory.referrer(&inventory.arm64, "text/x", ("text/plain", b"\x1b[2J"));
    let entry = json!({"mediaType": MANIFEST, "digest": referrer, "size": 1});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]});
    inventory.manifest(Some(&tag_of(&inventory.arm64, "")), &index);
    let line = |place: &str| format!("text/x, not looked into  2026-11-01T00:00:00Z  {place}");
    let listed = inventory.drawn(&[&inventory.name()]);
    assert!(
        listed.iter().any(|drawn| drawn.ends_with(&line("referrer"))),
        "{listed:#?}"
    );
    inventory.scene.registry.state().without_referrers = true;
    let tagged = inventory.drawn(&[&inventory.name()]);
    assert!(
        tagged.iter().any(|drawn| drawn.ends_with(&line("referrer by its tag"))),
        "{tagged:#?}"
    );
}

#[test]
fn only_what_is_about_a_platform_is_looked_at() {
    let inventory = Inventory::new();
    inventory.scene.registry.state().log.clear();
    let lines = inventory.drawn(&[&inventory.name(), "--platform", "linux/arm64"]);
    assert!(lines.iter().any(|line| line.contains("linux/arm64")));
    assert!(lines.iter().all(|line| !line.contains("linux/amd64")), "{lines:#?}");
    assert_eq!(inventory.scene.registry.count("GET", &inventory.amd64), 0);
    let other = inventory
        .attest(&["inspect", &inventory.name(), "--platform", "linux/s390x"])
        .expect_code(2);
    let expected = "error[platform-missing]: expected an image for linux/s390x, found linux/amd64, linux/arm64\n";
    assert!(other.stderr_text().starts_with(expected), "{}", other.stderr_text());
}

#[test]
fn a_registry_that_does_not_let_one_look_is_no_registry_without_signatures() {
    let inventory = Inventory::new();
    let denied = |code| Answer::error(code, "DENIED", "not for you");
    let login = Answer::new(200).with("content-type", "text/html").body("<html>");
    for (target, answer) in [
        ("/referrers/", denied(403)),
        ("/referrers/", login),
        ("/referrers/", Answer::new(204)),
        ("/referrers/", Answer::new(400)),
        (".sig", denied(401)),
        (".sbom", denied(403)),
    ] {
        for _ in 0..6 {
            let answer = Fault::Instead(answer.clone());
            inventory.scene.registry.fault("GET", target, answer);
        }
        for verb in [&["inspect"][..], &["fetch", "--attestations", "-o", "no"]] {
            let refused = inventory.attest(&[verb, &[&inventory.name()]].concat()).expect_code(3);
            assert_eq!(refused.stdout_text(), "", "{target}");
        }
        inventory.scene.registry.state().forget_faults();
    }
    assert!(!inventory.scene.path("no").exists());
}

#[test]
fn what_cannot_be_read_beside_an_image_is_shown_and_is_no_fault_of_the_image() {
    let inventory = Inventory::new();
    inventory.referrer(&inventory.arm64, BUNDLE, (BUNDLE, b"{\"mediaType\":\"\x1b[2J\"}"));
    let gone = inventory.referrer(&inventory.arm64, BUNDLE, (BUNDLE, b"gone"));
    let blob = sha256(b"gone").to_string();
    inventory.scene.registry.state().blobs.remove(&blob);
    let lines = inventory.drawn(&[&inventory.name()]);
    let unreadable: Vec<&String> = lines.iter().filter(|line| line.contains("unreadable: [")).collect();
    assert_eq!(unreadable.len(), 2, "{lines:#?}");
    assert!(
        unreadable.iter().any(|line| line.contains("[blob-missing]")),
        "{unreadable:?}"
    );
    assert!(lines.iter().all(|line| !line.contains('\u{1b}')));
    let saved = inventory.saved();
    assert!(
        saved
            .stderr_text()
            .starts_with("warning: 1 manifests that hang on the image are left out"),
        "{}",
        saved.stderr_text()
    );
    assert!(!saved.stdout_text().contains(&gone));
}

#[test]
fn what_is_not_looked_at_is_told() {
    let inventory = Inventory::new();
    let mut on = inventory.amd64.clone();
    for depth in 1..=5 {
        let told = inventory
            .drawn(&[&inventory.name()])
            .into_iter()
            .find(|line| line.starts_with("On 1 of these it was not looked for what hangs there: "));
        assert_eq!(told.is_some(), depth == 5, "{told:?}");
        on = inventory.referrer(&on, "text/x", ("text/plain", b"x"));
    }
    let finished = inventory
        .attest(&["inspect", &inventory.name(), "--format", "json"])
        .expect_code(0);
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    assert_eq!(document["images"][0]["notFollowed"], 1);
}

#[test]
fn a_signature_of_another_image_is_drawn_as_that() {
    let inventory = Inventory::new();
    inventory.sign_beside(&inventory.arm64, &inventory.amd64);
    let lines = inventory.drawn(&[&inventory.name()]);
    let about = format!(
        "signature of another image, registry.example.org/team/app@{}  claimed by a key that is not named  tag .sig",
        inventory.amd64
    );
    assert!(lines.iter().any(|line| line.ends_with(&about)), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("unreadable")), "{lines:#?}");
}
