use std::path::Path;

use super::facts::{changed_paths, committed_at};
use super::program::{Program, failed, native_path};
use super::remote::without_credentials;
use super::{Commit, CommitId, Facts, GitError};
use crate::process::Variables;

/// A project's directory in a git work tree; it may lie below the top of the repository.
#[derive(Debug, Clone)]
pub struct Checkout {
    git: Program,
    /// Where the project lies in the repository: empty, or with a slash at its end.
    prefix: String,
}

impl Checkout {
    /// Finds the repository that `project` belongs to.
    ///
    /// # Errors
    /// [`GitError::NotACheckout`] when it belongs to none, [`GitError::ProgramMissing`] when there is no git.
    pub fn open(project: &Path, variables: &Variables) -> Result<Self, GitError> {
        let git = Program::new(project, variables);
        let arguments = ["rev-parse", "--show-toplevel"];
        let top = git.ask(&arguments)?;
        if top.talk.contains("not a git repository") {
            return Err(GitError::NotACheckout {
                directory: project.to_owned(),
            });
        }
        if !top.status.success() {
            return Err(failed(&arguments, &top.status.to_string(), top.talk));
        }
        let prefix = git.answer(&["rev-parse", "--show-prefix"])?;
        let prefix = text(line(&prefix)).ok_or_else(|| GitError::not_utf8(&prefix))?;
        let top = native_path(line(&top.stdout)).ok_or_else(|| GitError::not_utf8(&top.stdout))?;
        Ok(Self {
            git: git.in_directory(&top),
            prefix,
        })
    }

    /// What is known of the checkout. What lies under `own`, directories of the project that a release writes, is no
    /// difference.
    ///
    /// # Errors
    /// [`GitError::NoCommit`] in an empty repository.
    pub fn facts(&self, own: &[&str]) -> Result<Facts, GitError> {
        let commit = self.commit()?;
        let remote = self.optional(&["config", "--get", "remote.origin.url"])?;
        Ok(Facts {
            branch: self.optional(&["symbolic-ref", "--quiet", "HEAD"])?,
            tags: self.tags(&commit)?,
            remote: remote.as_deref().and_then(without_credentials),
            differences: self.differences(own)?,
            commit,
        })
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// [`GitError::NoCommit`] in an empty repository.
    pub fn commit(&self) -> Result<Commit, GitError> {
        let head = self.git.ask(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
        if !head.status.success() {
            return Err(GitError::NoCommit);
        }
        let id = CommitId::parse(line(&head.stdout))?;
        let object = self.git.answer(&["cat-file", "commit", id.as_str()])?;
        Ok(Commit {
            seconds: committed_at(&object)?,
            id,
        })
    }

    fn tags(&self, commit: &Commit) -> Result<Vec<String>, GitError> {
        let points_at = format!("--points-at={}", commit.id);
        let names = self
            .git
            .answer(&["for-each-ref", &points_at, "--format=%(refname)", "refs/tags"])?;
        let mut tags: Vec<String> = names.split(|byte| *byte == b'\n').filter_map(text).collect();
        tags.retain(|tag| !tag.is_empty());
        tags.sort();
        Ok(tags)
    }

    fn differences(&self, own: &[&str]) -> Result<Vec<String>, GitError> {
        let excluded: Vec<String> = own
            .iter()
            .map(|directory| format!(":(exclude,top,literal){}{directory}", self.prefix))
            .collect();
        let mut arguments = vec!["status", "--porcelain=v1", "-z", "--untracked-files=normal", "--", ":/"];
        arguments.extend(excluded.iter().map(String::as_str));
        Ok(changed_paths(&self.git.answer(&arguments)?))
    }

    /// The one line that is printed when there is something to say; git ends with an error when there is not.
    fn optional(&self, arguments: &[&str]) -> Result<Option<String>, GitError> {
        let finished = self.git.ask(arguments)?;
        Ok(text(line(&finished.stdout)).filter(|text| finished.status.success() && !text.is_empty()))
    }
}

pub(super) fn line(output: &[u8]) -> &[u8] {
    output.strip_suffix(b"\n").unwrap_or(output)
}

pub(super) fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}
