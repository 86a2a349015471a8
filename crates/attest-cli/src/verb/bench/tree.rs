//! The files of a directory, as a scenario needs them: for the page cache, and for what runs in this process.

use std::path::{Path, PathBuf};

use attest_digest::{Walk, WalkEntry, WalkOptions};

use crate::causes::with_causes;
use crate::failure::Failure;

/// Every regular file under `root`. Symbolic links are not followed.
pub(super) fn list(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in Walk::new(root, WalkOptions::default()) {
        match entry {
            Ok(WalkEntry::File(path)) => files.push(path),
            Ok(_) => {}
            Err(error) => return Err(Failure::undecided("bench-input-failed", with_causes(&error)).at(root.display())),
        }
    }
    Ok(files)
}
