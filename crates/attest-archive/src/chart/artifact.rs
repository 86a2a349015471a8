//! Charts as they lie in registries: a package in, the blobs and the manifest that Helm writes out.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use super::dependency::json;
use super::go_json::go_json;
use super::{Dependency, Metadata};
use crate::SourceDate;
use crate::image::{Annotations, Descriptor, annotation};
use crate::yaml::Value;

/// A package of a chart as Helm has it in a registry: `Chart.yaml` as the configuration, the package and what its `.prov` says as
/// layers, and annotations of both. Byte for byte what `helm push` writes, but for the date.
///
/// Source: <https://helm.sh/docs/topics/registries/>, "Manifest"; Helm 4, `pkg/registry`.
#[derive(Debug, Clone)]
pub struct ChartArtifact<'a> {
    /// What its `Chart.yaml` says.
    pub metadata: &'a Metadata,
    /// The package.
    pub package: &'a [u8],
    /// What is signed of it, as `.prov` files have it.
    pub provenance: Option<&'a [u8]>,
    /// When it came to be; Helm says when it was pushed, which is another time each time.
    pub created: Option<SourceDate>,
}

/// The configuration.
pub const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// The package.
pub const CONTENT: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// The `.prov` file.
pub const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

/// Annotations of a chart that do not count in a registry.
const OURS_ALONE: [&str; 2] = [annotation::TITLE, annotation::VERSION];

impl ChartArtifact<'_> {
    /// The configuration: the fields of `Chart.yaml` as JSON.
    #[must_use]
    pub fn config(&self) -> Vec<u8> {
        written(&config(self.metadata))
    }

    /// The manifest, for this configuration. It has no `mediaType`, as those of Helm have none.
    #[must_use]
    pub fn manifest(&self) -> Vec<u8> {
        written(&ManifestWire {
            schema_version: 2,
            config: Descriptor::of_bytes(CONFIG, &self.config()),
            layers: self.layers(),
            annotations: self.annotations(),
        })
    }

    /// The package and the provenance, in the order of their digests.
    #[must_use]
    pub fn layers(&self) -> Vec<Descriptor> {
        let provenance = self.provenance.map(|bytes| Descriptor::of_bytes(PROVENANCE, bytes));
        let package = Descriptor::of_bytes(CONTENT, self.package);
        let mut layers: Vec<Descriptor> = provenance.into_iter().chain([package]).collect();
        layers.sort_by_key(|layer| layer.digest().to_string());
        layers
    }

    /// The tag: the version, where no tag has a `+`.
    #[must_use]
    pub fn tag(&self) -> String {
        self.metadata.version().as_str().replace('+', "_")
    }

    fn annotations(&self) -> Annotations {
        let metadata = self.metadata;
        let mut own = Annotations::from([
            (annotation::DESCRIPTION.to_owned(), metadata.printable("description")),
            (annotation::TITLE.to_owned(), metadata.printable("name")),
            (annotation::VERSION.to_owned(), metadata.version().as_str().to_owned()),
            (annotation::URL.to_owned(), metadata.printable("home")),
            (annotation::AUTHORS.to_owned(), authors(&maintainers(metadata))),
        ]);
        own.extend(
            self.created
                .map(|created| (annotation::CREATED.to_owned(), created.to_rfc3339())),
        );
        let source = list(metadata, "sources").into_iter().next();
        own.insert(annotation::SOURCE.to_owned(), source.unwrap_or_default());
        own.retain(|_, value| !value.is_empty());
        let of_chart = annotations(metadata);
        own.extend(of_chart.into_iter().filter(|(key, _)| !OURS_ALONE.contains(&&**key)));
        own
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ManifestWire {
    schema_version: u64,
    config: Descriptor,
    layers: Vec<Descriptor>,
    annotations: Annotations,
}

/// In the order of Helm's structure.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfigWire<'a> {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    home: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<String>,
    version: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keywords: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    maintainers: Vec<MaintainerWire>,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon: String,
    api_version: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    condition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    tags: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    app_version: String,
    #[serde(skip_serializing_if = "is_off")]
    deprecated: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: Annotations,
    #[serde(skip_serializing_if = "String::is_empty")]
    kube_version: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    dependencies: &'a [Dependency],
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    kind: String,
}

#[derive(Serialize)]
struct MaintainerWire {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_off(flag: &bool) -> bool {
    !flag
}

/// Transcribes the fields, each in its way.
fn config(metadata: &Metadata) -> ConfigWire<'_> {
    ConfigWire {
        name: metadata.printable("name"),
        home: metadata.printable("home"),
        sources: list(metadata, "sources"),
        version: metadata.version().as_str(),
        description: metadata.printable("description"),
        keywords: list(metadata, "keywords"),
        maintainers: maintainers(metadata),
        icon: metadata.printable("icon"),
        api_version: metadata.api_version().as_str(),
        condition: metadata.printable("condition"),
        tags: metadata.printable("tags"),
        app_version: metadata.printable("appVersion"),
        deprecated: metadata.fields().get("deprecated") == Some(&Value::Flag(true)),
        annotations: annotations(metadata),
        kube_version: metadata.printable("kubeVersion"),
        dependencies: metadata.dependencies(),
        kind: metadata.printable("type"),
    }
}

impl Metadata {
    fn printable(&self, field: &str) -> String {
        let text = self.fields().get(field).and_then(Value::as_text);
        printable(text.unwrap_or_default())
    }
}

fn list(metadata: &Metadata, field: &str) -> Vec<String> {
    match metadata.fields().get(field) {
        Some(Value::List(list)) => list.iter().filter_map(Value::as_text).map(printable).collect(),
        _ => Vec::new(),
    }
}

fn annotations(metadata: &Metadata) -> Annotations {
    match metadata.fields().get("annotations").map(json) {
        Some(Json::Object(map)) => {
            let texts = map
                .into_iter()
                .filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())));
            texts.collect()
        }
        _ => Annotations::new(),
    }
}

fn maintainers(metadata: &Metadata) -> Vec<MaintainerWire> {
    let Some(Value::List(list)) = metadata.fields().get("maintainers") else {
        return Vec::new();
    };
    let read = |value: &Value| {
        let text = |key: &str| match value {
            Value::Map(fields) => printable(fields.get(key).and_then(Value::as_text).unwrap_or_default()),
            _ => String::new(),
        };
        MaintainerWire {
            name: text("name"),
            email: text("email"),
            url: text("url"),
        }
    };
    list.iter().map(read).collect()
}

/// `Alice (alice@example.com), Bob`.
fn authors(maintainers: &[MaintainerWire]) -> String {
    let shown = maintainers.iter().map(|maintainer| match &*maintainer.email {
        "" => maintainer.name.clone(),
        email => format!("{} ({email})", maintainer.name),
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// White space is a space, and what cannot be printed is left out: so Helm loads the texts of a chart.
fn printable(text: &str) -> String {
    let shown = |letter: char| match letter {
        letter if letter.is_whitespace() => Some(' '),
        letter => Some(letter).filter(|letter| is_printable(*letter)),
    };
    text.chars().filter_map(shown).collect()
}

/// As the library's own escaping for people sees it, which escapes marks only at the beginning, and quotes and backslashes always.
fn is_printable(letter: char) -> bool {
    let escaped = ['a', letter].iter().collect::<String>().escape_debug().to_string();
    !escaped[1..].starts_with("\\u{") && letter != '\0'
}

fn written(value: &impl Serialize) -> Vec<u8> {
    let json = serde_json::to_string(value).expect("texts, flags and lists are always JSON");
    go_json(&json).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHART: &str = "apiVersion: v2\nname: rich\nversion: 1.2.3-rc.1+build.5\nappVersion: \"1.10\"\ndescription: |\n  A <chart> & more\n  \
                         with two\tlines é and \"quotes\"\ntype: application\nhome: https://example.com/a&b\nicon: https://example.com/i.png\n\
                         kubeVersion: \">=1.25.0-0\"\ndeprecated: false\nkeywords: [one, two]\nsources: [https://example.com/src, \
                         https://example.com/other]\nmaintainers:\n- {name: Alice, email: alice@example.com, url: https://example.com/alice}\n\
                         - {name: Bob}\nannotations:\n  example.com/x: \"y<z>\"\n  org.opencontainers.image.title: mine\n  licenses: MIT\n\
                         dependencies:\n- {name: db, version: \">=1.2\", repository: \"https://example.com/charts\", condition: db.on, tags: [x], \
                         alias: store, import-values: [data, {parent: p, child: c}]}\n";

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    fn artifact(metadata: &Metadata) -> ChartArtifact<'_> {
        ChartArtifact {
            metadata,
            package: b"package",
            provenance: Some(b"prov\n"),
            created: Some(SourceDate::from_seconds(1_700_000_000).unwrap()),
        }
    }

    /// What Helm 4.2.3 wrote of this `Chart.yaml`.
    #[test]
    fn the_configuration_is_the_one_that_helm_writes() {
        let metadata = Metadata::parse_foreign(CHART.as_bytes()).unwrap();
        let expected = r#"{"name":"rich","home":"https://example.com/a\u0026b","sources":["https://example.com/src","https://example.com/other"],"version":"1.2.3-rc.1+build.5","description":"A \u003cchart\u003e \u0026 more with two lines é and \"quotes\" ","keywords":["one","two"],"maintainers":[{"name":"Alice","email":"alice@example.com","url":"https://example.com/alice"},{"name":"Bob"}],"icon":"https://example.com/i.png","apiVersion":"v2","appVersion":"1.10","annotations":{"example.com/x":"y\u003cz\u003e","licenses":"MIT","org.opencontainers.image.title":"mine"},"kubeVersion":"\u003e=1.25.0-0","dependencies":[{"name":"db","version":"\u003e=1.2","repository":"https://example.com/charts","condition":"db.on","tags":["x"],"import-values":["data",{"child":"c","parent":"p"}],"alias":"store"}],"type":"application"}"#;
        assert_eq!(text(artifact(&metadata).config()), expected);
    }

    #[test]
    fn the_manifest_is_the_one_that_helm_writes() {
        let metadata = Metadata::parse_foreign(CHART.as_bytes()).unwrap();
        let artifact = artifact(&metadata);
        let written = text(artifact.manifest());
        let annotations = r#""annotations":{"example.com/x":"y\u003cz\u003e","licenses":"MIT","org.opencontainers.image.authors":"Alice (alice@example.com), Bob","org.opencontainers.image.created":"2023-11-14T22:13:20Z","org.opencontainers.image.description":"A \u003cchart\u003e \u0026 more with two lines é and \"quotes\" ","org.opencontainers.image.source":"https://example.com/src","org.opencontainers.image.title":"rich","org.opencontainers.image.url":"https://example.com/a\u0026b","org.opencontainers.image.version":"1.2.3-rc.1+build.5"}}"#;
        assert!(written.ends_with(annotations), "{written}");
        assert!(written.starts_with(
            r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":""#
        ));
        // In the order of digests: 5e46… is the provenance.
        let layers = artifact.layers();
        assert!(layers.is_sorted_by_key(|layer| layer.digest().to_string()));
        assert_eq!(
            layers.iter().filter(|layer| layer.media_type() == PROVENANCE).count(),
            1
        );
        assert_eq!(artifact.tag(), "1.2.3-rc.1_build.5");
    }

    #[test]
    fn of_a_small_chart_little_is_said_and_nothing_of_the_time() {
        let metadata = Metadata::parse_foreign(b"apiVersion: v1\nname: old\nversion: 0.1.0\n").unwrap();
        let artifact = ChartArtifact {
            created: None,
            provenance: None,
            ..artifact(&metadata)
        };
        assert_eq!(
            text(artifact.config()),
            r#"{"name":"old","version":"0.1.0","apiVersion":"v1"}"#
        );
        let annotations =
            r#""annotations":{"org.opencontainers.image.title":"old","org.opencontainers.image.version":"0.1.0"}}"#;
        assert!(text(artifact.manifest()).ends_with(annotations));
    }

    #[test]
    fn texts_are_as_helm_loads_them() {
        for (text, expected) in [
            ("a\nb\u{a0}c", "a b c"),
            ("e\u{301} \"quoted\" \\ it's", "e\u{301} \"quoted\" \\ it's"),
            ("\u{301}", "\u{301}"),
            ("a\u{7}b\u{200b}c\u{feff}\0", "abc"),
        ] {
            assert_eq!(printable(text), expected, "{text:?}");
        }
    }
}
