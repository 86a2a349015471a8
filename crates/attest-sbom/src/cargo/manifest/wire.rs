use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A manifest as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) struct ManifestWire {
    #[serde(alias = "project")]
    pub(in super::super) package: Option<PackageWire>,
    pub(in super::super) workspace: Option<WorkspaceWire>,
    pub(super) lib: Option<LibraryWire>,
    #[serde(default)]
    pub(super) bin: Vec<IgnoredAny>,
    #[serde(default)]
    pub(super) dependencies: Dependencies,
    #[serde(default, alias = "dev_dependencies")]
    pub(super) dev_dependencies: Dependencies,
    #[serde(default, alias = "build_dependencies")]
    pub(super) build_dependencies: Dependencies,
    #[serde(default)]
    pub(super) target: BTreeMap<String, TargetWire>,
    #[serde(default)]
    pub(super) features: BTreeMap<String, Vec<String>>,
    /// What stands in for packages, by their source.
    #[serde(default)]
    pub(super) patch: BTreeMap<String, Dependencies>,
}

impl ManifestWire {
    /// The paths of packages that stand in for others, as they are written.
    pub(in super::super) fn patched(&self) -> impl Iterator<Item = &str> {
        let patches = self.patch.values().flat_map(BTreeMap::values);
        patches.filter_map(|patch| match patch {
            DependencyWire::Detailed(detail) => detail.path.as_deref(),
            DependencyWire::Requirement(_) => None,
        })
    }
}

pub(super) type Dependencies = BTreeMap<String, DependencyWire>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) struct PackageWire {
    pub(super) name: String,
    pub(super) version: Option<Inheritable<String>>,
    /// The directory of the workspace, where it is not further up.
    pub(in super::super) workspace: Option<String>,
    pub(super) authors: Option<Inheritable<Vec<String>>>,
    pub(super) description: Option<Inheritable<String>>,
    pub(super) license: Option<Inheritable<String>>,
    pub(super) license_file: Option<Inheritable<String>>,
    pub(super) repository: Option<Inheritable<String>>,
    pub(super) homepage: Option<Inheritable<String>>,
    pub(super) documentation: Option<Inheritable<String>>,
    pub(super) edition: Option<Inheritable<String>>,
    pub(super) resolver: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Inheritable<T> {
    Own(T),
    Inherited { workspace: bool },
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) struct WorkspaceWire {
    #[serde(default)]
    pub(in super::super) members: Vec<String>,
    #[serde(default)]
    pub(in super::super) default_members: Vec<String>,
    #[serde(default)]
    pub(in super::super) exclude: Vec<String>,
    pub(super) resolver: Option<String>,
    #[serde(default)]
    pub(in super::super) package: SharedWire,
    #[serde(default)]
    pub(super) dependencies: Dependencies,
}

/// What packages may inherit.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) struct SharedWire {
    pub(in super::super) version: Option<String>,
    pub(super) authors: Option<Vec<String>>,
    pub(super) description: Option<String>,
    pub(super) license: Option<String>,
    pub(super) license_file: Option<String>,
    pub(in super::super) repository: Option<String>,
    pub(super) homepage: Option<String>,
    pub(super) documentation: Option<String>,
    pub(super) edition: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct LibraryWire {
    #[serde(alias = "proc_macro")]
    pub(super) proc_macro: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct TargetWire {
    #[serde(default)]
    pub(super) dependencies: Dependencies,
    #[serde(default, alias = "dev_dependencies")]
    pub(super) dev_dependencies: Dependencies,
    #[serde(default, alias = "build_dependencies")]
    pub(super) build_dependencies: Dependencies,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum DependencyWire {
    Requirement(String),
    Detailed(Box<DetailWire>),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct DetailWire {
    pub(super) version: Option<String>,
    pub(super) path: Option<String>,
    pub(super) git: Option<String>,
    pub(super) rev: Option<String>,
    pub(super) package: Option<String>,
    #[serde(default)]
    pub(super) optional: bool,
    #[serde(alias = "default_features")]
    pub(super) default_features: Option<bool>,
    #[serde(default)]
    pub(super) features: Vec<String>,
    #[serde(default)]
    pub(super) workspace: bool,
}

impl DependencyWire {
    pub(super) fn detail(&self) -> DetailWire {
        match self {
            Self::Requirement(version) => DetailWire {
                version: Some(version.clone()),
                ..DetailWire::default()
            },
            Self::Detailed(detail) => (**detail).clone(),
        }
    }
}
