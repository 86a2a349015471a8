//! Files of requirements in, where pip looks for the packages of each out.
//!
//! pip puts together what all files of one installation say of indexes: what a file says counts for those that include it,
//! too, and for those that it includes. Source: pip's documentation, "Requirements File Format", global options.

use std::collections::{BTreeSet, HashMap};

use super::release::Origin;
use super::requirements::{REQUIREMENTS_LIMIT, included_path};
use super::requirements_text::{Line, Place, lines};
use crate::scan::Scan;

/// Files that are tied to each other by what they include.
#[derive(Default)]
pub(super) struct Indexes {
    numbers: HashMap<String, usize>,
    /// For each file another one of its group, or itself.
    groups: Vec<usize>,
    places: HashMap<usize, BTreeSet<Place>>,
}

impl Indexes {
    /// Of these files, and of what they include.
    pub(super) fn find(scan: &Scan<'_>, mut left: Vec<String>) -> Self {
        let mut indexes = Self::default();
        let mut found: Vec<(usize, Place)> = Vec::new();
        let mut seen = BTreeSet::new();
        while let Some(path) = left.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            let own = indexes.number(&path);
            // What cannot be read is told by whoever reads it for its packages.
            let text = scan.text(&path, REQUIREMENTS_LIMIT).ok().flatten().unwrap_or_default();
            for line in lines(&text) {
                match line {
                    Line::Place(place) => found.push((own, place)),
                    Line::Include(file) | Line::Constraints(file) => match included_path(scan, &path, &file) {
                        Some(included) => {
                            indexes.tie(own, &included);
                            left.push(included);
                        }
                        // A file that is not there may name any place.
                        None => found.push((own, Place::Other)),
                    },
                    _ => {}
                }
            }
        }
        for (file, place) in found {
            let group = indexes.group(file);
            indexes.places.entry(group).or_default().insert(place);
        }
        indexes
    }

    /// Says of the packages of a file where they come from, unless they do so themselves.
    pub(super) fn settle(&self, path: &str, lines: &mut [Line]) {
        let origin = self.of(path);
        for line in lines {
            match line {
                Line::Package(wanted) if wanted.origin == Origin::Index => wanted.origin.clone_from(&origin),
                _ => {}
            }
        }
    }

    /// Of several places it is not known which one has a package.
    fn of(&self, path: &str) -> Origin {
        let group = self.numbers.get(path).map(|number| self.group(*number));
        let places = group.and_then(|group| self.places.get(&group));
        let places: Vec<&Place> = places.into_iter().flatten().collect();
        match places.as_slice() {
            [] => Origin::Index,
            [Place::Index(address)] => Origin::IndexAt(address.clone()),
            _ => Origin::IndexAt(String::new()),
        }
    }

    fn number(&mut self, path: &str) -> usize {
        let next = self.groups.len();
        let number = *self.numbers.entry(path.to_owned()).or_insert(next);
        if number == next {
            self.groups.push(next);
        }
        number
    }

    fn group(&self, mut number: usize) -> usize {
        while self.groups[number] != number {
            number = self.groups[number];
        }
        number
    }

    fn tie(&mut self, one: usize, other: &str) {
        let other = self.number(other);
        let (one, other) = (self.group(one), self.group(other));
        self.groups[one.max(other)] = one.min(other);
    }
}
