use proptest::prelude::*;
use serde_json::json;

use super::material::*;
use crate::BundleError;
use crate::foreign::{Detached, EvidenceError, Format, Limits, read_evidence};

#[test]
fn a_bundle_is_handed_on_as_it_was_written() {
    let text = bundle("artifact-rekor-v2").to_string();
    let (format, found) = one(&text);
    assert_eq!(format, Format::SigstoreBundle);
    assert_eq!(found.as_json(), text.as_bytes());
}

#[test]
fn a_list_gives_every_item_and_an_error_in_the_place_of_a_bad_one() {
    let good = bundle("statement-rekor-v1");
    let mut bad = good.clone();
    bad["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v9+json");
    let pypi = attestation(&good);
    let github =
        json!({ "attestations": [{ "bundle": good, "repository_id": 1 }, { "bundle": bad }, { "bundle_url": "x" }] });
    let npm =
        json!({ "attestations": [{ "predicateType": "x", "bundle": good }, { "predicateType": "x", "bundle": bad }] });
    let provenance = json!({ "version": 1, "attestation_bundles": [
        { "publisher": { "kind": "GitHub" }, "attestations": [pypi, { "version": 1 }] },
    ]});
    for (document, format, expected) in [
        (
            github,
            Format::GithubAttestations,
            &["", "bundle-unsupported", "evidence-incomplete"][..],
        ),
        (npm, Format::NpmAttestations, &["", "bundle-unsupported"]),
        (provenance, Format::PypiProvenance, &["", "evidence-malformed"]),
    ] {
        let items = read(document.to_string());
        let found: Vec<&str> = items
            .iter()
            .map(|item| item.as_ref().map_or_else(EvidenceError::code, |_| ""))
            .collect();
        assert_eq!(found, expected, "{format}");
        assert_eq!(items[0].as_ref().unwrap().0, format);
    }
    for empty in [
        json!({ "attestations": [] }),
        json!({ "version": 1, "attestation_bundles": [] }),
    ] {
        assert_eq!(code(empty.to_string()), "evidence-incomplete");
    }
}

#[test]
fn lines_of_several_formats_are_read_in_their_order() {
    let statement = bundle("statement-rekor-v1");
    let lines = [
        statement.to_string(),
        blob_bundle(&bundle("artifact-rekor-v1")).to_string(),
        "{}".to_owned(),
        statement["dsseEnvelope"].to_string(),
        json!([statement, { "attestation": { "bundle": statement }, "verificationResult": {} }]).to_string(),
        "{\"mediaType\":".to_owned(),
    ];
    let found: Vec<Result<Format, &str>> = read(lines.join("\n"))
        .into_iter()
        .map(|item| item.map(|(format, _)| format).map_err(|error| error.code()))
        .collect();
    assert_eq!(
        found,
        [
            Ok(Format::SigstoreBundle),
            Ok(Format::CosignBlobBundle),
            Err("evidence-unrecognised"),
            Ok(Format::DsseEnvelope),
            Ok(Format::SigstoreBundle),
            Ok(Format::GithubAttestations),
            Err("bundle-truncated"),
        ]
    );
}

#[test]
fn an_envelope_has_one_signature_and_may_hold_its_certificate() {
    let bundle = bundle("statement-rekor-v1");
    let mut envelope = bundle["dsseEnvelope"].clone();
    let (format, found) = one(envelope.to_string());
    assert_eq!(format, Format::DsseEnvelope);
    assert_eq!(found.peek_unverified().certificate(), None);
    envelope["signatures"][0]["cert"] = json!(pem("CERTIFICATE", &certificate(&bundle)));
    let (_, found) = one(envelope.to_string());
    assert_eq!(found.peek_unverified().certificate(), Some(&certificate(&bundle)[..]));
    let signature = envelope["signatures"][0].clone();
    envelope["signatures"] = json!([signature, signature]);
    assert_eq!(
        read(envelope.to_string()),
        [Err(EvidenceError::Bundle(BundleError::SignatureCount { found: 2 }))]
    );
}

#[test]
fn limits_hold() {
    let envelope = bundle("statement-rekor-v1")["dsseEnvelope"].to_string();
    let lines = [envelope.as_str(); 3].join("\n");
    let limits = Limits {
        signatures: 2,
        ..Limits::default()
    };
    let items = read_evidence(lines.as_bytes(), &limits);
    assert_eq!(items.len(), 3);
    assert_eq!(items[2], Err(EvidenceError::TooMany { limit: 2 }));
    let limits = Limits {
        bytes: 1,
        ..Limits::default()
    };
    assert_eq!(
        read_evidence(b"{}", &limits),
        [Err(EvidenceError::TooLarge { limit: 1, found: 2 })]
    );
}

#[test]
fn what_holds_no_signature_is_called_what_it_is() {
    let certificate = pem("CERTIFICATE", &certificate(&bundle("artifact-rekor-v1")));
    let format = Format::Certificate;
    assert_eq!(read(certificate), [Err(EvidenceError::NotEvidence { format })]);
    assert_eq!(
        read("MAYCAQUCAQY="),
        [Err(EvidenceError::Detached {
            format: Format::Signature
        })]
    );
    assert_eq!(read("nothing of this kind"), [Err(EvidenceError::Unrecognised)]);
    assert_eq!(read(""), [Err(EvidenceError::Unrecognised)]);
    assert_eq!(read("[]"), [Err(EvidenceError::Unrecognised)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Format::recognise(&bytes);
        prop_assert!(!read(&bytes).is_empty());
        let _ = Detached::new(&bytes).map(Detached::into_bundle);
    }

    #[test]
    fn no_changed_byte_makes_it_panic(which in 0_usize..5, place in any::<usize>(), byte in any::<u8>()) {
        let (message, statement) = (bundle("artifact-rekor-v1"), bundle("statement-rekor-v1"));
        let document = match which {
            0 => blob_bundle(&message),
            1 => attestation(&statement),
            2 => json!({ "attestations": [{ "predicateType": "x", "bundle": statement }] }),
            3 => statement["dsseEnvelope"].clone(),
            _ => answer(&message),
        };
        let mut bytes = document.to_string().into_bytes();
        let place = place % bytes.len();
        bytes[place] = byte;
        let _ = Format::recognise(&bytes);
        prop_assert!(!read(&bytes).is_empty());
        let _ = Detached::new(b"MAYCAQUCAQY=").unwrap().with_log_entry(&bytes).map(Detached::into_bundle);
    }
}
