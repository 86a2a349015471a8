//! What is written is what both versions of cosign write: the files beside this one are theirs.

use attestation::foreign::read_pem;

use super::*;

const SIGNATURES: &str = include_str!("cosign2.sig.json");
const ATTESTATIONS: &str = include_str!("cosign2.att.json");
const ENVELOPE: &[u8] = include_bytes!("cosign2.envelope.json");
const REFERRER: &str = include_str!("cosign3.referrer.json");
const BUNDLE: &[u8] = include_bytes!("cosign3.bundle.json");
const REFERENCE: &str = "127.0.0.1:5977/team/app";

/// The image that cosign signed.
fn signed_image() -> Descriptor {
    let referrer: Value = serde_json::from_str(REFERRER).unwrap();
    serde_json::from_value(referrer["subject"].clone()).unwrap()
}

fn annotation(manifest: &str, layer: usize, name: &str) -> Option<String> {
    let manifest: Value = serde_json::from_str(manifest).unwrap();
    Some(manifest["layers"][layer]["annotations"][name].as_str()?.to_owned())
}

/// The chain that cosign wrote.
fn above(manifest: &str, layer: usize) -> Vec<Vec<u8>> {
    let chain = annotation(manifest, layer, "dev.sigstore.cosign/chain").unwrap();
    let blocks = read_pem(chain.as_bytes()).unwrap().into_iter();
    blocks.map(|block| block.der).collect()
}

/// What cosign stored, as it is read.
fn evidence(tag: CosignTag, manifest: &str, blobs: &[&[u8]]) -> Vec<Attached> {
    let shelf = Shelf::fast(Manners::default());
    let mut state = shelf.state();
    state
        .tags
        .insert(tag.of(signed_image().digest()), manifest.as_bytes().to_vec());
    for blob in blobs {
        state.blobs.insert(sha256(blob).to_string(), blob.to_vec());
    }
    drop(state);
    let stored = evidence_of(&shelf, signed_image().digest()).unwrap().into_iter();
    let attached = stored.map(|stored| match stored.attachment {
        Attachment::Evidence(Ok(attached)) => attached,
        other => panic!("{other:?}"),
    });
    attached.collect()
}

#[test]
fn a_referrer_is_byte_for_byte_that_of_cosign_3() {
    let bundle = Bundle::parse(BUNDLE).unwrap();
    let shelf = Shelf::fast(Manners {
        lists: true,
        ..Manners::default()
    });
    let subject = signed_image();
    let created: Value = serde_json::from_str(REFERRER).unwrap();
    let created = created["annotations"]["org.opencontainers.image.created"]
        .as_str()
        .unwrap();
    let attaching = Attaching {
        created: Some(created.to_owned()),
        ..attaching(&shelf, &subject)
    };
    let stored = attaching.attach(&NewEvidence::Bundle(&bundle)).unwrap();
    assert_eq!(stored.manifest, sha256(REFERRER.as_bytes()));
    assert_eq!((stored.place, stored.was_there), (Place::Referrer, false));
    let state = shelf.state();
    assert_eq!(state.manifests[&stored.manifest.to_string()], REFERRER.as_bytes());
    assert!(state.tags.is_empty());
    assert_eq!(state.blobs.len(), 2);
    assert_eq!(state.blobs[&sha256(b"{}").to_string()], b"{}");
    assert_eq!(state.blobs[&sha256(BUNDLE).to_string()], BUNDLE);
}

#[test]
fn signatures_are_byte_for_byte_those_of_cosign_2() {
    let subject = signed_image();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let annotated = BTreeMap::from([pair("k", "v"), pair("a", "<&>é")]);
    let payloads = [BTreeMap::new(), annotated].map(|said| simple_signing_payload(REFERENCE, subject.digest(), &said));
    let found = evidence(CosignTag::Signatures, SIGNATURES, &[&payloads[0], &payloads[1]]);
    let shelf = Shelf::fast(Manners::default());
    let above = above(SIGNATURES, 1);
    let attaching = Attaching {
        above: &above,
        ..attaching(&shelf, &subject)
    };
    for attached in &found {
        let Attached::SimpleSigning { bundle, payload } = attached else {
            panic!("{attached:?}");
        };
        let evidence = NewEvidence::LegacySignature { bundle, payload };
        assert!(!attaching.attach(&evidence).unwrap().was_there);
        assert!(attaching.attach(&evidence).unwrap().was_there);
    }
    let tag = CosignTag::Signatures.of(subject.digest());
    assert_eq!(String::from_utf8(shelf.state().tags[&tag].clone()).unwrap(), SIGNATURES);
    let manifest = shelf.tag(&tag);
    let configuration = &shelf.state().blobs[manifest["config"]["digest"].as_str().unwrap()];
    assert_eq!(configuration.len() as u64, manifest["config"]["size"].as_u64().unwrap());
}

#[test]
fn attestations_are_those_of_cosign_2_but_for_a_timestamp_that_it_would_misread() {
    let subject = signed_image();
    let found = evidence(CosignTag::Attestations, ATTESTATIONS, &[ENVELOPE]);
    let [Attached::Bundle(bundle)] = found.as_slice() else {
        panic!("{found:?}");
    };
    let shelf = Shelf::fast(Manners::default());
    let above = above(ATTESTATIONS, 0);
    let attaching = Attaching {
        above: &above,
        ..attaching(&shelf, &subject)
    };
    let stored = attaching.attach(&NewEvidence::LegacyAttestation(bundle)).unwrap();
    let tag = CosignTag::Attestations.of(subject.digest());
    assert_eq!(stored.place, Place::Tag(tag.clone()));
    let name = "dev.sigstore.cosign/rfc3161timestamp";
    let timestamp = annotation(ATTESTATIONS, 0, name).unwrap();
    let field = format!(r#""{name}":{},"#, Value::from(timestamp));
    let expected = ATTESTATIONS.replace(&field, "");
    assert_ne!(expected, ATTESTATIONS);
    assert_eq!(String::from_utf8(shelf.state().tags[&tag].clone()).unwrap(), expected);
    assert_eq!(stored.manifest, sha256(expected.as_bytes()));
}

#[test]
fn without_a_list_of_referrers_the_fallback_tag_says_what_the_manifest_says() {
    let bundle = Bundle::parse(BUNDLE).unwrap();
    let shelf = Shelf::fast(Manners::default());
    let subject = signed_image();
    let stored = attaching(&shelf, &subject)
        .attach(&NewEvidence::Bundle(&bundle))
        .unwrap();
    let index = shelf.state().tags[&fallback_tag(subject.digest())].clone();
    let size = shelf.state().manifests[&stored.manifest.to_string()].len();
    let expected = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[{{"mediaType":"{}","size":{size},"digest":"{}","annotations":{{"dev.sigstore.bundle.content":"dsse-envelope","dev.sigstore.bundle.predicateType":"https://sigstore.dev/cosign/sign/v1"}},"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"}}]}}"#,
        media_type::INDEX,
        media_type::MANIFEST,
        stored.manifest
    );
    assert_eq!(String::from_utf8(index).unwrap(), expected);
}

#[test]
fn what_a_log_without_promises_holds_is_not_for_cosign_2() {
    let document = json!({
        "mediaType": attestation::media_type::BUNDLE_V0_3,
        "verificationMaterial": { "publicKey": {}, "tlogEntries": [{
            "logIndex": "1", "logId": { "keyId": "AQ==" }, "kindVersion": { "kind": "hashedrekord", "version": "0.0.2" },
            "inclusionProof": {
                "rootHash": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "treeSize": "2", "hashes": [],
                "checkpoint": { "envelope": "note" },
            },
            "canonicalizedBody": "e30=",
        }] },
        "messageSignature": { "signature": "MAYCAQUCAQY=" },
    });
    let bundle = &Bundle::parse(document.to_string().as_bytes()).unwrap();
    let (shelf, subject) = (Shelf::fast(Manners::default()), image());
    let payload = b"{}";
    let error = attaching(&shelf, &subject).attach(&NewEvidence::LegacySignature { bundle, payload });
    let expected = "cosign 2 cannot read this: expected an entry of Rekor v1 with its signed entry timestamp, found one of kind \
                    `hashedrekord` 0.0.2 without one";
    assert_eq!(error.unwrap_err().to_string(), expected);
    assert!(shelf.state().blobs.is_empty());
}

#[test]
fn a_signature_is_no_attestation_and_a_statement_no_signature() {
    let (shelf, subject) = (Shelf::fast(Manners::default()), image());
    let attaching = attaching(&shelf, &subject);
    let error = attaching
        .attach(&NewEvidence::LegacyAttestation(&bundle(1)))
        .unwrap_err();
    assert!(matches!(error, AttachError::WrongContent { .. }), "{error}");
    let found = evidence(CosignTag::Attestations, ATTESTATIONS, &[ENVELOPE]);
    let [Attached::Bundle(statement)] = found.as_slice() else {
        panic!("{found:?}");
    };
    let evidence = NewEvidence::LegacySignature {
        bundle: statement,
        payload: b"{}",
    };
    let error = attaching.attach(&evidence).unwrap_err();
    assert!(matches!(error, AttachError::WrongContent { .. }), "{error}");
    assert!(shelf.state().tags.is_empty());
}
