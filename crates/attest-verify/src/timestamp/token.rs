use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5911, rfc5912};
use der::Tag;

use super::attributes;
use crate::asn1::{Element, Elements, Malformed, context, only, small};
use crate::certificate::Certificate;
use crate::crypto::{Hash, Scheme};

/// `granted`: the one status that leaves nothing open. A response granted with modifications answers another question.
const GRANTED: u8 = 0;

/// `id-ct-TSTInfo`. Source: RFC 3161, section 2.4.2.
pub(super) const TIMESTAMP_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// The most certificates that a token may carry. A chain has three.
const MAX_CERTIFICATES: usize = 8;

/// A token, of which every byte is signed, or is what it has to be.
///
/// Sources: RFC 3161, section 2.4.2; RFC 5652, section 5.
pub(super) struct Token<'a> {
    pub(super) info: &'a [u8],
    pub(super) certificates: Vec<&'a [u8]>,
    pub(super) signer: SignerId<'a>,
    pub(super) scheme: Scheme,
    pub(super) signature: &'a [u8],
    hash: Hash,
    attributes: Element<'a>,
}

/// How a token names its signer.
pub(super) enum SignerId<'a> {
    IssuerAndSerial { issuer: &'a [u8], serial: &'a [u8] },
    SubjectKey(&'a [u8]),
}

/// What a signer says of the signature.
struct Signer<'a> {
    id: SignerId<'a>,
    digest_algorithm: &'a [u8],
    hash: Hash,
    attributes: Element<'a>,
    scheme: Scheme,
    signature: &'a [u8],
}

impl<'a> Token<'a> {
    /// Reads a token, bare or in a response.
    pub(super) fn read(response: &'a [u8]) -> Result<Self, Malformed> {
        let mut parts = only(response, Tag::Sequence, "an RFC 3161 response in DER")?.elements()?;
        let content = match parts.optional(Tag::Sequence, "a status")? {
            Some(status) => {
                check_granted(status)?;
                let token = parts.take(Tag::Sequence, "a token")?;
                parts.end("nothing after a token")?;
                content(token.elements()?)?
            }
            None => content(parts)?,
        };
        let mut data = content.elements()?;
        version(&mut data, 3, "version 3 of signed data")?;
        let mut digests = data.take(Tag::Set, "digest algorithms")?.elements()?;
        let digest = digests.take(Tag::Sequence, "a digest algorithm")?;
        digests.end("one digest algorithm")?;
        let info = encapsulated(data.take(Tag::Sequence, "a timestamp")?)?;
        let certificates = match data.optional(context(0, true), "certificates")? {
            Some(set) => certificates(set)?,
            None => Vec::new(),
        };
        let mut signers = data.take(Tag::Set, "a signer, and no revocation list")?.elements()?;
        data.end("nothing after the signer")?;
        let signer = Signer::read(signers.take(Tag::Sequence, "a signer")?)?;
        signers.end("one signer")?;
        if digest.whole != signer.digest_algorithm {
            return Err(Malformed("the digest algorithm of the signer"));
        }
        Ok(Self {
            info,
            certificates,
            signer: signer.id,
            scheme: signer.scheme,
            signature: signer.signature,
            hash: signer.hash,
            attributes: signer.attributes,
        })
    }

    /// What is signed: the attributes as a set. Source: RFC 5652, section 5.4.
    pub(super) fn signed_attributes(&self) -> Vec<u8> {
        let mut signed = self.attributes.whole.to_vec();
        // The tag of a set in place of the one that says which field it is.
        signed[0] = Tag::Set.octet();
        signed
    }

    /// That the attributes are about this timestamp, and about no other certificate than `leaf`.
    pub(super) fn check_attributes(&self, leaf: &Certificate) -> Result<(), Malformed> {
        let digest = self.hash.of(self.info);
        attributes::check(self.attributes, digest.as_ref(), leaf)
    }
}

impl<'a> Signer<'a> {
    fn read(signer: Element<'a>) -> Result<Self, Malformed> {
        let mut parts = signer.elements()?;
        let version = small(
            parts.take(Tag::Integer, "the version of a signer")?,
            "the version of a signer",
        )?;
        let id = parts.any("an identifier of the signer")?;
        let (id, expected) = match id.tag == Tag::Sequence {
            true => (issuer_and_serial(id)?, 1),
            false if id.tag == context(0, false) => (SignerId::SubjectKey(id.value), 3),
            false => return Err(Malformed("an identifier of the signer")),
        };
        if version != expected {
            return Err(Malformed("the signer version of its identifier"));
        }
        let digest_algorithm = parts.take(Tag::Sequence, "a digest algorithm")?;
        let hash = hash(digest_algorithm)?;
        let attributes = parts.take(context(0, true), "signed attributes")?;
        let scheme = scheme(parts.take(Tag::Sequence, "a signature algorithm")?, hash)?;
        let signature = parts.take(Tag::OctetString, "a signature")?.value;
        parts.end("no unsigned attribute")?;
        Ok(Self {
            id,
            digest_algorithm: digest_algorithm.whole,
            hash,
            attributes,
            scheme,
            signature,
        })
    }
}

/// A status text or failure information has no place in a granted response.
fn check_granted(status: Element<'_>) -> Result<(), Malformed> {
    let mut parts = status.elements()?;
    let status = small(parts.take(Tag::Integer, "status granted")?, "status granted")?;
    parts.end("nothing beside the status")?;
    match status {
        GRANTED => Ok(()),
        _ => Err(Malformed("status granted")),
    }
}

fn content(mut parts: Elements<'_>) -> Result<Element<'_>, Malformed> {
    identifier(&mut parts, rfc5911::ID_SIGNED_DATA, "signed data")?;
    let wrapped = parts.take(context(0, true), "signed data")?;
    parts.end("nothing after signed data")?;
    only(wrapped.value, Tag::Sequence, "signed data")
}

fn encapsulated(content: Element<'_>) -> Result<&[u8], Malformed> {
    let mut parts = content.elements()?;
    identifier(&mut parts, TIMESTAMP_INFO, "a timestamp")?;
    let wrapped = parts.take(context(0, true), "a timestamp")?;
    parts.end("nothing after a timestamp")?;
    only(wrapped.value, Tag::OctetString, "a timestamp").map(|info| info.value)
}

/// DER sorts a set, and some authorities do not sort their certificates. Their order means nothing.
fn certificates(set: Element<'_>) -> Result<Vec<&[u8]>, Malformed> {
    let mut parts = set.elements()?;
    let mut certificates = Vec::new();
    while !parts.is_empty() {
        let certificate = parts.take(Tag::Sequence, "X.509 certificates")?.whole;
        if certificates.contains(&certificate) || certificates.len() == MAX_CERTIFICATES {
            return Err(Malformed("at most 8 certificates, each once"));
        }
        certificates.push(certificate);
    }
    Ok(certificates)
}

fn issuer_and_serial(id: Element<'_>) -> Result<SignerId<'_>, Malformed> {
    let mut parts = id.elements()?;
    let issuer = parts.take(Tag::Sequence, "the issuer of the signer")?.whole;
    let serial = parts.take(Tag::Integer, "the serial number of the signer")?.value;
    parts.end("nothing after the serial number of the signer")?;
    Ok(SignerId::IssuerAndSerial { issuer, serial })
}

fn version(parts: &mut Elements<'_>, expected: u8, what: &'static str) -> Result<(), Malformed> {
    match small(parts.take(Tag::Integer, what)?, what)? == expected {
        true => Ok(()),
        false => Err(Malformed(what)),
    }
}

fn identifier(parts: &mut Elements<'_>, expected: ObjectIdentifier, what: &'static str) -> Result<(), Malformed> {
    match parts.take(Tag::ObjectIdentifier, what)?.value == expected.as_bytes() {
        true => Ok(()),
        false => Err(Malformed(what)),
    }
}

/// Reads a hash algorithm, whose parameters are absent or null.
pub(super) fn hash(algorithm: Element<'_>) -> Result<Hash, Malformed> {
    let identifier = without_parameters(algorithm)?;
    let known = [
        (rfc5912::ID_SHA_256, Hash::Sha256),
        (rfc5912::ID_SHA_384, Hash::Sha384),
        (rfc5912::ID_SHA_512, Hash::Sha512),
    ];
    let found = known.into_iter().find(|(known, _)| known.as_bytes() == identifier);
    found
        .map(|(_, hash)| hash)
        .ok_or(Malformed("a digest by SHA-256, SHA-384 or SHA-512"))
}

/// The signature algorithm says the hash again, or only the kind of key.
fn scheme(algorithm: Element<'_>, hash: Hash) -> Result<Scheme, Malformed> {
    let identifier = without_parameters(algorithm)?;
    let (ecdsa, rsa) = match hash {
        Hash::Sha256 => (rfc5912::ECDSA_WITH_SHA_256, rfc5912::SHA_256_WITH_RSA_ENCRYPTION),
        Hash::Sha384 => (rfc5912::ECDSA_WITH_SHA_384, rfc5912::SHA_384_WITH_RSA_ENCRYPTION),
        Hash::Sha512 => (rfc5912::ECDSA_WITH_SHA_512, rfc5912::SHA_512_WITH_RSA_ENCRYPTION),
    };
    if identifier == ecdsa.as_bytes() {
        return Ok(Scheme::Ecdsa(hash));
    }
    if identifier == rsa.as_bytes() || identifier == rfc5912::RSA_ENCRYPTION.as_bytes() {
        return Ok(Scheme::RsaPkcs1(hash));
    }
    Err(Malformed("ECDSA or RSA with the digest of the signer"))
}

fn without_parameters(algorithm: Element<'_>) -> Result<&[u8], Malformed> {
    let mut parts = algorithm.elements()?;
    let identifier = parts.take(Tag::ObjectIdentifier, "an algorithm")?;
    let null = parts.optional(Tag::Null, "an algorithm without parameters")?;
    parts.end("an algorithm without parameters")?;
    match null.is_none_or(|null| null.value.is_empty()) {
        true => Ok(identifier.value),
        false => Err(Malformed("an algorithm without parameters")),
    }
}
