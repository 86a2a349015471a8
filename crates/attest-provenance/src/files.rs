use serde_json::{Map, Value, json};

use crate::run::Run;
use crate::{BuildDefinition, Environment, Error, GITHUB_WORKFLOW, Provenance, Source, Uri};

/// The build type of [`Provenance::of_files`] outside GitHub Actions, described in `docs/buildtypes/files-v1.md`.
pub const FILES: &str = "https://attest.dev/buildtypes/files/v1";

/// What is known of files that something else has made.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// The build type; the environment's own when none is given.
    pub build_type: Option<Uri>,
    /// Parameters that whoever asks vouches for, by name.
    pub parameters: Map<String, Value>,
    /// The checkout that they were made in; none when there is none.
    pub source: Option<Source>,
    /// The run.
    pub run: Run,
}

impl Provenance {
    /// How files were made, as far as the environment knows: in GitHub Actions in the words of [`GITHUB_WORKFLOW`],
    /// elsewhere in those of [`FILES`], or of a build type that the caller names and answers for.
    ///
    /// # Errors
    /// [`Error::ForeignParameter`] and [`Error::ForeignBuildType`] when what was asked for is not what the build type says;
    /// else when a repository, ref or builder cannot be part of a URI.
    pub fn of_files(environment: &Environment, files: Files) -> Result<Self, Error> {
        let build_type = match &files.build_type {
            Some(build_type) => build_type.clone(),
            None => environment.own_build_type()?,
        };
        let build_definition = BuildDefinition {
            external_parameters: external_parameters(environment, &build_type, &files)?,
            internal_parameters: environment.internal_parameters(),
            resolved_dependencies: environment.commits(files.source.as_ref())?,
            build_type,
        };
        Ok(Self {
            build_definition,
            run_details: files.run.details(environment, Vec::new())?,
        })
    }
}

fn external_parameters(
    environment: &Environment,
    build_type: &Uri,
    files: &Files,
) -> Result<Map<String, Value>, Error> {
    if build_type.as_str() == GITHUB_WORKFLOW {
        return workflow_parameters(environment, build_type, files);
    }
    let mut parameters = files.parameters.clone();
    if build_type.as_str() == FILES {
        if let Some(reserved) = ["source", "pipeline"]
            .into_iter()
            .find(|name| parameters.contains_key(*name))
        {
            return Err(foreign_parameter(build_type, reserved));
        }
        parameters.extend(environment.source_parameters(files.source.as_ref()));
    }
    Ok(parameters)
}

fn workflow_parameters(
    environment: &Environment,
    build_type: &Uri,
    files: &Files,
) -> Result<Map<String, Value>, Error> {
    if let Some(parameter) = files.parameters.keys().next() {
        return Err(foreign_parameter(build_type, parameter));
    }
    match environment {
        Environment::GithubActions(github) => Ok(github.external_parameters()),
        other => Err(Error::ForeignBuildType {
            build_type: build_type.to_string(),
            expected: "a job of GitHub Actions",
            found: other.name(),
        }),
    }
}

fn foreign_parameter(build_type: &Uri, parameter: &str) -> Error {
    Error::ForeignParameter {
        build_type: build_type.to_string(),
        parameter: parameter.to_owned(),
    }
}

impl Environment {
    fn own_build_type(&self) -> Result<Uri, Error> {
        let build_type = match self {
            Self::GithubActions(_) => GITHUB_WORKFLOW,
            Self::GitlabCi(_) | Self::Local => FILES,
        };
        Uri::new("the build type", build_type)
    }

    fn source_parameters(&self, source: Option<&Source>) -> Map<String, Value> {
        let mut parameters = Map::new();
        if let Some(source) = self.source(source) {
            parameters.insert("source".to_owned(), source);
        }
        if let Self::GitlabCi(gitlab) = self
            && let Some(path) = gitlab.config_path()
        {
            parameters.insert("pipeline".to_owned(), json!({ "path": path }));
        }
        parameters
    }
}
