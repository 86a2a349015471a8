use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::run::Run;
use crate::{BuildDefinition, Environment, Error, Provenance, ResourceDescriptor, Source, Uri};

/// The build type of [`Provenance::of_release`], described in `docs/buildtypes/release-v1.md`.
pub const RELEASE: &str = "https://attest.dev/buildtypes/release/v1";

/// What is known of a release when it has been made.
#[derive(Debug, Clone)]
pub struct Release<'a> {
    /// The project.
    pub name: &'a str,
    /// The version.
    pub version: &'a str,
    /// The targets that were asked for, such as `linux/amd64`.
    pub targets: Vec<String>,
    /// `attest.toml`, measured.
    pub configuration: ResourceDescriptor,
    /// The checkout; none when there is none.
    pub source: Option<Source>,
    /// Lock files, prebuilt files and whatever else went in, measured.
    pub dependencies: Vec<ResourceDescriptor>,
    /// What the tools that took part say of themselves: `rustc` → `rustc 1.95.0 (…)`.
    pub tools: BTreeMap<String, String>,
    /// The compressors of the archives, by archive format, with version and level.
    pub compressors: BTreeMap<String, String>,
    /// The time that archives and SBOMs carry.
    pub source_date: Option<Timestamp>,
    /// SBOMs, measured.
    pub byproducts: Vec<ResourceDescriptor>,
    /// The run.
    pub run: Run,
}

impl Provenance {
    /// How a release was made, in the words of [`RELEASE`].
    ///
    /// # Errors
    /// When a repository, ref or builder cannot be part of a URI.
    pub fn of_release(environment: &Environment, release: Release<'_>) -> Result<Self, Error> {
        let mut resolved_dependencies = environment.commits(release.source.as_ref())?;
        resolved_dependencies.push(release.configuration.clone());
        resolved_dependencies.extend(release.dependencies.iter().cloned());
        let build_definition = BuildDefinition {
            build_type: Uri::new("the build type", RELEASE)?,
            external_parameters: external_parameters(environment, &release),
            internal_parameters: internal_parameters(environment, &release),
            resolved_dependencies,
        };
        let mut run_details = release.run.details(environment, release.byproducts)?;
        for (name, version) in release.tools {
            run_details.builder.version.entry(name).or_insert(version);
        }
        Ok(Self {
            build_definition,
            run_details,
        })
    }
}

fn external_parameters(environment: &Environment, release: &Release<'_>) -> Map<String, Value> {
    let configuration = json!({
        "path": release.configuration.name().unwrap_or_default(),
        "digest": release.configuration.digest(),
    });
    let mut parameters = Map::new();
    parameters.insert("name".to_owned(), json!(release.name));
    parameters.insert("version".to_owned(), json!(release.version));
    parameters.insert("targets".to_owned(), json!(release.targets));
    parameters.insert("configuration".to_owned(), configuration);
    if let Some(source) = environment.source(release.source.as_ref()) {
        parameters.insert("source".to_owned(), source);
    }
    parameters
}

fn internal_parameters(environment: &Environment, release: &Release<'_>) -> Map<String, Value> {
    let mut parameters = Map::new();
    if !release.compressors.is_empty() {
        parameters.insert("compressors".to_owned(), json!(release.compressors));
    }
    if let Some(date) = release.source_date {
        parameters.insert("sourceDate".to_owned(), json!(date.to_string()));
    }
    parameters.extend(environment.internal_parameters());
    parameters
}
