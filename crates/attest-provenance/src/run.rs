use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{Builder, Environment, Error, ResourceDescriptor, RunDetails, RunMetadata, Source, Uri};

/// The builder of a build that no CI system vouches for.
pub const LOCAL_BUILDER: &str = "https://attest.dev/builders/local/v1";

/// When a build ran, and with what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// The builder, when it is none that is recognised.
    pub builder_id: Option<Uri>,
    /// The version of attest.
    pub attest_version: Option<String>,
    /// When it began, when the environment does not say.
    pub started_on: Option<Timestamp>,
    /// When it ended.
    pub finished_on: Option<Timestamp>,
}

impl Run {
    pub(crate) fn details(
        self,
        environment: &Environment,
        byproducts: Vec<ResourceDescriptor>,
    ) -> Result<RunDetails, Error> {
        let id = match self.builder_id {
            Some(id) => id,
            None => environment.builder_id()?,
        };
        let version = self.attest_version.map(|version| ("attest".to_owned(), version));
        Ok(RunDetails {
            builder: Builder {
                id,
                builder_dependencies: Vec::new(),
                version: version.into_iter().collect::<BTreeMap<_, _>>(),
            },
            metadata: RunMetadata {
                invocation_id: environment.invocation_id(),
                started_on: environment.started_on().or(self.started_on),
                finished_on: self.finished_on,
            },
            byproducts,
        })
    }
}

impl Environment {
    /// The builder, as the environment names it.
    ///
    /// # Errors
    /// When what the environment says is no URI.
    pub fn builder_id(&self) -> Result<Uri, Error> {
        match self {
            Self::GithubActions(github) => github.builder_id(),
            Self::GitlabCi(gitlab) => gitlab.builder_id(),
            Self::Local => Uri::new("the builder", LOCAL_BUILDER),
        }
    }

    /// Whether [`Self::builder_id`] may be the caller of the workflow that really builds: the variables of GitHub Actions are
    /// those of the workflow that was started, also in a reusable workflow that it calls. The certificate of such a job names
    /// the workflow that was called, and whoever verifies rejects provenance that names another.
    ///
    /// Source: GitHub, "Reusing workflow configurations": the `github` context is that of the caller.
    #[must_use]
    pub fn may_name_caller(&self) -> bool {
        matches!(self, Self::GithubActions(github) if github.may_be_called())
    }

    /// Repository and ref that were asked for: in CI those that the run was started for, else those of the checkout.
    pub(crate) fn source(&self, checkout: Option<&Source>) -> Option<Value> {
        match self {
            Self::GithubActions(github) => Some(github.source()),
            Self::GitlabCi(gitlab) => Some(gitlab.source()),
            Self::Local => checkout.and_then(Source::to_json),
        }
    }

    /// The commit that is checked out, and the one that CI was started for when it is another one.
    pub(crate) fn commits(&self, checkout: Option<&Source>) -> Result<Vec<ResourceDescriptor>, Error> {
        let started_for = match self {
            Self::GithubActions(github) => Some((github.commit(), github.dependency()?)),
            Self::GitlabCi(gitlab) => Some((gitlab.commit(), gitlab.dependency()?)),
            Self::Local => None,
        };
        match (checkout, started_for) {
            // CI knows the public name of the repository, and the ref, better than a checkout without history.
            (Some(checkout), Some((commit, dependency))) if checkout.commit == commit => {
                Ok(vec![checkout.marked(dependency)])
            }
            (Some(checkout), started_for) => {
                let started_for = started_for.into_iter().map(|(_, dependency)| dependency);
                Ok(std::iter::once(checkout.dependency()?).chain(started_for).collect())
            }
            (None, started_for) => Ok(started_for.into_iter().map(|(_, dependency)| dependency).collect()),
        }
    }

    pub(crate) fn internal_parameters(&self) -> Map<String, Value> {
        match self {
            Self::GithubActions(github) => github.internal_parameters(),
            Self::GitlabCi(gitlab) => gitlab.internal_parameters(),
            Self::Local => Map::new(),
        }
    }

    fn started_on(&self) -> Option<Timestamp> {
        match self {
            Self::GitlabCi(gitlab) => gitlab.started_on(),
            Self::GithubActions(_) | Self::Local => None,
        }
    }

    /// The run, as the environment names it.
    #[must_use]
    pub fn invocation_id(&self) -> Option<String> {
        match self {
            Self::GithubActions(github) => Some(github.invocation_id()),
            Self::GitlabCi(gitlab) => Some(gitlab.invocation_id()),
            Self::Local => None,
        }
    }
}
