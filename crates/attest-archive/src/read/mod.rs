//! Archives of others in, their members out: each understood in one way, or refused by name.
//!
//! What some readers take for one thing and others for another is refused, because a signature over the bytes would then
//! vouch for two archives. Nothing here writes to disk but [`extract`], and that only into a directory of its own.
//!
//! ```
//! use attest_archive::read::{Limits, ReadError, read_archive};
//! # use attest_archive::{Content, Format, Member, Members, Recipe, write_archive_to};
//! # let recipe = Recipe {
//! #     format: Format::TarGz,
//! #     members: Members::new([Member::file("a/b".parse()?, Content::Bytes(b"hello".to_vec()), false)])?,
//! #     source_date: "0".parse()?,
//! #     threads: std::num::NonZeroUsize::MIN,
//! #     algorithms: "sha256".parse().expect("a known algorithm"),
//! # };
//! # let (archive, _) = write_archive_to(&recipe, Vec::new(), std::path::Path::new("."))?;
//! let mut sizes = Vec::new();
//! read_archive(std::io::Cursor::new(archive), &Limits::default(), |entry, content| {
//!     let mut bytes = Vec::new();
//!     content.read_to_end(&mut bytes).map_err(ReadError::from)?;
//!     sizes.push((entry.path.to_string(), bytes.len()));
//!     Ok::<(), ReadError>(())
//! })?;
//! assert_eq!(sizes, [("a".to_owned(), 0), ("a/b".to_owned(), 5)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod buffer;
mod decompress;
mod entry;
mod error;
mod extract;
mod frame;
mod inflate;
mod layer;
mod limits;
mod names;
mod pax;
mod tar;
mod tar_header;
mod tree;
mod window;
mod words;
mod zip;
mod zip_directory;
mod zip_kind;
mod zip_listing;
mod zip_record;
mod zlib;

pub use archive::{Container, Summary, read_archive};
pub use decompress::{Compression, Decompressor};
pub use entry::{ContainerMetadata, DosTimestamp, Entry, EntryKind, Metadata, TarDialect, TarMetadata, ZipMetadata};
pub use error::ReadError;
pub use extract::extract;
pub use frame::{Frame, GzipHeader, XzHeader, ZstdHeader};
pub use layer::{LayerEntry, LayerKind, read_layer};
pub use limits::{Limits, Symlinks};
pub use tar::read_tar;
pub(crate) use tar::skim_tar;
pub(crate) use tar_header::BLOCK;
pub use window::Window;
pub use zip::read_zip;
pub use zip_listing::{ZipListed, list_zip};
pub use zlib::inflate_zlib;
