use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use attest_digest::{MeasureError, Threads};
use attestation::manifest::{Method, Piece, Resource, Serialization, TreeManifest, TreePath};

use super::measure::Measuring;
use super::scan::{Oddity, Scan, Scanned};
use crate::causes::with_causes;
use crate::visible::visible;

/// A directory, held against a manifest that somebody vouches for.
pub(crate) struct Comparison<'a> {
    pub(crate) root: &'a Path,
    pub(crate) manifest: &'a TreeManifest,
    /// What the manifest is kept in.
    pub(crate) kept_in: &'a Path,
    pub(crate) strictness: Strictness,
    pub(crate) threads: Threads,
}

/// What is let pass because somebody said so.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Strictness {
    /// Files that the manifest does not know.
    pub(crate) ignore_unsigned_files: bool,
    /// Links that lead out of the directory, where the manifest allows links.
    pub(crate) links_may_leave: bool,
}

/// Where a directory is not what its manifest says, each list in the order of the names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// There, and not in the manifest: paths, with what they are where that is no file.
    pub(crate) extra: Vec<(String, Option<String>)>,
    /// In the manifest, and not there.
    pub(crate) missing: Vec<String>,
    /// There with other bytes.
    pub(crate) changed: Vec<String>,
    /// There, and nobody can say with what bytes: paths, codes and reasons.
    pub(crate) unreadable: Vec<(String, &'static str, String)>,
    /// How many files are as they were signed.
    pub(crate) same: usize,
    /// What was not looked at: there, and left out by whoever signed.
    pub(crate) ignored: Vec<String>,
    /// There, not in the manifest, and let pass.
    pub(crate) unsigned: usize,
    /// Files without bytes, which a manifest of ranges cannot list.
    pub(crate) empty: usize,
}

impl Difference {
    /// Whether the directory is what was signed.
    pub(crate) fn is_none(&self) -> bool {
        self.extra.is_empty() && self.missing.is_empty() && self.changed.is_empty() && self.unreadable.is_empty()
    }
}

/// The digests of one file.
#[derive(Default)]
struct Listed<'a>(Vec<&'a Resource>);

impl Comparison<'_> {
    pub(crate) fn run(&self) -> Difference {
        let listed = self.listed();
        let serialization = self.serialization(&listed);
        let own = self.own();
        let scan = Scan {
            root: self.root,
            serialization: &serialization,
            links_may_leave: self.strictness.links_may_leave,
            // A manifest that lists the file that it is kept in means another file.
            own: own.as_ref().filter(|own| !listed.contains_key(own.as_str())),
        };
        let mut scanned = scan.run();
        scanned.files.sort_unstable();
        let mut difference = Difference {
            ignored: shown(&scanned.ignored, own.as_ref()),
            ..Difference::default()
        };
        self.take_oddities(&scanned, &listed, &mut difference);
        let same = self.hold(&scanned, &listed, &mut difference);
        self.hash(&same, &listed, &mut difference);
        difference.sort();
        difference
    }

    fn listed(&self) -> BTreeMap<&str, Listed<'_>> {
        let mut listed: BTreeMap<&str, Listed<'_>> = BTreeMap::new();
        for resource in self.manifest.resources() {
            listed.entry(resource.piece().path()).or_default().0.push(resource);
        }
        listed
    }

    /// What the signer left out, and the files of git, as the specification has it (OMS 1.0, section 6.2.1), unless files of
    /// them are listed.
    fn serialization(&self, listed: &BTreeMap<&str, Listed<'_>>) -> Serialization {
        let signed = self.manifest.serialization();
        let defaults = Serialization::DEFAULT_IGNORED
            .iter()
            .filter_map(|path| TreePath::parse(path).ok());
        let holds_listed = |above: &TreePath| {
            let below = format!("{above}/");
            let next = listed.range(below.as_str()..).next();
            listed.contains_key(above.as_str()) || next.is_some_and(|(path, _)| path.starts_with(&below))
        };
        let ignored = signed.ignore_paths().iter().cloned().chain(defaults);
        let ignored = ignored.filter(|path| !holds_listed(path)).collect();
        Serialization::new(signed.method(), signed.algorithm(), signed.allow_symlinks(), ignored)
            .unwrap_or_else(|_| signed.clone())
    }

    /// Where the manifest itself lies, from the top of the directory.
    fn own(&self) -> Option<TreePath> {
        let (root, own) = (self.root.canonicalize().ok()?, self.kept_in.canonicalize().ok()?);
        TreePath::of_relative(own.strip_prefix(root).ok()?).ok()
    }

    fn take_oddities(&self, scanned: &Scanned, listed: &BTreeMap<&str, Listed<'_>>, difference: &mut Difference) {
        for Oddity {
            code,
            path,
            message,
            is_unreadable,
        } in &scanned.oddities
        {
            match (*is_unreadable, listed.contains_key(path.as_str())) {
                (true, _) => difference.unreadable.push((path.clone(), code, message.clone())),
                (false, true) => difference.changed.push(path.clone()),
                (false, false) if self.strictness.ignore_unsigned_files => difference.unsigned += 1,
                (false, false) => difference.extra.push((path.clone(), Some(message.clone()))),
            }
        }
    }

    /// Holds names and lengths against each other. Gives the files that have to be hashed.
    fn hold<'s>(
        &self,
        scanned: &'s Scanned,
        listed: &BTreeMap<&str, Listed<'_>>,
        difference: &mut Difference,
    ) -> Vec<&'s TreePath> {
        let mut same = Vec::new();
        for path in &scanned.files {
            match (listed.get(path.as_str()), self.is_listable(path)) {
                (Some(listed), _) if !self.fits(path, listed) => difference.changed.push(visible(path.as_str())),
                (Some(_), _) => same.push(path),
                (None, false) => difference.empty += 1,
                (None, true) if self.strictness.ignore_unsigned_files => difference.unsigned += 1,
                (None, true) => difference.extra.push((visible(path.as_str()), None)),
            }
        }
        let is_there = |path: &str| {
            let found = scanned.files.binary_search_by(|file| file.as_str().cmp(path)).is_ok();
            found || scanned.oddities.iter().any(|oddity| oddity.path == visible(path))
        };
        let missing = listed.keys().filter(|path| !is_there(path));
        difference.missing = missing.map(|path| visible(path)).collect();
        same
    }

    /// Ranges are of files that have bytes.
    fn is_listable(&self, path: &TreePath) -> bool {
        self.manifest.serialization().method() == Method::Files || self.size(path) != Some(0)
    }

    /// Whether a file of this length has the ranges that are listed.
    fn fits(&self, path: &TreePath, listed: &Listed<'_>) -> bool {
        let serialization = self.manifest.serialization();
        if serialization.method() == Method::Files {
            return true;
        }
        let Some(size) = self.size(path) else {
            // Whoever hashes it says why.
            return true;
        };
        if serialization.count_pieces(size) != listed.0.len() as u64 {
            return false;
        }
        let mut pieces: Vec<Piece> = serialization.pieces(path, size).collect();
        let mut expected: Vec<&Piece> = listed.0.iter().map(|resource| resource.piece()).collect();
        pieces.sort_unstable();
        expected.sort_unstable();
        pieces.iter().eq(expected)
    }

    fn size(&self, path: &TreePath) -> Option<u64> {
        let found = fs::metadata(self.root.join(path.to_relative()));
        found.ok().map(|found| found.len())
    }

    fn hash(&self, same: &[&TreePath], listed: &BTreeMap<&str, Listed<'_>>, difference: &mut Difference) {
        let resources = same.iter().filter_map(|path| listed.get(path.as_str()));
        let resources: Vec<&Resource> = resources.flat_map(|listed| listed.0.iter().copied()).collect();
        let measuring = Measuring {
            root: self.root,
            serialization: self.manifest.serialization(),
            threads: self.threads,
        };
        let mut wrong: BTreeMap<&str, Option<MeasureError>> = BTreeMap::new();
        let mut expected = resources.iter();
        measuring.run(resources.iter().map(|resource| resource.piece()), |piece, measured| {
            let expected = expected.next().map(|resource| resource.digest_bytes());
            match measured {
                Ok(found) if expected == Some(&found) => {}
                Ok(_) => {
                    wrong.insert(piece.path(), None);
                }
                Err(error) => {
                    wrong.entry(piece.path()).or_insert(Some(error));
                }
            }
            ControlFlow::Continue(())
        });
        difference.same = same.len() - wrong.len();
        for (path, error) in wrong {
            match error {
                None => difference.changed.push(visible(path)),
                Some(error) => difference
                    .unreadable
                    .push((visible(path), error.code(), with_causes(&error))),
            }
        }
    }
}

impl Difference {
    fn sort(&mut self) {
        self.extra.sort_unstable();
        self.changed.sort_unstable();
        self.changed.dedup();
        self.unreadable.sort_unstable();
    }
}

/// What was left out, but for what cannot be in.
fn shown(ignored: &[TreePath], own: Option<&TreePath>) -> Vec<String> {
    let others = ignored.iter().filter(|path| Some(*path) != own);
    let mut shown: Vec<String> = others.map(|path| visible(path.as_str())).collect();
    shown.sort_unstable();
    shown
}
