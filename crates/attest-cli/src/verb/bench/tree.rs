//! The files of a directory, as a scenario needs them: for the page cache, and for what runs in this process.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Every regular file under `root`, in the order of the paths. Symbolic links are not followed.
pub(super) fn list(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        take(&directory, &mut files, &mut directories).map_err(|error| {
            Failure::undecided("bench-input-failed", format_args!("cannot list the input: {error}")).at(root.display())
        })?;
    }
    files.sort_unstable();
    Ok(files)
}

fn take(directory: &Path, files: &mut Vec<PathBuf>, directories: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            directories.push(entry.path());
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
