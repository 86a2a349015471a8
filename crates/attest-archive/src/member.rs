use std::path::PathBuf;

use crate::{Error, LinkTarget, MemberPath, Spooled};

/// One file, symbolic link or directory, and its place in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    path: MemberPath,
    kind: Kind,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file.
    File {
        /// Where its bytes come from.
        content: Content,
        /// Whether it can be run: mode 0755, otherwise 0644.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Where it leads.
        target: LinkTarget,
    },
}

/// Where the bytes of a file come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A regular file, read when the archive is written. A symbolic link is followed.
    Path(PathBuf),
    /// Bytes in memory.
    Bytes(Vec<u8>),
    /// Bytes that were read from another archive.
    Spooled(Spooled),
}

impl Member {
    /// A regular file.
    #[must_use]
    pub fn file(path: MemberPath, content: Content, executable: bool) -> Self {
        let kind = Kind::File { content, executable };
        Self { path, kind }
    }

    /// A symbolic link. Whether it stays inside the archive is checked by [`crate::Members::new`].
    ///
    /// # Errors
    /// [`Error::InvalidLink`] when the target is empty, absolute, too long or has a NUL.
    pub fn symlink(path: MemberPath, target: &str) -> Result<Self, Error> {
        let target = LinkTarget::parse(&path, target)?;
        let kind = Kind::Symlink { target };
        Ok(Self { path, kind })
    }

    /// A symbolic link of a root file system, which may lead anywhere.
    pub(crate) fn symlink_in_root(path: MemberPath, target: &str) -> Result<Self, Error> {
        let target = LinkTarget::in_root(&path, target)?;
        let kind = Kind::Symlink { target };
        Ok(Self { path, kind })
    }

    /// A directory.
    #[must_use]
    pub fn directory(path: MemberPath) -> Self {
        let kind = Kind::Directory;
        Self { path, kind }
    }

    /// Its place in the archive.
    #[must_use]
    pub fn path(&self) -> &MemberPath {
        &self.path
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }
}
