//! The part of CycloneDX 1.6 that is written, as types; field order is the order in the file.
//!
//! Source: `bom-1.6.schema.json` of the CycloneDX specification.

use serde::{Deserialize, Serialize};

use crate::registry::Origin;

pub(crate) const SCHEMA: &str = "http://cyclonedx.org/schema/bom-1.6.schema.json";

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    #[serde(rename = "$schema")]
    pub(crate) schema: &'static str,
    pub(crate) bom_format: &'static str,
    pub(crate) spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial_number: Option<String>,
    pub(crate) version: u32,
    pub(crate) metadata: MetadataSection,
    pub(crate) components: Vec<Component>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) compositions: Vec<Composition>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetadataSection {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timestamp: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lifecycles: Vec<Lifecycle>,
    pub(crate) tools: Tools,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) manufacturer: Option<OrganizationalEntity>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) authors: Vec<Contact>,
    pub(crate) component: Component,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) supplier: Option<OrganizationalEntity>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) properties: Vec<Property>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Lifecycle {
    pub(crate) phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    Design,
    PreBuild,
    Build,
    PostBuild,
    Operations,
    Discovery,
    Decommission,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Tools {
    pub(crate) components: Vec<Component>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct OrganizationalEntity {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) url: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) contact: Vec<Contact>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Contact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Component {
    #[serde(rename = "type")]
    pub(crate) kind: ComponentKind,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub(crate) bom_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) supplier: Option<OrganizationalEntity>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) authors: Vec<Contact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<Scope>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) licenses: Vec<LicenceChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) copyright: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpe: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) external_references: Vec<ExternalReference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) components: Vec<Component>,
    #[serde(skip_serializing_if = "Evidence::is_empty")]
    pub(crate) evidence: Evidence,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) properties: Vec<Property>,
    /// Where it comes from, for whoever asks about it.
    #[serde(skip)]
    pub(crate) origin: Origin,
    /// The name of the one file that it is, where it is one and is not called like it.
    #[serde(skip)]
    pub(crate) file: Option<String>,
    /// Those of a document that somebody else wrote. No component has both kinds.
    #[serde(rename = "properties", skip_serializing_if = "Vec::is_empty")]
    pub(crate) foreign_properties: Vec<ForeignProperty>,
}

/// Why a component is in the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Evidence {
    pub(crate) occurrences: Vec<Occurrence>,
}

impl Evidence {
    fn is_empty(&self) -> bool {
        self.occurrences.is_empty()
    }
}

/// A place, relative to what was read, with `/` on every system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Occurrence {
    pub(crate) location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u32>,
}

impl Component {
    pub(crate) fn new(kind: ComponentKind, name: impl Into<String>) -> Self {
        Self {
            kind,
            bom_ref: None,
            supplier: None,
            authors: Vec::new(),
            group: None,
            name: name.into(),
            version: None,
            description: None,
            scope: None,
            hashes: Vec::new(),
            licenses: Vec::new(),
            copyright: None,
            cpe: None,
            purl: None,
            external_references: Vec::new(),
            components: Vec::new(),
            evidence: Evidence::default(),
            properties: Vec::new(),
            origin: Origin::Unsaid,
            file: None,
            foreign_properties: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ComponentKind {
    Application,
    Container,
    CryptographicAsset,
    Data,
    Device,
    DeviceDriver,
    File,
    Firmware,
    Framework,
    Library,
    MachineLearningModel,
    OperatingSystem,
    Platform,
}

/// Whether something is needed where the root runs; the greater one wins when two inputs differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scope {
    Excluded,
    Optional,
    Required,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Hash {
    pub(crate) alg: &'static str,
    pub(crate) content: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum LicenceChoice {
    Expression {
        expression: String,
        acknowledgement: Acknowledgement,
    },
    Named {
        license: NamedLicence,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NamedLicence {
    pub(crate) name: String,
    pub(crate) acknowledgement: Acknowledgement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Acknowledgement {
    Concluded,
    Declared,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct ExternalReference {
    #[serde(rename = "type")]
    pub(crate) kind: ReferenceKind,
    pub(crate) url: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) hashes: Vec<Hash>,
}

/// Those that tell of what a component is and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ReferenceKind {
    Vcs,
    Website,
    Documentation,
    Distribution,
    DistributionIntake,
    SourceDistribution,
    IssueTracker,
    License,
    Bom,
    Advisories,
    MailingList,
    Social,
    Chat,
    Support,
    BuildMeta,
    BuildSystem,
    ReleaseNotes,
    SecurityContact,
    Attestation,
    #[serde(rename = "rfc-9116")]
    Rfc9116,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct ForeignProperty {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// An absent entry means that the dependencies are unknown; an empty one, that there are none.
///
/// Source: CycloneDX 1.6, `dependencies`: what needs nothing is an empty element of the graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dependency {
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    /// An entry without it says that nothing is needed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) depends_on: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Composition {
    pub(crate) aggregate: Aggregate,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) assemblies: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) dependencies: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Aggregate {
    Complete,
    Incomplete,
    Unknown,
}
