mod wire;

use crate::Rejection;
use crate::certificate::{Authority, Certificate, CertificateLog, Issued};
use crate::crypto::{self, Memory, Padding, VerificationKey};
use crate::log::KnownLog;
use crate::timestamp::TimestampAuthority;
use crate::window::Window;
use wire::{AuthorityWire, LogWire, PublicKeyWire, TrustedRootWire, WindowWire};

/// The largest trust root, in bytes. Those of the public instances have 7 to 32 KiB.
const MAX_TRUST_ROOT_BYTES: usize = 4 << 20;

/// The public-good instance of Sigstore.
const PUBLIC_GOOD: &str = include_str!("public-good.json");

/// GitHub's own instance of Sigstore.
const GITHUB: &str = include_str!("github.json");

/// What a trust root is called.
const MEDIA_TYPES: [&str; 2] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];

/// The only hash function of logs there is.
const LOG_HASH: &str = "SHA2_256";

/// How many good signatures are remembered, at 32 bytes each: some batches sign thousands of files with one checkpoint.
const REMEMBERED_SIGNATURES: usize = 1 << 16;

/// How many certificates are remembered, at about 8 KiB each: a release has one, and a registry some hundreds.
const REMEMBERED_CERTIFICATES: usize = 1 << 10;

/// Whose signatures count: certificate authorities, logs and timestamp authorities, each with the time it may be believed.
///
/// It also remembers, within bounds, which signatures and certificates were found good, so that they are checked once in a
/// batch. What was found bad is never remembered, and what is remembered is no part of what the root is.
pub struct TrustRoot {
    pub(crate) logs: Vec<KnownLog>,
    pub(crate) certificate_logs: Vec<CertificateLog>,
    pub(crate) authorities: Vec<Authority>,
    pub(crate) timestamp_authorities: Vec<TimestampAuthority>,
    pub(crate) signatures: Memory<()>,
    certificates: Memory<Issued>,
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
    /// When it cannot be read, or any part of it is no good. A log whose key is of an unknown algorithm is not an error: what
    /// it signs is rejected as unsupported.
    pub fn parse(json: &[u8]) -> Result<Self, TrustRootError> {
        if json.len() > MAX_TRUST_ROOT_BYTES {
            return Err(TrustRootError::TooLarge {
                limit: MAX_TRUST_ROOT_BYTES,
                found: json.len(),
            });
        }
        let wire: TrustedRootWire = serde_json::from_slice(json).map_err(|error| malformed(&error))?;
        if !MEDIA_TYPES.contains(&wire.media_type.as_str()) {
            return Err(malformed(&format_args!(
                "expected media type `{}`, found `{}`",
                MEDIA_TYPES[0], wire.media_type
            )));
        }
        let root = Self {
            logs: wire.tlogs.into_iter().map(log).collect::<Result<_, _>>()?,
            certificate_logs: wire.ctlogs.into_iter().map(certificate_log).collect::<Result<_, _>>()?,
            authorities: wire
                .certificate_authorities
                .into_iter()
                .map(|authority| authority_of(&authority))
                .collect::<Result<_, _>>()?,
            timestamp_authorities: wire
                .timestamp_authorities
                .into_iter()
                .map(timestamp_authority)
                .collect::<Result<_, _>>()?,
            signatures: Memory::of(REMEMBERED_SIGNATURES),
            certificates: Memory::of(REMEMBERED_CERTIFICATES),
        };
        root.check_unique()?;
        Ok(root)
    }

    /// The ids of its transparency logs, as bundles name them.
    pub fn log_ids(&self) -> impl Iterator<Item = &[u8]> {
        self.logs.iter().map(|log| log.id.as_slice())
    }

    /// The certificates above one, DER, from that of its issuer up, by the first authority that issued it; none when nobody did. Older
    /// programs want to find them beside a signature.
    #[must_use]
    pub fn above(&self, certificate: &[u8]) -> Vec<Vec<u8>> {
        let Ok(certificate) = Certificate::parse(certificate) else {
            return Vec::new();
        };
        let is_issuer = |above: &Certificate| above.der != certificate.der && certificate.is_issued_by(above);
        let of = |authority: &Authority| {
            let from = authority.chain.iter().position(is_issuer)?;
            Some(authority.chain[from..].iter().map(|above| above.der.to_vec()).collect())
        };
        self.authorities.iter().find_map(of).unwrap_or_default()
    }

    /// The root of the public-good instance of Sigstore, as it was when this was built.
    #[must_use]
    pub fn public_good() -> Self {
        Self::parse(PUBLIC_GOOD.as_bytes()).expect("the embedded root is one, and a test says so")
    }

    /// The root of GitHub's own instance, which signs the attestations of private repositories, as it was when this was
    /// built. It has no transparency log and no certificate transparency log: its timestamp authorities are the evidence.
    #[must_use]
    pub fn github() -> Self {
        Self::parse(GITHUB.as_bytes()).expect("the embedded root is one, and a test says so")
    }

    pub(crate) fn knows_log(&self, id: &[u8]) -> bool {
        self.logs.iter().any(|log| log.id == id)
    }

    /// Reads a certificate and finds its paths to the authorities, unless that was done before.
    pub(crate) fn issued(&self, leaf: &[u8], between: &[Vec<u8>]) -> Result<std::sync::Arc<Issued>, Rejection> {
        let parts: Vec<[u8; 32]> = std::iter::once(crypto::sha256(leaf))
            .chain(between.iter().map(|der| crypto::sha256(der)))
            .collect();
        let fingerprint = crypto::sha256(parts.as_flattened());
        self.certificates
            .or_check(fingerprint, || Issued::find(leaf, between, &self.authorities))
    }

    /// Two keys of one id: which of them counts would depend on their order.
    fn check_unique(&self) -> Result<(), TrustRootError> {
        let mut ids: Vec<(bool, &[u8])> = self.logs.iter().map(|log| (true, log.id.as_slice())).collect();
        ids.extend(self.certificate_logs.iter().map(|log| (false, &log.id[..])));
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(unusable(&format_args!(
                "log id {} stands twice",
                hex::encode(pair[0].1)
            ))),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrustRoot")
            .field("logs", &self.logs)
            .finish_non_exhaustive()
    }
}

fn log(wire: LogWire) -> Result<KnownLog, TrustRootError> {
    let key = log_key(&wire)?;
    let id = wire.log_id.key_id.0;
    // A log id is a SHA-256, and the key id of its checkpoints is how it begins, unless the root says otherwise.
    let key_id = wire.checkpoint_key_id.as_ref().map_or(&id, |key_id| &key_id.key_id.0);
    let checkpoint_key_id = key_id.first_chunk().copied();
    let window = wire.public_key.valid_for;
    let window = window.ok_or_else(|| malformed(&format_args!("log `{}` has no `validFor`", wire.base_url)))?;
    Ok(KnownLog {
        checkpoint_key_id: checkpoint_key_id
            .ok_or_else(|| unusable(&format_args!("the id of log `{}` is too short", wire.base_url)))?,
        url: wire.base_url,
        id,
        key,
        window: window_of(Some(window))?,
    })
}

fn certificate_log(wire: LogWire) -> Result<CertificateLog, TrustRootError> {
    let key = log_key(&wire)?;
    let id = wire.log_id.key_id.0.try_into();
    Ok(CertificateLog {
        id: id.map_err(|_| unusable(&format_args!("the id of log `{}` is no SHA-256", wire.base_url)))?,
        key,
        window: window_of(wire.public_key.valid_for)?,
    })
}

fn log_key(wire: &LogWire) -> Result<Option<VerificationKey>, TrustRootError> {
    if wire.hash_algorithm != LOG_HASH {
        return Err(malformed(&format_args!(
            "expected hash algorithm `{LOG_HASH}`, found `{}`",
            wire.hash_algorithm
        )));
    }
    key(&wire.public_key).map_err(|error| unusable(&format_args!("the key of log `{}`: {error}", wire.base_url)))
}

fn key(wire: &PublicKeyWire) -> Result<Option<VerificationKey>, crate::asn1::Malformed> {
    let (der, details) = (&wire.raw_bytes.0, wire.key_details.as_str());
    let padding = match details.contains("_PSS") {
        true => Padding::Pss,
        false => Padding::Pkcs1,
    };
    if details.starts_with("PKCS1_RSA") {
        return VerificationKey::from_pkcs1(der).map(|key| Some(key.with_padding(padding)));
    }
    match VerificationKey::is_of_unknown_algorithm(der) {
        true => Ok(None),
        false => VerificationKey::from_spki(der).map(|key| Some(key.with_padding(padding))),
    }
}

fn authority_of(wire: &AuthorityWire) -> Result<Authority, TrustRootError> {
    let certificates = &wire.cert_chain.certificates;
    if certificates.is_empty() {
        return Err(unusable(&format_args!("authority `{}` has no certificate", name(wire))));
    }
    let chain = certificates
        .iter()
        .map(|certificate| Certificate::parse(&certificate.raw_bytes.0))
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(&format_args!("a certificate of authority `{}`: {error}", name(wire))))?;
    Ok(Authority::new(chain, window_of(wire.valid_for)?))
}

fn timestamp_authority(wire: AuthorityWire) -> Result<TimestampAuthority, TrustRootError> {
    let mut all = authority_of(&wire)?;
    let issuers = all.chain.split_off(1);
    let leaf = all.chain.pop();
    let leaf = leaf.ok_or_else(|| unusable(&format_args!("authority `{}` has no certificate", name(&wire))))?;
    let issuers = Authority::new(issuers, all.window);
    Ok(TimestampAuthority::new(name(&wire), leaf, issuers))
}

fn name(wire: &AuthorityWire) -> String {
    let name = wire.uri.clone().or_else(|| wire.subject.common_name.clone());
    name.unwrap_or_default()
}

fn window_of(wire: Option<WindowWire>) -> Result<Window, TrustRootError> {
    let window = wire.map_or(Window::ALWAYS, Window::from);
    match (window.start, window.end) {
        (Some(start), Some(end)) if end < start => Err(unusable(&format_args!(
            "something counts until {end} and only from {start} on"
        ))),
        _ => Ok(window),
    }
}

fn malformed(detail: &dyn std::fmt::Display) -> TrustRootError {
    TrustRootError::Malformed {
        detail: detail.to_string(),
    }
}

fn unusable(detail: &dyn std::fmt::Display) -> TrustRootError {
    TrustRootError::Unusable {
        detail: detail.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What fetches trust roots embeds the same ones from where they are published. The two must be renewed together.
    #[test]
    fn the_embedded_roots_are_the_published_ones() {
        assert_eq!(PUBLIC_GOOD, sigstore_trust_root::SIGSTORE_PRODUCTION_TRUSTED_ROOT);
        assert_eq!(GITHUB, sigstore_trust_root::SIGSTORE_GITHUB_TRUSTED_ROOT);
    }

    #[test]
    fn the_embedded_root_is_usable() {
        let root = TrustRoot::public_good();
        assert_eq!(root.logs.len(), 2);
        assert_eq!(root.timestamp_authorities.len(), 1);
    }

    #[test]
    fn the_root_of_github_has_no_logs() {
        let root = TrustRoot::github();
        assert!(root.logs.is_empty() && root.certificate_logs.is_empty());
        assert_eq!(root.timestamp_authorities.len(), 6);
    }

    #[test]
    fn what_stands_above_a_certificate_begins_with_its_issuer() {
        let root = TrustRoot::public_good();
        let chains = root.authorities.iter().map(|authority| &authority.chain);
        let chain = chains
            .filter(|chain| chain.len() == 2)
            .last()
            .expect("one has an intermediate");
        let [intermediate, top] = [&chain[0], &chain[1]].map(|certificate| certificate.der.to_vec());
        assert_eq!(root.above(&intermediate), std::slice::from_ref(&top));
        assert!(root.above(&top).is_empty());
        assert!(TrustRoot::github().above(&intermediate).is_empty());
        assert!(root.above(b"no certificate").is_empty());
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
        let text = PUBLIC_GOOD.replacen("\"start\"", "\"end\": \"2000-01-01T00:00:00Z\", \"start\"", 1);
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
            let mut bytes = PUBLIC_GOOD.as_bytes().to_vec();
            let place = place % bytes.len();
            bytes[place] = byte;
            let _ = TrustRoot::parse(&bytes);
        }
    }
}
