use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use attest_digest::{Walk, WalkEntry, WalkError, WalkOptions};
use attestation::manifest::{Serialization, TreePath};

use super::difference::Reason;
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
pub(super) enum Found {
    File(TreePath),
    /// What no manifest can speak of.
    Oddity(Oddity),
}

/// Something that is no file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Oddity {
    pub(super) reason: Reason,
    /// From the top of the directory, as the file system has it.
    pub(super) path: PathBuf,
    /// Whether nobody can say what it is.
    pub(super) is_unreadable: bool,
}

impl Oddity {
    /// The path, fit to be shown. It is no name to look anything up by: two paths can be shown alike.
    pub(super) fn shown(&self) -> String {
        match self.path.as_os_str().is_empty() {
            true => ".".to_owned(),
            false => visible(&self.path.display().to_string()),
        }
    }
}

impl Scan<'_> {
    /// Hands over everything until it is told to end. Gives the paths that are left out and are there.
    pub(super) fn run(&self, mut take: impl FnMut(Found) -> ControlFlow<()>) -> BTreeSet<TreePath> {
        let mut left_out = BTreeSet::new();
        for entry in Walk::new(self.root, WalkOptions::default()) {
            let relative = match &entry {
                Ok(entry) => self.relative(entry.path()),
                Err(error) => self.relative(error.path()),
            };
            if self.leaves_out(relative, &mut left_out) {
                continue;
            }
            let found = match &entry {
                Ok(entry) => self.find(entry, relative),
                Err(error) => Found::Oddity(Oddity {
                    is_unreadable: !matches!(error, WalkError::NotRegular { .. }),
                    ..oddity(error.code(), relative, with_causes(error))
                }),
            };
            if take(found).is_break() {
                break;
            }
        }
        left_out
    }

    fn find(&self, entry: &WalkEntry, relative: &Path) -> Found {
        let path = TreePath::of_relative(relative).map_err(|error| ("tree-path-invalid", error.to_string()));
        match path.and_then(|path| self.linked(entry).map(|()| path)) {
            Ok(path) => Found::File(path),
            Err((code, message)) => Found::Oddity(oddity(code, relative, message)),
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

    /// By whole parts of the path, whether they are UTF-8 or not.
    fn leaves_out(&self, relative: &Path, left_out: &mut BTreeSet<TreePath>) -> bool {
        let is_own = self.own.is_some_and(|own| relative == own.to_relative());
        let ignored = self.serialization.ignore_paths();
        let found = ignored.iter().rfind(|path| relative.starts_with(path.as_str()));
        if let Some(path) = found
            && !left_out.contains(path)
        {
            left_out.insert(path.clone());
        }
        is_own || found.is_some()
    }

    fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(self.root).unwrap_or(path)
    }
}

fn oddity(code: &'static str, relative: &Path, message: String) -> Oddity {
    Oddity {
        reason: Reason { code, message },
        path: relative.to_owned(),
        is_unreadable: false,
    }
}
