use std::io;

use serde_json::ser::{Formatter, Serializer};
use uuid::Uuid;

use crate::Gap;
use crate::abbreviation::abbreviate;
use crate::cyclonedx::{
    Aggregate, Component, ComponentKind, Composition, Dependency, Document, ExternalReference, Lifecycle,
    MetadataSection, Phase, Property, ReferenceKind, SCHEMA, Scope, Tools,
};
use crate::subject::{Author, File, Metadata};
use crate::{licence, reference, supplier};

/// The name space of serial numbers: they are UUIDs of version 5 of the document's content below this name.
const SERIAL_NUMBER_NAME: &str = "https://attest.dev/schema/sbom/v1";

/// A finished CycloneDX 1.6 document.
#[derive(Debug, Clone)]
pub struct Bom {
    document: Document,
    gaps: Vec<Gap>,
}

/// What the makers of documents find out; order does not matter.
pub(crate) struct Content {
    pub(crate) phase: Phase,
    pub(crate) root: Component,
    pub(crate) components: Vec<Component>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) compositions: Vec<Composition>,
    pub(crate) properties: Vec<Property>,
}

impl Bom {
    /// Sorts everything, gives what there is much of short references, and computes the serial number.
    pub(crate) fn new(content: Content, metadata: &Metadata) -> Self {
        let mut document = Document {
            schema: SCHEMA,
            bom_format: "CycloneDX",
            spec_version: "1.6",
            serial_number: None,
            version: 1,
            metadata: section(
                content.phase,
                described(content.root, metadata),
                content.properties,
                metadata,
            ),
            components: content.components,
            dependencies: content.dependencies,
            compositions: content.compositions,
        };
        let root = &mut document.metadata.component;
        for component in std::iter::once(root).chain(&mut document.components) {
            metadata.profile.describe(component);
        }
        sort(&mut document);
        abbreviate(&mut document);
        let gaps = Vec::new();
        Self { document, gaps }.numbered()
    }

    /// The number is that of the content without it.
    fn numbered(mut self) -> Self {
        self.document.serial_number = None;
        let bytes = serde_json::to_vec(&self.document).expect("strings and numbers always serialise");
        self.document.serial_number = Some(serial_number(&bytes));
        self
    }

    /// Says in which phases of its life the thing was looked at, in place of what the maker found out.
    pub(crate) fn with_phases(mut self, phases: impl IntoIterator<Item = Phase>) -> Self {
        self.document.metadata.lifecycles = phases.into_iter().map(|phase| Lifecycle { phase }).collect();
        self.numbered()
    }

    /// Says that the thing is handed out as this archive, `is_of_sources` or of what was made of them.
    #[must_use]
    pub fn with_archive(mut self, archive: &File, is_of_sources: bool) -> Self {
        let kind = match is_of_sources {
            true => ReferenceKind::SourceDistribution,
            false => ReferenceKind::Distribution,
        };
        let references = &mut self.document.metadata.component.external_references;
        references.push(ExternalReference {
            kind,
            url: archive.name().to_owned(),
            hashes: archive.hashes(),
        });
        references.sort();
        self.numbered()
    }

    /// Says what else the document does not say. It is for documents that claim no completeness.
    #[must_use]
    pub fn with_more_gaps(mut self, gaps: Vec<Gap>) -> Self {
        let properties = &mut self.document.metadata.properties;
        properties.extend(gaps.iter().map(Gap::property));
        properties.sort();
        self.gaps.extend(gaps);
        self.numbered()
    }

    pub(crate) fn with_gaps(self, gaps: Vec<Gap>) -> Self {
        Self { gaps, ..self }
    }

    /// What the document cannot say.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// The document as JSON: a line for each component and each dependency, a line feed at the end.
    ///
    /// # Panics
    /// Never: the document holds strings and numbers only.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        in_lines(&self.document)
    }

    /// `urn:uuid:…`, the same for the same content.
    #[must_use]
    pub fn serial_number(&self) -> &str {
        self.document.serial_number.as_deref().unwrap_or_default()
    }

    /// How many components there are beside the root.
    #[must_use]
    pub fn component_count(&self) -> usize {
        self.document.components.len()
    }

    /// How many of them were used during the build only.
    #[must_use]
    pub fn excluded_count(&self) -> usize {
        let excluded = |component: &&Component| component.scope == Some(Scope::Excluded);
        self.document.components.iter().filter(excluded).count()
    }

    /// Whether the document claims to list everything.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let mut stated = self.document.compositions.iter();
        stated.any(|composition| composition.aggregate == Aggregate::Complete)
    }

    /// Name of the root component, the thing that the document is about.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.document.metadata.component.name
    }
}

/// Who would not take a document of this many bytes as an attestation, with their limit.
#[must_use]
pub fn too_large_for(length: usize) -> Option<&'static str> {
    const LARGEST: [(usize, &str); 2] = [(16 << 20, "GitHub (16 MiB)"), (2_000_000, "Rekor (2 MB)")];
    LARGEST
        .iter()
        .find(|(limit, _)| length > *limit)
        .map(|(_, place)| *place)
}

/// Adds what the root's own manifest does not say. Who supplies it, its maker knows better than any rule.
fn described(mut root: Component, metadata: &Metadata) -> Component {
    let about = &metadata.about;
    if let Some(supplier) = &metadata.supplier {
        root.supplier = Some(supplier.into());
    }
    root.description = root.description.or_else(|| about.description.clone());
    if root.licenses.is_empty() {
        root.licenses = licence::declared(about.license.as_deref(), None);
    }
    let is_source = |reference: &ExternalReference| reference.kind == ReferenceKind::Vcs;
    if !root.external_references.iter().any(is_source) {
        let repository = reference::external(ReferenceKind::Vcs, about.repository.as_deref());
        root.external_references.extend(repository);
    }
    root.supplier = root.supplier.or_else(|| supplier::of_project(about));
    root
}

fn section(phase: Phase, root: Component, properties: Vec<Property>, metadata: &Metadata) -> MetadataSection {
    MetadataSection {
        timestamp: metadata.timestamp.map(|timestamp| timestamp.to_string()),
        lifecycles: vec![Lifecycle { phase }],
        tools: Tools {
            components: vec![tool()],
        },
        manufacturer: metadata.manufacturer.as_ref().map(Into::into),
        authors: metadata.authors.iter().map(Author::contact).collect(),
        component: root,
        supplier: metadata.supplier.as_ref().map(Into::into),
        properties,
    }
}

fn tool() -> Component {
    Component {
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        ..Component::new(ComponentKind::Application, "attest")
    }
}

fn sort(document: &mut Document) {
    document.metadata.properties.sort();
    sort_component(&mut document.metadata.component);
    document.components.iter_mut().for_each(sort_component);
    document.components.sort_by(|a, b| a.bom_ref.cmp(&b.bom_ref));
    for dependency in &mut document.dependencies {
        dependency.depends_on.sort();
        dependency.depends_on.dedup();
    }
    document.dependencies.sort();
    for composition in &mut document.compositions {
        composition.assemblies.sort();
        composition.dependencies.sort();
    }
    document.compositions.sort();
}

/// Authors keep the order in which they are declared: it means something to them.
fn sort_component(component: &mut Component) {
    component.properties.sort();
    component.foreign_properties.sort();
    component.hashes.sort();
    component.evidence.occurrences.sort();
    component.external_references.sort();
    component.components.sort_by(|a, b| a.bom_ref.cmp(&b.bom_ref));
    component.components.iter_mut().for_each(sort_component);
}

fn serial_number(content: &[u8]) -> String {
    let name_space = Uuid::new_v5(&Uuid::NAMESPACE_URL, SERIAL_NUMBER_NAME.as_bytes());
    Uuid::new_v5(&name_space, content).urn().to_string()
}

/// JSON with a line for each member of the document and each element of its lists, and a line feed at the end.
pub(crate) fn in_lines(document: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Lines::default());
    document
        .serialize(&mut serializer)
        .expect("writing to memory does not fail");
    bytes.push(b'\n');
    bytes
}

/// One line for each member of the document and each element of its lists: small, and still to be read and compared.
#[derive(Default)]
struct Lines {
    depth: usize,
}

/// What lies deeper stands on the line of what holds it.
const DEEPEST_LINES: usize = 2;

impl Lines {
    fn line<W: io::Write + ?Sized>(&self, writer: &mut W) -> io::Result<()> {
        match self.depth <= DEEPEST_LINES {
            true => writer.write_all(b"\n"),
            false => Ok(()),
        }
    }

    fn open<W: io::Write + ?Sized>(&mut self, writer: &mut W, mark: &[u8]) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(mark)
    }

    fn close<W: io::Write + ?Sized>(&mut self, writer: &mut W, mark: &[u8]) -> io::Result<()> {
        self.line(writer)?;
        self.depth -= 1;
        writer.write_all(mark)
    }

    fn next<W: io::Write + ?Sized>(&self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.line(writer)
    }
}

impl Formatter for Lines {
    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.next(writer, first)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.next(writer, first)
    }
}
