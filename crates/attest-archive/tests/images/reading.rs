use std::fs;
use std::io::Read as _;
use std::path::Path;

use attest_archive::image::{
    Annotations, Descriptor, Error, Image, Index, Layout, MAX_DEPTH, MAX_DOCUMENT_BYTES, Manifest, media_type,
};
use proptest::prelude::*;

use crate::made::{Made, tagged};

fn two() -> (Made, Descriptor) {
    let made = Made::new();
    let images = vec![made.image("linux/amd64", b"one"), made.image("linux/arm64", b"two")];
    let index = made.index(images);
    made.name(vec![tagged(index.clone(), "v1")]);
    (made, index)
}

fn refusal(made: &Made) -> String {
    match Layout::open(made.path()) {
        Err(error) => error.to_string(),
        Ok(layout) => layout.images(&layout.find(None).unwrap()).unwrap_err().to_string(),
    }
}

#[test]
fn a_directory_and_its_archive_are_read_alike() {
    let (made, index) = two();
    let archive = made.archive();
    for path in [made.path(), &archive] {
        let layout = Layout::open(path).unwrap();
        let found = layout.find(Some("v1")).unwrap();
        assert_eq!(found.digest(), index.digest());
        let images = layout.images(&found).unwrap();
        let platforms: Vec<String> = images
            .iter()
            .map(|image| image.descriptor.platform().unwrap().to_string())
            .collect();
        assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
        let mut layer = String::new();
        let mut blob = layout.blob(&images[1].manifest.layers()[0]).unwrap();
        blob.read_to_string(&mut layer).unwrap();
        assert_eq!(layer, "two");
    }
    fs::remove_file(archive).unwrap();
}

#[test]
fn an_image_is_found_by_tag_by_digest_or_because_it_is_alone() {
    let (made, index) = two();
    let layout = Layout::open(made.path()).unwrap();
    let arm = layout.images(&index).unwrap().remove(1).descriptor;
    assert_eq!(layout.find(None).unwrap().digest(), index.digest());
    assert_eq!(
        layout.find(Some(&index.digest().to_string())).unwrap().digest(),
        index.digest()
    );
    assert_eq!(layout.find(Some(&arm.digest().to_string())).unwrap(), arm);
    let pinned = format!("v1@{}", index.digest());
    assert_eq!(layout.find(Some(&pinned)).unwrap().digest(), index.digest());
    for other in [
        format!("v1@{}", arm.digest()),
        format!("v2@{}", index.digest()),
        "v1@".to_owned(),
    ] {
        let error = layout.find(Some(&other)).unwrap_err();
        assert!(matches!(error, Error::NoSuchReference { asked, .. } if asked == other));
    }
    let error = layout.find(Some("v2")).unwrap_err();
    assert_eq!(error.to_string(), "expected `v2` in the layout, found `v1`");
    made.name(vec![tagged(index, "v1"), tagged(arm, "arm")]);
    let error = Layout::open(made.path()).unwrap().find(None).unwrap_err();
    assert_eq!(error.to_string(), "expected one image in the layout, found `v1`, `arm`");
}

#[test]
fn a_name_that_reads_as_a_digest_is_no_digest() {
    let (made, good) = two();
    let evil = made.image("linux/amd64", b"evil");
    let digest = good.digest().to_string();
    let pinned = format!("v1@{digest}");
    let named = |name: &str| tagged(evil.clone(), name);
    let find = |entries: Vec<Descriptor>, asked: &str| {
        made.name(entries);
        let found = Layout::open(made.path()).unwrap().find(Some(asked))?;
        Ok::<_, Error>(found.digest().clone())
    };
    let at = format!("@{digest}");
    for asked in [&digest, &at, &pinned] {
        let entries = vec![named(&digest), named(&at), named(&pinned), tagged(good.clone(), "v1")];
        assert_eq!(find(entries, asked).unwrap(), *good.digest(), "{asked}");
        let error = find(vec![named(&digest), named(&at), named(&pinned), named("v1")], asked).unwrap_err();
        assert!(matches!(error, Error::NoSuchReference { .. }), "{error}");
    }
    // A digest that is cut short is no name either.
    for cut in ["sha256:00", "@sha256:00", "v1@sha256:00", "@v1"] {
        let error = find(vec![named(cut), named("v1"), named("sha256:00")], cut).unwrap_err();
        assert!(matches!(error, Error::NoSuchReference { .. }), "{cut}: {error}");
    }
    // Names of containers' tools may have a digest in them: theirs.
    let whole = format!("example.org/app@{digest}");
    assert_eq!(
        find(vec![tagged(good.clone(), &whole)], &whole).unwrap(),
        *good.digest()
    );
    assert_eq!(find(vec![named("user@host")], "user@host").unwrap(), *evil.digest());
}

#[test]
fn two_images_of_one_tag_are_told_apart_by_their_digests_alone() {
    let (made, index) = two();
    let other = made.image("linux/amd64", b"other");
    let both = || vec![tagged(index.clone(), "v1"), tagged(other.clone(), "v1")];
    made.name(both());
    let layout = Layout::open(made.path()).unwrap();
    let error = layout.find(Some("v1")).unwrap_err().to_string();
    for digest in [index.digest(), other.digest()] {
        assert!(error.contains(&digest.to_string()), "{error}");
        let pinned = format!("v1@{digest}");
        assert_eq!(layout.find(Some(&pinned)).unwrap().digest(), digest);
    }
    assert!(
        error.starts_with("expected one image named `v1` in the layout, found "),
        "{error}"
    );
    made.name(vec![tagged(index.clone(), "v1"), tagged(index.clone(), "v1")]);
    let twice = Layout::open(made.path()).unwrap();
    assert_eq!(twice.find(Some("v1")).unwrap().digest(), index.digest());
}

#[test]
fn blobs_are_listed_alike_whether_something_names_them_or_not() {
    let (made, index) = two();
    let loose = made.blob("a/b", b"loose");
    let folder = made.path().join("blobs/sha256");
    fs::write(folder.join("no-digest"), b"").unwrap();
    fs::create_dir(folder.join(index.digest().to_hex().replace('0', "1"))).unwrap();
    let archive = made.archive();
    let listed = |path: &Path| Layout::open(path).unwrap().blobs().unwrap();
    let found = listed(made.path());
    assert_eq!(listed(&archive), found);
    assert!(found.contains(&(loose.digest().clone(), 5)));
    assert!(found.contains(&(index.digest().clone(), index.size())));
    assert_eq!(found.len(), fs::read_dir(&folder).unwrap().count() - 2);
    assert!(found.is_sorted());
    fs::remove_dir_all(made.path().join("blobs")).unwrap();
    assert!(listed(made.path()).is_empty());
    fs::remove_file(archive).unwrap();
}

/// A manifest that is about another one.
fn referrer(made: &Made, subject: &Descriptor) -> Descriptor {
    let empty = made.blob("application/vnd.oci.empty.v1+json", b"{}");
    let text = |descriptor: &Descriptor| serde_json::to_string(descriptor).unwrap();
    let (empty, subject) = (text(&empty), text(subject));
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","artifactType":"a/b","config":{empty},"layers":[{empty}],"subject":{subject}}}"#,
        media_type::MANIFEST
    );
    made.blob(media_type::MANIFEST, manifest.as_bytes())
}

#[test]
fn what_hangs_on_an_image_does_not_keep_it_from_being_alone() {
    let (made, index) = two();
    let image = made.image("linux/s390x", b"three");
    let beside = format!("sha256-{}.sig", index.digest().to_hex());
    let saved = Annotations::from([("kind".to_owned(), "dev.cosignproject.cosign/atts".to_owned())]);
    let attached = [
        referrer(&made, &index),
        tagged(image.clone(), &beside),
        image.clone().with_annotations(saved),
    ];
    for one in attached {
        made.name(vec![one, tagged(index.clone(), "v1")]);
        let layout = Layout::open(made.path()).unwrap();
        assert_eq!(layout.find(None).unwrap().digest(), index.digest());
    }
    for other in ["sha256-00.sig", "app-1.0.sig", &beside.replace(".sig", ".txt")] {
        made.name(vec![tagged(index.clone(), "v1"), tagged(image.clone(), other)]);
        let error = Layout::open(made.path()).unwrap().find(None).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("expected one image in the layout, found `v1`, `{other}`")
        );
    }
    // Alone, it is what is meant.
    let alone = referrer(&made, &index);
    made.name(vec![alone.clone()]);
    assert_eq!(Layout::open(made.path()).unwrap().find(None).unwrap(), alone);
}

#[test]
fn a_blob_that_is_missing_changed_or_of_another_size_is_rejected() {
    let (made, index) = two();
    let path = made.blob_path(&index);
    let bytes = fs::read(&path).unwrap();
    let mut changed = bytes.clone();
    changed[20] ^= 1;
    fs::write(&path, &changed).unwrap();
    assert!(refusal(&made).starts_with(&format!("expected blob `{}`, found `sha256:", index.digest())));
    fs::write(&path, &bytes[1..]).unwrap();
    let (expected, found) = (bytes.len(), bytes.len() - 1);
    let size = format!("expected {expected} bytes for blob `{}`, found {found}", index.digest());
    assert_eq!(refusal(&made), size);
    fs::remove_file(&path).unwrap();
    assert_eq!(
        refusal(&made),
        format!("blob `{}` is not in the layout", index.digest())
    );
}

#[test]
fn indexes_may_lie_in_each_other_only_so_deep() {
    let made = Made::new();
    let mut inner = made.image("linux/amd64", b"one");
    for _ in 0..MAX_DEPTH {
        inner = made.index(vec![inner]);
    }
    made.name(vec![inner.clone()]);
    let layout = Layout::open(made.path()).unwrap();
    assert_eq!(layout.images(&inner).unwrap().len(), 1);
    made.name(vec![made.index(vec![inner])]);
    assert_eq!(refusal(&made), "expected at most 4 indexes in each other");
}

#[test]
fn a_document_that_is_too_large_is_not_read() {
    let made = Made::new();
    made.name(vec![]);
    let file = fs::File::options()
        .write(true)
        .open(made.path().join("index.json"))
        .unwrap();
    file.set_len(MAX_DOCUMENT_BYTES + 1).unwrap();
    assert_eq!(
        refusal(&made),
        "expected at most 4194304 bytes for `index.json`, found 4194305"
    );
}

#[test]
fn what_is_no_layout_says_why() {
    let made = Made::new();
    made.name(vec![]);
    let at = made.path().display();
    fs::write(made.path().join("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
    let expected = format!("expected an OCI layout directory or archive at `{at}`, found");
    assert_eq!(refusal(&made), format!("{expected} one of version 2.0.0"));
    let twins = r#"{"imageLayoutVersion":"1.0.0","ImageLayoutVersion":"2.0.0"}"#;
    fs::write(made.path().join("oci-layout"), twins).unwrap();
    assert!(refusal(&made).starts_with("`oci-layout`: expected key `imageLayoutVersion`"));
    fs::remove_file(made.path().join("oci-layout")).unwrap();
    assert_eq!(refusal(&made), format!("{expected} no `oci-layout` in it"));
}

/// Every image below a tag, its layers read to their ends.
fn read(path: &Path) -> Result<Vec<Image>, Error> {
    let layout = Layout::open(path)?;
    let images = layout.images(&layout.find(Some("v1"))?)?;
    for image in &images {
        layout.document(image.manifest.config())?;
        for layer in image.manifest.layers() {
            layout.blob(layer)?.copy_to(&mut Vec::new())?;
        }
    }
    Ok(images)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_changed_byte_is_refused_or_changes_no_image(at: prop::sample::Index, bit in 0..8_u8) {
        let (made, _) = two();
        let archive = made.archive();
        let images = read(&archive).unwrap();
        let mut bytes = fs::read(&archive).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        fs::write(&archive, &bytes).unwrap();
        let found = read(&archive);
        fs::remove_file(&archive).unwrap();
        if let Ok(found) = found {
            let known: Vec<&Manifest> = images.iter().map(|image| &image.manifest).collect();
            prop_assert!(found.iter().all(|image| known.contains(&&image.manifest)));
        }
    }

    #[test]
    fn no_document_makes_it_panic_and_what_is_read_is_printed_so(at: prop::sample::Index, put in any::<Vec<u8>>(), cut in 0..9_usize) {
        let (made, index) = two();
        let layout = Layout::open(made.path()).unwrap();
        let manifest = layout.nested_index(&index).unwrap().manifests()[0].clone();
        for descriptor in [&index, &manifest] {
            let mut bytes = layout.document(descriptor).unwrap();
            let at = at.index(bytes.len());
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, put.clone());
            if let Ok(read) = Index::from_json(&bytes) {
                prop_assert_eq!(Index::from_json(&read.to_json()).unwrap(), read);
            }
            if let Ok(read) = Manifest::from_json(&bytes) {
                prop_assert_eq!(Manifest::from_json(&read.to_json()).unwrap(), read);
            }
        }
    }
}
