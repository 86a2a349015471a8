use cargo_metadata::{Package, TargetKind};

use super::lock::Checksums;
use super::manifest::About;
use crate::cyclonedx::{Component, ComponentKind, ExternalReference, Hash, LicenceChoice, Property, ReferenceKind};
use crate::{Error, contact, licence, purl, reference};

/// Describes a package as a component, with its package URL as reference.
pub(super) fn component(package: &Package, checksums: &Checksums) -> Result<Component, Error> {
    let version = package.version.to_string();
    let source = package.source.as_ref().map(|source| source.repr.as_str());
    let purl = purl::cargo(&package.name, &version, source)?;
    let checksum = checksums.of(&package.name, &version, source);
    let component = Component {
        bom_ref: Some(purl.clone()),
        hashes: checksum.map(|digest| sha256(digest.to_hex())).into_iter().collect(),
        version: Some(version),
        purl: Some(purl),
        origin: purl::cargo_origin(source),
        ..Component::new(kind(package), package.name.as_str())
    };
    Ok(described(component, &about(package)))
}

fn about(package: &Package) -> About {
    About {
        authors: package.authors.clone(),
        description: package.description.clone(),
        licence: package.license.clone(),
        licence_file: package.license_file.as_ref().map(ToString::to_string),
        repository: package.repository.clone(),
        homepage: package.homepage.clone(),
        documentation: package.documentation.clone(),
    }
}

/// Adds what a package says of itself.
pub(super) fn described(component: Component, about: &About) -> Component {
    let authors = about.authors.iter().filter_map(|author| contact::author(author));
    Component {
        authors: authors.collect(),
        description: about.description.as_deref().and_then(one_line),
        licenses: licences(about),
        external_references: references(about),
        ..component
    }
}

pub(super) fn licences(about: &About) -> Vec<LicenceChoice> {
    licence::declared(about.licence.as_deref(), about.licence_file.as_deref())
}

pub(super) fn sha256(content: String) -> Hash {
    Hash {
        alg: "SHA-256",
        content,
    }
}

fn references(about: &About) -> Vec<ExternalReference> {
    let references = [
        reference::external(ReferenceKind::Vcs, about.repository.as_deref()),
        reference::external(ReferenceKind::Website, about.homepage.as_deref()),
        reference::external(ReferenceKind::Documentation, about.documentation.as_deref()),
    ];
    references.into_iter().flatten().collect()
}

/// A package with a library is a library, even when it has a program, too.
fn kind(package: &Package) -> ComponentKind {
    let is_library = |kind: &TargetKind| {
        let aside = [
            TargetKind::Bin,
            TargetKind::Test,
            TargetKind::Bench,
            TargetKind::Example,
            TargetKind::CustomBuild,
        ];
        !aside.contains(kind)
    };
    match package.targets.iter().flat_map(|target| &target.kind).any(is_library) {
        true => ComponentKind::Library,
        false => ComponentKind::Application,
    }
}

/// Manifests break their descriptions into lines for the reader of the manifest.
fn one_line(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then_some(line)
}

/// The features that a package was compiled with, as one property.
pub(super) fn features<'a>(features: impl Iterator<Item = &'a str>) -> Option<Property> {
    let value = features.collect::<Vec<_>>().join(",");
    (!value.is_empty()).then_some(Property {
        name: "attest:cargo:features",
        value,
    })
}

/// The native libraries that a build script asked to link. A path would tell where the package lay.
pub(super) fn native_libraries<'a>(libraries: impl Iterator<Item = &'a str>) -> impl Iterator<Item = Property> {
    libraries
        .filter(|library| !library.contains(['/', '\\']))
        .map(|library| Property {
            name: "attest:cargo:native-library",
            value: library.to_owned(),
        })
}
