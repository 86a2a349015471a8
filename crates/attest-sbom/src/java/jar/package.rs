//! What Maven leaves in a jar in, the packages that were built into it out: `META-INF/maven/GROUP/ARTIFACT/pom.properties`
//! and the `pom.xml` beside it.

use std::collections::BTreeMap;

use super::maven::model::Pom;
use super::maven::values::Values;
use super::{Coordinates, Gap, damaged, licences, properties, xml};
use crate::cyclonedx::LicenceChoice;

/// A package, and what its own manifest says of it.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) coordinates: Coordinates,
    pub(super) facts: Facts,
}

/// What a `pom.xml` says; nothing where there is none.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Whose licences it has, if it names none.
    pub(super) parent: Option<Coordinates>,
    pub(super) licences: Vec<LicenceChoice>,
    /// What the comment at the beginning says.
    pub(super) preface: Option<LicenceChoice>,
    pub(super) organization: Option<String>,
}

impl Facts {
    /// Whether there is anything in it about a licence, or where to look for one.
    pub(super) fn says_something(&self) -> bool {
        !self.licences.is_empty() || self.parent.is_some()
    }
}

const ABOVE: &str = "META-INF/maven/";
const PROPERTIES: &str = "pom.properties";
const MANIFEST: &str = "pom.xml";

/// The directory of a package, if a path is that of one of the two files in it. It may lie below others: a web application
/// has its classes in `WEB-INF/classes`.
pub(super) fn directory(path: &str) -> Option<&str> {
    let (directory, file) = path.rsplit_once('/')?;
    if !matches!(file, PROPERTIES | MANIFEST) {
        return None;
    }
    let at = directory.rfind(ABOVE)?;
    let is_whole = at == 0 || directory[..at].ends_with('/');
    let names = &directory[at + ABOVE.len()..];
    (is_whole && names.matches('/').count() == 1).then_some(directory)
}

/// What was read so far, by directory.
#[derive(Default)]
pub(super) struct Found {
    directories: BTreeMap<String, Read>,
    gaps: Vec<Gap>,
}

#[derive(Default)]
struct Read {
    properties: BTreeMap<String, String>,
    pom: Described,
}

/// What is kept of a `pom.xml`.
#[derive(Default)]
struct Described {
    group: String,
    artifact: String,
    version: String,
    facts: Facts,
}

impl Described {
    fn of(pom: &Pom) -> Self {
        let mut values = Values::default();
        pom.add_values(&mut values);
        let filled = |text: Option<&str>| text.map(|text| values.filled(text)).unwrap_or_default();
        // A list of licences that holds an empty one is how projects say that they have not that of their parent.
        let parent = pom.parent.as_ref().filter(|_| pom.licences.is_empty());
        Self {
            group: filled(pom.group()),
            artifact: filled(pom.artifact.as_deref()),
            version: filled(pom.version()),
            facts: Facts {
                parent: parent
                    .and_then(|parent| Coordinates::new(&parent.group, &parent.artifact, Some(&parent.version))),
                licences: licences::of_pom(&pom.licences),
                preface: licences::of_preface(&pom.preface),
                organization: pom.organization.as_deref().map(|name| values.filled(name)),
            },
        }
    }
}

impl Package {
    /// What a manifest describes that lies beside jars, in a repository of Maven or a project; nothing if it names no package.
    pub(super) fn of_manifest(bytes: &[u8]) -> Option<Self> {
        let described = Described::of(&Pom::parse(bytes).ok()?);
        let coordinates = Coordinates::new(&described.group, &described.artifact, Some(&described.version))?;
        let facts = described.facts;
        Some(Self { coordinates, facts })
    }
}

impl Found {
    /// Takes a file; of two with one name the later counts.
    pub(super) fn add(&mut self, directory: &str, place: &str, bytes: &[u8]) {
        let read = self.directories.entry(directory.to_owned()).or_default();
        if place.ends_with(PROPERTIES) {
            read.properties = properties::parse(&xml::text(bytes));
            return;
        }
        match Pom::parse(bytes) {
            Ok(pom) => read.pom = Described::of(&pom),
            Err(error) => self.gaps.push(damaged(place, &error)),
        }
    }

    /// The packages by their directories, and what is wrong with the others.
    pub(super) fn finish(self) -> (Vec<(String, Package)>, Vec<Gap>) {
        let Self { directories, mut gaps } = self;
        let mut packages = Vec::new();
        for (directory, read) in directories {
            match read.package(&directory) {
                Some(package) => packages.push((directory, package)),
                None => gaps.push(Gap::new(
                    "damaged",
                    &directory,
                    "neither its files nor its name say which package it is",
                )),
            }
        }
        (packages, gaps)
    }
}

impl Read {
    fn package(self, directory: &str) -> Option<Package> {
        let written = |name: &str| self.properties.get(name).map(String::as_str).unwrap_or_default();
        let version = match written("version") {
            "" => self.pom.version.as_str(),
            written => written,
        };
        let names = &directory[directory.rfind(ABOVE)? + ABOVE.len()..];
        let path = names.split_once('/')?;
        let coordinates = Coordinates::new(written("groupId"), written("artifactId"), Some(version))
            .or_else(|| Coordinates::new(&self.pom.group, &self.pom.artifact, Some(version)))
            .or_else(|| Coordinates::new(path.0, path.1, Some(version)))?;
        let facts = self.pom.facts;
        Some(Package { coordinates, facts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_files_of_a_package_are_known_by_their_place() {
        for (path, expected) in [
            ("META-INF/maven/g/a/pom.xml", Some("META-INF/maven/g/a")),
            (
                "WEB-INF/classes/META-INF/maven/g/a/pom.properties",
                Some("WEB-INF/classes/META-INF/maven/g/a"),
            ),
            ("META-INF/maven/pom.xml", None),
            ("META-INF/maven/g/a/b/pom.xml", None),
            ("META-INF/maven/g/a/other.xml", None),
            ("XMETA-INF/maven/g/a/pom.xml", None),
            ("pom.xml", None),
        ] {
            assert_eq!(directory(path), expected, "{path}");
        }
    }

    fn package(files: &[(&str, &str)]) -> (Option<Coordinates>, Vec<Gap>) {
        let mut found = Found::default();
        for (path, text) in files {
            found.add(directory(path).unwrap(), path, text.as_bytes());
        }
        let (packages, gaps) = found.finish();
        (
            packages.into_iter().next().map(|(_, package)| package.coordinates),
            gaps,
        )
    }

    #[test]
    fn the_properties_go_before_the_manifest_and_the_manifest_before_the_path() {
        let properties = (
            "META-INF/maven/g/a/pom.properties",
            "groupId=p\nartifactId=b\nversion=1\n",
        );
        let manifest = (
            "META-INF/maven/g/a/pom.xml",
            "<project><parent><groupId>m</groupId><version>2</version></parent><artifactId>c</artifactId></project>",
        );
        let found = |files: &[(&str, &str)]| package(files).0.map(|coordinates| coordinates.to_string());
        assert_eq!(found(&[properties, manifest]).as_deref(), Some("p:b:1"));
        assert_eq!(found(&[manifest]).as_deref(), Some("m:c:2"));
        assert_eq!(found(&[(properties.0, "version=${v}")]).as_deref(), Some("g:a"));
        assert_eq!(
            found(&[(properties.0, "version=${v}"), (manifest.0, "<x>")]).as_deref(),
            Some("g:a")
        );
    }

    #[test]
    fn a_manifest_that_is_none_is_a_gap() {
        let (_, gaps) = package(&[("META-INF/maven/g/a/pom.xml", "<project>")]);
        let shown: Vec<String> = gaps.iter().map(Gap::to_string).collect();
        assert_eq!(
            shown,
            ["META-INF/maven/g/a/pom.xml: damaged: the document ends inside of an element"]
        );
    }
}
