use attest_digest::Measured;
use jiff::Timestamp;

use crate::Format;

/// A message whose detached signature passed every check. Only verifying makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedDetached(Proof);

/// What was found out on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) format: Format,
    pub(crate) algorithm: String,
    pub(crate) key: String,
    pub(crate) signing_key: Option<String>,
    pub(crate) principal: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) trusted_comment: Option<String>,
    pub(crate) user_ids: Vec<String>,
    pub(crate) claimed_time: Option<Timestamp>,
    pub(crate) passed_over: usize,
    pub(crate) measured: Measured,
}

impl Proof {
    pub(crate) fn new(format: Format, algorithm: impl Into<String>, key: String, measured: Measured) -> Self {
        Self {
            format,
            algorithm: algorithm.into(),
            key,
            signing_key: None,
            principal: None,
            namespace: None,
            trusted_comment: None,
            user_ids: Vec::new(),
            claimed_time: None,
            passed_over: 0,
            measured,
        }
    }
}

impl From<Proof> for VerifiedDetached {
    fn from(proof: Proof) -> Self {
        Self(proof)
    }
}

impl VerifiedDetached {
    /// The world of the signature.
    #[must_use]
    pub fn format(&self) -> Format {
        self.0.format
    }

    /// The algorithm of the signature, for people: `Ed25519 over BLAKE2b-512`.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        &self.0.algorithm
    }

    /// The key, by what identifies it in its world: the whole public key in base64 (minisign, signify), the fingerprint
    /// of the certificate in hexadecimal (OpenPGP), `SHA256:…` (SSH).
    #[must_use]
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// OpenPGP: the fingerprint of the subkey that signed, when it was one.
    #[must_use]
    pub fn signing_key(&self) -> Option<&str> {
        self.0.signing_key.as_deref()
    }

    /// SSH: the signer that was asked for. The list of allowed signers says that the key is theirs.
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        self.0.principal.as_deref()
    }

    /// SSH: what the signature is for.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.0.namespace.as_deref()
    }

    /// minisign: the comment that is signed with the message.
    #[must_use]
    pub fn trusted_comment(&self) -> Option<&str> {
        self.0.trusted_comment.as_deref()
    }

    /// OpenPGP: what the owner of the key calls themselves, signed by that key alone. Nobody else has vouched for it.
    #[must_use]
    pub fn self_claimed_user_ids(&self) -> &[String] {
        &self.0.user_ids
    }

    /// OpenPGP: when the signer says that the signature was made. Nobody else has vouched for it.
    #[must_use]
    pub fn claimed_time(&self) -> Option<Timestamp> {
        self.0.claimed_time
    }

    /// OpenPGP: how many more signatures lie beside this one. Nothing is said about them.
    #[must_use]
    pub fn passed_over(&self) -> usize {
        self.0.passed_over
    }

    /// The message, as it was read: its size and its SHA-256.
    #[must_use]
    pub fn measured(&self) -> &Measured {
        &self.0.measured
    }

    /// What signatures of this world cannot say, or what was not looked at, each as a phrase.
    #[must_use]
    pub fn not_checked(&self) -> &'static [&'static str] {
        match self.0.format {
            Format::OpenPgp => &[
                "no transparency log",
                "no time but the signer's own word",
                "the user id is vouched for by its own key alone",
                "no revocation but what the given certificate holds",
            ],
            Format::Minisign | Format::Signify | Format::Ssh => {
                &["no transparency log", "no time", "no revocation: the given key counts"]
            }
        }
    }
}
