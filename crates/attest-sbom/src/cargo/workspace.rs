use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Metadata, Node, PackageId, TargetKind};

use crate::Error;

/// The metadata of a workspace of 5,000 packages takes about 50 MB.
const METADATA_LIMIT: usize = 256 << 20;

/// Refuses an input that is longer than its limit.
pub(super) fn limited<'a>(what: &'static str, bytes: &'a [u8], limit: usize) -> Result<&'a [u8], Error> {
    match bytes.len() {
        found if found > limit => Err(Error::TooLarge { what, limit, found }),
        _ => Ok(bytes),
    }
}

/// The metadata, with every package that it names described.
pub(super) struct Workspace {
    packages: BTreeMap<PackageId, cargo_metadata::Package>,
    nodes: BTreeMap<PackageId, Node>,
    members: BTreeSet<PackageId>,
    root: Option<PackageId>,
    target_directories: Vec<String>,
}

impl Workspace {
    pub(super) fn parse(metadata: &[u8]) -> Result<Self, Error> {
        let bytes = limited("cargo metadata", metadata, METADATA_LIMIT)?;
        let metadata: Metadata = serde_json::from_slice(bytes).map_err(|error| Error::InvalidMetadata {
            reason: error.to_string(),
        })?;
        let resolve = metadata.resolve.ok_or(Error::NoResolve)?;
        let packages = metadata
            .packages
            .into_iter()
            .map(|package| (package.id.clone(), package));
        let directories = [Some(metadata.target_directory), metadata.build_directory];
        let workspace = Self {
            packages: packages.collect(),
            nodes: resolve.nodes.into_iter().map(|node| (node.id.clone(), node)).collect(),
            members: metadata.workspace_members.into_iter().collect(),
            root: resolve.root,
            target_directories: directories.into_iter().flatten().map(|path| path.to_string()).collect(),
        };
        workspace.with_every_package_described()
    }

    fn with_every_package_described(self) -> Result<Self, Error> {
        let dependencies = self
            .nodes
            .values()
            .flat_map(|node| node.deps.iter().map(|dep| &dep.pkg));
        let named = self
            .members
            .iter()
            .chain(&self.root)
            .chain(self.nodes.keys())
            .chain(dependencies);
        match named.into_iter().find(|id| !self.packages.contains_key(*id)) {
            Some(id) => Err(Error::UndescribedPackage { id: id.repr.clone() }),
            None => Ok(self),
        }
    }

    /// Every package that is described.
    pub(super) fn ids(&self) -> impl Iterator<Item = &PackageId> {
        self.packages.keys()
    }

    pub(super) fn package(&self, id: &PackageId) -> Option<&cargo_metadata::Package> {
        self.packages.get(id)
    }

    pub(super) fn node(&self, id: &PackageId) -> Option<&Node> {
        self.nodes.get(id)
    }

    pub(super) fn is_member(&self, id: &PackageId) -> bool {
        self.members.contains(id)
    }

    /// The folders that artifacts may lie in.
    pub(super) fn target_directories(&self) -> &[String] {
        &self.target_directories
    }

    /// The package that a document is about: the one that is named, else the root package, else the only one with a binary.
    pub(super) fn subject(&self, name: Option<&str>) -> Result<&cargo_metadata::Package, Error> {
        let members = || self.members.iter().filter_map(|id| self.package(id));
        if let Some(name) = name {
            return members()
                .find(|package| is_called(package, name))
                .ok_or_else(|| Error::UnknownPackage {
                    package: name.to_owned(),
                    members: names(members()),
                });
        }
        if let Some(root) = self.root.as_ref().and_then(|id| self.package(id)) {
            return Ok(root);
        }
        let candidates: Vec<_> = members().filter(|package| has_binary(package)).collect();
        match candidates.as_slice() {
            [only] => Ok(only),
            several => Err(Error::SeveralPackages {
                candidates: names(several.iter().copied()),
            }),
        }
    }
}

fn is_called(package: &cargo_metadata::Package, name: &str) -> bool {
    match name.split_once('@') {
        Some((name, version)) => package.name.as_str() == name && package.version.to_string() == version,
        None => package.name.as_str() == name,
    }
}

fn names<'a>(packages: impl Iterator<Item = &'a cargo_metadata::Package>) -> Vec<String> {
    let mut names: Vec<_> = packages.map(|package| package.name.to_string()).collect();
    names.sort();
    names
}

fn has_binary(package: &cargo_metadata::Package) -> bool {
    package
        .targets
        .iter()
        .any(|target| target.kind.contains(&TargetKind::Bin))
}

/// The package that a document will be about, to be known before the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The folder of the workspace, where `Cargo.lock` lies.
    pub workspace_root: String,
}

/// Finds the package that [`document()`](super::document()) would describe.
///
/// # Errors
/// [`Error::InvalidMetadata`] and its kin, [`Error::UnknownPackage`] or [`Error::SeveralPackages`].
pub fn package(metadata: &[u8], name: Option<&str>) -> Result<Package, Error> {
    let workspace = Workspace::parse(metadata)?;
    let package = workspace.subject(name)?;
    Ok(Package {
        name: package.name.to_string(),
        version: package.version.to_string(),
        workspace_root: workspace_root(metadata)?,
    })
}

fn workspace_root(metadata: &[u8]) -> Result<String, Error> {
    #[derive(serde::Deserialize)]
    struct RootWire {
        workspace_root: String,
    }
    let root: RootWire = serde_json::from_slice(metadata).map_err(|error| Error::InvalidMetadata {
        reason: error.to_string(),
    })?;
    Ok(root.workspace_root)
}
