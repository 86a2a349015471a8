use std::collections::BTreeMap;

use super::expectation::is_builder;
use super::source::{self, SourceClaim};
use super::{BuildClaims, Mismatch};

/// The claims of a certificate, by the names of Fulcio's `oid-info.md` in kebab-case.
type Claims<'a> = BTreeMap<&'a str, String>;

impl BuildClaims {
    /// Compares the provenance with the certificate of its signer, wherever both say the same thing. Provenance is written
    /// by the job itself; the certificate says what the platform vouches for.
    ///
    /// What only one of them says is not compared, and neither is a builder that is no workflow: its name is of a kind that
    /// no certificate has. The names of what was compared are returned, in kebab-case: nothing else was.
    ///
    /// # Errors
    /// [`Mismatch::Certificate`] for the first thing that they contradict each other in.
    pub fn check_certificate(&self, claims: &Claims<'_>) -> Result<Vec<&'static str>, Mismatch> {
        let mut comparison = Comparison {
            claims,
            compared: Vec::new(),
        };
        comparison.builder(self)?;
        comparison.same("runner-environment", "runner-environment", self.runner_environment())?;
        if let Some(source) = &self.source {
            comparison.repository(source)?;
            comparison.same("source-ref", "source-repository-ref", source.reference.as_deref())?;
            comparison.same("source-commit", "source-repository-digest", source.commit.as_deref())?;
        }
        comparison.workflow(self)?;
        comparison.same("invocation", "run-invocation-uri", self.invocation_uri())?;
        for (field, parameter, claim) in INTERNAL {
            comparison.same(field, claim, self.internal.get(parameter).map(String::as_str))?;
        }
        Ok(comparison.compared)
    }

    /// A builder that is a workflow, as certificates name one, with or without a ref.
    fn builder_workflow(&self) -> Option<&str> {
        Some(self.builder_id.as_str()).filter(|id| id.contains("/.github/workflows/"))
    }

    /// npm and others name the kind of machine as the builder.
    fn runner_environment(&self) -> Option<&str> {
        self.builder_id.strip_prefix("https://github.com/actions/runner/")
    }

    /// Version 0.2 only has the number of the run here.
    fn invocation_uri(&self) -> Option<&str> {
        self.invocation_id.as_deref().filter(|id| id.contains("/actions/runs/"))
    }

    /// The workflow that was started, with as much of its repository and ref as is said.
    fn workflow_uri(&self, path: &str) -> String {
        let source = self.source.as_ref();
        let repository = source.map_or_else(String::new, |source| format!("{}/", source.repository));
        let reference = source.and_then(|source| source.reference.as_ref());
        let reference = reference.map_or_else(String::new, |reference| format!("@{reference}"));
        format!("{repository}{path}{reference}")
    }

    /// Whether a certificate names the workflow that the provenance does. What the provenance leaves out may be anything.
    fn is_workflow(&self, path: &str, certified: &str) -> bool {
        let (location, certified_reference) = source::split_ref(certified);
        let source = self.source.as_ref();
        let reference = source.and_then(|source| source.reference.as_deref());
        let is_at = reference.is_none() || reference == certified_reference;
        let path = path.trim_start_matches('/');
        let is_there = match source {
            // GitLab puts two slashes behind the repository.
            Some(source) => source::repository(location)
                .strip_prefix(&source.repository)
                .and_then(|below| below.strip_prefix('/'))
                .is_some_and(|below| below.trim_start_matches('/') == path),
            None => location.strip_suffix(path).is_some_and(|above| above.ends_with('/')),
        };
        is_at && is_there && !path.is_empty()
    }
}

/// What was compared so far.
struct Comparison<'a> {
    claims: &'a Claims<'a>,
    compared: Vec<&'static str>,
}

impl Comparison<'_> {
    fn same(&mut self, field: &'static str, claim: &str, found: Option<&str>) -> Result<(), Mismatch> {
        self.by(field, claim, found, |expected, found| expected == found)
    }

    /// Holds what both say against each other, if both say something.
    fn by(
        &mut self,
        field: &'static str,
        claim: &str,
        found: Option<&str>,
        is_same: impl FnOnce(&str, &str) -> bool,
    ) -> Result<(), Mismatch> {
        let (Some(expected), Some(found)) = (self.claims.get(claim), found) else {
            return Ok(());
        };
        if !is_same(expected, found) {
            return Err(Mismatch::Certificate {
                field,
                expected: expected.clone(),
                found: found.to_owned(),
            });
        }
        if !self.compared.contains(&field) {
            self.compared.push(field);
        }
        Ok(())
    }

    /// The certificate always has a ref. A builder without one is any version of the same workflow.
    fn builder(&mut self, build: &BuildClaims) -> Result<(), Mismatch> {
        self.by(
            "builder-id",
            "build-signer-uri",
            build.builder_workflow(),
            |expected, found| is_builder(found, expected),
        )
    }

    fn repository(&mut self, source: &SourceClaim) -> Result<(), Mismatch> {
        self.by(
            "source-repository",
            "source-repository-uri",
            Some(&source.repository),
            |expected, found| source::repository(expected) == found,
        )
    }

    fn workflow(&mut self, build: &BuildClaims) -> Result<(), Mismatch> {
        let Some(path) = build.workflow_path.as_deref() else {
            return Ok(());
        };
        let found = build.workflow_uri(path);
        self.by("workflow", "build-config-uri", Some(&found), |expected, _| {
            build.is_workflow(path, expected)
        })
    }
}

/// What GitHub's own provenance says beside the parameters.
const INTERNAL: [(&str, &str, &str); 4] = [
    ("event", "event_name", "build-trigger"),
    ("repository-number", "repository_id", "source-repository-identifier"),
    (
        "owner-number",
        "repository_owner_id",
        "source-repository-owner-identifier",
    ),
    ("runner-environment", "runner_environment", "runner-environment"),
];
