use std::io;

use crate::error::visible;
use crate::read::Compression;
use crate::{InvalidPath, MemberPath};

/// Why an archive is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes cannot be read, or what is unpacked cannot be written.
    #[error("cannot read or unpack the archive")]
    Io {
        /// Why.
        source: io::Error,
    },
    /// Neither tar nor zip, by its content.
    #[error("expected a tar or zip archive, found something else")]
    NotAnArchive,
    /// The compressed stream is broken.
    #[error("the {compression} stream is broken")]
    Compressed {
        /// How it is compressed.
        compression: Compression,
        /// What its library says.
        source: io::Error,
    },
    /// A checksum or length at the end of a gzip member is wrong.
    #[error("expected {field} {expected} at the end of the gzip stream, found {found}")]
    GzipTrailer {
        /// What it is.
        field: &'static str,
        /// What came out.
        expected: u32,
        /// What it says.
        found: u32,
    },
    /// The archive ends too early.
    #[error("the archive ends inside {inside}")]
    Truncated {
        /// What is not complete.
        inside: &'static str,
    },
    /// There are bytes after the end.
    #[error("expected nothing after {after}, found more bytes")]
    Trailing {
        /// What should have been last.
        after: &'static str,
    },
    /// A name cannot be a path.
    #[error(transparent)]
    Name(#[from] InvalidPath),
    /// A name leads upwards.
    #[error("name `{}` leads out of the archive", visible(.found))]
    Traversal {
        /// The name.
        found: String,
    },
    /// A name begins at the root, or at a drive of Windows.
    #[error("expected a relative name, found `{}`", visible(.found))]
    Absolute {
        /// The name.
        found: String,
    },
    /// A name is not UTF-8, and would be read differently from place to place.
    #[error("name `{escaped}` is not UTF-8")]
    NotUtf8 {
        /// The name, with bytes that are not ASCII as `\xNN`.
        escaped: String,
    },
    /// Two members have one path.
    #[error("`{}` is there twice", visible(.path.as_str()))]
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
    /// Two members have one path where case is ignored.
    #[error("`{}` and `{}` are one name where case is ignored", visible(.first.as_str()), visible(.second.as_str()))]
    CaseCollision {
        /// The one that comes first.
        first: MemberPath,
        /// The other.
        second: MemberPath,
    },
    /// A symbolic link leads out of the archive.
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
    /// Symbolic links are so many and so long that following them takes too long.
    #[error("expected symbolic links of at most {limit} steps in all")]
    LinkSteps {
        /// The most names that are looked up.
        limit: usize,
    },
    /// A hard link leads to no regular file that came before it.
    #[error("hard link `{}` leads to `{}`, and no file of that name came before it", visible(.path.as_str()), visible(.target.as_str()))]
    HardLink {
        /// The link.
        path: MemberPath,
        /// Its target.
        target: MemberPath,
    },
    /// A device, a named pipe, a sparse file or something unknown.
    #[error("`{}` is {kind}; only files, directories and links are read", visible(.name))]
    UnsupportedKind {
        /// The name.
        name: String,
        /// What it is, in words.
        kind: String,
    },
    /// A name ends in `/` and the member is no directory, or the other way round.
    #[error("`{}` is {kind} by its header, and by its name it is not", visible(.name))]
    KindDisagrees {
        /// The name.
        name: String,
        /// What the header says.
        kind: &'static str,
    },
    /// A directory or a link has bytes.
    #[error("`{}` is {kind} and has {size} bytes", visible(.name))]
    NotEmpty {
        /// The name.
        name: String,
        /// What it is.
        kind: &'static str,
        /// How many bytes it has.
        size: u64,
    },
    /// There are too many members.
    #[error("expected at most {limit} files, links and directories")]
    TooManyMembers {
        /// The most that are accepted.
        limit: usize,
    },
    /// The names are too long together.
    #[error("expected at most {limit} bytes of names in all")]
    NamesTooLong {
        /// The most bytes that are accepted.
        limit: u64,
    },
    /// The paths are too long together, each written out from the top.
    #[error("expected at most {limit} bytes of paths in all")]
    PathsTooLong {
        /// The most bytes that are accepted.
        limit: u64,
    },
    /// A member is too large.
    #[error("`{}` has {found} bytes, expected at most {limit}", visible(.name))]
    MemberTooLarge {
        /// The name.
        name: String,
        /// The most bytes that are accepted.
        limit: u64,
        /// The bytes that it has.
        found: u64,
    },
    /// The archive is too large.
    #[error("expected at most {limit} bytes when everything is decompressed, found more")]
    TooLarge {
        /// The most bytes that are accepted.
        limit: u64,
    },
    /// Far more comes out than went in.
    #[error("expected at most {limit} bytes of {compressed} compressed ones, found more")]
    Bomb {
        /// The most bytes that are accepted of these.
        limit: u64,
        /// The compressed bytes.
        compressed: u64,
    },
    /// A header or a comment is too large.
    #[error("{what} has more than {limit} bytes")]
    HeaderTooLarge {
        /// What it is.
        what: &'static str,
        /// The most bytes that are accepted.
        limit: u64,
    },
    /// The padding after a tar member hides something.
    #[error("expected zeros between `{}` and the next member, found other bytes", visible(.name))]
    Padding {
        /// The member.
        name: String,
    },
    /// The checksum of a tar header is wrong.
    #[error("expected checksum {expected} of the tar header at {offset}, found {found}")]
    TarChecksum {
        /// Where the header stands.
        offset: u64,
        /// The sum of its bytes.
        expected: u64,
        /// What it says.
        found: u64,
    },
    /// The magic of a tar header is nearly that of ustar, which is ustar for some readers.
    #[error("expected `ustar\\x0000`, `ustar  \\x00` or no magic in the tar header at {offset}, found `{found}`")]
    TarMagic {
        /// Where the header stands.
        offset: u64,
        /// Its magic and version.
        found: String,
    },
    /// A tar header has bytes that some readers put in front of the name, whole or in part.
    #[error("the tar header at {offset} has `{found}` where only some readers look for the front of its name")]
    TarPrefix {
        /// Where the header stands.
        offset: u64,
        /// The bytes.
        found: String,
    },
    /// A number in a tar header is none, or readers understand it differently.
    #[error("expected a number as {field} in the tar header at {offset}, found `{found}`")]
    TarNumber {
        /// Where the header stands.
        offset: u64,
        /// The field.
        field: &'static str,
        /// Its bytes.
        found: String,
    },
    /// A header and its extended header disagree about the size of a member.
    #[error("`{}` has {header} bytes by its header and {extended} by its extended header", visible(.name))]
    TarSizes {
        /// The name.
        name: String,
        /// What the header says.
        header: u64,
        /// What the extended header says.
        extended: u64,
    },
    /// A record of an extended header is broken, or readers understand it differently.
    #[error("extended header at {offset}: {problem}")]
    TarExtension {
        /// Where its header stands.
        offset: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// One block of zeros, where two end an archive.
    #[error("expected two blocks of zeros at {offset}, found one")]
    TarLoneZeros {
        /// Where it stands.
        offset: u64,
    },
    /// It cannot be said where a zip archive ends.
    #[error("the zip archive has more than one end, or none at its last byte")]
    ZipEnd,
    /// The records at the end of a zip archive disagree with the archive.
    #[error("expected {expected} as {field}, found {found}")]
    ZipDirectory {
        /// The field.
        field: &'static str,
        /// What the archive says.
        expected: u64,
        /// What the record says.
        found: u64,
    },
    /// A record of a zip archive is not where it should be.
    #[error("expected {what} at {offset}, found something else")]
    ZipRecord {
        /// The record.
        what: &'static str,
        /// Where it should be.
        offset: u64,
    },
    /// The local header of a member says something else than the central directory.
    #[error("`{}`: the central directory says {field} {central}, the local header {local}", visible(.name))]
    ZipMismatch {
        /// The name.
        name: String,
        /// The field.
        field: &'static str,
        /// What the central directory says.
        central: String,
        /// What the local header says.
        local: String,
    },
    /// A member is stored, and where it ends is said after it: a reader from the front looks for that in its bytes.
    #[error("`{}` is stored, and its size stands after its bytes", visible(.name))]
    StoredStreamed {
        /// The member.
        name: String,
    },
    /// Members of a zip archive share bytes.
    #[error("`{}` ends at {end}, and what follows begins at {next}", visible(.name))]
    ZipOverlap {
        /// The member.
        name: String,
        /// Where it ends.
        end: u64,
        /// Where the next thing begins.
        next: u64,
    },
    /// There are bytes in a zip archive that belong to nothing.
    #[error("expected {what} at {expected}, found it at {found}: the bytes between belong to nothing")]
    ZipGap {
        /// What comes after them.
        what: String,
        /// Where the one before ends.
        expected: u64,
        /// Where the next begins.
        found: u64,
    },
    /// A member of a zip archive is encrypted.
    #[error("`{}` is encrypted", visible(.name))]
    Encrypted {
        /// The member.
        name: String,
    },
    /// A member of a zip archive is compressed in a way that is not read.
    #[error("`{}` is compressed by method {method}; 0 (stored) and 8 (deflated) are read", visible(.name))]
    UnsupportedMethod {
        /// The member.
        name: String,
        /// The method.
        method: u16,
    },
    /// A member of a zip archive has flags that are not known.
    #[error("`{}` has the flags {flags:#06x}, of which some are not known", visible(.name))]
    UnsupportedFlags {
        /// The member.
        name: String,
        /// All its flags.
        flags: u16,
    },
    /// A member of a zip archive has attributes of a system whose meaning readers do not agree about.
    #[error("`{}` has the attributes {attributes:#010x} of system {system}, which only some readers understand", visible(.name))]
    ZipAttributes {
        /// The member.
        name: String,
        /// The number of the system.
        system: u16,
        /// The external attributes.
        attributes: u32,
    },
    /// The extra field of a member of a zip archive is broken, or gives it a second name or other attributes.
    #[error("extra field of `{}`: {problem}", visible(.name))]
    ZipExtra {
        /// The member.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A name in a zip archive has a backslash, which is a separator for some.
    #[error("expected no backslash in name `{}` of a zip archive", visible(.found))]
    Backslash {
        /// The name.
        found: String,
    },
    /// The bytes of a member have another checksum than it says.
    #[error("expected checksum {expected:08x} of `{}`, found {found:08x}", visible(.name))]
    MemberChecksum {
        /// The member.
        name: String,
        /// What the archive says.
        expected: u32,
        /// What was read.
        found: u32,
    },
    /// A member has more or fewer bytes than it says.
    #[error("expected {expected} bytes of `{}`, found {found} or more", visible(.name))]
    MemberSize {
        /// The member.
        name: String,
        /// What the archive says.
        expected: u64,
        /// What was read.
        found: u64,
    },
}

/// What a reader of a member said comes back as what it is.
impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => error,
            Err(source) => Self::Io { source },
        }
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io { source } => source,
            other => Self::new(io::ErrorKind::InvalidData, other),
        }
    }
}
