//! Files to look at, wherever they lie: a directory, the layers of an image, an archive, memory.
//!
//! In: a [`Tree`]. Out: its [`Listing`] in one order on every system, and the content of the files that somebody asks for.
//! A link is followed inside the tree only, so that nothing outside is ever read.

mod archive;
mod directory;
mod joined;
mod kept;
mod layers;
mod listing;
mod memory;
mod stack;
mod stream;
#[cfg(test)]
pub(crate) mod tar;
mod without;

use std::io::{self, Read, Seek};
use std::path::Path;

pub use archive::Archive;
pub use directory::Directory;
pub use joined::Joined;
pub use layers::{Layer, Layers};
pub use listing::{Entry, EntryKind, Listing};
pub use memory::Memory;
pub use without::Without;

use crate::{Options, scan};

/// Something that holds files.
pub trait Tree: Sync {
    /// Everything that there is, in the order of the bytes of its paths.
    fn listing(&self) -> &Listing;

    /// The content of a regular file, by the path that the listing has for it; links are resolved before.
    ///
    /// # Errors
    /// What the system says, and [`io::ErrorKind::NotFound`] for a path that the tree does not have, or whose content it did not keep.
    fn open(&self, path: &str) -> io::Result<Box<dyn Content + '_>>;

    /// Whether the content of a regular file is there: of an archive only what some reader wants is kept.
    fn is_kept(&self, path: &str) -> bool {
        let _ = path;
        true
    }

    /// Whether this is one file that somebody named, and nothing beside it: what it holds is what is asked for, whatever it is.
    fn is_named_file(&self) -> bool {
        false
    }

    /// Whether a link of the listing leads to a directory that is in no part of this: links are not followed, so nobody looks there.
    fn leads_outside(&self, _path: &str) -> bool {
        false
    }
}

/// A directory; an archive, by what is in it; or a file that is alone in its tree. A file of which a reader says what it is,
/// such as a jar or a chart, is no archive here. Nor is a package that was named beside others (`is_beside`): it is a package like
/// one of a directory. `scratch` is a directory for temporary files.
///
/// # Errors
/// When it cannot be read.
pub fn open(path: &Path, options: &Options, is_beside: bool, scratch: &Path) -> io::Result<Box<dyn Tree>> {
    if path.is_dir() {
        return Ok(Box::new(Directory::new(path)?));
    }
    let file = Directory::of_file(path, options)?.beside(is_beside);
    // Whether a tar archive is one of sources, a chart or an image is not told by its name: who wants it has to look.
    if file.is_wanted() && (file.is_zip() || scan(&file, options).is_ok()) {
        return Ok(Box::new(file));
    }
    match Archive::open(path, options, scratch)? {
        Some(archive) => Ok(Box::new(archive)),
        None => Ok(Box::new(file)),
    }
}

/// The content of a file, at any place.
pub trait Content: Read + Seek {}

impl<T: Read + Seek> Content for T {}
