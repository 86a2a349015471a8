//! Layers on each other: what a system sees that unpacks them in their order.
//!
//! Source: OCI image-spec 1.1, `layer.md`, "Applying Changesets". Where it is silent, as containerd does it: a path goes
//! through the links that are there already, and none leads out.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::kept::Node;

/// What one member of a layer does.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) path: String,
    pub(super) kind: ChangeKind,
}

#[derive(Debug)]
pub(super) enum ChangeKind {
    Put(Node),
    /// Another name of a file; its path is without `..`.
    Join(String),
    Directory,
    /// A device or a pipe, which nobody wants to see, takes the place of what was there.
    Cover,
}

/// The most problems that are told one by one: an image may have two million members.
const MAX_PROBLEMS: usize = 100;

/// What marks that something of the layers below is gone.
const WHITEOUT: &str = ".wh.";
/// That everything of the layers below is gone from its directory.
const OPAQUE: &str = ".wh..wh..opq";
/// What else begins so is for the system that made the layer.
const META: &str = ".wh..wh.";

/// The most links on one way: what Linux allows.
const MAX_LINKS: usize = 40;

#[derive(Debug, Default)]
pub(super) struct Stack {
    nodes: BTreeMap<String, (usize, Node)>,
    layer: usize,
    /// Where directories are that were looked up, as long as no link comes or goes.
    resolved: HashMap<String, Option<String>>,
    /// What this layer has taken away from those below: it can do so once.
    taken_away: HashSet<String>,
    /// The last parts of the paths that hard links name.
    joined_names: HashSet<String>,
    /// What has such a name and is no file: a hard link to it leads somewhere.
    covered: HashSet<String>,
    /// What is damaged, by the layer that it is in, from 0 on.
    problems: Vec<(usize, String)>,
}

impl Stack {
    /// Everything that comes now is of the next layer.
    pub(super) fn next_layer(&mut self) {
        self.layer += 1;
        self.taken_away = HashSet::new();
    }

    /// Looks at changes that will be applied: only of what hard links name it is remembered that it was there.
    pub(super) fn foresee(&mut self, changes: &[Change]) {
        for change in changes {
            if let ChangeKind::Join(target) = &change.kind {
                self.joined_names.insert(last(target).to_owned());
            }
        }
    }

    /// What is damaged, by the layer that it is in, from 0 on.
    pub(super) fn problems(&self) -> &[(usize, String)] {
        &self.problems
    }

    /// Applies a change of a layer.
    pub(super) fn apply(&mut self, change: Change) {
        let (parent, name) = change.path.rsplit_once('/').unwrap_or(("", &change.path));
        let Some(parent) = self.directory(parent) else {
            return self.problem(format!("the links on the way to `{}` lead in a circle", change.path));
        };
        if name == OPAQUE {
            if self.taken_away.insert(joined(&parent, OPAQUE)) {
                self.remove_older_below(&parent);
            }
        } else if let Some(gone) = name.strip_prefix(WHITEOUT) {
            let gone = joined(&parent, gone);
            if !name.starts_with(META) && self.taken_away.insert(gone.clone()) {
                self.remove_older(&gone);
            }
        } else {
            let path = joined(&parent, name);
            self.put(path, change.kind);
        }
    }

    /// The same for an archive, in which no name marks anything.
    pub(super) fn apply_plainly(&mut self, change: Change) {
        let (parent, name) = change.path.rsplit_once('/').unwrap_or(("", &change.path));
        match self.directory(parent) {
            Some(parent) => self.put(joined(&parent, name), change.kind),
            None => self.problem(format!("the links on the way to `{}` lead in a circle", change.path)),
        }
    }

    pub(super) fn into_nodes(self) -> impl Iterator<Item = (String, Node)> {
        self.nodes.into_iter().map(|(path, (_, node))| (path, node))
    }

    fn put(&mut self, path: String, kind: ChangeKind) {
        if path.is_empty() {
            return;
        }
        let node = match kind {
            // What lies below a directory stays when it comes again.
            ChangeKind::Directory => return self.remove(&path),
            ChangeKind::Cover => None,
            ChangeKind::Put(node) => Some(node),
            ChangeKind::Join(target) => self.file(&target, &path),
        };
        if node.is_none() && self.joined_names.contains(last(&path)) {
            self.covered.insert(path.clone());
        }
        self.remove(&path);
        self.remove_where(&path, |_| true);
        if let Some(node) = node {
            if matches!(node, Node::Link { .. }) {
                self.resolved = HashMap::new();
            }
            self.nodes.insert(path, (self.layer, node));
        }
    }

    /// The file that a hard link at `path` names; nothing for what is no file, or is not there.
    fn file(&mut self, target: &str, path: &str) -> Option<Node> {
        let (parent, name) = target.rsplit_once('/').unwrap_or(("", target));
        let found = self.directory(parent).map(|parent| joined(&parent, name));
        let node = found.as_ref().and_then(|found| self.nodes.get(found));
        let node = node.map(|(_, node)| node.clone());
        if node.is_none() && !found.is_some_and(|found| self.covered.contains(&found)) {
            self.problem(format!("the hard link `{path}` names `{target}`, which is in no layer"));
        }
        node
    }

    fn problem(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push((self.layer, problem));
        }
    }

    fn remove(&mut self, path: &str) {
        if let Some((_, Node::Link { .. })) = self.nodes.remove(path) {
            self.resolved = HashMap::new();
        }
    }

    fn remove_older(&mut self, path: &str) {
        let layer = self.layer;
        if self.nodes.get(path).is_some_and(|(of, _)| *of < layer) {
            self.remove(path);
        }
        self.remove_older_below(path);
    }

    fn remove_older_below(&mut self, directory: &str) {
        let layer = self.layer;
        self.remove_where(directory, |of| of < layer);
    }

    /// Removes what lies below a directory, by its layer.
    fn remove_where(&mut self, directory: &str, is_removed: impl Fn(usize) -> bool) {
        let prefix = if directory.is_empty() {
            String::new()
        } else {
            format!("{directory}/")
        };
        let below = self
            .nodes
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix));
        let gone: Vec<String> = below
            .filter(|(_, (of, _))| is_removed(*of))
            .map(|(path, _)| path.clone())
            .collect();
        for path in gone {
            self.remove(&path);
        }
    }

    /// Where a directory really is; nothing when links lead in a circle.
    fn directory(&mut self, path: &str) -> Option<String> {
        if let Some(found) = self.resolved.get(path) {
            return found.clone();
        }
        let found = self.follow(path);
        self.resolved.insert(path.to_owned(), found.clone());
        found
    }

    fn follow(&self, path: &str) -> Option<String> {
        let mut left: Vec<&str> = path.split('/').rev().collect();
        let mut reached = String::new();
        let mut links = 0;
        while let Some(part) = left.pop() {
            match part {
                "" | "." => continue,
                ".." => {
                    reached.truncate(reached.rfind('/').unwrap_or(0));
                    continue;
                }
                _ => {}
            }
            let next = joined(&reached, part);
            let Some((_, Node::Link { target })) = self.nodes.get(&next) else {
                reached = next;
                continue;
            };
            links += 1;
            if links > MAX_LINKS {
                return None;
            }
            if target.starts_with('/') {
                reached.clear();
            }
            left.extend(target.split('/').rev());
        }
        Some(reached)
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn joined(directory: &str, name: &str) -> String {
    match directory.is_empty() {
        true => name.to_owned(),
        false => format!("{directory}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `file`, `directory/`, `link -> target`, `name = other`; layers are told apart by `--`.
    fn seen(script: &[&str]) -> Vec<String> {
        let paths = stacked(script).into_nodes();
        paths.map(|(path, _)| path).collect()
    }

    fn problems(script: &[&str]) -> Vec<String> {
        let stack = stacked(script);
        stack.problems().iter().map(|(_, problem)| problem.clone()).collect()
    }

    fn stacked(script: &[&str]) -> Stack {
        let mut stack = Stack::default();
        let link = |target: &str| {
            ChangeKind::Put(Node::Link {
                target: target.to_owned(),
            })
        };
        for line in script {
            let (path, kind) = match *line {
                "--" => {
                    stack.next_layer();
                    continue;
                }
                line => match (line.split_once(" -> "), line.split_once(" = "), line.strip_suffix('/')) {
                    (Some((path, target)), ..) => (path, link(target)),
                    (_, Some((path, target)), _) => (path, ChangeKind::Join(target.to_owned())),
                    (.., Some(path)) => (path, ChangeKind::Directory),
                    _ => match line.strip_prefix('!') {
                        Some(path) => (path, ChangeKind::Cover),
                        // A link that leads to itself stands for a file: the layers do not look at its bytes.
                        None => (line, link(line.rsplit('/').next().unwrap())),
                    },
                },
            };
            let path = path.to_owned();
            let change = Change { path, kind };
            stack.foresee(std::slice::from_ref(&change));
            stack.apply(change);
        }
        stack
    }

    #[test]
    fn a_whiteout_takes_away_what_lower_layers_had() {
        assert_eq!(seen(&["a/x", "a/y", "b", "--", "a/.wh.x"]), ["a/y", "b"]);
        assert_eq!(seen(&["a/x", "a/b/c", "ab", "--", ".wh.a"]), ["ab"]);
        assert_eq!(seen(&["a/x", "--", ".wh.a", "a/y"]), ["a/y"]);
        assert_eq!(seen(&["a/x", "--", "a/y", ".wh.a"]), ["a/y"]);
        assert_eq!(seen(&["a", "--", ".wh.a", "--", "a"]), ["a"]);
    }

    #[test]
    fn an_opaque_directory_hides_lower_layers_and_not_its_own() {
        assert_eq!(seen(&["a/x", "a/b/y", "--", "a/z", "a/.wh..wh..opq"]), ["a/z"]);
        assert_eq!(seen(&["x", "--", ".wh..wh..opq", "y"]), ["y"]);
        assert_eq!(seen(&["a/x", "--", "a/.wh..wh.plnk"]), ["a/x"]);
    }

    #[test]
    fn a_file_takes_the_place_of_a_directory_and_the_reverse() {
        assert_eq!(seen(&["a/x", "a/b/y", "--", "a"]), ["a"]);
        assert_eq!(seen(&["a/x", "--", "!a"]), Vec::<String>::new());
        assert_eq!(seen(&["a", "--", "a/", "a/x"]), ["a/x"]);
        assert_eq!(seen(&["a/x", "--", "a/"]), ["a/x"]);
    }

    #[test]
    fn a_path_goes_through_the_links_of_lower_layers() {
        assert_eq!(seen(&["lib -> usr/lib", "--", "lib/x"]), ["lib", "usr/lib/x"]);
        assert_eq!(seen(&["lib -> /usr/lib", "usr/lib/x", "--", "lib/.wh.x"]), ["lib"]);
        assert_eq!(seen(&["a -> ../../b", "--", "a/x"]), ["a", "b/x"]);
        assert_eq!(seen(&["a -> b", "b -> a", "a/x"]), ["a", "b"]);
        assert_eq!(seen(&["lib -> usr/lib", "--", "lib/", "lib/x"]), ["lib/x"]);
    }

    #[test]
    fn a_hard_link_is_the_file_of_its_layer_or_a_lower_one() {
        assert_eq!(seen(&["a", "--", "b = a", ".wh.a"]), ["b"]);
        assert_eq!(seen(&["b = missing"]), Vec::<String>::new());
    }

    #[test]
    fn a_hard_link_to_nothing_is_told_and_one_to_a_device_is_not() {
        let told = ["the hard link `b` names `x/a`, which is in no layer"];
        assert_eq!(problems(&["b = x/a"]), told);
        assert_eq!(problems(&["x/a", "--", "x/.wh.a", "b = x/a"]), told);
        assert_eq!(problems(&["x/a", "--", "b = x/a"]), [""; 0]);
        let mut stack = Stack::default();
        let join = |path: &str, target: &str| Change {
            path: path.to_owned(),
            kind: ChangeKind::Join(target.to_owned()),
        };
        let cover = |path: &str| Change {
            path: path.to_owned(),
            kind: ChangeKind::Cover,
        };
        let changes = [cover("x/a"), join("b", "x/a"), join("c", "b")];
        stack.foresee(&changes);
        changes.into_iter().for_each(|change| stack.apply(change));
        assert_eq!(stack.problems(), []);
    }

    #[test]
    fn a_path_through_a_circle_of_links_is_told() {
        assert_eq!(
            problems(&["a -> b", "b -> a", "a/x"]),
            ["the links on the way to `a/x` lead in a circle"]
        );
    }
}
