//! What lies beside a build in its archive: an inventory goes into a document that the records of the build made.

use std::collections::{BTreeMap, BTreeSet};

use crate::bom::Content;
use crate::cyclonedx::{Aggregate, Component, Dependency};
use crate::{Error, Gap, Inventory, Metadata, Root};

impl Inventory {
    /// Adds everything to `content`: packages that are there already stay as they are, and whatever no other package needs hangs on
    /// the root, for it is handed out with it.
    pub(crate) fn join(self, content: &mut Content, metadata: &Metadata) -> Result<Vec<Gap>, Error> {
        if self.is_empty() {
            let gaps: Vec<Gap> = self.gaps().cloned().collect();
            content.properties.extend(gaps.iter().map(Gap::property));
            if let (Some(stated), false) = (content.compositions.first_mut(), gaps.is_empty()) {
                stated.aggregate = weaker(stated.aggregate, Aggregate::Incomplete);
            }
            return Ok(gaps);
        }
        let around = Root {
            name: Some(content.root.name.clone()),
            version: content.root.version.clone(),
            is_around: true,
            is_built: true,
            ..Root::default()
        };
        let (other, gaps) = self.content_of(&around, &[], metadata)?;
        let names = Names::new(content, &other);
        let is_new = |component: &Component| names.is_new(component);
        let renamed = |component: Component| names.rename(component);
        let own = other.root.components.into_iter().filter(is_new).map(renamed);
        content.root.components.extend(own);
        let others = other.components.into_iter().filter(is_new).map(renamed);
        content.components.extend(others);
        connect(&mut content.dependencies, other.dependencies, &names);
        content.properties.extend(other.properties);
        for composition in other.compositions {
            let is_of_root = !composition.assemblies.is_empty();
            match content.compositions.first_mut() {
                Some(stated) if is_of_root => stated.aggregate = weaker(stated.aggregate, composition.aggregate),
                _ => {
                    let dependencies = composition.dependencies.iter().map(|text| names.of(text));
                    content.compositions.push(crate::cyclonedx::Composition {
                        dependencies: dependencies.collect(),
                        ..composition
                    });
                }
            }
        }
        Ok(gaps)
    }
}

/// A list of which one part is not whole is not whole.
fn weaker(one: Aggregate, other: Aggregate) -> Aggregate {
    match (one, other) {
        (Aggregate::Complete, other) => other,
        (one, _) => one,
    }
}

fn connect(dependencies: &mut Vec<Dependency>, others: Vec<Dependency>, names: &Names) {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let others = others.into_iter().map(|other| Dependency {
        reference: names.of(&other.reference),
        depends_on: other.depends_on.iter().map(|text| names.of(text)).collect(),
    });
    for dependency in std::mem::take(dependencies).into_iter().chain(others) {
        known
            .entry(dependency.reference)
            .or_default()
            .extend(dependency.depends_on);
    }
    dependencies.extend(known.into_iter().map(|(reference, depends_on)| Dependency {
        reference,
        depends_on: depends_on.into_iter().collect(),
    }));
}

/// What the references of another document are called in this one.
struct Names {
    /// Those that are not called what they were.
    renamed: BTreeMap<String, String>,
    /// Those whose components are here already.
    known: BTreeSet<String>,
}

impl Names {
    fn new(content: &Content, other: &Content) -> Self {
        let all = || every(content);
        let by_purl: BTreeMap<&str, &str> = all()
            .filter_map(|component| Some((component.purl.as_deref()?, component.bom_ref.as_deref()?)))
            .collect();
        let taken: BTreeSet<&str> = all().filter_map(|component| component.bom_ref.as_deref()).collect();
        let mut names = Self {
            renamed: BTreeMap::new(),
            known: BTreeSet::new(),
        };
        let root = content.root.bom_ref.clone().unwrap_or_default();
        names
            .renamed
            .insert(other.root.bom_ref.clone().unwrap_or_default(), root);
        for component in other.root.components.iter().chain(&other.components) {
            let Some(reference) = &component.bom_ref else { continue };
            if let Some(known) = component.purl.as_deref().and_then(|purl| by_purl.get(purl)) {
                names.known.insert(reference.clone());
                names.renamed.insert(reference.clone(), (*known).to_owned());
            } else if taken.contains(reference.as_str()) {
                names.renamed.insert(reference.clone(), format!("{reference}#beside"));
            }
        }
        names
    }

    fn is_new(&self, component: &Component) -> bool {
        component
            .bom_ref
            .as_ref()
            .is_none_or(|reference| !self.known.contains(reference))
    }

    fn of(&self, reference: &str) -> String {
        self.renamed.get(reference).map_or(reference, String::as_str).to_owned()
    }

    fn rename(&self, component: Component) -> Component {
        Component {
            bom_ref: component.bom_ref.as_deref().map(|reference| self.of(reference)),
            ..component
        }
    }
}

fn every(content: &Content) -> impl Iterator<Item = &Component> {
    let parts = content.root.components.iter();
    std::iter::once(&content.root).chain(parts).chain(&content.components)
}
