use serde_json::{Value, json};

use crate::environment::commit;
use crate::{Error, ResourceDescriptor, Uri, repository_uri};

/// A git checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it comes from, without credentials; none when it comes from nowhere that has a public name.
    repository: Option<Uri>,
    /// The ref that names the commit, in full: `refs/tags/v1.2.0`.
    reference: Option<String>,
    pub(crate) commit: String,
    /// Whether there were changes that are not committed.
    dirty: bool,
}

impl Source {
    /// A checkout of `commit`, 40 or 64 lower-case hexadecimal digits.
    ///
    /// # Errors
    /// [`Error::UnusableVariable`] when that is no commit id.
    pub fn of_commit(id: impl Into<String>) -> Result<Self, Error> {
        Ok(Self {
            repository: None,
            reference: None,
            commit: commit("commit", id.into())?,
            dirty: false,
        })
    }

    /// Says where it comes from. Credentials are taken off, and a path on this machine is nothing to be told.
    #[must_use]
    pub fn from_remote(mut self, remote: &str) -> Self {
        self.repository = repository_uri(remote);
        self
    }

    /// Says which ref names the commit, in full: `refs/tags/v1.2.0`.
    #[must_use]
    pub fn at_reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// Says whether there were changes that are not committed.
    #[must_use]
    pub fn with_changes(mut self, dirty: bool) -> Self {
        self.dirty = dirty;
        self
    }

    /// The commit, with `attest_dirty` when it is not all that went in.
    pub(crate) fn dependency(&self) -> Result<ResourceDescriptor, Error> {
        let commit = match &self.repository {
            Some(repository) => ResourceDescriptor::git(repository, self.reference.as_deref(), &self.commit)?,
            None => ResourceDescriptor::commit(&self.commit),
        };
        Ok(self.marked(commit))
    }

    pub(crate) fn marked(&self, commit: ResourceDescriptor) -> ResourceDescriptor {
        match self.dirty {
            true => commit.annotated("attest_dirty", true),
            false => commit,
        }
    }

    /// Repository and ref; none when neither is known.
    pub(crate) fn to_json(&self) -> Option<Value> {
        let mut source = json!({});
        if let Some(repository) = &self.repository {
            source["repository"] = json!(repository);
        }
        if let Some(reference) = &self.reference {
            source["ref"] = json!(reference);
        }
        source
            .as_object()
            .is_some_and(|fields| !fields.is_empty())
            .then_some(source)
    }
}
