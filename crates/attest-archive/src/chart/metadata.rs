use std::collections::BTreeMap;

use super::dependency::{self, Dependency, refuse_twins};
use super::fields::{Document, Shape};
use super::{ChartError, LooseVersion, StrictVersion, VersionRange};
use crate::yaml::{Limits, Node, Value, to_yaml};

/// How much of `Chart.yaml`, of a lock file and of `values.yaml` is read: as many bytes as Helm reads of any file of a chart,
/// and more nodes than the largest charts have.
pub(super) const LIMITS: Limits = Limits {
    bytes: 5 << 20,
    nodes: 200_000,
};

/// What `Chart.yaml` says (<https://helm.sh/docs/topics/charts/#the-chartyaml-file>), checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    api_version: ApiVersion,
    name: String,
    version: LooseVersion,
    dependencies: Vec<Dependency>,
    /// Every known field as it is written out again.
    fields: BTreeMap<String, Value>,
    unknown: Vec<String>,
}

/// Which rules a chart follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiVersion {
    /// Those of Helm 2: dependencies stand in `requirements.yaml`.
    V1,
    /// Those of Helm 3 and 4.
    V2,
}

impl ApiVersion {
    /// As `apiVersion` says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

const MAINTAINER: &[(&str, Shape)] = &[("email", Shape::Text), ("name", Shape::Text), ("url", Shape::Text)];

/// Every field that Helm knows.
pub(super) const SHAPES: [(&str, Shape); 17] = [
    ("annotations", Shape::TextMap),
    ("apiVersion", Shape::Text),
    ("appVersion", Shape::Text),
    ("condition", Shape::Text),
    ("dependencies", Shape::Records(dependency::SHAPES)),
    ("deprecated", Shape::Flag),
    ("description", Shape::Text),
    ("home", Shape::Text),
    ("icon", Shape::Text),
    ("keywords", Shape::Texts),
    ("kubeVersion", Shape::Text),
    ("maintainers", Shape::Records(MAINTAINER)),
    ("name", Shape::Text),
    ("sources", Shape::Texts),
    ("tags", Shape::Text),
    ("type", Shape::Text),
    ("version", Shape::Text),
];

/// The longest name of a chart, as `helm create` has it.
const MAX_NAME_BYTES: usize = 250;

/// Whether a name is one that a chart may have: letters and digits of ASCII, `.`, `_` and `-` after the first.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= MAX_NAME_BYTES
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// How much is asked of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Versions {
    /// SemVer 2 to the letter: what is packed here.
    Strict,
    /// What Helm reads: what others packed.
    Loose,
}

impl Metadata {
    /// Reads the `Chart.yaml` of a chart that is packed here.
    ///
    /// # Errors
    /// [`ChartError::Yaml`], [`ChartError::Documents`], [`ChartError::Field`], [`ChartError::FieldMissing`],
    /// [`ChartError::OtherApiVersion`], [`ChartError::Range`] or [`ChartError::DependencyTwice`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChartError> {
        let document = Document { file: "Chart.yaml" };
        Self::of_node(document, &document.parse(bytes, LIMITS)?, Versions::Strict)
    }

    /// The same for a chart that others packed: its version may have a `v` before it or leave numbers out.
    ///
    /// # Errors
    /// As for [`Metadata::parse`].
    pub fn parse_foreign(bytes: &[u8]) -> Result<Self, ChartError> {
        let document = Document { file: "Chart.yaml" };
        Self::of_node(document, &document.parse(bytes, LIMITS)?, Versions::Loose)
    }

    fn of_node(document: Document<'_>, node: &Node, versions: Versions) -> Result<Self, ChartError> {
        let found = document.fields(node, "", &SHAPES)?;
        let reader = Reader {
            document,
            node,
            fields: &found.known,
        };
        let metadata = Self {
            api_version: reader.api_version()?,
            name: reader.name()?,
            version: reader.version(versions)?,
            dependencies: Dependency::list(document, node)?,
            unknown: found.unknown,
            fields: BTreeMap::new(),
        };
        reader.check_rest(&metadata)?;
        let fields = found.known;
        Ok(Self { fields, ..metadata })
    }

    /// Which rules it follows.
    #[must_use]
    pub fn api_version(&self) -> ApiVersion {
        self.api_version
    }

    /// What its package is called, as Helm has it: `NAME-VERSION.tgz`.
    #[must_use]
    pub fn package_name(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &LooseVersion {
        &self.version
    }

    /// The version of what it installs, if it says one.
    #[must_use]
    pub fn app_version(&self) -> Option<&str> {
        self.text("appVersion")
    }

    /// Whether it is a library: only for other charts, never installed itself.
    #[must_use]
    pub fn is_library(&self) -> bool {
        self.text("type") == Some("library")
    }

    /// What it depends on.
    #[must_use]
    pub fn dependencies(&self) -> &[Dependency] {
        &self.dependencies
    }

    /// Fields that Helm does not know: it warns of them, and ignores them.
    #[must_use]
    pub fn unknown_fields(&self) -> &[String] {
        &self.unknown
    }

    /// The known fields as YAML, keys sorted, as Helm writes them into a provenance file.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        to_yaml(&Value::Map(self.fields.clone()))
    }

    pub(super) fn fields(&self) -> &BTreeMap<String, Value> {
        &self.fields
    }

    /// The same with other dependencies: those of a `requirements.yaml`.
    pub(super) fn with_dependencies(mut self, dependencies: Vec<Dependency>) -> Self {
        self.dependencies = dependencies;
        self
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_text)
    }
}

/// What is asked of a chart that another depends on: all else in it is a matter of whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) version: LooseVersion,
}

impl Identity {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ChartError> {
        let document = Document { file: "Chart.yaml" };
        let node = document.parse(bytes, LIMITS)?;
        let fields = document
            .fields(&node, "", &[("name", Shape::Text), ("version", Shape::Text)])?
            .known;
        let (document, node, fields) = (document, &node, &fields);
        let reader = Reader { document, node, fields };
        Ok(Self {
            name: reader.name()?,
            version: reader.version(Versions::Loose)?,
        })
    }
}

struct Reader<'a> {
    document: Document<'a>,
    node: &'a Node,
    fields: &'a BTreeMap<String, Value>,
}

impl Reader<'_> {
    fn required(&self, field: &'static str) -> Result<&str, ChartError> {
        let text = self.fields.get(field).and_then(Value::as_text);
        text.ok_or_else(|| self.document.missing(field))
    }

    fn wrong(&self, field: &'static str, expected: &'static str) -> ChartError {
        let entries = self.document.entries(self.node, "").unwrap_or_default();
        let node = entries
            .iter()
            .find(|(key, _)| *key == field)
            .map_or(self.node, |(_, node)| node);
        self.document.unexpected(node, field, expected)
    }

    fn api_version(&self) -> Result<ApiVersion, ChartError> {
        match self.required("apiVersion")? {
            "v1" => Ok(ApiVersion::V1),
            "v2" => Ok(ApiVersion::V2),
            _ => Err(self.wrong("apiVersion", "`v1` or `v2`")),
        }
    }

    fn name(&self) -> Result<String, ChartError> {
        match self.required("name")? {
            name if is_name(name) => Ok(name.to_owned()),
            _ => Err(self.wrong("name", "at most 250 letters, digits, `.`, `_` and `-`")),
        }
    }

    fn version(&self, versions: Versions) -> Result<LooseVersion, ChartError> {
        let text = self.required("version")?;
        let version =
            LooseVersion::parse(text).filter(|_| versions == Versions::Loose || text.parse::<StrictVersion>().is_ok());
        version.ok_or_else(|| self.wrong("version", "a version of SemVer 2 such as `1.2.3`"))
    }

    fn check_rest(&self, metadata: &Metadata) -> Result<(), ChartError> {
        refuse_twins(&metadata.dependencies)?;
        let kind = self.fields.get("type").and_then(Value::as_text);
        if !matches!(kind, None | Some("application" | "library")) {
            return Err(self.wrong("type", "`application` or `library`"));
        }
        if let Some(range) = self.fields.get("kubeVersion").and_then(Value::as_text) {
            VersionRange::parse(range)?;
        }
        if let Some(Value::List(maintainers)) = self.fields.get("maintainers") {
            let is_named = |value: &Value| matches!(value, Value::Map(fields) if fields.contains_key("name"));
            if !maintainers.iter().all(is_named) {
                return Err(self.document.missing("maintainers[].name"));
            }
        }
        if metadata.api_version == ApiVersion::V1 {
            for what in ["type", "dependencies"] {
                if self.fields.contains_key(what) {
                    let api_version = metadata.api_version.as_str();
                    return Err(ChartError::OtherApiVersion { what, api_version });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
