use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use attest_digest::Digest;

use super::fields::{Document, Shape};
use super::lock::is_moment;
use super::metadata::{self, is_name};
use super::{ChartError, LooseVersion, Metadata};
use crate::SourceDate;
use crate::yaml::{Limits, Node, NodeContent, Value, to_yaml};

/// How much of an index is read: the largest public ones had about twenty megabytes before they were cut.
const LIMITS: Limits = Limits {
    bytes: 64 << 20,
    nodes: 4_000_000,
};

const FILE: Document<'static> = Document { file: "index.yaml" };

/// The list of what a chart repository has (<https://helm.sh/docs/topics/chart_repository/#the-index-file>).
///
/// Charts are sorted by name, the versions of each from the newest down. Equal content makes equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    entries: BTreeMap<String, Vec<IndexEntry>>,
    /// `annotations` and `publicKeys`, kept as they are.
    kept: BTreeMap<String, Value>,
}

/// One version of one chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    version: LooseVersion,
    fields: BTreeMap<String, Value>,
}

/// What became of a package that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Added {
    /// It is new.
    New,
    /// It was there, with the same digest: its entry stays as it is, its date and addresses too.
    Kept,
}

/// A package to add.
#[derive(Debug)]
pub struct NewEntry<'a> {
    /// What its `Chart.yaml` says.
    pub metadata: &'a Metadata,
    /// The digest of the package.
    pub digest: &'a Digest,
    /// Where it can be had: an address, or a path that begins where the index lies.
    pub url: String,
    /// When it came to be.
    pub created: SourceDate,
}

/// The fields of an entry that are not those of `Chart.yaml`. The last four are of former times.
const OWN_SHAPES: [(&str, Shape); 8] = [
    ("created", Shape::Text),
    ("digest", Shape::Text),
    ("removed", Shape::Flag),
    ("urls", Shape::Texts),
    ("checksum", Shape::Text),
    ("engine", Shape::Text),
    ("tillerVersion", Shape::Text),
    ("url", Shape::Text),
];

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}

impl Index {
    /// An index of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            kept: BTreeMap::new(),
        }
    }

    /// Reads an index. One that Helm would refuse is refused, and so is what readers might take differently.
    ///
    /// # Errors
    /// [`ChartError::Yaml`], [`ChartError::Documents`], [`ChartError::Field`] or [`ChartError::FieldMissing`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChartError> {
        let node = FILE.parse(bytes, LIMITS)?;
        let shapes = [
            ("annotations", Shape::TextMap),
            ("apiVersion", Shape::Text),
            ("generated", Shape::Text),
            ("publicKeys", Shape::Texts),
        ];
        let found = FILE.fields(&node, "", &shapes)?;
        if let Some(field) = found
            .unknown
            .iter()
            .find(|field| !matches!(field.as_str(), "entries" | "serverInfo"))
        {
            return Err(FILE.wrong(
                &node,
                field,
                "only fields that Helm knows",
                "one that it does not".to_owned(),
            ));
        }
        let mut kept = found.known;
        match kept.remove("apiVersion").as_ref().and_then(Value::as_text) {
            Some("v1") => {}
            Some(_) => return Err(FILE.unexpected(&node, "apiVersion", "`v1`")),
            None => return Err(FILE.missing("apiVersion")),
        }
        kept.remove("generated");
        let entries = FILE.entries(&node, "")?;
        let entries = entries
            .into_iter()
            .find(|(key, node)| *key == "entries" && !node.is_null());
        let entries = entries
            .map(|(_, node)| all_entries(node))
            .transpose()?
            .unwrap_or_default();
        Ok(Self { entries, kept })
    }

    /// Adds a package, unless its name and version are there with the same digest.
    ///
    /// # Errors
    /// [`ChartError::Republished`] when they are there with another digest, or without one: who has fetched that version has
    /// other bytes.
    pub fn add(&mut self, new: &NewEntry<'_>) -> Result<Added, ChartError> {
        let (name, version) = (new.metadata.name(), new.metadata.version());
        let entries = self.entries.entry(name.to_owned()).or_default();
        let found = new.digest.to_hex();
        if let Some(entry) = entries.iter().find(|entry| entry.version.as_str() == version.as_str()) {
            return match entry.digest() == Some(&*found) {
                true => Ok(Added::Kept),
                false => Err(ChartError::Republished {
                    name: name.to_owned(),
                    version: version.to_string(),
                    expected: entry.digest().unwrap_or("none").to_owned(),
                    found,
                }),
            };
        }
        entries.push(IndexEntry::new(new, found));
        entries.sort_by(|one, other| other.version.cmp(&one.version));
        Ok(Added::New)
    }

    /// The versions of each chart, from the newest down.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &[IndexEntry])> {
        self.entries
            .iter()
            .map(|(name, entries)| (name.as_str(), entries.as_slice()))
    }

    /// The index as YAML, as if made at `generated`.
    #[must_use]
    pub fn to_yaml(&self, generated: SourceDate) -> String {
        let list = |entries: &Vec<IndexEntry>| entries.iter().map(|entry| Value::Map(entry.fields.clone())).collect();
        let entries = self
            .entries
            .iter()
            .map(|(name, entries)| (name.clone(), Value::List(list(entries))));
        let mut fields = self.kept.clone();
        fields.insert("apiVersion".to_owned(), Value::text("v1"));
        fields.insert("entries".to_owned(), Value::Map(entries.collect()));
        fields.insert("generated".to_owned(), Value::text(generated.to_rfc3339()));
        to_yaml(&Value::Map(fields))
    }
}

impl IndexEntry {
    fn new(new: &NewEntry<'_>, digest: String) -> Self {
        let mut fields = new.metadata.fields().clone();
        fields.insert("created".to_owned(), Value::text(new.created.to_rfc3339()));
        fields.insert("digest".to_owned(), Value::Text(digest));
        fields.insert("urls".to_owned(), Value::List(vec![Value::text(&new.url)]));
        let version = new.metadata.version().clone();
        Self { version, fields }
    }

    fn parse(node: &Node, place: &str) -> Result<Self, ChartError> {
        let shapes: Vec<(&'static str, Shape)> = metadata::SHAPES.into_iter().chain(OWN_SHAPES).collect();
        let found = FILE.fields(node, place, &shapes)?;
        if let Some(field) = found.unknown.first() {
            return Err(FILE.wrong(
                node,
                field,
                "only fields that Helm knows",
                "one that it does not".to_owned(),
            ));
        }
        let fields = found.known;
        let version = fields
            .get("version")
            .and_then(Value::as_text)
            .and_then(LooseVersion::parse);
        let version = version.ok_or_else(|| FILE.unexpected(node, place, "an entry with a `version`"))?;
        if !fields.get("name").and_then(Value::as_text).is_some_and(is_name) {
            return Err(FILE.unexpected(node, place, "an entry with a `name`"));
        }
        let created = fields.get("created").and_then(Value::as_text);
        if !created.is_none_or(is_moment) {
            return Err(FILE.unexpected(node, place, "an entry with a moment as `created`"));
        }
        Ok(Self { version, fields })
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> &LooseVersion {
        &self.version
    }

    /// The SHA-256 of the package in hexadecimal digits, if the entry says it.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        let digest = self.fields.get("digest").and_then(Value::as_text)?;
        Some(digest.strip_prefix("sha256:").unwrap_or(digest))
    }
}

fn all_entries(node: &Node) -> Result<BTreeMap<String, Vec<IndexEntry>>, ChartError> {
    let charts = FILE.entries(node, "entries")?.into_iter();
    charts
        .map(|(name, node)| Ok((name.to_owned(), entries_of(name, node)?)))
        .collect()
}

fn entries_of(name: &str, node: &Node) -> Result<Vec<IndexEntry>, ChartError> {
    let place = format!("entries.{name}");
    if matches!(&node.content, NodeContent::Plain(_)) && node.is_null() {
        return Ok(Vec::new());
    }
    let nodes = FILE.list(node, &place)?.iter().enumerate();
    let entries = nodes.map(|(at, node)| IndexEntry::parse(node, &format!("{place}[{at}]")));
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by(|one, other| other.version.cmp(&one.version));
    Ok(entries)
}

/// Where the packages of a repository can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryUrl(String);

impl RepositoryUrl {
    /// The address of a package at `path`, which is relative and parted by `/`.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}/{}", self.0, encoded(path))
    }

    /// The address of a package at `path` below the directory of the index itself.
    #[must_use]
    pub fn relative(path: &str) -> String {
        encoded(path)
    }
}

/// A path as it stands in an address (RFC 3986 section 3.3).
fn encoded(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'+' | b'@' | b'=' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Reads `http://…` or `https://…` without query and fragment.
impl FromStr for RepositoryUrl {
    type Err = ChartError;

    fn from_str(text: &str) -> Result<Self, ChartError> {
        let rest = text.strip_prefix("https://").or(text.strip_prefix("http://"));
        let is_fit = |c: char| {
            c.is_ascii_graphic() && !matches!(c, '?' | '#' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
        };
        match rest {
            Some(rest) if !rest.starts_with('/') && !rest.is_empty() && rest.chars().all(is_fit) => {
                Ok(Self(text.trim_end_matches('/').to_owned()))
            }
            _ => Err(ChartError::Url { found: text.to_owned() }),
        }
    }
}

impl fmt::Display for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use attest_digest::Algorithm;
    use proptest::prelude::*;

    use super::*;

    const DATE: &str = "1700000000";

    fn add(index: &mut Index, name: &str, version: &str, digest: u8) -> Result<Added, ChartError> {
        let text = format!("apiVersion: v2\nname: {name}\nversion: {version}\nappVersion: \"1.10\"\n");
        let new = NewEntry {
            metadata: &Metadata::parse_foreign(text.as_bytes()).unwrap(),
            digest: &Digest::from_bytes(Algorithm::Sha256, &[digest; 32]).unwrap(),
            url: format!("{name}-{version}.tgz"),
            created: DATE.parse().unwrap(),
        };
        index.add(&new)
    }

    #[test]
    fn an_index_is_sorted_by_name_and_from_the_newest_down() {
        let mut index = Index::new();
        for (name, version) in [
            ("b", "1.9.0"),
            ("b", "1.10.0"),
            ("a", "1.0.0"),
            ("b", "1.10.0-rc.1"),
            ("b", "v2"),
        ] {
            assert_eq!(add(&mut index, name, version, 1).unwrap(), Added::New);
        }
        let order: Vec<_> = index
            .entries()
            .map(|(name, entries)| {
                (
                    name,
                    entries.iter().map(|entry| entry.version().as_str()).collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(
            order,
            [
                ("a", vec!["1.0.0"]),
                ("b", vec!["v2", "1.10.0", "1.10.0-rc.1", "1.9.0"])
            ]
        );
        let text = index.to_yaml(DATE.parse().unwrap());
        let beginning = format!(
            "apiVersion: v1\nentries:\n  a:\n  - apiVersion: v2\n    appVersion: \"1.10\"\n    created: \"2023-11-14T22:13:20Z\"\n    \
             digest: \"{}\"\n    name: a\n    urls:\n    - a-1.0.0.tgz\n    version: 1.0.0\n  b:\n",
            "01".repeat(32)
        );
        assert!(text.starts_with(&beginning), "{text}");
        assert!(text.ends_with("generated: \"2023-11-14T22:13:20Z\"\n"), "{text}");
        assert_eq!(Index::parse(text.as_bytes()).unwrap(), index);
    }

    #[test]
    fn a_version_is_published_once() {
        let mut index = Index::new();
        add(&mut index, "a", "1.0.0", 1).unwrap();
        let before = index.clone();
        assert_eq!(add(&mut index, "a", "1.0.0", 1).unwrap(), Added::Kept);
        assert_eq!(index, before);
        let error = add(&mut index, "a", "1.0.0", 2).unwrap_err();
        assert!(matches!(error, ChartError::Republished { version, .. } if version == "1.0.0"));
        assert_eq!(add(&mut index, "a", "1.0.0+b", 2).unwrap(), Added::New);
    }

    #[test]
    fn what_others_wrote_is_kept() {
        let text = "apiVersion: v1\nserverInfo: {contextPath: /x}\nannotations: {a: b}\ngenerated: \"2026-01-01T00:00:00Z\"\nentries:\n  \
                    a:\n  - {name: a, version: 0.9.0, urls: [https://example.com/a.tgz], created: \"2020-01-01T00:00:00.5+01:00\", \
                    digest: \"sha256:00\", removed: true, engine: gotpl, icon: null}\n  empty:\n";
        let mut index = Index::parse(text.as_bytes()).unwrap();
        add(&mut index, "a", "1.0.0", 1).unwrap();
        let text = index.to_yaml(DATE.parse().unwrap());
        assert!(text.starts_with("annotations:\n  a: b\napiVersion: v1\n"), "{text}");
        assert!(
            text.contains("  - created: \"2020-01-01T00:00:00.5+01:00\"\n    digest: sha256:00\n    engine: gotpl\n"),
            "{text}"
        );
        assert!(text.contains("  empty: []\n"), "{text}");
    }

    #[test]
    fn what_helm_would_not_read_is_refused() {
        let entry = |fields: &str| format!("apiVersion: v1\nentries: {{a: [{{{fields}}}]}}\n");
        for text in [
            "entries: {}\n".to_owned(),
            "apiVersion: v2\n".to_owned(),
            "apiVersion: v1\nmore: x\n".to_owned(),
            "apiVersion: v1\nentries: []\n".to_owned(),
            entry("name: a"),
            entry("version: 1.0.0"),
            entry("name: ../a, version: 1.0.0"),
            entry("name: a, version: 1.0.0, more: x"),
            entry("name: a, version: 1.0.0, urls: x"),
            entry("name: a, version: 1.0.0, created: now"),
            entry("name: a, version: 1.0"),
            entry("name: a, version: 1.0.0, Version: 2.0.0"),
            entry("name: a, version: 1.0.0, dependencies: [{name: b, Name: c}]"),
            entry("name: a, version: 1.0.0, maintainers: [{name: b, Name: c}]"),
            "apiVersion: v1\nEntries: {}\n".to_owned(),
        ] {
            assert!(Index::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Index::parse(entry("name: a, version: 1.0.0").as_bytes()).is_ok());
        let whole = entry("name: a, version: 1.0.0, dependencies: [{name: b}], annotations: {a: b, A: c}");
        assert!(Index::parse(whole.as_bytes()).is_ok());
    }

    #[test]
    fn addresses_are_joined_and_encoded() {
        let url: RepositoryUrl = "https://example.com/charts/".parse().unwrap();
        assert_eq!(
            url.join("sub dir/a-1.0.0+b.tgz"),
            "https://example.com/charts/sub%20dir/a-1.0.0+b.tgz"
        );
        for text in [
            "",
            "example.com",
            "ftp://example.com",
            "https://",
            "https:///x",
            "https://a b",
            "https://a?q",
            "https://a#f",
        ] {
            let error = text.parse::<RepositoryUrl>().unwrap_err();
            assert!(matches!(error, ChartError::Url { found } if found == text));
        }
    }

    proptest! {
        #[test]
        fn the_order_of_adding_does_not_matter(versions in proptest::collection::btree_set("[0-9]\\.[0-9]\\.[0-9](-rc\\.[0-9])?", 1..6), turn in 0usize..6) {
            let versions: Vec<_> = versions.into_iter().collect();
            let (mut one, mut other) = (Index::new(), Index::new());
            for at in 0..versions.len() {
                add(&mut one, "a", &versions[at], 1).unwrap();
                add(&mut other, "a", &versions[(at + turn) % versions.len()], 1).unwrap();
            }
            prop_assert_eq!(&one, &other);
            let text = one.to_yaml(DATE.parse().unwrap());
            prop_assert_eq!(Index::parse(text.as_bytes()).unwrap(), one);
        }
    }
}
