//! Trees in, byte-identical archives out.
//!
//! In: [`Members`], a checked and sorted set of files, symbolic links and directories, put together by hand or read from a
//! directory, and a [`Recipe`] that says how to pack them. Out: one `.tar`, `.tar.gz`, `.tar.zst`, `.tar.xz` or `.zip`, and [`Packed`],
//! which holds what was measured while it was written. Equal members and an equal [`SourceDate`] make equal bytes: on every
//! machine, with any number of threads, whatever the order, owner, umask or age of the files.
//!
//! The same for images: [`image`] makes OCI layouts, and reads those of others.
//!
//! Each byte is read once; memory does not grow with the size of a file. No network, no clock, no environment.
//!
//! ```
//! use attest_archive::{Content, Format, Member, Members, Recipe, SourceDate, write_archive_to};
//!
//! let hello = Member::file("hello-1.0/hello.txt".parse()?, Content::Bytes(b"hello\n".to_vec()), false);
//! let recipe = Recipe {
//!     format: Format::of_file_name("hello-1.0.tar.gz")?,
//!     members: Members::new([hello])?,
//!     source_date: "1700000000".parse()?,
//!     threads: std::num::NonZeroUsize::MIN,
//!     algorithms: "sha256".parse().expect("a known algorithm"),
//! };
//! let (bytes, packed) = write_archive_to(&recipe, Vec::new(), std::path::Path::new("."))?;
//! assert_eq!(packed.measured.size(), bytes.len() as u64);
//! # Ok::<(), attest_archive::Error>(())
//! ```

mod batch;
pub mod chart;
pub mod compare;
mod deflate;
mod draft;
mod error;
mod exchange;
mod fixed_blocks;
mod format;
mod git_archive;
mod git_tar;
mod gzip;
pub mod image;
mod last_block;
mod link;
mod member;
mod members;
mod ordered;
mod owner;
mod path;
mod prefix_code;
pub mod python;
pub mod read;
mod replacement;
mod source;
mod source_date;
mod spool;
mod tar_header;
mod tar_writer;
mod walk;
mod write;
mod xz;
pub mod yaml;
mod zip_record;
mod zip_writer;
mod zlib;
mod zstandard;

pub use batch::{Order, OrderFailed, write_archives};
pub use error::Error;
pub use exchange::exchange;
pub use format::Format;
pub use git_archive::{GitPacked, GitRecipe, write_git_archive};
pub use git_tar::{GitEntry, GitKind, GitTree};
pub use link::LinkTarget;
pub use member::{Content, Kind, Member};
pub use members::{CaseCollision, MAX_MEMBERS, Members};
pub use owner::Owner;
pub use path::{InvalidPath, MAX_PATH_BYTES, MemberPath};
pub use replacement::{NotPutBack, Replacement};
pub use source_date::SourceDate;
pub use spool::{Spool, Spooled};
pub use write::{Packed, Recipe, write_archive, write_archive_to};
pub use zlib::inflate_zlib;
