/// What an archive may ask of whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Files, links and directories, parents that are only implied included.
    pub members: usize,
    /// The bytes of all names and link targets together.
    pub names: u64,
    /// The bytes of all paths, each written out from the top, those of directories that are only implied included.
    pub paths: u64,
    /// The bytes of one member.
    pub member: u64,
    /// The bytes of the whole archive, decompressed.
    pub total: u64,
    /// How many bytes may come out of one compressed byte.
    pub ratio: u64,
    /// The bytes that may come out before the ratio counts.
    pub ratio_floor: u64,
    /// The bytes of the extended headers of one tar member, and of the comment, the central directory's extra fields and
    /// the optional fields of a gzip header.
    pub header: u64,
    /// The memory that the window of a compressor may take.
    pub window: u64,
    /// How deep archives are opened that lie in archives.
    pub nesting: usize,
    /// Which symbolic links are accepted.
    pub symlinks: Symlinks,
}

/// Which symbolic links are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Symlinks {
    /// Those that stay inside the archive, followed through all others.
    Inside,
    /// Any text. For the layers of images, whose links are read by a system that takes the archive as its root, and for
    /// comparing. Such an archive is not written to disk.
    AsWritten,
}

impl Limits {
    /// As [`crate::MAX_MEMBERS`]: what we write can be read.
    pub const MEMBERS: usize = crate::MAX_MEMBERS;
    /// 64 bytes a name for the most members; they are held in memory, to find duplicates.
    pub const NAMES: u64 = 64 * 1024 * 1024;
    /// 128 bytes a path for the most members, where the longest trees that are packed have 64: whoever packs the members anew
    /// holds them all in memory. It bounds the depth as well, since a directory that lies deep has a long path.
    pub const PATHS: u64 = 128 * 1024 * 1024;
    /// 16 GiB: eight times the largest file that GitHub takes into a release, and above the layers that registries take.
    pub const MEMBER: u64 = 16 * 1024 * 1024 * 1024;
    /// 64 GiB: what a machine that builds a release has of disk.
    pub const TOTAL: u64 = 64 * 1024 * 1024 * 1024;
    /// 200: text shrinks to a tenth, repetitive logs to a fiftieth; deflate cannot do better than 1032.
    pub const RATIO: u64 = 200;
    /// 128 MiB: up to here even zeros do no harm.
    pub const RATIO_FLOOR: u64 = 128 * 1024 * 1024;
    /// 1 MiB: a path takes 4096 bytes, an attribute of a file system 64 KiB.
    pub const HEADER: u64 = 1024 * 1024;
    /// 128 MiB: what `zstd --long` and `xz -9` need, and no more than a decoder takes by default.
    pub const WINDOW: u64 = 128 * 1024 * 1024;
    /// 4: a wheel in a layer in an image in an archive.
    pub const NESTING: usize = 4;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            members: Self::MEMBERS,
            names: Self::NAMES,
            paths: Self::PATHS,
            member: Self::MEMBER,
            total: Self::TOTAL,
            ratio: Self::RATIO,
            ratio_floor: Self::RATIO_FLOOR,
            header: Self::HEADER,
            window: Self::WINDOW,
            nesting: Self::NESTING,
            symlinks: Symlinks::Inside,
        }
    }
}

impl Limits {
    /// These limits with symbolic links as they are written.
    #[must_use]
    pub fn with_symlinks_as_written(mut self) -> Self {
        self.symlinks = Symlinks::AsWritten;
        self
    }

    /// The most bytes that may come out of `compressed` bytes.
    pub(crate) fn expansion(&self, compressed: u64) -> u64 {
        compressed.saturating_mul(self.ratio).max(self.ratio_floor)
    }
}
