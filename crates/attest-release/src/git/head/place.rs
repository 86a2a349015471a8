use std::path::{Path, PathBuf};

use super::{HeadError, malformed, small};

/// How many repositories may lend their objects.
const MAX_ALTERNATES: usize = 32;

/// Where the files of a repository are.
pub(super) struct Place {
    /// What is of this work tree alone: its `HEAD`.
    pub(super) own: PathBuf,
    /// What all work trees of the repository share.
    pub(super) common: PathBuf,
}

impl Place {
    /// That of the repository whose work tree `directory` is in.
    pub(super) fn find(directory: &Path) -> Result<Option<Self>, HeadError> {
        let absolute = std::fs::canonicalize(directory).map_err(super::unreadable(directory))?;
        for above in absolute.ancestors() {
            let entry = above.join(".git");
            let own = match entry.metadata() {
                Ok(found) if found.is_dir() => entry,
                Ok(found) if found.is_file() => pointed(&entry, above)?,
                _ => continue,
            };
            let common = match small(&own.join("commondir"))? {
                Some(text) => own.join(path(&own.join("commondir"), &text)?),
                None => own.clone(),
            };
            // What only looks like a repository is none for git either.
            if own.join("HEAD").symlink_metadata().is_ok() && common.join("objects").is_dir() {
                return Ok(Some(Self { own, common }));
            }
        }
        Ok(None)
    }

    /// Where objects are: the repository's own, then what it borrows.
    pub(super) fn object_directories(&self) -> Result<Vec<PathBuf>, HeadError> {
        let mut directories = vec![self.common.join("objects")];
        let mut next = 0;
        while let Some(directory) = directories.get(next).cloned() {
            next += 1;
            let list = directory.join("info/alternates");
            let Some(text) = small(&list)? else { continue };
            for line in text.split(|byte| *byte == b'\n') {
                if line.is_empty() || line.starts_with(b"#") {
                    continue;
                }
                let lent = directory.join(path(&list, line)?);
                if directories.len() > MAX_ALTERNATES {
                    return Err(malformed(&list, "at most 32 repositories that lend objects"));
                }
                if !directories.contains(&lent) {
                    directories.push(lent);
                }
            }
        }
        Ok(directories)
    }
}

/// Where a file called `.git` says that the repository is.
fn pointed(entry: &Path, above: &Path) -> Result<PathBuf, HeadError> {
    let text = small(entry)?.unwrap_or_default();
    match text.strip_prefix(b"gitdir: ") {
        Some(target) => Ok(above.join(path(entry, target)?)),
        None => Err(malformed(entry, "`gitdir: ` and a path")),
    }
}

fn path(file: &Path, text: &[u8]) -> Result<PathBuf, HeadError> {
    let line = text.strip_suffix(b"\n").unwrap_or(text);
    crate::git::program::native_path(line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|path| !path.as_os_str().is_empty())
        .ok_or_else(|| malformed(file, "a path"))
}
