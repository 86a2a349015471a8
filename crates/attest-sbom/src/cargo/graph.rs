use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{PackageId, TargetKind};

use super::activation::{Use, use_of};
use super::workspace::Workspace;
use crate::Error;

/// Who uses whom, among the packages of one build. Cycles do no harm: every walk visits a package once.
pub(super) struct Graph<'a> {
    root: &'a PackageId,
    edges: BTreeMap<&'a PackageId, BTreeMap<&'a PackageId, Use>>,
    /// Whether each edge is one that Cargo knows.
    pub(super) is_exact: bool,
}

/// The packages of a build, with their features.
pub(super) type Parts<'a, 'f> = BTreeMap<&'a PackageId, &'f BTreeSet<String>>;

impl<'a> Graph<'a> {
    /// Connects `parts`, and makes every one of them reachable from the root.
    pub(super) fn new(workspace: &'a Workspace, root: &'a PackageId, parts: &Parts<'a, '_>) -> Result<Self, Error> {
        let mut edges = BTreeMap::new();
        for (&id, features) in parts {
            edges.insert(id, edges_of(workspace, id, features, parts)?);
        }
        let mut graph = Self {
            root,
            edges,
            is_exact: true,
        };
        graph.attach(workspace);
        Ok(graph)
    }

    /// Members that nothing uses were asked for by whoever started the build. Whatever else is left over is what only
    /// tests use, or an edge that this crate does not know how to see: then the graph says that it is not exact.
    fn attach(&mut self, workspace: &Workspace) {
        for only_members in [true, false] {
            loop {
                let reached = self.reachable();
                let mut left = self.edges.keys().filter(|id| !reached.contains(*id));
                let Some(&id) = left.find(|id| !only_members || workspace.is_member(id)) else {
                    break;
                };
                self.is_exact &= only_members;
                self.edges.entry(self.root).or_default().insert(id, USED_BY_THE_BUILD);
            }
        }
    }

    /// Every package that the root uses, directly or not, and the root.
    pub(super) fn reachable(&self) -> BTreeSet<&'a PackageId> {
        self.walk(|_, _| true)
    }

    /// Every package whose code ends up in what the root is compiled to.
    pub(super) fn linked(&self, workspace: &Workspace) -> BTreeSet<&'a PackageId> {
        self.walk(|id, kind| kind.normal && !is_procedural_macro(workspace, id))
    }

    fn walk(&self, follow: impl Fn(&PackageId, Use) -> bool) -> BTreeSet<&'a PackageId> {
        let mut seen = BTreeSet::from([self.root]);
        let mut waiting = vec![self.root];
        while let Some(id) = waiting.pop() {
            for (&next, &kind) in self.edges.get(id).into_iter().flatten() {
                if follow(next, kind) && seen.insert(next) {
                    waiting.push(next);
                }
            }
        }
        seen
    }

    /// What each package uses.
    pub(super) fn edges(&self) -> impl Iterator<Item = (&'a PackageId, impl Iterator<Item = &'a PackageId> + '_)> + '_ {
        self.edges.iter().map(|(&from, to)| (from, to.keys().copied()))
    }
}

const USED_BY_THE_BUILD: Use = Use {
    normal: true,
    build: false,
};

fn edges_of<'a>(
    workspace: &'a Workspace,
    id: &'a PackageId,
    features: &BTreeSet<String>,
    parts: &Parts<'a, '_>,
) -> Result<BTreeMap<&'a PackageId, Use>, Error> {
    let package = described(workspace, id)?;
    let mut edges = BTreeMap::new();
    for edge in workspace.node(id).into_iter().flat_map(|node| &node.deps) {
        let uses = use_of(package, features, edge, described(workspace, &edge.pkg)?);
        if uses.is_any() && parts.contains_key(&edge.pkg) && edge.pkg != *id {
            edges.insert(&edge.pkg, uses);
        }
    }
    Ok(edges)
}

pub(super) fn described<'a>(workspace: &'a Workspace, id: &PackageId) -> Result<&'a cargo_metadata::Package, Error> {
    workspace
        .package(id)
        .ok_or_else(|| Error::UndescribedPackage { id: id.repr.clone() })
}

fn is_procedural_macro(workspace: &Workspace, id: &PackageId) -> bool {
    let mut targets = workspace.package(id).into_iter().flat_map(|package| &package.targets);
    targets.any(|target| target.kind.contains(&TargetKind::ProcMacro))
}

/// Every package that the root uses according to the metadata alone, and the root.
pub(super) fn resolved<'a>(
    workspace: &'a Workspace,
    root: &'a PackageId,
) -> Result<BTreeMap<&'a PackageId, BTreeSet<String>>, Error> {
    let mut seen = BTreeMap::new();
    let mut waiting = vec![root];
    while let Some(id) = waiting.pop() {
        if seen.contains_key(id) {
            continue;
        }
        let node = workspace.node(id);
        let features = node
            .into_iter()
            .flat_map(|node| &node.features)
            .map(|feature| feature.to_string());
        let features: BTreeSet<String> = features.collect();
        let package = described(workspace, id)?;
        for edge in node.into_iter().flat_map(|node| &node.deps) {
            if use_of(package, &features, edge, described(workspace, &edge.pkg)?).is_any() {
                waiting.push(&edge.pkg);
            }
        }
        seen.insert(id, features);
    }
    Ok(seen)
}
