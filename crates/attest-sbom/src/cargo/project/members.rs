use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use attest_archive::chart::Glob;

use super::{Manifests, Own, Project, around};
use crate::Gap;
use crate::cargo::manifest::{WorkspaceWire, joined};

/// The largest workspaces have about 1,000 members.
const MAX_PACKAGES: usize = 10_000;

/// Which directories a workspace takes in.
pub(super) struct Extent<'a> {
    root: &'a str,
    /// Members without a pattern; they are members even below what is excluded.
    named: BTreeSet<String>,
    patterns: Vec<Pattern>,
    excluded: BTreeSet<String>,
    default: BTreeSet<String>,
    default_patterns: Vec<Pattern>,
}

impl<'a> Extent<'a> {
    pub(super) fn new(root: &'a str, workspace: Option<&WorkspaceWire>) -> Self {
        let list = |of: fn(&WorkspaceWire) -> &Vec<String>| workspace.map(of).into_iter().flatten();
        let split = |list: Vec<&String>| -> (BTreeSet<String>, Vec<Pattern>) {
            let (patterns, plain): (Vec<&String>, Vec<&String>) = list.into_iter().partition(|text| is_pattern(text));
            let plain = plain.into_iter().filter_map(|path| joined(root, path));
            let patterns = patterns.into_iter().filter_map(|text| Pattern::parse(root, text));
            (plain.collect(), patterns.collect())
        };
        let (named, patterns) = split(list(|workspace| &workspace.members).collect());
        let (default, default_patterns) = split(list(|workspace| &workspace.default_members).collect());
        let excluded = list(|workspace| &workspace.exclude).filter_map(|path| joined(root, path));
        Self {
            root,
            named,
            patterns,
            excluded: excluded.collect(),
            default,
            default_patterns,
        }
    }

    fn is_excluded(&self, directory: &str) -> bool {
        let is_below = |paths: &BTreeSet<String>| around(directory).any(|outer| paths.contains(outer));
        is_below(&self.excluded) && !is_below(&self.named)
    }

    fn is_inside(&self, directory: &str) -> bool {
        is_in(directory, self.root) && !self.is_excluded(directory)
    }

    /// Without a list, the package at the root is built, or all of a workspace that has none.
    fn is_default(&self, directory: &str, has_root: bool) -> bool {
        match self.default.is_empty() && self.default_patterns.is_empty() {
            true => !has_root || directory == self.root,
            false => {
                self.default.contains(directory)
                    || self.default_patterns.iter().any(|pattern| pattern.matches(directory))
            }
        }
    }

    /// The directories of the members that are listed, and those of what is named and not there.
    fn listed(&self, manifests: &mut Manifests<'_>, directories: &BTreeSet<&str>) -> [BTreeSet<String>; 2] {
        let named = self.named.iter().cloned();
        let (mut found, missing): (BTreeSet<String>, BTreeSet<String>) = named.partition(|path| manifests.exists(path));
        for pattern in &self.patterns {
            let candidates = below(directories, &pattern.start);
            let candidates = candidates.inspect(|_| manifests.step());
            let matching = candidates.filter(|directory| pattern.matches(directory) && !self.is_excluded(directory));
            found.extend(matching.map(str::to_owned));
        }
        [found, missing]
    }
}

/// The members of a workspace and whatever lies in the tree and is needed by one, in the order of their directories.
pub(super) fn packages(
    manifests: &mut Manifests<'_>,
    project: &Project,
    extent: &Extent<'_>,
    directories: &BTreeSet<&str>,
) -> Vec<Own> {
    let [mut listed, missing] = extent.listed(manifests, directories);
    for path in missing {
        let detail = format!("the workspace names a member `{path}`, where no manifest lies");
        manifests.note(Gap::new("unresolved", &project.path(super::MANIFEST), detail));
    }
    listed.insert(extent.root.to_owned());
    let mut left: Vec<(String, bool)> = listed.into_iter().map(|directory| (directory, true)).collect();
    // A patch is no member. One that lies elsewhere is found to be lost where the lock file names it.
    if let Some(wire) = manifests.wire(extent.root) {
        let patched = wire.patched().filter_map(|path| joined(extent.root, path));
        left.extend(patched.filter(|path| manifests.exists(path)).map(|path| (path, false)));
    }
    reached(manifests, project, extent, left)
}

/// The packages in directories, each with whether it is a member, and what their paths lead to.
fn reached(
    manifests: &mut Manifests<'_>,
    project: &Project,
    extent: &Extent<'_>,
    mut left: Vec<(String, bool)>,
) -> Vec<Own> {
    let mut found: BTreeMap<String, Own> = BTreeMap::new();
    let has_root = manifests.wire(extent.root).is_some_and(|wire| wire.package.is_some());
    while let Some((directory, is_member)) = left.pop() {
        if found.get(&directory).is_some_and(|known| known.is_member || !is_member) {
            continue;
        }
        if found.len() >= MAX_PACKAGES {
            let detail = format!("expected at most {MAX_PACKAGES} packages in one workspace");
            manifests.note(Gap::new("too-large", &project.path(super::MANIFEST), detail));
            break;
        }
        manifests.step();
        let known = found.remove(&directory).map(|own| own.manifest);
        let Some(manifest) = known.or_else(|| manifests.package(&directory)) else {
            continue;
        };
        left.extend(manifest.directories().map(|next| {
            let is_member = is_member && extent.is_inside(next);
            (next.to_owned(), is_member)
        }));
        let own = Own {
            is_default: extent.is_default(&directory, has_root),
            directory: directory.clone(),
            manifest,
            is_member,
        };
        found.insert(directory, own);
    }
    found.into_values().collect()
}

/// A directory, if it is one of these, and those in it.
fn below<'d>(directories: &'d BTreeSet<&str>, outer: &str) -> impl Iterator<Item = &'d str> {
    let inside = match outer {
        "" => String::new(),
        outer => format!("{outer}/"),
    };
    let itself = directories.get(outer).filter(|itself| !itself.is_empty()).copied();
    let all = directories.range::<str, _>((Bound::Included(inside.as_str()), Bound::Unbounded));
    let rest: Vec<&str> = all.copied().take_while(|path| path.starts_with(&inside)).collect();
    itself.into_iter().chain(rest)
}

/// Whether a directory is another one, or lies in it.
fn is_in(directory: &str, outer: &str) -> bool {
    outer.is_empty()
        || directory
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// A path with wildcards, part by part: `**` stands for any number of directories.
struct Pattern {
    parts: Vec<Part>,
    /// The directory before the first wildcard.
    start: String,
}

enum Part {
    AnyDepth,
    Name(Glob),
}

impl Pattern {
    fn parse(root: &str, text: &str) -> Option<Self> {
        // The parts before the first wildcard may go up.
        let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let plain = parts.iter().position(|part| is_pattern(part))?;
        let start = joined(root, &parts[..plain].join("/"))?;
        let before = start.split('/').filter(|part| !part.is_empty()).map(escaped);
        let rest = parts[plain..].iter().map(|part| part.replace("[!", "[^"));
        let parts = before.chain(rest).map(|part| match part.as_str() {
            "**" => Some(Part::AnyDepth),
            name => Glob::parse(name).map(Part::Name),
        });
        let parts = parts.collect::<Option<Vec<_>>>()?;
        Some(Self { parts, start })
    }

    fn matches(&self, directory: &str) -> bool {
        let names: Vec<&str> = directory.split('/').filter(|name| !name.is_empty()).collect();
        // Which prefixes of the names the parts so far can stand for.
        let mut reached = vec![false; names.len() + 1];
        reached[0] = true;
        for part in &self.parts {
            let mut next = vec![false; names.len() + 1];
            for place in 0..=names.len() {
                next[place] = match part {
                    Part::AnyDepth => reached[place] || (place > 0 && next[place - 1]),
                    Part::Name(glob) => place > 0 && reached[place - 1] && glob.matches(names[place - 1]),
                };
            }
            reached = next;
        }
        reached[names.len()]
    }
}

fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\")
        .replace('[', "\\[")
        .replace('*', "\\*")
        .replace('?', "\\?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_in_a_directory_is_compared_with_a_pattern() {
        let directories = BTreeSet::from(["", "a", "a-b", "a/x", "a/x/y", "a0"]);
        let below = |outer| super::below(&directories, outer).collect::<Vec<_>>();
        assert_eq!(below("a"), ["a", "a/x", "a/x/y"]);
        assert_eq!(below(""), ["", "a", "a-b", "a/x", "a/x/y", "a0"]);
        assert_eq!(below("b"), [""; 0]);
    }

    fn matches(root: &str, pattern: &str, directory: &str) -> bool {
        Pattern::parse(root, pattern).unwrap().matches(directory)
    }

    #[test]
    fn a_pattern_stands_for_directories_below_the_root() {
        for (root, pattern, directory) in [
            ("", "crates/*", "crates/a"),
            ("", "./crates/*/", "crates/a"),
            ("ws", "crates/*", "ws/crates/a"),
            ("ws", "../*", "a"),
            ("", "**/a", "a"),
            ("", "**/a", "x/y/a"),
            ("", "crates/**", "crates/x/y"),
            ("", "[!a]?", "bc"),
            ("w[1]", "*", "w[1]/a"),
        ] {
            assert!(matches(root, pattern, directory), "{root} {pattern} {directory}");
        }
        for (root, pattern, directory) in [
            ("", "crates/*", "crates"),
            ("", "crates/*", "crates/a/b"),
            ("ws", "crates/*", "crates/a"),
            ("", "[!a]?", "ac"),
            ("", "**/a", "x/ab"),
        ] {
            assert!(!matches(root, pattern, directory), "{root} {pattern} {directory}");
        }
    }

    #[test]
    fn a_directory_is_in_itself_and_not_in_its_neighbour() {
        assert!(is_in("a/b", "a") && is_in("a", "a") && is_in("a", ""));
        assert!(!is_in("ab", "a") && !is_in("a", "a/b"));
    }
}
