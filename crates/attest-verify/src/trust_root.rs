use std::collections::BTreeSet;

use der::Decode;
use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use x509_cert::Certificate;

/// The largest trust root, in bytes. Those of the public instances have 7 to 32 KiB.
const MAX_TRUST_ROOT_BYTES: usize = 4 << 20;

/// The trust root of GitHub's own instance of Sigstore.
const GITHUB: &str = include_str!("trust_root/github.json");

/// Whose signatures count: certificate authorities, logs and timestamp authorities, each with the time it may be believed.
pub struct TrustRoot {
    pub(crate) engine: sigstore_verify::Verifier,
    pub(crate) authorities: Vec<KnownTimestampAuthority>,
    pub(crate) has_logs: bool,
    pub(crate) has_certificate_logs: bool,
    issuers: Vec<x509_cert::name::Name>,
    logs: Vec<KnownLog>,
    certificates: BTreeSet<Vec<u8>>,
}

/// A transparency log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownLog {
    pub(crate) url: String,
    pub(crate) checkpoint_key_id: [u8; 4],
    id: Vec<u8>,
}

/// A timestamp authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownTimestampAuthority {
    pub(crate) name: String,
    pub(crate) leaf: Vec<u8>,
}

/// Why something is no trust root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustRootError {
    /// More bytes than are read.
    #[error("expected a trust root of at most {limit} bytes, found {found}")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
        /// What was found, in bytes.
        found: usize,
    },
    /// Not the JSON of a trust root.
    #[error("expected a Sigstore trust root: {detail}")]
    Malformed {
        /// What the parser said.
        detail: String,
    },
    /// A key or certificate in it is no good.
    #[error("expected usable keys and certificates in the trust root: {detail}")]
    Unusable {
        /// What is wrong.
        detail: String,
    },
}

impl TrustRoot {
    /// Reads a `trusted_root.json`, and prepares every key and certificate in it.
    ///
    /// # Errors
    /// When it cannot be read, or any part of it is no good.
    pub fn parse(json: &[u8]) -> Result<Self, TrustRootError> {
        if json.len() > MAX_TRUST_ROOT_BYTES {
            return Err(TrustRootError::TooLarge {
                limit: MAX_TRUST_ROOT_BYTES,
                found: json.len(),
            });
        }
        let root: TrustedRoot = serde_json::from_slice(json).map_err(|error| TrustRootError::Malformed {
            detail: error.to_string(),
        })?;
        let engine = sigstore_verify::Verifier::new(&root).map_err(|error| TrustRootError::Unusable {
            detail: error.to_string(),
        })?;
        Ok(Self {
            engine,
            authorities: timestamp_authorities(&root),
            has_logs: !root.tlogs.is_empty(),
            has_certificate_logs: !root.ctlogs.is_empty(),
            issuers: issuers(&root),
            logs: logs(&root)?,
            certificates: timestamp_certificates(&root),
        })
    }

    /// The root of the public-good instance of Sigstore, as it was when this was built.
    #[must_use]
    pub fn public_good() -> Self {
        Self::parse(SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes()).expect("the embedded root is one, and a test says so")
    }

    /// The root of GitHub's own instance, which signs the attestations of private repositories, as it was when this was
    /// built. It has no transparency log and no certificate transparency log: its timestamp authorities are the evidence.
    #[must_use]
    pub fn github() -> Self {
        Self::parse(GITHUB.as_bytes()).expect("the embedded root is one, and a test says so")
    }

    /// Whether the certificate says that an authority of this root issued it. Nothing is checked yet.
    pub(crate) fn has_issuer_of(&self, certificate: &[u8]) -> bool {
        Certificate::from_der(certificate).is_ok_and(|leaf| self.issuers.contains(&leaf.tbs_certificate.issuer))
    }

    pub(crate) fn log(&self, id: &[u8]) -> Option<&KnownLog> {
        self.logs.iter().find(|log| log.id == id)
    }

    /// Whether a certificate is in the chain of a timestamp authority.
    pub(crate) fn has_timestamp_certificate(&self, der: &[u8]) -> bool {
        self.certificates.contains(der)
    }
}

impl std::fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrustRoot")
            .field("logs", &self.logs)
            .finish_non_exhaustive()
    }
}

fn logs(root: &TrustedRoot) -> Result<Vec<KnownLog>, TrustRootError> {
    root.tlogs
        .iter()
        .map(|log| {
            let id = log.log_id.key_id.as_bytes().to_vec();
            // A log id is a SHA-256, and the key id of its checkpoints is how it begins.
            let checkpoint_key_id = id.first_chunk().copied().ok_or_else(|| TrustRootError::Unusable {
                detail: format!("the id of log {} is too short", log.base_url),
            })?;
            Ok(KnownLog {
                url: log.base_url.clone(),
                checkpoint_key_id,
                id,
            })
        })
        .collect()
}

fn issuers(root: &TrustedRoot) -> Vec<x509_cert::name::Name> {
    root.certificate_authorities
        .iter()
        .flat_map(|authority| &authority.cert_chain.certificates)
        .filter_map(|certificate| Certificate::from_der(certificate.raw_bytes.as_bytes()).ok())
        .map(|certificate| certificate.tbs_certificate.subject)
        .collect()
}

fn timestamp_authorities(root: &TrustedRoot) -> Vec<KnownTimestampAuthority> {
    root.timestamp_authorities
        .iter()
        .filter_map(|authority| {
            let leaf = authority.cert_chain.certificates.first()?;
            let name = authority.uri.clone().or_else(|| authority.subject.common_name.clone());
            Some(KnownTimestampAuthority {
                name: name.unwrap_or_default(),
                leaf: leaf.raw_bytes.as_bytes().to_vec(),
            })
        })
        .collect()
}

fn timestamp_certificates(root: &TrustedRoot) -> BTreeSet<Vec<u8>> {
    root.timestamp_authorities
        .iter()
        .flat_map(|authority| &authority.cert_chain.certificates)
        .map(|certificate| certificate.raw_bytes.as_bytes().to_vec())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_embedded_root_is_usable() {
        let root = TrustRoot::public_good();
        assert_eq!(root.logs.len(), 2);
        assert_eq!(root.authorities.len(), 1);
    }

    #[test]
    fn the_root_of_github_has_no_logs() {
        let root = TrustRoot::github();
        assert!(!root.has_logs && !root.has_certificate_logs);
        assert_eq!(root.authorities.len(), 6);
    }

    #[test]
    fn text_that_is_no_trust_root_is_malformed() {
        assert!(matches!(
            TrustRoot::parse(b"{}").unwrap_err(),
            TrustRootError::Malformed { .. }
        ));
    }

    #[test]
    fn an_oversized_trust_root_is_not_read() {
        let found = MAX_TRUST_ROOT_BYTES + 1;
        let error = TrustRoot::parse(&vec![b' '; found]).unwrap_err();
        let limit = MAX_TRUST_ROOT_BYTES;
        assert_eq!(error, TrustRootError::TooLarge { limit, found });
    }

    #[test]
    fn a_window_that_ends_before_it_begins_is_unusable() {
        let text =
            SIGSTORE_PRODUCTION_TRUSTED_ROOT.replacen("\"start\"", "\"end\": \"2000-01-01T00:00:00Z\", \"start\"", 1);
        assert!(matches!(
            TrustRoot::parse(text.as_bytes()).unwrap_err(),
            TrustRootError::Unusable { .. } | TrustRootError::Malformed { .. }
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = TrustRoot::parse(&bytes);
        }

        #[test]
        fn no_changed_byte_of_a_good_root_makes_it_panic(place in any::<usize>(), byte in any::<u8>()) {
            let mut bytes = SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes().to_vec();
            let place = place % bytes.len();
            bytes[place] = byte;
            let _ = TrustRoot::parse(&bytes);
        }
    }
}
