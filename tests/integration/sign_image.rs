//! `attest sign` on images: what is signed, what is stored where, and that every signature verifies.

use std::fs;
use std::path::Path;

use attest_archive::image::Layout;
use attest_digest::Digest;
use attest_net::registry::{self, BlobAddress, Client, Keychain, Options, Pointer};
use attest_store::image::{
    Attached, Attachment, LayoutRepository, Listed, Place, Repository, StoredEvidence, evidence_of,
};
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, OidcIssuer, PublicKey, TrustRoot, VerificationTime, Verifier,
};
use attestation::{Bundle, Statement};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::command::Finished;
use crate::sign::Bench;

const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

/// A sandbox with an image for two platforms in its registry, and the layout that it came from.
pub(crate) struct Scene {
    pub(crate) bench: Bench,
    /// `localhost:PORT/team/app`.
    pub(crate) name: String,
    pub(crate) index: Digest,
    pub(crate) images: Vec<Digest>,
}

struct InRegistry {
    client: Client,
    repository: registry::Repository,
}

impl Repository for InRegistry {
    type Error = registry::Error;

    fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, registry::Error> {
        let pointer = Pointer::Digest(digest.clone());
        let found = self.client.find_manifest(&self.repository, &pointer)?;
        Ok(found.map(|manifest| manifest.bytes))
    }

    fn tagged(&self, tag: &str) -> Result<Option<Vec<u8>>, registry::Error> {
        let pointer = Pointer::Tag(tag.parse().unwrap());
        let found = self.client.find_manifest(&self.repository, &pointer)?;
        Ok(found.map(|manifest| manifest.bytes))
    }

    fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Vec<u8>>, registry::Error> {
        let mut bytes = Vec::new();
        let repository = &self.repository;
        let address = BlobAddress {
            repository,
            digest,
            size,
        };
        self.client.fetch_blob(address, &mut bytes)?;
        Ok(Some(bytes))
    }

    fn referrers(&self, subject: &Digest) -> Result<Listed, registry::Error> {
        let listed = self.client.listed_referrers(&self.repository, subject)?;
        Ok(listed.digests.into())
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        let bench = Bench::new();
        for (root, content) in [("one", "amd64"), ("two", "arm64")] {
            fs::create_dir_all(bench.path(root)).unwrap();
            bench.write(&format!("{root}/app"), content);
        }
        let pack = ["pack", "image", "--tag", "v1", "-o", "app.oci"];
        let platforms = ["--platform", "linux/amd64=one", "--platform", "linux/arm64=two"];
        let packed = bench.attest().args(pack).args(platforms);
        packed.env("SOURCE_DATE_EPOCH", "1700000000").run().expect_code(0);
        let index = bench.json("app.oci/index.json")["manifests"][0]["digest"].clone();
        let index: Digest = index.as_str().unwrap().parse().unwrap();
        let blob = format!("app.oci/blobs/sha256/{}", index.to_hex());
        let manifests = bench.json(&blob)["manifests"].as_array().unwrap().clone();
        let digest = |manifest: &Value| manifest["digest"].as_str().unwrap().parse().unwrap();
        let scene = Self {
            name: format!("{}/team/app", bench.server.url().trim_start_matches("http://")),
            images: manifests.iter().map(digest).collect(),
            bench,
            index,
        };
        scene.push("app.oci:v1", "v1");
        scene
    }

    pub(crate) fn push(&self, layout: &str, tag: &str) {
        let reference = format!("oci://{}:{tag}", self.name);
        self.bench
            .attest()
            .args(["push", layout, &reference])
            .run()
            .expect_code(0);
    }

    pub(crate) fn reference(&self) -> String {
        format!("oci://{}:v1", self.name)
    }

    pub(crate) fn sign(&self, arguments: &[&str]) -> Finished {
        self.bench.sign(&[&[&*self.reference()], arguments].concat())
    }

    pub(crate) fn key(&self, kind: &str) {
        let arguments = ["key", "generate", "--algorithm", kind, "--without-password"];
        let prefix = ["--output-key-prefix", "release"];
        self.bench.attest().args(arguments).args(prefix).run().expect_code(0);
    }

    /// Without any service.
    pub(crate) fn sign_alone(&self, arguments: &[&str]) -> Finished {
        let alone = ["sign", "--key", "release.key", "--no-log", "--no-timestamp"];
        self.bench.attest().args(alone).args(arguments).run()
    }

    pub(crate) fn evidence(&self, digest: &Digest) -> Vec<StoredEvidence> {
        let (host, name) = self.name.split_once('/').unwrap();
        let repository = InRegistry {
            client: Client::new(Options::default(), Keychain::default()).unwrap(),
            repository: registry::Repository::new(host, name).unwrap(),
        };
        evidence_of(&repository, digest).unwrap()
    }

    pub(crate) fn bundles(&self, digest: &Digest) -> Vec<Bundle> {
        bundles(self.evidence(digest))
    }

    /// What a bundle says of an image, verified for the user of the sandbox.
    pub(crate) fn verified(&self, bundle: &Bundle, image: &Digest) -> Statement {
        let root = TrustRoot::parse(&fs::read(self.bench.path("trusted_root.json")).unwrap()).unwrap();
        let identity = CertificateIdentity::parse("signer@example.com").unwrap();
        let issuer = OidcIssuer::parse(self.bench.server.url()).unwrap();
        let moment = VerificationTime::at(Timestamp::now() + SignedDuration::from_secs(5));
        let verified = Verifier::new(&root, moment).verify_bundle(bundle, &Expectation::certificate(identity, issuer));
        let verified = verified.unwrap().artifact(&Artifact::by_digest(image.clone())).unwrap();
        verified.statement().unwrap().clone()
    }

    /// The same with the key, without log and timestamp.
    pub(crate) fn verified_by_key(&self, bundle: &Bundle, artifact: &Artifact) {
        let root = TrustRoot::parse(&fs::read(self.bench.path("trusted_root.json")).unwrap()).unwrap();
        let key = PublicKey::from_pem(&fs::read_to_string(self.bench.path("release.pub")).unwrap()).unwrap();
        let verifier = Verifier::new(&root, VerificationTime::at(Timestamp::now())).without_log_unsafe();
        let verified = verifier.verify_bundle(bundle, &Expectation::key(key)).unwrap();
        verified.artifact(artifact).unwrap();
    }
}

pub(crate) fn bundles(evidence: Vec<StoredEvidence>) -> Vec<Bundle> {
    let bundle = |stored: StoredEvidence| match stored.attachment {
        Attachment::Evidence(Ok(Attached::Bundle(bundle))) if stored.place == Place::Referrer => Some(*bundle),
        _ => None,
    };
    evidence.into_iter().filter_map(bundle).collect()
}

pub(crate) fn report(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.stdout).unwrap()
}

pub(crate) fn of_layout(path: &Path, digest: &Digest) -> Vec<StoredEvidence> {
    let repository = LayoutRepository::new(Layout::open(path).unwrap()).unwrap();
    evidence_of(&repository, digest).unwrap()
}

pub(crate) fn refused(finished: Finished, code: i32, error: &str) {
    let finished = finished.expect_code(code);
    let expected = format!("error[{error}]");
    assert!(finished.stderr_text().contains(&expected), "{}", finished.stderr_text());
}

#[test]
fn an_index_and_its_images_are_signed_under_one_certificate() {
    let scene = Scene::new();
    let finished = scene.sign(&["--format", "json"]).expect_code(0);
    let said = format!("{} is at {}\n", scene.reference(), scene.index);
    assert!(finished.stderr_text().contains(&said), "{}", finished.stderr_text());
    let report = report(&finished);
    assert_eq!(report["schema"], "https://attest.dev/schema/sign-images/v1");
    assert_eq!(report["signer"]["identity"], "signer@example.com");
    let image = json!({ "name": scene.reference(), "digest": scene.index.to_string() });
    assert_eq!(report["images"], json!([image]));
    assert_eq!(report["signatures"].as_array().unwrap().len(), 3);
    let mut certificates = Vec::new();
    let signed = [&scene.index].into_iter().chain(&scene.images);
    for (place, digest) in signed.enumerate() {
        let entry = &report["signatures"][place];
        assert_eq!(entry["digest"], digest.to_string());
        assert_eq!(entry["predicateType"], SIGNED);
        assert_eq!((&entry["logEntries"], &entry["timestamps"]), (&json!(1), &json!(1)));
        let evidence = scene.evidence(digest);
        let manifest = evidence[0].manifest.as_ref().unwrap().to_string();
        let stored = json!({ "tag": null, "manifest": manifest, "wasThere": false });
        assert_eq!(entry["stored"], stored);
        let found = bundles(evidence);
        assert_eq!(found.len(), 1);
        let statement = scene.verified(&found[0], digest);
        assert_eq!(statement.predicate_type(), SIGNED);
        assert!(statement.predicate().is_empty());
        assert_eq!(statement.subjects().len(), 1);
        assert_eq!(statement.subjects()[0].name(), None);
        assert!(statement.subjects()[0].annotations().is_empty());
        certificates.push(found[0].peek_unverified().certificate().unwrap().to_vec());
    }
    assert_eq!(report["signatures"][1]["platform"], "linux/amd64");
    certificates.dedup();
    assert_eq!(certificates.len(), 1);
}

#[test]
fn an_index_can_be_signed_without_its_images() {
    for argument in ["--no-recursive", "--recursive=false", "-r=false"] {
        let scene = Scene::new();
        let finished = scene.sign(&[argument]).expect_code(0);
        let manifest = scene.evidence(&scene.index)[0].manifest.clone().unwrap();
        let expected = format!("signed {}@{}: {manifest}\n", scene.name, scene.index);
        assert_eq!(finished.stdout_text(), expected);
        assert!(scene.images.iter().all(|image| scene.evidence(image).is_empty()));
    }
}

#[test]
fn one_image_of_an_index_is_signed_by_its_digest() {
    let scene = Scene::new();
    let image = format!("oci://{}@{}", scene.name, scene.images[1]);
    let finished = scene.bench.sign(&[&image, &image]).expect_code(0);
    assert!(!finished.stderr_text().contains("is at"), "{}", finished.stderr_text());
    assert_eq!(finished.stdout_text().lines().count(), 1);
    scene.verified(&scene.bundles(&scene.images[1])[0], &scene.images[1]);
    assert!(scene.evidence(&scene.index).is_empty() && scene.evidence(&scene.images[0]).is_empty());
}

#[test]
fn annotations_are_signed() {
    let scene = Scene::new();
    scene
        .sign(&["--no-recursive", "-a", "build=7,stage=production", "-a", "empty="])
        .expect_code(0);
    let statement = scene.verified(&scene.bundles(&scene.index)[0], &scene.index);
    let annotations = Value::Object(statement.subjects()[0].annotations().clone());
    assert_eq!(annotations, json!({ "build": "7", "stage": "production", "empty": "" }));
    refused(scene.sign(&["-a", "a=1", "-a", "a=2"]), 2, "annotation-invalid");
    scene.sign(&["-a", "a"]).expect_code(2);
    scene.bench.write("p.json", "{}");
    let said = ["-a", "a=1", "--predicate", "p.json", "--type", "https://example.com/x"];
    scene.sign(&said).expect_code(2);
    assert_eq!(scene.evidence(&scene.index).len(), 1);
}

#[test]
fn a_predicate_is_said_of_what_is_named_and_with_recursive_of_each_image() {
    let scene = Scene::new();
    scene.bench.write("p.json", r#"{"a":1}"#);
    let said = ["--predicate", "p.json", "--type", "https://example.com/x/v1"];
    let finished = scene.sign(&said).expect_code(0);
    let begins = format!("attested {}@{}: sha256:", scene.name, scene.index);
    assert!(
        finished.stdout_text().starts_with(&begins),
        "{}",
        finished.stdout_text()
    );
    let statement = scene.verified(&scene.bundles(&scene.index)[0], &scene.index);
    assert_eq!(statement.predicate_type(), "https://example.com/x/v1");
    assert_eq!(statement.predicate()["a"], 1);
    assert_eq!(statement.subjects()[0].name(), Some(&*scene.name));
    assert!(scene.evidence(&scene.images[0]).is_empty());
    let named = ["--recursive", "--sign-container-identity", "registry.example.org/app"];
    scene.sign(&[&said[..], &named].concat()).expect_code(0);
    for image in &scene.images {
        let statement = scene.verified(&scene.bundles(image)[0], image);
        assert_eq!(statement.subjects()[0].name(), Some("registry.example.org/app"));
    }
}

#[test]
fn a_finished_statement_is_stored_byte_for_byte_if_it_names_the_image() {
    let scene = Scene::new();
    let statement = |digest: &Digest| {
        format!(
            "{{ \"_type\": \"https://in-toto.io/Statement/v1\",\n \"subject\": [{{\"name\":\"x\",\"digest\":{{\"sha256\":\"{}\"}}}}], \
             \"predicateType\": \"https://example.com/x/v1\", \"predicate\": {{}} }}",
            digest.to_hex()
        )
    };
    scene.bench.write("s.json", statement(&scene.index));
    scene.sign(&["--statement", "s.json"]).expect_code(0);
    let bundle = &scene.bundles(&scene.index)[0];
    scene.verified(bundle, &scene.index);
    let envelope = bundle.peek_unverified().envelope().unwrap();
    assert_eq!(envelope.payload().as_bytes(), statement(&scene.index).as_bytes());
    scene.bench.write("s.json", statement(&scene.images[0]));
    refused(scene.sign(&["--statement", "s.json"]), 2, "not-a-subject");
    refused(scene.sign(&["--statement", "s.json", "-r"]), 2, "recursive-unsupported");
    assert_eq!(scene.bundles(&scene.index).len(), 1);
}

#[test]
fn a_bundle_goes_to_a_file_as_well_or_alone() {
    let scene = Scene::new();
    scene
        .sign(&["--no-recursive", "--bundle", "b.sigstore.json", "--no-upload"])
        .expect_code(0);
    assert!(scene.evidence(&scene.index).is_empty());
    let bundle = Bundle::parse(&fs::read(scene.bench.path("b.sigstore.json")).unwrap()).unwrap();
    scene.verified(&bundle, &scene.index);
    let finished = scene.sign(&["--bundle", "all.sigstore.json", "--upload=false", "--format", "json"]);
    let report = report(&finished.expect_code(0));
    assert_eq!(report["bundle"], "all.sigstore.json");
    assert_eq!(report["signatures"][0]["stored"], Value::Null);
    let lines = fs::read_to_string(scene.bench.path("all.sigstore.json")).unwrap();
    assert_eq!(lines.lines().count(), 3);
    for (line, image) in lines.lines().skip(1).zip(&scene.images) {
        scene.verified(&Bundle::parse(line.as_bytes()).unwrap(), image);
    }
    scene
        .sign(&["--no-recursive", "--bundle", "b.sigstore.json"])
        .expect_code(0);
    let stored = &scene.bundles(&scene.index)[0];
    assert_eq!(stored.as_json(), fs::read(scene.bench.path("b.sigstore.json")).unwrap());
    scene.sign(&["--no-upload"]).expect_code(2);
    refused(scene.sign(&["--upload=false"]), 2, "bundle-missing");
}

#[test]
fn an_image_of_a_layout_is_signed_in_the_layout() {
    let scene = Scene::new();
    let finished = scene.bench.sign(&["--oci-layout", "app.oci:v1"]).expect_code(0);
    assert!(
        finished.stderr_text().contains("app.oci:v1 is at sha256:"),
        "{}",
        finished.stderr_text()
    );
    for digest in [&scene.index].into_iter().chain(&scene.images) {
        let found = bundles(of_layout(&scene.bench.path("app.oci"), digest));
        assert_eq!(found.len(), 1);
        scene.verified(&found[0], digest);
    }
    assert!(scene.evidence(&scene.index).is_empty());
    let named = format!("app.oci@{}", scene.images[0]);
    scene.bench.sign(&["--oci-layout", &named]).expect_code(0);
    let tar = std::process::Command::new("tar")
        .args(["-C", "app.oci", "-cf", "app.tar", "."])
        .current_dir(scene.bench.path(""))
        .status();
    assert!(tar.unwrap().success());
    refused(
        scene.bench.sign(&["--oci-layout", "app.tar"]),
        2,
        "layout-directory-expected",
    );
    refused(
        scene.bench.sign(&["--oci-layout", &scene.reference()]),
        2,
        "layout-expected",
    );
}

#[test]
fn what_a_build_says_of_itself_is_covered_by_the_index() {
    let scene = Scene::new();
    let blobs = scene.bench.path("app.oci/blobs/sha256");
    let index = fs::read(blobs.join(scene.index.to_hex())).unwrap();
    let mut index: Value = serde_json::from_slice(&index).unwrap();
    let mut entry = index["manifests"][0].clone();
    let layer =
        json!({ "mediaType": "application/vnd.in-toto+json", "digest": entry["digest"], "size": entry["size"] });
    let said = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": entry["digest"], "size": entry["size"] },
        "layers": [layer],
    });
    let write = |value: &Value| {
        let bytes = value.to_string();
        let digest = sha256(bytes.as_bytes());
        fs::write(blobs.join(digest.to_hex()), &bytes).unwrap();
        (digest, bytes.len())
    };
    let (attestation, size) = write(&said);
    entry["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": entry["digest"],
    });
    entry["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
    (entry["digest"], entry["size"]) = (attestation.to_string().into(), size.into());
    index["manifests"].as_array_mut().unwrap().push(entry);
    let (top, size) = write(&index);
    let mut layout = scene.bench.json("app.oci/index.json");
    layout["manifests"][0]["digest"] = top.to_string().into();
    layout["manifests"][0]["size"] = size.into();
    scene.bench.write("app.oci/index.json", layout.to_string());
    let finished = scene.bench.sign(&["--oci-layout", "app.oci"]).expect_code(0);
    assert_eq!(finished.stdout_text().lines().count(), 3);
    let layout = scene.bench.path("app.oci");
    assert!(of_layout(&layout, &attestation).is_empty());
    scene.verified(&bundles(of_layout(&layout, &top))[0], &top);
    let named = format!("app.oci@{attestation}");
    scene.bench.sign(&["--oci-layout", &named]).expect_code(0);
    assert_eq!(of_layout(&layout, &attestation).len(), 1);
}

fn sha256(bytes: &[u8]) -> Digest {
    let algorithms = attest_digest::Algorithms::one(attest_digest::Algorithm::Sha256);
    let measured = attest_digest::Measured::of_bytes(bytes, &algorithms);
    measured.digest(attest_digest::Algorithm::Sha256).unwrap().clone()
}

#[test]
fn what_does_not_verify_is_not_stored() {
    let scene = Scene::new();
    scene.bench.write("trusted_root.json", Bench::other_root());
    let finished = scene.sign(&[]);
    refused(finished, 1, "new-bundle-rejected");
    let mut all = [&scene.index].into_iter().chain(&scene.images);
    assert!(all.all(|digest| scene.evidence(digest).is_empty()));
}

#[test]
fn arguments_that_make_no_sense_are_refused_before_anything_is_signed() {
    let scene = Scene::new();
    refused(scene.sign(&["a.tar.gz"]), 2, "image-expected");
    refused(scene.sign(&["--defer-log"]), 2, "defer-log-unsupported");
    for argument in [
        "--legacy",
        "--skip-signed",
        "--no-recursive",
        "--recursive",
        "--upload=false",
        "-a=b=c",
        "--sign-container-identity=x",
    ] {
        refused(scene.bench.sign(&["a.tar.gz", argument]), 2, "image-expected");
    }
    assert!(scene.bench.bundles().is_empty());
    let nothing = format!("oci://{}:v2", scene.name);
    refused(scene.bench.sign(&[&nothing]), 3, "not-in-registry");
    refused(scene.bench.sign(&["oci://UPPER/case"]), 2, "reference-invalid");
    refused(scene.bench.sign(&["--oci-layout", "nothing.oci"]), 2, "layout-expected");
    scene.sign(&["--manifest", "one"]).expect_code(2);
    let over = ["--bundle", "token", "--no-upload"];
    refused(scene.sign(&over), 2, "bundle-place-taken");
    assert!(scene.evidence(&scene.index).is_empty());
}
