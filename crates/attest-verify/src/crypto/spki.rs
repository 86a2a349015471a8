use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5912, rfc8410};
use der::Tag;

use super::key::KeyAlgorithm;
use crate::asn1::{Element, Elements, Malformed, only, unsigned, whole_bits};

/// The shortest and the longest RSA modulus, in bits: below, it can be factored; above, nothing of Sigstore goes.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// The longest public exponent, in bytes. Everybody uses 65537; a long one only costs time.
const MAX_EXPONENT_BYTES: usize = 8;

/// An uncompressed point begins with this. Source: SEC 1, section 2.3.3.
const UNCOMPRESSED: u8 = 4;

/// Reads a `SubjectPublicKeyInfo`. Every algorithm has one form here, and its parameters are what its specification says.
/// Sources: RFC 5480, RFC 8410, RFC 3279.
pub(super) fn parse(der: &[u8]) -> Result<(KeyAlgorithm, &[u8]), Malformed> {
    let mut info = only(der, Tag::Sequence, "a public key")?.elements()?;
    let mut algorithm = info.take(Tag::Sequence, "the algorithm of a key")?.elements()?;
    let key = whole_bits(info.take(Tag::BitString, "the bits of a key")?, "whole bytes of a key")?;
    info.end("nothing after a key")?;
    let identifier = algorithm.take(Tag::ObjectIdentifier, "the algorithm of a key")?;
    let is = |known: ObjectIdentifier| identifier.value == known.as_bytes();
    if is(rfc5912::ID_EC_PUBLIC_KEY) {
        let curve = algorithm.take(Tag::ObjectIdentifier, "a named curve")?;
        algorithm.end("nothing after a curve")?;
        return elliptic(curve, key).map(|algorithm| (algorithm, key));
    }
    if is(rfc8410::ID_ED_25519) {
        algorithm.end("no parameters of Ed25519")?;
        return match key.len() {
            32 => Ok((KeyAlgorithm::Ed25519, key)),
            _ => Err(Malformed("a key of Ed25519 of 32 bytes")),
        };
    }
    if is(rfc5912::RSA_ENCRYPTION) {
        let null = algorithm.optional(Tag::Null, "no parameters of RSA")?;
        if null.is_some_and(|null| !null.value.is_empty()) {
            return Err(Malformed("no parameters of RSA"));
        }
        algorithm.end("no parameters of RSA")?;
        return rsa(key).map(|algorithm| (algorithm, key));
    }
    Err(Malformed("a key of ECDSA, Ed25519 or RSA"))
}

/// Whether this is a key in the right form, whose algorithm nobody here knows.
pub(super) fn is_of_unknown_algorithm(der: &[u8]) -> bool {
    let identifier = || {
        let mut info = only(der, Tag::Sequence, "a public key")?.elements()?;
        let mut algorithm = info.take(Tag::Sequence, "the algorithm of a key")?.elements()?;
        whole_bits(info.take(Tag::BitString, "the bits of a key")?, "whole bytes of a key")?;
        info.end("nothing after a key")?;
        algorithm.take(Tag::ObjectIdentifier, "the algorithm of a key")
    };
    let known = [rfc5912::ID_EC_PUBLIC_KEY, rfc8410::ID_ED_25519, rfc5912::RSA_ENCRYPTION];
    identifier().is_ok_and(|found: Element<'_>| known.iter().all(|known| known.as_bytes() != found.value))
}

fn elliptic(curve: Element<'_>, point: &[u8]) -> Result<KeyAlgorithm, Malformed> {
    let curves = [
        (rfc5912::SECP_256_R_1, KeyAlgorithm::P256, 32),
        (rfc5912::SECP_384_R_1, KeyAlgorithm::P384, 48),
        (rfc5912::SECP_521_R_1, KeyAlgorithm::P521, 66),
    ];
    let (_, algorithm, size) = curves
        .into_iter()
        .find(|(identifier, ..)| identifier.as_bytes() == curve.value)
        .ok_or(Malformed("the curve P-256, P-384 or P-521"))?;
    match point.first() == Some(&UNCOMPRESSED) && point.len() == 1 + 2 * size {
        true => Ok(algorithm),
        false => Err(Malformed("an uncompressed point of the curve")),
    }
}

/// Checks the form of an `RSAPublicKey` of PKCS #1.
pub(super) fn rsa(key: &[u8]) -> Result<KeyAlgorithm, Malformed> {
    let mut parts: Elements<'_> = only(key, Tag::Sequence, "an RSA key")?.elements()?;
    let modulus = unsigned(parts.take(Tag::Integer, "an RSA modulus")?, "an RSA modulus")?;
    let exponent = unsigned(parts.take(Tag::Integer, "an RSA exponent")?, "an RSA exponent")?;
    parts.end("nothing after an RSA key")?;
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    match RSA_BITS.contains(&(modulus.len() * 8 - leading)) && exponent.len() <= MAX_EXPONENT_BYTES {
        true => Ok(KeyAlgorithm::Rsa),
        false => Err(Malformed("an RSA key of 2048 to 4096 bits")),
    }
}
