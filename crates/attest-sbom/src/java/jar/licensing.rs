//! What everything in a scan says of licences in, the licences of one package out.
//!
//! What a package says itself counts first. What others say of it follows, and last what is known of its publisher.

use std::collections::BTreeMap;

use super::inside::Jar;
use super::package::{Facts, Package};
use super::{Coordinates, FileName, identity, licences, published};
use crate::cyclonedx::{Acknowledgement, Component, LicenceChoice, Property};
use crate::registry::LICENCE_FROM;

/// Manifests continue others: modules those of a project, and this that of a company.
const MAX_PARENTS: usize = 16;

/// What is known of licences.
#[derive(Default)]
pub(super) struct Licensing<'a> {
    /// The manifests by their packages, for those that continue them.
    manifests: BTreeMap<&'a Coordinates, &'a Facts>,
    /// What jars list of the packages that they were built with.
    listed: BTreeMap<&'a Coordinates, &'a [LicenceChoice]>,
    /// The expression by which jars say it of themselves, by the manifest that theirs continue and that is not here; nothing
    /// where they differ.
    projects: BTreeMap<&'a Coordinates, Option<String>>,
}

/// A manifest, and those that it continues.
#[derive(Default)]
struct Line<'a> {
    declared: Option<&'a [LicenceChoice]>,
    parents: Vec<&'a Coordinates>,
    /// The last of the parents, if it is not here.
    missing: Option<&'a Coordinates>,
}

/// What somebody else than the package says of its licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hearsay {
    expression: String,
    from: &'static str,
}

impl Hearsay {
    /// Tells it of a package that nothing better is known of.
    pub(super) fn tell(self, package: &mut Component) {
        if package.licenses.is_empty() {
            package.licenses.push(LicenceChoice::Expression {
                expression: self.expression,
                acknowledgement: Acknowledgement::Concluded,
            });
            package.properties.push(Property {
                name: LICENCE_FROM,
                value: self.from.to_owned(),
            });
        }
    }
}

impl<'a> Licensing<'a> {
    pub(super) fn of(jars: &'a [Jar], others: impl Iterator<Item = &'a Package>) -> Self {
        let mut all: Vec<&Jar> = Vec::new();
        let mut left: Vec<&Jar> = jars.iter().rev().collect();
        while let Some(jar) = left.pop() {
            left.extend(jar.inner.iter().rev());
            all.push(jar);
        }
        let mut licensing = Self::default();
        let of_jars = all.iter().flat_map(|jar| &jar.packages);
        for package in of_jars.chain(others) {
            licensing.remember(package);
        }
        for (package, licences) in all.iter().flat_map(|jar| &jar.listed) {
            licensing.listed.entry(package).or_insert(licences);
        }
        for jar in all {
            licensing.remember_project(jar);
        }
        licensing
    }

    fn remember(&mut self, package: &'a Package) {
        if package.facts.says_something() {
            self.manifests.entry(&package.coordinates).or_insert(&package.facts);
        }
    }

    /// A manifest that names no licence has that of the one that it continues. What the jar says is then that, too, and so
    /// it is said of every other module of the project.
    fn remember_project(&mut self, jar: &'a Jar) {
        let Some(package) = identity::own(jar).map(|place| &jar.packages[place]) else {
            return;
        };
        let Some(parent) = self.line(package).missing else {
            return;
        };
        let said = of_jar(jar);
        // Texts of several licences are those of what was copied into the jar, too.
        let [LicenceChoice::Expression { expression, .. }] = said.as_slice() else {
            return;
        };
        if expression.contains(" AND ") {
            return;
        }
        let known = self.projects.entry(parent).or_insert_with(|| Some(expression.clone()));
        if known.as_ref() != Some(expression) {
            *known = None;
        }
    }

    /// What the manifest of a package or those that it continues declare, or what was written down of them elsewhere.
    pub(super) fn declared(&self, package: &'a Package) -> Vec<LicenceChoice> {
        let declared = self.line(package).declared;
        let listed = || self.listed.get(&package.coordinates).copied();
        declared.or_else(listed).unwrap_or_default().to_vec()
    }

    /// What others say, for a package that says nothing.
    pub(super) fn hearsay(&self, package: &'a Package) -> Option<Hearsay> {
        let line = self.line(package);
        let project = line.missing.and_then(|parent| self.projects.get(parent)?.clone());
        if let Some(expression) = project {
            let from = "project";
            return Some(Hearsay { expression, from });
        }
        let mut names = std::iter::once(&package.coordinates).chain(line.parents);
        names.find_map(published::licence).map(of_publisher)
    }

    fn line(&self, package: &'a Package) -> Line<'a> {
        let mut line = Line::default();
        let mut facts = match package.facts.says_something() {
            true => Some(&package.facts),
            false => self.manifests.get(&package.coordinates).copied(),
        };
        while let Some(here) = facts {
            if !here.licences.is_empty() {
                line.declared = Some(&here.licences);
                break;
            }
            let parent = here.parent.as_ref().filter(|_| line.parents.len() < MAX_PARENTS);
            let Some(parent) = parent else { break };
            facts = self.manifests.get(parent).copied();
            line.missing = facts.is_none().then_some(parent);
            line.parents.push(parent);
        }
        line
    }
}

const VENDORS: [&str; 3] = [
    "implementation-vendor-id",
    "implementation-vendor",
    "specification-vendor",
];

/// A jar that nothing describes but its name, its manifest and its classes.
pub(super) fn hearsay_of_named(jar: &Jar) -> Option<Hearsay> {
    let version = identity::version(jar, FileName::of(&jar.place));
    // Builds of Scala write the group where others write a name.
    let vendors = VENDORS.iter().filter_map(|name| jar.manifest.first(&[name]));
    let mut vendors = vendors.filter_map(|name| published::of_name_space(name, version));
    let classes = || published::of_classes(jar.name_space.as_deref()?, version);
    vendors.next().or_else(classes).map(of_publisher)
}

fn of_publisher(expression: &str) -> Hearsay {
    Hearsay {
        expression: expression.to_owned(),
        from: "published",
    }
}

/// What a jar says of itself beside the files of Maven: the header of its manifest, else its licence files.
pub(super) fn of_jar(jar: &Jar) -> Vec<LicenceChoice> {
    let header = jar.manifest.attribute("bundle-license").map(licences::of_bundle);
    match header.filter(|licences| !licences.is_empty()) {
        Some(licences) => licences,
        None => jar.texts.iter().cloned().collect(),
    }
}
