//! What was read so far: every path once, nothing below a file or a link, and in the end no link that leads out.

use std::collections::HashMap;
use std::collections::hash_map;
use std::sync::Arc;

use super::names::is_reserved;
use super::words::Words;
use super::{EntryKind, Limits, ReadError, Symlinks};
use crate::path::leads_out_on_windows;
use crate::{CaseCollision, MemberPath};

/// The most links that are followed from one: as many as Linux follows (`MAXSYMLINKS`).
const MAX_HOPS: usize = 40;

/// The most names that are looked up to follow all links: a second's work, and far above what a root file system needs.
const MAX_STEPS: usize = 10_000_000;

/// How many curious names are listed, each kind; the rest is not.
const MAX_LISTED: usize = 100;

/// The top.
const ROOT: usize = 0;

/// The members that were read so far.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    words: Words,
    /// By the directory and the number of the name.
    children: HashMap<(usize, usize), usize>,
    folded: HashMap<(usize, usize), Folded>,
    folded_count: usize,
    names: u64,
    paths: u64,
    case_collisions: Vec<CaseCollision>,
    reserved: Vec<MemberPath>,
}

#[derive(Debug)]
struct Node {
    parent: usize,
    name: Arc<str>,
    /// The bytes of its path.
    length: usize,
    folded: usize,
    first_child: Option<usize>,
    kind: NodeKind,
}

#[derive(Debug)]
enum NodeKind {
    /// Only named as part of another path.
    Implied,
    Directory,
    File,
    Symlink(String),
}

/// A place where case is ignored.
#[derive(Debug)]
struct Folded {
    id: usize,
    first: usize,
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node {
                parent: ROOT,
                name: "".into(),
                length: 0,
                folded: 0,
                first_child: None,
                kind: NodeKind::Implied,
            }],
            words: Words::default(),
            children: HashMap::new(),
            folded: HashMap::new(),
            folded_count: 1,
            names: 0,
            paths: 0,
            case_collisions: Vec::new(),
            reserved: Vec::new(),
        }
    }

    /// Takes the next member in.
    pub(crate) fn insert(&mut self, path: &MemberPath, kind: &EntryKind, limits: &Limits) -> Result<(), ReadError> {
        let mut node = ROOT;
        for component in path.components() {
            self.refuse_below(node, path)?;
            node = self.child(node, component, limits)?;
        }
        self.settle(node, path, kind)?;
        if let EntryKind::Symlink { target } = kind {
            self.count_name(target.len(), limits)?;
        }
        if is_reserved(path) && self.reserved.len() < MAX_LISTED {
            self.reserved.push(path.clone());
        }
        Ok(())
    }

    /// Refuses links that lead out, now that all members are known; gives back what is curious.
    pub(crate) fn finish(self, limits: &Limits) -> Result<(Vec<CaseCollision>, Vec<MemberPath>), ReadError> {
        if limits.symlinks == Symlinks::Inside {
            let mut steps = 0;
            for (node, target) in self.symlinks() {
                self.follow(node, target, &mut steps)?;
            }
        }
        Ok((self.case_collisions, self.reserved))
    }

    fn refuse_below(&self, node: usize, below: &MemberPath) -> Result<(), ReadError> {
        match self.nodes[node].kind {
            NodeKind::Implied | NodeKind::Directory => Ok(()),
            NodeKind::File | NodeKind::Symlink(_) => Err(ReadError::NotADirectory {
                path: self.path(node)?,
                below: below.clone(),
            }),
        }
    }

    /// A directory may only be named once, too: the second would change its mode.
    fn settle(&mut self, node: usize, path: &MemberPath, kind: &EntryKind) -> Result<(), ReadError> {
        let is_new = matches!(self.nodes[node].kind, NodeKind::Implied);
        let path = || path.clone();
        if !is_new {
            return Err(ReadError::Duplicate { path: path() });
        }
        let kind = match kind {
            EntryKind::Directory => NodeKind::Directory,
            EntryKind::File { .. } => NodeKind::File,
            EntryKind::Symlink { target } => NodeKind::Symlink(target.clone()),
            EntryKind::HardLink { target } => match self.is_file(target) {
                true => NodeKind::File,
                false => {
                    let (path, target) = (path(), target.clone());
                    return Err(ReadError::HardLink { path, target });
                }
            },
        };
        if !matches!(kind, NodeKind::Directory)
            && let Some(below) = self.nodes[node].first_child
        {
            let (path, below) = (path(), self.path(below)?);
            return Err(ReadError::NotADirectory { path, below });
        }
        self.nodes[node].kind = kind;
        Ok(())
    }

    fn is_file(&self, path: &MemberPath) -> bool {
        let mut node = ROOT;
        for component in path.components() {
            match self.child_of(node, component) {
                Some(child) => node = child,
                None => return false,
            }
        }
        matches!(self.nodes[node].kind, NodeKind::File)
    }

    fn child_of(&self, parent: usize, name: &str) -> Option<usize> {
        self.children.get(&(parent, self.words.number(name)?)).copied()
    }

    fn child(&mut self, parent: usize, name: &str, limits: &Limits) -> Result<usize, ReadError> {
        if let Some(child) = self.child_of(parent, name) {
            return Ok(child);
        }
        // The root is no member.
        if self.nodes.len() > limits.members {
            let limit = limits.members;
            return Err(ReadError::TooManyMembers { limit });
        }
        self.count_name(name.len(), limits)?;
        let length = self.count_path(parent, name, limits)?;
        let child = self.nodes.len();
        let folded = self.fold(parent, name, child);
        let (word, name) = self.words.take(name);
        self.nodes.push(Node {
            parent,
            name,
            length,
            folded: folded.0,
            first_child: None,
            kind: NodeKind::Implied,
        });
        self.children.insert((parent, word), child);
        self.nodes[parent].first_child.get_or_insert(child);
        if let Some(first) = folded.1
            && self.case_collisions.len() < MAX_LISTED
        {
            let (first, second) = (self.path(first)?, self.path(child)?);
            self.case_collisions.push(CaseCollision { first, second });
        }
        Ok(child)
    }

    /// The place of a new node where case is ignored, and the node that was there first.
    fn fold(&mut self, parent: usize, name: &str, child: usize) -> (usize, Option<usize>) {
        let key = (self.nodes[parent].folded, self.words.take(&name.to_lowercase()).0);
        match self.folded.entry(key) {
            hash_map::Entry::Occupied(there) => (there.get().id, Some(there.get().first)),
            hash_map::Entry::Vacant(free) => {
                let id = self.folded_count;
                self.folded_count += 1;
                free.insert(Folded { id, first: child });
                (id, None)
            }
        }
    }

    fn count_name(&mut self, length: usize, limits: &Limits) -> Result<(), ReadError> {
        self.names += length as u64;
        match self.names > limits.names {
            true => Err(ReadError::NamesTooLong { limit: limits.names }),
            false => Ok(()),
        }
    }

    /// The bytes of the path of a new node.
    fn count_path(&mut self, parent: usize, name: &str, limits: &Limits) -> Result<usize, ReadError> {
        let slash = usize::from(parent != ROOT);
        let length = self.nodes[parent].length + slash + name.len();
        self.paths += length as u64;
        match self.paths > limits.paths {
            true => Err(ReadError::PathsTooLong { limit: limits.paths }),
            false => Ok(length),
        }
    }

    fn path(&self, mut node: usize) -> Result<MemberPath, ReadError> {
        let mut names = Vec::new();
        while node != ROOT {
            names.push(&*self.nodes[node].name);
            node = self.nodes[node].parent;
        }
        names.reverse();
        Ok(names.join("/").parse()?)
    }

    fn symlinks(&self) -> impl Iterator<Item = (usize, &str)> {
        self.nodes
            .iter()
            .enumerate()
            .filter_map(|(node, found)| match &found.kind {
                NodeKind::Symlink(target) => Some((node, &**target)),
                _ => None,
            })
    }

    /// Follows the link as a file system would, other links on the way included.
    fn follow(&self, link: usize, target: &str, steps: &mut usize) -> Result<(), ReadError> {
        if leads_elsewhere(target) {
            return Err(self.escapes(link, target)?);
        }
        let mut place = self.place(self.nodes[link].parent);
        *steps += place.len();
        let mut ahead: Vec<&str> = target.split('/').rev().collect();
        let mut hops = 1;
        while let Some(component) = ahead.pop() {
            *steps += 1;
            if *steps > MAX_STEPS {
                return Err(ReadError::LinkSteps { limit: MAX_STEPS });
            }
            if !self.step(&mut place, component) {
                return Err(self.escapes(link, target)?);
            }
            if let Some(next) = self.link_at(&place) {
                hops += 1;
                if hops > MAX_HOPS {
                    let (path, limit) = (self.path(link)?, MAX_HOPS);
                    return Err(ReadError::LinkLoop { path, limit });
                }
                place.pop();
                ahead.extend(next.split('/').rev());
            }
        }
        Ok(())
    }

    /// From the root down to `node`.
    fn place(&self, mut node: usize) -> Vec<Option<usize>> {
        let mut place = vec![Some(node)];
        while node != ROOT {
            node = self.nodes[node].parent;
            place.push(Some(node));
        }
        place.reverse();
        place
    }

    /// Goes one component further; not so above the root. Below a name that is not there, only the depth counts.
    fn step(&self, place: &mut Vec<Option<usize>>, component: &str) -> bool {
        match component {
            "" | "." => {}
            ".." => {
                place.pop();
            }
            name => {
                let here = place.last().copied().flatten();
                place.push(here.and_then(|node| self.child_of(node, name)));
            }
        }
        !place.is_empty()
    }

    fn link_at(&self, place: &[Option<usize>]) -> Option<&str> {
        match &self.nodes[place.last().copied().flatten()?].kind {
            NodeKind::Symlink(target) => Some(target),
            _ => None,
        }
    }

    fn escapes(&self, link: usize, target: &str) -> Result<ReadError, ReadError> {
        Ok(ReadError::LinkEscapes {
            path: self.path(link)?,
            target: target.to_owned(),
        })
    }
}

/// Whether a target leads out by its text alone, on some system.
fn leads_elsewhere(target: &str) -> bool {
    target.is_empty() || target.starts_with('/') || target.contains('\0') || leads_out_on_windows(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: EntryKind = EntryKind::File { executable: false };

    fn symlink(target: &str) -> EntryKind {
        let target = target.to_owned();
        EntryKind::Symlink { target }
    }

    fn hard_link(target: &str) -> EntryKind {
        let target = target.parse().unwrap();
        EntryKind::HardLink { target }
    }

    fn read(members: &[(&str, EntryKind)]) -> Result<(Vec<CaseCollision>, Vec<MemberPath>), ReadError> {
        let (mut tree, limits) = (Tree::new(), Limits::default());
        for (path, kind) in members {
            tree.insert(&path.parse().unwrap(), kind, &limits)?;
        }
        tree.finish(&limits)
    }

    #[test]
    fn a_path_that_is_there_twice_is_refused() {
        for kind in [FILE, EntryKind::Directory, symlink("b")] {
            let error = read(&[("a", kind), ("a", FILE)]).unwrap_err();
            assert_eq!(error.to_string(), "`a` is there twice");
        }
        assert!(read(&[("a/b", FILE), ("a", EntryKind::Directory)]).is_ok());
    }

    #[test]
    fn nothing_lies_below_a_file_or_a_link_in_either_order() {
        for kind in [FILE, symlink("b")] {
            for members in [
                [("a", kind.clone()), ("a/b", FILE)],
                [("a/b", FILE), ("a", kind.clone())],
            ] {
                let error = read(&members).unwrap_err();
                assert_eq!(error.to_string(), "`a` is not a directory, but `a/b` lies below it");
            }
        }
    }

    #[test]
    fn links_that_stay_inside_are_accepted_and_others_are_not() {
        for target in ["missing", "../x", "..", "./../b//c", "../d/../e"] {
            assert!(read(&[("d/link", symlink(target))]).is_ok(), "{target}");
        }
        for target in [
            "../..",
            "x/../../../y",
            "/etc/passwd",
            "\\\\host",
            "..\\..\\x",
            "C:\\x",
            "c:x",
            "",
        ] {
            let error = read(&[("d/link", symlink(target))]).unwrap_err();
            assert!(matches!(error, ReadError::LinkEscapes { target: found, .. } if found == target));
        }
    }

    #[test]
    fn a_link_that_leads_out_through_another_is_refused_in_either_order() {
        let (up, out) = (("a/b/up", symlink("..")), ("out", symlink("a/b/up/../..")));
        for members in [[up.clone(), out.clone()], [out, up.clone()]] {
            let error = read(&members).unwrap_err();
            assert_eq!(
                error.to_string(),
                "symbolic link `out` leads out of the archive: its target is `a/b/up/../..`"
            );
        }
        assert!(read(&[up, ("in", symlink("a/b/up/.."))]).is_ok());
    }

    #[test]
    fn links_that_lead_to_each_other_are_refused() {
        let error = read(&[("a", symlink("b")), ("b", symlink("a"))]).unwrap_err();
        assert!(matches!(error, ReadError::LinkLoop { limit: 40, .. }));
    }

    #[test]
    fn a_hard_link_leads_to_a_file_that_came_before() {
        assert!(read(&[("a", FILE), ("b", hard_link("a")), ("c", hard_link("b"))]).is_ok());
        for members in [
            vec![("b", hard_link("a")), ("a", FILE)],
            vec![("a", EntryKind::Directory), ("b", hard_link("a"))],
            vec![("a", symlink("c")), ("b", hard_link("a"))],
        ] {
            let error = read(&members).unwrap_err();
            assert_eq!(
                error.to_string(),
                "hard link `b` leads to `a`, and no file of that name came before it"
            );
        }
    }

    #[test]
    fn names_that_differ_only_in_case_and_names_of_windows_are_listed() {
        let (collisions, reserved) = read(&[("A/x", FILE), ("a/y", FILE), ("a/Y", FILE), ("aux.c", FILE)]).unwrap();
        let pairs: Vec<_> = collisions
            .iter()
            .map(|pair| (pair.first.as_str(), pair.second.as_str()))
            .collect();
        assert_eq!(pairs, [("A", "a"), ("a/y", "a/Y")]);
        assert_eq!(reserved, ["aux.c".parse().unwrap()]);
    }

    #[test]
    fn members_and_names_are_limited_implied_directories_included() {
        let mut limits = Limits {
            members: 2,
            ..Limits::default()
        };
        let mut tree = Tree::new();
        tree.insert(&"a/b".parse().unwrap(), &FILE, &limits).unwrap();
        let error = tree.insert(&"c".parse().unwrap(), &FILE, &limits).unwrap_err();
        assert!(matches!(error, ReadError::TooManyMembers { limit: 2 }));
        limits.names = 3;
        let error = Tree::new()
            .insert(&"abc/d".parse().unwrap(), &FILE, &limits)
            .unwrap_err();
        assert!(matches!(error, ReadError::NamesTooLong { limit: 3 }));
    }

    #[test]
    fn paths_are_limited_each_from_the_top_implied_directories_included() {
        // `a`, `a/b`, `a/b/c` and `a/b/d`.
        for (paths, is_accepted) in [(14, true), (13, false)] {
            let limits = Limits {
                paths,
                ..Limits::default()
            };
            let mut tree = Tree::new();
            tree.insert(&"a/b/c".parse().unwrap(), &FILE, &limits).unwrap();
            let second = tree.insert(&"a/b/d".parse().unwrap(), &FILE, &limits);
            assert_eq!(second.is_ok(), is_accepted);
            let is_told = matches!(second, Err(ReadError::PathsTooLong { limit: 13 }));
            assert_eq!(is_told, !is_accepted);
        }
    }

    #[test]
    fn few_long_paths_are_refused_before_their_directories_take_the_memory() {
        let deep = "x/".repeat(2000);
        let mut tree = Tree::new();
        let mut inserted = (0..1000).map(|number| {
            let path = format!("{number}/{deep}x").parse().unwrap();
            tree.insert(&path, &FILE, &Limits::default())
        });
        let refused = inserted.by_ref().position(|inserted| inserted.is_err());
        // Each brings 2001 directories, half as long as itself on average.
        assert_eq!(refused, Some(33));
    }
}
