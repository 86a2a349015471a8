use der::Decode as _;
use jiff::Timestamp;
use sigstore_crypto::{CertificateInfo, parse_certificate_info};
use sigstore_types::DerCertificate;
use x509_cert::Certificate;

use crate::{Error, Port, PublicKey};

/// The largest certificate that is read, in bytes. Fulcio's are about 1 to 3 KiB.
const MAX_CERTIFICATE_BYTES: usize = 64 << 10;

/// The largest file of certificates that is read, in bytes.
const MAX_CHAIN_BYTES: usize = 1 << 20;

const END: &str = "-----END CERTIFICATE-----";

/// A certificate for the key of a session, as its authority issued it; the chain above it is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningCertificate {
    der: Vec<u8>,
    public_key: PublicKey,
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
            public_key: PublicKey::from_der(public_key.as_bytes())?,
            identity: identity.as_str().to_owned(),
            issuer,
            not_before,
            not_after,
        })
    }

    /// Reads the first certificate of a PEM file.
    ///
    /// # Errors
    /// When it is none, or names nobody.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let certificates = certificates(pem)?;
        Self::from_der(
            certificates
                .first()
                .ok_or_else(|| wrong("a certificate in PEM", "none"))?,
        )
    }

    /// Whether a PEM file holds the chain of this certificate: each one issued by the next, by its name. Only a verifier can
    /// tell whether the signatures hold.
    ///
    /// # Errors
    /// When a link is missing.
    pub fn check_chain(&self, pem: &[u8]) -> Result<(), Error> {
        let mut below = parsed(&self.der)?;
        let mut above = certificates(pem)?;
        // Some programs put the certificate itself first.
        above.retain(|der| *der != self.der);
        if above.is_empty() {
            return Err(wrong("the certificates above this one", "none"));
        }
        for der in above {
            let issuer = parsed(&der)?;
            if below.tbs_certificate.issuer != issuer.tbs_certificate.subject {
                let found = issuer.tbs_certificate.subject.to_string();
                return Err(wrong("the issuer of the certificate before it", format!("`{found}`")));
            }
            below = issuer;
        }
        Ok(())
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

    /// The key that it certifies.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
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

fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    if pem.len() > MAX_CHAIN_BYTES {
        return Err(wrong("certificates of at most 1 MiB", format!("{} bytes", pem.len())));
    }
    let text = std::str::from_utf8(pem).map_err(|_| wrong("certificates in PEM", "bytes that are no text"))?;
    let blocks = text.match_indices("-----BEGIN CERTIFICATE-----").map(|(start, _)| {
        let block = &text[start..];
        let end = block.find(END).map_or(block.len(), |end| end + END.len());
        der::pem::decode_vec(&block.as_bytes()[..end])
    });
    blocks
        .map(|block| {
            block
                .map(|(_, der)| der)
                .map_err(|error| wrong("a certificate in PEM", error.to_string()))
        })
        .collect()
}

fn parsed(der: &[u8]) -> Result<Certificate, Error> {
    Certificate::from_der(der).map_err(|error| wrong("a certificate", error.to_string()))
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
