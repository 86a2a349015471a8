//! What the manifests of other tools say of a project: its name and its version.

use std::path::Path;

use crate::{Error, read_text};

/// The largest manifest, in bytes. Generated `package.json` files reach some hundred thousand.
pub const MAX_MANIFEST_BYTES: u64 = 4 << 20;

/// A kind of project that a directory can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Ecosystem {
    /// `Cargo.toml`.
    Cargo,
    /// `go.mod`.
    Go,
    /// `pyproject.toml`.
    Python,
    /// `package.json`.
    Npm,
    /// `Chart.yaml`.
    Helm,
}

impl Ecosystem {
    /// Every ecosystem, in the order in which they name a project.
    pub const ALL: [Self; 5] = [Self::Cargo, Self::Go, Self::Python, Self::Npm, Self::Helm];

    /// The file by which it is recognised.
    #[must_use]
    pub const fn manifest(self) -> &'static str {
        match self {
            Self::Cargo => "Cargo.toml",
            Self::Go => "go.mod",
            Self::Python => "pyproject.toml",
            Self::Npm => "package.json",
            Self::Helm => "Chart.yaml",
        }
    }
}

/// What one manifest says of its project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// Whose it is.
    pub ecosystem: Ecosystem,
    /// The project's name, without npm scope or Go module path.
    pub name: Option<String>,
    /// The project's version.
    pub version: Option<String>,
}

/// Every manifest of a directory, in the order of [`Ecosystem::ALL`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifests(Vec<Manifest>);

impl Manifests {
    /// Reads the manifests that lie in `directory` itself.
    ///
    /// # Errors
    /// When one is there and cannot be read. One that is malformed counts as there, and says nothing.
    pub fn of_directory(directory: &Path) -> Result<Self, Error> {
        let mut found = Vec::new();
        for ecosystem in Ecosystem::ALL {
            if let Some(text) = read_text(&directory.join(ecosystem.manifest()), MAX_MANIFEST_BYTES)? {
                found.push(Manifest::parse(ecosystem, &text));
            }
        }
        Ok(Self(found))
    }

    /// The manifest of `ecosystem`.
    #[must_use]
    pub fn of(&self, ecosystem: Ecosystem) -> Option<&Manifest> {
        self.0.iter().find(|manifest| manifest.ecosystem == ecosystem)
    }

    /// The manifests.
    pub fn iter(&self) -> impl Iterator<Item = &Manifest> {
        self.0.iter()
    }
}

impl FromIterator<Manifest> for Manifests {
    fn from_iter<I: IntoIterator<Item = Manifest>>(manifests: I) -> Self {
        let mut manifests: Vec<_> = manifests.into_iter().collect();
        manifests.sort_by_key(|manifest| manifest.ecosystem);
        Self(manifests)
    }
}

impl Manifest {
    /// Reads what `text` says of name and version, and passes over all else.
    #[must_use]
    pub fn parse(ecosystem: Ecosystem, text: &str) -> Self {
        let (name, version) = match ecosystem {
            Ecosystem::Cargo => cargo(text),
            Ecosystem::Go => (go_module(text), None),
            Ecosystem::Python => python(text),
            Ecosystem::Npm => npm(text),
            Ecosystem::Helm => (yaml_field(text, "name"), yaml_field(text, "version")),
        };
        Self {
            ecosystem,
            name,
            version,
        }
    }
}

type NameAndVersion = (Option<String>, Option<String>);

fn cargo(text: &str) -> NameAndVersion {
    let Ok(document) = text.parse::<toml::Table>() else {
        return (None, None);
    };
    let package = document.get("package");
    let workspace = document.get("workspace").and_then(|workspace| workspace.get("package"));
    // `version.workspace = true` is a table, and no string.
    let version = string(package, "version").or_else(|| string(workspace, "version"));
    (string(package, "name"), version)
}

fn python(text: &str) -> NameAndVersion {
    let Ok(document) = text.parse::<toml::Table>() else {
        return (None, None);
    };
    let poetry = document.get("tool").and_then(|tool| tool.get("poetry"));
    let project = document.get("project").or(poetry);
    (string(project, "name"), string(project, "version"))
}

fn string(table: Option<&toml::Value>, key: &str) -> Option<String> {
    table?.get(key)?.as_str().map(str::to_owned)
}

fn npm(text: &str) -> NameAndVersion {
    let document: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let field = |key: &str| document[key].as_str().map(|value| last_part(value).to_owned());
    (field("name"), field("version"))
}

/// `module example.com/team/app/v2` is the project `app`.
fn go_module(text: &str) -> Option<String> {
    let module = text.lines().find_map(|line| line.trim().strip_prefix("module "))?;
    let path = module.split("//").next()?.trim().trim_matches('"');
    let is_major = |part: &str| {
        part.strip_prefix('v')
            .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
    };
    match path.rsplit_once('/') {
        Some((parent, last)) if is_major(last) => Some(last_part(parent).to_owned()),
        _ => Some(last_part(path).to_owned()),
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A plain field at the left margin: all that `Chart.yaml` needs, and not a reader of YAML.
fn yaml_field(text: &str, key: &str) -> Option<String> {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    let value = value.split(" #").next()?.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_and_version(ecosystem: Ecosystem, text: &str) -> (String, String) {
        let manifest = Manifest::parse(ecosystem, text);
        (manifest.name.unwrap_or_default(), manifest.version.unwrap_or_default())
    }

    fn pair(name: &str, version: &str) -> (String, String) {
        (name.to_owned(), version.to_owned())
    }

    #[test]
    fn every_ecosystem_names_its_project() {
        use Ecosystem::{Cargo, Go, Helm, Npm, Python};
        let cases = [
            (
                Cargo,
                "[package]\nname = \"app\"\nversion = \"1.0.0\"",
                pair("app", "1.0.0"),
            ),
            (
                Cargo,
                "[package]\nname = \"app\"\nversion.workspace = true\n[workspace.package]\nversion = \"2.0.0\"",
                pair("app", "2.0.0"),
            ),
            (
                Go,
                "module example.com/team/app/v2 // comment\n\ngo 1.24\n",
                pair("app", ""),
            ),
            (
                Python,
                "[project]\nname = \"app\"\nversion = \"1.0\"",
                pair("app", "1.0"),
            ),
            (
                Python,
                "[tool.poetry]\nname = \"app\"\nversion = \"1.1\"",
                pair("app", "1.1"),
            ),
            (
                Npm,
                r#"{"name": "@team/app", "version": "1.0.0"}"#,
                pair("app", "1.0.0"),
            ),
            (
                Helm,
                "apiVersion: v2\nname: app\nversion: \"0.3.0\" # chart\n",
                pair("app", "0.3.0"),
            ),
        ];
        for (ecosystem, text, expected) in cases {
            assert_eq!(name_and_version(ecosystem, text), expected, "{ecosystem:?}");
        }
    }

    #[test]
    fn a_malformed_manifest_says_nothing() {
        for ecosystem in Ecosystem::ALL {
            assert_eq!(name_and_version(ecosystem, "\u{0}{{ ["), pair("", ""), "{ecosystem:?}");
        }
    }
}
