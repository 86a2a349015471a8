use std::fs;
use std::path::{Path, PathBuf};

use attest_digest::{Walk, WalkEntry, WalkError, WalkOptions};
use attestation::limits;
use attestation::manifest::{Serialization, TreePath};

use crate::causes::with_causes;
use crate::visible::visible;

/// How a directory is looked through.
pub(super) struct Scan<'a> {
    pub(super) root: &'a Path,
    pub(super) serialization: &'a Serialization,
    /// Whether a link may lead out of the directory, where links are allowed at all.
    pub(super) links_may_leave: bool,
    /// What the manifest is kept in, where that lies in the directory: it cannot be about itself.
    pub(super) own: Option<&'a TreePath>,
}

/// What was found, in no particular order.
#[derive(Default)]
pub(super) struct Scanned {
    pub(super) files: Vec<TreePath>,
    /// What no manifest can speak of.
    pub(super) oddities: Vec<Oddity>,
    /// Which of the paths that are left out are there.
    pub(super) ignored: Vec<TreePath>,
}

/// Something that is no file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Oddity {
    pub(super) code: &'static str,
    /// From the top of the directory, fit to be shown.
    pub(super) path: String,
    pub(super) message: String,
    /// Whether nobody can say what it is.
    pub(super) is_unreadable: bool,
}

impl Scan<'_> {
    pub(super) fn run(&self) -> Scanned {
        let mut scanned = Scanned::default();
        for entry in Walk::new(self.root, WalkOptions::default()) {
            match entry {
                Ok(entry) => self.take(entry, &mut scanned),
                Err(error) => self.take_error(&error, &mut scanned),
            }
            // One more than a manifest can have is enough to say so.
            if scanned.files.len() + scanned.oddities.len() > limits::MAX_TREE_RESOURCES {
                break;
            }
        }
        scanned
    }

    fn take(&self, entry: WalkEntry, scanned: &mut Scanned) {
        let relative = self.relative(entry.path());
        if self.ignores(relative, scanned) {
            return;
        }
        match TreePath::of_relative(relative) {
            Err(error) => scanned
                .oddities
                .push(oddity("tree-path-invalid", relative, error.to_string())),
            Ok(path) => match self.linked(&entry) {
                Ok(()) => scanned.files.push(path),
                Err((code, message)) => scanned.oddities.push(oddity(code, relative, message)),
            },
        }
    }

    /// Whether an entry stands for a file.
    fn linked(&self, entry: &WalkEntry) -> Result<(), (&'static str, String)> {
        let WalkEntry::Link(link) = entry else {
            return Ok(());
        };
        let refused = |code, found: &str| Err((code, format!("expected a regular file, found {found}")));
        if !self.serialization.allow_symlinks() {
            return refused("tree-symbolic-link", "a symbolic link");
        }
        if !fs::metadata(link).is_ok_and(|found| found.is_file()) {
            return refused("tree-symbolic-link", "a symbolic link that leads to none");
        }
        match self.links_may_leave || self.is_inside(link) {
            true => Ok(()),
            false => refused(
                "tree-symbolic-link-outside",
                "a symbolic link that leads out of the directory",
            ),
        }
    }

    fn is_inside(&self, link: &Path) -> bool {
        match (link.canonicalize(), self.root.canonicalize()) {
            (Ok(target), Ok(root)) => target.starts_with(root),
            _ => false,
        }
    }

    fn take_error(&self, error: &WalkError, scanned: &mut Scanned) {
        let relative = self.relative(error.path());
        if self.ignores(relative, scanned) {
            return;
        }
        let is_unreadable = !matches!(error, WalkError::NotRegular { .. });
        scanned.oddities.push(Oddity {
            is_unreadable,
            ..oddity(error.code(), relative, with_causes(error))
        });
    }

    /// By whole parts of the path, whether they are UTF-8 or not.
    fn ignores(&self, relative: &Path, scanned: &mut Scanned) -> bool {
        let is_own = self.own.is_some_and(|own| relative == own.to_relative());
        let ignored = self.serialization.ignore_paths();
        let found = ignored.iter().rfind(|path| relative.starts_with(path.as_str()));
        if let Some(path) = found
            && scanned.ignored.last() != Some(path)
            && !scanned.ignored.contains(path)
        {
            scanned.ignored.push(path.clone());
        }
        is_own || found.is_some()
    }

    fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(self.root).unwrap_or(path)
    }
}

fn oddity(code: &'static str, relative: &Path, message: String) -> Oddity {
    let path = match relative.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => relative.to_owned(),
    };
    Oddity {
        code,
        path: visible(&path.display().to_string()),
        message,
        is_unreadable: false,
    }
}
