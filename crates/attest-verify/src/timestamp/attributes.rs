use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911;
use der::Tag;

use super::token::{TIMESTAMP_INFO, hash};
use crate::asn1::{Element, Malformed, only};
use crate::certificate::Certificate;
use crate::crypto::{Hash, sha1};

/// Names the certificate of the signer by SHA-1. Source: RFC 2634, section 5.4.
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");

/// Names it by a hash function of choice. Source: RFC 5035, section 3.
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// The most attributes of a signer. Authorities write four to six.
const MAX_ATTRIBUTES: usize = 32;

/// That the attributes have one spelling, are about a timestamp with this digest, and name no other signer.
///
/// Sources: RFC 5652, section 11; RFC 5816, section 2.2.1.
pub(super) fn check(attributes: Element<'_>, digest: &[u8], leaf: &Certificate) -> Result<(), Malformed> {
    let mut list = attributes.elements()?;
    let mut previous: &[u8] = &[];
    let mut seen: Vec<&[u8]> = Vec::new();
    while !list.is_empty() {
        let attribute = list.take(Tag::Sequence, "a signed attribute")?;
        let (identifier, value) = single(attribute)?;
        if previous >= attribute.whole || seen.contains(&identifier) || seen.len() == MAX_ATTRIBUTES {
            return Err(Malformed("signed attributes in order, each once"));
        }
        previous = attribute.whole;
        seen.push(identifier);
        check_one(identifier, value, digest, leaf)?;
    }
    let has = |known: ObjectIdentifier| seen.contains(&known.as_bytes());
    match has(rfc5911::ID_CONTENT_TYPE) && has(rfc5911::ID_MESSAGE_DIGEST) {
        true => Ok(()),
        false => Err(Malformed("a signed content type and a signed digest")),
    }
}

/// The identifier and the one value of an attribute.
fn single(attribute: Element<'_>) -> Result<(&[u8], Element<'_>), Malformed> {
    let mut parts = attribute.elements()?;
    let identifier = parts.take(Tag::ObjectIdentifier, "a signed attribute")?.value;
    let mut values = parts.take(Tag::Set, "the value of a signed attribute")?.elements()?;
    parts.end("nothing after the value of a signed attribute")?;
    let value = values.any("the value of a signed attribute")?;
    values.end("one value of a signed attribute")?;
    Ok((identifier, value))
}

fn check_one(identifier: &[u8], value: Element<'_>, digest: &[u8], leaf: &Certificate) -> Result<(), Malformed> {
    let is = |known: ObjectIdentifier| identifier == known.as_bytes();
    let (holds, expected) = if is(rfc5911::ID_CONTENT_TYPE) {
        let is_timestamp = value.tag == Tag::ObjectIdentifier && value.value == TIMESTAMP_INFO.as_bytes();
        (is_timestamp, "the signed content type of a timestamp")
    } else if is(rfc5911::ID_MESSAGE_DIGEST) {
        let is_same = value.tag == Tag::OctetString && value.value == digest;
        (is_same, "the signed digest of the timestamp")
    } else if is(SIGNING_CERTIFICATE) {
        (
            named_hash(value)? == sha1(&leaf.der),
            "the signed certificate of the authority",
        )
    } else if is(SIGNING_CERTIFICATE_V2) {
        let (function, found) = named_hash_v2(value)?;
        (
            found == function.of(&leaf.der).as_ref(),
            "the signed certificate of the authority",
        )
    } else {
        (true, "")
    };
    match holds {
        true => Ok(()),
        false => Err(Malformed(expected)),
    }
}

/// The hash of the first certificate that is named, which is that of the signer.
fn named_hash(value: Element<'_>) -> Result<&[u8], Malformed> {
    let mut id = first_id(value)?.elements()?;
    id.take(Tag::OctetString, "the hash of a certificate")
        .map(|hash| hash.value)
}

fn named_hash_v2(value: Element<'_>) -> Result<(Hash, &[u8]), Malformed> {
    let mut id = first_id(value)?.elements()?;
    let function = id.optional(Tag::Sequence, "a hash function")?;
    let function = function.map_or(Ok(Hash::Sha256), hash)?;
    let found = id.take(Tag::OctetString, "the hash of a certificate")?;
    Ok((function, found.value))
}

fn first_id(value: Element<'_>) -> Result<Element<'_>, Malformed> {
    let mut parts = only(value.whole, Tag::Sequence, "signing certificates")?.elements()?;
    let mut ids = parts.take(Tag::Sequence, "signing certificates")?.elements()?;
    ids.take(Tag::Sequence, "a signing certificate")
}
