use cms::cert::x509::Certificate;
use der::Decode as _;
use jiff::Timestamp;
use sigstore_trust_root::{CertificateAuthority, TimestampAuthority, TransparencyLog, TrustedRoot};
use sigstore_types::TimeRange;

use super::TufError;

/// Who is in a trusted root, to be looked at. Nothing is verified by it.
///
/// Source: `TrustedRoot` in `sigstore_trustroot.proto`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustListing {
    /// Who issues certificates.
    pub authorities: Vec<ListedAuthority>,
    /// Which logs signatures are in.
    pub logs: Vec<ListedLog>,
    /// Which logs certificates are in.
    pub certificate_logs: Vec<ListedLog>,
    /// Who signs times.
    pub timestamp_authorities: Vec<ListedAuthority>,
}

/// An authority with certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAuthority {
    /// Its address, or its name where it has none.
    pub name: String,
    /// When it is believed.
    pub window: Window,
    /// From the one that is nearest to what it signs to the root.
    pub certificates: Vec<ListedCertificate>,
}

/// A certificate of an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCertificate {
    /// Whose it is, as RFC 4514 writes it; none if it cannot be read.
    pub subject: Option<String>,
    /// The SHA-256 of its DER, in hexadecimal digits.
    pub sha256: String,
}

/// A log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedLog {
    /// Its address.
    pub url: String,
    /// Its id, in hexadecimal digits.
    pub id: String,
    /// The kind of its key, by the names of the protobuf specifications.
    pub key: String,
    /// When its key is believed.
    pub window: Window,
}

/// From when to when something is believed, both ends included. None is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub start: Option<Timestamp>,
    /// The last moment.
    pub end: Option<Timestamp>,
}

impl TrustListing {
    /// Reads a `trusted_root.json`.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(json: &str) -> Result<Self, TufError> {
        let root: TrustedRoot = serde_json::from_str(json).map_err(|error| TufError::Unusable {
            detail: error.to_string(),
        })?;
        let certificate_logs = root.ctlogs.iter().map(|log| ListedLog {
            url: log.base_url.clone(),
            id: hexadecimal(log.log_id.key_id.as_bytes()),
            key: log.public_key.key_details.to_string(),
            window: window(log.public_key.valid_for.as_ref()),
        });
        Ok(Self {
            authorities: root.certificate_authorities.iter().map(authority).collect(),
            logs: root.tlogs.iter().map(transparency_log).collect(),
            certificate_logs: certificate_logs.collect(),
            timestamp_authorities: root.timestamp_authorities.iter().map(timestamp_authority).collect(),
        })
    }
}

impl Window {
    /// Whether it is open at a moment.
    #[must_use]
    pub fn contains(&self, now: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= now) && self.end.is_none_or(|end| now <= end)
    }
}

fn transparency_log(log: &TransparencyLog) -> ListedLog {
    ListedLog {
        url: log.base_url.clone(),
        id: hexadecimal(log.log_id.key_id.as_bytes()),
        key: log.public_key.key_details.to_string(),
        window: window(log.public_key.valid_for.as_ref()),
    }
}

fn authority(authority: &CertificateAuthority) -> ListedAuthority {
    let certificates = authority.cert_chain.certificates.iter();
    ListedAuthority {
        name: authority.uri.clone(),
        window: window(authority.valid_for.as_ref()),
        certificates: certificates
            .map(|entry| certificate(entry.raw_bytes.as_bytes()))
            .collect(),
    }
}

fn timestamp_authority(authority: &TimestampAuthority) -> ListedAuthority {
    let certificates = authority.cert_chain.certificates.iter();
    let name = authority.uri.clone().filter(|uri| !uri.is_empty());
    ListedAuthority {
        name: name
            .or_else(|| authority.subject.common_name.clone())
            .unwrap_or_default(),
        window: window(authority.valid_for.as_ref()),
        certificates: certificates
            .map(|entry| certificate(entry.raw_bytes.as_bytes()))
            .collect(),
    }
}

fn certificate(der: &[u8]) -> ListedCertificate {
    let read = Certificate::from_der(der).ok();
    ListedCertificate {
        subject: read.map(|certificate| certificate.tbs_certificate.subject.to_string()),
        sha256: sigstore_crypto::sha256(der).to_hex(),
    }
}

fn window(range: Option<&TimeRange>) -> Window {
    Window {
        start: range.map(|range| range.start),
        end: range.and_then(|range| range.end),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{GITHUB_TRUSTED_ROOT, PUBLIC_GOOD_TRUSTED_ROOT};
    use super::*;

    #[test]
    fn the_public_good_instance_is_listed() {
        let listing = TrustListing::read(PUBLIC_GOOD_TRUSTED_ROOT).unwrap();
        let urls: Vec<&str> = listing.logs.iter().map(|log| log.url.as_str()).collect();
        assert_eq!(
            urls,
            ["https://rekor.sigstore.dev", "https://log2025-1.rekor.sigstore.dev"]
        );
        assert_eq!(
            listing.logs[0].id,
            "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d"
        );
        let authority = listing.authorities.last().unwrap();
        assert_eq!(
            authority.certificates[1].subject.as_deref(),
            Some("CN=sigstore,O=sigstore.dev")
        );
        assert!(listing.authorities[0].window.start < authority.window.start);
    }

    #[test]
    fn the_instance_of_github_has_no_logs() {
        let listing = TrustListing::read(GITHUB_TRUSTED_ROOT).unwrap();
        assert_eq!((listing.logs.len(), listing.certificate_logs.len()), (0, 0));
        assert!(!listing.authorities.is_empty() && !listing.timestamp_authorities.is_empty());
    }

    #[test]
    fn a_window_has_both_its_ends() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (start, end) = (Some(at(10)), Some(at(20)));
        let window = Window { start, end };
        let open = Window { start: None, end: None };
        assert!(
            !window.contains(at(9)) && window.contains(at(10)) && window.contains(at(20)) && !window.contains(at(21))
        );
        assert!(open.contains(at(0)));
    }

    #[test]
    fn what_is_no_trusted_root_is_not_listed() {
        assert!(matches!(TrustListing::read("{}"), Err(TufError::Unusable { .. })));
    }
}
