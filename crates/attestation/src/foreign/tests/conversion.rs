use serde_json::{Value, json};

use super::material::*;
use crate::foreign::{Detached, EvidenceError, Format, base64, to_pep740};
use crate::{Bundle, BundleVersion, KeyMaterial, SignedContent};

#[test]
fn a_blob_bundle_of_cosign_says_what_the_bundle_said() {
    let bundle = bundle("artifact-rekor-v1");
    let (format, found) = one(blob_bundle(&bundle).to_string());
    assert_eq!(format, Format::CosignBlobBundle);
    assert_eq!(found.peek_unverified().version, BundleVersion::V0_1);
    says_the_same(&found, &bundle);
}

#[test]
fn a_blob_bundle_may_hold_the_certificate_in_pem_or_leave_it_to_the_log_entry() {
    let bundle = bundle("artifact-rekor-v1");
    let mut blob = blob_bundle(&bundle);
    blob["cert"] = json!(pem("CERTIFICATE", &certificate(&bundle)));
    says_the_same(&one(blob.to_string()).1, &bundle);
    blob.as_object_mut().unwrap().remove("cert").unwrap();
    says_the_same(&one(blob.to_string()).1, &bundle);
}

#[test]
fn a_blob_bundle_by_a_key_names_the_key() {
    // A key for P-384 that is no point of the curve: nothing here checks that.
    let algorithm = hex::decode("3076301006072a8648ce3d020106052b81040022036200").unwrap();
    let key = pem("PUBLIC KEY", &[&algorithm[..], &[4; 97]].concat());
    for cert in [base64::encode(&key), key] {
        let mut blob = blob_bundle(&bundle("artifact-rekor-v1"));
        blob["cert"] = json!(cert);
        let (_, found) = one(blob.to_string());
        let KeyMaterial::PublicKey { hint } = &found.peek_unverified().key_material else {
            panic!("expected a key");
        };
        assert_eq!(hint.len(), 44);
    }
}

#[test]
fn a_blob_bundle_of_an_attestation_holds_an_envelope() {
    let bundle = bundle("statement-rekor-v1");
    let mut blob = blob_bundle(&bundle);
    blob["base64Signature"] = json!(base64::encode(bundle["dsseEnvelope"].to_string()));
    says_the_same(&one(blob.to_string()).1, &bundle);
}

#[test]
fn a_blob_bundle_without_its_parts_is_rejected() {
    let good = blob_bundle(&bundle("artifact-rekor-v1"));
    for (pointer, value, expected) in [
        ("/base64Signature", json!("!"), "evidence-malformed"),
        ("/base64Signature", json!(""), "evidence-malformed"),
        ("/cert", json!("AQID"), "evidence-malformed"),
        ("/rekorBundle/Payload/logID", json!("xyz"), "evidence-malformed"),
        ("/rekorBundle/Payload/body", json!("e30="), "evidence-malformed"),
        ("/rekorBundle/Payload/integratedTime", json!(-1), "evidence-malformed"),
    ] {
        let mut blob = good.clone();
        *blob.pointer_mut(pointer).unwrap() = value;
        assert_eq!(code(blob.to_string()), expected, "{pointer}");
    }
    let mut blob = good.clone();
    blob["comment"] = json!("x");
    assert_eq!(code(blob.to_string()), "evidence-malformed");
}

#[test]
fn a_signature_with_its_files_says_what_the_bundle_said() {
    let bundle = bundle("artifact-rekor-v1");
    let signature = bundle["messageSignature"]["signature"].as_str().unwrap().to_owned() + "\n";
    let certificate = pem("CERTIFICATE", &certificate(&bundle));
    let preceded = format!("Issued for a test.\n{certificate}");
    for signer in [certificate.clone(), base64::encode(&certificate), preceded] {
        for signature in [signature.clone().into_bytes(), base64::decode(&signature).unwrap()] {
            let detached = Detached::new(&signature)
                .unwrap()
                .with_signer(signer.as_bytes())
                .unwrap();
            let found = detached
                .with_log_entry(answer(&bundle).to_string().as_bytes())
                .unwrap()
                .into_bundle()
                .unwrap();
            assert_eq!(found.peek_unverified().version, BundleVersion::V0_3);
            says_the_same(&found, &bundle);
        }
    }
}

#[test]
fn every_form_of_a_log_entry_is_read() {
    let bundle = bundle("artifact-rekor-v1");
    let signature = bundle["messageSignature"]["signature"].as_str().unwrap();
    for entry in [
        answer(&bundle),
        promise(&bundle),
        blob_bundle(&bundle),
        entry(&bundle).clone(),
    ] {
        let detached = Detached::new(signature.as_bytes()).unwrap();
        let found = detached
            .with_log_entry(entry.to_string().as_bytes())
            .unwrap()
            .into_bundle()
            .unwrap();
        says_the_same(&found, &bundle);
    }
    let without = json!({ "Body": { "HashedRekordObj": {} }, "LogIndex": 1, "UUID": "00" });
    let error = Detached::new(signature.as_bytes())
        .unwrap()
        .with_log_entry(without.to_string().as_bytes());
    let missing = "the signed entry timestamp";
    assert_eq!(
        error.unwrap_err(),
        EvidenceError::Missing {
            format: Format::LogEntry,
            missing
        }
    );
}

#[test]
fn a_signature_alone_is_by_a_key_that_the_verifier_has_to_know() {
    let digest = attest_digest::Digest::from_bytes(attest_digest::Algorithm::Sha256, &[7; 32]).unwrap();
    let found = Detached::new(b"MAYCAQUCAQY=")
        .unwrap()
        .about(digest.clone())
        .into_bundle()
        .unwrap();
    let contents = found.peek_unverified();
    assert_eq!(contents.key_material, KeyMaterial::PublicKey { hint: String::new() });
    let SignedContent::Message(message) = &contents.content else {
        panic!("expected a message")
    };
    assert_eq!(message.digest, Some(digest));
    assert_eq!(Detached::new(b"").unwrap_err().code(), "evidence-malformed");
}

#[test]
fn a_root_certificate_is_left_out_of_a_chain() {
    let bundle = bundle("artifact-rekor-v1");
    let leaf = certificate(&bundle);
    let root: Value =
        serde_json::from_slice(&std::fs::read("../../fixtures/accept/artifact-rekor-v1/trusted_root.json").unwrap())
            .unwrap();
    let authority = &root["certificateAuthorities"][0]["certChain"]["certificates"];
    let above: Vec<String> = authority
        .as_array()
        .unwrap()
        .iter()
        .map(|certificate| {
            pem(
                "CERTIFICATE",
                &base64::decode(certificate["rawBytes"].as_str().unwrap()).unwrap(),
            )
        })
        .collect();
    assert_eq!(above.len(), 2, "an intermediate and a root");
    let signature = bundle["messageSignature"]["signature"].as_str().unwrap();
    let detached = Detached::new(signature.as_bytes()).unwrap();
    let detached = detached.with_signer(pem("CERTIFICATE", &leaf).as_bytes()).unwrap();
    let detached = detached.with_chain(above.concat().as_bytes()).unwrap();
    let found = detached
        .with_log_entry(promise(&bundle).to_string().as_bytes())
        .unwrap()
        .into_bundle()
        .unwrap();
    let KeyMaterial::Chain(chain) = &found.peek_unverified().key_material else {
        panic!("expected a chain")
    };
    assert_eq!(chain.len(), 2);
    assert_eq!(chain[0], leaf);
}

#[test]
fn a_timestamp_is_read_in_der_and_as_cosign_keeps_it() {
    let v2 = bundle("artifact-rekor-v2");
    let timestamps = &v2["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"];
    let text = timestamps[0]["signedTimestamp"].as_str().unwrap();
    let der = base64::decode(text).unwrap();
    assert_eq!(Format::recognise(&der), Some(Format::Timestamp));
    let kept = json!({ "SignedRFC3161Timestamp": text }).to_string().into_bytes();
    for bytes in [der.clone(), kept] {
        let found = Detached::new(b"MAYCAQUCAQY=")
            .unwrap()
            .with_timestamp(&bytes)
            .unwrap()
            .into_bundle()
            .unwrap();
        assert_eq!(found.peek_unverified().timestamps, std::slice::from_ref(&der));
    }
    let error = Detached::new(b"MAYCAQUCAQY=")
        .unwrap()
        .with_timestamp(b"no")
        .unwrap_err();
    assert_eq!(
        error,
        EvidenceError::malformed(Format::Timestamp, "expected a response in DER")
    );
}

#[test]
fn an_attestation_of_pypi_is_read_and_written() {
    let bundle = bundle("statement-rekor-v1");
    let (format, found) = one(attestation(&bundle).to_string());
    assert_eq!(format, Format::PypiAttestation);
    says_the_same(&found, &bundle);
    let original = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    let written: Value = serde_json::from_slice(&to_pep740(&original).unwrap()).unwrap();
    assert_eq!(written, attestation(&bundle));
}

#[test]
fn what_pypi_has_no_place_for_is_not_written() {
    for (name, expected) in [
        ("artifact-rekor-v1", "an in-toto statement"),
        ("statement-rekor-v2", "a log entry whose time the log has signed"),
    ] {
        let bundle = Bundle::parse(bundle(name).to_string().as_bytes()).unwrap();
        let format = Format::PypiAttestation;
        assert_eq!(to_pep740(&bundle), Err(EvidenceError::CannotHold { format, expected }));
    }
}

#[test]
fn an_attestation_of_pypi_has_one_version_and_an_entry() {
    let mut attestation = attestation(&bundle("statement-rekor-v1"));
    attestation["version"] = json!(2);
    assert_eq!(code(attestation.to_string()), "evidence-malformed");
    attestation["version"] = json!(1);
    attestation["verification_material"]["transparency_entries"] = json!([]);
    assert_eq!(code(attestation.to_string()), "evidence-incomplete");
}
