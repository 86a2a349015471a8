use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;

use super::program::Program;
use super::tree::TreeEntry;
use super::{GitError, program};
use crate::process::{self, Talk};

/// The attributes that say what a source archive leaves out, and what git would rewrite in it.
const ASKED: [&str; 2] = ["export-ignore", "export-subst"];

/// The most that the answer may hold, in bytes: every path of the largest tree comes back once for each attribute.
const MAX_ANSWER_BYTES: u64 = 1 << 31;

/// How much of `info/attributes` is read, in bytes; git itself reads no more than 100 MB, people write some lines.
const MAX_ATTRIBUTES_BYTES: u64 = 1 << 20;

/// What the committed `.gitattributes` say about exporting.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Exports {
    ignored: BTreeSet<String>,
    /// Files whose placeholders `git archive` would fill in.
    pub(super) substituted: BTreeSet<String>,
}

impl Exports {
    /// Reads the attributes of `commit` itself, through an index of its own in `scratch`: the work tree has no say.
    pub(super) fn of_commit(
        git: &Program,
        commit: &str,
        entries: &[TreeEntry],
        scratch: &Path,
    ) -> Result<Self, GitError> {
        refuse_uncommitted(git)?;
        let index = scratch.join("index");
        let settings = [("GIT_INDEX_FILE", index.as_os_str())];
        git.answer_with(&["-c", "core.sparseCheckout=false", "read-tree", commit], &settings)?;
        let paths = scratch.join("paths");
        write_paths(&paths, entries).map_err(GitError::io("write a list of paths"))?;
        let answer = check_attr(git, &settings, &paths)?;
        parse(&answer)
    }

    /// Whether a path, or a directory above it, is left out.
    pub(super) fn ignores(&self, path: &str) -> bool {
        self.ignored.contains(path) || parents(path).any(|parent| self.ignored.contains(parent))
    }
}

/// `.git/info/attributes` is in no commit, but git obeys it before all others: the same commit would be packed otherwise
/// elsewhere.
fn refuse_uncommitted(git: &Program) -> Result<(), GitError> {
    let path = git.place_of("info/attributes")?;
    let mut text = Vec::new();
    match File::open(path) {
        Ok(file) => file
            .take(MAX_ATTRIBUTES_BYTES)
            .read_to_end(&mut text)
            .map_err(GitError::io("read `info/attributes`"))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(GitError::io("read `info/attributes`")(error)),
    };
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    match lines.find(|line| ASKED.iter().any(|attribute| line.contains(attribute))) {
        Some(line) => Err(GitError::UncommittedAttributes { line: line.to_owned() }),
        None => Ok(()),
    }
}

fn check_attr(git: &Program, settings: &[(&str, &OsStr)], paths: &Path) -> Result<Vec<u8>, GitError> {
    let arguments = ["check-attr", "--cached", "-z", "--stdin", ASKED[0], ASKED[1]];
    let input = File::open(paths).map_err(GitError::io("read a list of paths"))?;
    let mut command = git.invocation(&arguments, settings).command();
    command.stdin(Stdio::from(input));
    let finished = process::run(&mut command, MAX_ANSWER_BYTES, Talk::Kept).map_err(program::not_started)?;
    match finished.status.success() {
        true => Ok(finished.stdout),
        false => Err(program::failed(&arguments, &finished.status.to_string(), finished.talk)),
    }
}

/// Every file, and every directory above one with a slash at its end: that is how patterns for directories match.
fn write_paths(list: &Path, entries: &[TreeEntry]) -> std::io::Result<()> {
    let mut paths = BTreeSet::new();
    for entry in entries {
        paths.insert(entry.path.as_str());
        paths.extend(parents(&entry.path));
    }
    let mut list = std::io::BufWriter::new(File::create(list)?);
    for path in paths {
        list.write_all(path.as_bytes())?;
        list.write_all(b"\0")?;
    }
    list.flush()
}

/// `a/` and `a/b/` of `a/b/c`.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(place, _)| &path[..=place])
}

/// Reads `<path> NUL <attribute> NUL <value> NUL`.
fn parse(answer: &[u8]) -> Result<Exports, GitError> {
    let malformed = || GitError::malformed("check-attr", "`<path> <attribute> <value>` records", answer);
    let mut exports = Exports::default();
    let mut fields = answer.split(|byte| *byte == 0);
    loop {
        let path = fields.next().ok_or_else(malformed)?;
        let Some(attribute) = fields.next() else {
            return if path.is_empty() { Ok(exports) } else { Err(malformed()) };
        };
        let value = fields.next().ok_or_else(malformed)?;
        let path = String::from_utf8(path.to_vec()).map_err(|_| malformed())?;
        match (attribute, value) {
            (b"export-ignore", b"set") => exports.ignored.insert(path),
            (b"export-subst", b"set") => exports.substituted.insert(path),
            _ => false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_under_an_ignored_directory_is_ignored() {
        let exports = parse(b"a/\0export-ignore\0set\0b\0export-ignore\0unset\0c\0export-subst\0set\0").unwrap();
        assert!(exports.ignores("a/x/y"));
        assert!(!exports.ignores("ab/x"));
        assert!(!exports.ignores("b"));
        assert!(exports.substituted.contains("c"));
    }

    #[test]
    fn an_answer_that_is_cut_off_is_malformed() {
        for cut in [&b"a\0export-ignore\0"[..], b"a\0export-ignore", b"a"] {
            assert!(
                matches!(
                    parse(cut),
                    Err(GitError::Malformed {
                        command: "check-attr",
                        ..
                    })
                ),
                "{cut:?}"
            );
        }
    }
}
