use std::io;
use std::path::PathBuf;

use attest_digest::{Digest, InvalidDigest};

use super::Platform;
use crate::error::visible;

/// Why there is no image, or why a layout cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Some text names no platform.
    #[error("expected a platform such as `linux/amd64` or `linux/arm/v7`, found `{}`", visible(.found))]
    Platform {
        /// The text that was found.
        found: String,
    },
    /// A digest is malformed.
    #[error(transparent)]
    Digest(#[from] InvalidDigest),
    /// A digest is by an algorithm that OCI does not know.
    #[error("expected a digest by sha256 or sha512, found `{found}`")]
    UnsupportedDigest {
        /// The digest.
        found: Digest,
    },
    /// A document is not the JSON that it should be.
    #[error("expected {expected}: {}", visible(.reason))]
    Json {
        /// What it should be.
        expected: &'static str,
        /// What is wrong, and where.
        reason: String,
    },
    /// An index or a manifest of another version.
    #[error("expected schemaVersion 2, found {found}")]
    SchemaVersion {
        /// The version that was found.
        found: u64,
    },
    /// A document says that it is something else than what points to it does.
    #[error("expected media type `{expected}`, found `{}`", visible(.found))]
    MediaType {
        /// The usual name of what was expected.
        expected: &'static str,
        /// The name that was found.
        found: String,
    },
    /// A document could be read as an index and as a manifest.
    #[error("expected an index or a manifest, found one that also has `{key}`")]
    Ambiguous {
        /// The key that belongs to the other.
        key: &'static str,
    },
    /// A document has a key that others take for another one.
    #[error("expected key `{}`, found `{}`: many readers take one for the other", visible(.expected), visible(.found))]
    KeyTwin {
        /// The key that is known, or came first.
        expected: String,
        /// The key that differs from it only by the case of letters.
        found: String,
    },
    /// A path is neither a layout directory nor a layout archive.
    #[error("expected an OCI layout directory or archive at `{}`, found {found}", .path.display())]
    NotALayout {
        /// The path.
        path: PathBuf,
        /// What is there, in words.
        found: String,
    },
    /// An archive of a layout is to be changed.
    #[error("expected a layout directory to write into, found the archive `{}`", .path.display())]
    LayoutArchive {
        /// The archive.
        path: PathBuf,
    },
    /// An archive of a layout names a file twice, or holds something else than files and directories.
    #[error("expected files and directories, each once, found {kind} `{}`", visible(.name))]
    ArchiveEntry {
        /// What it is, in words.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// There are more of something than is read.
    #[error("expected at most {limit} {what}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// The most that are read.
        limit: usize,
    },
    /// A document is larger than is read.
    #[error("expected at most {limit} bytes for {what}, found {found}")]
    TooLarge {
        /// What it is.
        what: String,
        /// The most bytes that are read.
        limit: u64,
        /// The bytes that were found or claimed.
        found: u64,
    },
    /// A blob is not in the layout.
    #[error("blob `{digest}` is not in the layout")]
    MissingBlob {
        /// Its digest.
        digest: Digest,
    },
    /// A blob is longer or shorter than what points to it says.
    #[error("expected {expected} bytes for blob `{digest}`, found {found}")]
    BlobSize {
        /// Its digest.
        digest: Digest,
        /// The size it should have.
        expected: u64,
        /// The size it has, or one more than expected.
        found: u64,
    },
    /// A blob has not the digest that it is named by.
    #[error("expected blob `{expected}`, found `{found}` in its place")]
    BlobDigest {
        /// The digest it should have.
        expected: Digest,
        /// The digest it has.
        found: Digest,
    },
    /// Nothing in a layout has the asked-for tag or digest.
    #[error("expected `{}` in the layout, found {}", visible(.asked), names(.found))]
    NoSuchReference {
        /// What was asked for.
        asked: String,
        /// The tags that are there.
        found: Vec<String>,
    },
    /// A layout holds several images of one name.
    #[error("expected one image named `{}` in the layout, found {}", visible(.asked), digests(.found))]
    AmbiguousReference {
        /// What was asked for.
        asked: String,
        /// What has this name.
        found: Vec<Digest>,
    },
    /// A layout holds several images and none was chosen.
    #[error("expected one image in the layout, found {}", names(.found))]
    SeveralReferences {
        /// Their tags, or digests.
        found: Vec<String>,
    },
    /// A base image is not there for a platform.
    #[error("the base image is not for `{wanted}`: it is for {}", names(.found))]
    NoBase {
        /// The platform that an image is made for.
        wanted: Box<Platform>,
        /// The platforms of the base image.
        found: Vec<String>,
    },
    /// An image is not there for a platform.
    #[error("the image is not for `{wanted}`: it is for {}", names(.found))]
    NoPlatform {
        /// The platform that was asked for.
        wanted: Box<Platform>,
        /// The platforms of the image.
        found: Vec<String>,
    },
    /// An index would name two images for one platform.
    #[error("two images for `{platform}`: `{first}` and `{second}`")]
    DuplicatePlatform {
        /// The platform.
        platform: Box<Platform>,
        /// The manifest of one.
        first: Digest,
        /// The manifest of the other.
        second: Digest,
    },
    /// A configuration says something else than the manifest does.
    #[error("expected as many layers in the configuration as in the manifest, {expected}, found {found}")]
    LayerCount {
        /// The layers of the manifest.
        expected: usize,
        /// The layers of the configuration.
        found: usize,
    },
    /// A name in a root directory would remove a file of a layer below.
    #[error("`{}` would remove a file of the layers below: names that begin with `.wh.` are whiteouts", visible(.path))]
    Whiteout {
        /// Its place.
        path: String,
    },
    /// An exception is made for something that is not there.
    #[error("`{}` is not in the root directory, so it cannot get {what}", visible(.path))]
    NoSuchMember {
        /// Its place.
        path: String,
        /// What it should get, in words.
        what: &'static str,
    },
    /// A program was built for another processor or system.
    #[error("expected a program for `{expected}`, found one for {found} at `{}`", .path.display())]
    WrongMachine {
        /// The program.
        path: PathBuf,
        /// The platform that it was given for.
        expected: Box<Platform>,
        /// What its header says.
        found: String,
    },
    /// A setting of an image is malformed.
    #[error("expected {expected}, found `{}`", visible(.found))]
    Setting {
        /// What it should be.
        expected: &'static str,
        /// The text that was found.
        found: String,
    },
    /// Something is wrong with a document of a layout.
    #[error("{document}: {problem}")]
    Document {
        /// The document: `index.json`, or a blob by its digest.
        document: String,
        /// What.
        problem: Box<Error>,
    },
    /// Something is wrong with a layout that is built upon or taken in.
    #[error("{problem}")]
    Layout {
        /// The layout.
        path: PathBuf,
        /// What.
        problem: Box<Error>,
    },
    /// The destination is there already.
    #[error("`{}` is there already{}", .path.display(), if *.is_layout { "" } else { ", and is no OCI layout" })]
    Exists {
        /// The destination.
        path: PathBuf,
        /// Whether it is a layout, which can be replaced.
        is_layout: bool,
    },
    /// A layer cannot be packed.
    #[error(transparent)]
    Archive(#[from] crate::Error),
    /// Something cannot be read.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// What it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others write into a layout, or hold its lock.
    #[error("expected the lock on `{}` within {seconds} seconds, found it held by another process", .path.display())]
    Locked {
        /// The file that is locked.
        path: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The layout cannot be written.
    #[error("cannot write the layout")]
    Write {
        /// Why.
        source: io::Error,
    },
}

/// The most names that an error lists.
const MAX_NAMES: usize = 8;

fn names(found: &[String]) -> String {
    let shown: Vec<String> = found
        .iter()
        .take(MAX_NAMES)
        .map(|name| format!("`{}`", visible(name)))
        .collect();
    match found.len() {
        0 => "nothing".to_owned(),
        count if count > MAX_NAMES => format!("{} and {} more", shown.join(", "), count - MAX_NAMES),
        _ => shown.join(", "),
    }
}

fn digests(found: &[Digest]) -> String {
    names(&found.iter().map(Digest::to_string).collect::<Vec<_>>())
}

impl Error {
    pub(super) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }

    pub(super) fn document(document: impl std::fmt::Display) -> impl FnOnce(Self) -> Self {
        let document = format!("`{document}`");
        move |problem| Self::Document {
            document,
            problem: Box::new(problem),
        }
    }

    /// Says which layout is to blame, unless it is the one that is written.
    pub(super) fn of_layout(path: &std::path::Path) -> impl FnOnce(Self) -> Self {
        move |problem| match problem {
            Self::Write { .. } | Self::Archive(_) => problem,
            problem => Self::Layout {
                path: path.to_owned(),
                problem: Box::new(problem),
            },
        }
    }

    pub(super) fn write(source: io::Error) -> Self {
        Self::Write { source }
    }
}
