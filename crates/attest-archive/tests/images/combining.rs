use std::fs;

use attest_archive::image::{Annotations, Descriptor, Error, Layout, Manifest, Taken, media_type};

use crate::building::{files, recipe, write};
use crate::made::{Made, tagged};

fn layout(made: &Made, manifests: Vec<Descriptor>) -> Layout {
    made.name(manifests);
    Layout::open(made.path()).unwrap()
}

#[test]
fn one_layout_taken_in_alone_keeps_its_digest_and_every_blob() {
    let made = Made::new();
    let inner = made.index(vec![made.image("linux/arm64", b"two")]);
    let index = made.index(vec![made.image("linux/amd64", b"one"), inner]);
    let layout = layout(&made, vec![tagged(index.clone(), "old")]);
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("layout");
    let mut recipe = recipe();
    recipe.taken = vec![Taken::new(&layout, layout.find(None).unwrap())];
    let written = write(&recipe, &path).unwrap();
    assert_eq!(written.descriptor.digest(), index.digest());
    let taken = Layout::open(&path).unwrap();
    assert_eq!(taken.find(Some("v1")).unwrap().digest(), index.digest());
    assert_eq!(taken.images(&index).unwrap().len(), 2);
    let (mut before, mut after) = (files(made.path()), files(&path));
    for files in [&mut before, &mut after] {
        files.remove("index.json");
    }
    assert_eq!(before, after);
}

#[test]
fn what_hangs_on_an_image_is_taken_in_beside_it_and_a_damaged_one_is_not() {
    let made = Made::new();
    let index = made.index(vec![made.image("linux/amd64", b"one")]);
    let signature = made.image("linux/amd64", b"signature");
    let place = format!("sha256-{}.sig", index.digest().to_hex());
    let signature = tagged(signature.with_artifact_type("a/b"), &place);
    let layout = layout(&made, vec![tagged(index.clone(), "old"), signature.clone()]);
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("layout");
    let mut recipe = recipe();
    recipe.taken = vec![Taken::new(&layout, index.clone())];
    recipe.attached = vec![Taken::new(&layout, signature.clone())];
    let written = write(&recipe, &path).unwrap();
    assert_eq!(written.descriptor.digest(), index.digest());
    let read = Layout::open(&path).unwrap();
    assert_eq!(read.index().manifests(), [tagged(index, "v1"), signature.clone()]);
    assert_eq!(read.find(None).unwrap().digest(), written.descriptor.digest());
    assert_eq!(files(&path).len(), files(made.path()).len());
    let layer = layout.manifest(&signature).unwrap().layers()[0].clone();
    fs::write(made.blob_path(&layer), b"Signature").unwrap();
    let error = write(&recipe, &out.path().join("none")).unwrap_err();
    assert!(matches!(error, Error::Layout { problem, .. } if matches!(*problem, Error::BlobDigest { .. })));
    assert!(!out.path().join("none").exists());
}

#[test]
fn layouts_of_one_platform_each_become_one_index() {
    let (first, second) = (Made::new(), Made::new());
    let arm = second.image("linux/arm64", b"two");
    // What the index does not say, the configuration does.
    let bare = Descriptor::new(arm.media_type(), arm.digest().clone(), arm.size());
    let second = layout(&second, vec![tagged(bare, "arm")]);
    let image = first.image("linux/amd64", b"one");
    let first = layout(&first, vec![image]);
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("layout");
    let mut recipe = recipe();
    recipe.taken = [&second, &first]
        .map(|layout| Taken::new(layout, layout.find(None).unwrap()))
        .into();
    recipe.annotations = Annotations::from([("a".to_owned(), "b".to_owned())]);
    let written = write(&recipe, &path).unwrap();
    let layout = Layout::open(&path).unwrap();
    let index = layout.nested_index(&written.descriptor).unwrap();
    let platforms: Vec<String> = index
        .manifests()
        .iter()
        .map(|image| image.platform().unwrap().to_string())
        .collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    assert_eq!(index.manifests()[1].digest(), arm.digest());
    assert_eq!(index.manifests()[1].reference_name(), None);
    assert_eq!(index.annotations()["a"], "b");
}

#[test]
fn two_images_for_one_platform_are_rejected_and_attestations_are_not() {
    let made = Made::new();
    let image = made.image("linux/amd64", b"one");
    let attestation = |content: &[u8]| {
        let config = made.blob("application/vnd.oci.empty.v1+json", b"{}");
        let layer = made.blob("application/vnd.in-toto+json", content);
        let manifest = Manifest::new(config, vec![layer], Annotations::new()).to_json();
        made.blob(media_type::MANIFEST, &manifest)
            .with_platform("unknown/unknown".parse().unwrap())
    };
    let index = made.index(vec![attestation(b"1"), image.clone(), attestation(b"2"), image]);
    let other = made.image("linux/amd64", b"other");
    let layout = layout(&made, vec![tagged(index, "a"), tagged(other, "b")]);
    let out = tempfile::tempdir().unwrap();
    let mut recipe = recipe();
    recipe.annotations = Annotations::from([("a".to_owned(), "b".to_owned())]);
    recipe.taken = vec![Taken::new(&layout, layout.find(Some("a")).unwrap())];
    let written = write(&recipe, &out.path().join("one")).unwrap();
    let platforms: Vec<String> = written
        .images
        .iter()
        .map(|image| image.descriptor.platform().unwrap().to_string())
        .collect();
    assert_eq!(platforms, ["linux/amd64", "unknown/unknown", "unknown/unknown"]);
    recipe.taken.push(Taken::new(&layout, layout.find(Some("b")).unwrap()));
    let error = write(&recipe, &out.path().join("two")).unwrap_err();
    assert!(matches!(error, Error::DuplicatePlatform { platform, .. } if platform.to_string() == "linux/amd64"));
}

#[test]
fn what_is_said_of_one_image_that_is_taken_in_stands_in_an_index() {
    let made = Made::new();
    let image = made.image("linux/amd64", b"one");
    let layout = layout(&made, vec![image.clone()]);
    let out = tempfile::tempdir().unwrap();
    let mut recipe = recipe();
    recipe.taken = vec![Taken::new(&layout, image.clone())];
    recipe.annotations = Annotations::from([("a".to_owned(), "b".to_owned())]);
    let written = write(&recipe, &out.path().join("layout")).unwrap();
    let index = Layout::open(&out.path().join("layout")).unwrap();
    let index = index.nested_index(&written.descriptor).unwrap();
    assert_eq!(index.annotations()["a"], "b");
    assert_eq!(index.manifests()[0].digest(), image.digest());
}

#[test]
fn a_layer_that_is_changed_or_missing_is_not_taken_in() {
    let made = Made::new();
    let image = made.image("linux/amd64", b"one");
    let layout = layout(&made, vec![image.clone()]);
    let layer = made.blob_path(&layout.manifest(&image).unwrap().layers()[0]);
    let out = tempfile::tempdir().unwrap();
    let refusal = || {
        let mut recipe = recipe();
        recipe.taken = vec![Taken::new(&layout, layout.find(None).unwrap())];
        let error = write(&recipe, &out.path().join("layout")).unwrap_err();
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
        error
    };
    fs::write(&layer, "onE").unwrap();
    let problem = || match refusal() {
        Error::Layout { path, problem } if path == made.path() => *problem,
        other => panic!("{other}"),
    };
    assert!(matches!(problem(), Error::BlobDigest { .. }));
    fs::write(&layer, "on").unwrap();
    assert!(matches!(
        problem(),
        Error::BlobSize {
            expected: 3,
            found: 2,
            ..
        }
    ));
    fs::remove_file(&layer).unwrap();
    assert!(matches!(problem(), Error::MissingBlob { .. }));
}
