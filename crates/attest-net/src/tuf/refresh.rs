use jiff::Timestamp;
use sigstore_tuf::{RoleKeys, Root, TrustedMetadataSet};

use super::TufError;
use super::anchor::TrustAnchor;
use super::error::{fault, fault_at};
use super::material::{SIGNING_CONFIG, TRUSTED_ROOT, chain, check, described, load, missing};
use super::source::{
    MAX_ROOT_BYTES, MAX_SNAPSHOT_BYTES, MAX_TARGET_BYTES, MAX_TARGETS_BYTES, MAX_TIMESTAMP_BYTES, Source,
};
use super::state::{Edition, State};

/// How many new roots are followed in one go, as in python-tuf. A public instance publishes about two a year.
const MAX_NEW_ROOTS: u64 = 256;

/// One update of what is known of a repository.
pub(super) struct Refresh<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) anchor: &'a TrustAnchor,
    pub(super) known: Option<&'a State>,
    /// The moment that every expiry is held against.
    pub(super) now: Timestamp,
}

/// How far an update came. New roots are worth keeping even if nothing below them could be had.
pub(super) struct Refreshed {
    pub(super) roots: Vec<String>,
    pub(super) root_version: u64,
    pub(super) edition: Result<Edition, TufError>,
}

impl Refresh<'_> {
    /// Follows the client workflow. Source: The Update Framework 1.0.34, section 5.
    pub(super) fn run(&self) -> Result<Refreshed, TufError> {
        let mut roots = self.known.map(|state| state.roots.clone()).unwrap_or_default();
        let mut set = chain(self.anchor, &roots)?;
        let before = set.root().clone();
        let followed = self.follow_roots(&mut set, &mut roots);
        let root_version = set.root().version;
        let edition = followed.and_then(|()| self.edition(&mut set, &before));
        Ok(Refreshed {
            roots,
            root_version,
            edition,
        })
    }

    /// Section 5.3: each root is signed by the keys of the one before and by its own.
    fn follow_roots(&self, set: &mut TrustedMetadataSet, roots: &mut Vec<String>) -> Result<(), TufError> {
        for _ in 0..MAX_NEW_ROOTS {
            let version = set.root().version.saturating_add(1);
            let name = format!("{version}.root.json");
            let Some(root) = self.source.fetch(&name, MAX_ROOT_BYTES)? else {
                return Ok(());
            };
            let root = text(&name, root)?;
            set.update_root(root.as_bytes()).map_err(|error| fault(&name, error))?;
            roots.push(root);
        }
        Err(TufError::TooManyRoots { limit: MAX_NEW_ROOTS })
    }

    fn edition(&self, set: &mut TrustedMetadataSet, before: &Root) -> Result<Edition, TufError> {
        set.check_root_expired(self.now)
            .map_err(|error| fault_at("root.json", error, self.now))?;
        let known = self.known.and_then(|state| state.edition.as_ref());
        if let Some(edition) = known
            && !is_recovery(before, set.root())
        {
            // What is known sets the versions below which nothing is accepted. Where a new root has other keys, it sets none.
            let _ = load(set, edition);
        }
        let timestamp = self.timestamp(set, known)?;
        let snapshot = self.snapshot(set, known)?;
        let targets = self.targets(set, known)?;
        let mut edition = Edition {
            timestamp,
            snapshot,
            targets,
            files: Default::default(),
        };
        for name in [TRUSTED_ROOT, SIGNING_CONFIG] {
            if let Some(content) = self.target(set, known, name)? {
                edition.files.insert(name.to_owned(), content);
            }
        }
        match edition.files.contains_key(TRUSTED_ROOT) {
            true => Ok(edition),
            false => Err(missing(TRUSTED_ROOT)),
        }
    }

    /// Section 5.4. The same version again is no news, and what is known already stays.
    fn timestamp(&self, set: &mut TrustedMetadataSet, known: Option<&Edition>) -> Result<String, TufError> {
        let name = "timestamp.json";
        let fetched = self.required(name, MAX_TIMESTAMP_BYTES)?;
        match (set.update_timestamp(fetched.as_bytes(), self.now), known) {
            (Ok(()), _) => Ok(fetched),
            (Err(sigstore_tuf::Error::EqualVersion { .. }), Some(known)) => {
                set.check_timestamp_expired(self.now)
                    .map_err(|error| fault_at(name, error, self.now))?;
                Ok(known.timestamp.clone())
            }
            (Err(error), _) => Err(fault_at(name, error, self.now)),
        }
    }

    /// Section 5.5.
    fn snapshot(&self, set: &mut TrustedMetadataSet, known: Option<&Edition>) -> Result<String, TufError> {
        if let Some(known) = known
            && set.update_snapshot(known.snapshot.as_bytes(), self.now).is_ok()
        {
            return Ok(known.snapshot.clone());
        }
        let described = set.timestamp().and_then(|timestamp| timestamp.snapshot_meta());
        let version = described.map(|described| described.version);
        let name = versioned(set, version, "snapshot.json")?;
        let fetched = self.required(&name, MAX_SNAPSHOT_BYTES)?;
        set.update_snapshot(fetched.as_bytes(), self.now)
            .map_err(|error| fault_at(&name, error, self.now))?;
        Ok(fetched)
    }

    /// Section 5.6, for the list at the top.
    fn targets(&self, set: &mut TrustedMetadataSet, known: Option<&Edition>) -> Result<String, TufError> {
        if let Some(known) = known
            && set.update_targets(known.targets.as_bytes(), self.now).is_ok()
        {
            return Ok(known.targets.clone());
        }
        let described = set.snapshot().and_then(|snapshot| snapshot.meta.get("targets.json"));
        let version = described.map(|described| described.version);
        let name = versioned(set, version, "targets.json")?;
        let fetched = self.required(&name, MAX_TARGETS_BYTES)?;
        set.update_targets(fetched.as_bytes(), self.now)
            .map_err(|error| fault_at(&name, error, self.now))?;
        Ok(fetched)
    }

    /// Section 5.7. None if the repository lists no such file.
    fn target(
        &self,
        set: &TrustedMetadataSet,
        known: Option<&Edition>,
        name: &str,
    ) -> Result<Option<String>, TufError> {
        let Some(described) = described(set, name) else {
            return Ok(None);
        };
        let known = known.and_then(|edition| edition.files.get(name));
        if let Some(content) = known
            && check(name, content.as_bytes(), described).is_ok()
        {
            return Ok(Some(content.clone()));
        }
        let limit = usize::try_from(described.length).unwrap_or(usize::MAX);
        if limit > MAX_TARGET_BYTES {
            return Err(TufError::TooLarge {
                file: name.to_owned(),
                limit: MAX_TARGET_BYTES,
            });
        }
        let path = match set.root().consistent_snapshot {
            true => format!("targets/{}.{name}", prefix(name, &described.hashes)?),
            false => format!("targets/{name}"),
        };
        let content = self.source.fetch(&path, limit)?.ok_or_else(|| missing(&path))?;
        check(name, &content, described)?;
        text(name, content).map(Some)
    }

    fn required(&self, name: &str, limit: usize) -> Result<String, TufError> {
        let content = self.source.fetch(name, limit)?.ok_or_else(|| missing(name))?;
        text(name, content)
    }
}

/// Whether a new root takes a key away from the timestamp or the snapshot. Then an attacker may have had it and counted the
/// versions up to the end, so that those are no bound any more. Source: section 5.3.11.
fn is_recovery(before: &Root, after: &Root) -> bool {
    let keys = |root: &Root, role: &RoleKeys| -> Vec<_> {
        let keys = role.keyids.iter().filter_map(|id| root.keys.get(id));
        keys.map(|key| (key.scheme.clone(), key.keyval.public.clone()))
            .collect()
    };
    ["timestamp", "snapshot"].iter().any(|name| {
        let (Some(old), Some(new)) = (before.role(name), after.role(name)) else {
            return true;
        };
        let kept = keys(after, new);
        keys(before, old).iter().any(|key| !kept.contains(key))
    })
}

/// Where every file has its version before its name, an old one stays reachable while a new one is put beside it.
fn versioned(set: &TrustedMetadataSet, version: Option<u64>, name: &str) -> Result<String, TufError> {
    let version = version.ok_or_else(|| TufError::Malformed {
        file: name.to_owned(),
        detail: "the metadata above it does not describe it".to_owned(),
    })?;
    match set.root().consistent_snapshot {
        true => Ok(format!("{version}.{name}")),
        false => Ok(name.to_owned()),
    }
}

/// The hash that stands before the name of a target. It becomes a part of a URL, so it has to be one.
fn prefix<'a>(name: &str, hashes: &'a std::collections::BTreeMap<String, String>) -> Result<&'a str, TufError> {
    let hash = hashes.get("sha256").or_else(|| hashes.get("sha512"));
    match hash {
        Some(hash) if hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(hash),
        _ => Err(TufError::Mismatch {
            file: name.to_owned(),
            detail: "expected a sha256 or sha512, found neither".to_owned(),
        }),
    }
}

fn text(name: &str, bytes: Vec<u8>) -> Result<String, TufError> {
    String::from_utf8(bytes).map_err(|error| TufError::Malformed {
        file: name.to_owned(),
        detail: error.utf8_error().to_string(),
    })
}
