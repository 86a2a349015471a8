//! X.509 certificates: read strictly, and followed to an authority of the trust root.

mod extension;
mod names;
mod path;
mod signature;
mod transparency;

use std::collections::BTreeMap;
use std::sync::Arc;

use der::Tag;
use jiff::Timestamp;

use crate::asn1::{Element, Elements, Malformed, context, only, small, unsigned, whole_bits};
use crate::crypto::{Scheme, VerificationKey};

pub(crate) use extension::{Extensions, KeyPurpose};
pub(crate) use names::Names;
pub use path::CertificateTrusted;
pub(crate) use path::{Authority, Issued, Path};
pub(crate) use transparency::CertificateLog;
pub use transparency::CertificatePublished;

/// The longest serial number, in bytes (RFC 5280, section 4.1.2.2: 20).
const MAX_SERIAL_BYTES: usize = 20;

/// A certificate. What it says is a claim until a path leads from it to an authority.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(crate) der: Box<[u8]>,
    to_be_signed: Box<[u8]>,
    scheme: Scheme,
    signature: Box<[u8]>,
    pub(crate) serial: Box<[u8]>,
    pub(crate) issuer: Box<[u8]>,
    pub(crate) subject: Box<[u8]>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) public_key: Box<[u8]>,
    pub(crate) key: VerificationKey,
    pub(crate) extensions: Extensions,
}

impl Certificate {
    /// Reads a certificate of version 3. Source: RFC 5280, section 4.1.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Malformed> {
        let mut parts = only(der, Tag::Sequence, "a certificate")?.elements()?;
        let to_be_signed = parts.take(Tag::Sequence, "a certificate to be signed")?;
        let algorithm = parts.take(Tag::Sequence, "a signature algorithm")?;
        let signature = parts.take(Tag::BitString, "a signature")?;
        parts.end("nothing after the signature of a certificate")?;
        let body = Body::read(to_be_signed)?;
        if body.algorithm.whole != algorithm.whole {
            return Err(Malformed("one signature algorithm inside and outside of a certificate"));
        }
        Ok(Self {
            der: der.into(),
            to_be_signed: to_be_signed.whole.into(),
            scheme: signature::scheme(algorithm)?,
            signature: whole_bits(signature, "whole bytes of a signature")?.into(),
            serial: body.serial.into(),
            issuer: body.issuer.whole.into(),
            subject: body.subject.whole.into(),
            not_before: body.not_before,
            not_after: body.not_after,
            public_key: body.public_key.whole.into(),
            key: VerificationKey::from_spki(body.public_key.whole)?,
            extensions: body.extensions,
        })
    }

    /// The subject alternative names.
    pub(crate) fn names(&self) -> &Names {
        &self.extensions.names
    }

    /// The OIDC issuer that a certificate of Fulcio names.
    pub(crate) fn oidc_issuer(&self) -> Option<&str> {
        self.extensions.oidc_issuer.as_deref()
    }

    pub(crate) fn claims(&self) -> &Arc<BTreeMap<&'static str, String>> {
        &self.extensions.claims
    }

    /// Whether `issuer` is named as the issuer, and its key signed.
    pub(crate) fn is_issued_by(&self, issuer: &Self) -> bool {
        self.issuer == issuer.subject && issuer.key.verifies(self.scheme, &self.to_be_signed, &self.signature)
    }
}

/// The part of a certificate that is signed, as it stands there.
struct Body<'a> {
    serial: &'a [u8],
    algorithm: Element<'a>,
    issuer: Element<'a>,
    subject: Element<'a>,
    not_before: Timestamp,
    not_after: Timestamp,
    public_key: Element<'a>,
    extensions: Extensions,
}

impl<'a> Body<'a> {
    fn read(to_be_signed: Element<'a>) -> Result<Self, Malformed> {
        let mut parts = to_be_signed.elements()?;
        let version = parts.take(context(0, true), "a certificate of version 3")?;
        let version = only(version.value, Tag::Integer, "a certificate of version 3")?;
        if small(version, "a certificate of version 3")? != 2 {
            return Err(Malformed("a certificate of version 3"));
        }
        let serial = parts.take(Tag::Integer, "a serial number")?;
        if unsigned(serial, "a serial number that is not negative")?.len() > MAX_SERIAL_BYTES {
            return Err(Malformed("a serial number of at most 20 bytes"));
        }
        let algorithm = parts.take(Tag::Sequence, "a signature algorithm")?;
        let issuer = parts.take(Tag::Sequence, "the name of an issuer")?;
        let (not_before, not_after) = validity(parts.take(Tag::Sequence, "a validity")?)?;
        let subject = parts.take(Tag::Sequence, "the name of a subject")?;
        let public_key = parts.take(Tag::Sequence, "a public key")?;
        let extensions = parts.take(context(3, true), "extensions, and no unique identifiers")?;
        parts.end("nothing after the extensions")?;
        Ok(Self {
            serial: serial.value,
            algorithm,
            issuer,
            subject,
            not_before,
            not_after,
            public_key,
            extensions: Extensions::read(extensions)?,
        })
    }
}

fn validity(element: Element<'_>) -> Result<(Timestamp, Timestamp), Malformed> {
    let mut parts: Elements<'_> = element.elements()?;
    let not_before = crate::asn1::time(parts.any("a beginning of validity")?, "a beginning of validity")?;
    let not_after = crate::asn1::time(parts.any("an end of validity")?, "an end of validity")?;
    parts.end("nothing after a validity")?;
    Ok((not_before, not_after))
}
