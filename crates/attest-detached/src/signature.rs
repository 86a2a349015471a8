use crate::minisign::MinisignSignature;
use crate::openpgp::OpenPgpSignatures;
use crate::ssh::SshSignature;
use crate::{DetachedError, Format};

/// The most bytes of a signature. A list that twenty people have signed with OpenPGP has 20 KiB.
pub const SIGNATURE_LIMIT: usize = 1024 * 1024;

/// A detached signature: read, and not verified.
#[derive(Clone)]
pub struct DetachedSignature(pub(crate) Inner);

#[derive(Clone)]
pub(crate) enum Inner {
    Minisign(MinisignSignature),
    OpenPgp(OpenPgpSignatures),
    Ssh(SshSignature),
}

impl DetachedSignature {
    /// What kind of signature the bytes look like. Their names decide nothing, and nothing is checked yet.
    #[must_use]
    pub fn recognise(bytes: &[u8]) -> Option<Format> {
        Format::of_signature(bytes)
    }

    /// Reads a signature of any world, by what it holds.
    ///
    /// # Errors
    /// [`DetachedError::NoSignature`], [`DetachedError::TooLarge`], [`DetachedError::Malformed`] and, for kinds that are
    /// refused whatever they sign, [`DetachedError::Unsupported`] or [`DetachedError::Weak`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DetachedError> {
        if bytes.len() > SIGNATURE_LIMIT {
            return Err(DetachedError::TooLarge {
                what: "a signature",
                limit: SIGNATURE_LIMIT as u64,
            });
        }
        match Self::recognise(bytes).ok_or(DetachedError::NoSignature)? {
            Format::Minisign | Format::Signify => MinisignSignature::parse(bytes).map(Inner::Minisign),
            Format::OpenPgp => OpenPgpSignatures::parse(bytes).map(Inner::OpenPgp),
            Format::Ssh => SshSignature::parse(bytes).map(Inner::Ssh),
        }
        .map(Self)
    }

    /// The world that it is of.
    #[must_use]
    pub fn format(&self) -> Format {
        match &self.0 {
            Inner::Minisign(signature) => signature.format(),
            Inner::OpenPgp(_) => Format::OpenPgp,
            Inner::Ssh(_) => Format::Ssh,
        }
    }

    /// Whom the signature names as its maker. **Nothing proves it**: it helps to find the key.
    #[must_use]
    pub fn peek_unverified_signer(&self) -> String {
        match &self.0 {
            Inner::Minisign(signature) => signature.key_id().shown(),
            Inner::OpenPgp(signatures) => signatures.issuers_shown(),
            Inner::Ssh(signature) => signature.fingerprint(),
        }
    }
}
