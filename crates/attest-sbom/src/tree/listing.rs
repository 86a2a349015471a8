use std::collections::BTreeSet;

use crate::Gap;

/// The most links that one path may lead through: what Linux allows.
const MAX_LINKS: usize = 40;

/// A file, a directory or a link of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path, relative to the tree, with `/` between its parts.
    pub path: String,
    /// What lies there.
    pub kind: EntryKind,
}

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File {
        /// Its length in bytes.
        size: u64,
        /// Whether somebody may execute it.
        is_executable: bool,
    },
    /// A directory.
    Directory,
    /// A symbolic link.
    Link {
        /// Where it leads, as it is written.
        target: String,
    },
}

impl Entry {
    /// The last part of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The path of the directory that holds it, empty at the top.
    #[must_use]
    pub fn parent(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    /// Whether it is a regular file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self.kind, EntryKind::File { .. })
    }

    /// Length in bytes, of a regular file.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self.kind {
            EntryKind::File { size, .. } => size,
            _ => 0,
        }
    }
}

/// The entries of a tree in the order of their paths, each path once, and what could not be listed.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    entries: Vec<Entry>,
    gaps: Vec<Gap>,
    /// Where a device, a pipe or a socket lies.
    special: BTreeSet<String>,
}

impl Listing {
    /// Sorts entries; of two with one path the later one stays.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>, mut gaps: Vec<Gap>) -> Self {
        entries.reverse();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|later, earlier| later.path == earlier.path);
        gaps.sort();
        let special = BTreeSet::new();
        Self { entries, gaps, special }
    }

    /// The same, with where devices, pipes and sockets lie: none of them is an entry, and none of these paths is free.
    #[must_use]
    pub fn with_special(self, special: BTreeSet<String>) -> Self {
        Self { special, ..self }
    }

    /// Where devices, pipes and sockets lie.
    #[must_use]
    pub fn special(&self) -> &BTreeSet<String> {
        &self.special
    }

    /// Whether a device, a pipe or a socket lies there.
    #[must_use]
    pub fn is_special(&self, path: &str) -> bool {
        self.special.contains(path)
    }

    /// Everything, sorted by path.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What could not be listed.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// What lies at a path, links not followed.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Entry> {
        let place = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path));
        place.ok().map(|place| &self.entries[place])
    }

    /// The directory in which everything lies, as in an archive of sources or of a package; empty where more than one thing lies at
    /// the top.
    #[must_use]
    pub fn top(&self) -> &str {
        let first = self.entries.first().map_or("", |entry| entry.path.as_str());
        let top = first.split('/').next().unwrap_or_default();
        let is_below = |entry: &Entry| entry.path.strip_prefix(top).is_some_and(|rest| rest.starts_with('/'));
        let is_top = |entry: &Entry| entry.path == top && entry.kind == EntryKind::Directory;
        let holds_all = self.entries.iter().all(|entry| is_below(entry) || is_top(entry));
        if holds_all { top } else { "" }
    }

    /// The entries below a directory, at any depth; all of them for the empty path.
    #[must_use]
    pub fn below(&self, directory: &str) -> &[Entry] {
        if directory.is_empty() {
            return &self.entries;
        }
        let prefix = format!("{directory}/");
        let start = self
            .entries
            .partition_point(|entry| entry.path.as_str() < prefix.as_str());
        let rest = &self.entries[start..];
        &rest[..rest.partition_point(|entry| entry.path.starts_with(&prefix))]
    }

    /// The regular files in a directory itself, without walking through the directories in it.
    pub fn files_in<'a>(&'a self, directory: &str) -> impl Iterator<Item = &'a Entry> + use<'a> {
        let mut left = self.below(directory);
        let start = if directory.is_empty() { 0 } else { directory.len() + 1 };
        std::iter::from_fn(move || {
            loop {
                let (entry, rest) = left.split_first()?;
                left = rest;
                if let Some(end) = entry.path[start..].find('/') {
                    let inner = &entry.path[..=start + end];
                    left = &left[left.partition_point(|entry| entry.path.starts_with(inner))..];
                } else if entry.is_file() {
                    return Some(entry);
                }
            }
        })
    }

    /// The regular file that a path leads to: links are followed, absolute ones from the top of the tree, none out of it.
    #[must_use]
    pub fn resolve(&self, path: &str) -> Option<&Entry> {
        let mut left: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let mut reached: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = left.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    reached.pop();
                    continue;
                }
                _ => reached.push(part),
            }
            let Some(EntryKind::Link { target }) = self.at(&reached.join("/")).map(|entry| &entry.kind) else {
                continue;
            };
            links += 1;
            if links > MAX_LINKS {
                return None;
            }
            reached.pop();
            if target.starts_with('/') {
                reached.clear();
            }
            left.extend(target.split('/').rev().map(str::to_owned));
        }
        self.at(&reached.join("/")).filter(|entry| entry.is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, kind: EntryKind) -> Entry {
        let path = path.to_owned();
        Entry { path, kind }
    }

    fn file(path: &str) -> Entry {
        let kind = EntryKind::File {
            size: 0,
            is_executable: false,
        };
        entry(path, kind)
    }

    fn link(path: &str, target: &str) -> Entry {
        let target = target.to_owned();
        entry(path, EntryKind::Link { target })
    }

    #[test]
    fn a_link_is_followed_inside_the_tree() {
        let listing = Listing::new(
            vec![
                file("usr/lib/os-release"),
                link("etc/os-release", "../usr/lib/os-release"),
                link("lib", "usr/lib"),
                link("absolute", "/lib/os-release"),
                link("above", "../../../usr/lib/os-release"),
            ],
            Vec::new(),
        );
        for path in [
            "etc/os-release",
            "lib/os-release",
            "absolute",
            "above",
            "usr/lib/os-release",
        ] {
            let found = listing.resolve(path).map(|entry| entry.path.as_str());
            assert_eq!(found, Some("usr/lib/os-release"), "{path}");
        }
        assert_eq!(listing.resolve("lib"), None);
        assert_eq!(listing.resolve("missing"), None);
    }

    #[test]
    fn links_in_a_circle_lead_nowhere() {
        let listing = Listing::new(vec![link("a", "b"), link("b", "a"), link("c", "c/c")], Vec::new());
        assert_eq!(listing.resolve("a"), None);
        assert_eq!(listing.resolve("c"), None);
    }

    #[test]
    fn what_lies_below_a_directory_is_found_without_its_neighbours() {
        let listing = Listing::new(vec![file("a-b"), file("a/x"), file("a/y/z"), file("a0")], Vec::new());
        let below: Vec<_> = listing.below("a").iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(below, ["a/x", "a/y/z"]);
        assert_eq!(listing.below("").len(), 4);
        assert!(listing.below("none").is_empty());
    }

    #[test]
    fn the_files_of_a_directory_are_found_without_those_below() {
        let listing = Listing::new(
            vec![
                file("a-b"),
                file("a/x"),
                file("a/y/z"),
                file("a/y/z2"),
                file("a/z"),
                file("a0"),
                entry("a", EntryKind::Directory),
            ],
            Vec::new(),
        );
        let files = |directory: &str| {
            listing
                .files_in(directory)
                .map(|entry| entry.path.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(files("a"), ["a/x", "a/z"]);
        assert_eq!(files(""), ["a-b", "a0"]);
        assert!(files("none").is_empty());
    }

    #[test]
    fn the_top_is_the_directory_that_holds_everything() {
        let top = |entries: Vec<Entry>| Listing::new(entries, Vec::new()).top().to_owned();
        assert_eq!(
            top(vec![entry("a", EntryKind::Directory), file("a/b"), file("a/c/d")]),
            "a"
        );
        assert_eq!(top(vec![file("a/b"), file("a/c")]), "a");
        for entries in [
            vec![],
            vec![file("a")],
            vec![file("a/b"), file("ab")],
            vec![file("a/b"), file("c/d")],
        ] {
            assert_eq!(top(entries), "");
        }
    }

    #[test]
    fn of_two_entries_with_one_path_the_later_stays() {
        let listing = Listing::new(vec![file("a"), entry("a", EntryKind::Directory)], Vec::new());
        assert_eq!(listing.entries(), [entry("a", EntryKind::Directory)]);
    }
}
