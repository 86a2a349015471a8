use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use attest_archive::image::{Descriptor, MAX_MANIFESTS, Platform};
use attest_digest::Digest;
use serde_json::{Value, json};

use super::tests::digest;
use super::*;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const EIGHT: NonZeroUsize = NonZeroUsize::new(8).unwrap();

#[derive(Default)]
struct Content(BTreeMap<String, Vec<u8>>);

impl Content {
    fn put(&mut self, document: &Value) -> (Digest, usize) {
        let bytes = document.to_string().into_bytes();
        let digest = digest(&bytes);
        let size = bytes.len();
        self.0.insert(digest.to_string(), bytes);
        (digest, size)
    }

    /// An image, named for a platform.
    fn image(&mut self, note: &str, platform: &str) -> Value {
        let config = json!({
            "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(note.as_bytes()).to_string(), "size": 1,
        });
        let document = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [], "annotations": { "note": note },
        });
        entry(MANIFEST, self.put(&document), platform)
    }

    fn index(&mut self, manifests: &[Value]) -> Value {
        let document = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        let mut entry = entry(INDEX, self.put(&document), "-/-");
        entry.as_object_mut().unwrap().remove("platform");
        entry
    }

    fn tree(&self, top: &Value, is_wanted: &dyn Fn(&Descriptor) -> bool) -> Result<Tree, TreeError<String>> {
        let one = Pruning {
            is_wanted,
            at_once: NonZeroUsize::MIN,
        };
        let several = Pruning { at_once: EIGHT, ..one };
        let tree = Tree::read_pruned(self, &digest_of(top), several);
        match (&tree, Tree::read_pruned(self, &digest_of(top), one)) {
            (Ok(tree), Ok(other)) => assert_eq!(*tree, other),
            (Err(error), Err(other)) => assert_eq!(error.to_string(), other.to_string()),
            (tree, other) => panic!("{tree:?} and {other:?}"),
        }
        tree
    }
}

fn entry(media_type: &str, (digest, size): (Digest, usize), platform: &str) -> Value {
    let (os, architecture) = platform.split_once('/').unwrap();
    let platform = json!({ "os": os, "architecture": architecture });
    json!({ "mediaType": media_type, "digest": digest.to_string(), "size": size, "platform": platform })
}

fn as_build_attestation(mut entry: Value) -> Value {
    entry["annotations"] = json!({ "vnd.docker.reference.type": "attestation-manifest" });
    entry
}

fn digest_of(entry: &Value) -> Digest {
    entry["digest"].as_str().unwrap().parse().unwrap()
}

impl Repository for Content {
    type Error = String;

    fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(&digest.to_string()).cloned())
    }

    fn tagged(&self, _: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }

    fn blob(&self, digest: &Digest, _: u64) -> Result<Option<Vec<u8>>, String> {
        self.manifest(digest)
    }

    fn referrers(&self, _: &Digest) -> Result<Listed, String> {
        Ok(Listed::default())
    }
}

fn kinds(tree: &Tree) -> Vec<&'static str> {
    let word = |node: &Node| match node.kind {
        NodeKind::Index(_) => "index",
        NodeKind::Image(_) => "image",
        NodeKind::BuildAttestation { .. } => "build attestation",
        NodeKind::Artifact { .. } => "artifact",
        NodeKind::Other => "other",
        NodeKind::LeftOut => "left out",
        NodeKind::Missing => "missing",
    };
    tree.nodes().iter().map(word).collect()
}

#[test]
fn nested_indexes_and_what_stands_twice_are_read_once() {
    let mut content = Content::default();
    let (amd, arm) = (content.image("a", "linux/amd64"), content.image("b", "linux/arm64"));
    let inner = content.index(&[amd.clone(), arm]);
    let top = content.index(&[amd.clone(), inner.clone(), inner, amd]);
    let tree = content.tree(&top, &|_| true).unwrap();
    assert_eq!(kinds(&tree), ["index", "image", "index", "image"]);
    assert_eq!(tree.nodes()[1].parents, [0, 2]);
    assert_eq!(tree.ancestors(3), [2, 0]);
    assert_eq!(Tree::read(&content, &digest_of(&top)).unwrap(), tree);
}

#[test]
fn a_platform_that_is_not_there_is_missing_unless_nobody_asks_for_it() {
    let mut content = Content::default();
    let (amd, arm) = (content.image("a", "linux/amd64"), content.image("b", "linux/arm64"));
    let top = content.index(&[amd, arm.clone()]);
    content.0.remove(&digest_of(&arm).to_string());
    assert_eq!(
        kinds(&content.tree(&top, &|_| true).unwrap()),
        ["index", "image", "missing"]
    );
    let error = Tree::read(&content, &digest_of(&top)).unwrap_err();
    assert!(matches!(error, TreeError::Missing { digest } if digest == digest_of(&arm)));
    let is_amd = |descriptor: &Descriptor| {
        descriptor
            .platform()
            .is_some_and(|found| found.architecture() == "amd64")
    };
    assert_eq!(
        kinds(&content.tree(&top, &is_amd).unwrap()),
        ["index", "image", "left out"]
    );
    content.0.remove(&digest_of(&top).to_string());
    assert!(matches!(content.tree(&top, &|_| true), Err(TreeError::Missing { .. })));
}

#[test]
fn what_runs_somewhere_is_no_build_attestation_whatever_its_index_says() {
    let mut content = Content::default();
    let image = content.image("a", "linux/amd64");
    let attestation = as_build_attestation(content.image("b", "unknown/unknown"));
    let top = content.index(&[as_build_attestation(image), attestation]);
    let tree = content.tree(&top, &|_| true).unwrap();
    assert_eq!(kinds(&tree), ["index", "image", "build attestation"]);
}

#[test]
fn what_one_entry_hides_another_shows() {
    let mut content = Content::default();
    let image = content.image("a", "linux/amd64");
    let hidden = [
        ("build attestation", {
            let mut entry = as_build_attestation(image.clone());
            entry["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
            entry
        }),
        ("left out", {
            let mut entry = image.clone();
            entry["platform"]["architecture"] = json!("s390x");
            entry
        }),
        ("other", {
            let mut entry = image.clone();
            entry["mediaType"] = json!("text/plain");
            entry
        }),
    ];
    let is_wanted = |descriptor: &Descriptor| {
        descriptor
            .platform()
            .is_none_or(|found| found.architecture() != "s390x")
    };
    for (kind, entry) in hidden {
        let alone = content.index(std::slice::from_ref(&entry));
        assert_eq!(kinds(&content.tree(&alone, &is_wanted).unwrap()), ["index", kind]);
        for both in [[entry.clone(), image.clone()], [image.clone(), entry]] {
            let top = content.index(&both);
            let tree = content.tree(&top, &is_wanted).unwrap();
            assert_eq!(kinds(&tree), ["index", "image"], "{kind}");
            assert_eq!(tree.nodes()[1].platform().map(Platform::architecture), Some("amd64"));
        }
    }
}

#[test]
fn a_tree_that_is_too_deep_or_too_wide_is_refused() {
    let mut content = Content::default();
    let mut top = content.image("a", "linux/amd64");
    for _ in 0..4 {
        top = content.index(&[top]);
    }
    assert_eq!(content.tree(&top, &|_| true).unwrap().nodes().len(), 5);
    top = content.index(&[top]);
    let error = content.tree(&top, &|_| true).unwrap_err();
    assert!(
        matches!(
            error,
            TreeError::TooMany {
                what: "indexes in each other",
                ..
            }
        ),
        "{error}"
    );
    let images: Vec<Value> = (0..MAX_MANIFESTS)
        .map(|note| content.image(&note.to_string(), "linux/amd64"))
        .collect();
    let wide = content.index(&images[1..]);
    assert_eq!(content.tree(&wide, &|_| true).unwrap().nodes().len(), MAX_MANIFESTS);
    let wider = content.index(&images);
    assert!(matches!(
        content.tree(&wider, &|_| true),
        Err(TreeError::TooMany { .. })
    ));
}

#[test]
fn what_all_indexes_name_together_is_limited() {
    let mut content = Content::default();
    let image = content.image("a", "linux/amd64");
    let mut of = |count: usize, note: &str| {
        let document = json!({
            "schemaVersion": 2, "mediaType": INDEX, "annotations": { "note": note }, "manifests": vec![image.clone(); count],
        });
        entry(INDEX, content.put(&document), "linux/amd64")
    };
    let indexes = [of(49_999, "a"), of(49_999, "b"), of(50_000, "c")];
    let fitting = content.index(&indexes[..2]);
    assert_eq!(Tree::read(&content, &digest_of(&fitting)).unwrap().nodes().len(), 4);
    let wider = content.index(&indexes[1..]);
    let error = Tree::read(&content, &digest_of(&wider)).unwrap_err();
    assert_eq!(error.to_string(), "expected at most 100000 entries of indexes");
}

#[test]
fn the_bytes_of_all_manifests_together_are_limited() {
    let mut content = Content::default();
    let long = "x".repeat(4 << 20);
    let images: Vec<Value> = (0..16)
        .map(|number| content.image(&format!("{number}{long}"), "linux/amd64"))
        .collect();
    let fitting = content.index(&images[1..]);
    assert_eq!(content.tree(&fitting, &|_| true).unwrap().nodes().len(), 16);
    let larger = content.index(&images);
    let error = content.tree(&larger, &|_| true).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("expected at most {} bytes of manifests and indexes", 64 << 20)
    );
}

#[test]
fn a_manifest_of_another_size_than_its_index_says_is_refused() {
    let mut content = Content::default();
    let mut image = content.image("a", "linux/amd64");
    image["size"] = json!(image["size"].as_u64().unwrap() + 1);
    let top = content.index(std::slice::from_ref(&image));
    let error = content.tree(&top, &|_| true).unwrap_err();
    assert!(
        matches!(&error, TreeError::Invalid { digest, .. } if *digest == digest_of(&image)),
        "{error}"
    );
}

#[test]
fn a_manifest_that_is_called_by_another_name_than_its_own_is_refused() {
    let mut content = Content::default();
    let mut image = content.image("a", "linux/amd64");
    let good = content.index(std::slice::from_ref(&image));
    content.tree(&good, &|_| true).unwrap();
    image["mediaType"] = json!("application/vnd.docker.distribution.manifest.v2+json");
    let top = content.index(std::slice::from_ref(&image));
    let error = content.tree(&top, &|_| true).unwrap_err();
    let expected = format!(
        "expected media type `{}`, found `{MANIFEST}`",
        image["mediaType"].as_str().unwrap()
    );
    assert!(
        matches!(&error, TreeError::Invalid { digest, source } if *digest == digest_of(&image) && source.to_string() == expected),
        "{error}"
    );
}
