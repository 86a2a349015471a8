use attest_digest::Digest;
use attestation::limits;
use proptest::prelude::*;

use super::tests::{Memory, digest, evidence};
use super::tests_of_attaching::bundle;
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
    let good = memory.referrer(&image, BUNDLE, bundle(1).as_json());
    memory.listed = vec![good.clone()];
    (memory, image, good)
}

fn of<'a>(stored: &'a [StoredEvidence], manifest: &Digest) -> Vec<&'a Attachment> {
    let of_it = stored.iter().filter(|one| one.manifest.as_ref() == Some(manifest));
    of_it.map(|one| &one.attachment).collect()
}

/// Whether it is all of a manifest, and a bundle that can be read.
fn is_good(found: &[&Attachment]) -> bool {
    matches!(found, [Attachment::Evidence(Ok(Attached::Bundle(_)))])
}

fn blake3() -> Digest {
    format!("blake3:{}", "0".repeat(64)).parse().unwrap()
}

#[test]
fn what_somebody_names_wrongly_silences_nobody_else() {
    let (mut memory, image, good) = signed();
    let wrong = manifest(&image, &[layer(&memory.put(b"{}"), 3)]);
    let wrong = memory.put(wrong.as_bytes());
    memory.listed.push(wrong.clone());
    let stored = evidence(&memory, &image);
    assert!(is_good(&of(&stored, &good)));
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
    assert!(is_good(&of(&stored, &good)));
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

#[test]
fn of_texts_without_end_a_beginning_is_told() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    let endless = "ü".repeat(100_000);
    let typed = layer(&digest(b"{}"), 2).replace(BUNDLE, &endless);
    let other = memory.put(manifest(&image, &vec![typed; 5]).as_bytes());
    let garbled = memory.put(manifest(&image, &[layer(&image, 2).replace("sha256:", &endless)]).as_bytes());
    let many = memory.put(manifest(&image, &vec![layer(&image, 2).replace(BUNDLE, "a/b"); 1000]).as_bytes());
    memory.listed = vec![other.clone(), garbled.clone(), many.clone()];
    let stored = evidence(&memory, &image);
    let told = format!("{}…", "ü".repeat(255));
    assert!(matches!(of(&stored, &other)[..], [Attachment::Other { media_types }] if *media_types == [&*told; 5]));
    let expected = InvalidDocument::Digest { found: told };
    assert!(matches!(of(&stored, &garbled)[..], [Attachment::Invalid(found)] if *found == expected));
    assert!(matches!(of(&stored, &many)[..], [Attachment::Other { media_types }] if *media_types == ["a/b"; 16]));
}

/// What hangs on an image, told by a number: how good it is.
fn hang(memory: &mut Memory, image: &Digest, (place, kind): (usize, u8)) -> Digest {
    let number = place.to_le_bytes();
    let layers = |size: u64| vec![layer(&digest(&number), size)];
    match kind {
        0 => memory.referrer(image, BUNDLE, bundle(place).as_json()),
        1 => memory.referrer(image, "application/jose+json", &number),
        2 => memory.referrer(&digest(b"other"), BUNDLE, &number),
        3 => memory.put(manifest(image, &layers(8)).as_bytes()),
        4 => {
            memory.put(&number);
            memory.put(manifest(image, &layers(7)).as_bytes())
        }
        5 => memory.put(&[b"garbled", &number[..]].concat()),
        6 => memory.put(manifest(image, &layers(u64::MAX)).as_bytes()),
        _ => digest(&number),
    }
}

proptest! {
    #[test]
    fn whatever_hangs_there_is_told_once_and_found_together_as_one_by_one(
        kinds in prop::collection::vec(0_u8..8, 0..30), tag in prop::option::of(0_u8..8),
    ) {
        let mut memory = Memory::default();
        let image = digest(b"image");
        let hanging: Vec<(Digest, u8)> = kinds
            .into_iter()
            .enumerate()
            .map(|(place, kind)| (hang(&mut memory, &image, (place, kind)), kind))
            .collect();
        memory.listed = hanging.iter().map(|(manifest, _)| manifest.clone()).collect();
        if let Some(kind) = tag {
            let tagged = hang(&mut memory, &image, (1000, kind));
            if memory.content.contains_key(&tagged.to_string()) {
                memory.tags.insert(CosignTag::Attestations.of(&image), tagged);
            }
        }
        let stored = evidence(&memory, &image);
        for (manifest, kind) in &hanging {
            let told = of(&stored, manifest);
            let is_right = match (kind, &told[..]) {
                (0, found) => is_good(found),
                (1, [found]) => matches!(found, Attachment::Other { .. }),
                (3 | 7, [found]) => matches!(found, Attachment::Missing(_)),
                (4, [found]) => matches!(found, Attachment::Invalid(InvalidDocument::Misnamed { .. })),
                (5, [found]) => matches!(found, Attachment::Invalid(InvalidDocument::Malformed { .. })),
                (6, [found]) => matches!(found, Attachment::TooLarge { .. }),
                // It is about something else.
                (2, []) => true,
                _ => false,
            };
            prop_assert!(is_right, "{kind}: {told:?}");
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Document::parse(&bytes);
        let _ = SimpleSigning::parse(&bytes);
    }

    #[test]
    fn a_payload_with_another_byte_never_speaks_of_an_image_that_it_does_not_name(
        place in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let image = digest(b"image");
        let mut payload = simple_signing_payload("example.com/app", &image, &std::collections::BTreeMap::new());
        prop_assert!(SimpleSigning::parse_about(&payload, &image).is_ok());
        let place = place.index(payload.len());
        payload[place] = byte;
        if let Ok(read) = SimpleSigning::parse(&payload) {
            let text = String::from_utf8_lossy(&payload).into_owned();
            prop_assert!(text.contains(&read.image().to_string()));
            prop_assert_eq!(SimpleSigning::parse_about(&payload, &image).is_ok(), text.contains(&image.to_string()));
        }
    }
}

#[test]
fn an_envelope_is_no_signature_over_the_bytes_of_a_payload() {
    let envelope = serde_json::json!({
        "payload": "e30=", "payloadType": "application/vnd.in-toto+json", "signatures": [{ "sig": "MAYCAQUCAQY=" }],
    });
    let image = digest(b"image");
    let kind = "application/vnd.dev.cosign.simplesigning.v1+json";
    let read = |signature: String| {
        let mut memory = Memory::default();
        let layer = memory.put(b"{}");
        let annotations = serde_json::json!({ "dev.cosignproject.cosign/signature": signature });
        memory.tag(
            CosignTag::Signatures.of(&image),
            &format!(
                r#"{{"layers":[{{"mediaType":"{kind}","digest":"{layer}","size":2,"annotations":{annotations}}}]}}"#
            ),
        );
        evidence(&memory, &image).remove(0).attachment
    };
    let format = attestation::foreign::Format::DsseEnvelope;
    let expected = attestation::foreign::EvidenceError::NotEvidence { format };
    let found = read(envelope.to_string());
    assert!(
        matches!(&found, Attachment::Evidence(Err(error)) if *error == expected),
        "{found:?}"
    );
    let found = read("MAYCAQUCAQY=".to_owned());
    assert!(
        matches!(found, Attachment::Evidence(Ok(Attached::SimpleSigning { .. }))),
        "{found:?}"
    );
}

#[test]
fn the_pieces_of_all_layers_together_are_counted() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    let lines = "{}\n".repeat(MAX_ATTACHMENTS / 2 + 1);
    let blob = memory.put(lines.as_bytes());
    let layers = vec![layer(&blob, lines.len() as u64); 8];
    memory.listed = vec![memory.put(manifest(&image, &layers).as_bytes())];
    let stored = evidence(&memory, &image);
    let is_cut = |one: &&StoredEvidence| matches!(one.attachment, Attachment::NotOpened { count: 1 });
    assert_eq!(stored.iter().filter(is_cut).count(), 6);
    assert!(stored.len() <= MAX_ATTACHMENTS + 8, "{}", stored.len());
}

#[test]
fn a_fallback_tag_that_cannot_be_read_silences_nobody() {
    struct Unreadable(Memory);

    impl Repository for Unreadable {
        type Error = String;

        fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, String> {
            self.0.manifest(digest)
        }

        fn tagged(&self, tag: &str) -> Result<Option<Vec<u8>>, String> {
            match tag.contains('.') {
                true => self.0.tagged(tag),
                false => Err("another size".to_owned()),
            }
        }

        fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Vec<u8>>, String> {
            self.0.blob(digest, size)
        }

        fn referrers(&self, subject: &Digest) -> Result<Listed, String> {
            self.0.referrers(subject)
        }

        fn misnamed(error: &String) -> Option<String> {
            Memory::misnamed(error)
        }
    }

    let (memory, image, good) = signed();
    let repository = Unreadable(memory);
    let stored = evidence_of(&repository, &image).unwrap();
    assert!(is_good(&of(&stored, &good)));
    let told = stored
        .iter()
        .find(|one| one.place == Place::Tag(fallback_tag(&image)))
        .unwrap();
    assert!(matches!(
        told.attachment,
        Attachment::Invalid(InvalidDocument::Misnamed { .. })
    ));
    assert_eq!(manifests_of(&repository, &image).unwrap().unreadable, 1);
}
