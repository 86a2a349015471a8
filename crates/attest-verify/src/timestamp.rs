//! The bytes of an RFC 3161 response that no signature covers. The engine checks what is signed; this checks the rest.

use attestation::Unverified;
use cms::cert::CertificateChoices;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use const_oid::db::{rfc5911, rfc5912};
use der::asn1::Any;
use der::{Decode, Encode, Reader, Sequence, SliceReader};
use x509_cert::Certificate;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::Rejection;
use crate::trust_root::TrustRoot;

/// `granted`: the one status that leaves nothing open. A response granted with modifications answers another question.
const GRANTED: u8 = 0;

/// Names the authority of every timestamp, and holds every unsigned byte against a signed or trusted one.
pub(crate) fn check_timestamps<'a>(contents: &Unverified, root: &'a TrustRoot) -> Result<Vec<&'a str>, Rejection> {
    contents
        .timestamps
        .iter()
        .map(|response| check(response, root))
        .collect()
}

/// Source: RFC 3161, section 2.4.2. A status text or failure information has no place in a granted response.
#[derive(Sequence)]
struct Response {
    status: Status,
    token: ContentInfo,
}

#[derive(Sequence)]
struct Status {
    status: u8,
}

fn check<'a>(response: &[u8], root: &'a TrustRoot) -> Result<&'a str, Rejection> {
    let signed = signed_data(response)?;
    require(signed.version == CmsVersion::V3, "version 3 of signed data")?;
    require(signed.crls.is_none(), "no revocation list")?;
    for certificate in signed.certificates.iter().flat_map(|set| set.0.iter()) {
        check_certificate(certificate, root)?;
    }
    let [signer] = signed.signer_infos.0.as_slice() else {
        return Err(invalid("expected one signer"));
    };
    let [digest] = signed.digest_algorithms.as_slice() else {
        return Err(invalid("expected one digest algorithm"));
    };
    require(*digest == signer.digest_alg, "the digest algorithm of the signer")?;
    check_signer(signer)?;
    authority(&signer.sid, root)
}

/// Reads the token, bare or in a response, and requires that writing it again gives the same bytes.
fn signed_data(response: &[u8]) -> Result<SignedData, Rejection> {
    let token = match Response::from_der(response) {
        Ok(parsed) => {
            require(parsed.status.status == GRANTED, "status granted")?;
            require_same(&parsed, response)?;
            parsed.token
        }
        Err(_) => {
            let token = ContentInfo::from_der(response).map_err(|error| malformed(&error))?;
            require_same(&token, response)?;
            token
        }
    };
    let bytes = token.content.to_der().map_err(|error| malformed(&error))?;
    let signed = SignedData::from_der(&bytes).map_err(|error| malformed(&error))?;
    let again = signed.to_der().map_err(|error| malformed(&error))?;
    require(is_same_but_for_order(&again, &bytes, &signed)?, "DER")?;
    Ok(signed)
}

/// DER sorts a set, and some authorities do not sort their certificates. Their order means nothing.
fn is_same_but_for_order(again: &[u8], bytes: &[u8], signed: &SignedData) -> Result<bool, Rejection> {
    let mut sorted = Vec::new();
    for certificate in signed.certificates.iter().flat_map(|set| set.0.iter()) {
        sorted.push(certificate.to_der().map_err(|error| malformed(&error))?);
    }
    let joined = sorted.concat();
    if again == bytes || sorted.len() < 2 {
        return Ok(again == bytes);
    }
    let place = again.windows(joined.len()).position(|window| window == joined);
    let Some(place) = place.filter(|_| again.len() == bytes.len()) else {
        return Ok(false);
    };
    let end = place + joined.len();
    let mut found = elements(&bytes[place..end])?;
    found.sort_unstable();
    sorted.sort_unstable();
    Ok(again[..place] == bytes[..place] && again[end..] == bytes[end..] && found == sorted)
}

fn elements(bytes: &[u8]) -> Result<Vec<&[u8]>, Rejection> {
    let mut reader = SliceReader::new(bytes).map_err(|error| malformed(&error))?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        elements.push(reader.tlv_bytes().map_err(|error| malformed(&error))?);
    }
    Ok(elements)
}

/// An embedded certificate is no evidence. It may only repeat what the trust root says.
fn check_certificate(certificate: &CertificateChoices, root: &TrustRoot) -> Result<(), Rejection> {
    let CertificateChoices::Certificate(certificate) = certificate else {
        return Err(invalid("expected X.509 certificates"));
    };
    let der = certificate.to_der().map_err(|error| malformed(&error))?;
    require(
        root.has_timestamp_certificate(&der),
        "only certificates of the timestamp authorities of the trust root",
    )
}

fn check_signer(signer: &SignerInfo) -> Result<(), Rejection> {
    let version = match signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(_) => CmsVersion::V1,
        SignerIdentifier::SubjectKeyIdentifier(_) => CmsVersion::V3,
    };
    require(signer.version == version, "the signer version of its identifier")?;
    require(signer.unsigned_attrs.is_none(), "no unsigned attribute")?;
    require(has_no_parameters(&signer.digest_alg), "a digest without parameters")?;
    let expected = match signer.digest_alg.oid {
        rfc5912::ID_SHA_256 => rfc5912::ECDSA_WITH_SHA_256,
        rfc5912::ID_SHA_384 => rfc5912::ECDSA_WITH_SHA_384,
        rfc5912::ID_SHA_512 => rfc5912::ECDSA_WITH_SHA_512,
        _ => return Err(invalid("expected a digest by SHA-256, SHA-384 or SHA-512")),
    };
    require(
        signer.signature_algorithm.oid == expected && has_no_parameters(&signer.signature_algorithm),
        "ECDSA with the digest of the signer",
    )?;
    let attributes = signer.signed_attrs.iter().flat_map(|attributes| attributes.iter());
    let content_types: Vec<_> = attributes
        .filter(|attribute| attribute.oid == rfc5911::ID_CONTENT_TYPE)
        .collect();
    require(content_types.len() == 1, "one signed content type")
}

fn authority<'a>(signer: &SignerIdentifier, root: &'a TrustRoot) -> Result<&'a str, Rejection> {
    root.authorities
        .iter()
        .find(|authority| Certificate::from_der(&authority.leaf).is_ok_and(|leaf| is_of(signer, &leaf)))
        .map(|authority| authority.name.as_str())
        .ok_or_else(|| invalid("the signer is no timestamp authority of the trust root"))
}

fn is_of(signer: &SignerIdentifier, leaf: &Certificate) -> bool {
    match signer {
        SignerIdentifier::IssuerAndSerialNumber(signer) => {
            signer.issuer == leaf.tbs_certificate.issuer && signer.serial_number == leaf.tbs_certificate.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(signer) => leaf
            .tbs_certificate
            .get::<x509_cert::ext::pkix::SubjectKeyIdentifier>()
            .is_ok_and(|found| found.is_some_and(|(_, found)| found == *signer)),
    }
}

fn has_no_parameters(algorithm: &AlgorithmIdentifierOwned) -> bool {
    algorithm
        .parameters
        .as_ref()
        .is_none_or(|parameters| *parameters == Any::null())
}

fn require_same(value: &impl Encode, bytes: &[u8]) -> Result<(), Rejection> {
    let again = value.to_der().map_err(|error| malformed(&error))?;
    require(again == bytes, "DER")
}

fn require(holds: bool, expected: &str) -> Result<(), Rejection> {
    match holds {
        true => Ok(()),
        false => Err(invalid(&format!("expected {expected}"))),
    }
}

fn malformed(error: &der::Error) -> Rejection {
    invalid(&format!("expected an RFC 3161 response in DER: {error}"))
}

fn invalid(detail: &str) -> Rejection {
    Rejection::TimestampInvalid {
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use attestation::Bundle;
    use proptest::prelude::*;

    use super::*;

    const FIXTURE: &str = "../../fixtures/accept/statement-rekor-v2";

    /// A good response, and the root that knows its authority.
    fn good() -> (Vec<u8>, TrustRoot) {
        let read = |name: &str| std::fs::read(format!("{FIXTURE}/{name}")).unwrap();
        let bundle = Bundle::parse(&read("bundle.sigstore.json")).unwrap();
        let response = bundle.peek_unverified().timestamps[0].clone();
        (response, TrustRoot::parse(&read("trusted_root.json")).unwrap())
    }

    #[test]
    fn a_good_response_names_its_authority() {
        let (response, root) = good();
        assert_eq!(check(&response, &root), Ok(root.authorities[0].name.as_str()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let root = TrustRoot::public_good();
            let refused = matches!(check(&bytes, &root), Err(Rejection::TimestampInvalid { .. }));
            prop_assert!(refused);
        }

        #[test]
        fn no_changed_byte_of_a_good_response_makes_it_panic(place in any::<usize>(), byte in any::<u8>()) {
            let (mut response, root) = good();
            let place = place % response.len();
            response[place] = byte;
            let _ = check(&response, &root);
        }
    }
}
