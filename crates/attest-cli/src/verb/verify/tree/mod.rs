//! Directories with a tree manifest: one artifact each, held against every file that the manifest lists.
//!
//! That a file holds a tree manifest is first seen in what nobody has checked yet. It only decides what is asked: whether the
//! directory is one artifact with a manifest or a set of files with evidence of their own. Either way everything in it has to
//! be covered by whoever is expected, and what the manifest says counts once its signature is verified.

mod findings;
mod judge;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use attestation::foreign::{Limits, read_evidence};
use attestation::manifest::TreeManifest;

use super::arguments::SubjectArguments;
use super::evidence::Origin;
use crate::failure::Failure;
use crate::tree::SIGNATURE_NAME;
pub(super) use findings::{Named, TreeFindings};

/// What a signature of a directory is called beside it.
const ENDINGS: [&str; 2] = [".sig", ".sigstore.json"];

/// The directories of a call that are judged by a tree manifest.
#[derive(Default)]
pub(super) struct Trees(Vec<Tree>);

/// A directory, and what is said to hold its manifest.
struct Tree {
    root: PathBuf,
    bundles: Vec<(PathBuf, Origin)>,
}

impl Trees {
    /// By the bundles that the call names, else by what lies in the directories and beside them.
    pub(super) fn find(arguments: &SubjectArguments) -> Result<Self, Failure> {
        let directories = arguments.files.iter();
        let directories: Vec<&PathBuf> = directories.filter(|path| is_directory(path)).collect();
        if directories.is_empty() || !arguments.signature.is_empty() {
            return Ok(Self::default());
        }
        let given = |path: &&PathBuf| claims_manifest(path);
        let given: BTreeSet<&PathBuf> = arguments.bundle.iter().filter(given).collect();
        if given.is_empty() && !arguments.bundle.is_empty() {
            return Ok(Self::default());
        }
        if given.is_empty() {
            return Ok(Self(
                directories.into_iter().filter_map(|root| Tree::beside(root)).collect(),
            ));
        }
        let bundles = given.into_iter().map(|path| (path.clone(), Origin::Given)).collect();
        match directories.as_slice() {
            [root] => Ok(Self(vec![Tree {
                root: (*root).clone(),
                bundles,
            }])),
            several => Err(Failure::usage(
                "tree-ambiguous",
                format_args!("expected one directory for the tree manifest, found {}", several.len()),
            )
            .at("--bundle")
            .hint("verify each directory in a call of its own: `attest verify DIR --bundle FILE`")),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The directories.
    pub(super) fn roots(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(|tree| tree.root.as_path())
    }

    /// Whether a path of the call is one of them.
    pub(super) fn is_one(&self, path: &Path) -> bool {
        self.0.iter().any(|tree| tree.root == path)
    }

    /// Whether a bundle of the call is for one of them.
    pub(super) fn holds(&self, path: &Path) -> bool {
        self.0
            .iter()
            .any(|tree| tree.bundles.iter().any(|(bundle, _)| bundle == path))
    }

    /// Every file that is named to be read.
    pub(super) fn reads(&self) -> impl Iterator<Item = &Path> {
        self.0
            .iter()
            .flat_map(|tree| tree.bundles.iter().map(|(path, _)| path.as_path()))
    }
}

impl Tree {
    fn beside(root: &Path) -> Option<Self> {
        let inside = root.join(SIGNATURE_NAME);
        let beside = ENDINGS.iter().filter_map(|ending| {
            let mut name = root.file_name()?.to_owned();
            name.push(ending);
            Some(root.with_file_name(name))
        });
        let all = std::iter::once(inside).chain(beside).filter(|path| path.is_file());
        let bundles: Vec<_> = all
            .filter(|path| claims_manifest(path))
            .map(|path| (path, Origin::Beside))
            .collect();
        (!bundles.is_empty()).then(|| Self {
            root: root.to_owned(),
            bundles,
        })
    }
}

fn is_directory(path: &Path) -> bool {
    !attest_store::has_bundle_name(path) && path.is_dir()
}

/// Whether a file says that it holds a tree manifest, or cannot be read so that nobody knows.
fn claims_manifest(path: &Path) -> bool {
    let Ok(bytes) = attest_store::read_bundle_file(path) else {
        return true;
    };
    let pieces = read_evidence(bytes.peek_unverified(), &Limits::default());
    pieces.iter().flatten().any(|(_, bundle)| {
        let envelope = bundle.peek_unverified().envelope();
        envelope.is_some_and(|envelope| TreeManifest::is_claimed_by(envelope.payload().as_bytes()))
    })
}
