//! A tree in; which of its files came along with a package of some manager, out.
//!
//! Manifests and lock files in a package were written for whoever develops it: nothing of what they name is there because of them.
//! To readers of other kinds they are data. What reads packages of the kind itself knows better.

use std::collections::HashMap;

use crate::scan::Kind;
use crate::tree::{Entry, Listing};

/// What stands at the top of a package that Cargo unpacked or vendored.
const MARKS_OF_CARGO: [&str; 2] = [".cargo-checksum.json", ".cargo-ok"];

/// What Go vendored lies beside it.
const LIST_OF_GO: &str = "vendor/modules.txt";

/// The directories that hold packages of others, beside those that are known by their names.
pub(crate) struct BroughtAlong(HashMap<String, Kind>);

impl BroughtAlong {
    pub(crate) fn find(listing: &Listing) -> Self {
        let files = listing.entries().iter().filter(|entry| entry.is_file());
        let marked = files.filter_map(|entry| Some((entry.parent().to_owned(), by_mark(entry)?)));
        Self(marked.collect())
    }

    /// Whether a file lies in a package of another kind.
    pub(crate) fn has(&self, path: &str, reader: Kind) -> bool {
        let ends = path.match_indices('/').map(|(end, _)| end);
        let mut kinds = ends.filter_map(|end| {
            let directory = &path[..end];
            by_name(directory).or_else(|| self.0.get(directory).copied())
        });
        kinds.any(|kind| kind != reader)
    }
}

fn by_name(directory: &str) -> Option<Kind> {
    match directory.rsplit('/').next()? {
        "node_modules" => Some(Kind::JavaScript),
        "site-packages" | "dist-packages" => Some(Kind::Python),
        _ => None,
    }
}

/// Of what kind the packages in the directory of a file are. A package that is looked at itself is the project.
fn by_mark(entry: &Entry) -> Option<Kind> {
    if MARKS_OF_CARGO.contains(&entry.name()) && !entry.parent().is_empty() {
        return Some(Kind::Cargo);
    }
    let directory = entry.path.strip_suffix(LIST_OF_GO)?;
    (directory.is_empty() || directory.ends_with('/')).then_some(Kind::Go)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Memory, Tree};

    fn came_along(marks: &[&str], path: &str, reader: Kind) -> bool {
        let tree = Memory::new(marks.iter().map(|path| (*path, "")));
        BroughtAlong::find(tree.listing()).has(path, reader)
    }

    #[test]
    fn packages_are_known_by_names_and_marks() {
        assert!(came_along(&[], "a/node_modules/x/go.mod", Kind::Go));
        assert!(came_along(&[], "lib/site-packages/x/pom.xml", Kind::Maven));
        assert!(came_along(&["v/x/.cargo-checksum.json"], "v/x/y/go.mod", Kind::Go));
        assert!(came_along(&["v/x-1/.cargo-ok"], "v/x-1/package.json", Kind::JavaScript));
        assert!(came_along(
            &["vendor/modules.txt"],
            "vendor/x/package.json",
            Kind::JavaScript
        ));
    }

    #[test]
    fn neither_neighbours_nor_readers_of_the_kind_nor_projects_are_meant() {
        assert!(!came_along(&[], "a/node_modules/x/package.json", Kind::JavaScript));
        assert!(!came_along(&[], "node_modules", Kind::Go));
        assert!(!came_along(&["v/x/.cargo-checksum.json"], "v/y/go.mod", Kind::Go));
        assert!(!came_along(&[".cargo-checksum.json"], "go.mod", Kind::Go));
        assert!(!came_along(
            &["docs/modules.txt"],
            "docs/x/package.json",
            Kind::JavaScript
        ));
    }
}
