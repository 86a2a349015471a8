use crate::minisign::MinisignKey;
use crate::openpgp::Certificates;
use crate::ssh::SshKeys;
use crate::{DetachedError, Format};

/// The most bytes of a file of keys. The keyring of a large distribution has about five million.
pub const KEYS_LIMIT: usize = 16 * 1024 * 1024;

/// The public keys that may have signed, all of one world.
#[derive(Debug, Clone)]
pub struct SignerKeys(pub(crate) Inner);

#[derive(Debug, Clone)]
pub(crate) enum Inner {
    Minisign(Vec<MinisignKey>),
    OpenPgp(Certificates),
    Ssh(SshKeys),
}

impl SignerKeys {
    /// What kind of keys the bytes look like. Nothing is checked yet. Keys of Sigstore (PEM) are none.
    #[must_use]
    pub fn recognise(bytes: &[u8]) -> Option<Format> {
        if MinisignKey::recognise(bytes) {
            Some(Format::Minisign)
        } else if Certificates::recognise(bytes) {
            Some(Format::OpenPgp)
        } else if SshKeys::recognise(bytes) {
            Some(Format::Ssh)
        } else {
            None
        }
    }

    /// Reads public keys of any world, by what they hold: a key of minisign or signify; OpenPGP certificates, armoured or
    /// not; OpenSSH public keys, or a list of allowed signers (ssh-keygen(1), "ALLOWED SIGNERS").
    ///
    /// # Errors
    /// [`DetachedError::NoKeys`], [`DetachedError::PrivateKey`], [`DetachedError::TooLarge`], [`DetachedError::Malformed`],
    /// [`DetachedError::MalformedLine`] and [`DetachedError::Unsupported`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DetachedError> {
        if bytes.len() > KEYS_LIMIT {
            return Err(DetachedError::TooLarge {
                what: "public keys",
                limit: KEYS_LIMIT as u64,
            });
        }
        match Self::recognise(bytes).ok_or(DetachedError::NoKeys)? {
            Format::Minisign | Format::Signify => MinisignKey::parse(bytes).map(|key| Inner::Minisign(vec![key])),
            Format::OpenPgp => Certificates::parse(bytes).map(Inner::OpenPgp),
            Format::Ssh => SshKeys::parse(bytes).map(Inner::Ssh),
        }
        .map(Self)
    }

    /// The world that they are of.
    #[must_use]
    pub fn format(&self) -> Format {
        match &self.0 {
            Inner::Minisign(keys) => keys.first().map_or(Format::Minisign, MinisignKey::format),
            Inner::OpenPgp(_) => Format::OpenPgp,
            Inner::Ssh(_) => Format::Ssh,
        }
    }

    /// Whether they say whose they are, so that the name of the signer has to be said.
    #[must_use]
    pub fn need_principal(&self) -> bool {
        matches!(&self.0, Inner::Ssh(keys) if keys.are_allowed_signers())
    }

    /// What identifies each key in its world, in the order of the file.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<String> {
        match &self.0 {
            Inner::Minisign(keys) => keys.iter().map(|key| key.base64().to_owned()).collect(),
            Inner::OpenPgp(certificates) => certificates.fingerprints(),
            Inner::Ssh(keys) => keys.fingerprints(),
        }
    }
}
