use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;

use attest_digest::{Algorithm, Algorithms, Measured};
use attestation::limits;

use super::*;

/// A base64 text that is as much of a signature as a reader asks for.
const SIGNATURE: &str = "MAYCAQUCAQY=";

#[derive(Default)]
pub(super) struct Memory {
    pub(super) content: BTreeMap<String, Vec<u8>>,
    pub(super) tags: BTreeMap<String, Digest>,
    pub(super) listed: Vec<Digest>,
    closed: Option<String>,
    asked: Mutex<Vec<String>>,
}

pub(super) fn digest(bytes: &[u8]) -> Digest {
    let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
    measured.digest(Algorithm::Sha256).unwrap().clone()
}

impl Memory {
    pub(super) fn put(&mut self, bytes: &[u8]) -> Digest {
        let digest = digest(bytes);
        self.content.insert(digest.to_string(), bytes.to_vec());
        digest
    }

    pub(super) fn tag(&mut self, tag: String, text: &str) {
        let digest = self.put(text.as_bytes());
        self.tags.insert(tag, digest);
    }

    pub(super) fn referrer(&mut self, subject: &Digest, layer: &str, bytes: &[u8]) -> Digest {
        let blob = self.put(bytes);
        let text = format!(
            r#"{{"artifactType":"x/y","subject":{{"digest":"{subject}","size":5}},"layers":[{{"mediaType":"{layer}","digest":"{blob}","size":{}}}]}}"#,
            bytes.len()
        );
        self.put(text.as_bytes())
    }
}

impl Repository for Memory {
    type Error = String;

    fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, String> {
        Ok(self.content.get(&digest.to_string()).cloned())
    }

    fn tagged(&self, tag: &str) -> Result<Option<Vec<u8>>, String> {
        self.asked.lock().unwrap().push(tag.to_owned());
        if self.closed.as_deref() == Some(tag) {
            return Err("not allowed".to_owned());
        }
        Ok(self
            .tags
            .get(tag)
            .map(|digest| self.content[&digest.to_string()].clone()))
    }

    fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Vec<u8>>, String> {
        match self.content.get(&digest.to_string()) {
            Some(bytes) if bytes.len() as u64 != size => Err("another size".to_owned()),
            found => Ok(found.cloned()),
        }
    }

    fn referrers(&self, _: &Digest) -> Result<Listed, String> {
        Ok(self.listed.clone().into())
    }

    fn misnamed(error: &String) -> Option<String> {
        (error == "another size").then(|| error.clone())
    }
}

/// Found one by one, and found together: the same.
pub(super) fn evidence(memory: &Memory, image: &Digest) -> Vec<StoredEvidence> {
    let found = evidence_of(memory, image).unwrap();
    let together = evidence_of_at_once(memory, image, NonZeroUsize::new(8).unwrap()).unwrap();
    assert_eq!(format!("{found:?}"), format!("{together:?}"));
    memory.asked.lock().unwrap().truncate(4);
    found
}

fn simple_signing(image: &Digest) -> String {
    format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"example.com/app"}},"image":{{"docker-manifest-digest":"{image}"}},"type":"cosign container image signature"}},"optional":null}}"#
    )
}

#[test]
fn a_referrer_is_found_in_the_list_and_below_the_fallback_tag_and_once() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    let bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
    let listed = memory.referrer(&image, bundle, b"{}");
    let tagged = memory.referrer(&image, bundle, b"[]");
    // What a list says of its entries is often wrong, so it is not looked at.
    let entry = |digest: &Digest| format!(r#"{{"mediaType":"m","artifactType":"other","digest":"{digest}","size":1}}"#);
    let index = format!(r#"{{"manifests":[{},{}]}}"#, entry(&tagged), entry(&listed));
    memory.tag(fallback_tag(&image), &index);
    memory.listed = vec![listed.clone()];
    let stored = evidence(&memory, &image);
    let mut expected = vec![Some(listed), Some(tagged)];
    expected.sort();
    assert_eq!(
        stored.iter().map(|one| one.manifest.clone()).collect::<Vec<_>>(),
        expected
    );
    assert!(
        stored
            .iter()
            .all(|one| matches!(one.attachment, Attachment::Evidence(Err(_))))
    );
}

#[test]
fn a_list_cannot_lend_what_is_about_something_else() {
    let mut memory = Memory::default();
    let other = memory.referrer(
        &digest(b"other"),
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        b"{}",
    );
    memory.listed = vec![other];
    assert!(evidence(&memory, &digest(b"image")).is_empty());
}

#[test]
fn whatever_hangs_on_an_image_is_there_as_it_is_stored() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    let notation = memory.referrer(&image, "application/jose+json", b"{}");
    let other = memory.referrer(&digest(b"other"), "application/jose+json", b"{}");
    let garbled = memory.put(b"garbled");
    memory.listed = vec![notation.clone(), other, garbled, digest(b"gone")];
    memory.tag(CosignTag::Sbom.of(&image), r#"{"layers":[]}"#);
    let stored = manifests_of(&memory, &image).unwrap();
    let found: Vec<(&Place, &Digest)> = stored.manifests.iter().map(|one| (&one.place, &one.digest)).collect();
    let tag = CosignTag::Sbom.of(&image);
    assert_eq!(
        found,
        [
            (&Place::Referrer, &notation),
            (&Place::Tag(tag.clone()), &memory.tags[&tag])
        ]
    );
    assert_eq!((stored.unreadable, stored.not_opened), (2, 0));
    assert_eq!(stored.manifests[0].document.artifact_type.as_deref(), Some("x/y"));
    assert_eq!(stored.manifests[1].bytes, br#"{"layers":[]}"#);
    memory.closed = Some(tag);
    assert_eq!(manifests_of(&memory, &image).unwrap_err(), "not allowed");
}

#[test]
fn what_is_no_evidence_is_listed_as_what_it_is() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    let notation = memory.referrer(&image, "application/jose+json", b"{}");
    let garbled = memory.put(b"garbled");
    memory.listed = vec![notation.clone(), garbled];
    let stored = evidence(&memory, &image);
    assert_eq!(stored.len(), 2);
    let is_other = |one: &&StoredEvidence| matches!(&one.attachment, Attachment::Other { media_types } if media_types == &["application/jose+json"]);
    assert_eq!(stored.iter().filter(is_other).count(), 1);
    assert!(
        stored
            .iter()
            .any(|one| matches!(one.attachment, Attachment::Invalid(_)))
    );
}

#[test]
fn a_signature_of_cosign_2_is_a_bundle_over_its_payload() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    let payload = simple_signing(&image);
    let layer = memory.put(payload.as_bytes());
    let kind = "application/vnd.dev.cosign.simplesigning.v1+json";
    let manifest = format!(
        r#"{{"layers":[{{"mediaType":"{kind}","digest":"{layer}","size":{},"annotations":{{"dev.cosignproject.cosign/signature":"{SIGNATURE}"}}}}]}}"#,
        payload.len()
    );
    memory.tag(CosignTag::Signatures.of(&image), &manifest);
    let stored = evidence(&memory, &image);
    let [
        StoredEvidence {
            place: Place::Tag(tag),
            attachment: Attachment::Evidence(Ok(attached)),
            ..
        },
    ] = stored.as_slice()
    else {
        panic!("{stored:?}");
    };
    assert!(tag.ends_with(".sig"));
    let Attached::SimpleSigning { payload: found, .. } = attached else {
        panic!("{attached:?}");
    };
    assert_eq!(found, payload.as_bytes());
    let payload = SimpleSigning::parse_about(found, &image).unwrap();
    assert_eq!(payload.reference(), "example.com/app");
    let error = SimpleSigning::parse_about(found, &digest(b"other")).unwrap_err();
    assert!(matches!(error, InvalidPayload::OtherImage { .. }));
}

#[test]
fn a_signature_without_a_signature_is_no_evidence() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    let layer = memory.put(b"{}");
    let kind = "application/vnd.dev.cosign.simplesigning.v1+json";
    memory.tag(
        CosignTag::Signatures.of(&image),
        &format!(r#"{{"layers":[{{"mediaType":"{kind}","digest":"{layer}","size":2}}]}}"#),
    );
    let stored = evidence(&memory, &image);
    assert!(matches!(stored[0].attachment, Attachment::Evidence(Err(_))));
}

#[test]
fn what_is_named_and_not_there_and_what_is_too_large_is_told() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    let bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
    let referrer = memory.referrer(&image, bundle, b"{}");
    memory.content.remove(&digest(b"{}").to_string());
    let large = limits::MAX_BUNDLE_BYTES + 1;
    memory.tag(
        CosignTag::Attestations.of(&image),
        &format!(r#"{{"layers":[{{"mediaType":"{bundle}","digest":"{image}","size":{large}}}]}}"#),
    );
    memory.listed = vec![referrer];
    let stored = evidence(&memory, &image);
    assert!(matches!(&stored[0].attachment, Attachment::Missing(missing) if *missing == digest(b"{}")));
    assert!(matches!(stored[1].attachment, Attachment::TooLarge { found, .. } if found == large));
}

#[test]
fn what_may_not_be_looked_at_is_never_nothing() {
    let image = digest(b"image");
    for tag in [
        fallback_tag(&image),
        CosignTag::Signatures.of(&image),
        CosignTag::Attestations.of(&image),
        CosignTag::Sbom.of(&image),
    ] {
        let memory = Memory {
            closed: Some(tag),
            ..Memory::default()
        };
        assert_eq!(evidence_of(&memory, &image).unwrap_err(), "not allowed");
    }
    let memory = Memory::default();
    assert!(evidence(&memory, &image).is_empty());
    assert_eq!(memory.asked.lock().unwrap().len(), 4);
}

#[test]
fn a_payload_with_fields_that_nobody_understands_is_refused() {
    let image = digest(b"image");
    let text = simple_signing(&image);
    SimpleSigning::parse(text.as_bytes()).unwrap();
    for (from, to) in [
        ("cosign container image signature", "something else"),
        ("\"type\"", "\"more\":1,\"type\""),
        (
            "\"docker-reference\":\"example.com/app\"",
            "\"docker-reference\":\"a\",\"docker-reference\":\"b\"",
        ),
        ("sha256:", "sha256:x"),
        ("\"optional\":null", "\"critical\":{}"),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        assert!(SimpleSigning::parse(changed.as_bytes()).is_err(), "{changed}");
    }
}

#[test]
fn documents_that_are_none_are_refused() {
    for text in [
        "",
        "[]",
        "{\"layers\":1}",
        "{\"layers\":[{\"digest\":\"x\"}]}",
        "{\"layers\":[{\"digest\":\"x\",\"size\":1}]}",
        "{\"subject\":{\"digest\":\"sha256:0\",\"size\":1}}",
    ] {
        assert!(Document::parse(text.as_bytes()).is_err(), "{text}");
    }
    let large = " ".repeat(MAX_DOCUMENT_BYTES + 1);
    assert_eq!(
        Document::parse(large.as_bytes()),
        Err(InvalidDocument::TooLarge { found: large.len() })
    );
}

#[test]
fn a_referrer_that_is_listed_and_not_there_is_told() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    memory.listed = vec![digest(b"gone")];
    let stored = evidence(&memory, &image);
    assert!(matches!(&stored[0].attachment, Attachment::Missing(missing) if *missing == digest(b"gone")));
}

#[test]
fn of_more_referrers_than_are_opened_the_rest_is_counted_before_the_tags() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    memory.listed = (0..MAX_ATTACHMENTS + 3)
        .map(|number| digest(&number.to_le_bytes()))
        .collect();
    memory.tag(CosignTag::Sbom.of(&image), r#"{"layers":[]}"#);
    let stored = evidence(&memory, &image);
    assert_eq!(stored.len(), MAX_ATTACHMENTS + 2);
    assert!(matches!(
        stored[MAX_ATTACHMENTS].attachment,
        Attachment::NotOpened { count: 3 }
    ));
    assert!(matches!(stored[MAX_ATTACHMENTS + 1].place, Place::Tag(_)));
}

#[test]
fn what_is_annotated_in_a_payload_is_read_as_far_as_it_is_text() {
    let text = simple_signing(&digest(b"image"));
    let read = |optional: &str| SimpleSigning::parse(text.replace("\"optional\":null", optional).as_bytes());
    let annotated = read(r#""optional":{"a":"b","n":1}"#).unwrap();
    assert_eq!(
        annotated.annotations().iter().collect::<Vec<_>>(),
        [(&"a".to_owned(), &"b".to_owned())]
    );
    assert!(read(r#""optional":null"#).unwrap().annotations().is_empty());
    assert!(read(r#""optional":[]"#).is_err());
}
