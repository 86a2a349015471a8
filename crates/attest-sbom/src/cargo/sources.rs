//! Sources of packages of others, where they lie in the tree: below a directory that `cargo vendor` made, or in the store
//! that Cargo unpacks packages to. Their manifests say what a lock file does not.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;
use serde::Deserialize;

use super::manifest::{Inheritance, Manifest};
use super::project::{self, MANIFEST, around, path};
use crate::Gap;
use crate::scan::Scan;

/// Beside a vendored package: its checksum, and that of each of its files.
pub(super) const CHECKSUMS: &str = ".cargo-checksum.json";

/// Beside a package that Cargo unpacked.
pub(super) const UNPACKED: &str = ".cargo-ok";

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
        Self(unpacked.chain(vendored).collect())
    }

    /// Whether a directory is part of somebody else's package.
    pub(super) fn hold(&self, directory: &str) -> bool {
        around(directory).any(|outer| self.0.contains_key(outer))
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
