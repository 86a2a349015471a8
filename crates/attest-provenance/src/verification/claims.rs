use std::collections::BTreeMap;

use attestation::Predicate as _;
use serde_json::{Map, Value};

use super::source::SourceClaim;
use crate::{Error, FILES, GITHUB_WORKFLOW, Provenance, RELEASE};

/// The predicate type of SLSA provenance version 0.2.
const V0_2: &str = "https://slsa.dev/provenance/v0.2";

/// A build type that npm and others use for workflows of GitHub Actions.
///
/// Source: <https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1>.
const COMMUNITY_WORKFLOW: &str = "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1";

/// How deep external parameters may be nested: those of real builds have two or three levels.
const MAX_DEPTH: usize = 32;

/// How many external parameters are read. Those of a real build are a handful; its inputs may be some dozens.
const MAX_PARAMETERS: usize = 4096;

/// What provenance says about a build, whatever its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildClaims {
    pub(super) builder_id: String,
    pub(super) build_type: String,
    pub(super) source: Option<SourceClaim>,
    /// The external parameters by their paths, such as `inputs.flavour`.
    pub(super) parameters: BTreeMap<String, String>,
    /// Of these, what the build type itself defines.
    pub(super) recognised: &'static [&'static str],
    /// The file of the workflow that was started.
    pub(super) workflow_path: Option<String>,
    pub(super) invocation_id: Option<String>,
    pub(super) internal: BTreeMap<String, String>,
}

/// What build types define, with what they call the source: everything else was asked for by somebody.
const WORKFLOW_PARAMETERS: &[&str] = &["workflow.path", "workflow.ref", "workflow.repository"];
const FILES_PARAMETERS: &[&str] = &["pipeline.path", "source.ref", "source.repository"];
const RELEASE_PARAMETERS: &[&str] = &[
    "configuration.digest.sha256",
    "configuration.digest.sha512",
    "configuration.path",
    "name",
    "source.ref",
    "source.repository",
    "targets",
    "version",
];
const SOURCE_PARAMETERS: &[&str] = &[
    "source",
    "source.digest.gitCommit",
    "source.digest.sha1",
    "source.ref",
    "source.repository",
    "source.uri",
];

impl BuildClaims {
    /// Whether a predicate type is one of SLSA provenance that is understood here.
    #[must_use]
    pub fn is_provenance(predicate_type: &str) -> bool {
        predicate_type == Provenance::TYPE || predicate_type == V0_2
    }

    /// Reads the predicate of a statement, version 1 or 0.2. Whoever calls has verified the statement.
    ///
    /// # Errors
    /// [`Error::Malformed`] for what is no provenance, or has more parameters than are read; [`Error::Contradiction`] for
    /// what names two sources as one.
    pub fn of(predicate_type: &str, predicate: &Map<String, Value>) -> Result<Self, Error> {
        match predicate_type {
            V0_2 => Self::of_v0_2(predicate),
            _ => Self::of_v1(&Provenance::from_predicate(predicate)?),
        }
    }

    /// Who built.
    #[must_use]
    pub fn builder_id(&self) -> &str {
        &self.builder_id
    }

    /// How to read the parameters.
    #[must_use]
    pub fn build_type(&self) -> &str {
        &self.build_type
    }

    /// What was built, if that is said.
    #[must_use]
    pub fn source(&self) -> Option<&SourceClaim> {
        self.source.as_ref()
    }

    fn of_v1(provenance: &Provenance) -> Result<Self, Error> {
        let definition = &provenance.build_definition;
        let build_type = definition.build_type.as_str();
        let external = Value::Object(definition.external_parameters.clone());
        let is_workflow = [GITHUB_WORKFLOW, COMMUNITY_WORKFLOW].contains(&build_type);
        let (source, recognised) = match build_type {
            _ if is_workflow => (&external["workflow"], WORKFLOW_PARAMETERS),
            FILES => (&external["source"], FILES_PARAMETERS),
            RELEASE => (&external["source"], RELEASE_PARAMETERS),
            _ => (&external["source"], SOURCE_PARAMETERS),
        };
        let mut source = SourceClaim::of_value(source)?;
        if let Some(source) = source.as_mut().filter(|source| source.commit.is_none()) {
            source.commit = resolved_commit(provenance, &source.repository);
        }
        Ok(Self {
            builder_id: provenance.run_details.builder.id.to_string(),
            build_type: build_type.to_owned(),
            source,
            parameters: flatten(&external)?,
            recognised,
            workflow_path: external["workflow"]["path"].as_str().map(str::to_owned),
            invocation_id: provenance.run_details.metadata.invocation_id.clone(),
            internal: github_parameters(definition.internal_parameters.get("github")),
        })
    }

    /// Source: <https://slsa.dev/spec/v0.2/provenance>; the fields correspond to those of version 1 as its appendix says.
    fn of_v0_2(predicate: &Map<String, Value>) -> Result<Self, Error> {
        let predicate = Value::Object(predicate.clone());
        let text = |value: &Value, field: &str| {
            let text = value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            text.ok_or_else(|| malformed(format!("expected a text in `{field}`")))
        };
        let invocation = &predicate["invocation"];
        let config = &invocation["configSource"];
        let parameters = match &invocation["parameters"] {
            Value::Null => BTreeMap::new(),
            parameters @ Value::Object(_) => flatten(parameters)?,
            // npm on GitLab lists the names of its variables here.
            other => BTreeMap::from([("parameters".to_owned(), other.to_string())]),
        };
        Ok(Self {
            builder_id: text(&predicate["builder"]["id"], "builder.id")?,
            build_type: text(&predicate["buildType"], "buildType")?,
            source: SourceClaim::of_value(config)?,
            parameters,
            recognised: &[],
            workflow_path: config["entryPoint"]
                .as_str()
                .filter(|entry| is_file(entry))
                .map(str::to_owned),
            invocation_id: predicate["metadata"]["buildInvocationId"].as_str().map(str::to_owned),
            internal: BTreeMap::new(),
        })
    }
}

/// Version 0.2 leaves it open what an entry point is: a file of the repository, or the name of a job in it.
fn is_file(entry: &str) -> bool {
    [".yml", ".yaml"].iter().any(|ending| entry.ends_with(ending)) || entry.starts_with(".github/")
}

fn resolved_commit(provenance: &Provenance, repository: &str) -> Option<String> {
    let dependencies = &provenance.build_definition.resolved_dependencies;
    let of_repository = dependencies.iter().find(|dependency| {
        let uri = dependency.uri().map(|uri| SourceClaim::of_uri(uri.as_str()));
        uri.is_some_and(|found| found.repository == repository)
    })?;
    let digest = of_repository.digest();
    digest.get("gitCommit").or_else(|| digest.get("sha1")).cloned()
}

fn github_parameters(github: Option<&Value>) -> BTreeMap<String, String> {
    let Some(Value::Object(github)) = github else {
        return BTreeMap::new();
    };
    let texts = github
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    texts.collect()
}

/// Every value by its path. Objects are opened, everything else is a value: a text as it is, the rest as JSON. What is
/// null or empty is not set (SLSA, "Parsing rules").
fn flatten(value: &Value) -> Result<BTreeMap<String, String>, Error> {
    let mut flat = BTreeMap::new();
    let mut open: Vec<(String, &Value, usize)> = vec![(String::new(), value, 0)];
    while let Some((path, value, depth)) = open.pop() {
        match value {
            Value::Object(fields) if depth < MAX_DEPTH => {
                let below = |name: &String| {
                    if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    }
                };
                open.extend(fields.iter().map(|(name, value)| (below(name), value, depth + 1)));
            }
            Value::Object(_) => return Err(malformed(format!("expected at most {MAX_DEPTH} levels of parameters"))),
            value if is_unset(value) => {}
            value => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                if flat.insert(path.clone(), text).is_some() {
                    return Err(malformed(format!("expected one parameter `{path}`, found two")));
                }
            }
        }
        if flat.len() + open.len() > MAX_PARAMETERS {
            return Err(malformed(format!("expected at most {MAX_PARAMETERS} parameters")));
        }
    }
    Ok(flat)
}

fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn malformed(detail: String) -> Error {
    Error::Malformed { detail }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_told_by_their_paths() {
        let flat = flatten(&json!({"a": {"b": "x", "c": [1, true]}, "d": null, "e": {}, "f": false})).unwrap();
        let expected = [("a.b", "x"), ("a.c", "[1,true]"), ("f", "false")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(flat, BTreeMap::from(expected));
    }

    #[test]
    fn two_parameters_of_one_path_are_an_error() {
        let error = flatten(&json!({"a": {"b": "x"}, "a.b": "y"})).unwrap_err();
        let detail = "expected one parameter `a.b`, found two".to_owned();
        assert_eq!(error, Error::Malformed { detail });
    }

    #[test]
    fn parameters_are_bounded() {
        let deep = (0..=MAX_DEPTH).fold(json!("x"), |value, _| json!({ "a": value }));
        assert!(matches!(flatten(&deep).unwrap_err(), Error::Malformed { .. }));
        let wide: Map<String, Value> = (0..=MAX_PARAMETERS).map(|n| (n.to_string(), json!(1))).collect();
        assert!(matches!(
            flatten(&Value::Object(wide)).unwrap_err(),
            Error::Malformed { .. }
        ));
    }

    fn json_values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z:/@.]{0,12}".prop_map(Value::from),
        ];
        let names = prop::sample::select(vec![
            "builder",
            "id",
            "buildType",
            "invocation",
            "configSource",
            "uri",
            "digest",
            "parameters",
            "metadata",
            "x",
        ]);
        leaf.prop_recursive(4, 32, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(names.clone(), inner, 0..6).prop_map(|fields| {
                    Value::Object(
                        fields
                            .into_iter()
                            .map(|(name, value)| (name.to_owned(), value))
                            .collect(),
                    )
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_predicate_makes_it_panic(value in json_values()) {
            if let Value::Object(predicate) = &value {
                for version in [V0_2, Provenance::TYPE] {
                    let _ = BuildClaims::of(version, predicate);
                }
            }
        }
    }
}
