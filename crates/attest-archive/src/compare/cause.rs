/// Why two builds of one thing are not the same bytes. Ordered from the outside in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is said in words by `words`")]
pub enum Cause {
    Missing,
    FileKind,
    NotRead,
    ImageDescriptor,
    Compression,
    GzipTime,
    GzipName,
    GzipComment,
    GzipExtra,
    GzipSystem,
    GzipLevel,
    Frames,
    FrameSettings,
    Compressor,
    Order,
    MemberKind,
    LinkTarget,
    Time,
    Mode,
    Owner,
    OwnerName,
    HeaderKind,
    ExtendedHeader,
    GlobalHeader,
    Encoding,
    End,
    ZipSystem,
    ZipVersion,
    ZipFlags,
    ZipMethod,
    ZipExtra,
    ZipAttributes,
    ZipComment,
    BuildId,
    Section,
    Json,
    Text,
    Bytes,
}

/// The code, what it means, and what makes it go away.
type Row = (&'static str, &'static str, Option<&'static str>);

const TIME: &str =
    "give every member one time: set SOURCE_DATE_EPOCH (`export SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)`)";
const OWNER: &str = "write owner 0 and no names: `tar --owner=0 --group=0 --numeric-owner`, or `attest pack`";
const ORDER: &str = "sort the members by name: `tar --sort=name`, or `attest pack`";
const MODE: &str = "set the umask and the modes: `umask 022`, `tar --mode=u+rwX,go+rX,go-w`, or `attest pack`";
const GZIP: &str = "write no name and no time into the gzip header: `gzip -n`, or `attest pack`";
const PINNED: &str =
    "pin the compressor, its version, level and threads; `attest pack formats` lists those of `attest pack`";
const ONE_WRITER: &str = "write both with the same version of one program, such as `attest pack`";
const NO_EXTRA: &str = "write no extra fields: `zip -X`, or `attest pack`";
const CODE: &str = "look for build paths, times and random names in what is compiled: `-ffile-prefix-map`, \
                    `--remap-path-prefix`, `go build -trimpath`";
const CONTENT: &str = "look for what writes it: a time, a path, a random name, or the order of a directory or a map";

impl Cause {
    /// The kebab-case code, unique and stable.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().0
    }

    /// What differs, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        self.row().1
    }

    /// What makes it the same, if that can be said.
    #[must_use]
    pub fn hint(self) -> Option<&'static str> {
        self.row().2
    }

    fn row(self) -> Row {
        self.outside().unwrap_or_else(|| self.inside())
    }

    /// Of files and of what compresses them.
    fn outside(self) -> Option<Row> {
        Some(match self {
            Self::Missing => ("missing", "missing", Some("find which step makes it, or leaves it out")),
            Self::FileKind => ("file-kind", "kind of file", None),
            Self::NotRead => ("not-read", "could not be looked into", None),
            Self::ImageDescriptor => (
                "image-descriptor",
                "what an image index or manifest says",
                Some("give the image one time and fixed annotations: SOURCE_DATE_EPOCH, or `attest pack image`"),
            ),
            Self::Compression => ("compression", "kind of compression", Some(PINNED)),
            Self::GzipTime => ("gzip-time", "time in the gzip header", Some(GZIP)),
            Self::GzipName => ("gzip-name", "name in the gzip header", Some(GZIP)),
            Self::GzipComment => ("gzip-comment", "comment in the gzip header", Some(GZIP)),
            Self::GzipExtra => ("gzip-extra", "extra field or flags of the gzip header", Some(GZIP)),
            Self::GzipSystem => ("gzip-system", "system in the gzip header", Some(ONE_WRITER)),
            Self::GzipLevel => ("gzip-level", "level in the gzip header", Some(PINNED)),
            Self::Frames => ("frames", "number of compressed streams", Some(PINNED)),
            Self::FrameSettings => (
                "frame-settings",
                "settings in the header of the compressor",
                Some(PINNED),
            ),
            Self::Compressor => (
                "compressor",
                "compressor or its level, of the same content",
                Some(PINNED),
            ),
            _ => return None,
        })
    }

    /// Of archives, their members, and what those hold.
    fn inside(self) -> Row {
        match self {
            Self::Order => ("order", "order of members", Some(ORDER)),
            Self::MemberKind => ("member-kind", "kind of member", None),
            Self::LinkTarget => ("link-target", "target of a link", None),
            Self::Time => ("time", "modification time", Some(TIME)),
            Self::Mode => ("mode", "mode", Some(MODE)),
            Self::Owner => ("owner", "owner or group", Some(OWNER)),
            Self::OwnerName => ("owner-name", "name of owner or group", Some(OWNER)),
            Self::HeaderKind => ("header-kind", "kind of tar header", Some(ONE_WRITER)),
            Self::ExtendedHeader => (
                "extended-header",
                "records of an extended tar header",
                Some(
                    "leave out times of access and attributes: `--pax-option=delete=atime,delete=ctime`, or `attest pack`",
                ),
            ),
            Self::GlobalHeader => (
                "global-header",
                "records for all members, where git writes the commit",
                Some("build both from one commit"),
            ),
            Self::Encoding => ("encoding", "way in which a header is written", Some(ONE_WRITER)),
            Self::End => ("end", "padding at the end of the archive", Some(ONE_WRITER)),
            Self::ZipSystem => ("zip-system", "system or version a member was made by", Some(ONE_WRITER)),
            Self::ZipVersion => ("zip-version", "version needed to read a member", Some(ONE_WRITER)),
            Self::ZipFlags => ("zip-flags", "flags of a zip member", Some(ONE_WRITER)),
            Self::ZipMethod => ("zip-method", "method of compression of a zip member", Some(PINNED)),
            Self::ZipExtra => ("zip-extra", "extra fields of a zip member", Some(NO_EXTRA)),
            Self::ZipAttributes => ("zip-attributes", "attributes of a zip member", Some(MODE)),
            Self::ZipComment => (
                "zip-comment",
                "comment, where git writes the commit",
                Some("build both from one commit"),
            ),
            Self::BuildId => ("build-id", "build identifier of an executable", Some(CODE)),
            Self::Section => ("section", "section of an executable", Some(CODE)),
            Self::Json => ("json", "value in a JSON document", Some(CONTENT)),
            Self::Text => ("text", "line of a text", Some(CONTENT)),
            _ => ("bytes", "bytes", Some(CONTENT)),
        }
    }
}
