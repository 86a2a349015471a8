use attest_digest::Digest;
use attestation::limits;

use super::tests::{Memory, digest, evidence};
use super::*;

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn layer(digest: &Digest, size: u64) -> String {
    format!(r#"{{"mediaType":"{BUNDLE}","digest":"{digest}","size":{size}}}"#)
}

fn manifest(subject: &Digest, layers: &[String]) -> String {
    let layers = layers.join(",");
    format!(r#"{{"subject":{{"digest":"{subject}","size":5}},"layers":[{layers}]}}"#)
}

/// An image with evidence that can be found, and the manifest of that.
fn signed() -> (Memory, Digest, Digest) {
    let mut memory = Memory::default();
    let image = digest(b"image");
    let good = memory.referrer(&image, BUNDLE, b"{}");
    memory.listed = vec![good.clone()];
    (memory, image, good)
}

fn of<'a>(stored: &'a [StoredEvidence], manifest: &Digest) -> Vec<&'a Attachment> {
    let of_it = stored.iter().filter(|one| one.manifest.as_ref() == Some(manifest));
    of_it.map(|one| &one.attachment).collect()
}

fn blake3() -> Digest {
    format!("blake3:{}", "0".repeat(64)).parse().unwrap()
}

#[test]
fn what_somebody_names_wrongly_silences_nobody_else() {
    let (mut memory, image, good) = signed();
    let wrong = manifest(&image, &[layer(&digest(b"{}"), 3)]);
    let wrong = memory.put(wrong.as_bytes());
    memory.listed.push(wrong.clone());
    let stored = evidence(&memory, &image);
    assert!(matches!(of(&stored, &good)[..], [Attachment::Evidence(_)]));
    let reason = "another size".to_owned();
    assert!(
        matches!(of(&stored, &wrong)[..], [Attachment::Invalid(found)] if *found == InvalidDocument::Misnamed { reason })
    );
}

#[test]
fn nobody_is_asked_for_what_has_a_digest_that_registries_do_not_know() {
    let (mut memory, image, good) = signed();
    let wrong = memory.put(manifest(&image, &[layer(&blake3(), 3)]).as_bytes());
    memory.listed.extend([wrong.clone(), blake3()]);
    let stored = evidence(&memory, &image);
    assert!(matches!(of(&stored, &good)[..], [Attachment::Evidence(_)]));
    let reason = format!("expected a digest by sha256 or sha512, found `{}`", blake3());
    for manifest in [&wrong, &blake3()] {
        let expected = InvalidDocument::Misnamed { reason: reason.clone() };
        assert!(matches!(of(&stored, manifest)[..], [Attachment::Invalid(found)] if *found == expected));
    }
}

#[test]
fn of_more_layers_than_are_read_the_rest_is_counted() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    let layers: Vec<String> = (0..MAX_ATTACHMENTS + 2)
        .map(|number| layer(&digest(&number.to_le_bytes()), 3))
        .collect();
    let (first, second) = layers.split_at(10);
    let mut listed = [first, second].map(|layers| memory.put(manifest(&image, layers).as_bytes()));
    listed.sort();
    memory.listed = listed.to_vec();
    let stored = evidence(&memory, &image);
    let missing = stored
        .iter()
        .filter(|one| matches!(one.attachment, Attachment::Missing(_)));
    assert_eq!(missing.count(), MAX_ATTACHMENTS);
    assert!(matches!(
        stored.last().unwrap().attachment,
        Attachment::NotOpened { count: 2 }
    ));
}

#[test]
fn no_more_bytes_are_read_for_one_image_than_are_held() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    let fitting = usize::try_from(MAX_EVIDENCE_BYTES / limits::MAX_BUNDLE_BYTES).unwrap();
    let number = |number: usize| digest(&number.to_le_bytes());
    let mut layers: Vec<String> = (0..=fitting)
        .map(|place| layer(&number(place), limits::MAX_BUNDLE_BYTES))
        .collect();
    memory.tag(CosignTag::Attestations.of(&image), &manifest(&image, &layers));
    let stored = evidence(&memory, &image);
    assert_eq!(stored.len(), fitting + 1);
    assert!(matches!(stored[fitting].attachment, Attachment::NotOpened { count: 1 }));
    // What is too large alone takes nothing from the others.
    layers[0] = layer(&number(0), limits::MAX_BUNDLE_BYTES + 1);
    memory.tag(CosignTag::Attestations.of(&image), &manifest(&image, &layers));
    let stored = evidence(&memory, &image);
    assert!(matches!(stored[0].attachment, Attachment::TooLarge { .. }));
    assert!(matches!(stored[fitting].attachment, Attachment::Missing(_)));
}
