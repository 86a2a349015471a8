use serde_json::{Map, Value, json};

/// What an identity token says of its bearer, apart from issuer, audience and times, which the sandbox adds.
///
/// ```
/// use attest_sandbox::Claims;
/// let claims = Claims::github("acme/app", ".github/workflows/release.yml", "refs/tags/v1.2.0");
/// assert_eq!(claims.value("sub").unwrap(), "repo:acme/app:ref:refs/tags/v1.2.0");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// A person with a verified e-mail address.
    #[must_use]
    pub fn email(address: &str) -> Self {
        Self(object(
            json!({"sub": address, "email": address, "email_verified": true}),
        ))
    }

    /// A workload whose subject is a URI, such as a SPIFFE ID.
    #[must_use]
    pub fn subject(uri: &str) -> Self {
        Self(object(json!({"sub": uri})))
    }

    /// A run of a GitHub Actions workflow. `repository` is `owner/name`, `workflow` a path in it, `reference` a full ref.
    /// Commit, numbers and the rest are made up; [`Claims::with`] replaces them.
    #[must_use]
    pub fn github(repository: &str, workflow: &str, reference: &str) -> Self {
        let owner = repository.split('/').next().unwrap_or_default();
        let commit = "1f9a3c5d7e2b4a6081c3e5f70a2b4c6d8e0f1a3b";
        let workflow_ref = format!("{repository}/{workflow}@{reference}");
        let ref_type = if reference.starts_with("refs/tags/") {
            "tag"
        } else {
            "branch"
        };
        Self(object(json!({
            "sub": format!("repo:{repository}:ref:{reference}"),
            "ref": reference, "ref_type": ref_type, "sha": commit,
            "repository": repository, "repository_id": "1001", "repository_visibility": "public",
            "repository_owner": owner, "repository_owner_id": "2002",
            "run_id": "3003", "run_number": "42", "run_attempt": "1",
            "actor": "release-bot", "actor_id": "4004", "event_name": "push",
            "workflow": "release", "workflow_ref": workflow_ref, "workflow_sha": commit,
            "job_workflow_ref": workflow_ref, "job_workflow_sha": commit,
            "runner_environment": "github-hosted", "server_url": "https://github.com",
        })))
    }

    /// A job of a GitLab pipeline. `project` is its path, `configuration` a path in it, `reference` a full ref.
    #[must_use]
    pub fn gitlab(project: &str, configuration: &str, reference: &str) -> Self {
        let namespace = project.rsplit_once('/').map_or(project, |(namespace, _)| namespace);
        let commit = "2a8b4c6d0e1f3a5b7c9d2e4f6a8b0c1d3e5f7a9b";
        let (ref_type, short) = match reference.strip_prefix("refs/tags/") {
            Some(tag) => ("tag", tag),
            None => ("branch", reference.trim_start_matches("refs/heads/")),
        };
        Self(object(json!({
            "sub": format!("project_path:{project}:ref_type:{ref_type}:ref:{short}"),
            "namespace_id": "5005", "namespace_path": namespace,
            "project_id": "6006", "project_path": project, "project_visibility": "public",
            "user_id": "7007", "user_login": "release-bot",
            "pipeline_id": "8008", "pipeline_source": "push", "job_id": "9009",
            "ref": short, "ref_type": ref_type, "ref_path": reference, "sha": commit,
            "runner_id": 1, "runner_environment": "gitlab-hosted",
            "ci_config_ref_uri": format!("gitlab.com/{project}//{configuration}@{reference}"), "ci_config_sha": commit,
        })))
    }

    /// A job of a Buildkite pipeline.
    #[must_use]
    pub fn buildkite(organization: &str, pipeline: &str) -> Self {
        let commit = "3b9c5d7e1f2a4b6c8d0e3f5a7b9c1d2e4f6a8b0c";
        Self(object(json!({
            "sub": format!("organization:{organization}:pipeline:{pipeline}:ref:refs/heads/main:commit:{commit}:step:release"),
            "organization_slug": organization, "pipeline_slug": pipeline, "build_number": 42,
            "build_branch": "main", "build_commit": commit, "step_key": "release",
            "job_id": "0184990a-477b-4fa8-9968-496074483cee", "runner_environment": "buildkite-hosted",
        })))
    }

    /// Whatever these claims are; the sandbox decides from their names what kind of identity it is.
    #[must_use]
    pub fn from_map(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// The same claims with one replaced or added. `iss` and `aud` may be given too; an `iss` other than the sandbox's own
    /// is accepted by it only if it was configured.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The value of a claim.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// A claim as text; numbers are written out, as identity providers differ in what they quote.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
