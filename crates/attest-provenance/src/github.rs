use serde_json::{Map, Value, json};

use crate::environment::{Variables, commit, public_url};
use crate::{Error, ResourceDescriptor, Uri};

/// The build type of a GitHub Actions workflow.
///
/// Source: <https://actions.github.io/buildtypes/workflow/v1>.
pub const GITHUB_WORKFLOW: &str = "https://actions.github.io/buildtypes/workflow/v1";

const SYSTEM: &str = "GitHub Actions";

/// A job of GitHub Actions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GithubActions {
    server: String,
    repository: String,
    repository_id: String,
    owner_id: String,
    reference: String,
    commit: String,
    workflow_path: String,
    /// Of the workflow that holds the job, which for a reusable workflow is another one than the workflow that was started.
    builder_ref: String,
    event: String,
    runner_environment: Option<String>,
    run_id: String,
    run_attempt: String,
    source: ClaimSource,
}

/// How it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClaimSource {
    /// Variables, which any step of the job can change, and which do not tell a reusable workflow from its caller.
    Variables,
    /// An identity token that GitHub signed.
    Token,
}

impl GithubActions {
    pub(crate) fn from_variables(variables: Variables<'_>) -> Result<Self, Error> {
        let required = |name| variables.required(SYSTEM, name);
        let repository = required("GITHUB_REPOSITORY")?;
        let reference = required("GITHUB_REF")?;
        let workflow_ref = required("GITHUB_WORKFLOW_REF")?;
        Ok(Self {
            server: server(required("GITHUB_SERVER_URL")?)?,
            workflow_path: workflow_path("GITHUB_WORKFLOW_REF", &workflow_ref, &repository, &reference)?,
            builder_ref: workflow_ref,
            repository_id: required("GITHUB_REPOSITORY_ID")?,
            owner_id: required("GITHUB_REPOSITORY_OWNER_ID")?,
            commit: commit("GITHUB_SHA", required("GITHUB_SHA")?)?,
            event: required("GITHUB_EVENT_NAME")?,
            runner_environment: variables.text("RUNNER_ENVIRONMENT"),
            run_id: required("GITHUB_RUN_ID")?,
            run_attempt: required("GITHUB_RUN_ATTEMPT")?,
            source: ClaimSource::Variables,
            repository,
            reference,
        })
    }

    /// Reads the claims of an identity token that GitHub made for the job, which are all that its own actions go by. Whoever
    /// calls has fetched the token from GitHub itself; its signature is not looked at here. `server_url` is
    /// `GITHUB_SERVER_URL`, the only thing that no claim says.
    ///
    /// # Errors
    /// [`Error::MissingClaim`] or [`Error::UnusableVariable`].
    pub fn from_claims(server_url: &str, claims: &Map<String, Value>) -> Result<Self, Error> {
        let claim = |claim: &'static str| {
            let text = claims
                .get(claim)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty());
            text.map(str::to_owned).ok_or(Error::MissingClaim { claim })
        };
        let repository = claim("repository")?;
        let reference = claim("ref")?;
        Ok(Self {
            server: server(server_url.to_owned())?,
            workflow_path: workflow_path("workflow_ref", &claim("workflow_ref")?, &repository, &reference)?,
            builder_ref: claim("job_workflow_ref")?,
            repository_id: claim("repository_id")?,
            owner_id: claim("repository_owner_id")?,
            commit: commit("sha", claim("sha")?)?,
            event: claim("event_name")?,
            runner_environment: Some(claim("runner_environment")?),
            run_id: claim("run_id")?,
            run_attempt: claim("run_attempt")?,
            source: ClaimSource::Token,
            repository,
            reference,
        })
    }

    /// The repository's URL.
    #[must_use]
    pub fn repository_url(&self) -> String {
        format!("{}/{}", self.server, self.repository)
    }

    /// The ref that the run was started for.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The commit that the run was started for.
    #[must_use]
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// Whether the job may belong to another workflow than the one that was started, after which the builder is named then.
    pub(crate) fn may_be_called(&self) -> bool {
        self.source == ClaimSource::Variables
    }

    pub(crate) fn builder_id(&self) -> Result<Uri, Error> {
        Uri::new("the builder", format!("{}/{}", self.server, self.builder_ref))
    }

    pub(crate) fn source(&self) -> Value {
        json!({ "repository": self.repository_url(), "ref": self.reference })
    }

    pub(crate) fn external_parameters(&self) -> Map<String, Value> {
        let workflow = json!({
            "ref": self.reference,
            "repository": self.repository_url(),
            "path": self.workflow_path,
        });
        Map::from_iter([("workflow".to_owned(), workflow)])
    }

    /// As GitHub's own action writes them, and `attest_claims`: where they come from.
    pub(crate) fn internal_parameters(&self) -> Map<String, Value> {
        let mut github = json!({
            "event_name": self.event,
            "repository_id": self.repository_id,
            "repository_owner_id": self.owner_id,
        });
        if let Some(runner) = &self.runner_environment {
            github["runner_environment"] = json!(runner);
        }
        let claims = match self.source {
            ClaimSource::Variables => "variables",
            ClaimSource::Token => "token",
        };
        Map::from_iter([
            ("github".to_owned(), github),
            ("attest_claims".to_owned(), json!(claims)),
        ])
    }

    pub(crate) fn dependency(&self) -> Result<ResourceDescriptor, Error> {
        let repository = Uri::new("the repository", self.repository_url())?;
        ResourceDescriptor::git(&repository, Some(&self.reference), &self.commit)
    }

    pub(crate) fn invocation_id(&self) -> String {
        let Self {
            run_id, run_attempt, ..
        } = self;
        format!("{}/actions/runs/{run_id}/attempts/{run_attempt}", self.repository_url())
    }
}

fn server(text: String) -> Result<String, Error> {
    public_url("GITHUB_SERVER_URL", text)
}

/// `team/app/.github/workflows/release.yml@refs/tags/v1` without repository and ref. Both path and ref may hold an `@`, so
/// the known ref is taken off rather than searched for.
fn workflow_path(
    variable: &'static str,
    workflow_ref: &str,
    repository: &str,
    reference: &str,
) -> Result<String, Error> {
    let path = workflow_ref
        .strip_prefix(repository)
        .and_then(|rest| rest.strip_prefix('/'))
        .and_then(|rest| rest.strip_suffix(reference))
        .and_then(|rest| rest.strip_suffix('@'))
        .filter(|path| !path.is_empty());
    path.map(str::to_owned).ok_or_else(|| Error::UnusableVariable {
        variable,
        expected: "`<repository>/<path>@<ref>` with the repository and the ref of this run",
        found: workflow_ref.escape_debug().to_string(),
    })
}
