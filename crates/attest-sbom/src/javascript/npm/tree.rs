use std::collections::HashMap;

/// Directories of packages in each other, as Node.js looks for packages: in `node_modules` beside whoever needs one, then in
/// every directory above.
///
/// Source: <https://nodejs.org/api/modules.html#loading-from-node_modules-folders>. A path is relative to the top of the tree;
/// one that begins with `..` lies outside and has nothing above it.
#[derive(Debug)]
pub(in crate::javascript) struct Tree<'a> {
    places: HashMap<&'a str, usize>,
    /// By the directory that has the `node_modules`, and the name in there.
    children: HashMap<(usize, &'a str), usize>,
    parents: Vec<Option<usize>>,
    targets: Vec<usize>,
}

const MODULES: &str = "node_modules/";

impl<'a> Tree<'a> {
    /// The number of a path is its place in the list.
    pub(in crate::javascript) fn new(paths: &[&'a str]) -> Self {
        let places: HashMap<&str, usize> = paths.iter().enumerate().map(|(place, path)| (*path, place)).collect();
        let mut children = HashMap::new();
        let mut parents = Vec::with_capacity(paths.len());
        for (place, path) in paths.iter().enumerate() {
            let installed = as_installed(path);
            let holder = installed.and_then(|(holder, name)| Some((*places.get(holder)?, name)));
            children.extend(holder.map(|holder| (holder, place)));
            parents.push(holder.map(|(holder, _)| holder).or_else(|| above(path, &places)));
        }
        let targets = (0..paths.len()).collect();
        Self {
            places,
            children,
            parents,
            targets,
        }
    }

    /// Says that one path is a link to another, and tells the place of that other one, if it is there.
    pub(in crate::javascript) fn link(&mut self, from: usize, target: &str) -> Option<usize> {
        let target = self.places.get(target).copied();
        if let Some(target) = target {
            self.targets[from] = target;
        }
        target
    }

    /// What a package gets that asks for a name.
    pub(in crate::javascript) fn resolve(&self, from: usize, name: &str) -> Option<usize> {
        let mut at = Some(from);
        while let Some(place) = at {
            if let Some(found) = self.children.get(&(place, name)) {
                return Some(self.targets[*found]);
            }
            at = self.parents[place];
        }
        None
    }
}

/// The directory in whose `node_modules` a path lies, and the name that it has there.
pub(in crate::javascript) fn as_installed(path: &str) -> Option<(&str, &str)> {
    let at = path.rfind(MODULES)?;
    let (holder, name) = (&path[..at], &path[at + MODULES.len()..]);
    let holder = match holder {
        "" => "",
        holder => holder.strip_suffix('/')?,
    };
    let parts = name.split('/').count();
    let is_name = if name.starts_with('@') { parts == 2 } else { parts == 1 };
    is_name.then_some((holder, name))
}

fn above(path: &str, places: &HashMap<&str, usize>) -> Option<usize> {
    let mut rest = path;
    while let Some((parent, _)) = rest.rsplit_once('/') {
        if let Some(place) = places.get(parent) {
            return Some(*place);
        }
        rest = parent;
    }
    let is_inside = !path.is_empty() && rest != "..";
    is_inside.then(|| places.get("").copied()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_package_above_is_found() {
        let paths = [
            "",
            "node_modules/a",
            "node_modules/b",
            "node_modules/a/node_modules/b",
            "node_modules/a/node_modules/@s/c",
            "packages/d",
            "packages/d/node_modules/b",
            "node_modules/d",
            "../e",
        ];
        let mut tree = Tree::new(&paths);
        assert_eq!(tree.link(7, "packages/d"), Some(5));
        assert_eq!(tree.link(7, "packages/none"), None);
        for (from, name, expected) in [
            (0, "b", Some(2)),
            (1, "b", Some(3)),
            (4, "b", Some(3)),
            (2, "b", Some(2)),
            (1, "@s/c", Some(4)),
            (0, "@s/c", None),
            (5, "b", Some(6)),
            (5, "a", Some(1)),
            (0, "d", Some(5)),
            (8, "a", None),
        ] {
            assert_eq!(tree.resolve(from, name), expected, "{from} {name}");
        }
    }

    #[test]
    fn a_path_without_whoever_holds_it_is_found_by_nobody() {
        let tree = Tree::new(&["", "node_modules/x/node_modules/y", "node_modules/a"]);
        assert_eq!(tree.resolve(0, "y"), None);
        assert_eq!(tree.resolve(1, "a"), Some(2));
    }

    #[test]
    fn only_whole_names_are_installed_packages() {
        assert_eq!(as_installed("node_modules/@a/b"), Some(("", "@a/b")));
        assert_eq!(as_installed("x/node_modules/b"), Some(("x", "b")));
        for path in ["node_modules/@a", "node_modules/b/c", "old_node_modules/b", "b", ""] {
            assert_eq!(as_installed(path), None, "{path}");
        }
    }
}
