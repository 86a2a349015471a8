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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHART: &str = "apiVersion: v2\nname: app\nversion: 1.2.3\n";

    fn refused(more: &str) -> ChartError {
        Metadata::parse(format!("{CHART}{more}").as_bytes()).unwrap_err()
    }

    #[test]
    fn the_fields_of_a_chart_are_read() {
        let text = "apiVersion: v2\nname: app\nversion: 1.2.3-rc.1+b\nappVersion: \"1.10\"\ntype: library\nhome:\nicons: x\n\
                    kubeVersion: '>=1.25.0-0'\nmaintainers:\n  - name: A\ndependencies:\n- {name: db, version: ^1.2, alias: store}\n";
        let metadata = Metadata::parse(text.as_bytes()).unwrap();
        assert_eq!(metadata.name(), "app");
        assert_eq!(metadata.version().as_str(), "1.2.3-rc.1+b");
        assert_eq!(metadata.app_version(), Some("1.10"));
        assert!(metadata.is_library());
        assert_eq!(metadata.unknown_fields(), ["icons"]);
        assert_eq!(metadata.dependencies()[0].called(), "store");
        let written = metadata.to_yaml();
        assert!(
            written.starts_with("apiVersion: v2\nappVersion: \"1.10\"\ndependencies:\n- alias: store\n"),
            "{written}"
        );
        assert_eq!(Metadata::parse(written.as_bytes()).unwrap().fields, metadata.fields);
    }

    #[test]
    fn a_field_that_must_be_there_is_missed() {
        for field in ["apiVersion", "name", "version"] {
            let text: String = CHART
                .lines()
                .filter(|line| !line.starts_with(field))
                .map(|line| format!("{line}\n"))
                .collect();
            let error = Metadata::parse(text.as_bytes()).unwrap_err();
            assert!(
                matches!(error, ChartError::FieldMissing { field: missing, .. } if missing == field),
                "{error}"
            );
        }
        assert!(matches!(
            refused("maintainers: [{email: a@example.com}]\n"),
            ChartError::FieldMissing { .. }
        ));
    }

    #[test]
    fn names_versions_and_kinds_that_helm_knows_are_accepted_and_no_others() {
        let changed = |from: &str, to: &str| Metadata::parse(CHART.replace(from, to).as_bytes());
        for (from, to, field) in [
            ("v2", "v3", "apiVersion"),
            ("name: app", "name: ../app", "name"),
            ("name: app", "name: a b", "name"),
            ("name: app", "name: .app", "name"),
            ("name: app", "name: é", "name"),
            ("1.2.3", "v1.2.3", "version"),
            ("1.2.3", "1.2.03", "version"),
            ("1.2.3", "1.2", "version"),
            ("1.2.3", "\"1.2\"", "version"),
            ("v2\n", "v2\ntype: plugin\n", "type"),
            ("v2\n", "v2\nappVersion: 1.10\n", "appVersion"),
            ("v2\n", "v2\ndescription: yes\n", "description"),
            ("v2\n", "v2\ndescription: !!binary aGk=\n", "description"),
            ("v2\n", "v2\ndeprecated: \"true\"\n", "deprecated"),
            ("v2\n", "v2\ndeprecated: on\n", "deprecated"),
            ("v2\n", "v2\nkeywords: one\n", "keywords"),
            ("v2\n", "v2\nsources: [one, 2]\n", "sources[1]"),
            ("v2\n", "v2\nannotations: {a: 1}\n", "annotations.a"),
        ] {
            let error = changed(from, to).unwrap_err();
            assert!(
                matches!(&error, ChartError::Field { field: found, .. } if found == field),
                "{to}: {error}"
            );
        }
        assert!(changed("1.2.3", "10.20.30-a.1+b").is_ok());
        assert_eq!(
            changed("1.2.3", "1.10").unwrap_err().to_string(),
            "`Chart.yaml` line 3: expected a text, in quotes, as `version`, found the number `1.10`"
        );
    }

    #[test]
    fn a_foreign_chart_may_have_a_version_that_helm_reads() {
        let text = CHART.replace("1.2.3", "v1.2");
        assert_eq!(
            Metadata::parse_foreign(text.as_bytes()).unwrap().version().as_str(),
            "v1.2"
        );
        let error = Metadata::parse_foreign(CHART.replace("1.2.3", "latest").as_bytes()).unwrap_err();
        assert!(matches!(error, ChartError::Field { .. }));
    }

    #[test]
    fn dependencies_have_names_ranges_and_no_twins() {
        assert!(matches!(
            refused("dependencies: [{name: ../x}]\n"),
            ChartError::Field { .. }
        ));
        assert!(matches!(
            refused("dependencies: [{name: x, alias: a.b}]\n"),
            ChartError::Field { .. }
        ));
        assert!(matches!(
            refused("dependencies: [{name: x, version: latest}]\n"),
            ChartError::Range { .. }
        ));
        let twins = refused("dependencies: [{name: x}, {name: z, alias: x}]\n");
        assert!(matches!(twins, ChartError::DependencyTwice { name } if name == "x"));
        assert!(matches!(refused("dependencies: [null]\n"), ChartError::Field { .. }));
    }

    #[test]
    fn tricks_of_yaml_are_refused() {
        assert!(matches!(refused("name: other\n"), ChartError::Yaml { .. }));
        assert!(matches!(
            refused("---\nname: other\n"),
            ChartError::Documents { found: 2, .. }
        ));
        assert!(matches!(
            refused("annotations: {<<: {a: b}}\n"),
            ChartError::Field { .. }
        ));
        assert!(matches!(
            Metadata::parse(b"").unwrap_err(),
            ChartError::Documents { found: 0, .. }
        ));
        assert!(matches!(
            Metadata::parse(b"- a\n").unwrap_err(),
            ChartError::Field { .. }
        ));
        assert!(matches!(
            Metadata::parse(b"name: \xff\n").unwrap_err(),
            ChartError::Yaml { .. }
        ));
    }

    #[test]
    fn a_key_that_helm_takes_for_a_field_is_refused() {
        for (more, field, key) in [
            ("appversion: x\n", "appVersion", "appversion"),
            ("Name: other\n", "name", "Name"),
            ("Dependencies: [{name: db}]\n", "dependencies", "Dependencies"),
            ("ver\u{17f}ion: 9.9.9\n", "version", "ver\u{17f}ion"),
            ("\u{212a}eywords: [x]\n", "keywords", "\u{212a}eywords"),
            ("maintainers: [{name: a, NAME: b}]\n", "name", "maintainers[0].NAME"),
            (
                "dependencies: [{name: db, Alias: x}]\n",
                "alias",
                "dependencies[0].Alias",
            ),
        ] {
            let error = refused(more);
            assert!(
                matches!(&error, ChartError::FieldCase { expected, found, line: 4, .. } if *expected == field && found == key),
                "{more}: {error}"
            );
        }
        assert!(matches!(
            refused("!!binary bmFtZQ==: other\n"),
            ChartError::Field { .. }
        ));
        // Of these none is a field, and in a map of texts case tells keys apart.
        let text = format!("{CHART}app-version: x\nannotations: {{name: a, Name: b}}\n!!str icon: x\n");
        assert_eq!(
            Metadata::parse(text.as_bytes()).unwrap().unknown_fields(),
            ["app-version"]
        );
    }

    #[test]
    fn of_a_chart_that_another_depends_on_no_field_is_there_twice() {
        let text = CHART.replace("1.2.3", "v1.2");
        assert_eq!(Identity::parse(text.as_bytes()).unwrap().name, "app");
        let error = Identity::parse(format!("{text}Version: 2.0.0\n").as_bytes()).unwrap_err();
        assert!(matches!(error, ChartError::FieldCase { .. }), "{error}");
    }

    #[test]
    fn what_belongs_to_the_other_api_version_is_refused() {
        for more in ["type: application\n", "dependencies: []\n"] {
            let text = format!("{}{more}", CHART.replace("v2", "v1"));
            let error = Metadata::parse(text.as_bytes()).unwrap_err();
            assert!(
                matches!(error, ChartError::OtherApiVersion { api_version: "v1", .. }),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Metadata::parse(&bytes);
        }

        #[test]
        fn what_is_written_says_what_was_read(description in any::<String>(), app in "[0-9.]{1,6}", home in "\\PC{0,20}") {
            let quoted = |text: &str| crate::yaml::scalar(text);
            let text = format!(
                "{CHART}description: {}\nappVersion: {}\nhome: {}\n", quoted(&description), quoted(&app), quoted(&home)
            );
            let metadata = Metadata::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(metadata.text("description"), Some(&*description));
            prop_assert_eq!(&Metadata::parse(metadata.to_yaml().as_bytes()).unwrap(), &metadata);
        }
    }
}
