use jiff::Timestamp;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureVersion, SubpacketData, SubpacketType};
use pgp::ser::Serialize as _;
use pgp::types::{EcdsaPublicParams, EddsaLegacyPublicParams, PublicParams};

use crate::DetachedError;

/// RSA below this can be broken; NIST SP 800-131A, table 2, disallows it.
const LEAST_RSA_BITS: u16 = 2048;

/// Holds a signature, whatever it is over, against everything but its arithmetic. Says when it claims to be made.
///
/// # Errors
/// [`DetachedError::Weak`], [`DetachedError::CriticalSubpacket`] and those about times.
pub(super) fn check_signature(signature: &Signature, moment: Timestamp) -> Result<Timestamp, DetachedError> {
    if !matches!(signature.version(), SignatureVersion::V4 | SignatureVersion::V6) {
        return Err(DetachedError::Weak {
            expected: "an OpenPGP signature of version 4 or 6",
            found: format!("one of version {}", u8::from(signature.version())),
        });
    }
    check_hash(signature)?;
    let config = signature.config();
    let subpackets = config.into_iter().flat_map(|config| config.hashed_subpackets());
    for subpacket in subpackets.filter(|subpacket| subpacket.is_critical) {
        if !is_understood(subpacket.typ()) {
            return Err(DetachedError::CriticalSubpacket {
                number: subpacket.typ().as_u8(false),
            });
        }
    }
    check_times(signature, moment)
}

/// Whether a key of this kind and size proves anything.
pub(super) fn check_key(parameters: &PublicParams) -> Result<(), DetachedError> {
    let found = match parameters {
        PublicParams::Ed25519(_)
        | PublicParams::Ed448(_)
        | PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. })
        | PublicParams::ECDSA(
            EcdsaPublicParams::P256 { .. } | EcdsaPublicParams::P384 { .. } | EcdsaPublicParams::P521 { .. },
        ) => return Ok(()),
        PublicParams::RSA(_) => match rsa_bits(parameters) {
            bits @ ..LEAST_RSA_BITS => format!("one of RSA with {bits} bits"),
            _ => return Ok(()),
        },
        PublicParams::DSA(_) => "one of DSA".to_owned(),
        _ => return Err(DetachedError::unsupported("this kind of OpenPGP key")),
    };
    Err(DetachedError::Weak {
        expected: "a key of Ed25519, Ed448, ECDSA or RSA with at least 2048 bits",
        found,
    })
}

/// What kind of key it is, for people.
pub(super) fn described(parameters: &PublicParams) -> String {
    match parameters {
        PublicParams::RSA(_) => format!("RSA-{}", rsa_bits(parameters)),
        PublicParams::ECDSA(EcdsaPublicParams::P256 { .. }) => "ECDSA P-256".to_owned(),
        PublicParams::ECDSA(EcdsaPublicParams::P384 { .. }) => "ECDSA P-384".to_owned(),
        PublicParams::ECDSA(EcdsaPublicParams::P521 { .. }) => "ECDSA P-521".to_owned(),
        PublicParams::Ed448(_) => "Ed448".to_owned(),
        _ => "Ed25519".to_owned(),
    }
}

/// The length of the modulus: the count of bits that its encoding begins with, RFC 9580, section 3.2.
fn rsa_bits(parameters: &PublicParams) -> u16 {
    match parameters.to_bytes().as_deref() {
        Ok([high, low, ..]) => u16::from_be_bytes([*high, *low]),
        _ => 0,
    }
}

fn check_hash(signature: &Signature) -> Result<(), DetachedError> {
    match signature.hash_alg() {
        Some(
            HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512,
        ) => Ok(()),
        found => Err(DetachedError::Weak {
            expected: "an OpenPGP signature over SHA-2 or SHA-3 with at least 256 bits",
            found: found.map_or_else(|| "one over nothing".to_owned(), |hash| format!("one over {hash}")),
        }),
    }
}

fn check_times(signature: &Signature, moment: Timestamp) -> Result<Timestamp, DetachedError> {
    let made = signature
        .created()
        .and_then(|made| Timestamp::from_second(made.as_secs().into()).ok())
        .ok_or(DetachedError::malformed(
            "an OpenPGP signature",
            "it does not say when it was made",
        ))?;
    if made > moment {
        return Err(DetachedError::SignatureFromFuture { moment, made });
    }
    match ends(made, signature.signature_expiration_time()) {
        Some(at) if at <= moment => Err(DetachedError::SignatureExpired { at }),
        _ => Ok(made),
    }
}

/// When something ends that began then and lasts so long. No duration, or one of zero, has no end.
pub(super) fn ends(begin: Timestamp, lasts: Option<pgp::types::Duration>) -> Option<Timestamp> {
    let seconds = lasts
        .map(pgp::types::Duration::as_secs)
        .filter(|seconds| *seconds > 0)?;
    Timestamp::from_second(begin.as_second() + i64::from(seconds)).ok()
}

/// Whether what the subpacket says is either acted upon here or says nothing about signatures over data.
fn is_understood(kind: SubpacketType) -> bool {
    matches!(
        kind,
        SubpacketType::SignatureCreationTime
            | SubpacketType::SignatureExpirationTime
            | SubpacketType::KeyExpirationTime
            | SubpacketType::KeyFlags
            | SubpacketType::Features
            | SubpacketType::IssuerKeyId
            | SubpacketType::IssuerFingerprint
            | SubpacketType::EmbeddedSignature
            | SubpacketType::PrimaryUserId
            | SubpacketType::SignersUserID
            | SubpacketType::RevocationReason
            | SubpacketType::RevocationKey
            | SubpacketType::Revocable
            | SubpacketType::ExportableCertification
            | SubpacketType::PreferredSymmetricAlgorithms
            | SubpacketType::PreferredHashAlgorithms
            | SubpacketType::PreferredCompressionAlgorithms
            | SubpacketType::PreferredAead
            | SubpacketType::KeyServerPreferences
            | SubpacketType::PreferredKeyServer
    )
}

/// The flags of a self-signature, where it has any. Those without are of the last century and limit nothing.
pub(super) fn forbids_signing(self_signature: &Signature) -> bool {
    states_flags(self_signature) && !self_signature.key_flags().sign()
}

pub(super) fn states_flags(signature: &Signature) -> bool {
    let mut subpackets = signature
        .config()
        .into_iter()
        .flat_map(|config| config.hashed_subpackets());
    subpackets.any(|subpacket| matches!(subpacket.data, SubpacketData::KeyFlags(_)))
}
