//! What hangs on an image: shown by `attest inspect`, and saved with it by `attest fetch --attestations`.

use std::fs;

use serde_json::{Value, json};

use super::base::{Scene, tree};
use super::server::{Fault, INDEX, MANIFEST};
use super::sha256;
use super::wire::Answer;
use crate::command::{Command, Finished};
use crate::fixtures::directory;

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// A base64 text that is as much of a signature as a reader asks for.
const SIGNATURE: &str = "MAYCAQUCAQY=";

/// An image for two platforms, of which each and the index has something that hangs on it.
struct Inventory {
    scene: Scene,
    amd64: String,
    arm64: String,
}

impl Inventory {
    fn new() -> Self {
        let scene = Scene::new();
        let (_, index) = scene.registry.state().manifests[&scene.digest].clone();
        let index: Value = serde_json::from_slice(&index).unwrap();
        let digest = |place: usize| index["manifests"][place]["digest"].as_str().unwrap().to_owned();
        let (amd64, arm64) = (digest(0), digest(1));
        let inventory = Self { scene, amd64, arm64 };
        let bundle = fs::read(directory().join("accept/statement-rekor-v2/bundle.sigstore.json")).unwrap();
        inventory.referrer(&inventory.scene.digest, BUNDLE, (BUNDLE, &bundle));
        let notation = "application/vnd.cncf.notary.signature";
        inventory.referrer(&inventory.amd64, notation, ("application/jose+json", b"{}"));
        inventory.sign(&inventory.scene.digest);
        inventory.tag_list(&inventory.arm64);
        inventory
    }

    fn descriptor(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = self.scene.registry.blob(bytes);
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    /// Returns its digest.
    fn referrer(&self, subject: &str, artifact_type: &str, (media_type, bytes): (&str, &[u8])) -> String {
        let empty = "application/vnd.oci.empty.v1+json";
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": artifact_type,
            "config": self.descriptor(empty, b"{}"),
            "layers": [self.descriptor(media_type, bytes)],
            "subject": {"mediaType": INDEX, "digest": subject, "size": 1},
            "annotations": {
                "org.opencontainers.image.created": "2026-11-01T00:00:00Z",
                "org.opencontainers.image.ref.name": "v1",
                "note": "\u{1b}[2J",
            },
        });
        self.manifest(None, &manifest)
    }

    fn manifest(&self, tag: Option<&str>, manifest: &Value) -> String {
        let bytes = manifest.to_string();
        let digest = sha256(bytes.as_bytes()).to_string();
        let media_type = manifest["mediaType"].as_str().unwrap();
        let registry = &self.scene.registry;
        registry.manifest(tag.unwrap_or(&digest), media_type, bytes.as_bytes())
    }

    /// As cosign 2 does.
    fn sign(&self, image: &str) {
        self.sign_beside(image, image);
    }

    /// The same, where the signature lies beside another image than it is about.
    fn sign_beside(&self, beside: &str, image: &str) {
        let payload = json!({"critical": {
            "identity": {"docker-reference": "registry.example.org/team/app"},
            "image": {"docker-manifest-digest": image},
            "type": "cosign container image signature",
        }, "optional": null});
        let mut layer = self.descriptor(SIMPLE_SIGNING, payload.to_string().as_bytes());
        layer["annotations"] = json!({"dev.cosignproject.cosign/signature": SIGNATURE});
        let config = self.descriptor("application/vnd.oci.image.config.v1+json", b"{\"rootfs\":{}}");
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        self.manifest(Some(&tag_of(beside, ".sig")), &manifest);
    }

    /// A list of contents, as cosign attached them.
    fn tag_list(&self, image: &str) {
        let layer = self.descriptor("text/spdx+json", b"{\"spdxVersion\":\"SPDX-2.3\"}");
        let config = self.descriptor("application/vnd.oci.image.config.v1+json", b"{\"rootfs\":{}}");
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        self.manifest(Some(&tag_of(image, ".sbom")), &manifest);
    }

    fn name(&self) -> String {
        format!("oci://{}/team/app:v1", self.scene.registry.host())
    }

    fn attest(&self, arguments: &[&str]) -> Finished {
        Command::attest()
            .args(arguments)
            .env("ATTEST_CACHE", self.scene.path("cache"))
            .env("HOME", self.scene.path("home"))
            .current_dir(self.scene.path(""))
            .run()
    }

    /// What is said of the image, saved with all that hangs on it.
    fn saved(&self) -> Finished {
        let name = self.name();
        let arguments = ["fetch", &name, "--attestations", "-o", "saved", "--format", "json"];
        self.attest(&arguments).expect_code(0)
    }

    fn drawn(&self, arguments: &[&str]) -> Vec<String> {
        let finished = self.attest(&[&["inspect"], arguments].concat()).expect_code(0);
        finished.stdout_text().lines().map(str::to_owned).collect()
    }
}

fn tag_of(digest: &str, ending: &str) -> String {
    format!("{}{ending}", digest.replace(':', "-"))
}

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
        let mut state = inventory.scene.registry.state();
        state.blobs.clear();
        state.manifests.clear();
        (state.without_referrers, state.etags) = (without_referrers, true);
        drop(state);
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
        let mut state = inventory.scene.registry.state();
        state.blobs.clear();
        state.manifests.clear();
        (state.without_referrers, state.etags) = (without_referrers, true);
        drop(state);
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
