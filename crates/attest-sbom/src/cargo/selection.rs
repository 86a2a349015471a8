use std::collections::BTreeSet;

use cargo_metadata::PackageId;

use super::graph::{Graph, Parts, resolved};
use super::messages::{Artifacts, Compiled};
use super::metadata;
use super::workspace::Workspace;
use crate::Error;

/// What goes into a document: packages, how they are used, and by whom.
pub(super) struct Selection<'a> {
    pub(super) root: &'a PackageId,
    pub(super) graph: Graph<'a>,
    /// The packages whose code ends up in what is shipped.
    pub(super) linked: BTreeSet<&'a PackageId>,
}

impl<'a> Selection<'a> {
    /// Exactly the packages that were compiled.
    pub(super) fn of_build(
        workspace: &'a Workspace,
        root: &'a cargo_metadata::Package,
        artifacts: &'a Artifacts,
        target: &str,
    ) -> Result<Self, Error> {
        if let Some(id) = artifacts.keys().find(|id| workspace.package(id).is_none()) {
            return Err(Error::ForeignMessage { id: id.repr.clone() });
        }
        if artifacts.get(&root.id).is_none_or(|compiled| compiled.code.is_empty()) {
            return Err(Error::NotBuilt {
                package: root.name.to_string(),
            });
        }
        let parts: Parts<'a, '_> = artifacts
            .iter()
            .map(|(id, compiled)| (id, &compiled.features))
            .collect();
        let graph = Graph::new(workspace, &root.id, &parts)?;
        let places = Places { workspace, target };
        let mut linked = places.linked(artifacts).unwrap_or_else(|| graph.linked(workspace));
        linked.retain(|id| !graph.left_over.contains(id));
        Ok(Self {
            root: &root.id,
            graph,
            linked,
        })
    }

    /// Without what does not end up in the root.
    pub(super) fn only_shipped(mut self) -> Self {
        self.linked.insert(self.root);
        self.graph.keep(&self.linked);
        self
    }

    /// Every package that is compiled for the root, or only those that end up in it.
    pub(super) fn of_resolve(
        workspace: &'a Workspace,
        root: &'a cargo_metadata::Package,
        target: &str,
        only_shipped: bool,
    ) -> Result<Self, Error> {
        let Some(compiled) = metadata::of_package(workspace, root, target) else {
            return Self::of_unknown_target(workspace, root);
        };
        let is_wanted = |id: &PackageId| !only_shipped || compiled.shipped.contains(id);
        let parts = compiled.features.iter().filter(|(id, _)| is_wanted(id));
        let graph = Graph::new(
            workspace,
            &root.id,
            &parts.map(|(&id, features)| (id, features)).collect(),
        )?;
        let linked = if only_shipped {
            compiled.shipped
        } else {
            compiled.linked
        };
        Ok(Self {
            root: &root.id,
            graph,
            linked,
        })
    }

    /// Every package that the metadata says the root needs.
    fn of_unknown_target(workspace: &'a Workspace, root: &'a cargo_metadata::Package) -> Result<Self, Error> {
        let resolved = resolved(workspace, &root.id)?;
        let parts = resolved.iter().map(|(&id, features)| (id, features)).collect();
        let graph = Graph::new(workspace, &root.id, &parts)?;
        let linked = graph.linked(workspace);
        Ok(Self {
            root: &root.id,
            graph,
            linked,
        })
    }
}

/// Where artifacts lie tells what they are for: with `--target`, Cargo puts what runs on the target below a folder of the
/// target's name, and what runs on the build machine beside it.
struct Places<'a> {
    workspace: &'a Workspace,
    target: &'a str,
}

impl Places<'_> {
    /// The packages with code for the target; nothing when the build was made without `--target`.
    fn linked<'b>(&self, artifacts: &'b Artifacts) -> Option<BTreeSet<&'b PackageId>> {
        let linked = artifacts.iter().filter(|(_, compiled)| self.has_target_code(compiled));
        let linked: BTreeSet<_> = linked.map(|(id, _)| id).collect();
        (!linked.is_empty()).then_some(linked)
    }

    fn has_target_code(&self, compiled: &Compiled) -> bool {
        compiled.code.iter().any(|path| self.is_below_target(path))
    }

    fn is_below_target(&self, path: &str) -> bool {
        let mut directories = self.workspace.target_directories().iter();
        directories.any(|directory| is_below(directory, self.target, path))
    }
}

/// Whether `path` lies in the folder `name` of `directory`. Folders further up or down may be called anything.
fn is_below(directory: &str, name: &str, path: &str) -> bool {
    let separators = ['/', '\\'];
    let inner = path.strip_prefix(directory.trim_end_matches(separators));
    let mut parts = inner.into_iter().flat_map(|inner| inner.split(separators));
    parts.next() == Some("") && parts.next() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_folder_below_the_target_directory_counts() {
        assert!(is_below("/w/target", "t", "/w/target/t/release/a"));
        assert!(is_below("C:\\w\\target", "t", "C:\\w\\target\\t\\release\\a"));
        for elsewhere in ["/w/target/release/t/a", "/t/w/a", "/w/targets/t/a", "/w/target/tt/a"] {
            assert!(!is_below("/w/target", "t", elsewhere), "{elsewhere}");
        }
    }
}
