use super::installed::{Installed, directory_of};
use super::manifest::{self, MANIFEST, Manifest};
use super::package::Package;
use crate::Gap;
use crate::inventory::Inventory;
use crate::scan::Scan;

/// A lock file that is being read, and what lies around it.
pub(super) struct Project<'a> {
    pub(super) scan: &'a Scan<'a>,
    /// The path of the lock file.
    pub(super) lock: &'a str,
    /// The directory that it locks.
    pub(super) directory: &'a str,
    pub(super) installed: &'a Installed,
}

impl Project<'_> {
    /// The path of a file or directory that is named relative to the project; nothing if it lies outside of the tree.
    pub(super) fn path(&self, relative: &str) -> Option<String> {
        joined(self.directory, relative)
    }

    /// The manifest in a directory of the project; what is wrong with it is a gap, and then it says nothing.
    pub(super) fn manifest_text(&self, directory: &str, inventory: &mut Inventory) -> Option<String> {
        let path = in_directory(directory, MANIFEST);
        manifest::text(self.scan, &path).unwrap_or_else(|gap| {
            inventory.gap(gap);
            None
        })
    }

    /// The package in a directory of the project, by its manifest.
    pub(super) fn own(&self, directory: &str, inventory: &mut Inventory) -> Package {
        let text = self.manifest_text(directory, inventory);
        let manifest = parsed(text.as_deref(), directory, inventory);
        Package::own(Some(directory), &manifest)
    }

    pub(super) fn unresolved(&self, needed: &str, by: Option<&str>) -> Gap {
        let by = by.unwrap_or("the project");
        Gap::new(
            "unresolved",
            self.lock,
            format!("`{by}` needs `{needed}`, which is not listed"),
        )
    }

    pub(super) fn damaged(&self, detail: impl Into<String>) -> Gap {
        Gap::new("damaged", self.lock, detail)
    }
}

/// What a manifest says; nothing at all if there is none or it is damaged, which is a gap.
pub(super) fn parsed<'t>(text: Option<&'t str>, directory: &str, inventory: &mut Inventory) -> Manifest<'t> {
    let Some(text) = text else {
        return Manifest::default();
    };
    Manifest::parse(text, &in_directory(directory, MANIFEST)).unwrap_or_else(|gap| {
        inventory.gap(gap);
        Manifest::default()
    })
}

pub(super) fn in_directory(directory: &str, name: &str) -> String {
    match directory {
        "" => name.to_owned(),
        directory => format!("{directory}/{name}"),
    }
}

/// The directories around a directory, up to the top of the tree.
pub(super) fn above(directory: &str) -> impl Iterator<Item = &str> {
    let first = (!directory.is_empty()).then_some(directory);
    let outwards = std::iter::successors(first, |inner| (!inner.is_empty()).then(|| directory_of(inner)));
    outwards.skip(1)
}

/// A path that is written relative to a directory; nothing for one that leads out of the tree.
pub(crate) fn joined(directory: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directories_around_one_end_at_the_top() {
        assert_eq!(above("a/b/c").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(above("a").collect::<Vec<_>>(), [""]);
        assert_eq!(above("").count(), 0);
    }

    #[test]
    fn a_path_stays_in_the_tree_or_is_none() {
        for (directory, relative, expected) in [
            ("", "a/b", Some("a/b")),
            ("", ".", Some("")),
            ("a", "../b", Some("b")),
            ("a/b", "./../c/", Some("a/c")),
            ("a", "../..", None),
            ("a", "/b", None),
        ] {
            assert_eq!(
                joined(directory, relative).as_deref(),
                expected,
                "{directory} {relative}"
            );
        }
    }
}
