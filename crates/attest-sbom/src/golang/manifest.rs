//! The text of `go.mod` or `go.work` in, what it asks for out.

use std::collections::BTreeSet;

use super::lines::{Line, lines};
use super::module::{is_module_path, is_version};

/// What a `go.mod` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) module: Option<String>,
    /// The version of the language, such as `1.21` or `1.23.0`.
    pub(super) go: Option<String>,
    pub(super) requires: Vec<Require>,
    pub(super) replaces: Vec<Replace>,
    /// Modules and versions that are passed over.
    pub(super) excludes: BTreeSet<(String, String)>,
    /// Directories of a `go.work`.
    pub(super) uses: Vec<String>,
    /// The first line that cannot be understood.
    pub(super) damaged: Option<usize>,
}

/// A module that is needed, in at least this version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Require {
    pub(super) path: String,
    pub(super) version: String,
    /// Nothing in the module itself imports it.
    pub(super) is_indirect: bool,
}

/// Something that stands in for a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replace {
    pub(super) path: String,
    /// The version that is replaced; all of them if there is none.
    pub(super) version: Option<String>,
    pub(super) by: Replacement,
}

/// What stands in for a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Replacement {
    Module {
        path: String,
        version: String,
    },
    /// A directory, relative to the file that names it.
    Directory(String),
}

impl Manifest {
    pub(super) fn parse(text: &str) -> Self {
        let (lines, damaged) = lines(text);
        let mut manifest = Self {
            damaged,
            ..Self::default()
        };
        for line in &lines {
            if manifest.take(line).is_none() {
                manifest.damaged = Some(manifest.damaged.map_or(line.number, |first| first.min(line.number)));
            }
        }
        manifest
    }

    /// Nothing for a line that does not say what its directive needs, or whose directive Go 1.27 does not know: it may be one
    /// that asks for modules.
    fn take(&mut self, line: &Line<'_>) -> Option<()> {
        let arguments: Vec<&str> = line.arguments.iter().map(String::as_str).collect();
        match (line.verb.as_str(), arguments.as_slice()) {
            ("module", [path, ..]) => self.module = Some(module_path(path)?),
            ("go", [version, ..]) => self.go = Some((*version).to_owned()),
            ("require", [path, version]) => self.requires.push(Require {
                path: module_path(path)?,
                version: self::version(version)?,
                is_indirect: is_indirect(line.comment),
            }),
            ("exclude", [path, version]) => {
                self.excludes.insert((module_path(path)?, self::version(version)?));
            }
            ("replace", words) => self.replaces.push(replace(words)?),
            ("use", [directory, ..]) => self.uses.push((*directory).to_owned()),
            ("toolchain" | "godebug" | "retract" | "tool" | "ignore", _) => {}
            _ => return None,
        }
        Some(())
    }

    /// Whether everything that is needed to build the module is listed, and not only what it imports itself.
    ///
    /// Source: "Go Modules Reference", section "Lazy module loading": from version 1.17 on.
    pub(super) fn lists_indirect(&self) -> bool {
        let mut numbers = self.go.as_deref().unwrap_or("1.16").split('.').map(|part| {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..end].parse::<u64>().unwrap_or(0)
        });
        (numbers.next(), numbers.next()) >= (Some(1), Some(17))
    }
}

/// `indirect`, with more after a semicolon or not.
fn is_indirect(comment: &str) -> bool {
    comment == "indirect" || comment.starts_with("indirect;")
}

/// `path [version] => other-path version`, or `path [version] => ./directory`.
pub(super) fn replace(words: &[&str]) -> Option<Replace> {
    let (path, version, by) = match words {
        [path, "=>", by @ ..] => (path, None, by),
        [path, version, "=>", by @ ..] => (path, Some(self::version(version)?), by),
        _ => return None,
    };
    let by = match by {
        [directory] if is_directory(directory) => Replacement::Directory((*directory).to_owned()),
        [path, version] => Replacement::Module {
            path: module_path(path)?,
            version: self::version(version)?,
        },
        _ => return None,
    };
    let path = module_path(path)?;
    Some(Replace { path, version, by })
}

/// Source: "Go Modules Reference", section "replace directive".
fn is_directory(path: &str) -> bool {
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    [".", ".."].contains(&path)
        || ["./", "../", "/", ".\\", "..\\"]
            .iter()
            .any(|start| path.starts_with(start))
        || has_drive
}

fn module_path(path: &str) -> Option<String> {
    is_module_path(path).then(|| path.to_owned())
}

/// Source: "Go Modules Reference", section "Versions".
fn is_semantic(version: &str) -> bool {
    let number = version.strip_prefix('v');
    number.is_some_and(|number| semver::Version::parse(number).is_ok())
}

fn version(version: &str) -> Option<String> {
    // A branch or a commit is none until Go has looked it up.
    (is_version(version) && is_semantic(version)).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn require(path: &str, version: &str, is_indirect: bool) -> Require {
        let (path, version) = (path.to_owned(), version.to_owned());
        Require {
            path,
            version,
            is_indirect,
        }
    }

    #[test]
    fn every_directive_is_understood() {
        let manifest = Manifest::parse(
            "// Deprecated: use v2\nmodule example.com/app/v2\ngo 1.24\ntoolchain go1.24.1\ngodebug (\n default=go1.21\n)\n\
             require (\n example.com/a v1.0.0\n example.com/b v0.0.0-20200102030405-0123456789ab // indirect; used by a\n\
             example.com/c v2.0.0+incompatible // indirectly\n)\nexclude example.com/a v0.9.0\n\
             replace (\n example.com/a v1.0.0 => example.org/a v1.0.1\n example.com/b => ../b\n)\n\
             retract [v2.0.0, v2.1.0]\ntool example.com/a/cmd/a\nignore ./node_modules\n",
        );
        assert_eq!(manifest.damaged, None);
        assert_eq!(manifest.module.as_deref(), Some("example.com/app/v2"));
        assert_eq!(
            manifest.requires,
            [
                require("example.com/a", "v1.0.0", false),
                require("example.com/b", "v0.0.0-20200102030405-0123456789ab", true),
                require("example.com/c", "v2.0.0+incompatible", false),
            ]
        );
        assert_eq!(manifest.excludes.len(), 1);
        let by = Replacement::Module {
            path: "example.org/a".to_owned(),
            version: "v1.0.1".to_owned(),
        };
        let version = Some("v1.0.0".to_owned());
        let path = "example.com/a".to_owned();
        assert_eq!(manifest.replaces[0], Replace { path, version, by });
        assert_eq!(manifest.replaces[1].by, Replacement::Directory("../b".to_owned()));
    }

    #[test]
    fn a_line_without_what_it_needs_is_damage() {
        for text in [
            "require example.com/a",
            "require example.com//a v1.0.0",
            "require example.com/a v1\u{1}0",
            "replace example.com/a => example.com/b",
            "replace example.com/a example.com/b",
            "module",
            "exclude a.b/c",
            "require example.com/a master",
            "require example.com/a v1",
            "replace example.com/a => example.com/b latest",
            "requires example.com/a v1.0.0",
        ] {
            assert_eq!(Manifest::parse(text).damaged, Some(1), "{text}");
        }
    }

    #[test]
    fn indirect_needs_are_listed_from_go_1_17_on() {
        for (go, expected) in [
            (None, false),
            (Some("1.16"), false),
            (Some("1.17"), true),
            (Some("1.9"), false),
            (Some("1.21rc2"), true),
            (Some("2.0"), true),
        ] {
            let go = go.map(str::to_owned);
            let manifest = Manifest {
                go,
                ..Manifest::default()
            };
            assert_eq!(manifest.lists_indirect(), expected, "{manifest:?}");
        }
    }
}
