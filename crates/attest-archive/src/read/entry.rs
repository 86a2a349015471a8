use crate::MemberPath;

/// One member of an archive that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Where it stands; a leading `./` and a directory's last `/` are taken off.
    pub path: MemberPath,
    /// What it is.
    pub kind: EntryKind,
    /// How many bytes it has.
    pub size: u64,
    /// What the archive says of it besides.
    pub metadata: Metadata,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryKind {
    /// A regular file.
    File {
        /// Whether anybody may execute it.
        executable: bool,
    },
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink {
        /// The text of the link. Unless [`super::Symlinks::AsWritten`] was asked for, it is relative and stays inside, which
        /// is known when everything was read.
        target: String,
    },
    /// Another name of a regular file that came before it.
    HardLink {
        /// The file.
        target: MemberPath,
    },
}

/// What an archive says of a member besides its path, kind and bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The name as it stands in the archive.
    pub name: String,
    /// The permission bits, and what else stands in that field; none if a zip archive has none.
    pub mode: Option<u32>,
    /// What only one kind of archive knows.
    pub container: ContainerMetadata,
}

/// What only one kind of archive knows of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContainerMetadata {
    /// Of a tar header.
    Tar(TarMetadata),
    /// Of the two headers of a zip archive.
    Zip(ZipMetadata),
}

/// What a tar header says (POSIX.1-2017, pax, "ustar Interchange Format").
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TarMetadata {
    /// Which kind of header.
    pub dialect: TarDialect,
    /// The kind of member, as it stands in the header.
    pub type_flag: u8,
    /// Seconds since 1970, extended headers applied.
    pub modified: i64,
    /// The number of the owner.
    pub user: u64,
    /// The number of the group.
    pub group: u64,
    /// The name of the owner.
    pub user_name: String,
    /// The name of the group.
    pub group_name: String,
    /// The numbers of a device, which mean nothing for what is accepted.
    pub device: (u64, u64),
    /// The records of the extended header in front of this member, in their order.
    pub extended: Vec<(String, String)>,
    /// Whether a GNU long name (`L`) or long link (`K`) stood in front of this member.
    pub gnu_long: bool,
    /// Where the header stands in the stream.
    pub offset: u64,
}

/// Which kind of tar header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TarDialect {
    /// From before POSIX: no magic.
    Old,
    /// POSIX ustar, with or without extended headers.
    Ustar,
    /// GNU.
    Gnu,
}

/// What the local header and the central directory of a zip archive say (APPNOTE.TXT 6.3.10, 4.3.7 and 4.3.12).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZipMetadata {
    /// The version it was made by; the upper byte is the system.
    pub made_by: u16,
    /// The version that is needed, in the central directory and in the local header.
    pub needed: (u16, u16),
    /// The general purpose flags.
    pub flags: u16,
    /// 0 for stored, 8 for deflated.
    pub method: u16,
    /// The MS-DOS date and time, in the central directory and in the local header.
    pub modified: (DosTimestamp, DosTimestamp),
    /// The checksum (CRC-32).
    pub checksum: u32,
    /// How many bytes it takes in the archive.
    pub compressed: u64,
    /// The internal attributes.
    pub internal_attributes: u16,
    /// The external attributes.
    pub external_attributes: u32,
    /// The extra field of the central directory.
    pub central_extra: Vec<u8>,
    /// The extra field of the local header.
    pub local_extra: Vec<u8>,
    /// The comment.
    pub comment: Vec<u8>,
    /// Where the local header stands.
    pub offset: u64,
}

/// A date and a time of day in the MS-DOS form (APPNOTE 4.4.6); nobody says of which time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DosTimestamp {
    /// The date.
    pub date: u16,
    /// The time of day.
    pub time: u16,
}
