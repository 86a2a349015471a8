//! What `cargo metadata` says in, which packages would be compiled for a target out. The metadata has the features of the
//! whole workspace, and of its tests; what one package is built with is less.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cargo_metadata::{Dependency, DependencyKind, Package, PackageId, TargetKind};

use super::features::{Request, compiled, shipped};
use super::manifest::{About, Declared, Manifest, Origin, Purpose, Shape};
use super::platform::Platform;
use super::resolution::{Node, Resolution};
use super::workspace::Workspace;

/// The packages that are compiled for one of them.
pub(super) struct Compiled<'w> {
    /// All of them, with the features of all their compilations together.
    pub(super) features: BTreeMap<&'w PackageId, BTreeSet<String>>,
    /// Those whose code ends up in the root.
    pub(super) linked: BTreeSet<&'w PackageId>,
    /// Those, and the procedural macros among what the root needs, with what these need.
    pub(super) shipped: BTreeSet<&'w PackageId>,
}

/// Says what is compiled for a package; nothing for a target that is not known.
pub(super) fn of_package<'w>(workspace: &'w Workspace, root: &'w Package, target: &str) -> Option<Compiled<'w>> {
    let platform = Platform::parse(target)?;
    let ids: Vec<&PackageId> = workspace.ids().collect();
    let places: HashMap<&PackageId, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    let packages: Vec<&Package> = ids.iter().filter_map(|id| workspace.package(id)).collect();
    let manifests: Vec<Manifest> = packages.iter().map(|package| manifest(package)).collect();
    let nodes = packages.iter().zip(&manifests).map(|(package, manifest)| {
        let edges = workspace.node(&package.id).into_iter().flat_map(|node| &node.deps);
        let mut needs: Vec<usize> = edges.filter_map(|edge| places.get(&edge.pkg).copied()).collect();
        needs.sort_by_key(|place| manifests[*place].name.as_str());
        Node {
            name: &manifest.name,
            version: &manifest.version,
            is_local: package.source.is_none(),
            own: None,
            needs,
            manifest: Some(manifest),
        }
    });
    let resolution = Resolution { nodes: nodes.collect() };
    let features = workspace.node(&root.id).into_iter().flat_map(|node| &node.features);
    let features: BTreeSet<String> = features.map(ToString::to_string).collect();
    let request = Request {
        roots: &[*places.get(&root.id)?],
        features: Some(&features),
        platform: &platform,
        keeps_features_apart: root.edition >= cargo_metadata::Edition::E2021,
    };
    let shipped = shipped(&resolution, &request);
    let compiled = compiled(&resolution, &request).into_iter();
    Some(Compiled {
        features: compiled.map(|(place, features)| (ids[place], features)).collect(),
        linked: shipped.linked.iter().map(|place| ids[*place]).collect(),
        shipped: shipped.needs.keys().map(|place| ids[*place]).collect(),
    })
}

fn manifest(package: &Package) -> Manifest {
    let has = |kind: &TargetKind| package.targets.iter().any(|target| target.kind.contains(kind));
    Manifest {
        name: package.name.to_string(),
        version: package.version.to_string(),
        about: About::default(),
        shape: Shape {
            library: has(&TargetKind::Lib),
            program: has(&TargetKind::Bin),
            procedural_macro: has(&TargetKind::ProcMacro),
        },
        dependencies: package.dependencies.iter().map(declared).collect(),
        features: package.features.clone(),
    }
}

fn declared(dependency: &Dependency) -> Declared {
    Declared {
        alias: dependency.rename.as_ref().unwrap_or(&dependency.name).clone(),
        package: dependency.name.clone(),
        requirement: Some(dependency.req.to_string()),
        origin: match dependency.path {
            Some(_) => Origin::Directory(None),
            None => Origin::Registry,
        },
        purpose: match dependency.kind {
            DependencyKind::Build => Purpose::Build,
            DependencyKind::Development => Purpose::Development,
            _ => Purpose::Normal,
        },
        platform: dependency.target.as_ref().map(ToString::to_string),
        is_optional: dependency.optional,
        has_default_features: dependency.uses_default_features,
        features: dependency.features.clone(),
    }
}
