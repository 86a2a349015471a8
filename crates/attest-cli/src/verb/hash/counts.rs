use serde::Serialize;

use super::number::{counted, grouped};

/// What a list has come to.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(super) struct Counts {
    /// Files with their digests.
    pub(super) files: u64,
    /// The bytes of those files.
    pub(super) bytes: u64,
    /// Symbolic links that were not followed.
    pub(super) skipped: u64,
    /// What could not be read.
    pub(super) errors: u64,
    /// Directories among these.
    #[serde(skip)]
    pub(super) directories: u64,
}

impl Counts {
    /// What could not be read, in numbers: one line for files, one for directories.
    pub(super) fn problems(&self) -> Vec<String> {
        let files = self.errors - self.directories;
        let all = counted(self.files + files, "file", "files");
        let of_files = (files > 0).then(|| format!("{} of {all} could not be read", grouped(files)));
        let directories = counted(self.directories, "directory", "directories");
        let of_directories = (self.directories > 0).then(|| format!("{directories} could not be listed"));
        of_files.into_iter().chain(of_directories).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_is_counted_among_all() {
        let counts = Counts {
            files: 1002,
            errors: 3,
            directories: 1,
            ..Counts::default()
        };
        assert_eq!(
            counts.problems(),
            ["2 of 1,004 files could not be read", "1 directory could not be listed"]
        );
        assert!(Counts::default().problems().is_empty());
    }
}
