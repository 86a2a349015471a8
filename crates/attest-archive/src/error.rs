use std::io;
use std::path::PathBuf;

use crate::{Format, InvalidPath, MemberPath};

/// Why there is no archive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The ending of a file name stands for no format.
    #[error("expected a name ending in .tar.gz, .tgz, .tar.zst, .tzst, .tar.xz, .txz, .zip or .tar, found `{}`", visible(.found))]
    UnknownFormat {
        /// The name that was found.
        found: String,
    },
    /// A format without a tar archive in it, where only that is defined.
    #[error("expected a format with a tar archive inside, found `{found}`")]
    NotATar {
        /// The format.
        found: Format,
    },
    /// A path cannot stand in an archive.
    #[error(transparent)]
    Path(#[from] InvalidPath),
    /// A source date is not decimal digits, or after the year 9999.
    #[error("expected seconds since 1970 in decimal digits, at most 253402300799, found `{}`", visible(.found))]
    SourceDate {
        /// The text that was found.
        found: String,
    },
    /// A file name is not UTF-8, and an archive would show it differently from place to place.
    #[error("name `{escaped}` in `{}` is not UTF-8", .directory.display())]
    NotUtf8 {
        /// The directory that holds it.
        directory: PathBuf,
        /// The name, with bytes that are not ASCII as `\xNN`.
        escaped: String,
    },
    /// A device, a socket or a named pipe.
    #[error("`{}` is {kind}; only files, directories and symbolic links can be packed", visible(.path.as_str()))]
    SpecialFile {
        /// Its place in the archive.
        path: MemberPath,
        /// What it is, in words.
        kind: &'static str,
    },
    /// The content of a member, or the destination, is a path to something that is not a regular file.
    #[error("`{}` is not a regular file", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Some text names no owner.
    #[error("expected an owner such as `1000:1000`, in numbers, found `{}`", visible(.found))]
    Owner {
        /// The text that was found.
        found: String,
    },
    /// A path was given twice.
    #[error("`{}` is given twice", visible(.path.as_str()))]
    Duplicate {
        /// The path.
        path: MemberPath,
    },
    /// A file or a link stands where another member needs a directory.
    #[error("`{}` is not a directory, but `{}` lies below it", visible(.path.as_str()), visible(.below.as_str()))]
    NotADirectory {
        /// The file or link.
        path: MemberPath,
        /// The member below it.
        below: MemberPath,
    },
    /// Windows begins a path anew at its beginning, or steps upwards in it.
    #[error("`{}` leads out of the archive on Windows: it begins with a drive or a backslash, or holds `..` beside one", visible(.path.as_str()))]
    LeadsOutOnWindows {
        /// The path.
        path: MemberPath,
    },
    /// A path in a zip archive has a backslash, which is a separator for some.
    #[error("expected no backslash in `{}`, which a zip archive cannot hold", visible(.path.as_str()))]
    Backslash {
        /// The path.
        path: MemberPath,
    },
    /// The text of a symbolic link cannot stand in an archive.
    #[error("target `{}` of symbolic link `{}` is empty, absolute, longer than 4096 bytes or has a NUL", visible(.target), visible(.path.as_str()))]
    InvalidLink {
        /// The link.
        path: MemberPath,
        /// Its target.
        target: String,
    },
    /// A symbolic link leads out of the archive, on some system.
    #[error("symbolic link `{}` leads out of the archive: its target is `{}`", visible(.path.as_str()), visible(.target))]
    LinkEscapes {
        /// The link.
        path: MemberPath,
        /// Its target.
        target: String,
    },
    /// A symbolic link leads to itself, or through too many others.
    #[error("symbolic link `{}` leads through more than {limit} others", visible(.path.as_str()))]
    LinkLoop {
        /// The link.
        path: MemberPath,
        /// The most links that are followed.
        limit: usize,
    },
    /// There are too many members.
    #[error("expected at most {limit} files, links and directories")]
    TooManyMembers {
        /// The most that are accepted.
        limit: usize,
    },
    /// A file had another size or age at the end of reading it than at the beginning.
    #[error("`{}` changed while it was read: expected {expected} bytes, found {found} or a new modification time", .path.display())]
    ChangedWhileRead {
        /// The file.
        path: PathBuf,
        /// Its size at the beginning.
        expected: u64,
        /// The bytes that could be read, at most one more than expected.
        found: u64,
    },
    /// A file had other bytes when it was packed into another archive of the same invocation.
    #[error("`{}` changed: two archives would hold it with different bytes", visible(.path.as_str()))]
    ChangedBetween {
        /// Its place in the archives.
        path: MemberPath,
    },
    /// Two archives would be one file.
    #[error("two archives would be written to `{}`", .path.display())]
    SameDestination {
        /// The file.
        path: PathBuf,
    },
    /// One of several archives could not be written, and a file that another had replaced is not in its place again.
    #[error("`{}` cannot be put back and is now `{}`", .path.display(), .kept.display())]
    NotPutBack {
        /// Its place.
        path: PathBuf,
        /// Where it is.
        kept: PathBuf,
        /// Why there are no archives.
        source: Box<Error>,
    },
    /// Something cannot be read.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// What it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The archive, or a temporary file that it needs, cannot be written.
    #[error("cannot write the archive")]
    Write {
        /// Why.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }

    pub(crate) fn write(source: io::Error) -> Self {
        Self::Write { source }
    }
}

/// A name with a line break must not look like two lines.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c.is_control() {
            true => c.escape_default().to_string(),
            false => c.to_string(),
        })
        .collect()
}
