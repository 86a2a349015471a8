use crate::bom::Content;
use crate::cyclonedx::{
    Aggregate, Component, ComponentKind, Composition, Dependency, ExternalReference, OrganizationalEntity, Phase,
    ReferenceKind,
};
use crate::oci::image::hash;
use crate::oci::{Images, PlatformImage};
use crate::{Bom, Metadata, Root, supplier};

/// A document of an image for several platforms: one component a platform, with a link to the document that lists it.
///
/// The link is a BOM-Link, `urn:cdx:<serial number>/<version>`, as CycloneDX describes it: it holds wherever the documents
/// are kept.
#[must_use]
pub fn index(images: &Images, documents: &[(&PlatformImage, &Bom)], root: &Root, metadata: &Metadata) -> Bom {
    let components = documents.iter().map(|(image, bom)| linked(image, bom, metadata));
    let components: Vec<Component> = components.collect();
    let references: Vec<String> = components
        .iter()
        .filter_map(|component| component.bom_ref.clone())
        .collect();
    let whole = whole(images, documents, root);
    let root = Component {
        bom_ref: Some(ROOT.to_owned()),
        supplier: supplied_by(&whole, metadata),
        ..whole
    };
    let mut dependencies: Vec<Dependency> = references
        .iter()
        .map(|reference| Dependency {
            reference: reference.clone(),
            depends_on: Vec::new(),
        })
        .collect();
    dependencies.push(Dependency {
        reference: ROOT.to_owned(),
        depends_on: references,
    });
    let is_complete = images.gaps.is_empty() && documents.len() == images.platforms.len();
    let content = Content {
        phase: Phase::PostBuild,
        root,
        components,
        dependencies,
        compositions: vec![Composition {
            aggregate: if is_complete {
                Aggregate::Complete
            } else {
                Aggregate::Incomplete
            },
            assemblies: vec![ROOT.to_owned()],
            dependencies: Vec::new(),
        }],
        properties: Vec::new(),
    };
    Bom::new(content, metadata).with_gaps(images.gaps.clone())
}

const ROOT: &str = "root";

fn whole(images: &Images, documents: &[(&PlatformImage, &Bom)], root: &Root) -> Component {
    let first = documents.first().map(|(image, _)| image.component());
    let name = root.name.clone().or(first.as_ref().map(|first| first.name.clone()));
    let digest = images.index.as_ref();
    Component {
        version: root.version.clone().or_else(|| digest.map(ToString::to_string)),
        purl: digest.and_then(|digest| documents.first()?.0.purl_of(digest, None)),
        supplier: first.as_ref().and_then(|first| first.supplier.clone()),
        hashes: digest.into_iter().filter_map(hash).collect(),
        ..Component::new(ComponentKind::Container, name.unwrap_or_else(|| "images".to_owned()))
    }
}

/// Whom an image names, else whom the caller names, else the project, else the account of the registry.
fn supplied_by(image: &Component, metadata: &Metadata) -> Option<OrganizationalEntity> {
    let named = image.supplier.clone();
    let named = named.or_else(|| metadata.supplier.as_ref().map(Into::into));
    let named = named.or_else(|| supplier::of_project(&metadata.about));
    named.or_else(|| supplier::by_name_space(image))
}

fn linked(image: &PlatformImage, bom: &Bom, metadata: &Metadata) -> Component {
    let component = image.component();
    let serial = bom.serial_number().trim_start_matches("urn:uuid:");
    let link = ExternalReference {
        kind: ReferenceKind::Bom,
        url: format!("urn:cdx:{serial}/1"),
        hashes: Vec::new(),
    };
    Component {
        bom_ref: Some(format!("{} {}", image.platform(), image.digest())),
        supplier: supplied_by(&component, metadata),
        external_references: [component.external_references, vec![link]].concat(),
        ..component
    }
}
