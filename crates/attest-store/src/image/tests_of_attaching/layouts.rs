//! Evidence in layout directories: entries of `index.json`, which others may write too.

use std::fs;
use std::path::Path;

use attest_archive::image::{Additions, EntryPlace, Error, Layout, Store};

use super::*;
use crate::image::tests::digest;

/// A layout with one image, `v1`.
fn scene() -> (tempfile::TempDir, Descriptor) {
    let scene = tempfile::tempdir().unwrap();
    Store::open(scene.path()).unwrap();
    let additions = Additions::open(scene.path()).unwrap();
    let configuration = additions.insert(media_type::CONFIG, b"{}").unwrap();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type::MANIFEST, "layers": [],
        "config": serde_json::to_value(&configuration).unwrap(),
    });
    let image = additions
        .insert(media_type::MANIFEST, manifest.to_string().as_bytes())
        .unwrap();
    additions.name(&image, EntryPlace::Tag("v1"), |_| Ok(true)).unwrap();
    (scene, image)
}

fn attach(path: &Path, subject: &Descriptor, evidence: &NewEvidence<'_>) -> Result<Stored, AttachError<Error>> {
    let repository = LayoutRepository::new(Layout::open(path).unwrap()).unwrap();
    let attaching = Attaching {
        repository: &repository,
        subject,
        created: Some("2026-01-01T00:00:00Z".to_owned()),
        above: &[],
    };
    attaching.attach(evidence)
}

/// Stores a signature of cosign 2 over what an image is called.
fn sign(path: &Path, image: &Descriptor, reference: &str) -> Result<Stored, AttachError<Error>> {
    let payload = simple_signing_payload(reference, image.digest(), &BTreeMap::new());
    let evidence = NewEvidence::LegacySignature {
        bundle: &bundle(1),
        payload: &payload,
    };
    attach(path, image, &evidence)
}

fn found(path: &Path, subject: &Descriptor) -> Vec<StoredEvidence> {
    let layout = Layout::open(path).unwrap();
    evidence_of(&LayoutRepository::new(&layout).unwrap(), subject.digest()).unwrap()
}

fn index(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path.join("index.json")).unwrap()).unwrap()
}

#[test]
fn a_referrer_is_an_entry_without_a_tag_and_the_image_is_still_found() {
    let (scene, image) = scene();
    let before = fs::read_to_string(scene.path().join("index.json")).unwrap();
    let stored = attach(scene.path(), &image, &NewEvidence::Bundle(&bundle(1))).unwrap();
    let again = attach(scene.path(), &image, &NewEvidence::Bundle(&bundle(1))).unwrap();
    assert_eq!(
        (again.manifest.clone(), again.was_there),
        (stored.manifest.clone(), true)
    );
    let entry = &index(scene.path())["manifests"][1];
    let size = fs::metadata(scene.path().join("blobs/sha256").join(stored.manifest.to_hex()))
        .unwrap()
        .len();
    let expected = json!({
        "mediaType": media_type::MANIFEST, "digest": stored.manifest.to_string(), "size": size,
        "annotations": { "dev.sigstore.bundle.content": "message-signature", "org.opencontainers.image.created": "2026-01-01T00:00:00Z" },
        "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    });
    assert_eq!(*entry, expected);
    let after = fs::read_to_string(scene.path().join("index.json")).unwrap();
    assert!(after.starts_with(before.split("]").next().unwrap()), "{after}");
    assert_eq!(
        Layout::open(scene.path()).unwrap().find(None).unwrap().digest(),
        image.digest()
    );
    let found = found(scene.path(), &image);
    assert_eq!(found.len(), 1);
    assert!(matches!(
        found[0].attachment,
        Attachment::Evidence(Ok(Attached::Bundle(_)))
    ));
}

#[test]
fn signatures_of_cosign_2_are_kept_below_their_tag() {
    let (scene, image) = scene();
    let payload = simple_signing_payload("example.com/app", image.digest(), &BTreeMap::new());
    let signatures = [1, 2].map(|number| {
        let mut document: Value = serde_json::from_slice(bundle(1).as_json()).unwrap();
        document["messageSignature"]["signature"] = format!("MAYCAQUCAQ{}=", ["", "Y", "c"][number]).into();
        Bundle::parse(document.to_string().as_bytes()).unwrap()
    });
    for (number, bundle) in signatures.iter().enumerate() {
        let evidence = NewEvidence::LegacySignature {
            bundle,
            payload: &payload,
        };
        assert!(!attach(scene.path(), &image, &evidence).unwrap().was_there);
        assert!(attach(scene.path(), &image, &evidence).unwrap().was_there);
        assert_eq!(found(scene.path(), &image).len(), number + 1);
    }
    let entries = index(scene.path())["manifests"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 2);
    let tag = CosignTag::Signatures.of(image.digest());
    assert_eq!(
        entries[1]["annotations"],
        json!({ "org.opencontainers.image.ref.name": tag })
    );
}

#[test]
fn what_cosign_saved_gains_a_signature_where_cosign_looks_for_it() {
    let (scene, image) = scene();
    sign(scene.path(), &image, "example.com/app").unwrap();
    // As `cosign save` names it.
    let path = scene.path().join("index.json");
    let tag = CosignTag::Signatures.of(image.digest());
    let named = format!(r#""org.opencontainers.image.ref.name":"{tag}""#);
    let saved = fs::read_to_string(&path)
        .unwrap()
        .replace(&named, r#""kind":"dev.cosignproject.cosign/sigs""#)
        .replace(
            r#""org.opencontainers.image.ref.name":"v1""#,
            r#""kind":"dev.cosignproject.cosign/image""#,
        );
    fs::write(&path, saved).unwrap();
    sign(scene.path(), &image, "example.com/other").unwrap();
    let entries = index(scene.path())["manifests"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 2);
    assert_eq!(
        entries[1]["annotations"],
        json!({ "kind": "dev.cosignproject.cosign/sigs" })
    );
    assert_eq!(found(scene.path(), &image).len(), 2);
}

#[test]
fn of_two_entries_with_the_name_of_signatures_neither_is_taken() {
    let (scene, image) = scene();
    sign(scene.path(), &image, "example.com/app").unwrap();
    let mut document = index(scene.path());
    let twin = document["manifests"][1].clone();
    let write = |document: &Value| fs::write(scene.path().join("index.json"), document.to_string()).unwrap();
    // The same twice is one.
    document["manifests"].as_array_mut().unwrap().push(twin.clone());
    write(&document);
    assert_eq!(found(scene.path(), &image).len(), 1);
    for name in [
        json!({ "org.opencontainers.image.ref.name": CosignTag::Signatures.of(image.digest()) }),
        json!({ "kind": "dev.cosignproject.cosign/sigs" }),
    ] {
        let entries = document["manifests"].as_array_mut().unwrap();
        entries[0]["annotations"] = json!({ "kind": "dev.cosignproject.cosign/image" });
        entries[1]["annotations"] = name.clone();
        entries[2] = json!({
            "mediaType": image.media_type(), "digest": image.digest().to_string(), "size": image.size(), "annotations": name,
        });
        write(&document);
        let layout = Layout::open(scene.path()).unwrap();
        let ambiguous = |error: &Error| {
            let Error::AmbiguousReference { asked, found } = error else {
                panic!("{error}")
            };
            assert_eq!((asked, found.len()), (&CosignTag::Signatures.of(image.digest()), 2));
        };
        ambiguous(&evidence_of(&LayoutRepository::new(&layout).unwrap(), image.digest()).unwrap_err());
        match sign(scene.path(), &image, "example.com/app").unwrap_err() {
            AttachError::Repository(error) => ambiguous(&error),
            error => panic!("{error}"),
        }
        assert_eq!(index(scene.path()), document);
    }
}

#[test]
fn what_cosign_saved_of_an_index_gains_no_signature_of_an_image_of_it() {
    let (scene, one) = scene();
    let additions = Additions::open(scene.path()).unwrap();
    let mut two: Value = serde_json::from_slice(&Layout::open(scene.path()).unwrap().document(&one).unwrap()).unwrap();
    two["annotations"] = json!({ "number": "two" });
    let two = additions
        .insert(media_type::MANIFEST, two.to_string().as_bytes())
        .unwrap();
    let both = json!({ "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": [one, two] });
    let top = additions
        .insert(media_type::INDEX, both.to_string().as_bytes())
        .unwrap();
    additions.name(&top, EntryPlace::Tag("v1"), |_| Ok(true)).unwrap();
    let sign = |image: &Descriptor| sign(scene.path(), image, "example.com/app").unwrap();
    sign(&top);
    // As `cosign save` names both.
    let path = scene.path().join("index.json");
    let mut saved = index(scene.path());
    for (entry, kind) in saved["manifests"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .zip(["imageIndex", "sigs"])
    {
        entry["annotations"] = json!({ "kind": format!("dev.cosignproject.cosign/{kind}") });
    }
    fs::write(&path, saved.to_string()).unwrap();
    assert_eq!(found(scene.path(), &top).len(), 1);
    for image in [&one, &two] {
        assert!(found(scene.path(), image).is_empty());
        let stored = sign(image);
        assert_eq!(stored.place, Place::Tag(CosignTag::Signatures.of(image.digest())));
        assert_eq!(found(scene.path(), image).len(), 1);
    }
    let after = index(scene.path())["manifests"].as_array().unwrap().clone();
    assert_eq!(after[..2], saved["manifests"].as_array().unwrap()[..]);
    let names = [&one, &two].map(|image| json!(CosignTag::Signatures.of(image.digest())));
    assert_eq!(
        [2, 3].map(|place: usize| after[place]["annotations"]["org.opencontainers.image.ref.name"].clone()),
        names
    );
    assert_eq!(found(scene.path(), &top).len(), 1);
}

#[test]
fn what_somebody_misnamed_does_not_keep_a_bundle_from_being_found() {
    let (scene, image) = scene();
    let stored = attach(scene.path(), &image, &NewEvidence::Bundle(&bundle(1))).unwrap();
    let additions = Additions::open(scene.path()).unwrap();
    let digest = format!("sha256:{}", "0".repeat(64));
    fs::write(scene.path().join("blobs/sha256").join("0".repeat(64)), "{}").unwrap();
    let entry = json!({ "mediaType": media_type::MANIFEST, "digest": digest, "size": 2 });
    let listed = json!({ "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": [entry] });
    let listed = additions
        .insert(media_type::INDEX, listed.to_string().as_bytes())
        .unwrap();
    let tag = fallback_tag(image.digest());
    additions.name(&listed, EntryPlace::Tag(&tag), |_| Ok(true)).unwrap();
    let again = attach(scene.path(), &image, &NewEvidence::Bundle(&bundle(1))).unwrap();
    assert_eq!((again.manifest, again.was_there), (stored.manifest, true));
}

/// Adds an entry to `index.json` whose blob is not there.
fn name_what_is_missing(path: &Path, annotations: &Value) -> Digest {
    let missing = digest(b"not there");
    let mut index = index(path);
    let entry = json!({
        "mediaType": media_type::MANIFEST, "digest": missing.to_string(), "size": 9, "annotations": annotations,
    });
    index["manifests"].as_array_mut().unwrap().push(entry);
    fs::write(path.join("index.json"), index.to_string()).unwrap();
    missing
}

fn missing_at<'a>(found: &'a [StoredEvidence], place: &Place) -> Vec<&'a Digest> {
    let there = found.iter().filter(|one| one.place == *place);
    there
        .filter_map(|one| match &one.attachment {
            Attachment::Missing(digest) => Some(digest),
            _ => None,
        })
        .collect()
}

#[test]
fn an_entry_that_is_not_there_may_be_evidence_and_stays_when_more_is_stored() {
    let (scene, image) = scene();
    let missing = name_what_is_missing(scene.path(), &json!({}));
    attach(scene.path(), &image, &NewEvidence::Bundle(&bundle(1))).unwrap();
    let found = found(scene.path(), &image);
    assert_eq!(missing_at(&found, &Place::Referrer), [&missing]);
    let is_good = |one: &&StoredEvidence| matches!(one.attachment, Attachment::Evidence(Ok(_)));
    assert_eq!(found.iter().filter(is_good).count(), 1);
    assert!(index(scene.path()).to_string().contains(&missing.to_string()));
}

#[test]
fn what_a_tag_is_at_and_is_not_there_is_told_and_never_replaced() {
    let (scene, image) = scene();
    let payload = simple_signing_payload("example.com/app", image.digest(), &BTreeMap::new());
    for tag in [fallback_tag(image.digest()), CosignTag::Signatures.of(image.digest())] {
        let name = json!({ "org.opencontainers.image.ref.name": tag });
        let missing = name_what_is_missing(scene.path(), &name);
        let layout = LayoutRepository::new(Layout::open(scene.path()).unwrap()).unwrap();
        let found = evidence_of(&layout, image.digest()).unwrap();
        assert_eq!(missing_at(&found, &Place::Tag(tag)), [&missing]);
        assert!(manifests_of(&layout, image.digest()).unwrap().unreadable > 0);
    }
    let before = index(scene.path());
    let (bundle, payload) = (&bundle(1), &payload[..]);
    let refused = attach(scene.path(), &image, &NewEvidence::LegacySignature { bundle, payload });
    assert!(matches!(
        refused,
        Err(AttachError::Repository(Error::MissingBlob { .. }))
    ));
    assert_eq!(index(scene.path()), before);
}

#[test]
fn many_at_once_lose_nothing() {
    let (scene, image) = scene();
    let payload = simple_signing_payload("example.com/app", image.digest(), &BTreeMap::new());
    std::thread::scope(|scope| {
        for number in 0..20_usize {
            let (path, image) = (scene.path(), &image);
            let payload = [&payload[..], &b" ".repeat(number)].concat();
            scope.spawn(move || {
                let bundle = bundle(number);
                attach(path, image, &NewEvidence::Bundle(&bundle)).unwrap();
                let payload = &payload;
                attach(
                    path,
                    image,
                    &NewEvidence::LegacySignature {
                        bundle: &bundle,
                        payload,
                    },
                )
                .unwrap();
            });
        }
    });
    let found = found(scene.path(), &image);
    let count = |place: fn(&Place) -> bool| found.iter().filter(|one| place(&one.place)).count();
    assert_eq!(count(|place| *place == Place::Referrer), 20);
    assert_eq!(count(|place| *place != Place::Referrer), 20);
}

#[test]
fn an_entry_that_is_not_what_its_name_says_silences_no_other() {
    let (scene, image) = scene();
    attach(scene.path(), &image, &NewEvidence::Bundle(&bundle(1))).unwrap();
    let digest = digest(b"something else");
    fs::write(scene.path().join("blobs/sha256").join(digest.to_hex()), "{}").unwrap();
    let mut index = index(scene.path());
    let entry = json!({ "mediaType": media_type::MANIFEST, "digest": digest.to_string(), "size": 2 });
    index["manifests"].as_array_mut().unwrap().push(entry);
    fs::write(scene.path().join("index.json"), index.to_string()).unwrap();
    let found = found(scene.path(), &image);
    let is_good = |one: &&StoredEvidence| matches!(one.attachment, Attachment::Evidence(Ok(_)));
    assert_eq!(found.iter().filter(is_good).count(), 1);
    let is_told =
        |one: &&StoredEvidence| matches!(one.attachment, Attachment::Invalid(InvalidDocument::Misnamed { .. }));
    assert_eq!(found.iter().filter(is_told).count(), 1);
}

#[test]
fn more_documents_without_a_name_than_are_looked_into_are_never_nothing() {
    let (scene, image) = scene();
    let repository = |path: &Path| {
        let layout = Layout::open(path).unwrap();
        LayoutRepository::new(layout).unwrap().with_unnamed().unwrap()
    };
    let referrers = |path: &Path| repository(path).referrers(image.digest());
    let fill = |text: &dyn Fn(usize) -> String, count: usize| {
        for number in 0..count {
            let text = text(number);
            let name = digest(text.as_bytes()).to_hex();
            fs::write(scene.path().join("blobs/sha256").join(name), text).unwrap();
        }
    };
    // What is no document is not counted. The configuration of the image is one.
    fill(&|number| number.to_string(), 10);
    fill(&|number| format!("{{\"number\":{number}}}"), 9_999);
    assert_eq!(referrers(scene.path()).unwrap(), Listed::default());
    fill(&|number| format!("{{\"more\":{number}}}"), 1);
    let cut = "expected at most 10000 documents that no index names in a layout".to_owned();
    assert_eq!(referrers(scene.path()).unwrap().cut, Some(cut.clone()));
    let is_told = |one: &StoredEvidence| matches!(&one.attachment, Attachment::NotListed { reason } if *reason == cut);
    let stored = evidence_of(&repository(scene.path()), image.digest()).unwrap();
    assert!(stored.iter().any(is_told));
}
