use serde::Serialize;

use super::fields::{Document, Shape, is_taken_for};
use super::metadata::{self, LIMITS};
use super::{ChartError, VersionRange};
use crate::yaml::{Node, Value, documents};

/// A chart that a chart depends on, as `dependencies` says (<https://helm.sh/docs/topics/charts/#chart-dependencies>).
///
/// The fields stand in the order in which Helm writes them for the digest of `Chart.lock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Dependency {
    /// The name in its own `Chart.yaml`.
    pub name: String,
    /// The range of its version as it is written, or nothing when any will do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Where it comes from: an address, `oci://…`, `file://…`, `@NAME`, or nothing when it is kept in `charts/`.
    pub repository: String,
    /// The value that turns it on and off.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// Words that turn it on and off together with others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "is_off")]
    enabled: bool,
    #[serde(rename = "import-values", skip_serializing_if = "Vec::is_empty")]
    import_values: Vec<serde_json::Value>,
    /// The name that it goes by in this chart, so that one chart can be there twice.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alias: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_off(flag: &bool) -> bool {
    !flag
}

/// The fields of one dependency.
pub(super) const SHAPES: &[(&str, Shape)] = &[
    ("alias", Shape::Text),
    ("condition", Shape::Text),
    ("enabled", Shape::Flag),
    ("import-values", Shape::TextsAndTextMaps),
    ("name", Shape::Text),
    ("repository", Shape::Text),
    ("tags", Shape::Texts),
    ("version", Shape::Text),
];

impl Dependency {
    /// The dependencies that a file lists under `dependencies`, checked.
    pub(super) fn list(document: Document<'_>, node: &Node) -> Result<Vec<Self>, ChartError> {
        document.refuse_other_case(node, "", ["dependencies"].into_iter())?;
        let entries = document.entries(node, "")?;
        let Some((_, list)) = entries
            .iter()
            .find(|(key, node)| *key == "dependencies" && !node.is_null())
        else {
            return Ok(Vec::new());
        };
        let nodes = document.list(list, "dependencies")?.iter().enumerate();
        nodes.map(|(at, node)| Self::parse(document, node, at)).collect()
    }

    fn parse(document: Document<'_>, node: &Node, at: usize) -> Result<Self, ChartError> {
        let place = format!("dependencies[{at}]");
        let fields = document.fields(node, &place, SHAPES)?.known;
        let text = |key: &str| fields.get(key).and_then(Value::as_text).unwrap_or_default().to_owned();
        let dependency = Self {
            name: text("name"),
            version: text("version"),
            repository: text("repository"),
            condition: text("condition"),
            tags: texts(fields.get("tags")),
            enabled: fields.get("enabled") == Some(&Value::Flag(true)),
            import_values: import_values(fields.get("import-values")),
            alias: text("alias"),
        };
        if !super::metadata::is_name(&dependency.name) {
            let found = format!("`{}`", crate::error::visible(&dependency.name));
            return Err(document.wrong(node, &format!("{place}.name"), "the name of a chart", found));
        }
        let is_alias = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !dependency.alias.chars().all(is_alias) {
            let found = format!("`{}`", crate::error::visible(&dependency.alias));
            return Err(document.wrong(node, &format!("{place}.alias"), "letters, digits, `_` and `-`", found));
        }
        dependency.range()?;
        Ok(dependency)
    }

    /// The name that it goes by in the chart that depends on it.
    #[must_use]
    pub fn called(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }

    /// The range of its version, or none when any will do.
    pub(super) fn range(&self) -> Result<Option<VersionRange>, ChartError> {
        match self.version.is_empty() {
            true => Ok(None),
            false => VersionRange::parse(&self.version).map(Some),
        }
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::List(list)) => list
            .iter()
            .filter_map(|text| text.as_text().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

fn import_values(value: Option<&Value>) -> Vec<serde_json::Value> {
    match value {
        Some(Value::List(list)) => list.iter().map(json).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Flag(flag) => (*flag).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(list) => list.iter().map(json).collect(),
        Value::Map(map) => map.iter().map(|(key, value)| (key.clone(), json(value))).collect(),
    }
}

/// The file in which older charts have their dependencies.
pub(super) const REQUIREMENTS: &str = "requirements.yaml";

/// Refuses a `requirements.yaml` that says more of a chart than its dependencies: Helm reads it over `Chart.yaml`.
pub(super) fn refuse_overrides(bytes: &[u8]) -> Result<(), ChartError> {
    let document = Document { file: REQUIREMENTS };
    let nodes = documents(bytes, LIMITS).map_err(|problem| document.yaml(problem))?;
    for node in nodes.iter().filter(|node| !node.is_null()) {
        for (key, node) in document.entries(node, "")? {
            let mut fields = metadata::SHAPES.iter().map(|(field, _)| *field);
            if key != "dependencies" && fields.any(|field| is_taken_for(key, field)) {
                return Err(document.unexpected(node, key, "no field of `Chart.yaml`"));
            }
        }
    }
    Ok(())
}

/// The dependencies that a `requirements.yaml` lists.
pub(super) fn of_requirements(bytes: &[u8]) -> Result<Vec<Dependency>, ChartError> {
    let document = Document { file: REQUIREMENTS };
    let nodes = documents(bytes, LIMITS).map_err(|problem| document.yaml(problem))?;
    let lists = nodes.iter().filter(|node| !node.is_null());
    let lists: Vec<Vec<Dependency>> = lists
        .map(|node| Dependency::list(document, node))
        .collect::<Result<_, _>>()?;
    Ok(lists.into_iter().flatten().collect())
}

/// Refuses two dependencies that go by one name.
pub(super) fn refuse_twins(dependencies: &[Dependency]) -> Result<(), ChartError> {
    let mut names = std::collections::BTreeSet::new();
    match dependencies
        .iter()
        .find(|dependency| !names.insert(dependency.called()))
    {
        Some(twin) => Err(ChartError::DependencyTwice {
            name: twin.called().to_owned(),
        }),
        None => Ok(()),
    }
}
