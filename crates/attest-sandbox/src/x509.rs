use const_oid::ObjectIdentifier;
use der::asn1::{BitString, GeneralizedTime, OctetString, UtcTime};
use der::{Encode, EncodePem};
use jiff::Timestamp;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::EncodePublicKey;
use sha2::{Digest, Sha256};
use x509_cert::certificate::Version;
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate};

use crate::error::Error;

const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// A key that signs certificates.
pub(crate) enum IssuerKey {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl IssuerKey {
    pub(crate) fn algorithm(&self) -> AlgorithmIdentifierOwned {
        let oid = match self {
            Self::P256(_) => ECDSA_WITH_SHA256,
            Self::P384(_) => ECDSA_WITH_SHA384,
        };
        AlgorithmIdentifierOwned { oid, parameters: None }
    }

    /// A DER signature; the same for the same message (RFC 6979).
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => p256_signature(key, message),
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
        }
    }

    pub(crate) fn public_key(&self) -> Result<SubjectPublicKeyInfoOwned, Error> {
        let document = match self {
            Self::P256(key) => key.verifying_key().to_public_key_der(),
            Self::P384(key) => key.verifying_key().to_public_key_der(),
        };
        let document = document.map_err(|error| Error::internal("a public key", error))?;
        document
            .decode_msg()
            .map_err(|error| Error::internal("a public key", error))
    }
}

/// The DER signature of a P-256 key over SHA-256 of the message; the same for the same message (RFC 6979).
pub(crate) fn p256_signature(key: &p256::ecdsa::SigningKey, message: &[u8]) -> Vec<u8> {
    let signature: p256::ecdsa::Signature = key.sign(message);
    signature.to_der().as_bytes().to_vec()
}

/// The SubjectPublicKeyInfo of a P-256 key, in DER.
pub(crate) fn p256_spki(key: &p256::ecdsa::SigningKey) -> Result<Vec<u8>, Error> {
    let document = key.verifying_key().to_public_key_der();
    Ok(document
        .map_err(|error| Error::internal("a public key", error))?
        .into_vec())
}

/// Everything of a certificate but its signature.
pub(crate) struct Template {
    pub(crate) serial: [u8; 20],
    pub(crate) issuer: Name,
    pub(crate) subject: Name,
    pub(crate) validity: Validity,
    pub(crate) public_key: SubjectPublicKeyInfoOwned,
    pub(crate) extensions: Vec<Extension>,
}

impl Template {
    /// What is to be signed.
    pub(crate) fn to_be_signed(&self, key: &IssuerKey) -> Result<TbsCertificate, Error> {
        Ok(TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(&self.serial)
                .map_err(|error| Error::internal("a serial number", error))?,
            signature: key.algorithm(),
            issuer: self.issuer.clone(),
            validity: self.validity,
            subject: self.subject.clone(),
            subject_public_key_info: self.public_key.clone(),
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions.clone()),
        })
    }

    /// The signed certificate.
    pub(crate) fn sign(&self, key: &IssuerKey) -> Result<Certificate, Error> {
        let tbs_certificate = self.to_be_signed(key)?;
        let signature = key.sign(&encode("a certificate", &tbs_certificate)?);
        Ok(Certificate {
            tbs_certificate,
            signature_algorithm: key.algorithm(),
            signature: BitString::from_bytes(&signature).map_err(|error| Error::internal("a certificate", error))?,
        })
    }
}

/// An extension whose value is DER.
pub(crate) fn extension(oid: ObjectIdentifier, critical: bool, value: &impl Encode) -> Result<Extension, Error> {
    raw_extension(oid, critical, encode("an extension", value)?)
}

/// An extension whose value is these bytes.
pub(crate) fn raw_extension(oid: ObjectIdentifier, critical: bool, value: Vec<u8>) -> Result<Extension, Error> {
    Ok(Extension {
        extn_id: oid,
        critical,
        extn_value: OctetString::new(value).map_err(|error| Error::internal("an extension", error))?,
    })
}

/// A name in RFC 4514 form.
pub(crate) fn name(text: &str) -> Result<Name, Error> {
    text.parse()
        .map_err(|error: der::Error| Error::internal("a name", error))
}

/// A validity of whole seconds.
pub(crate) fn validity(from: Timestamp, until: Timestamp) -> Result<Validity, Error> {
    Ok(Validity {
        not_before: time(from)?,
        not_after: time(until)?,
    })
}

/// The moment as a GeneralizedTime of whole seconds.
pub(crate) fn generalized_time(moment: Timestamp) -> Result<GeneralizedTime, Error> {
    GeneralizedTime::from_unix_duration(since_epoch(moment)?).map_err(|error| Error::internal("a time", error))
}

/// The key identifier of a public key: the leftmost 160 bits of SHA-256 of its bits (RFC 7093, section 2, method 1).
pub(crate) fn key_identifier(key: &SubjectPublicKeyInfoOwned) -> Result<OctetString, Error> {
    let hash = Sha256::digest(key.subject_public_key.raw_bytes());
    OctetString::new(&hash[..20]).map_err(|error| Error::internal("a key identifier", error))
}

pub(crate) fn encode(what: &'static str, value: &impl Encode) -> Result<Vec<u8>, Error> {
    value.to_der().map_err(|error| Error::internal(what, error))
}

/// The PEM text of a certificate, as Go and OpenSSL write it.
pub(crate) fn certificate_pem(certificate: &Certificate) -> Result<String, Error> {
    certificate
        .to_pem(der::pem::LineEnding::LF)
        .map_err(|error| Error::internal("a certificate", error))
}

/// PEM of bytes that are DER already.
pub(crate) fn pem(label: &'static str, der_bytes: &[u8]) -> Result<String, Error> {
    der::pem::encode_string(label, der::pem::LineEnding::LF, der_bytes).map_err(|error| Error::internal("PEM", error))
}

/// RFC 5280, section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on.
fn time(moment: Timestamp) -> Result<Time, Error> {
    let duration = since_epoch(moment)?;
    match UtcTime::from_unix_duration(duration) {
        Ok(time) => Ok(Time::UtcTime(time)),
        Err(_) => Ok(Time::GeneralTime(generalized_time(moment)?)),
    }
}

fn since_epoch(moment: Timestamp) -> Result<std::time::Duration, Error> {
    let seconds = u64::try_from(moment.as_second()).map_err(|error| Error::internal("a time", error))?;
    Ok(std::time::Duration::from_secs(seconds))
}
