//! Images that are signed in the world of a test, in a layout or in a registry.

use std::collections::{BTreeMap, BTreeSet};

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_testkit::{ISSUER, LogVersion, WORKFLOW, World};
use attestation::Payload;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::command::Finished;
use crate::registry::server::{INDEX, MANIFEST, Registry};
use crate::signed_release::Release;

pub(crate) const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
pub(crate) const SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";
pub(crate) const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// Whom the tests expect.
pub(crate) const SIGNER: [&str; 4] = ["--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", ISSUER];

/// Images, what hangs on them, and the world of whoever signs them.
pub(crate) struct Scene {
    pub(crate) release: Release,
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    pub(crate) manifests: BTreeMap<String, (String, Vec<u8>)>,
    pub(crate) tags: BTreeMap<String, String>,
    /// What the index of a layout names beside what has a tag.
    pub(crate) referrers: BTreeSet<String>,
    count: usize,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self {
            release: Release::new(),
            blobs: BTreeMap::new(),
            manifests: BTreeMap::new(),
            tags: BTreeMap::new(),
            referrers: BTreeSet::new(),
            count: 0,
        }
    }

    /// An index of an image for each of two platforms, at the tag `v1`: the digests of all three.
    pub(crate) fn with_two_images() -> (Self, [String; 3]) {
        let mut scene = Self::new();
        let images = [scene.image("linux/amd64"), scene.image("linux/arm64")];
        let top = scene.index(&images);
        scene.tag("v1", &top);
        let [amd, arm] = images;
        let digests = [top, amd, arm].map(|entry| digest_of(&entry));
        (scene, digests)
    }

    pub(crate) fn world(&self) -> &World {
        &self.release.world
    }

    pub(crate) fn blob(&mut self, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        self.blobs.insert(digest.clone(), bytes.to_vec());
        digest
    }

    pub(crate) fn manifest(&mut self, media_type: &str, manifest: &Value) -> Value {
        let bytes = manifest.to_string().into_bytes();
        let (digest, size) = (digest(&bytes), bytes.len());
        self.manifests.insert(digest.clone(), (media_type.to_owned(), bytes));
        json!({ "mediaType": media_type, "digest": digest, "size": size })
    }

    pub(crate) fn image(&mut self, platform: &str) -> Value {
        self.image_with(platform, &[])
    }

    pub(crate) fn image_with(&mut self, platform: &str, layers: &[Value]) -> Value {
        let (os, architecture) = platform.split_once('/').unwrap();
        self.count += 1;
        let platform = json!({ "os": os, "architecture": architecture });
        let config = json!({ "os": os, "architecture": architecture, "author": self.count.to_string() }).to_string();
        let config = json!({ "mediaType": CONFIG, "digest": self.blob(config.as_bytes()), "size": config.len() });
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers });
        let mut entry = self.manifest(MANIFEST, &manifest);
        entry["platform"] = platform;
        entry
    }

    pub(crate) fn layer(&mut self, bytes: &[u8]) -> Value {
        json!({ "mediaType": LAYER, "digest": self.blob(bytes), "size": bytes.len() })
    }

    /// What BuildKit says of an image.
    pub(crate) fn build_attestation(&mut self, about: &Value) -> Value {
        let mut entry = self.image("unknown/unknown");
        entry["annotations"] = json!({
            "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": about["digest"],
        });
        entry
    }

    pub(crate) fn index(&mut self, entries: &[Value]) -> Value {
        self.manifest(
            INDEX,
            &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }),
        )
    }

    pub(crate) fn tag(&mut self, tag: &str, entry: &Value) {
        self.tags.insert(tag.to_owned(), digest_of(entry));
    }

    /// A statement about a manifest, which has no name in it.
    pub(crate) fn statement(image: &str, predicate_type: &str, predicate: &Value) -> Payload {
        Self::annotated(image, &json!({}), (predicate_type, predicate))
    }

    fn annotated(image: &str, annotations: &Value, (predicate_type, predicate): (&str, &Value)) -> Payload {
        let hex = image.strip_prefix("sha256:").unwrap();
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "digest": { "sha256": hex }, "annotations": annotations }],
            "predicateType": predicate_type,
            "predicate": predicate,
        });
        Payload::in_toto(statement.to_string().into_bytes())
    }

    /// As cosign 3 signs.
    pub(crate) fn sign(&mut self, image: &str) -> String {
        self.sign_with(image, &json!({}))
    }

    pub(crate) fn sign_with(&mut self, image: &str, annotations: &Value) -> String {
        let statement = Self::annotated(image, annotations, (SIGNATURE, &json!({})));
        let bundle = self.world().sign_statement(&statement, LogVersion::V2).unwrap();
        self.attach(image, BUNDLE, bundle.as_json())
    }

    pub(crate) fn attest(&mut self, image: &str, predicate_type: &str, predicate: &Value) -> String {
        let statement = Self::statement(image, predicate_type, predicate);
        let bundle = self.world().sign_statement(&statement, LogVersion::V2).unwrap();
        self.attach(image, BUNDLE, bundle.as_json())
    }

    /// A referrer with one layer; the digest of its manifest.
    pub(crate) fn attach(&mut self, subject: &str, media_type: &str, content: &[u8]) -> String {
        let layer = json!({ "mediaType": media_type, "digest": self.blob(content), "size": content.len() });
        let config = json!({ "mediaType": EMPTY, "digest": self.blob(b"{}"), "size": 2 });
        let subject = json!({ "mediaType": INDEX, "digest": subject, "size": self.manifests[subject].1.len() });
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": media_type,
            "config": config, "layers": [layer], "subject": subject,
        });
        let referrer = digest_of(&self.manifest(MANIFEST, &manifest));
        self.referrers.insert(referrer.clone());
        referrer
    }

    /// As cosign 2 signs: a payload below the tag of the image, with everything in annotations.
    pub(crate) fn sign_as_before(&mut self, image: &str, payload: &str) {
        let bundle = self.world().sign_artifact(payload.as_bytes(), LogVersion::V1).unwrap();
        let bundle: Value = serde_json::from_slice(bundle.as_json()).unwrap();
        let signature = bundle["messageSignature"]["signature"].as_str().unwrap().to_owned();
        self.attach_as_before(
            (image, "sig"),
            (PAYLOAD, payload.as_bytes()),
            &annotations(&bundle, &signature),
        );
    }

    /// As cosign 2 attests: an envelope below another tag.
    pub(crate) fn attest_as_before(&mut self, image: &str, predicate_type: &str) {
        let statement = Self::statement(image, predicate_type, &json!({}));
        let bundle = self.world().sign_statement(&statement, LogVersion::V1).unwrap();
        let bundle: Value = serde_json::from_slice(bundle.as_json()).unwrap();
        let envelope = bundle["dsseEnvelope"].to_string();
        self.attach_as_before(
            (image, "att"),
            (ENVELOPE, envelope.as_bytes()),
            &annotations(&bundle, ""),
        );
    }

    /// What somebody says of a file, where cosign 2 has the signature of an image: the file is its payload.
    pub(crate) fn attest_file_as_before(&mut self, image: &str, payload: &str) {
        let statement = Self::statement(&digest(payload.as_bytes()), SIGNATURE, &json!({}));
        let bundle = self.world().sign_statement(&statement, LogVersion::V1).unwrap();
        let bundle: Value = serde_json::from_slice(bundle.as_json()).unwrap();
        let envelope = bundle["dsseEnvelope"].to_string();
        self.attach_as_before(
            (image, "sig"),
            (PAYLOAD, payload.as_bytes()),
            &annotations(&bundle, &envelope),
        );
    }

    fn attach_as_before(&mut self, (image, ending): (&str, &str), (media_type, content): (&str, &[u8]), said: &Value) {
        let layer = json!({
            "mediaType": media_type, "digest": self.blob(content), "size": content.len(), "annotations": said,
        });
        let config = json!({ "mediaType": CONFIG, "digest": self.blob(b"{}"), "size": 2 });
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] });
        let entry = self.manifest(MANIFEST, &manifest);
        self.tag(&format!("{}.{ending}", image.replace(':', "-")), &entry);
    }

    /// Everything as the layout `layout`, whose image is `layout:v1`.
    pub(crate) fn write(&self) {
        let contents = self.blobs.iter();
        let manifests = self.manifests.iter().map(|(digest, (_, bytes))| (digest, bytes));
        for (digest, bytes) in contents.chain(manifests) {
            self.release
                .write(&format!("layout/blobs/{}", digest.replace(':', "/")), bytes);
        }
        let entry = |digest: &String| {
            let (media_type, bytes) = &self.manifests[digest];
            json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
        };
        let tagged = self.tags.iter().map(|(tag, digest)| {
            let mut entry = entry(digest);
            entry["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
            entry
        });
        let all: Vec<Value> = tagged.chain(self.referrers.iter().map(entry)).collect();
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": all });
        self.release.write("layout/index.json", index.to_string());
        self.release
            .write("layout/oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    }

    /// Everything in a registry, at `team/app:v1`.
    pub(crate) fn serve(&self) -> Registry {
        let registry = Registry::start();
        let mut state = registry.state();
        state.blobs.clone_from(&self.blobs);
        state.manifests.clone_from(&self.manifests);
        for (tag, digest) in &self.tags {
            state.manifests.insert(tag.clone(), self.manifests[digest].clone());
        }
        drop(state);
        registry
    }

    /// Verifies the layout, by the signer of the tests.
    pub(crate) fn verify(&self, arguments: &[&str]) -> Finished {
        self.write();
        let layout = ["--oci-layout", "layout:v1"];
        self.release.verify(&[&layout, &SIGNER[..], arguments].concat())
    }

    #[track_caller]
    pub(crate) fn accepts(&self, arguments: &[&str]) -> String {
        self.verify(arguments).expect_code(0).stdout_text().to_owned()
    }

    #[track_caller]
    pub(crate) fn rejects(&self, arguments: &[&str], expected: &str) -> String {
        let text = self.verify(arguments).expect_code(1).stdout_text().to_owned();
        crate::signed_release::says(&text, expected);
        text
    }

    /// The verdict of each manifest, top first, by the words of JSON.
    pub(crate) fn verdicts(&self, arguments: &[&str]) -> Vec<String> {
        let finished = self.verify(&[arguments, &["--format", "json"]].concat());
        let report: Value = serde_json::from_slice(&finished.stdout).unwrap();
        let manifests = report["artifacts"][0]["image"]["manifests"].as_array().unwrap();
        let word = |manifest: &Value| manifest["verdict"].as_str().unwrap().to_owned();
        manifests.iter().map(word).collect()
    }
}

/// What cosign 2 writes beside a layer.
fn annotations(bundle: &Value, signature: &str) -> Value {
    let material = &bundle["verificationMaterial"];
    let certificate = material["certificate"]["rawBytes"].as_str().unwrap();
    let entry = &material["tlogEntries"][0];
    let number = |name: &str| entry[name].as_str().unwrap().parse::<u64>().unwrap();
    let log = STANDARD.decode(entry["logId"]["keyId"].as_str().unwrap()).unwrap();
    let log: String = log.iter().map(|byte| format!("{byte:02x}")).collect();
    let logged = json!({
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": number("integratedTime"),
            "logIndex": number("logIndex"),
            "logID": log,
        },
    });
    json!({
        "dev.cosignproject.cosign/signature": signature,
        "dev.sigstore.cosign/certificate":
            format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n"),
        "dev.sigstore.cosign/bundle": logged.to_string(),
    })
}

/// What cosign 2 signs for an image.
pub(crate) fn payload(image: &str, optional: &Value) -> String {
    json!({
        "critical": {
            "identity": { "docker-reference": "registry.example.com/team/app" },
            "image": { "docker-manifest-digest": image },
            "type": "cosign container image signature",
        },
        "optional": optional,
    })
    .to_string()
}

pub(crate) fn digest_of(entry: &Value) -> String {
    entry["digest"].as_str().unwrap().to_owned()
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
    measured.digest(Algorithm::Sha256).unwrap().to_string()
}
