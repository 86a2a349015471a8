use std::path::{Path, PathBuf};

use super::checkout::{line, text};
use super::facts::committed_at;
use super::program::{Program, failed};
use super::request::{SourceRequest, Unpacked};
use super::source::Unpacking;
use super::{Commit, CommitId, GitError};
use crate::process::Variables;

/// A repository whose commits can be packed: a checkout, a linked work tree, or a bare one.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(super) place: Place,
    /// Where in the repository it was opened: empty, or with a slash at its end.
    pub(super) prefix: String,
}

/// Where a repository keeps what.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) git: Program,
    /// What all its work trees share.
    pub(super) common: PathBuf,
    pub(super) objects: PathBuf,
    /// Its work tree, unless it is bare.
    pub(super) top: Option<PathBuf>,
}

/// What was asked for, settled: the same for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revision {
    /// The commit, unless a bare tree was named.
    pub commit: Option<Commit>,
    /// The tree of the whole repository.
    pub tree: String,
    /// The tag that was named, without `refs/tags/`.
    pub tag: Option<String>,
}

impl Repository {
    /// Finds the repository that `directory` belongs to.
    ///
    /// # Errors
    /// [`GitError::NotACheckout`] when it belongs to none, [`GitError::ProgramMissing`] when there is no git.
    pub fn open(directory: &Path, variables: &Variables) -> Result<Self, GitError> {
        // Git is asked from several places about what lies here.
        let directory = &std::path::absolute(directory).map_err(GitError::io("find the directory"))?;
        let git = Program::new(directory, variables);
        let arguments = ["rev-parse", "--show-prefix"];
        let prefix = git.ask(&arguments)?;
        if prefix.talk.contains("not a git repository") {
            return Err(GitError::NotACheckout {
                directory: directory.to_owned(),
            });
        }
        if !prefix.status.success() {
            return Err(failed(&arguments, &prefix.status.to_string(), prefix.talk));
        }
        let prefix = text(line(&prefix.stdout)).ok_or_else(|| GitError::not_utf8(&prefix.stdout))?;
        let place = Place::of_directory(git)?;
        Ok(Self { place, prefix })
    }

    /// Settles what `revision` names: a tag, a branch, a commit or a tree.
    ///
    /// # Errors
    /// [`GitError::RevisionUnknown`] when there is no such thing.
    pub fn resolve(&self, revision: &str) -> Result<Revision, GitError> {
        let unknown = || GitError::RevisionUnknown {
            revision: revision.to_owned(),
        };
        // No name of git's begins with a hyphen, and no object's with a caret; options and exclusions do.
        if revision.starts_with(['-', '^']) {
            return Err(unknown());
        }
        // By its id: what is appended to `COMMIT:PATH` would belong to the path.
        let object = self.verified(revision)?.ok_or_else(unknown)?;
        let Some(id) = self.verified(&format!("{object}^{{commit}}"))? else {
            let tree = self.verified(&format!("{object}^{{tree}}"))?.ok_or_else(unknown)?;
            return Ok(Revision {
                commit: None,
                tree: tree.as_str().to_owned(),
                tag: None,
            });
        };
        let revision = Revision {
            tag: self.tag(revision)?,
            ..self.revision_of(&id)?
        };
        Ok(revision)
    }

    /// The revision that is this commit.
    ///
    /// # Errors
    /// [`GitError::Failed`] when it is not in the repository.
    pub fn revision_of(&self, id: &CommitId) -> Result<Revision, GitError> {
        let object = self.place.git.answer(&["cat-file", "commit", id.as_str()])?;
        let tree = self.verified(&format!("{id}^{{tree}}"))?;
        let missing = || GitError::ObjectMissing { object: id.to_string() };
        Ok(Revision {
            commit: Some(Commit {
                seconds: committed_at(&object)?,
                id: id.clone(),
            }),
            tree: tree.ok_or_else(missing)?.as_str().to_owned(),
            tag: None,
        })
    }

    /// Writes every file that is asked for into the scratch directory of the request.
    ///
    /// # Errors
    /// When a submodule, a Git LFS pointer, a placeholder or a name is refused, or an object is not in this clone.
    pub fn unpack(&self, request: &SourceRequest<'_>) -> Result<Unpacked, GitError> {
        Unpacking::of(self, request)
    }

    fn verified(&self, name: &str) -> Result<Option<CommitId>, GitError> {
        let found = self.place.git.ask(&["rev-parse", "--verify", "--quiet", name])?;
        match found.status.success() {
            true => CommitId::parse(line(&found.stdout)).map(Some),
            false => Ok(None),
        }
    }

    fn tag(&self, revision: &str) -> Result<Option<String>, GitError> {
        let found = self.place.git.ask(&["rev-parse", "--symbolic-full-name", revision])?;
        let name = text(line(&found.stdout)).filter(|_| found.status.success());
        Ok(name.and_then(|name| name.strip_prefix("refs/tags/").map(str::to_owned)))
    }
}

impl Revision {
    /// The same, with the tag that is known to name it.
    #[must_use]
    pub fn at_tag(self, tag: Option<&str>) -> Self {
        Self {
            tag: tag.map(str::to_owned),
            ..self
        }
    }
}

impl Place {
    /// Asks git, which stands in the repository.
    pub(super) fn of_directory(git: Program) -> Result<Self, GitError> {
        let bare = git.answer(&["rev-parse", "--is-inside-work-tree"])?;
        let top = match line(&bare) {
            b"true" => Some(git.path_answer(&["rev-parse", "--show-toplevel"])?),
            _ => None,
        };
        Ok(Self {
            common: git.path_answer(&["rev-parse", "--git-common-dir"])?,
            objects: git.place_of("objects")?,
            top,
            git,
        })
    }
}
