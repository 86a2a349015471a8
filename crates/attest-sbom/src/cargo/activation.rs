use std::collections::BTreeSet;

use cargo_metadata::{Dependency, DependencyKind, NodeDep, Package};

/// How one package uses another in this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    /// Its code calls the other's code.
    pub(super) normal: bool,
    /// Its build script does.
    pub(super) build: bool,
}

impl Use {
    pub(super) fn is_any(self) -> bool {
        self.normal || self.build
    }
}

/// How `package`, compiled with `features`, uses `dependency`.
///
/// The metadata resolves features for the whole workspace, so an optional dependency may stand there that this build did
/// not ask for. Tests' dependencies are left out.
pub(super) fn use_of(package: &Package, features: &BTreeSet<String>, edge: &NodeDep, dependency: &Package) -> Use {
    let has = |kind| kinds(edge).any(|found| found == kind) && is_active(package, features, dependency, kind);
    Use {
        normal: has(DependencyKind::Normal),
        build: has(DependencyKind::Build),
    }
}

/// Metadata of Cargo before 1.41 does not say the kind.
fn kinds(edge: &NodeDep) -> impl Iterator<Item = DependencyKind> + '_ {
    let default = edge.dep_kinds.is_empty().then_some(DependencyKind::Normal);
    edge.dep_kinds.iter().map(|info| info.kind).chain(default)
}

fn is_active(package: &Package, features: &BTreeSet<String>, dependency: &Package, kind: DependencyKind) -> bool {
    let same_name = |declared: &&Dependency| declared.name == dependency.name.as_str() && declared.kind == kind;
    let of_name: Vec<_> = package.dependencies.iter().filter(same_name).collect();
    let of_version: Vec<_> = of_name
        .iter()
        .copied()
        .filter(|declared| declared.req.matches(&dependency.version))
        .collect();
    // A folder or a patch may stand in with a version that the requirement does not match.
    let declared = if of_version.is_empty() { of_name } else { of_version };
    declared.is_empty()
        || declared
            .iter()
            .any(|declared| !declared.optional || is_enabled(package, features, declared))
}

/// Whether one of the features turns the optional dependency on: by `dep:name` or `name/feature`, not by `name?/feature`.
fn is_enabled(package: &Package, features: &BTreeSet<String>, declared: &Dependency) -> bool {
    let name = declared.rename.as_deref().unwrap_or(&declared.name);
    let names_it = |value: &String| {
        value.strip_prefix("dep:") == Some(name) || value.split_once('/').is_some_and(|(first, _)| first == name)
    };
    let enabled = features.iter().filter_map(|feature| package.features.get(feature));
    features.contains(name) || enabled.flatten().any(names_it)
}
