mod prehashed;

use aws_lc_rs::digest as lc_digest;
use aws_lc_rs::signature::{self as lc, UnparsedPublicKey, VerificationAlgorithm};
use const_oid::ObjectIdentifier;
use der::asn1::Uint;
use der::{Decode, Encode, Sequence};
use x509_cert::Certificate;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::error::Error;
use crate::x509;

const ID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// The hash of an artifact that a log entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// The name in version 1 entries.
    pub(crate) fn lower_name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The name in version 2 entries.
    pub(crate) fn proto_name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA2_256",
            Self::Sha384 => "SHA2_384",
            Self::Sha512 => "SHA2_512",
        }
    }

    pub(crate) fn from_lower_name(name: &str) -> Result<Self, Error> {
        [Self::Sha256, Self::Sha384, Self::Sha512]
            .into_iter()
            .find(|algorithm| algorithm.lower_name() == name)
            .ok_or_else(|| Error::Unsupported {
                what: "hash algorithm",
                found: name.to_owned(),
            })
    }

    /// The digest of a message.
    pub(crate) fn of(self, message: &[u8]) -> Vec<u8> {
        lc_digest::digest(self.lc(), message).as_ref().to_vec()
    }

    fn lc(self) -> &'static lc_digest::Algorithm {
        match self {
            Self::Sha256 => &lc_digest::SHA256,
            Self::Sha384 => &lc_digest::SHA384,
            Self::Sha512 => &lc_digest::SHA512,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    P256,
    P384,
    P521,
    Rsa { bits: usize },
    Ed25519,
}

/// A public key of a client, of a scheme that the sandbox knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    scheme: Scheme,
    info: SubjectPublicKeyInfoOwned,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// When it is not one, or of a scheme other than P-256, P-384, P-521, Ed25519 and RSA from 2048 bits on.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let info = SubjectPublicKeyInfoOwned::from_der(der).map_err(|error| Error::malformed("public key", error))?;
        Self::new(info)
    }

    pub(crate) fn new(info: SubjectPublicKeyInfoOwned) -> Result<Self, Error> {
        let scheme = scheme(&info)?;
        Ok(Self { scheme, info })
    }

    pub(crate) fn info(&self) -> &SubjectPublicKeyInfoOwned {
        &self.info
    }

    /// The SubjectPublicKeyInfo in DER.
    pub(crate) fn der(&self) -> Result<Vec<u8>, Error> {
        x509::encode("a public key", &self.info)
    }

    /// What `keyDetails` of the protobuf specifications calls it, and the hash that goes with it.
    pub(crate) fn key_details(&self) -> Result<(&'static str, HashAlgorithm), Error> {
        match self.scheme {
            Scheme::P256 => Ok(("PKIX_ECDSA_P256_SHA_256", HashAlgorithm::Sha256)),
            Scheme::P384 => Ok(("PKIX_ECDSA_P384_SHA_384", HashAlgorithm::Sha384)),
            Scheme::P521 => Ok(("PKIX_ECDSA_P521_SHA_512", HashAlgorithm::Sha512)),
            Scheme::Rsa { bits: 2048 } => Ok(("PKIX_RSA_PKCS1V15_2048_SHA256", HashAlgorithm::Sha256)),
            Scheme::Rsa { bits: 3072 } => Ok(("PKIX_RSA_PKCS1V15_3072_SHA256", HashAlgorithm::Sha256)),
            Scheme::Rsa { bits: 4096 } => Ok(("PKIX_RSA_PKCS1V15_4096_SHA256", HashAlgorithm::Sha256)),
            Scheme::Rsa { bits } => Err(unsupported_key(format!("RSA {bits}"))),
            Scheme::Ed25519 => Ok(("PKIX_ED25519_PH", HashAlgorithm::Sha512)),
        }
    }

    /// Whether the signature is this key's over the message, with the hash that belongs to the key; Ed25519 as it is.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let hash = match self.scheme {
            Scheme::P384 => HashAlgorithm::Sha384,
            Scheme::P521 => HashAlgorithm::Sha512,
            Scheme::P256 | Scheme::Rsa { .. } | Scheme::Ed25519 => HashAlgorithm::Sha256,
        };
        self.key(hash).verify(message, signature).is_ok()
    }

    /// Whether the signature is this key's over the message with SHA-256, whatever the key; Ed25519 as it is.
    pub(crate) fn verifies_sha256(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key(HashAlgorithm::Sha256).verify(message, signature).is_ok()
    }

    /// Whether the signature is this key's over a message with this digest; Ed25519 by its prehashed form.
    pub(crate) fn verifies_digest(&self, hash: HashAlgorithm, digest: &[u8], signature: &[u8]) -> Result<bool, Error> {
        if self.scheme == Scheme::Ed25519 {
            return match hash {
                HashAlgorithm::Sha512 => {
                    prehashed::verifies(self.info.subject_public_key.raw_bytes(), digest, signature)
                }
                other => Err(unsupported_key(format!("Ed25519 with {}", other.proto_name()))),
            };
        }
        let digest = lc_digest::Digest::import_less_safe(digest, hash.lc()).map_err(|_| {
            Error::malformed(
                "digest",
                format!("expected {} bytes, found {}", hash.lc().output_len(), digest.len()),
            )
        })?;
        Ok(self.key(hash).verify_digest(&digest, signature).is_ok())
    }

    fn key(&self, hash: HashAlgorithm) -> UnparsedPublicKey<&[u8]> {
        UnparsedPublicKey::new(algorithm(self.scheme, hash), self.info.subject_public_key.raw_bytes())
    }
}

fn algorithm(scheme: Scheme, hash: HashAlgorithm) -> &'static dyn VerificationAlgorithm {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    match (scheme, hash) {
        (Scheme::P256, Sha256) => &lc::ECDSA_P256_SHA256_ASN1,
        (Scheme::P256, Sha384) => &lc::ECDSA_P256_SHA384_ASN1,
        (Scheme::P256, Sha512) => &lc::ECDSA_P256_SHA512_ASN1,
        (Scheme::P384, Sha256) => &lc::ECDSA_P384_SHA256_ASN1,
        (Scheme::P384, Sha384) => &lc::ECDSA_P384_SHA384_ASN1,
        (Scheme::P384, Sha512) => &lc::ECDSA_P384_SHA512_ASN1,
        (Scheme::P521, Sha256) => &lc::ECDSA_P521_SHA256_ASN1,
        (Scheme::P521, Sha384) => &lc::ECDSA_P521_SHA384_ASN1,
        (Scheme::P521, Sha512) => &lc::ECDSA_P521_SHA512_ASN1,
        (Scheme::Rsa { .. }, Sha256) => &lc::RSA_PKCS1_2048_8192_SHA256,
        (Scheme::Rsa { .. }, Sha384) => &lc::RSA_PKCS1_2048_8192_SHA384,
        (Scheme::Rsa { .. }, Sha512) => &lc::RSA_PKCS1_2048_8192_SHA512,
        (Scheme::Ed25519, _) => &lc::ED25519,
    }
}

fn scheme(info: &SubjectPublicKeyInfoOwned) -> Result<Scheme, Error> {
    let oid = info.algorithm.oid;
    if oid == ID_ED25519 {
        return Ok(Scheme::Ed25519);
    }
    if oid == RSA_ENCRYPTION {
        return rsa_scheme(info);
    }
    if oid != ID_EC_PUBLIC_KEY {
        return Err(unsupported_key(oid.to_string()));
    }
    let curve = info
        .algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok())
        .ok_or_else(|| Error::malformed("public key", "the curve is not named"))?;
    match curve {
        SECP256R1 => Ok(Scheme::P256),
        SECP384R1 => Ok(Scheme::P384),
        SECP521R1 => Ok(Scheme::P521),
        other => Err(unsupported_key(other.to_string())),
    }
}

fn rsa_scheme(info: &SubjectPublicKeyInfoOwned) -> Result<Scheme, Error> {
    let key = RsaPublicKeyWire::from_der(info.subject_public_key.raw_bytes());
    let key = key.map_err(|error| Error::malformed("public key", error))?;
    let bits = key.modulus.as_bytes().len() * 8;
    match bits {
        2048.. => Ok(Scheme::Rsa { bits }),
        _ => Err(unsupported_key(format!("RSA {bits}"))),
    }
}

/// RFC 8017, appendix A.1.1.
#[derive(Debug, Sequence)]
pub(crate) struct RsaPublicKeyWire {
    pub(crate) modulus: Uint,
    pub(crate) exponent: Uint,
}

fn unsupported_key(found: String) -> Error {
    Error::Unsupported { what: "key", found }
}

/// What a log entry says it was signed with: a certificate or a bare key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    pub(crate) material: Material,
    pub(crate) key: PublicKey,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Material {
    Certificate(Vec<u8>),
    PublicKey(Vec<u8>),
}

impl Verifier {
    /// A certificate in DER.
    ///
    /// # Errors
    /// When it is not one, or its key is of an unknown scheme.
    pub fn certificate(der: &[u8]) -> Result<Self, Error> {
        let certificate = Certificate::from_der(der).map_err(|error| Error::malformed("certificate", error))?;
        let canonical = certificate
            .to_der()
            .map_err(|error| Error::malformed("certificate", error))?;
        if canonical != der {
            return Err(Error::malformed("certificate", "not in DER"));
        }
        Ok(Self {
            key: PublicKey::new(certificate.tbs_certificate.subject_public_key_info)?,
            material: Material::Certificate(canonical),
        })
    }

    /// A SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// When it is not one, or of an unknown scheme.
    pub fn public_key(der: &[u8]) -> Result<Self, Error> {
        let key = PublicKey::from_der(der)?;
        Ok(Self {
            material: Material::PublicKey(key.der()?),
            key,
        })
    }

    /// The first PEM block of a text: a certificate or a public key.
    ///
    /// # Errors
    /// When it is neither.
    pub fn from_pem(text: &[u8]) -> Result<Self, Error> {
        let (label, der) = der::pem::decode_vec(text).map_err(|error| Error::malformed("PEM", error))?;
        match label {
            "CERTIFICATE" => Self::certificate(&der),
            "PUBLIC KEY" => Self::public_key(&der),
            other => Err(Error::Unsupported {
                what: "PEM label",
                found: other.to_owned(),
            }),
        }
    }

    pub(crate) fn pem(&self) -> Result<String, Error> {
        match &self.material {
            Material::Certificate(der) => x509::pem("CERTIFICATE", der),
            Material::PublicKey(der) => x509::pem("PUBLIC KEY", der),
        }
    }
}
