//! Two directories, file by file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::paths::{CompareError, Comparer, unreadable};
use super::{Cause, layout};
use crate::MAX_MEMBERS;

/// What stands in a directory.
#[derive(PartialEq, Eq)]
enum Found {
    File { executable: bool },
    Directory,
    Symlink(PathBuf),
    Other,
}

/// Compares what two directories hold; times and owners of files are not part of what is compared.
pub(super) fn compare(comparer: &mut Comparer, left: &Path, right: &Path) -> Result<(), CompareError> {
    if layout::compare(comparer, left, right)? {
        return Ok(());
    }
    let (here, there) = (list(left)?, list(right)?);
    let names: std::collections::BTreeSet<&PathBuf> = here.keys().chain(there.keys()).collect();
    for name in names {
        let shown = name.to_string_lossy().into_owned();
        comparer.inside(shown, |comparer| match (here.get(name), there.get(name)) {
            (Some(here), Some(there)) => compare_found(comparer, here, there, &left.join(name), &right.join(name)),
            (Some(_), None) => {
                comparer.add(Cause::Missing, "there", "missing");
                Ok(())
            }
            _ => {
                comparer.add(Cause::Missing, "missing", "there");
                Ok(())
            }
        })?;
    }
    Ok(())
}

fn compare_found(
    comparer: &mut Comparer,
    here: &Found,
    there: &Found,
    left: &Path,
    right: &Path,
) -> Result<(), CompareError> {
    match (here, there) {
        (Found::File { executable: here }, Found::File { executable: there }) => {
            if here != there {
                let words = |executable| if executable { "executable" } else { "not executable" };
                comparer.add(Cause::Mode, words(*here), words(*there));
            }
            comparer.paths(left, right)?;
        }
        (Found::Symlink(here), Found::Symlink(there)) if here != there => {
            let words = |target: &Path| format!("`{}`", target.display());
            comparer.add(Cause::LinkTarget, words(here), words(there));
        }
        (here, there) if here.words() != there.words() => {
            comparer.add(Cause::MemberKind, here.words(), there.words());
        }
        _ => {}
    }
    Ok(())
}

impl Found {
    fn words(&self) -> &'static str {
        match self {
            Self::File { .. } => "a file",
            Self::Directory => "a directory",
            Self::Symlink(_) => "a symbolic link",
            Self::Other => "something else",
        }
    }
}

/// Everything below a directory. Symbolic links are not followed.
fn list(top: &Path) -> Result<BTreeMap<PathBuf, Found>, CompareError> {
    let mut found = BTreeMap::new();
    let mut open = vec![PathBuf::new()];
    while let Some(directory) = open.pop() {
        let place = top.join(&directory);
        for entry in fs::read_dir(&place).map_err(unreadable(&place))? {
            let entry = entry.map_err(unreadable(&place))?;
            let name = directory.join(entry.file_name());
            let metadata = entry.metadata().map_err(unreadable(&entry.path()))?;
            let kind = match metadata.file_type() {
                kind if kind.is_dir() => {
                    open.push(name.clone());
                    Found::Directory
                }
                kind if kind.is_symlink() => {
                    Found::Symlink(fs::read_link(entry.path()).map_err(unreadable(&entry.path()))?)
                }
                kind if kind.is_file() => Found::File {
                    executable: is_executable(&metadata),
                },
                _ => Found::Other,
            };
            found.insert(name, kind);
            if found.len() > MAX_MEMBERS {
                let (path, limit) = (top.to_owned(), MAX_MEMBERS);
                return Err(CompareError::TooMany { path, limit });
            }
        }
    }
    Ok(found)
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

/// Elsewhere a file system does not say.
#[cfg(not(unix))]
fn is_executable(_metadata: &fs::Metadata) -> bool {
    false
}
