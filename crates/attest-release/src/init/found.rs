use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::manifest::{Ecosystem, MAX_MANIFEST_BYTES, Manifests};
use crate::{Error, FileName, read_text};

/// The most members of a workspace that are looked at; a file for more is written by hand anyway.
const MAX_MEMBERS: usize = 200;

/// What was found in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// What the project is called: by a manifest, else by its directory.
    pub name: FileName,
    /// Its manifests.
    pub manifests: Manifests,
    /// The programs that cargo or go can build, by name, each once.
    pub binaries: Vec<FoundBinary>,
}

/// A program that can be built.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FoundBinary {
    /// By cargo.
    Cargo {
        /// What it is called.
        name: FileName,
        /// The package, when it is not the only one.
        package: Option<FileName>,
    },
    /// By go.
    Go {
        /// What it is called.
        name: FileName,
        /// The package's path.
        package: String,
    },
}

impl FoundBinary {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &FileName {
        match self {
            Self::Cargo { name, .. } | Self::Go { name, .. } => name,
        }
    }
}

impl Found {
    /// Looks for manifests and programs in `directory`.
    ///
    /// # Errors
    /// When the directory or a manifest cannot be read.
    pub fn in_directory(directory: &Path) -> Result<Self, Error> {
        let directory = &directory.canonicalize().map_err(|error| Error::io(directory, error))?;
        let manifests = Manifests::of_directory(directory)?;
        let name = name(directory, &manifests);
        let mut binaries = Vec::new();
        if manifests.of(Ecosystem::Cargo).is_some() {
            binaries.extend(cargo_binaries(directory)?);
        }
        if manifests.of(Ecosystem::Go).is_some() {
            binaries.extend(go_binaries(directory, &name));
        }
        let mut seen = BTreeSet::new();
        binaries.sort();
        binaries.retain(|binary| seen.insert(binary.name().case_folded()));
        Ok(Self {
            name,
            manifests,
            binaries,
        })
    }
}

fn name(directory: &Path, manifests: &Manifests) -> FileName {
    let by_manifest = manifests.iter().filter_map(|manifest| manifest.name.clone());
    let by_directory = directory.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let mut usable = by_manifest
        .chain(by_directory)
        .filter_map(|name| FileName::new(name).ok());
    usable
        .next()
        .unwrap_or_else(|| FileName::new("project").expect("a plain word is a file name"))
}

fn cargo_binaries(directory: &Path) -> Result<Vec<FoundBinary>, Error> {
    let Some(root) = cargo_manifest(directory)? else {
        return Ok(Vec::new());
    };
    let workspace = root.get("workspace").is_some();
    let mut binaries = package_binaries(directory, &root, workspace);
    for member in members(directory, &root) {
        if let Some(manifest) = cargo_manifest(&member)? {
            binaries.extend(package_binaries(&member, &manifest, true));
        }
    }
    Ok(binaries)
}

fn cargo_manifest(directory: &Path) -> Result<Option<toml::Table>, Error> {
    let text = read_text(&directory.join("Cargo.toml"), MAX_MANIFEST_BYTES)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// The directories that `workspace.members` means without those of `workspace.exclude`, sorted.
fn members(directory: &Path, root: &toml::Table) -> Vec<PathBuf> {
    let list = |key: &str| -> Vec<&str> {
        let list = root
            .get("workspace")
            .and_then(|workspace| workspace.get(key)?.as_array());
        list.into_iter().flatten().filter_map(toml::Value::as_str).collect()
    };
    let patterns = list("members");
    let excluded = list("exclude");
    // A member that is named wins over an exclusion, one that a pattern meets does not.
    let is_member = |path: &Path| {
        patterns.iter().any(|member| path == directory.join(member))
            || !excluded.iter().any(|place| path.starts_with(directory.join(place)))
    };
    let patterns = patterns.iter().filter(|pattern| !pattern.contains(".."));
    let escaped = glob::Pattern::escape(&directory.to_string_lossy());
    let found = patterns
        .filter_map(|pattern| glob::glob(&format!("{escaped}/{pattern}")).ok())
        .flatten();
    let found: BTreeSet<PathBuf> = found
        .filter_map(Result::ok)
        .filter(|path| path.is_dir() && is_member(path))
        .take(MAX_MEMBERS)
        .collect();
    found.into_iter().collect()
}

/// The programs of one package: those it declares, and those that cargo finds by their places.
fn package_binaries(directory: &Path, manifest: &toml::Table, of_workspace: bool) -> Vec<FoundBinary> {
    let Some(package) = manifest.get("package") else {
        return Vec::new();
    };
    let Some(package_name) = package.get("name").and_then(toml::Value::as_str) else {
        return Vec::new();
    };
    let declared = manifest.get("bin").and_then(toml::Value::as_array);
    let declared: Vec<&toml::Value> = declared.into_iter().flatten().collect();
    let text = |bin: &toml::Value, key: &str| bin.get(key)?.as_str().map(str::to_owned);
    let mut names: BTreeSet<String> = declared.iter().filter_map(|bin| text(bin, "name")).collect();
    let paths: BTreeSet<String> = declared.iter().filter_map(|bin| text(bin, "path")).collect();
    if finds_binaries(package, !declared.is_empty()) {
        let found = programs_by_place(directory, package_name).into_iter();
        names.extend(found.filter(|(path, _)| !paths.contains(path)).map(|(_, name)| name));
    }
    let package = FileName::new(package_name).ok().filter(|_| of_workspace);
    let names = names.into_iter().filter_map(|name| FileName::new(name).ok());
    names
        .map(|name| FoundBinary::Cargo {
            name,
            package: package.clone(),
        })
        .collect()
}

/// Whether cargo looks for programs that are not declared. In its first edition it did not beside those that are.
fn finds_binaries(package: &toml::Value, declares_some: bool) -> bool {
    let edition = package.get("edition");
    let is_first = edition.is_none_or(|edition| edition.as_str() == Some("2015"));
    let said = package.get("autobins").and_then(toml::Value::as_bool);
    said.unwrap_or(!(is_first && declares_some))
}

/// The programs that cargo finds by their places, each with its path: `src/main.rs`, `src/bin/<name>.rs` and
/// `src/bin/<name>/main.rs`.
fn programs_by_place(directory: &Path, package: &str) -> Vec<(String, String)> {
    let mut programs = Vec::new();
    if directory.join("src/main.rs").is_file() {
        programs.push(("src/main.rs".to_owned(), package.to_owned()));
    }
    let entries = directory.join("src/bin").read_dir().into_iter().flatten();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if let Some(program) = name.strip_suffix(".rs").filter(|_| path.is_file()) {
            programs.push((format!("src/bin/{name}"), program.to_owned()));
        } else if path.join("main.rs").is_file() {
            programs.push((format!("src/bin/{name}/main.rs"), name.to_owned()));
        }
    }
    programs
}

/// `main.go` at the top, and each directory in `cmd`.
fn go_binaries(directory: &Path, project: &FileName) -> Vec<FoundBinary> {
    let mut binaries = Vec::new();
    if directory.join("main.go").is_file() {
        binaries.push(FoundBinary::Go {
            name: project.clone(),
            package: ".".to_owned(),
        });
    }
    let Ok(entries) = directory.join("cmd").read_dir() else {
        return binaries;
    };
    let directories = entries.filter_map(Result::ok).filter(|entry| entry.path().is_dir());
    let names = directories.filter_map(|entry| FileName::new(entry.file_name().to_str()?).ok());
    binaries.extend(names.map(|name| FoundBinary::Go {
        package: format!("./cmd/{name}"),
        name,
    }));
    binaries
}
