use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use attest_digest::{Algorithms, Measured, MeasuringWriter};

use crate::draft::{Draft, directory_of, sync_directory};
use crate::git_tar::GitTree;
use crate::gzip::GzipWriter;
use crate::xz::XzWriter;
use crate::zstandard::ZstdWriter;
use crate::{Error, Format};

/// A tree of git's to pack as `git archive` does, and how.
#[derive(Debug, Clone)]
pub struct GitRecipe {
    /// The kind of archive: one with a tar archive in it.
    pub format: Format,
    /// What goes into it.
    pub tree: GitTree,
    /// How many threads compress. The bytes do not depend on it.
    pub threads: NonZeroUsize,
    /// How the archive and each file are measured.
    pub algorithms: Algorithms,
}

/// What was measured while such an archive was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitPacked {
    /// The archive.
    pub measured: Measured,
    /// Each regular file in it, in the order of the archive.
    pub files: Vec<(Vec<u8>, Measured)>,
    /// What compressed it: name, version and settings.
    pub compressor: String,
}

/// Writes the tar stream of `git archive`, compressed by us, to a file: under a temporary name in the same directory,
/// synced, then renamed. Only the stream equals git's; compressed, it is as small and as stable as every archive here.
///
/// # Errors
/// [`Error::NotATar`] for a format without such a stream; otherwise as for [`crate::write_archive`].
pub fn write_git_archive(recipe: &GitRecipe, destination: &Path) -> Result<GitPacked, Error> {
    if recipe.format == Format::Zip {
        return Err(Error::NotATar { found: recipe.format });
    }
    let never = AtomicBool::new(false);
    let draft = Draft::write_by(destination, &never, |file, _| {
        write_to(recipe, file).map(|(_, packed)| packed)
    })?;
    let packed = draft.place()?;
    sync_directory(directory_of(destination))?;
    Ok(packed)
}

fn write_to<W: Write>(recipe: &GitRecipe, writer: W) -> Result<(W, GitPacked), Error> {
    let mut files = Vec::new();
    let out = BufWriter::new(MeasuringWriter::new(writer, &recipe.algorithms));
    let out = compress(recipe, out, &mut files)?;
    let out = out.into_inner().map_err(|error| Error::write(error.into_error()))?;
    let (writer, measured) = out.finish();
    let packed = GitPacked {
        measured,
        files,
        compressor: recipe.format.compressor(),
    };
    Ok((writer, packed))
}

fn compress<W: Write>(recipe: &GitRecipe, out: W, files: &mut Vec<(Vec<u8>, Measured)>) -> Result<W, Error> {
    let mut note = |path: &[u8], measured| files.push((path.to_owned(), measured));
    let (tree, algorithms) = (&recipe.tree, &recipe.algorithms);
    let threads = recipe.threads;
    match recipe.format {
        Format::Tar => tree.write(out, algorithms, &mut note),
        Format::TarGz => {
            let gzip = GzipWriter::new(out, threads).map_err(Error::write)?;
            tree.write(gzip, algorithms, &mut note)?.finish().map_err(Error::write)
        }
        Format::TarZst => {
            let zstd = ZstdWriter::new(out, threads).map_err(Error::write)?;
            tree.write(zstd, algorithms, &mut note)?.finish().map_err(Error::write)
        }
        Format::TarXz => {
            let xz = XzWriter::new(out, threads).map_err(Error::write)?;
            tree.write(xz, algorithms, &mut note)?.finish().map_err(Error::write)
        }
        Format::Zip => Err(Error::NotATar { found: recipe.format }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::{Content, GitEntry, GitKind};

    fn written(format: Format, threads: usize) -> Result<(Vec<u8>, GitPacked), Error> {
        let file = GitEntry {
            path: b"caf\xe9".to_vec(),
            object: "0".repeat(40),
            kind: GitKind::File {
                content: Content::Bytes(b"many words, many words\n".repeat(100_000)),
                executable: false,
            },
        };
        let recipe = GitRecipe {
            format,
            tree: GitTree {
                commit: Some("0".repeat(40)),
                seconds: 1_700_000_000,
                entries: vec![file],
            },
            threads: NonZeroUsize::new(threads).unwrap(),
            algorithms: "sha256".parse().unwrap(),
        };
        write_to(&recipe, Vec::new())
    }

    #[test]
    fn compressed_it_is_the_same_stream_and_measured() {
        let (tar, _) = written(Format::Tar, 1).unwrap();
        let (gzip, packed) = written(Format::TarGz, 3).unwrap();
        let mut stream = Vec::new();
        flate2::read::GzDecoder::new(&gzip[..])
            .read_to_end(&mut stream)
            .unwrap();
        assert!(stream == tar);
        assert_eq!(packed.measured.size(), gzip.len() as u64);
        assert_eq!(packed.files[0].0, b"caf\xe9");
        assert!(written(Format::TarGz, 1).unwrap().0 == gzip);
        let (zstd, _) = written(Format::TarZst, 2).unwrap();
        assert!(zstd::decode_all(&zstd[..]).unwrap() == tar);
    }

    #[test]
    fn a_zip_archive_has_no_such_stream_and_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let recipe = GitRecipe {
            format: Format::Zip,
            tree: GitTree {
                commit: None,
                seconds: 0,
                entries: Vec::new(),
            },
            threads: NonZeroUsize::MIN,
            algorithms: "sha256".parse().unwrap(),
        };
        let error = write_git_archive(&recipe, &directory.path().join("a.zip")).unwrap_err();
        assert!(matches!(error, Error::NotATar { found: Format::Zip }));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
