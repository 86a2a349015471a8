use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{ObjectIdentifier, UintRef};
use der::pem::LineEnding;
use der::{Decode as _, Encode as _, Sequence};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::{Error, KeyAlgorithm};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(super) const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(super) const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(super) const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// The largest key that is read, in bytes: RSA with 4096 bits takes 550.
const MAX_KEY_BYTES: usize = 8 << 10;

/// A public key of an algorithm that is spoken here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: KeyAlgorithm,
    der: Vec<u8>,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5280, section 4.1).
    ///
    /// # Errors
    /// When it is none, or of an algorithm or a size that is not spoken.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_KEY_BYTES {
            return Err(wrong(
                "a public key of at most 8192 bytes",
                format!("{} bytes", der.len()),
            ));
        }
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|error| wrong("a public key", error.to_string()))?;
        let algorithm = algorithm(&info)?;
        ParsedPublicKey::new(verification(algorithm), info.subject_public_key.raw_bytes())
            .map_err(|_| wrong("a public key", "one that its algorithm does not know"))?;
        Ok(Self {
            algorithm,
            der: der.to_vec(),
        })
    }

    /// Reads the PEM of a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        match der::pem::decode_vec(pem) {
            Ok(("PUBLIC KEY", der)) => Self::from_der(&der),
            Ok((label, _)) => Err(wrong("the PEM of a public key", format!("`{label}`"))),
            Err(error) => Err(wrong("the PEM of a public key", error.to_string())),
        }
    }

    /// What the key is.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The key, DER of a `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The key in PEM, lines ended as Go's encoder does.
    #[must_use]
    pub fn to_pem(&self) -> String {
        der::pem::encode_string("PUBLIC KEY", LineEnding::LF, &self.der).expect("the label is plain text")
    }

    /// What a bundle says instead of the key: base64 of its SHA-256, as cosign has it.
    #[must_use]
    pub fn hint(&self) -> String {
        STANDARD.encode(sigstore_crypto::sha256(&self.der).as_bytes())
    }
}

/// RFC 8017, appendix A.1.1.
#[derive(Sequence)]
struct RsaPublicKeyWire<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

fn algorithm(info: &SubjectPublicKeyInfoRef<'_>) -> Result<KeyAlgorithm, Error> {
    match info.algorithm.oid {
        ED25519 => Ok(KeyAlgorithm::Ed25519),
        RSA_ENCRYPTION => rsa(info.subject_public_key.raw_bytes()),
        EC_PUBLIC_KEY => {
            let curve = info.algorithm.parameters_oid();
            curve_algorithm(curve.map_err(|_| wrong("a curve by its name", "none"))?)
        }
        other => Err(unsupported(other.to_string())),
    }
}

pub(super) fn curve_algorithm(curve: ObjectIdentifier) -> Result<KeyAlgorithm, Error> {
    match curve {
        SECP256R1 => Ok(KeyAlgorithm::EcdsaP256),
        SECP384R1 => Ok(KeyAlgorithm::EcdsaP384),
        SECP521R1 => Ok(KeyAlgorithm::EcdsaP521),
        other => Err(unsupported(format!("an elliptic curve `{other}`"))),
    }
}

fn rsa(key: &[u8]) -> Result<KeyAlgorithm, Error> {
    let key = RsaPublicKeyWire::from_der(key).map_err(|error| wrong("an RSA key", error.to_string()))?;
    let modulus = key.modulus.as_bytes();
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    match bits {
        2048 => Ok(KeyAlgorithm::Rsa2048),
        3072 => Ok(KeyAlgorithm::Rsa3072),
        4096 => Ok(KeyAlgorithm::Rsa4096),
        other => Err(unsupported(format!("RSA with {other} bits"))),
    }
}

pub(super) fn verification(algorithm: KeyAlgorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        KeyAlgorithm::EcdsaP256 => &signature::ECDSA_P256_SHA256_ASN1,
        KeyAlgorithm::EcdsaP384 => &signature::ECDSA_P384_SHA384_ASN1,
        KeyAlgorithm::EcdsaP521 => &signature::ECDSA_P521_SHA512_ASN1,
        KeyAlgorithm::Ed25519 => &signature::ED25519,
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => &signature::RSA_PKCS1_2048_8192_SHA256,
    }
}

/// The algorithm identifier and key of a token's raw parts.
pub(super) fn encode(oid: ObjectIdentifier, curve: Option<ObjectIdentifier>, key: &[u8]) -> Result<Vec<u8>, Error> {
    let broken = |error: der::Error| wrong("a public key", error.to_string());
    let parameters = match curve {
        Some(curve) => Some(der::Any::encode_from(&curve).map_err(broken)?),
        None if oid == RSA_ENCRYPTION => Some(der::Any::null()),
        None => None,
    };
    let info = x509_cert::spki::SubjectPublicKeyInfoOwned {
        algorithm: x509_cert::spki::AlgorithmIdentifier { oid, parameters },
        subject_public_key: der::asn1::BitString::from_bytes(key).map_err(broken)?,
    };
    info.to_der().map_err(broken)
}

impl PublicKey {
    /// A point on a curve, uncompressed, as PKCS #11 tokens give it.
    pub(super) fn from_point(curve: ObjectIdentifier, point: &[u8]) -> Result<Self, Error> {
        Self::from_der(&encode(EC_PUBLIC_KEY, Some(curve), point)?)
    }

    /// Modulus and exponent, big-endian, as PKCS #11 tokens give them.
    pub(super) fn from_rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, Error> {
        let broken = |error: der::Error| wrong("an RSA key", error.to_string());
        let wire = RsaPublicKeyWire {
            modulus: UintRef::new(modulus).map_err(broken)?,
            exponent: UintRef::new(exponent).map_err(broken)?,
        };
        Self::from_der(&encode(RSA_ENCRYPTION, None, &wire.to_der().map_err(broken)?)?)
    }

    /// The 32 bytes of an Ed25519 key.
    pub(super) fn from_ed25519(key: &[u8]) -> Result<Self, Error> {
        Self::from_der(&encode(ED25519, None, key)?)
    }
}

fn wrong(expected: &'static str, found: impl Into<String>) -> Error {
    let found = found.into();
    Error::KeyInvalid { expected, found }
}

fn unsupported(found: String) -> Error {
    Error::UnsupportedKey { found }
}
