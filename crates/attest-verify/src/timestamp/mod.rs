//! RFC 3161 timestamps: a token in, the authority of the trust root that signed it and its time out.

mod attributes;
mod info;
mod token;

use std::sync::OnceLock;

use jiff::Timestamp;

use crate::Rejection;
use crate::asn1::Malformed;
use crate::certificate::{Authority, Certificate, KeyPurpose, Path};
use crate::crypto::Memory;
use token::{SignerId, Token};

/// A timestamp authority of a trust root. Its first certificate signs tokens, the others lead to its root.
#[derive(Debug)]
pub(crate) struct TimestampAuthority {
    pub(crate) name: String,
    leaf: Certificate,
    issuers: Authority,
    /// From the leaf to the root. Found out when it is first needed.
    path: OnceLock<Result<Path, Malformed>>,
}

/// A token that an authority signed.
#[derive(Debug)]
pub(crate) struct Stamped<'a> {
    pub(crate) authority: &'a TimestampAuthority,
    pub(crate) time: Timestamp,
}

/// Checks a timestamp over `signature` against one authority after another. Nothing of one counts for another.
pub(crate) fn check<'a>(
    response: &[u8],
    signature: &[u8],
    authorities: &'a [TimestampAuthority],
    memory: &Memory<()>,
) -> Result<Stamped<'a>, Rejection> {
    let token = Token::read(response).map_err(|error| invalid(&error))?;
    for certificate in &token.certificates {
        check_certificate(certificate, authorities).map_err(|error| invalid(&error))?;
    }
    let mut outside = None;
    let mut reason = Malformed("a signer that is a timestamp authority of the trust root");
    for authority in authorities
        .iter()
        .filter(|authority| authority.is_signer(&token.signer))
    {
        match authority.check(&token, signature, memory) {
            Ok((time, true)) => return Ok(Stamped { authority, time }),
            Ok((time, false)) => outside = Some(time),
            Err(error) => reason = error,
        }
    }
    match outside {
        Some(time) => Err(Rejection::TimestampOutsideValidity { time }),
        None => Err(invalid(&reason)),
    }
}

/// An embedded certificate is no evidence. It may only repeat what the trust root says.
fn check_certificate(certificate: &[u8], authorities: &[TimestampAuthority]) -> Result<(), Malformed> {
    let known = authorities.iter().any(|authority| {
        let issuers = authority.issuers.chain.iter();
        issuers.chain([&authority.leaf]).any(|known| *known.der == *certificate)
    });
    match known {
        true => Ok(()),
        false => Err(Malformed(
            "only certificates of the timestamp authorities of the trust root",
        )),
    }
}

impl TimestampAuthority {
    /// The certificates of an authority, the one that signs tokens first.
    pub(crate) fn new(name: String, leaf: Certificate, issuers: Authority) -> Self {
        Self {
            name,
            leaf,
            issuers,
            path: OnceLock::new(),
        }
    }

    fn is_signer(&self, signer: &SignerId<'_>) -> bool {
        match signer {
            SignerId::IssuerAndSerial { issuer, serial } => {
                *self.leaf.issuer == **issuer && *self.leaf.serial == **serial
            }
            SignerId::SubjectKey(id) => self.leaf.extensions.subject_key_id.as_deref() == Some(id),
        }
    }

    /// When the authority signed, and whether it counted then.
    fn check(&self, token: &Token<'_>, signature: &[u8], memory: &Memory<()>) -> Result<(Timestamp, bool), Malformed> {
        token.check_attributes(&self.leaf)?;
        let info = info::read(token.info)?;
        if info.imprint_hash.of(signature).as_ref() != info.imprint {
            return Err(Malformed("a timestamp over this signature"));
        }
        let signed = token.signed_attributes();
        match self
            .leaf
            .key
            .verifies_once(memory, token.scheme, &signed, token.signature)
        {
            true => Ok((info.time, self.path()?.is_valid_at(info.time))),
            false => Err(Malformed("a timestamp that the authority has signed")),
        }
    }

    /// When the authority, and every certificate of it, counts.
    fn path(&self) -> Result<&Path, Malformed> {
        let find = || {
            let purpose = KeyPurpose::TimeStamping;
            self.leaf.extensions.check_leaf(purpose)?;
            match self.issuers.chain.is_empty() {
                true => Ok(Path::of_one(&self.leaf, self.issuers.window)),
                false => self.issuers.path(&self.leaf, &[], purpose),
            }
        };
        self.path.get_or_init(find).as_ref().map_err(|error| *error)
    }
}

fn invalid(reason: &Malformed) -> Rejection {
    Rejection::TimestampInvalid {
        detail: reason.to_string(),
    }
}
