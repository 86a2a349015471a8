use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5280, rfc6962};
use der::Tag;

use super::names::{self, Names};
use crate::asn1::{Element, Elements, Malformed, default_false, only, small};
use crate::claim::ClaimName;

/// The most extensions of a certificate. One of Fulcio has about 30.
const MAX_EXTENSIONS: usize = 128;

/// `1.3.6.1.4.1.57264.1`, the arc of Fulcio. Source: Fulcio, `docs/oid-info.md`.
const FULCIO: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01];

/// The issuer, as it used to be written: bare text.
const ISSUER: u32 = 1;

/// The issuer, as DER.
const ISSUER_DER: u32 = 8;

/// The bits of a key usage. Source: RFC 5280, section 4.2.1.3.
const DIGITAL_SIGNATURE: u8 = 0x80;
const KEY_CERTIFICATE_SIGN: u8 = 0x04;

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyPurpose {
    CodeSigning,
    TimeStamping,
}

/// What the extensions of a certificate say. Source: RFC 5280, section 4.2.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    pub(crate) names: Names,
    pub(crate) oidc_issuer: Option<String>,
    /// Shared with every verdict that is made of them.
    pub(crate) claims: Arc<BTreeMap<&'static str, String>>,
    pub(crate) subject_key_id: Option<Vec<u8>>,
    /// The list of signed certificate timestamps, as it stands in the extension.
    pub(crate) published: Option<Vec<u8>>,
    /// Whether it is an authority, and then how many others may follow below.
    authority: Option<Option<u8>>,
    key_usage: Option<u8>,
    purposes: Option<Purposes>,
    /// What is critical, and means nothing to us.
    not_understood: bool,
    has_name_constraints: bool,
}

#[derive(Debug)]
struct Purposes {
    purposes: Vec<Vec<u8>>,
    is_critical: bool,
}

impl Extensions {
    pub(super) fn read(wrapped: Element<'_>) -> Result<Self, Malformed> {
        let mut list = only(wrapped.value, Tag::Sequence, "a list of extensions")?.elements()?;
        let mut extensions = Self::default();
        let mut seen = BTreeSet::new();
        let mut old_issuer = None;
        while !list.is_empty() {
            let mut parts = list.take(Tag::Sequence, "an extension")?.elements()?;
            let identifier = parts
                .take(Tag::ObjectIdentifier, "the identifier of an extension")?
                .value;
            let is_critical = default_false(&mut parts, "whether an extension is critical")?;
            let value = parts.take(Tag::OctetString, "the value of an extension")?.value;
            parts.end("nothing after the value of an extension")?;
            if !seen.insert(identifier) {
                return Err(Malformed("every extension once"));
            }
            if seen.len() > MAX_EXTENSIONS {
                return Err(Malformed("at most 128 extensions"));
            }
            match fulcio_number(identifier) {
                Some(ISSUER) => old_issuer = Some(bare_text(value)?),
                Some(ISSUER_DER) => extensions.oidc_issuer = Some(der_text(value)?),
                Some(number) => extensions.read_claim(number, value)?,
                None => extensions.read_known(identifier, value, is_critical)?,
            }
        }
        extensions.oidc_issuer = extensions.oidc_issuer.or(old_issuer);
        Ok(extensions)
    }

    /// That it may sign artifacts or timestamps, and nobody's certificate.
    pub(crate) fn check_leaf(&self, purpose: KeyPurpose) -> Result<(), Malformed> {
        self.check_understood()?;
        if self.authority.is_some() {
            return Err(Malformed("a certificate that is no authority"));
        }
        // RFC 3161, section 2.3: for timestamps alone, and critical. A key usage may be left out there.
        let usage_may_be_absent = purpose == KeyPurpose::TimeStamping;
        let may_sign = self
            .key_usage
            .map_or(usage_may_be_absent, |usage| usage & DIGITAL_SIGNATURE != 0);
        if !may_sign {
            return Err(Malformed("a certificate whose key is for signatures"));
        }
        let purposes = self
            .purposes
            .as_ref()
            .ok_or(Malformed("a certificate with a purpose"))?;
        let holds = match purpose {
            KeyPurpose::CodeSigning => purposes.hold(purpose),
            KeyPurpose::TimeStamping => purposes.is_critical && purposes.purposes.len() == 1 && purposes.hold(purpose),
        };
        match (holds, purpose) {
            (true, _) => Ok(()),
            (false, KeyPurpose::CodeSigning) => Err(Malformed("a certificate for code signing")),
            (false, KeyPurpose::TimeStamping) => Err(Malformed("a certificate for timestamps alone")),
        }
    }

    /// That it may sign certificates with `below` authorities under it, for this purpose.
    pub(crate) fn check_authority(&self, purpose: KeyPurpose, below: usize) -> Result<(), Malformed> {
        self.check_understood()?;
        let Some(limit) = self.authority else {
            return Err(Malformed("an issuer that is an authority"));
        };
        if limit.is_some_and(|limit| below > usize::from(limit)) {
            return Err(Malformed("a path that is as short as its authority demands"));
        }
        if self.key_usage.is_some_and(|usage| usage & KEY_CERTIFICATE_SIGN == 0) {
            return Err(Malformed("an issuer whose key is for certificates"));
        }
        if self.purposes.as_ref().is_some_and(|purposes| !purposes.hold(purpose)) {
            return Err(Malformed("an issuer for the same purpose"));
        }
        Ok(())
    }

    fn check_understood(&self) -> Result<(), Malformed> {
        match (self.not_understood, self.has_name_constraints) {
            (true, _) => Err(Malformed("only critical extensions that are known here")),
            (_, true) => Err(Malformed("no name constraints: they are not understood here")),
            _ => Ok(()),
        }
    }

    fn read_known(&mut self, identifier: &[u8], value: &[u8], is_critical: bool) -> Result<(), Malformed> {
        let is = |known: ObjectIdentifier| identifier == known.as_bytes();
        if is(rfc5280::ID_CE_BASIC_CONSTRAINTS) {
            self.authority = basic_constraints(value)?;
        } else if is(rfc5280::ID_CE_KEY_USAGE) {
            self.key_usage = Some(key_usage(value)?);
        } else if is(rfc5280::ID_CE_EXT_KEY_USAGE) {
            let purposes = purposes(value)?;
            self.purposes = Some(Purposes { purposes, is_critical });
        } else if is(rfc5280::ID_CE_SUBJECT_ALT_NAME) {
            self.names = names::read(value)?;
        } else if is(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER) {
            let id = only(value, Tag::OctetString, "a subject key identifier")?;
            self.subject_key_id = Some(id.value.to_vec());
        } else if is(rfc5280::ID_CE_NAME_CONSTRAINTS) {
            self.has_name_constraints = true;
        } else if is(rfc6962::CT_PRECERT_SCTS) {
            self.published = Some(
                only(value, Tag::OctetString, "a list of certificate timestamps")?
                    .value
                    .to_vec(),
            );
        } else {
            self.not_understood |= is_critical;
        }
        Ok(())
    }

    fn read_claim(&mut self, number: u32, value: &[u8]) -> Result<(), Malformed> {
        let Some((claim, is_der)) = ClaimName::of_number(number) else {
            return Ok(());
        };
        let text = if is_der { der_text(value)? } else { bare_text(value)? };
        Arc::make_mut(&mut self.claims).insert(claim.as_str(), text);
        Ok(())
    }
}

impl Purposes {
    fn hold(&self, purpose: KeyPurpose) -> bool {
        let identifier = match purpose {
            KeyPurpose::CodeSigning => rfc5280::ID_KP_CODE_SIGNING,
            KeyPurpose::TimeStamping => rfc5280::ID_KP_TIME_STAMPING,
        };
        self.purposes.iter().any(|found| found == identifier.as_bytes())
    }
}

fn fulcio_number(identifier: &[u8]) -> Option<u32> {
    match identifier.strip_prefix(FULCIO)? {
        [number] if *number < 0x80 => Some(u32::from(*number)),
        _ => None,
    }
}

fn der_text(value: &[u8]) -> Result<String, Malformed> {
    let text = only(value, Tag::Utf8String, "a claim of a certificate as a UTF-8 string")?;
    utf8(text.value)
}

/// The old claims are text without a tag; some authorities wrote them as the new ones.
fn bare_text(value: &[u8]) -> Result<String, Malformed> {
    der_text(value).or_else(|_| utf8(value))
}

pub(super) fn utf8(value: &[u8]) -> Result<String, Malformed> {
    String::from_utf8(value.to_vec()).map_err(|_| Malformed("a claim of a certificate in UTF-8"))
}

fn basic_constraints(value: &[u8]) -> Result<Option<Option<u8>>, Malformed> {
    let mut parts: Elements<'_> = only(value, Tag::Sequence, "basic constraints")?.elements()?;
    let is_authority = default_false(&mut parts, "whether it is an authority")?;
    let limit = parts.optional(Tag::Integer, "the length of a path")?;
    let limit = limit
        .map(|limit| small(limit, "a length of a path below 128"))
        .transpose()?;
    parts.end("nothing after basic constraints")?;
    match (is_authority, limit) {
        (true, limit) => Ok(Some(limit)),
        (false, None) => Ok(None),
        (false, Some(_)) => Err(Malformed("a length of a path only of an authority")),
    }
}

/// The first eight bits; the ninth, `decipherOnly`, is of no use here.
fn key_usage(value: &[u8]) -> Result<u8, Malformed> {
    let bits = only(value, Tag::BitString, "a key usage")?;
    match bits.value {
        [unused @ 0..8, bits] if bits.trailing_zeros() >= u32::from(*unused) => Ok(*bits),
        [7, bits, 0x80] => Ok(*bits),
        _ => Err(Malformed("a key usage")),
    }
}

fn purposes(value: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut list = only(value, Tag::Sequence, "purposes of a key")?.elements()?;
    let mut purposes = Vec::new();
    while !list.is_empty() {
        purposes.push(list.take(Tag::ObjectIdentifier, "a purpose of a key")?.value.to_vec());
    }
    Ok(purposes)
}
