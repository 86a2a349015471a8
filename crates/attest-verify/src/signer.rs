use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::certificate::Certificate;
use crate::proof::{CertificatePublished, CertificateTrusted, IdentityMatched};

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signer {
    /// Somebody whom a certificate authority knew for a few minutes.
    Certificate(CertifiedSigner),
    /// Whoever has a key that was known beforehand.
    Key(KeySigner),
}

/// Somebody whom a certificate authority of the trust root knew for a few minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertifiedSigner {
    pub(crate) identity: String,
    pub(crate) issuer: Option<String>,
    pub(crate) claims: Arc<BTreeMap<&'static str, String>>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) trusted: CertificateTrusted,
    pub(crate) published: Option<CertificatePublished>,
    pub(crate) matched: IdentityMatched,
}

/// Whoever has a key that was known beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySigner {
    pub(crate) public_key_der: Vec<u8>,
}

/// Who a certificate says that it is for. Nobody has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnverifiedSigner {
    /// The subject alternative name.
    pub identity: Option<String>,
    /// The OIDC issuer.
    pub issuer: Option<String>,
    /// When the certificate begins to count.
    pub not_before: Timestamp,
    /// When it runs out.
    pub not_after: Timestamp,
    /// What else it says, by the names of [`CertifiedSigner::claims`].
    pub claims: BTreeMap<&'static str, String>,
}

impl CertifiedSigner {
    /// The subject alternative name: an e-mail address or a URI.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The OIDC issuer that vouched for the identity; empty for a certificate of one's own authority, which names none.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.issuer.as_deref().unwrap_or_default()
    }

    /// What the certificate says about the build, by the names of Fulcio's `oid-info.md` in kebab-case, such as
    /// `source-repository-uri`.
    #[must_use]
    pub fn claims(&self) -> &BTreeMap<&'static str, String> {
        &self.claims
    }

    /// When the certificate began to count, and when it ran out. Every verified time lies between them.
    #[must_use]
    pub fn validity(&self) -> (Timestamp, Timestamp) {
        (self.not_before, self.not_after)
    }

    /// That the certificate leads to the trust root.
    #[must_use]
    pub fn certificate_trusted(&self) -> &CertificateTrusted {
        &self.trusted
    }

    /// That a certificate transparency log has seen it; none when the trust root has no such log, or when it was said in so
    /// many words that it does not matter.
    #[must_use]
    pub fn certificate_published(&self) -> Option<&CertificatePublished> {
        self.published.as_ref()
    }

    /// That identity and issuer are the expected ones.
    #[must_use]
    pub fn identity_matched(&self) -> &IdentityMatched {
        &self.matched
    }
}

impl KeySigner {
    /// The key, as DER of a `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }
}

impl UnverifiedSigner {
    /// Reads what a certificate says, or nothing when it cannot be read.
    #[must_use]
    pub fn peek(certificate_der: &[u8]) -> Option<Self> {
        let certificate = Certificate::parse(certificate_der).ok()?;
        Some(Self {
            identity: certificate.names().texts.first().cloned(),
            issuer: certificate.oidc_issuer().map(str::to_owned),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            claims: BTreeMap::clone(certificate.claims()),
        })
    }
}
