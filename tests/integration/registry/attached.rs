//! An image and what hangs on it, in a registry that tests serve.

use std::fs;

use serde_json::{Value, json};

use super::base::Scene;
use super::server::{INDEX, MANIFEST};
use super::sha256;
use crate::command::{Command, Finished};
use crate::fixtures::directory;

pub(super) const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// A base64 text that is as much of a signature as a reader asks for.
pub(super) const SIGNATURE: &str = "MAYCAQUCAQY=";

/// An image for two platforms, of which each and the index has something that hangs on it.
pub(super) struct Inventory {
    pub(super) scene: Scene,
    pub(super) amd64: String,
    pub(super) arm64: String,
}

impl Inventory {
    pub(super) fn new() -> Self {
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

    pub(super) fn descriptor(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = self.scene.registry.blob(bytes);
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    /// Returns its digest.
    pub(super) fn referrer(&self, subject: &str, artifact_type: &str, (media_type, bytes): (&str, &[u8])) -> String {
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

    pub(super) fn manifest(&self, tag: Option<&str>, manifest: &Value) -> String {
        let bytes = manifest.to_string();
        let digest = sha256(bytes.as_bytes()).to_string();
        let media_type = manifest["mediaType"].as_str().unwrap();
        let registry = &self.scene.registry;
        registry.manifest(tag.unwrap_or(&digest), media_type, bytes.as_bytes())
    }

    /// As cosign 2 does.
    pub(super) fn sign(&self, image: &str) {
        self.sign_beside(image, image);
    }

    /// The same, where the signature lies beside another image than it is about.
    pub(super) fn sign_beside(&self, beside: &str, image: &str) {
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
    pub(super) fn tag_list(&self, image: &str) {
        let layer = self.descriptor("text/spdx+json", b"{\"spdxVersion\":\"SPDX-2.3\"}");
        let config = self.descriptor("application/vnd.oci.image.config.v1+json", b"{\"rootfs\":{}}");
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        self.manifest(Some(&tag_of(image, ".sbom")), &manifest);
    }

    pub(super) fn name(&self) -> String {
        format!("oci://{}/team/app:v1", self.scene.registry.host())
    }

    pub(super) fn attest(&self, arguments: &[&str]) -> Finished {
        Command::attest()
            .args(arguments)
            .env("ATTEST_CACHE", self.scene.path("cache"))
            .env("HOME", self.scene.path("home"))
            .current_dir(self.scene.path(""))
            .run()
    }

    /// What is said of the image, saved with all that hangs on it.
    pub(super) fn saved(&self) -> Finished {
        let name = self.name();
        let arguments = ["fetch", &name, "--attestations", "-o", "saved", "--format", "json"];
        self.attest(&arguments).expect_code(0)
    }

    /// A registry again that nothing was pushed to.
    pub(super) fn empty(&self, without_referrers: bool) {
        let mut state = self.scene.registry.state();
        state.blobs.clear();
        state.manifests.clear();
        (state.without_referrers, state.etags) = (without_referrers, true);
    }

    pub(super) fn drawn(&self, arguments: &[&str]) -> Vec<String> {
        let finished = self.attest(&[&["inspect"], arguments].concat()).expect_code(0);
        finished.stdout_text().lines().map(str::to_owned).collect()
    }
}

pub(super) fn tag_of(digest: &str, ending: &str) -> String {
    format!("{}{ending}", digest.replace(':', "-"))
}
