use attest_digest::{Algorithm, Algorithms, Measured};
use attest_verify::UnverifiedSigner;
use attestation::foreign::read_pem;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode as _, Encode as _, Reader as _, SliceReader};
use serde_json::{Map, Value, json};
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::item::Problem;

/// Who a certificate says that it is for, what else it says, and the certificates above it.
pub(super) fn signer(leaf: &[u8], above: &[Vec<u8>]) -> Value {
    let mut fields = Map::new();
    if let Some(signer) = UnverifiedSigner::peek(leaf) {
        let claims: Map<String, Value> = signer
            .claims
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
            .collect();
        fields.insert("identity".to_owned(), signer.identity.into());
        fields.insert("issuer".to_owned(), signer.issuer.into());
        fields.insert("claims".to_owned(), claims.into());
    }
    fields.insert("certificate".to_owned(), describe(leaf));
    if !above.is_empty() {
        let above: Vec<Value> = above.iter().map(|certificate| describe(certificate)).collect();
        fields.insert("chain".to_owned(), above.into());
    }
    Value::Object(fields)
}

/// A file of certificates: the first as a signer, when it looks like one.
pub(super) fn file(bytes: &[u8]) -> Result<Value, Problem> {
    let certificates = blocks(bytes)?;
    match certificates.split_first() {
        Some((leaf, above)) if !is_authority(leaf) => Ok(signer(leaf, above)),
        _ => {
            let certificates: Vec<Value> = certificates.iter().map(|certificate| describe(certificate)).collect();
            Ok(json!({ "certificates": certificates }))
        }
    }
}

/// A file of public keys.
pub(super) fn key_file(bytes: &[u8]) -> Result<Value, Problem> {
    let keys: Vec<Value> = blocks(bytes)?.iter().map(|key| self::key(key)).collect();
    Ok(json!({ "keys": keys }))
}

/// A certificate of any kind.
pub(super) fn describe(der: &[u8]) -> Value {
    let Ok(certificate) = Certificate::from_der(der) else {
        return json!({ "unreadable": true, "sha256": sha256(der) });
    };
    let parts = &certificate.tbs_certificate;
    let names: Vec<String> = match parts.get::<SubjectAltName>() {
        Ok(Some((_, names))) => names.0.iter().filter_map(name).collect(),
        _ => Vec::new(),
    };
    let public_key = parts.subject_public_key_info.to_der().unwrap_or_default();
    json!({
        "subject": parts.subject.to_string(),
        "names": names.join(", "),
        "issuer": parts.issuer.to_string(),
        "serial": parts.serial_number.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        "notBefore": parts.validity.not_before.to_date_time().to_string(),
        "notAfter": parts.validity.not_after.to_date_time().to_string(),
        "authority": is_authority(der),
        "key": algorithm(&public_key),
        "keySha256": sha256(&public_key),
        "sha256": sha256(der),
    })
}

/// A public key: what kind, and its fingerprint, which is also the hint of cosign's bundles in hexadecimal.
pub(super) fn key(der: &[u8]) -> Value {
    json!({ "key": algorithm(der), "sha256": sha256(der) })
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
    measured
        .digest(Algorithm::Sha256)
        .map(attest_digest::Digest::to_hex)
        .unwrap_or_default()
}

/// PEM, base64 of PEM, or DER.
fn blocks(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    if is_der(bytes) {
        return Ok(vec![bytes.to_vec()]);
    }
    let text: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let decoded = STANDARD.decode(text).ok();
    if let Some(der) = decoded.as_deref().filter(|decoded| is_der(decoded)) {
        return Ok(vec![der.to_vec()]);
    }
    let blocks = read_pem(decoded.as_deref().unwrap_or(bytes))?;
    Ok(blocks.into_iter().map(|block| block.der).collect())
}

fn is_der(bytes: &[u8]) -> bool {
    Certificate::from_der(bytes).is_ok() || SubjectPublicKeyInfoRef::from_der(bytes).is_ok()
}

fn is_authority(der: &[u8]) -> bool {
    let constraints = |certificate: Certificate| certificate.tbs_certificate.get::<BasicConstraints>().ok().flatten();
    Certificate::from_der(der)
        .ok()
        .and_then(constraints)
        .is_some_and(|(_, constraints)| constraints.ca)
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::Rfc822Name(name) => Some(name.to_string()),
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::UniformResourceIdentifier(name) => Some(name.to_string()),
        GeneralName::DirectoryName(name) => Some(name.to_string()),
        GeneralName::OtherName(name) => std::str::from_utf8(name.value.value()).ok().map(str::to_owned),
        _ => None,
    }
}

/// The kind of a public key with its strength, as its scheme is usually called.
fn algorithm(der: &[u8]) -> String {
    const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
    const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
    const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
    let Ok(key) = SubjectPublicKeyInfoRef::from_der(der) else {
        return "unreadable".to_owned();
    };
    let curve = || key.algorithm.parameters_oid().ok().map(|curve| curve.to_string());
    match key.algorithm.oid {
        ELLIPTIC => match curve().as_deref() {
            Some("1.2.840.10045.3.1.7") => "ECDSA P-256".to_owned(),
            Some("1.3.132.0.34") => "ECDSA P-384".to_owned(),
            Some("1.3.132.0.35") => "ECDSA P-521".to_owned(),
            other => format!("ECDSA, curve {}", other.unwrap_or("not named")),
        },
        RSA => match key.subject_public_key.as_bytes().and_then(modulus_bits) {
            Some(bits) => format!("RSA {bits}"),
            None => "RSA".to_owned(),
        },
        ED25519 => "Ed25519".to_owned(),
        other => format!("algorithm {other}"),
    }
}

/// Source: RFC 8017, appendix A.1.1.
fn modulus_bits(key: &[u8]) -> Option<u32> {
    let mut reader = SliceReader::new(key).ok()?;
    let bytes = reader
        .sequence(|reader| {
            let modulus = reader.decode::<UintRef<'_>>()?;
            reader.decode::<UintRef<'_>>()?;
            Ok(modulus.as_bytes())
        })
        .ok()?;
    let first = bytes.first()?.leading_zeros();
    Some(u32::try_from(bytes.len()).ok()? * 8 - first)
}
