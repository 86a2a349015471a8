use std::io;

use super::{Content, Entry, Listing, Tree};
use crate::Gap;

/// Several trees beside each other, each below a place of its own.
#[derive(Default)]
pub struct Joined {
    trees: Vec<(String, Box<dyn Tree>)>,
    listing: Listing,
}

impl Joined {
    /// Puts a tree below a place; the empty one is the top.
    ///
    /// Gives `false`, and does nothing, when something of it lies where something else does.
    #[must_use]
    pub fn add(&mut self, place: &str, tree: Box<dyn Tree>) -> bool {
        let below = |path: &str| match (place, path) {
            ("", path) => path.to_owned(),
            (place, "") => place.to_owned(),
            (place, path) => format!("{place}/{path}"),
        };
        let entries = tree.listing().entries().iter().map(|entry| Entry {
            path: below(&entry.path),
            kind: entry.kind.clone(),
        });
        let entries: Vec<Entry> = entries.collect();
        if entries.iter().any(|entry| self.listing.at(&entry.path).is_some()) {
            return false;
        }
        let gaps = tree
            .listing()
            .gaps()
            .iter()
            .map(|gap| Gap::new(gap.code(), &below(gap.place()), gap.detail()));
        let gaps = self.listing.gaps().iter().cloned().chain(gaps).collect();
        let entries = self.listing.entries().iter().cloned().chain(entries).collect();
        self.listing = Listing::new(entries, gaps);
        self.trees.push((place.to_owned(), tree));
        true
    }

    /// The tree that has a path, and the path in it.
    fn find<'p>(&self, path: &'p str) -> Option<(&dyn Tree, &'p str)> {
        self.trees.iter().find_map(|(place, tree)| {
            let path = match place.as_str() {
                "" => path,
                place => path.strip_prefix(place)?.strip_prefix('/')?,
            };
            tree.listing().at(path).map(|_| (&**tree, path))
        })
    }
}

impl Tree for Joined {
    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Content + '_>> {
        let (tree, path) = self.find(path).ok_or(io::ErrorKind::NotFound)?;
        tree.open(path)
    }

    fn leads_outside(&self, path: &str) -> bool {
        self.find(path).is_some_and(|(tree, path)| tree.leads_outside(path))
    }

    fn is_kept(&self, path: &str) -> bool {
        self.find(path).is_some_and(|(tree, path)| tree.is_kept(path))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::Memory;
    use super::*;

    fn one(path: &str, text: &str) -> Box<dyn Tree> {
        Box::new(Memory::new([(path, text)]))
    }

    #[test]
    fn each_tree_lies_below_its_place() {
        let mut joined = Joined::default();
        assert!(joined.add("a", one("x", "one")));
        assert!(joined.add("a/b", one("x", "two")));
        assert!(joined.add("", one("y", "three")));
        assert!(!joined.add("", one("a/x", "four")));
        let paths: Vec<_> = joined
            .listing()
            .entries()
            .iter()
            .map(|entry| entry.path.as_str())
            .collect();
        assert_eq!(paths, ["a/b/x", "a/x", "y"]);
        for (path, content) in [("a/x", "one"), ("a/b/x", "two"), ("y", "three")] {
            let mut text = String::new();
            joined.open(path).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, content);
        }
        assert!(joined.open("b/x").is_err());
    }
}
