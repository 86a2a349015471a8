//! `attest sign` on images that are not whole, not what they say, or named in ways that could be misread.

use std::fs;

use attest_digest::Digest;
use serde_json::{Value, json};

use crate::sign_image::{Scene, bundles, of_layout, refused, report};

/// A layout whose manifests may be written over.
struct Broken {
    scene: Scene,
}

impl Broken {
    fn new() -> Self {
        let scene = Scene::new();
        scene.key("ecdsa-p256");
        Self { scene }
    }

    fn blob(&self, digest: &Digest) -> std::path::PathBuf {
        self.scene
            .bench
            .path(&format!("app.oci/blobs/sha256/{}", digest.to_hex()))
    }

    fn refused(&self, code: i32, error: &str) {
        let before = fs::read(self.scene.bench.path("app.oci/index.json")).unwrap();
        let finished = self.scene.sign_alone(&["--oci-layout", "app.oci"]);
        assert!(
            !finished.stderr_text().contains("signing with"),
            "{}",
            finished.stderr_text()
        );
        assert_eq!(finished.stdout_text(), "");
        refused(finished, code, error);
        let after = fs::read(self.scene.bench.path("app.oci/index.json")).unwrap();
        assert_eq!(before, after);
    }
}

#[test]
fn an_index_without_one_of_its_images_is_not_signed_unless_alone() {
    let broken = Broken::new();
    fs::remove_file(broken.blob(&broken.scene.images[1])).unwrap();
    broken.refused(3, "image-incomplete");
    let finished = broken.scene.sign_alone(&["--oci-layout", "app.oci"]);
    let hint = "hint: fetch or build the image again: `attest fetch` writes it whole";
    assert!(finished.stderr_text().contains(hint), "{}", finished.stderr_text());
    let alone = ["--oci-layout", "app.oci", "--no-recursive"];
    broken.scene.sign_alone(&alone).expect_code(0);
    let layout = broken.scene.bench.path("app.oci");
    assert_eq!(bundles(of_layout(&layout, &broken.scene.index)).len(), 1);
    assert!(of_layout(&layout, &broken.scene.images[0]).is_empty());
}

#[test]
fn a_layout_that_cannot_be_written_is_told_before_anything_is_signed() {
    use std::os::unix::fs::PermissionsExt as _;
    let broken = Broken::new();
    let blobs = broken.scene.bench.path("app.oci/blobs/sha256");
    let allow = |mode| fs::set_permissions(&blobs, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    // Whoever may write everywhere cannot be kept from it.
    if tempfile::tempfile_in(&blobs).is_err() {
        broken.refused(3, "layout-not-written");
    }
    allow(0o755);
}

#[test]
fn a_lock_that_others_hold_is_waited_for() {
    let broken = Broken::new();
    let lock = fs::File::open(broken.scene.bench.path("app.oci/oci-layout")).unwrap();
    lock.lock().unwrap();
    std::thread::scope(|scope| {
        let signing = scope.spawn(|| broken.scene.sign_alone(&["--oci-layout", "app.oci"]));
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert!(!signing.is_finished());
        lock.unlock().unwrap();
        signing.join().unwrap().expect_code(0);
    });
    let layout = broken.scene.bench.path("app.oci");
    assert_eq!(bundles(of_layout(&layout, &broken.scene.index)).len(), 1);
}

#[test]
fn an_image_that_is_named_like_a_digest_is_not_taken_for_it() {
    let broken = Broken::new();
    let scene = &broken.scene;
    let good = scene.index.to_string();
    let size = fs::metadata(broken.blob(&scene.images[0])).unwrap().len();
    let named = |name: &str| {
        json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": scene.images[0].to_string(), "size": size,
            "annotations": { "org.opencontainers.image.ref.name": name },
        })
    };
    let mut index = scene.bench.json("app.oci/index.json");
    index["manifests"] = json!([named(&good), named(&format!("v1@{good}")), named("v1")]);
    scene.bench.write("app.oci/index.json", index.to_string());
    for text in [format!("app.oci@{good}"), format!("app.oci:v1@{good}")] {
        let reference = scene.reference();
        for arguments in [
            &["sign", "--key", "release.key", "--oci-layout", &text][..],
            &["verify", "--key", "release.pub", "--oci-layout", &text],
            &["inspect", "--oci-layout", &text],
            &["push", &text, &reference],
            &[
                "pack",
                "image",
                "--base",
                &text,
                "--platform",
                "linux/amd64=one",
                "-o",
                "new.oci",
            ],
        ] {
            refused(scene.bench.attest().args(arguments).run(), 2, "layout-reference");
        }
    }
}

#[test]
fn a_manifest_that_is_not_what_its_digest_says_is_not_signed() {
    let broken = Broken::new();
    let path = broken.blob(&broken.scene.images[0]);
    let manifest = fs::read_to_string(&path).unwrap();
    let same_size = manifest.replacen("schemaVersion\":2", "schemaVersion\":3", 1);
    assert_ne!(manifest, same_size);
    fs::write(&path, same_size).unwrap();
    broken.refused(1, "blob-mismatch");
    let index = broken.blob(&broken.scene.index);
    fs::write(&path, manifest).unwrap();
    let bytes = fs::read_to_string(&index).unwrap();
    fs::write(&index, bytes.replacen("schemaVersion\":2", "schemaVersion\":3", 1)).unwrap();
    broken.refused(1, "blob-mismatch");
}

#[test]
fn an_image_that_an_index_names_twice_is_signed_once() {
    let scene = Scene::new();
    scene.key("ecdsa-p256");
    let reference = scene.reference();
    let by_digest = format!("oci://{}@{}", scene.name, scene.images[0]);
    let finished = scene.sign_alone(&[&reference, &by_digest, &reference, "--format", "json"]);
    let report = report(&finished.expect_code(0));
    assert_eq!(report["images"].as_array().unwrap().len(), 3);
    assert_eq!(report["signatures"].as_array().unwrap().len(), 3);
    for digest in [&scene.index].into_iter().chain(&scene.images) {
        assert_eq!(scene.bundles(digest).len(), 1);
    }
}

#[test]
fn a_statement_about_several_images_is_one_signature_beside_each() {
    let scene = Scene::new();
    scene.key("ecdsa-p256");
    let subject = |digest: &Digest| json!({ "digest": { "sha256": digest.to_hex() } });
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": scene.images.iter().map(subject).collect::<Vec<_>>(),
        "predicateType": "https://example.com/x/v1",
        "predicate": {},
    });
    scene.bench.write("s.json", statement.to_string());
    let [one, two] = [0, 1].map(|place| format!("oci://{}@{}", scene.name, scene.images[place]));
    let index = scene.reference();
    let said = ["--statement", "s.json"];
    refused(
        scene.sign_alone(&[&[&*one, &*index], &said[..]].concat()),
        2,
        "not-a-subject",
    );
    assert!(scene.evidence(&scene.images[0]).is_empty());
    scene.sign_alone(&[&[&*one, &*two], &said[..]].concat()).expect_code(0);
    let [first, second] = [0, 1].map(|place| scene.bundles(&scene.images[place]).remove(0));
    assert_eq!(first.as_json(), second.as_json());
}

#[test]
fn what_is_visible_of_a_name_is_harmless() {
    let scene = Scene::new();
    scene.key("ecdsa-p256");
    let identity = [
        "--legacy",
        "--sign-container-identity",
        "a\u{1b}[31m\"b",
        "--format",
        "json",
    ];
    let finished = scene
        .sign_alone(&[&[&*scene.reference()], &identity[..]].concat())
        .expect_code(0);
    assert!(!finished.stderr_text().contains('\u{1b}') && !finished.stdout_text().contains('\u{1b}'));
    let kinds = report(&finished)["signatures"].clone();
    let kind = |value: &Value| value["kind"].as_str().unwrap().to_owned();
    let kinds: Vec<String> = kinds.as_array().unwrap().iter().map(kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "simple-signing").count(), 3);
}
