use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::str::FromStr;

use attest_digest::{Algorithm, Algorithms, Digest, Measured, MeasuringWriter};

use super::staging::Staging;
use super::{Descriptor, Error, Root, media_type};
use crate::gzip::GzipWriter;
use crate::tar_writer::TarWriter;
use crate::zstandard::ZstdWriter;
use crate::{SourceDate, deflate, zstandard};

/// How layers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LayerCompression {
    /// One gzip member, as of `.tar.gz`: what every client reads.
    #[default]
    Gzip,
    /// One Zstandard frame, as of `.tar.zst`.
    Zstd,
    /// None.
    None,
}

/// A layer that lies in the staging directory.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) descriptor: Descriptor,
    pub(super) diff_id: Digest,
}

/// How to pack a layer.
pub(super) struct LayerRecipe {
    pub(super) compression: LayerCompression,
    pub(super) source_date: SourceDate,
    pub(super) threads: NonZeroUsize,
}

impl LayerCompression {
    const ALL: [(&'static str, Self); 3] = [("gzip", Self::Gzip), ("zstd", Self::Zstd), ("none", Self::None)];

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Gzip => media_type::LAYER_GZIP,
            Self::Zstd => media_type::LAYER_ZSTD,
            Self::None => media_type::LAYER,
        }
    }

    /// What compresses: name, version and settings.
    #[must_use]
    pub fn compressor(self) -> String {
        match self {
            Self::Gzip => deflate::COMPRESSOR.to_owned(),
            Self::Zstd => zstandard::compressor(),
            Self::None => "none".to_owned(),
        }
    }
}

impl fmt::Display for LayerCompression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _) = Self::ALL[*self as usize];
        f.write_str(name)
    }
}

impl FromStr for LayerCompression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match Self::ALL.into_iter().find(|(name, _)| *name == text) {
            Some((_, compression)) => Ok(compression),
            None => Err(Error::Setting {
                expected: "one of gzip, zstd, none",
                found: text.to_owned(),
            }),
        }
    }
}

impl LayerRecipe {
    /// Packs a layer: read once, both digests on the way.
    pub(super) fn pack(&self, root: &Root, staging: &Staging) -> Result<Layer, Error> {
        let write = |file: &mut File| self.write(root, file);
        let (descriptor, diff_id) = staging.stream(self.compression.media_type(), write)?;
        Ok(Layer { descriptor, diff_id })
    }

    fn write(&self, root: &Root, file: &mut File) -> Result<(Measured, Digest), Error> {
        let out = BufWriter::new(MeasuringWriter::new(file, &sha256()));
        let failed = crate::Error::write;
        let (out, diff_id) = match self.compression {
            LayerCompression::None => self.tar(root, out)?,
            LayerCompression::Gzip => {
                let (gzip, diff_id) = self.tar(root, GzipWriter::new(out, self.threads).map_err(failed)?)?;
                (gzip.finish().map_err(failed)?, diff_id)
            }
            LayerCompression::Zstd => {
                let (zstd, diff_id) = self.tar(root, ZstdWriter::new(out, self.threads).map_err(failed)?)?;
                (zstd.finish().map_err(failed)?, diff_id)
            }
        };
        let out = out.into_inner().map_err(|error| failed(error.into_error()))?;
        Ok((out.finish().1, diff_id))
    }

    fn tar<W: Write>(&self, root: &Root, sink: W) -> Result<(W, Digest), Error> {
        let mut tar = TarWriter::new(MeasuringWriter::new(sink, &sha256()), self.source_date);
        root.append_to(&mut tar, &sha256())?;
        let (sink, measured) = tar.finish().map_err(crate::Error::write)?.finish();
        Ok((sink, digest(&measured)))
    }
}

/// What names blobs that are made here.
pub(super) fn sha256() -> Algorithms {
    Algorithms::one(Algorithm::Sha256)
}

pub(super) fn digest(measured: &Measured) -> Digest {
    let digest = measured.digest(Algorithm::Sha256);
    digest.expect("it was measured by SHA-256").clone()
}
