use std::io;

use super::{Content, Listing, Tree};
use crate::{Exclusion, Gap, Inventory};

/// A tree without what somebody does not want to have read.
pub struct Without<'a> {
    tree: &'a dyn Tree,
    listing: Listing,
    /// Each pattern with the number of files that it means.
    left_out: Vec<(&'a Exclusion, usize)>,
}

impl<'a> Without<'a> {
    /// Leaves out what `exclusions` cover, and whatever could not be looked at there.
    #[must_use]
    pub fn new(tree: &'a dyn Tree, exclusions: &'a [Exclusion]) -> Self {
        let all = tree.listing();
        let is_kept = |path: &str| !exclusions.iter().any(|exclusion| exclusion.covers(path));
        let entries = all.entries().iter().filter(|entry| is_kept(&entry.path)).cloned();
        let gaps = all.gaps().iter().filter(|gap| is_kept(gap.place())).cloned();
        let special = all.special().iter().filter(|path| is_kept(path)).cloned();
        let listing = Listing::new(entries.collect(), gaps.collect()).with_special(special.collect());
        let count = |exclusion: &Exclusion| {
            let files = all.entries().iter().filter(|entry| entry.is_file());
            files.filter(|file| exclusion.covers(&file.path)).count()
        };
        let left_out = exclusions.iter().map(|exclusion| (exclusion, count(exclusion)));
        Self {
            tree,
            listing,
            left_out: left_out.collect(),
        }
    }

    /// Says what was left out, and which patterns meant nothing.
    pub fn note(&self, inventory: &mut Inventory) {
        for (exclusion, files) in &self.left_out {
            match files {
                0 => {
                    let detail = format!("expected files that `{exclusion}` means, to leave them out, found none");
                    inventory.gap(Gap::new("nothing-excluded", "", detail));
                }
                1 => inventory.narrow(format!("{exclusion} (1 file)")),
                files => inventory.narrow(format!("{exclusion} ({files} files)")),
            }
        }
    }
}

impl Tree for Without<'_> {
    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Content + '_>> {
        match self.listing.at(path) {
            Some(_) => self.tree.open(path),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn is_kept(&self, path: &str) -> bool {
        self.tree.is_kept(path)
    }

    fn is_named_file(&self) -> bool {
        self.tree.is_named_file()
    }

    fn leads_outside(&self, path: &str) -> bool {
        self.tree.leads_outside(path)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Memory;
    use super::*;

    #[test]
    fn what_is_left_out_is_neither_listed_nor_opened_and_is_counted() {
        let memory = Memory::new([("a/package.json", "x"), ("b/package.json", "x"), ("b/c", "x")]);
        let exclusions = ["b", "none"].map(|text| text.parse().unwrap());
        let tree = Without::new(&memory, &exclusions);
        let paths: Vec<_> = tree
            .listing()
            .entries()
            .iter()
            .map(|entry| entry.path.as_str())
            .collect();
        assert_eq!(paths, ["a/package.json"]);
        assert!(tree.open("a/package.json").is_ok() && tree.open("b/c").is_err());
        let mut inventory = Inventory::default();
        tree.note(&mut inventory);
        let gaps: Vec<_> = inventory.gaps().map(Gap::to_string).collect();
        assert_eq!(
            gaps,
            ["nothing-excluded: expected files that `none` means, to leave them out, found none"]
        );
        assert!(inventory.is_narrowed());
    }
}
