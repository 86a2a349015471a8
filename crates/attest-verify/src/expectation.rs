use std::sync::Arc;

use jiff::Timestamp;

use crate::crypto::VerificationKey;
use crate::{ClaimName, Expected, pem};

/// Who a certificate has to be for: the subject alternative name, matched in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateIdentity(pub(crate) Expected);

/// Who has to have vouched for the identity: the URL of the OIDC issuer, matched in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcIssuer(pub(crate) Expected);

/// A public key that is known beforehand: ECDSA on P-256, P-384 or P-521, Ed25519, or RSA of 2048 to 4096 bits.
#[derive(Debug, Clone)]
pub struct PublicKey {
    der: Vec<u8>,
    pub(crate) key: Arc<VerificationKey>,
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for PublicKey {}

/// Who has to have signed, and what else a certificate has to say. There is no default, and no way to expect anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    pub(crate) who: Who,
    pub(crate) claims: Vec<(ClaimName, Expected)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    Certificate {
        identity: CertificateIdentity,
        /// None: a certificate that no OIDC issuer stands behind, and that names none.
        issuer: Option<OidcIssuer>,
    },
    Key(PublicKey),
}

/// The moment as of which is verified. A signature that is younger is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerificationTime(Timestamp);

/// Why something is nothing to be expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidExpectation {
    /// An identity or issuer that says nothing.
    #[error("expected {what}, found nothing")]
    Empty {
        /// What is empty.
        what: &'static str,
    },
    /// White space around a value would never match.
    #[error("expected {what} without white space around it, found `{found}`")]
    Padded {
        /// What is padded.
        what: &'static str,
        /// What was found.
        found: String,
    },
    /// Not a regular expression.
    #[error("expected a regular expression, found `{pattern}`: {detail}")]
    NotAPattern {
        /// What was found.
        pattern: String,
        /// What the parser said.
        detail: String,
    },
    /// A regular expression beyond all reason.
    #[error("expected a regular expression of at most {limit} bytes, found {found}")]
    PatternTooLong {
        /// The bound, in bytes.
        limit: usize,
        /// What was found, in bytes.
        found: usize,
    },
    /// A regular expression that says nothing.
    #[error("expected {what} that not everything matches, found `{pattern}`")]
    MatchesAnything {
        /// What should be expected.
        what: &'static str,
        /// The pattern.
        pattern: String,
    },
    /// No certificate says such a thing.
    #[error("expected the name of a claim of a certificate, found `{found}`")]
    UnknownClaim {
        /// What was found.
        found: String,
    },
    /// Not a public key.
    #[error("expected a public key in PEM (`-----BEGIN PUBLIC KEY-----`): {detail}")]
    NotAKey {
        /// What the parser said.
        detail: String,
    },
}

const IDENTITY: &str = "a certificate identity";
const ISSUER: &str = "an OIDC issuer";

/// What a `SubjectPublicKeyInfo` is called in PEM. Source: RFC 7468, section 13.
const PUBLIC_KEY: &str = "PUBLIC KEY";

impl CertificateIdentity {
    /// Takes an identity: an e-mail address or a URI, for example of a workflow.
    ///
    /// # Errors
    /// When it is empty or has white space around it.
    pub fn parse(text: &str) -> Result<Self, InvalidExpectation> {
        Expected::exact_of(IDENTITY, text).map(Self)
    }

    /// Takes a regular expression that has to match the whole identity; see [`Expected`].
    ///
    /// # Errors
    /// When it is none, too long, or matches anything.
    pub fn pattern(pattern: &str) -> Result<Self, InvalidExpectation> {
        Expected::pattern_of(IDENTITY, pattern).map(Self)
    }

    /// The identity or the pattern, as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What is expected.
    #[must_use]
    pub fn expected(&self) -> &Expected {
        &self.0
    }
}

impl OidcIssuer {
    /// Takes the URL of an issuer.
    ///
    /// # Errors
    /// When it is empty or has white space around it.
    pub fn parse(text: &str) -> Result<Self, InvalidExpectation> {
        Expected::exact_of(ISSUER, text).map(Self)
    }

    /// Takes a regular expression that has to match the whole URL; see [`Expected`].
    ///
    /// # Errors
    /// When it is none, too long, or matches anything.
    pub fn pattern(pattern: &str) -> Result<Self, InvalidExpectation> {
        Expected::pattern_of(ISSUER, pattern).map(Self)
    }

    /// The URL or the pattern, as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What is expected.
    #[must_use]
    pub fn expected(&self) -> &Expected {
        &self.0
    }
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` in PEM.
    ///
    /// # Errors
    /// When it is something else, or of an algorithm that is not supported.
    pub fn from_pem(pem: &str) -> Result<Self, InvalidExpectation> {
        let not_a_key = |detail: String| InvalidExpectation::NotAKey { detail };
        let der = match pem::only_block(pem) {
            Some((PUBLIC_KEY, der)) => der,
            Some((label, _)) => return Err(not_a_key(format!("expected one block, found `{label}`"))),
            None => return Err(not_a_key("expected one block and nothing else".to_owned())),
        };
        Self::from_der(&der)
    }

    /// Reads a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// When it is something else, or of an algorithm that is not supported.
    pub fn from_der(der: &[u8]) -> Result<Self, InvalidExpectation> {
        let key = VerificationKey::from_spki(der).map_err(|error| InvalidExpectation::NotAKey {
            detail: error.to_string(),
        })?;
        Ok(Self {
            der: der.to_vec(),
            key: Arc::new(key),
        })
    }

    /// The key, DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }
}

impl Expectation {
    /// A certificate for this identity, vouched for by this issuer.
    #[must_use]
    pub fn certificate(identity: CertificateIdentity, issuer: OidcIssuer) -> Self {
        Self::of(Who::Certificate {
            identity,
            issuer: Some(issuer),
        })
    }

    /// A certificate for this identity by an authority that knows its people without OIDC, such as one's own.
    ///
    /// The certificate must name no OIDC issuer: one of Fulcio never meets this expectation, whatever its identity. Who is
    /// behind the identity is then for the authorities of the trust root to know, all of them.
    #[must_use]
    pub fn certificate_of_own_authority(identity: CertificateIdentity) -> Self {
        Self::of(Who::Certificate { identity, issuer: None })
    }

    /// A key that is known beforehand; whose it is, is for whoever knows it to say.
    #[must_use]
    pub fn key(key: PublicKey) -> Self {
        Self::of(Who::Key(key))
    }

    /// The same, and the certificate has to say this as well. A certificate that does not speak of it is rejected, and so is
    /// a key: a key claims nothing.
    #[must_use]
    pub fn requiring_claim(mut self, claim: ClaimName, expected: Expected) -> Self {
        self.claims.push((claim, expected));
        self
    }

    fn of(who: Who) -> Self {
        Self {
            who,
            claims: Vec::new(),
        }
    }
}

impl VerificationTime {
    /// As of this moment.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        Self(moment)
    }

    /// The moment.
    #[must_use]
    pub fn moment(self) -> Timestamp {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_padded_identity_cannot_be_expected() {
        let empty = CertificateIdentity::parse("").unwrap_err();
        assert_eq!(
            empty,
            InvalidExpectation::Empty {
                what: "a certificate identity"
            }
        );
        let padded = OidcIssuer::parse("https://example.com\n").unwrap_err();
        assert!(matches!(padded, InvalidExpectation::Padded { .. }));
    }

    #[test]
    fn text_that_is_no_key_cannot_be_expected() {
        assert!(matches!(
            PublicKey::from_pem("hello").unwrap_err(),
            InvalidExpectation::NotAKey { .. }
        ));
    }
}
