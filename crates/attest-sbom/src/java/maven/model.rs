//! A `pom.xml` in, what it says of its package out, as it is written.
//!
//! Source: POM reference and `maven-4.0.0.xsd`.

use std::collections::BTreeMap;

use super::values::Values;
use crate::java::xml::{self, Element, XmlError};

/// What one `pom.xml` says. Nothing is filled in: texts may hold `${…}`.
#[derive(Debug, Default)]
pub(in crate::java) struct Pom {
    pub(in crate::java) parent: Option<Parent>,
    pub(in crate::java) group: Option<String>,
    pub(in crate::java) artifact: Option<String>,
    pub(in crate::java) version: Option<String>,
    pub(in crate::java) properties: BTreeMap<String, String>,
    pub(in crate::java) dependencies: Vec<Dependency>,
    pub(in crate::java) managed: Vec<Dependency>,
    pub(in crate::java) modules: Vec<String>,
    /// What profiles add that are on or off by where a build runs: only its modules are kept, and that it is so.
    pub(in crate::java) conditional: Vec<String>,
    pub(in crate::java) licences: Vec<Licence>,
    pub(in crate::java) organization: Option<String>,
    /// The comments before everything else.
    pub(in crate::java) preface: String,
}

/// The package whose manifest is continued.
#[derive(Debug, Clone)]
pub(in crate::java) struct Parent {
    pub(in crate::java) group: String,
    pub(in crate::java) artifact: String,
    pub(in crate::java) version: String,
    /// Where it lies; nothing if it says that it lies nowhere.
    pub(in crate::java) path: Option<String>,
}

/// A package that is needed, or of which something is said.
#[derive(Debug, Clone, Default)]
pub(in crate::java) struct Dependency {
    pub(in crate::java) group: String,
    pub(in crate::java) artifact: String,
    pub(in crate::java) version: Option<String>,
    pub(in crate::java) scope: Option<String>,
    pub(in crate::java) kind: Option<String>,
    pub(in crate::java) optional: Option<String>,
}

/// A licence as it is named, and where its text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::java) struct Licence {
    pub(in crate::java) name: Option<String>,
    pub(in crate::java) url: Option<String>,
}

/// Where a parent lies if nothing else is said.
const PARENT: &str = "../pom.xml";

impl Pom {
    pub(in crate::java) fn parse(bytes: &[u8]) -> Result<Self, XmlError> {
        let document = xml::parse(bytes)?;
        let project = &document.root;
        let owned = |name: &str| project.text_of(name).map(str::to_owned);
        let mut pom = Self {
            parent: project.child("parent").map(parent),
            group: owned("groupId"),
            artifact: owned("artifactId"),
            version: owned("version"),
            properties: properties(project),
            dependencies: dependencies(project),
            managed: project
                .child("dependencyManagement")
                .map(dependencies)
                .unwrap_or_default(),
            // Maven 4.1 calls them subprojects.
            modules: texts(project, "modules").chain(texts(project, "subprojects")).collect(),
            licences: project.list("licenses").iter().map(licence).collect(),
            organization: project
                .child("organization")
                .and_then(|organization| organization.text_of("name"))
                .map(str::to_owned),
            preface: document.preface,
            ..Self::default()
        };
        for profile in project.list("profiles") {
            pom.add_profile(profile);
        }
        Ok(pom)
    }

    /// A profile that is on unless another one is counts; of others it is only known that they are there.
    fn add_profile(&mut self, profile: &Element) {
        self.modules.extend(texts(profile, "modules"));
        let is_on = profile
            .child("activation")
            .and_then(|activation| activation.text_of("activeByDefault"))
            == Some("true");
        let added = dependencies(profile);
        if is_on {
            self.properties.extend(properties(profile));
            self.dependencies.extend(added);
            self.managed.extend(
                profile
                    .child("dependencyManagement")
                    .map(dependencies)
                    .unwrap_or_default(),
            );
        } else if !added.is_empty() {
            let name = profile.text_of("id").unwrap_or("default");
            self.conditional.push(name.to_owned());
        }
    }

    /// The group, its own or that of its parent.
    pub(in crate::java) fn group(&self) -> Option<&str> {
        let inherited = self.parent.as_ref().map(|parent| parent.group.as_str());
        self.group.as_deref().or(inherited)
    }

    /// Gives a value to each name that this manifest defines, where a nearer one did not.
    pub(in crate::java) fn add_values(&self, values: &mut Values) {
        for (name, value) in [
            ("groupId", self.group()),
            ("artifactId", self.artifact.as_deref()),
            ("version", self.version()),
        ] {
            for prefix in ["project.", "pom.", ""] {
                if let Some(value) = value {
                    values.inherit(&format!("{prefix}{name}"), value);
                }
            }
        }
        if let Some(parent) = &self.parent {
            values.inherit("project.parent.groupId", &parent.group);
            values.inherit("project.parent.version", &parent.version);
        }
        for (name, value) in &self.properties {
            values.inherit(name, value);
        }
    }

    /// The version, its own or that of its parent.
    pub(in crate::java) fn version(&self) -> Option<&str> {
        let inherited = self.parent.as_ref().map(|parent| parent.version.as_str());
        self.version.as_deref().or(inherited)
    }
}

fn parent(element: &Element) -> Parent {
    let text = |name: &str| element.text_of(name).unwrap_or_default().to_owned();
    Parent {
        group: text("groupId"),
        artifact: text("artifactId"),
        version: text("version"),
        path: match element.child("relativePath") {
            Some(path) => path.content().map(str::to_owned),
            None => Some(PARENT.to_owned()),
        },
    }
}

fn properties(element: &Element) -> BTreeMap<String, String> {
    let properties = element.list("properties").iter();
    properties
        .map(|property| (property.name.clone(), property.content().unwrap_or_default().to_owned()))
        .collect()
}

fn dependencies(element: &Element) -> Vec<Dependency> {
    let list = element.list("dependencies").iter();
    list.filter(|dependency| dependency.name == "dependency")
        .map(|dependency| {
            let text = |name: &str| dependency.text_of(name).map(str::to_owned);
            Dependency {
                group: text("groupId").unwrap_or_default(),
                artifact: text("artifactId").unwrap_or_default(),
                version: text("version"),
                scope: text("scope"),
                kind: text("type"),
                optional: text("optional"),
            }
        })
        .collect()
}

fn texts<'a>(element: &'a Element, list: &str) -> impl Iterator<Item = String> + use<'a> {
    element
        .list(list)
        .iter()
        .filter_map(|one| one.content().map(str::to_owned))
}

fn licence(element: &Element) -> Licence {
    let text = |name: &str| element.text_of(name).map(one_line);
    Licence {
        name: text("name"),
        url: text("url"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_as_it_is_written() {
        let text = "<!-- ours --><project><parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version></parent>\
            <artifactId>a</artifactId><properties><x.y>1</x.y></properties><modules><module>m</module></modules>\
            <dependencies><dependency><groupId>d</groupId><artifactId>e</artifactId><scope>test</scope>\
            <exclusions><exclusion><groupId>no</groupId></exclusion></exclusions></dependency></dependencies>\
            <licenses><license><name> MIT\n  License </name></license></licenses>\
            <profiles><profile><id>release</id><dependencies><dependency/></dependencies></profile>\
            <profile><activation><activeByDefault>true</activeByDefault></activation>\
            <dependencies><dependency><groupId>f</groupId></dependency></dependencies></profile></profiles></project>";
        let pom = Pom::parse(text.as_bytes()).unwrap();
        assert_eq!((pom.group(), pom.version()), (Some("g"), Some("1")));
        assert_eq!(pom.parent.as_ref().unwrap().path.as_deref(), Some("../pom.xml"));
        assert_eq!(pom.properties["x.y"], "1");
        assert_eq!(pom.modules, ["m"]);
        assert_eq!(pom.dependencies.len(), 2);
        assert_eq!(pom.dependencies[0].scope.as_deref(), Some("test"));
        assert_eq!(pom.conditional, ["release"]);
        assert_eq!(pom.licences[0].name.as_deref(), Some("MIT License"));
        assert_eq!(pom.preface.trim(), "ours");
    }

    #[test]
    fn a_parent_may_lie_nowhere() {
        let text = "<project><parent><groupId>g</groupId><relativePath/></parent></project>";
        let parent = Pom::parse(text.as_bytes()).unwrap().parent.unwrap();
        assert_eq!((parent.path, parent.version.as_str()), (None, ""));
    }
}
