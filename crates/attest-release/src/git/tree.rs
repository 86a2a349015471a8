use super::GitError;

/// The most files that are read of a commit. The largest known repositories have about half of it.
const MAX_ENTRIES: u64 = 1 << 20;

/// What kind of thing a commit holds under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A file.
    File,
    /// A file that may be executed.
    Executable,
    /// A symbolic link; its content is the target.
    Symlink,
    /// A commit of another repository.
    Submodule,
    /// A directory.
    Directory,
}

/// One committed thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TreeEntry {
    /// Its name relative to the repository, `/`-separated; in whatever encoding it was committed.
    pub(super) path: Vec<u8>,
    /// What it is.
    pub(super) mode: Mode,
    /// The id of its object.
    pub(super) object: String,
}

impl TreeEntry {
    /// The name as attributes are asked for: with a slash at its end if it is a directory for git.
    pub(super) fn attribute_path(&self) -> Vec<u8> {
        let mut path = self.path.clone();
        if matches!(self.mode, Mode::Directory | Mode::Submodule) {
            path.push(b'/');
        }
        path
    }
}

/// Reads `git ls-tree -r -t -z --full-tree`: `<mode> SP <type> SP <object> TAB <path> NUL`.
pub(super) fn parse(listing: &[u8]) -> Result<Vec<TreeEntry>, GitError> {
    let Some(records) = listing.strip_suffix(b"\0") else {
        return match listing {
            [] => Ok(Vec::new()),
            _ => Err(GitError::malformed("ls-tree", "records that end with NUL", listing)),
        };
    };
    let found = records.iter().filter(|byte| **byte == 0).count() as u64 + 1;
    if found > MAX_ENTRIES {
        return Err(GitError::TooLarge {
            what: "committed files",
            limit: MAX_ENTRIES,
            found,
        });
    }
    records.split(|byte| *byte == 0).map(parse_entry).collect()
}

fn parse_entry(record: &[u8]) -> Result<TreeEntry, GitError> {
    let malformed = || GitError::malformed("ls-tree", "`<mode> <type> <object>\\t<path>`", record);
    let tab = record.iter().position(|byte| *byte == b'\t').ok_or_else(malformed)?;
    let (facts, path) = (&record[..tab], &record[tab + 1..]);
    let facts: Vec<&[u8]> = facts.split(|byte| *byte == b' ').collect();
    let [mode, _, object] = facts[..] else {
        return Err(malformed());
    };
    let is_id = matches!(object.len(), 40 | 64) && object.iter().all(u8::is_ascii_hexdigit);
    if path.is_empty() || !is_id {
        return Err(malformed());
    }
    Ok(TreeEntry {
        path: path.to_owned(),
        mode: parse_mode(mode).ok_or_else(malformed)?,
        object: String::from_utf8_lossy(object).into_owned(),
    })
}

fn parse_mode(mode: &[u8]) -> Option<Mode> {
    match mode {
        // 100664 stands in histories made before git settled on two file modes.
        b"100644" | b"100664" => Some(Mode::File),
        b"100755" => Some(Mode::Executable),
        b"120000" => Some(Mode::Symlink),
        b"160000" => Some(Mode::Submodule),
        b"040000" => Some(Mode::Directory),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

    #[test]
    fn every_mode_is_read() {
        let listing = format!(
            "100644 blob {ID}\ta b\0100755 blob {ID}\tc\td\0120000 blob {ID}\te\nf\0160000 commit {ID}\tg\0\
             040000 tree {ID}\th\0"
        );
        let entries = parse(listing.as_bytes()).unwrap();
        let read: Vec<_> = entries
            .iter()
            .map(|entry| (entry.path.as_slice(), entry.mode))
            .collect();
        let expected = [
            (&b"a b"[..], Mode::File),
            (b"c\td", Mode::Executable),
            (b"e\nf", Mode::Symlink),
            (b"g", Mode::Submodule),
            (b"h", Mode::Directory),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn a_listing_that_is_cut_off_is_malformed() {
        let listing = format!("100644 blob {ID}\ta");
        assert!(matches!(
            parse(listing.as_bytes()),
            Err(GitError::Malformed { command: "ls-tree", .. })
        ));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
