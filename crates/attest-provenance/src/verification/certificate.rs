use std::collections::BTreeMap;

use super::source::{self, SourceClaim};
use super::{BuildClaims, Mismatch};

/// The claims of a certificate, by the names of Fulcio's `oid-info.md` in kebab-case.
type Claims<'a> = BTreeMap<&'a str, String>;

impl BuildClaims {
    /// Compares the provenance with the certificate of its signer, wherever both say the same thing. Provenance is written
    /// by the job itself; the certificate says what the platform vouches for.
    ///
    /// What only one of them says is not compared, and neither is a builder that is no workflow: its name is of a kind that
    /// no certificate has.
    ///
    /// # Errors
    /// [`Mismatch::Certificate`] for the first thing that they contradict each other in.
    pub fn check_certificate(&self, claims: &Claims<'_>) -> Result<(), Mismatch> {
        let compare = |field: &'static str, claim: &str, found: Option<&str>| match (claims.get(claim), found) {
            (Some(expected), Some(found)) if expected != found => Err(Mismatch::Certificate {
                field,
                expected: expected.clone(),
                found: found.to_owned(),
            }),
            _ => Ok(()),
        };
        compare("builder id", "build-signer-uri", self.builder_workflow())?;
        compare("runner environment", "runner-environment", self.runner_environment())?;
        if let Some(source) = self.source.as_ref().filter(|_| self.is_workflow) {
            compare_repository(source, claims)?;
            compare("source ref", "source-repository-ref", source.reference.as_deref())?;
            compare("source commit", "source-repository-digest", source.commit.as_deref())?;
            compare("workflow", "build-config-uri", self.workflow_uri(source).as_deref())?;
        }
        compare("invocation", "run-invocation-uri", self.invocation_uri())?;
        for (field, parameter, claim) in INTERNAL {
            compare(field, claim, self.internal.get(parameter).map(String::as_str))?;
        }
        Ok(())
    }

    /// A builder that is a workflow at a ref, as certificates name one.
    fn builder_workflow(&self) -> Option<&str> {
        let id = self.builder_id.as_str();
        (id.contains("/.github/workflows/") && id.contains('@')).then_some(id)
    }

    /// npm and others name the kind of machine as the builder.
    fn runner_environment(&self) -> Option<&str> {
        self.builder_id.strip_prefix("https://github.com/actions/runner/")
    }

    /// The workflow that was started, as certificates name it.
    fn workflow_uri(&self, source: &SourceClaim) -> Option<String> {
        let (path, reference) = (self.workflow_path.as_ref()?, source.reference.as_ref()?);
        let is_path = path.starts_with(".github/");
        is_path.then(|| format!("{}/{path}@{reference}", source.repository))
    }

    /// Version 0.2 only has the number of the run here.
    fn invocation_uri(&self) -> Option<&str> {
        self.invocation_id.as_deref().filter(|id| id.contains("/actions/runs/"))
    }
}

/// What GitHub's own provenance says beside the parameters.
const INTERNAL: [(&str, &str, &str); 4] = [
    ("event", "event_name", "build-trigger"),
    ("repository number", "repository_id", "source-repository-identifier"),
    (
        "owner number",
        "repository_owner_id",
        "source-repository-owner-identifier",
    ),
    ("runner environment", "runner_environment", "runner-environment"),
];

fn compare_repository(source: &SourceClaim, claims: &Claims<'_>) -> Result<(), Mismatch> {
    match claims.get("source-repository-uri") {
        Some(expected) if source::repository(expected) != source.repository => Err(Mismatch::Certificate {
            field: "source repository",
            expected: expected.clone(),
            found: source.repository.clone(),
        }),
        _ => Ok(()),
    }
}
