use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use attest_archive::Spool;
use attest_archive::read::{Compression, Container, Decompressor, Limits};

use super::kept::Kept;
use super::stack::Stack;
use super::stream::Keeper;
use super::{Content, Listing, Tree};
use crate::{Gap, Options, oci};

/// What stays in memory before it goes to a temporary file.
const IN_MEMORY: usize = 8 << 20;

/// An archive of a file system, a release or an image: zip, or tar, plain or compressed by gzip, Zstandard or xz.
///
/// All its files are listed; kept are those that some reader wants, and the parts of images. Those of a compressed archive go to a
/// temporary file without a name; those of a plain one are read where they are. Jars and wheels are zip archives, too: ask
/// [`recognised`](crate::recognised) first.
#[derive(Debug)]
pub struct Archive(Kept);

impl Archive {
    /// Reads an archive; nothing when the file is none. `scratch` is a directory for the temporary file.
    ///
    /// # Errors
    /// When the file cannot be read. An archive that is damaged has a gap, and what came before the damage.
    pub fn open(path: &Path, options: &Options, scratch: &Path) -> io::Result<Option<Self>> {
        let mut file = File::open(path)?;
        let Some(kind) = kind(&mut file)? else {
            return Ok(None);
        };
        file.seek(SeekFrom::Start(0))?;
        let keeper = Keeper {
            options,
            is_always_kept: oci::is_part,
            file: (kind == Kind::Tar(Compression::None)).then(|| Arc::new(path.to_owned())),
            spool: Spool::with_memory(scratch, IN_MEMORY),
            members: &AtomicUsize::new(0),
        };
        let file = io::BufReader::with_capacity(256 * 1024, file);
        let passed = match kind {
            Kind::Tar(_) => keeper.read(file),
            Kind::Zip => keeper.read_zip(file),
        };
        let mut stack = Stack::default();
        stack.foresee(&passed.changes);
        passed
            .changes
            .into_iter()
            .for_each(|change| stack.apply_plainly(change));
        let gaps = passed
            .problems
            .into_iter()
            .map(|(code, detail)| Gap::new(code, "", detail));
        let unresolved = stack.problems().iter();
        let gaps = gaps.chain(unresolved.map(|(_, detail)| Gap::new("damaged", "", detail.as_str())));
        let gaps: Vec<Gap> = gaps.collect();
        Ok(Some(Self(Kept::new(stack.into_nodes(), gaps))))
    }
}

impl Tree for Archive {
    fn listing(&self) -> &Listing {
        &self.0.listing
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Content + '_>> {
        let content = self.0.open(path)?;
        Ok(content)
    }

    fn is_kept(&self, path: &str) -> bool {
        self.0.is_kept(path)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tar(Compression),
    Zip,
}

/// How many compressed bytes are looked at for a header of tar: a block of Zstandard has up to 128 KiB and comes out as one, and
/// there may be frames in front of it that hold nothing.
const FIRST_BLOCK: u64 = 1 << 20;

/// What an archive is; nothing for any other file.
fn kind(file: &mut File) -> io::Result<Option<Kind>> {
    let Ok(mut plain) = Decompressor::new(file.take(FIRST_BLOCK), &Limits::default()) else {
        return Ok(None);
    };
    let compression = plain.compression();
    let mut first = [0; Container::MAGIC];
    let mut filled = 0;
    // A zip archive may be shorter than a header of tar; a stream that is broken is none of both.
    while let Ok(read @ 1..) = plain.read(&mut first[filled..]) {
        filled += read;
    }
    Ok(match Container::recognise(&first[..filled]) {
        Some(Container::Tar) => Some(Kind::Tar(compression)),
        Some(Container::Zip) if compression == Compression::None => Some(Kind::Zip),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
