use std::collections::BTreeMap;

use jiff::Timestamp;
use sigstore_tuf::{Role as _, TargetFile, TrustedMetadataSet};

use super::TufError;
use super::anchor::TrustAnchor;
use super::error::fault;
use super::state::{Edition, State};

pub(super) const TRUSTED_ROOT: &str = "trusted_root.json";
pub(super) const SIGNING_CONFIG: &str = "signing_config.v0.2.json";

/// Before every expiry: what is read from the cache is judged by its signatures, and its age is told.
const BEFORE_EVERYTHING: Timestamp = Timestamp::MIN;

/// A trusted root that a repository vouches for: every signature, version, length and hash from the anchor down was verified.
/// It may have run out; [`TrustMaterial::expires`] says when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustMaterial {
    mirror: String,
    fetched: Timestamp,
    versions: TufVersions,
    expires: Timestamp,
    trusted_root: String,
    signing_config: Option<String>,
}

/// The versions of the four roles of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TufVersions {
    /// Whose keys count.
    pub root: u64,
    /// Which snapshot is the newest.
    pub timestamp: u64,
    /// Which lists of targets belong together.
    pub snapshot: u64,
    /// Which files there are.
    pub targets: u64,
}

impl TrustMaterial {
    /// Where it is from.
    #[must_use]
    pub fn mirror(&self) -> &str {
        &self.mirror
    }

    /// When this machine last saw the repository vouch for it. No signature says so.
    #[must_use]
    pub fn fetched(&self) -> Timestamp {
        self.fetched
    }

    /// The versions of the metadata.
    #[must_use]
    pub fn versions(&self) -> TufVersions {
        self.versions
    }

    /// When the first of the four roles runs out.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// As of when it was surely the newest: when it was fetched, but not after its expiry, which is signed.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.fetched.min(self.expires)
    }

    /// The `trusted_root.json` of the repository.
    #[must_use]
    pub fn trusted_root(&self) -> &str {
        &self.trusted_root
    }

    /// The `signing_config.v0.2.json` of the repository, if it has one.
    #[must_use]
    pub fn signing_config(&self) -> Option<&str> {
        self.signing_config.as_deref()
    }
}

/// Verifies a state anew, from the anchor on, and from nothing else.
pub(super) fn verify(anchor: &TrustAnchor, state: &State) -> Result<TrustMaterial, TufError> {
    let mut set = chain(anchor, &state.roots)?;
    let edition = state.edition.as_ref().ok_or_else(|| TufError::Superseded {
        mirror: state.mirror.clone(),
    })?;
    load(&mut set, edition)?;
    let file = |name: &str| target(&set, edition, name);
    Ok(TrustMaterial {
        mirror: anchor.mirror().to_string(),
        fetched: state.fetched,
        versions: versions(&set),
        expires: expires(&set),
        trusted_root: file(TRUSTED_ROOT)?.ok_or_else(|| missing(TRUSTED_ROOT))?,
        signing_config: file(SIGNING_CONFIG)?,
    })
}

/// Follows the roots. Those that the program is ahead of are passed over.
pub(super) fn chain(anchor: &TrustAnchor, roots: &[String]) -> Result<TrustedMetadataSet, TufError> {
    let mut set = anchor.begin()?;
    for root in roots {
        match set.update_root(root.as_bytes()) {
            Ok(()) => {}
            Err(sigstore_tuf::Error::BadRootVersion { trusted, new }) if new <= trusted => {}
            Err(error) => return Err(fault("root.json", error)),
        }
    }
    Ok(set)
}

/// Puts an edition under a root, without regard to its age.
pub(super) fn load(set: &mut TrustedMetadataSet, edition: &Edition) -> Result<(), TufError> {
    set.update_timestamp(edition.timestamp.as_bytes(), BEFORE_EVERYTHING)
        .map_err(|error| fault("timestamp.json", error))?;
    set.update_snapshot(edition.snapshot.as_bytes(), BEFORE_EVERYTHING)
        .map_err(|error| fault("snapshot.json", error))?;
    set.update_targets(edition.targets.as_bytes(), BEFORE_EVERYTHING)
        .map(drop)
        .map_err(|error| fault("targets.json", error))
}

/// A file of an edition, if the metadata lists it.
fn target(set: &TrustedMetadataSet, edition: &Edition, name: &str) -> Result<Option<String>, TufError> {
    let Some(described) = described(set, name) else {
        return Ok(None);
    };
    let content = edition.files.get(name).ok_or_else(|| missing(name))?;
    check(name, content.as_bytes(), described)?;
    Ok(Some(content.clone()))
}

/// What the list of targets says of a file.
pub(super) fn described<'a>(set: &'a TrustedMetadataSet, name: &str) -> Option<&'a TargetFile> {
    set.targets_role("targets")?.target(name)
}

/// Holds a target against its description: its length, and every hash that is known here, of which there is one at least.
///
/// Source: The Update Framework 1.0.34, section 5.7.
pub(super) fn check(name: &str, content: &[u8], described: &TargetFile) -> Result<(), TufError> {
    let mismatch = |detail: String| TufError::Mismatch {
        file: name.to_owned(),
        detail,
    };
    if content.len() as u64 != described.length {
        let (expected, found) = (described.length, content.len());
        return Err(mismatch(format!("expected {expected} bytes, found {found}")));
    }
    let known = hashes(content);
    let mut checked = 0;
    for (algorithm, found) in known {
        let Some(expected) = described.hashes.get(algorithm) else {
            continue;
        };
        if !expected.eq_ignore_ascii_case(&found) {
            return Err(mismatch(format!("expected {algorithm} {expected}, found {found}")));
        }
        checked += 1;
    }
    match checked {
        0 => Err(mismatch("expected a sha256 or sha512, found neither".to_owned())),
        _ => Ok(()),
    }
}

fn hashes(content: &[u8]) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("sha256", sigstore_crypto::sha256(content).to_hex()),
        ("sha512", sigstore_crypto::sha512(content).to_hex()),
    ])
}

fn versions(set: &TrustedMetadataSet) -> TufVersions {
    TufVersions {
        root: set.root().version,
        timestamp: set.timestamp().map_or(0, |timestamp| timestamp.version),
        snapshot: set.snapshot().map_or(0, |snapshot| snapshot.version),
        targets: set.targets_role("targets").map_or(0, |targets| targets.version),
    }
}

fn expires(set: &TrustedMetadataSet) -> Timestamp {
    let lower = [
        set.timestamp().map(|role| role.expires()),
        set.snapshot().map(|role| role.expires()),
        set.targets_role("targets").map(|role| role.expires()),
    ];
    lower.into_iter().flatten().fold(set.root().expires(), Timestamp::min)
}

pub(super) fn missing(file: &str) -> TufError {
    TufError::Missing { file: file.to_owned() }
}
