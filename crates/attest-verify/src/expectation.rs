use jiff::Timestamp;
use sigstore_types::DerPublicKey;

/// Who a certificate has to be for: the subject alternative name, matched exactly and in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateIdentity(String);

/// Who has to have vouched for the identity: the URL of the OIDC issuer, matched exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcIssuer(String);

/// A public key that is known beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(DerPublicKey);

/// Who has to have signed. There is no default, and no way to expect anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation(pub(crate) Expected);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    Certificate {
        identity: CertificateIdentity,
        issuer: OidcIssuer,
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
    /// Not a public key.
    #[error("expected a public key in PEM (`-----BEGIN PUBLIC KEY-----`): {detail}")]
    NotAKey {
        /// What the parser said.
        detail: String,
    },
}

impl CertificateIdentity {
    /// Takes an identity: an e-mail address or a URI, for example of a workflow.
    ///
    /// # Errors
    /// When it is empty or has white space around it.
    pub fn parse(text: &str) -> Result<Self, InvalidExpectation> {
        meaningful("a certificate identity", text).map(Self)
    }

    /// The identity.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl OidcIssuer {
    /// Takes the URL of an issuer.
    ///
    /// # Errors
    /// When it is empty or has white space around it.
    pub fn parse(text: &str) -> Result<Self, InvalidExpectation> {
        meaningful("an OIDC issuer", text).map(Self)
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` in PEM.
    ///
    /// # Errors
    /// When it is something else, or of an algorithm that is not supported.
    pub fn from_pem(pem: &str) -> Result<Self, InvalidExpectation> {
        let not_a_key = |detail: &dyn ToString| InvalidExpectation::NotAKey {
            detail: detail.to_string(),
        };
        let key = DerPublicKey::from_pem(pem).map_err(|error| not_a_key(&error))?;
        sigstore_crypto::VerificationKey::from_spki(&key).map_err(|error| not_a_key(&error))?;
        Ok(Self(key))
    }

    /// The key, DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn to_engine(&self) -> DerPublicKey {
        self.0.clone()
    }
}

impl Expectation {
    /// A certificate for this identity, vouched for by this issuer.
    #[must_use]
    pub fn certificate(identity: CertificateIdentity, issuer: OidcIssuer) -> Self {
        Self(Expected::Certificate { identity, issuer })
    }

    /// A key that is known beforehand; whose it is, is for whoever knows it to say.
    #[must_use]
    pub fn key(key: PublicKey) -> Self {
        Self(Expected::Key(key))
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

fn meaningful(what: &'static str, text: &str) -> Result<String, InvalidExpectation> {
    if text.is_empty() {
        return Err(InvalidExpectation::Empty { what });
    }
    if text.trim() != text {
        let found = text.to_owned();
        return Err(InvalidExpectation::Padded { what, found });
    }
    Ok(text.to_owned())
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
