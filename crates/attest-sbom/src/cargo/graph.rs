use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{PackageId, TargetKind};

use super::activation::{Use, use_of};
use super::workspace::Workspace;
use crate::Error;

/// Who uses whom, among the packages of one build. Cycles do no harm: every walk visits a package once.
pub(super) struct Graph<'a> {
    root: &'a PackageId,
    edges: BTreeMap<&'a PackageId, BTreeMap<&'a PackageId, Use>>,
    /// Packages that nothing uses by an edge that Cargo knows.
    pub(super) left_over: BTreeSet<&'a PackageId>,
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
            left_over: BTreeSet::new(),
        };
        graph.attach(workspace);
        Ok(graph)
    }

    /// Members that nothing uses were asked for by whoever started the build. Whatever else is left over is what only
    /// tests use, or an edge that this crate does not know how to see: then the graph says that it is not exact.
    fn attach(&mut self, workspace: &Workspace) {
        while let Some(id) = self.top_of(|id| workspace.is_member(id)) {
            self.edges.entry(self.root).or_default().insert(id, USED_BY_THE_BUILD);
        }
        let reached = self.reachable();
        self.left_over = self.edges.keys().copied().filter(|id| !reached.contains(id)).collect();
        while let Some(id) = self.top_of(|_| true) {
            self.edges.entry(self.root).or_default().insert(id, USED_BY_THE_BUILD);
        }
    }

    /// An eligible package that is not reachable yet, preferably one that no other such package uses.
    fn top_of(&self, is_eligible: impl Fn(&PackageId) -> bool) -> Option<&'a PackageId> {
        let reached = self.reachable();
        let left = || self.edges.iter().filter(|(id, _)| !reached.contains(*id));
        let used: BTreeSet<_> = left().flat_map(|(_, to)| to.keys()).collect();
        let eligible = || left().map(|(&id, _)| id).filter(|id| is_eligible(id));
        eligible().find(|id| !used.contains(id)).or_else(|| eligible().next())
    }

    /// Forgets every other package.
    pub(super) fn keep(&mut self, kept: &BTreeSet<&PackageId>) {
        self.edges.retain(|id, _| kept.contains(id));
        for to in self.edges.values_mut() {
            to.retain(|id, _| kept.contains(id));
        }
        self.left_over.retain(|id| kept.contains(id));
    }

    /// Whether each edge is one that Cargo knows.
    pub(super) fn is_exact(&self) -> bool {
        self.left_over.is_empty()
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
