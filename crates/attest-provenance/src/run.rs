use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{Builder, Environment, Error, ResourceDescriptor, RunDetails, RunMetadata, Uri};

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
