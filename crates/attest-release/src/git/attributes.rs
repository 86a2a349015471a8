use std::collections::BTreeSet;

use super::GitError;

/// The attributes that say what a source archive leaves out, and what git rewrites in it.
pub(super) const OF_EXPORTS: [&str; 2] = ["export-ignore", "export-subst"];

/// Those, and the ones by which git changes the bytes of a file that it checks out.
pub(super) const OF_CONVERSIONS: [&str; 5] = ["export-ignore", "export-subst", "eol", "ident", "working-tree-encoding"];

/// What the committed `.gitattributes` say about exporting.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    ignored: BTreeSet<Vec<u8>>,
    /// Files whose placeholders are filled in.
    pub(super) substituted: BTreeSet<Vec<u8>>,
    /// Files that git checks out with other bytes than were committed.
    pub(super) converted: BTreeSet<Vec<u8>>,
}

impl Attributes {
    /// Reads `<path> NUL <attribute> NUL <value> NUL`.
    pub(super) fn parse(answer: &[u8]) -> Result<Self, GitError> {
        let malformed = || GitError::malformed("check-attr", "`<path> <attribute> <value>` records", answer);
        let mut attributes = Self::default();
        let mut fields = answer.split(|byte| *byte == 0);
        loop {
            let path = fields.next().ok_or_else(malformed)?;
            let Some(attribute) = fields.next() else {
                return if path.is_empty() {
                    Ok(attributes)
                } else {
                    Err(malformed())
                };
            };
            let value = fields.next().ok_or_else(malformed)?;
            attributes.note(path, attribute, value);
        }
    }

    /// Whether a path itself is left out. Directories and submodules have a slash at their end.
    pub(super) fn ignores(&self, path: &[u8]) -> bool {
        self.ignored.contains(path)
    }

    /// Whether a directory above a path is left out, so that nobody looks at the path.
    pub(super) fn ignores_above(&self, path: &[u8]) -> bool {
        let above = &path[..path.len().saturating_sub(1)];
        let mut slashes = above.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        slashes.any(|(place, _)| self.ignored.contains(&path[..=place]))
    }

    fn note(&mut self, path: &[u8], attribute: &[u8], value: &[u8]) {
        let paths = match (attribute, value) {
            (b"export-ignore", b"set") => &mut self.ignored,
            (b"export-subst", b"set") => &mut self.substituted,
            (b"eol", b"crlf") | (b"ident", b"set") => &mut self.converted,
            (b"working-tree-encoding", value) if !matches!(value, b"unspecified" | b"unset") => &mut self.converted,
            _ => return,
        };
        paths.insert(path.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_under_an_ignored_directory_is_ignored() {
        let answer = b"a/\0export-ignore\0set\0b\0export-ignore\0unset\0c\0export-subst\0set\0";
        let attributes = Attributes::parse(answer).unwrap();
        assert!(attributes.ignores_above(b"a/x/y"));
        assert!(attributes.ignores(b"a/") && !attributes.ignores_above(b"a/"));
        assert!(!attributes.ignores_above(b"ab/x") && !attributes.ignores_above(b""));
        assert!(!attributes.ignores(b"b"));
        assert!(attributes.substituted.contains(&b"c"[..]));
        assert!(attributes.converted.is_empty());
    }

    #[test]
    fn what_git_checks_out_otherwise_is_known() {
        let answer = b"a\0eol\0crlf\0b\0eol\0lf\0c\0ident\0set\0d\0working-tree-encoding\0UTF-16\0\
            e\0working-tree-encoding\0unspecified\0f\0ident\0unset\0";
        let attributes = Attributes::parse(answer).unwrap();
        let converted: Vec<&[u8]> = attributes.converted.iter().map(Vec::as_slice).collect();
        assert_eq!(converted, [b"a", b"c", b"d"]);
    }

    #[test]
    fn an_answer_that_is_cut_off_is_malformed() {
        for cut in [&b"a\0export-ignore\0"[..], b"a\0export-ignore", b"a"] {
            assert!(
                matches!(
                    Attributes::parse(cut),
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
