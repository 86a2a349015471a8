use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::environment::{Variables, commit, public_url};
use crate::{Error, ResourceDescriptor, Uri};

const SYSTEM: &str = "GitLab CI";

/// A job of GitLab CI.
///
/// Source: <https://docs.gitlab.com/ci/variables/predefined_variables/>.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GitlabCi {
    project_url: String,
    project_id: String,
    commit: String,
    reference: Option<String>,
    config_path: Option<String>,
    runner_id: String,
    job_url: String,
    job_name: Option<String>,
    pipeline_id: Option<String>,
    pipeline_source: Option<String>,
    started_on: Option<Timestamp>,
}

impl GitlabCi {
    pub(crate) fn from_variables(variables: Variables<'_>) -> Result<Self, Error> {
        let required = |name| variables.required(SYSTEM, name);
        Ok(Self {
            project_url: public_url("CI_PROJECT_URL", required("CI_PROJECT_URL")?)?,
            project_id: required("CI_PROJECT_ID")?,
            commit: commit("CI_COMMIT_SHA", required("CI_COMMIT_SHA")?)?,
            reference: reference(variables),
            config_path: variables.text("CI_CONFIG_PATH"),
            runner_id: required("CI_RUNNER_ID")?,
            job_url: public_url("CI_JOB_URL", required("CI_JOB_URL")?)?,
            job_name: variables.text("CI_JOB_NAME"),
            pipeline_id: variables.text("CI_PIPELINE_ID"),
            pipeline_source: variables.text("CI_PIPELINE_SOURCE"),
            started_on: started_on(variables)?,
        })
    }

    /// The project's URL.
    #[must_use]
    pub fn project_url(&self) -> &str {
        &self.project_url
    }

    /// The ref that the pipeline was started for, when it can be told.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// The commit that the pipeline was started for.
    #[must_use]
    pub fn commit(&self) -> &str {
        &self.commit
    }

    pub(crate) fn builder_id(&self) -> Result<Uri, Error> {
        Uri::new(
            "the builder",
            format!("{}/-/runners/{}", self.project_url, self.runner_id),
        )
    }

    pub(crate) fn source(&self) -> Value {
        let mut source = json!({ "repository": self.project_url });
        if let Some(reference) = &self.reference {
            source["ref"] = json!(reference);
        }
        source
    }

    /// Where the pipeline is described.
    pub(crate) fn config_path(&self) -> Option<&str> {
        self.config_path.as_deref()
    }

    pub(crate) fn internal_parameters(&self) -> Map<String, Value> {
        let known = [
            ("project_id", Some(&self.project_id)),
            ("pipeline_id", self.pipeline_id.as_ref()),
            ("pipeline_source", self.pipeline_source.as_ref()),
            ("job_name", self.job_name.as_ref()),
            ("runner_id", Some(&self.runner_id)),
        ];
        let known = known
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), json!(value?))));
        let gitlab = Value::Object(known.collect());
        Map::from_iter([
            ("gitlab".to_owned(), gitlab),
            ("attest_claims".to_owned(), json!("variables")),
        ])
    }

    pub(crate) fn dependency(&self) -> Result<ResourceDescriptor, Error> {
        let repository = Uri::new("the repository", self.project_url.clone())?;
        ResourceDescriptor::git(&repository, self.reference(), &self.commit)
    }

    pub(crate) fn invocation_id(&self) -> String {
        self.job_url.clone()
    }

    pub(crate) fn started_on(&self) -> Option<Timestamp> {
        self.started_on
    }
}

/// In a merge request there is neither tag nor branch, but a ref of its own.
fn reference(variables: Variables<'_>) -> Option<String> {
    let tag = || Some(format!("refs/tags/{}", variables.text("CI_COMMIT_TAG")?));
    let branch = || Some(format!("refs/heads/{}", variables.text("CI_COMMIT_BRANCH")?));
    tag()
        .or_else(branch)
        .or_else(|| variables.text("CI_MERGE_REQUEST_REF_PATH"))
}

fn started_on(variables: Variables<'_>) -> Result<Option<Timestamp>, Error> {
    let Some(text) = variables.text("CI_JOB_STARTED_AT") else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| Error::UnusableVariable {
        variable: "CI_JOB_STARTED_AT",
        expected: "an RFC 3339 time",
        found: text.escape_debug().to_string(),
    })
}
