//! Sources of packages of others, where they lie in the tree: below a directory that `cargo vendor` made, or in the store
//! that Cargo unpacks packages to. Their manifests say what a lock file does not.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;
use serde::Deserialize;

use super::manifest::{Inheritance, Manifest};
use super::packed;
use super::project::{self, LOCK, MANIFEST, around, path};
use crate::Gap;
use crate::scan::{Kind, Scan};

/// Beside a vendored package: its checksum, and that of each of its files.
pub(crate) const CHECKSUMS: &str = ".cargo-checksum.json";

/// Beside a package that Cargo unpacked.
pub(crate) const UNPACKED: &str = ".cargo-ok";

/// The largest packages hold some 10,000 files, each with its checksum.
const CHECKSUMS_LIMIT: u64 = 16 << 20;

/// The directories that hold packages of others.
pub(super) struct Places<'a>(BTreeMap<&'a str, Mark>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Vendored,
    Unpacked,
}

/// A package of somebody else.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) directory: String,
    pub(super) manifest: Manifest,
    /// The SHA-256 of the package that it was unpacked from, in hexadecimal.
    pub(super) checksum: Option<String>,
}

/// Packages by name and version.
pub(super) type Sources = HashMap<(String, String), Source>;

impl<'a> Places<'a> {
    pub(super) fn find(scan: &Scan<'a>) -> Self {
        let unpacked = scan.named(UNPACKED).map(|entry| (entry.parent(), Mark::Unpacked));
        let vendored = scan.named(CHECKSUMS).map(|entry| (entry.parent(), Mark::Vendored));
        let marked = unpacked.chain(vendored);
        let packages = marked.filter(|(directory, _)| scan.brought_along().is_package(directory, Kind::Cargo));
        Self(packages.collect())
    }

    /// Whether a directory is part of somebody else's package.
    pub(super) fn hold(&self, directory: &str) -> bool {
        around(directory).any(|outer| self.0.contains_key(outer))
    }

    /// The lock files in packages that no project is known to need: they may be of a project after all.
    pub(super) fn locks(&self, scan: &Scan<'_>, needed: &Sources) -> Vec<String> {
        let needed: HashSet<&str> = needed.values().map(|source| source.directory.as_str()).collect();
        let is_unknown = |directory: &str| {
            let mut packages = around(directory).filter(|outer| self.0.contains_key(outer)).peekable();
            packages.peek().is_some() && packages.all(|package| !needed.contains(package))
        };
        let locks = scan.named(LOCK).filter(|entry| is_unknown(entry.parent()));
        locks.map(|entry| entry.path.clone()).collect()
    }

    /// Reads the packages among those that are wanted.
    pub(super) fn read(&self, scan: &Scan<'_>, wanted: &HashSet<(&str, &str)>) -> (Sources, Vec<Gap>) {
        let directories: HashSet<String> = wanted
            .iter()
            .map(|(name, version)| format!("{name}-{version}"))
            .collect();
        let last = |directory: &str| directory.rsplit('/').next().unwrap_or_default().to_owned();
        // Cargo's store holds much more than one project needs, each package below its name and version.
        let is_worth_a_look =
            |directory: &str, mark: Mark| mark == Mark::Vendored || directories.contains(&last(directory));
        let places: Vec<(&str, Mark)> = self.0.iter().map(|(directory, mark)| (*directory, *mark)).collect();
        let read: Vec<Result<Option<Source>, Gap>> = places
            .into_par_iter()
            .filter(|(directory, mark)| is_worth_a_look(directory, *mark))
            .map(|(directory, mark)| source(scan, directory, mark))
            .collect();
        let (mut sources, mut gaps) = (Sources::new(), Vec::new());
        for one in read {
            match one {
                Ok(Some(source)) if wanted.contains(&(&*source.manifest.name, &*source.manifest.version)) => {
                    let identity = (source.manifest.name.clone(), source.manifest.version.clone());
                    sources.entry(identity).or_insert(source);
                }
                Ok(_) => {}
                Err(gap) => gaps.push(gap),
            }
        }
        (sources, gaps)
    }
}

/// Whether a directory is a package in the store of Cargo, `registry/src/INDEX/NAME-VERSION`, as its manifest says, too. Where only a
/// part of that path is known, the name of the index tells.
/// Source: The Cargo Book, "Cargo Home".
pub(crate) fn is_unpacked(scan: &Scan<'_>, directory: &str) -> bool {
    let mut parts = directory.rsplit('/');
    let (own, index, src, registry) = (parts.next(), parts.next(), parts.next(), parts.next());
    if !index.is_some_and(is_index) && (src, registry) != (Some("src"), Some("registry")) {
        return false;
    }
    let is_own = |Manifest { name, version, .. }: &Manifest| Some(&*format!("{name}-{version}")) == own;
    matches!(source(scan, directory, Mark::Unpacked), Ok(Some(source)) if is_own(&source.manifest))
}

/// Whether a file is a package in the store of Cargo, `registry/cache/INDEX/NAME-VERSION.crate`: it holds what many projects need.
pub(crate) fn is_stored(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let is_crate = parts.next().is_some_and(packed::is_packed);
    is_crate && parts.next().is_some_and(is_index)
}

/// The digits at the end of the name of an index, `HOST-HASH`.
const HASH_DIGITS: usize = 16;

fn is_index(name: &str) -> bool {
    let is_digit = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
    name.rsplit_once('-')
        .is_some_and(|(host, hash)| !host.is_empty() && hash.len() == HASH_DIGITS && hash.bytes().all(is_digit))
}

/// Whether a directory below the top is a package that `cargo vendor` copied: it has a manifest. Damaged checksums are told
/// by whoever reads them.
pub(crate) fn is_vendored(scan: &Scan<'_>, directory: &str) -> bool {
    !directory.is_empty() && scan.listing().resolve(&path(directory, MANIFEST)).is_some()
}

/// Name and version of the package of somebody else that a directory is, as its manifest says.
pub(crate) fn unpacked_identity(scan: &Scan<'_>, directory: &str) -> Option<(String, String)> {
    let source = source(scan, directory, Mark::Unpacked).ok().flatten()?;
    Some((source.manifest.name, source.manifest.version))
}

fn source(scan: &Scan<'_>, directory: &str, mark: Mark) -> Result<Option<Source>, Gap> {
    let Some(wire) = project::read(scan, &path(directory, MANIFEST))? else {
        return Ok(None);
    };
    let inheritance = Inheritance {
        directory,
        workspace: wire.workspace.as_ref().map(|workspace| (workspace, directory)),
    };
    let Some(read) = wire.read(inheritance) else {
        return Ok(None);
    };
    let checksum = match mark {
        Mark::Vendored => checksum(scan, directory)?,
        Mark::Unpacked => None,
    };
    Ok(Some(Source {
        directory: directory.to_owned(),
        manifest: read.manifest,
        checksum,
    }))
}

#[derive(Deserialize)]
struct ChecksumsWire {
    package: Option<String>,
}

/// A package from git has none.
fn checksum(scan: &Scan<'_>, directory: &str) -> Result<Option<String>, Gap> {
    let place = path(directory, CHECKSUMS);
    let bytes = scan.read(&place, CHECKSUMS_LIMIT)?.unwrap_or_default();
    let damaged = |error: serde_json::Error| Gap::new("damaged", &place, error.to_string());
    let wire: ChecksumsWire = serde_json::from_slice(&bytes).map_err(damaged)?;
    Ok(wire.package)
}
