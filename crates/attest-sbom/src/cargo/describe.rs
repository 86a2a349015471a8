use cargo_metadata::{Package, TargetKind};

use super::lock::Checksums;
use crate::cyclonedx::{Component, ComponentKind, Hash, Property, ReferenceKind};
use crate::{Error, contact, licence, purl, reference};

/// Describes a package as a component, with its package URL as reference.
pub(super) fn component(package: &Package, checksums: &Checksums) -> Result<Component, Error> {
    let version = package.version.to_string();
    let source = package.source.as_ref().map(|source| source.repr.as_str());
    let purl = purl::cargo(&package.name, &version, source)?;
    let checksum = checksums.of(&package.name, &version, source);
    let licence_file = package.license_file.as_ref().map(|path| path.as_str());
    Ok(Component {
        bom_ref: Some(purl.clone()),
        authors: package
            .authors
            .iter()
            .filter_map(|author| contact::author(author))
            .collect(),
        description: package.description.as_deref().and_then(one_line),
        hashes: checksum.map(|digest| sha256(digest.to_hex())).into_iter().collect(),
        licenses: licence::declared(package.license.as_deref(), licence_file),
        external_references: references(package),
        version: Some(version),
        purl: Some(purl),
        ..Component::new(kind(package), package.name.as_str())
    })
}

fn sha256(content: String) -> Hash {
    Hash {
        alg: "SHA-256",
        content,
    }
}

fn references(package: &Package) -> Vec<crate::cyclonedx::ExternalReference> {
    let references = [
        reference::external(ReferenceKind::Vcs, package.repository.as_deref()),
        reference::external(ReferenceKind::Website, package.homepage.as_deref()),
        reference::external(ReferenceKind::Documentation, package.documentation.as_deref()),
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
