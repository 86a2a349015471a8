use std::cell::RefCell;
use std::collections::BTreeMap;

use attest_digest::{Algorithm, Algorithms, Measured};
use attestation::limits;

use super::*;

/// A base64 text that is as much of a signature as a reader asks for.
const SIGNATURE: &str = "MAYCAQUCAQY=";

#[derive(Default)]
struct Memory {
    content: BTreeMap<String, Vec<u8>>,
    tags: BTreeMap<String, Digest>,
    listed: Vec<Digest>,
    closed: Option<String>,
    asked: RefCell<Vec<String>>,
}

fn digest(bytes: &[u8]) -> Digest {
    let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
    measured.digest(Algorithm::Sha256).unwrap().clone()
}

impl Memory {
    fn put(&mut self, bytes: &[u8]) -> Digest {
        let digest = digest(bytes);
        self.content.insert(digest.to_string(), bytes.to_vec());
        digest
    }

    fn tag(&mut self, tag: String, text: &str) {
        let digest = self.put(text.as_bytes());
        self.tags.insert(tag, digest);
    }

    fn referrer(&mut self, subject: &Digest, layer: &str, bytes: &[u8]) -> Digest {
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
        self.asked.borrow_mut().push(tag.to_owned());
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

    fn referrers(&self, _: &Digest) -> Result<Vec<Digest>, String> {
        Ok(self.listed.clone())
    }
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
    let stored = evidence_of(&memory, &image).unwrap();
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
    assert!(evidence_of(&memory, &digest(b"image")).unwrap().is_empty());
}

#[test]
fn what_is_no_evidence_is_listed_as_what_it_is() {
    let mut memory = Memory::default();
    let image = digest(b"image");
    let notation = memory.referrer(&image, "application/jose+json", b"{}");
    let garbled = memory.put(b"garbled");
    memory.listed = vec![notation.clone(), garbled];
    let stored = evidence_of(&memory, &image).unwrap();
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
    let stored = evidence_of(&memory, &image).unwrap();
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
    let stored = evidence_of(&memory, &image).unwrap();
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
    let stored = evidence_of(&memory, &image).unwrap();
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
    assert!(evidence_of(&memory, &image).unwrap().is_empty());
    assert_eq!(memory.asked.borrow().len(), 4);
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
