use std::fmt;

use super::GitError;

/// What is known of a checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The commit that is checked out.
    pub commit: Commit,
    /// The branch that is checked out, in full (`refs/heads/main`); none on a detached head.
    pub branch: Option<String>,
    /// The tags of the commit, in full (`refs/tags/v1`), sorted bytewise.
    pub tags: Vec<String>,
    /// Where the repository came from (its remote `origin`), without credentials.
    pub remote: Option<String>,
    /// What differs from the commit, relative to the repository, sorted: changed, added and untracked files.
    pub differences: Vec<String>,
}

impl Facts {
    /// Whether something differs from the commit.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        !self.differences.is_empty()
    }

    /// The ref that names this commit for a release of `version`: the tag `v<version>` or `<version>`, else the only tag, else
    /// the branch.
    #[must_use]
    pub fn reference(&self, version: &str) -> Option<&str> {
        let exact = |name: String| self.tags.iter().find(|tag| **tag == name);
        exact(format!("refs/tags/v{version}"))
            .or_else(|| exact(format!("refs/tags/{version}")))
            .or_else(|| self.tags.first().filter(|_| self.tags.len() == 1))
            .or(self.branch.as_ref())
            .map(String::as_str)
    }
}

/// A commit: its id, and when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The id.
    pub id: CommitId,
    /// When it was committed, in seconds since 1970.
    pub seconds: i64,
}

/// The id of a commit: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitId(String);

impl CommitId {
    /// Reads an id.
    ///
    /// # Errors
    /// [`GitError::Malformed`] when it has another length or other characters.
    pub fn parse(text: &[u8]) -> Result<Self, GitError> {
        let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match matches!(text.len(), 40 | 64) && text.iter().all(is_digit) {
            true => Ok(Self(String::from_utf8_lossy(text).into_owned())),
            false => Err(GitError::malformed("rev-parse", "a commit id", text)),
        }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The committer's time in a raw commit object: `committer Name <mail> 1700000000 +0100`.
pub(super) fn committed_at(commit: &[u8]) -> Result<i64, GitError> {
    let malformed = || GitError::malformed("cat-file commit", "a committer with a time", commit);
    commit
        .split(|byte| *byte == b'\n')
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix(b"committer "))
        // Names may hold anything but `<`, `>` and line breaks, so the time is what follows the last `>`.
        .and_then(|line| line.rsplit(|byte| *byte == b'>').next())
        .and_then(|rest| std::str::from_utf8(rest).ok())
        .and_then(|rest| rest.split_ascii_whitespace().next())
        .and_then(|seconds| seconds.parse().ok())
        .ok_or_else(malformed)
}

/// The paths in `git status --porcelain=v1 -z`, sorted. A renamed file has a second record, without a state of its own.
pub(super) fn changed_paths(status: &[u8]) -> Vec<String> {
    let mut records = status.split(|byte| *byte == 0).filter(|record| !record.is_empty());
    let mut paths = Vec::new();
    while let Some(record) = records.next() {
        let (state, path) = record.split_at(record.len().min(3));
        paths.push(String::from_utf8_lossy(path).into_owned());
        if state.contains(&b'R') || state.contains(&b'C') {
            paths.extend(records.next().map(|path| String::from_utf8_lossy(path).into_owned()));
        }
    }
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(branch: Option<&str>, tags: &[&str]) -> Facts {
        Facts {
            commit: Commit {
                id: CommitId::parse(&[b'a'; 40]).unwrap(),
                seconds: 0,
            },
            branch: branch.map(str::to_owned),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            remote: None,
            differences: Vec::new(),
        }
    }

    #[test]
    fn the_tag_of_the_version_names_the_commit() {
        let tags = ["refs/tags/latest", "refs/tags/v1.2.0"];
        assert_eq!(
            facts(Some("refs/heads/main"), &tags).reference("1.2.0"),
            Some("refs/tags/v1.2.0")
        );
        assert_eq!(
            facts(Some("refs/heads/main"), &tags).reference("1.3.0"),
            Some("refs/heads/main")
        );
        assert_eq!(facts(None, &["refs/tags/x"]).reference("1.3.0"), Some("refs/tags/x"));
        assert_eq!(facts(None, &[]).reference("1.3.0"), None);
    }

    #[test]
    fn the_time_of_a_commit_is_its_committers() {
        let commit =
            b"tree 00\nauthor A <a> 5 +0000\ncommitter B > <b@example.com> 1700000000 -0330\n\ncommitter x> 9\n";
        assert_eq!(committed_at(commit).unwrap(), 1_700_000_000);
    }

    #[test]
    fn a_commit_without_a_committer_is_malformed() {
        let error = committed_at(b"tree 00\n\ncommitter x> 9\n").unwrap_err();
        assert!(matches!(
            error,
            GitError::Malformed {
                command: "cat-file commit",
                ..
            }
        ));
    }

    #[test]
    fn a_renamed_file_is_two_differences() {
        let status = b"R  new\0old\0?? with\nbreak\0 M changed\0";
        assert_eq!(changed_paths(status), ["changed", "new", "old", "with\nbreak"]);
    }

    #[test]
    fn ids_of_both_hash_functions_are_read_and_nothing_else() {
        assert!(CommitId::parse(&[b'0'; 64]).is_ok());
        for wrong in [&b"main"[..], &[b'A'; 40], &[b'a'; 41]] {
            assert!(matches!(CommitId::parse(wrong), Err(GitError::Malformed { .. })));
        }
    }
}
