use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use attest_digest::{Algorithms, Measured, MeasuringWriter};

use crate::draft::{Draft, directory_of, sync_directory};
use crate::gzip::GzipWriter;
use crate::tar_writer::TarWriter;
use crate::xz::XzWriter;
use crate::zip_writer::ZipWriter;
use crate::zstandard::ZstdWriter;
use crate::{Error, Format, Member, MemberPath, Members, SourceDate};

/// What to pack, and how.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The kind of archive.
    pub format: Format,
    /// What goes into it.
    pub members: Members,
    /// The modification time of every member.
    pub source_date: SourceDate,
    /// How many threads compress at most. The bytes do not depend on it; memory does: about 4 MiB each for gzip and zip, 26 MiB
    /// for Zstandard, 64 MiB for xz, and never so many that it were more than 208 MiB.
    pub threads: NonZeroUsize,
    /// How the archive and each file are measured.
    pub algorithms: Algorithms,
}

/// What was measured while an archive was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The archive.
    pub measured: Measured,
    /// Each regular file in it, in the order of the archive.
    pub members: Vec<(MemberPath, Measured)>,
    /// What compressed it: name, version and settings. Part of how the archive was built.
    pub compressor: String,
}

/// Writes an archive to a file: without a name or under a temporary one in the same directory, synced, then renamed.
///
/// # Errors
/// [`Error::NotAFile`] when the destination is there and is no regular file; otherwise as for [`write_archive_to`]. Nothing
/// new is left behind, and a file that was there before is as it was.
pub fn write_archive(recipe: &Recipe, destination: &Path) -> Result<Packed, Error> {
    let packed = Draft::write(recipe, destination, &AtomicBool::new(false))?.place()?;
    sync_directory(directory_of(destination))?;
    Ok(packed)
}

/// Writes an archive to `writer` and gives it back. `scratch` is a directory in which zip may need a temporary file without a
/// name.
///
/// # Errors
/// [`Error::Read`], [`Error::NotAFile`] or [`Error::ChangedWhileRead`] for a member, [`Error::Backslash`] for one of a zip
/// archive, [`Error::Write`] for the archive.
pub fn write_archive_to<W: Write>(recipe: &Recipe, writer: W, scratch: &Path) -> Result<(W, Packed), Error> {
    let out = BufWriter::new(MeasuringWriter::new(writer, &recipe.algorithms));
    let threads = recipe.threads;
    let (out, members) = match recipe.format {
        Format::Tar => write_tar(recipe, out)?,
        Format::TarGz => {
            let gzip = GzipWriter::new(out, threads).map_err(Error::write)?;
            let (gzip, members) = write_tar(recipe, gzip)?;
            (gzip.finish().map_err(Error::write)?, members)
        }
        Format::TarZst => {
            let zstd = ZstdWriter::new(out, threads).map_err(Error::write)?;
            let (zstd, members) = write_tar(recipe, zstd)?;
            (zstd.finish().map_err(Error::write)?, members)
        }
        Format::TarXz => {
            let xz = XzWriter::new(out, threads).map_err(Error::write)?;
            let (xz, members) = write_tar(recipe, xz)?;
            (xz.finish().map_err(Error::write)?, members)
        }
        Format::Zip => write_zip(recipe, out, scratch)?,
    };
    let out = out.into_inner().map_err(|error| Error::write(error.into_error()))?;
    let (writer, measured) = out.finish();
    let packed = Packed {
        measured,
        members,
        compressor: recipe.format.compressor(),
    };
    Ok((writer, packed))
}

type Files = Vec<(MemberPath, Measured)>;

fn write_tar<W: Write>(recipe: &Recipe, out: W) -> Result<(W, Files), Error> {
    let mut tar = TarWriter::new(out, recipe.source_date);
    let files = append_all(recipe, |member| tar.append(member, &recipe.algorithms))?;
    Ok((tar.finish().map_err(Error::write)?, files))
}

fn write_zip<W: Write>(recipe: &Recipe, out: W, scratch: &Path) -> Result<(W, Files), Error> {
    let mut zip = ZipWriter::new(out, recipe.source_date, recipe.threads, scratch)?;
    let files = append_all(recipe, |member| zip.append(member, &recipe.algorithms))?;
    Ok((zip.finish().map_err(Error::write)?, files))
}

fn append_all(
    recipe: &Recipe,
    mut append: impl FnMut(&Member) -> Result<Option<Measured>, Error>,
) -> Result<Files, Error> {
    let mut files = Vec::new();
    for member in recipe.members.iter() {
        if let Some(measured) = append(member)? {
            files.push((member.path().clone(), measured));
        }
    }
    Ok(files)
}
