//! What hangs on an image, saved with it by `attest fetch --attestations` and pushed with it again.

use std::fs;

use serde_json::{Value, json};

use super::attached::{BUNDLE, Inventory, SIGNATURE, tag_of};
use super::base::tree;
use super::server::{INDEX, MANIFEST};
use super::sha256;
use crate::fixtures::directory;

/// Whoever may write to a repository may not keep others from saving what is in it.
#[test]
fn what_lies_beside_an_image_and_is_not_what_names_it_says_keeps_nobody_from_saving_it() {
    let inventory = Inventory::new();
    let subject = json!({"mediaType": INDEX, "digest": inventory.scene.digest, "size": 1});
    let empty = || inventory.descriptor("application/vnd.oci.empty.v1+json", b"{}");
    let mut lies = Vec::new();
    for (name, size) in [("larger", 8), ("smaller", 6), ("huge", u64::MAX)] {
        let mut layer = inventory.descriptor("text/plain", b"content");
        layer["size"] = json!(size);
        lies.push(json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": name,
            "config": empty(), "layers": [layer], "subject": subject}));
    }
    let other = sha256(b"is another").to_string();
    let mut state = inventory.scene.registry.state();
    state.blobs.insert(other.clone(), b"something".to_vec());
    drop(state);
    let layer = json!({"mediaType": "text/plain", "digest": other, "size": 9});
    lies.push(
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "other",
        "config": empty(), "layers": [layer], "subject": subject}),
    );
    let lies: Vec<String> = lies.iter().map(|lie| inventory.manifest(None, lie)).collect();
    let saved = inventory.saved();
    let warning = "warning: 4 manifests that hang on the image are left out";
    assert!(saved.stderr_text().starts_with(warning), "{}", saved.stderr_text());
    assert!(lies.iter().all(|lie| !saved.stdout_text().contains(lie)));
    let document: Value = serde_json::from_slice(&saved.stdout).unwrap();
    assert_eq!(document["attached"].as_array().unwrap().len(), 4);
}

#[test]
fn an_image_is_saved_with_everything_that_hangs_on_it() {
    let inventory = Inventory::new();
    let saved = inventory.saved();
    let document: Value = serde_json::from_slice(&saved.stdout).unwrap();
    assert_eq!(document["digest"], *inventory.scene.digest);
    assert_eq!(document["attached"].as_array().unwrap().len(), 4);
    let index: Value = serde_json::from_slice(&fs::read(inventory.scene.path("saved/index.json")).unwrap()).unwrap();
    let entries = index["manifests"].as_array().unwrap();
    let name = |place: usize| entries[place]["annotations"]["org.opencontainers.image.ref.name"].clone();
    assert_eq!(name(0), "v1");
    // A referrer cannot call itself what the image is called.
    assert_eq!((&entries[1]["artifactType"], name(1)), (&json!(BUNDLE), Value::Null));
    assert_eq!(name(2), tag_of(&inventory.scene.digest, ".sig"));
    let asked = inventory.scene.registry.requests().len();
    let online = inventory.drawn(&[&inventory.name()]);
    let online_asked = inventory.scene.registry.requests().len();
    assert!(online_asked > asked);
    let offline = inventory.drawn(&["--oci-layout", "saved"]);
    assert_eq!(inventory.scene.registry.requests().len(), online_asked);
    assert_eq!(online[1..online.len() - 1], offline[1..offline.len() - 1]);
    inventory
        .attest(&["fetch", &inventory.name(), "--attestations", "-o", "again"])
        .expect_code(0);
    assert!(tree(&inventory.scene.path("saved")) == tree(&inventory.scene.path("again")));
}

#[test]
fn one_platform_is_saved_with_what_hangs_on_it_alone() {
    let inventory = Inventory::new();
    let arguments = ["--attestations", "--platform", "linux/arm64", "-o", "only"];
    inventory
        .attest(&[&["fetch", &inventory.name()], &arguments[..]].concat())
        .expect_code(0);
    let lines = inventory.drawn(&["--oci-layout", "only"]);
    assert!(lines[0].contains(": an image for linux/arm64, 1 layer, "), "{lines:#?}");
    assert!(
        lines.iter().any(|line| line.contains("SBOM text/spdx+json")),
        "{lines:#?}"
    );
    assert!(
        lines
            .iter()
            .all(|line| !line.contains("notary") && !line.contains("claimed")),
        "{lines:#?}"
    );
    let offline = inventory
        .attest(&["fetch", &inventory.name(), "--attestations", "--offline", "-o", "no"])
        .expect_code(2);
    assert!(offline.stderr_text().contains("--offline"), "{}", offline.stderr_text());
}

#[test]
fn what_was_saved_is_pushed_again_with_everything_that_hangs_on_it() {
    let inventory = Inventory::new();
    inventory
        .attest(&["fetch", &inventory.name(), "--attestations", "-o", "saved"])
        .expect_code(0);
    let before = inventory.drawn(&[&inventory.name()]);
    for without_referrers in [false, true] {
        inventory.empty(without_referrers);
        let push = || {
            inventory
                .attest(&["push", "saved", &inventory.name(), "--attestations"])
                .expect_code(0)
        };
        let pushed = push();
        assert!(
            pushed.stderr_text().contains("4 manifests attached; 0 were there"),
            "{}",
            pushed.stderr_text()
        );
        let place = if without_referrers {
            "referrer by its tag"
        } else {
            "referrer"
        };
        let expected: Vec<String> = before
            .iter()
            .map(|line| line.replace("  referrer", &format!("  {place}")))
            .collect();
        assert_eq!(inventory.drawn(&[&inventory.name()]), expected);
        assert!(push().stderr_text().contains("0 manifests attached; 4 were there"));
        // What somebody else signed meanwhile stays.
        let tag = tag_of(&inventory.scene.digest, ".sig");
        let (media_type, signed) = inventory.scene.registry.state().manifests[&tag].clone();
        let other = String::from_utf8(signed).unwrap().replace(SIGNATURE, "MAYCAQUCAQc=");
        inventory.scene.registry.manifest(&tag, &media_type, other.as_bytes());
        push();
        let signatures = inventory.drawn(&[&inventory.name()]);
        assert_eq!(
            signatures.iter().filter(|line| line.contains("signature of ")).count(),
            2
        );
    }
    let refused = inventory
        .attest(&[
            "push",
            "amd64/app",
            &inventory.name(),
            "--attestations",
            "--artifact-type",
            "a/b",
        ])
        .expect_code(2);
    assert!(
        refused.stderr_text().starts_with("error[option-of-another-kind]"),
        "{}",
        refused.stderr_text()
    );
}

#[test]
fn what_hangs_on_what_hangs_on_an_image_is_drawn_saved_and_pushed() {
    let inventory = Inventory::new();
    let list = inventory.referrer(
        &inventory.arm64,
        "application/spdx+json",
        ("application/spdx+json", b"{}"),
    );
    let bundle = fs::read(directory().join("accept/statement-rekor-v2/bundle.sigstore.json")).unwrap();
    let signature = inventory.referrer(&list, BUNDLE, (BUNDLE, &bundle));
    inventory.sign(&signature);
    let drawn = inventory.drawn(&[&inventory.name()]);
    let place = |lines: &[String]| {
        let list = lines
            .iter()
            .position(|line| line.contains(" SBOM application/spdx+json"));
        list.unwrap_or_else(|| panic!("{lines:#?}"))
    };
    let at = place(&drawn);
    assert!(
        drawn[at].starts_with("   ├─ ") || drawn[at].starts_with("   └─ "),
        "{drawn:#?}"
    );
    assert!(
        drawn[at + 1].contains("└─ attestation https://example.com/provenance/v1"),
        "{drawn:#?}"
    );
    assert!(
        drawn[at + 2].contains("   └─ signature of registry.example.org/team/app"),
        "{drawn:#?}"
    );
    let saved = inventory.saved();
    let document: Value = serde_json::from_slice(&saved.stdout).unwrap();
    assert_eq!(document["attached"].as_array().unwrap().len(), 7);
    let offline = inventory.drawn(&["--oci-layout", "saved"]);
    assert_eq!(drawn[1..drawn.len() - 1], offline[1..offline.len() - 1]);
    for without_referrers in [false, true] {
        inventory.empty(without_referrers);
        let silent = inventory.attest(&["push", "saved", &inventory.name()]).expect_code(0);
        let warning = "warning: 7 manifests that hang on the image in the layout, such as signatures, are not pushed; `--attestations` pushes them\n";
        assert!(silent.stderr_text().contains(warning), "{}", silent.stderr_text());
        let pushed = inventory
            .attest(&["push", "saved", &inventory.name(), "--attestations"])
            .expect_code(0);
        assert!(
            pushed.stderr_text().contains("7 manifests attached; 0 were there"),
            "{}",
            pushed.stderr_text()
        );
        assert!(!pushed.stderr_text().contains("warning"), "{}", pushed.stderr_text());
        let again = inventory.drawn(&[&inventory.name()]);
        let again: Vec<String> = again
            .iter()
            .map(|line| line.replace("  referrer by its tag", "  referrer"))
            .collect();
        assert_eq!(again, drawn);
    }
}

/// Names a document in a layout by a tag.
fn name_in(layout: &std::path::Path, tag: &str, document: &[u8]) {
    let additions = attest_archive::image::Additions::open(layout).unwrap();
    let put = additions.insert(INDEX, document).unwrap();
    let place = attest_archive::image::EntryPlace::Tag(tag);
    assert!(additions.name(&put, place, |_| Ok(true)).unwrap());
}

#[test]
fn what_hangs_on_a_saved_image_and_is_not_pushed_is_told() {
    let inventory = Inventory::new();
    inventory
        .attest(&["fetch", &inventory.name(), "--attestations", "-o", "saved"])
        .expect_code(0);
    let layout = inventory.scene.path("saved");
    let push = || inventory.attest(&["push", "saved", &inventory.name(), "--attestations"]);
    name_in(&layout, &tag_of(&inventory.scene.digest, ".att"), b"no manifest");
    let pushed = push().expect_code(0);
    let warning = "warning: 1 manifests that hang on the image are left out: they are none, or the layout lacks them";
    assert!(pushed.stderr_text().contains(warning), "{}", pushed.stderr_text());
    let limit = attest_store::image::MAX_ATTACHMENTS;
    let entries = (0..limit + 1).map(|number| {
        let digest = format!("sha256:{number:064x}");
        json!({ "mediaType": INDEX, "digest": digest, "size": 1 })
    });
    let listed = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries.collect::<Vec<_>>() });
    let tag = tag_of(&inventory.scene.digest, "");
    name_in(&layout, &tag, listed.to_string().as_bytes());
    let refused = push().expect_code(1);
    assert!(
        refused.stderr_text().contains("error[attachments-too-many]"),
        "{}",
        refused.stderr_text()
    );
}
