use jiff::Timestamp;
use sigstore_crypto::{CertificateInfo, parse_certificate_info};
use sigstore_types::DerCertificate;

use crate::{Error, Port};

/// The largest certificate that is read, in bytes. Fulcio's are about 1 to 3 KiB.
const MAX_CERTIFICATE_BYTES: usize = 64 << 10;

/// A certificate for the key of a session, as its authority issued it; the chain above it is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningCertificate {
    der: Vec<u8>,
    public_key_der: Vec<u8>,
    identity: String,
    issuer: Option<String>,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl SigningCertificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// When it is none, or names nobody.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(wrong(
                "a certificate of at most 65536 bytes",
                format!("{} bytes", der.len()),
            ));
        }
        let info = parse_certificate_info(&DerCertificate::new(der.to_vec()))
            .map_err(|error| wrong("a certificate", error.to_string()))?;
        let CertificateInfo {
            identity,
            issuer,
            not_before,
            not_after,
            public_key,
            ..
        } = info;
        let identity = identity.ok_or_else(|| wrong("a certificate that names an identity", "one that names none"))?;
        Ok(Self {
            der: der.to_vec(),
            public_key_der: public_key.as_bytes().to_vec(),
            identity: identity.as_str().to_owned(),
            issuer,
            not_before,
            not_after,
        })
    }

    /// The certificate, DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate, PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        // The family ends lines as Windows does; Rekor v1 records what Go's encoder writes.
        DerCertificate::new(self.der.clone()).to_pem().replace("\r\n", "\n")
    }

    /// The key that it certifies, as DER of a `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    /// Who signs: the subject alternative name.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Who said so to the authority: the OpenID Connect issuer.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The first moment at which it is good.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last moment at which it is good.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

fn wrong(expected: &'static str, found: impl Into<String>) -> Error {
    Error::answer(Port::Authority, expected, found.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_rejected() {
        let error = SigningCertificate::from_der(b"nothing").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("expected a certificate from the certificate authority, found ")
        );
        let error = SigningCertificate::from_der(&vec![0; MAX_CERTIFICATE_BYTES + 1]).unwrap_err();
        assert!(matches!(error, Error::Answer { found, .. } if found == "65537 bytes"));
    }
}
