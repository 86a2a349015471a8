use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn document() -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": { "rawBytes": "MAA=" },
            "tlogEntries": [entry("7")],
            "timestampVerificationData": { "rfc3161Timestamps": [{ "signedTimestamp": "MAA=" }] }
        },
        "messageSignature": {
            "messageDigest": { "algorithm": "SHA2_256", "digest": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
            "signature": "AQID"
        }
    })
}

fn entry(index: &str) -> Value {
    json!({
        "logIndex": index,
        "logId": { "keyId": "AAAA" },
        "kindVersion": { "kind": "hashedrekord", "version": "0.0.1" },
        "integratedTime": "0",
        "inclusionProof": {
            "logIndex": index,
            "rootHash": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "treeSize": "9",
            "hashes": [],
            "checkpoint": { "envelope": "x" }
        },
        "canonicalizedBody": "e30="
    })
}

fn envelope(signatures: usize) -> Value {
    let signature = json!({ "sig": "AQID", "keyid": "" });
    json!({ "payload": "e30=", "payloadType": "application/vnd.in-toto+json", "signatures": vec![signature; signatures] })
}

/// The document with `value` at `pointer`; its last step may be new.
fn with(pointer: &str, value: Value) -> String {
    let mut document = document();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap()[field] = value;
    document.to_string()
}

fn error(text: &str) -> BundleError {
    Bundle::parse(text.as_bytes()).unwrap_err()
}

fn malformed(text: &str) -> String {
    match error(text) {
        BundleError::Malformed { detail } => detail,
        other => panic!("expected a malformed bundle, found {other:?}"),
    }
}

#[test]
fn a_bundle_is_read_and_keeps_its_bytes() {
    let text = document().to_string();
    let bundle = Bundle::parse(text.as_bytes()).unwrap();
    assert_eq!(bundle.as_json(), text.as_bytes());
    let contents = bundle.peek_unverified();
    assert_eq!(contents.version, BundleVersion::V0_3);
    assert_eq!(contents.certificate(), Some(&[0x30, 0][..]));
    assert_eq!(contents.log_entries[0].log_index, 7);
    assert_eq!(contents.log_entries[0].integrated_time, None);
    assert_eq!(contents.timestamps.len(), 1);
}

#[test]
fn a_truncated_bundle_is_called_truncated() {
    let text = document().to_string();
    for end in [0, 1, text.len() / 2, text.len() - 1] {
        let error = error(&text[..end]);
        assert!(matches!(error, BundleError::Truncated { .. }), "{end}: {error:?}");
    }
}

#[test]
fn garbage_is_called_not_json() {
    assert_eq!(error("PK\u{3}\u{4}").code(), "bundle-not-json");
}

#[test]
fn a_later_version_is_unsupported_not_invalid() {
    let found = "application/vnd.dev.sigstore.bundle.v0.4+json";
    let error = error(&with("/mediaType", found.into()));
    assert_eq!(
        error,
        BundleError::UnsupportedMediaType {
            found: found.to_owned()
        }
    );
    assert_eq!(error.kind(), BundleErrorKind::Unsupported);
}

#[test]
fn an_unknown_field_is_rejected() {
    let detail = malformed(&with("/verificationMaterial/comment", "x".into()));
    assert!(detail.starts_with("unknown field `comment`"), "{detail}");
}

#[test]
fn a_field_that_stands_twice_is_rejected() {
    let text = document()
        .to_string()
        .replacen(r#""signature":"#, r#""signature":"AAAA","signature":"#, 1);
    let detail = malformed(&text);
    assert!(detail.starts_with("duplicate field `signature`"), "{detail}");
}

#[test]
fn base64_has_one_spelling() {
    for spelling in ["AQ", "AQ=", "AR==", "AQ==\n", "_w==", " AQ=="] {
        let detail = malformed(&with("/messageSignature/signature", spelling.into()));
        assert!(detail.starts_with("expected standard base64 with padding"), "{detail}");
    }
}

#[test]
fn a_number_has_one_spelling_and_no_sign() {
    for spelling in [
        json!("07"),
        json!("+7"),
        json!("-7"),
        json!(-7),
        json!("7 "),
        json!("9223372036854775808"),
    ] {
        let detail = malformed(&with("/verificationMaterial/tlogEntries/0/logIndex", spelling));
        assert!(detail.contains("a number from 0 to 2^63-1"), "{detail}");
    }
    assert!(Bundle::parse(with("/verificationMaterial/tlogEntries/0/logIndex", json!(7)).as_bytes()).is_ok());
}

#[test]
fn an_envelope_has_exactly_one_signature() {
    for found in [0, 2] {
        let mut document = document();
        document.as_object_mut().unwrap().remove("messageSignature");
        document["dsseEnvelope"] = envelope(found);
        assert_eq!(error(&document.to_string()), BundleError::SignatureCount { found });
    }
}

#[test]
fn two_kinds_of_content_and_none_are_rejected() {
    let expected = "`messageSignature` and `dsseEnvelope`";
    let both = error(&with("/dsseEnvelope", envelope(1)));
    assert_eq!(both, BundleError::NotExactlyOne { expected, found: 2 });
    let none = error(&with("/messageSignature", Value::Null));
    assert_eq!(none, BundleError::NotExactlyOne { expected, found: 0 });
}

#[test]
fn too_many_log_entries_and_timestamps_are_rejected() {
    let entries: Vec<Value> = (0..33).map(|index| entry(&index.to_string())).collect();
    let error_entries = error(&with("/verificationMaterial/tlogEntries", entries.into()));
    assert_eq!(
        error_entries,
        BundleError::TooMany {
            what: "log entries",
            limit: 32,
            found: 33
        }
    );
    let timestamps = json!({ "rfc3161Timestamps": vec![json!({ "signedTimestamp": "MAA=" }); 33] });
    let error = error(&with("/verificationMaterial/timestampVerificationData", timestamps));
    assert_eq!(
        error,
        BundleError::TooMany {
            what: "timestamps",
            limit: 32,
            found: 33
        }
    );
    assert_eq!(error.kind(), BundleErrorKind::TooLarge);
}

#[test]
fn a_log_entry_that_stands_twice_is_rejected() {
    let error = error(&with(
        "/verificationMaterial/tlogEntries",
        json!([entry("7"), entry("7")]),
    ));
    assert_eq!(error, BundleError::DuplicateLogEntry { log_index: 7 });
}

#[test]
fn a_log_entry_without_its_proof_is_rejected() {
    let error = error(&with("/verificationMaterial/tlogEntries/0/inclusionProof", Value::Null));
    assert_eq!(
        error,
        BundleError::MissingEvidence {
            version: BundleVersion::V0_3,
            entry: 0,
            what: "inclusion proof with a checkpoint"
        }
    );
}

#[test]
fn a_chain_is_rejected_in_version_0_3() {
    let mut document = document();
    let material = document["verificationMaterial"].as_object_mut().unwrap();
    let certificate = material.remove("certificate").unwrap();
    material.insert(
        "x509CertificateChain".to_owned(),
        json!({ "certificates": [certificate] }),
    );
    assert_eq!(error(&document.to_string()).code(), "bundle-wrong-key-material");
}

#[test]
fn an_oversized_bundle_is_too_large_before_it_is_read() {
    let found = crate::limits::MAX_BUNDLE_BYTES + 1;
    let error = Bundle::parse(&vec![b' '; usize::try_from(found).unwrap()]).unwrap_err();
    assert_eq!(
        error,
        BundleError::TooLarge {
            limit: crate::limits::MAX_BUNDLE_BYTES,
            found
        }
    );
}

#[test]
fn several_bundles_are_read_and_a_bad_one_hides_none() {
    let good = document().to_string();
    let bad = with("/mediaType", "x".into());
    let bundles = parse_bundles(format!("{good}\n{bad}\n{good}\n").as_bytes());
    assert_eq!(bundles.len(), 3);
    assert_eq!(bundles[0].as_ref().unwrap().as_json(), good.as_bytes());
    assert_eq!(bundles[1].as_ref().unwrap_err().code(), "bundle-unsupported");
    assert_eq!(bundles[2], bundles[0]);
}

#[test]
fn a_file_that_is_empty_or_breaks_off_says_so() {
    assert_eq!(
        parse_bundles(b" \n"),
        [Err(BundleError::Truncated { line: 1, column: 0 })]
    );
    let text = format!("{}\n{{", document());
    let bundles = parse_bundles(text.as_bytes());
    assert!(bundles[0].is_ok());
    assert_eq!(bundles[1].as_ref().unwrap_err().code(), "bundle-truncated");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_bundles(&bytes);
    }

    #[test]
    fn no_changed_byte_makes_the_reader_panic(place in 0_usize..2000, byte in any::<u8>()) {
        let mut text = document().to_string().into_bytes();
        let place = place % text.len();
        text[place] = byte;
        let _ = Bundle::parse(&text);
    }
}
