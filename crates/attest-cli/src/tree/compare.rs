use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use attest_digest::{MeasureError, Threads};
use attestation::manifest::{Method, Piece, Resource, Serialization, TreeManifest, TreePath};

use super::difference::{Difference, Reason};
use super::measure::Measuring;
use super::scan::{Found, Oddity, Scan};
use crate::causes::with_causes;
use crate::visible::visible;

/// A directory, held against a manifest that somebody vouches for.
pub(crate) struct Comparison<'a> {
    pub(crate) root: &'a Path,
    pub(crate) manifest: &'a TreeManifest,
    /// What the manifest is kept in.
    pub(crate) kept_in: &'a Path,
    /// All that is verified as evidence about the directory: where that lies in it, it is looked at, and not left out.
    pub(crate) evidence: &'a [PathBuf],
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

/// The digests of one file.
#[derive(Default)]
struct Listed<'a>(Vec<&'a Resource>);

/// The files of a manifest by their names.
type Files<'a> = BTreeMap<&'a str, Listed<'a>>;

/// What is known before anything is hashed.
#[derive(Default)]
struct Held<'l> {
    /// What is listed and there, whatever it is.
    met: BTreeSet<&'l str>,
    /// The files that have to be hashed.
    same: Vec<&'l str>,
    difference: Difference,
}

impl Comparison<'_> {
    pub(crate) fn run(&self) -> Difference {
        let listed = self.listed();
        let serialization = self.serialization(&listed);
        let own = self.below(self.kept_in);
        let scan = Scan {
            root: self.root,
            serialization: &serialization,
            links_may_leave: self.strictness.links_may_leave,
            // A manifest that lists the file that it is kept in means another file.
            own: own.as_ref().filter(|own| !listed.contains_key(own.as_str())),
        };
        let mut held = Held::default();
        // All of it, however much it is: what nobody has looked at may be anything.
        let left_out = scan.run(|found| {
            match found {
                Found::File(path) => self.take_file(&path, &listed, &mut held),
                Found::Oddity(oddity) => self.take_oddity(oddity, &listed, &mut held),
            }
            ControlFlow::Continue(())
        });
        let Held {
            met,
            same,
            mut difference,
        } = held;
        let missing = listed.keys().filter(|path| !met.contains(**path));
        difference.missing.extend(missing.map(|path| visible(path)));
        difference.ignored = self.shown(&left_out);
        self.hash(&same, &listed, &mut difference);
        difference
    }

    fn listed(&self) -> Files<'_> {
        let mut listed: Files<'_> = BTreeMap::new();
        for resource in self.manifest.resources() {
            listed.entry(resource.piece().path()).or_default().0.push(resource);
        }
        listed
    }

    /// What the signer left out, and the files of git, as the specification has it (OMS 1.0, section 6.2.1), unless files of
    /// them are listed.
    fn serialization(&self, listed: &Files<'_>) -> Serialization {
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

    /// Where a file lies, from the top of the directory, if it lies in it.
    fn below(&self, file: &Path) -> Option<TreePath> {
        let (root, file) = (self.root.canonicalize().ok()?, file.canonicalize().ok()?);
        TreePath::of_relative(file.strip_prefix(root).ok()?).ok()
    }

    /// What was left out, but for what cannot be in.
    fn shown(&self, left_out: &BTreeSet<TreePath>) -> Vec<String> {
        let evidence = self.evidence.iter().filter_map(|path| self.below(path));
        let evidence: BTreeSet<TreePath> = evidence.collect();
        let mut shown: Vec<String> = left_out
            .difference(&evidence)
            .map(|path| visible(path.as_str()))
            .collect();
        shown.sort_unstable();
        shown
    }

    fn take_oddity<'l>(&self, oddity: Oddity, listed: &'l Files<'_>, held: &mut Held<'l>) {
        let path = TreePath::of_relative(&oddity.path).ok();
        let known = path.and_then(|path| listed.get_key_value(path.as_str()));
        held.met.extend(known.map(|(path, _)| *path));
        let (shown, difference) = (oddity.shown(), &mut held.difference);
        match (oddity.is_unreadable, known.is_some()) {
            (true, _) => difference.unreadable.add((shown, oddity.reason)),
            (false, true) => difference.changed.add((shown, Some(oddity.reason))),
            (false, false) if self.strictness.ignore_unsigned_files => difference.unsigned += 1,
            (false, false) => difference.extra.add((shown, Some(oddity.reason))),
        }
    }

    /// Holds names and lengths against each other.
    fn take_file<'l>(&self, path: &TreePath, listed: &'l Files<'_>, held: &mut Held<'l>) {
        let difference = &mut held.difference;
        match listed.get_key_value(path.as_str()) {
            Some((known, listed)) => {
                held.met.insert(known);
                match self.fits(path, listed) {
                    true => held.same.push(known),
                    false => difference.changed.add((visible(path.as_str()), None)),
                }
            }
            None if !self.is_listable(path) => difference.empty += 1,
            None if self.strictness.ignore_unsigned_files => difference.unsigned += 1,
            None => difference.extra.add((visible(path.as_str()), None)),
        }
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

    fn hash(&self, same: &[&str], listed: &Files<'_>, difference: &mut Difference) {
        let resources = same.iter().filter_map(|path| listed.get(*path));
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
                None => difference.changed.add((visible(path), None)),
                Some(error) => difference.unreadable.add((
                    visible(path),
                    Reason {
                        code: error.code(),
                        message: with_causes(&error),
                    },
                )),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::super::{Build, MAX_NAMED};
    use super::*;

    /// A directory, and its manifest of ranges.
    struct Signed {
        _directory: tempfile::TempDir,
        root: PathBuf,
        manifest: TreeManifest,
    }

    impl Signed {
        fn new(names: &[&str], allow_symlinks: bool) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().join("model");
            fs::create_dir(&root).unwrap();
            for name in names {
                fs::write(root.join(name), name).unwrap();
            }
            let method = Method::Shards {
                size: NonZeroU64::new(8).unwrap(),
            };
            let serialization =
                Serialization::new(method, attest_digest::Algorithm::Sha256, allow_symlinks, Vec::new());
            let build = Build {
                root: &root,
                name: None,
                serialization: serialization.unwrap(),
                links_may_leave: false,
                threads: Threads::ONE,
            };
            let manifest = build.manifest().unwrap();
            Self {
                _directory: directory,
                root,
                manifest,
            }
        }

        fn compare(&self, ignore_unsigned_files: bool) -> Difference {
            let strictness = Strictness {
                ignore_unsigned_files,
                links_may_leave: false,
            };
            let comparison = Comparison {
                root: &self.root,
                manifest: &self.manifest,
                kept_in: Path::new("elsewhere.json"),
                evidence: &[],
                strictness,
                threads: Threads::ONE,
            };
            comparison.run()
        }
    }

    #[test]
    fn an_extra_file_is_seen_behind_any_number_of_files_that_are_let_pass() {
        let signed = Signed::new(&["a"], false);
        for number in 0..5 * MAX_NAMED {
            fs::write(signed.root.join(format!("b{number}")), "").unwrap();
        }
        let passed = signed.compare(false);
        assert!(passed.is_none());
        assert_eq!((passed.same, passed.empty), (1, 5 * MAX_NAMED));
        fs::write(signed.root.join("z"), "not signed").unwrap();
        let found = signed.compare(false);
        assert!(found.extra.first().eq([&("z".to_owned(), None)]));
        assert_eq!((found.empty, found.is_none()), (5 * MAX_NAMED, false));
        let passed = signed.compare(true);
        assert_eq!((passed.empty, passed.unsigned), (5 * MAX_NAMED, 1));
    }

    #[test]
    fn extra_files_are_counted_beyond_those_that_are_told_and_a_signed_one_behind_them_is_found() {
        let signed = Signed::new(&["z"], false);
        for number in 0..3 * MAX_NAMED {
            fs::write(signed.root.join(format!("b{number}")), "extra").unwrap();
        }
        let found = signed.compare(false);
        assert_eq!(
            (found.extra.count(), found.extra.first().count()),
            (3 * MAX_NAMED, MAX_NAMED)
        );
        assert_eq!((found.missing.count(), found.same), (0, 1));
        let passed = signed.compare(true);
        assert!(passed.is_none());
        assert_eq!((passed.unsigned, passed.same), (3 * MAX_NAMED, 1));
    }

    #[cfg(unix)]
    #[test]
    fn a_signed_file_that_became_a_link_is_changed_whatever_its_name_is_shown_as() {
        let names = ["plain", "new\nline", "turn\u{202e}ed", r"new\nliteral"];
        for name in names {
            let signed = Signed::new(&names, false);
            assert!(signed.compare(true).is_none());
            fs::rename(signed.root.join(name), signed.root.with_file_name("outside")).unwrap();
            std::os::unix::fs::symlink("../outside", signed.root.join(name)).unwrap();
            for ignore_unsigned_files in [false, true] {
                let found = signed.compare(ignore_unsigned_files);
                let changed: Vec<_> = found.changed.first().map(|(path, _)| path.clone()).collect();
                assert_eq!(changed, [visible(name)]);
                assert_eq!((found.missing.count(), found.extra.count(), found.unsigned), (0, 0, 0));
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_is_shown_like_a_signed_file_does_not_stand_for_it() {
        let signed = Signed::new(&["a", r"new\nline"], false);
        fs::remove_file(signed.root.join(r"new\nline")).unwrap();
        std::os::unix::fs::symlink("a", signed.root.join("new\nline")).unwrap();
        let found = signed.compare(true);
        assert!(found.missing.first().eq([r"new\nline"]));
        assert_eq!((found.changed.count(), found.unsigned), (0, 1));
    }
}
