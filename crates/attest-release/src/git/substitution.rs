use std::collections::BTreeMap;
use std::ffi::OsString;

use super::GitError;
use super::commit::CommitText;
use super::placeholders;
use super::program::{Program, native_path};

/// What begins a placeholder in a file; it ends at the next dollar sign.
const BEGIN: &[u8] = b"$Format:";

/// The most that a file with placeholders may hold, in bytes: it is held in memory, and is a few lines long.
pub(super) const MAX_BYTES: u64 = 64 << 20;

/// The most different formats of one repository: git is started once for each, and a handful is usual.
const MAX_FORMATS: usize = 1000;

/// Who fills in the placeholders of files that are marked `export-subst`.
pub(super) enum Style<'a> {
    /// We do, from the commit and the tag alone.
    Stable {
        commit: &'a CommitText,
        tag: Option<&'a str>,
    },
    /// Git does, as `git archive` would here and now.
    Git {
        program: &'a Program,
        commit: &'a CommitText,
    },
    /// Nobody: a tree has nothing to fill in.
    Nobody,
}

/// Fills in placeholders of the files of one commit.
pub(super) struct Substitution<'a> {
    style: Style<'a>,
    known: BTreeMap<Vec<u8>, Vec<u8>>,
    described: bool,
}

impl<'a> Substitution<'a> {
    pub(super) fn new(style: Style<'a>) -> Self {
        Self {
            style,
            known: BTreeMap::new(),
            described: false,
        }
    }

    /// The content with every `$Format:…$` filled in; nothing if there is none.
    pub(super) fn apply(&mut self, content: &[u8], path: &str) -> Result<Option<Vec<u8>>, GitError> {
        if matches!(self.style, Style::Nobody) {
            return Ok(None);
        }
        let mut out = Vec::new();
        let mut rest = content;
        while let Some((before, format, after)) = next(rest) {
            out.extend_from_slice(before);
            out.extend_from_slice(&self.fill(format, path)?);
            rest = after;
        }
        if rest.len() == content.len() {
            return Ok(None);
        }
        out.extend_from_slice(rest);
        Ok(Some(out))
    }

    fn fill(&mut self, format: &[u8], path: &str) -> Result<Vec<u8>, GitError> {
        match &self.style {
            Style::Stable { commit, tag } => {
                placeholders::fill(format, commit, *tag).map_err(|unstable| GitError::Placeholder {
                    path: path.to_owned(),
                    placeholder: unstable.0,
                })
            }
            Style::Git { program, commit } => {
                let format = once_described(format, &mut self.described);
                if let Some(known) = self.known.get(&format) {
                    return Ok(known.clone());
                }
                if self.known.len() == MAX_FORMATS {
                    return Err(GitError::TooLarge {
                        what: "different `$Format:…$` placeholders",
                        limit: MAX_FORMATS as u64,
                        found: MAX_FORMATS as u64 + 1,
                    });
                }
                let value = filled_by_git(program, commit, &format)?;
                self.known.insert(format, value.clone());
                Ok(value)
            }
            Style::Nobody => Ok(Vec::new()),
        }
    }
}

/// What stands before the next placeholder, its format, and what comes after.
fn next(content: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let begin = content.windows(BEGIN.len()).position(|window| window == BEGIN)?;
    let inside = &content[begin + BEGIN.len()..];
    let end = inside.iter().position(|byte| *byte == b'$')?;
    Some((&content[..begin], &inside[..end], &inside[end + 1..]))
}

/// Git describes once in an archive, and leaves every further `%(describe)` as it is.
fn once_described(format: &[u8], described: &mut bool) -> Vec<u8> {
    const DESCRIBE: &[u8] = b"%(describe";
    let mut out = Vec::new();
    let mut rest = format;
    while let Some(place) = rest.windows(DESCRIBE.len()).position(|window| window == DESCRIBE) {
        out.extend_from_slice(&rest[..place]);
        if *described {
            out.push(b'%');
        }
        *described = true;
        out.extend_from_slice(DESCRIBE);
        rest = &rest[place + DESCRIBE.len()..];
    }
    out.extend_from_slice(rest);
    out
}

fn filled_by_git(program: &Program, commit: &CommitText, format: &[u8]) -> Result<Vec<u8>, GitError> {
    // For git a format ends at a NUL.
    let format = format.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = |bytes: &[u8]| {
        native_path(bytes)
            .map(|path| path.into_os_string())
            .ok_or_else(|| GitError::not_utf8(bytes))
    };
    let mut encoding = OsString::from("--encoding=");
    encoding.push(text(commit.encoding.as_deref().unwrap_or(b"UTF-8"))?);
    let mut option = OsString::from("--format=format:");
    option.push(text(format)?);
    let fixed = ["-c", "core.abbrev=auto", "rev-list", "--max-count=1", "--no-color"];
    let mut arguments: Vec<OsString> = fixed.map(OsString::from).into();
    arguments.extend([encoding, option, OsString::from(&commit.id)]);
    let answer = program.answer(&arguments)?;
    // A line that names the commit; then, unless it is empty, what was asked for and a line break.
    let line = format!("commit {}\n", commit.id);
    let value = answer
        .strip_prefix(line.as_bytes())
        .ok_or_else(|| GitError::malformed("rev-list", "`commit <id>`", &answer))?;
    Ok(value.strip_suffix(b"\n").unwrap_or(value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_ends_at_the_next_dollar_sign() {
        assert_eq!(next(b"a$Format:b\nc$d$"), Some((&b"a"[..], &b"b\nc"[..], &b"d$"[..])));
        assert_eq!(next(b"a$Format:b"), None);
        assert_eq!(next(b"a$format:b$"), None);
    }

    #[test]
    fn only_the_first_description_is_left_to_git() {
        let mut described = false;
        let first = once_described(b"%(describe)%(describe:tags)", &mut described);
        assert_eq!(first, b"%(describe)%%(describe:tags)");
        assert_eq!(once_described(b"%(describe)", &mut described), b"%%(describe)");
    }

    #[test]
    fn everything_around_a_placeholder_stays() {
        let commit = b"tree 00\nauthor A <a> 5 +0000\ncommitter A <a> 5 +0000\n\n";
        let commit = CommitText::parse("0f", commit).unwrap();
        let mut substitution = Substitution::new(Style::Stable {
            commit: &commit,
            tag: None,
        });
        let content = b"\xff$Format:%H$ $Format: $Id$ $Format:$ $Format:";
        let expected = b"\xff0f  Id$  $Format:".to_vec();
        assert_eq!(substitution.apply(content, "f").unwrap(), Some(expected));
        assert_eq!(substitution.apply(b"none $Format:", "f").unwrap(), None);
        let error = substitution.apply(b"$Format:%GK$", "f").unwrap_err();
        assert!(matches!(error, GitError::Placeholder { placeholder, .. } if placeholder == "%GK"));
    }
}
