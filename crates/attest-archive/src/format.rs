use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use crate::{Error, deflate, xz, zstandard};

/// A kind of archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// A tar archive in one gzip member.
    TarGz,
    /// A tar archive in one Zstandard frame.
    TarZst,
    /// A tar archive in one xz stream.
    TarXz,
    /// A zip archive, every file deflated.
    Zip,
    /// A tar archive, not compressed.
    Tar,
}

/// The memory that compressing may take, whatever there is to pack: with what else a process needs, no more than 256 MiB.
pub(crate) const MEMORY: usize = 208 * 1024 * 1024;

const ENDINGS: [(&str, Format); 8] = [
    (".tar.gz", Format::TarGz),
    (".tgz", Format::TarGz),
    (".tar.zst", Format::TarZst),
    (".tzst", Format::TarZst),
    (".tar.xz", Format::TarXz),
    (".txz", Format::TarXz),
    (".zip", Format::Zip),
    (".tar", Format::Tar),
];

impl Format {
    /// Every format, in their order.
    pub const ALL: [Self; 5] = [Self::TarGz, Self::TarZst, Self::TarXz, Self::Zip, Self::Tar];

    /// The format that the ending of a file name stands for.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`] when it stands for none, or nothing comes before it.
    pub fn of_file_name(name: &str) -> Result<Self, Error> {
        ENDINGS
            .into_iter()
            .find(|(ending, _)| name.strip_suffix(ending).is_some_and(|stem| !stem.is_empty()))
            .map(|(_, format)| format)
            .ok_or_else(|| Error::UnknownFormat { found: name.to_owned() })
    }

    /// The usual ending, without the first full stop: `tar.gz`, `tar.zst`, `tar.xz`, `zip` or `tar`.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::TarGz => "tar.gz",
            Self::TarZst => "tar.zst",
            Self::TarXz => "tar.xz",
            Self::Zip => "zip",
            Self::Tar => "tar",
        }
    }

    /// What compresses it: name, version and settings. Part of how an archive was built.
    #[must_use]
    pub fn compressor(self) -> String {
        match self {
            Self::Tar => "none".to_owned(),
            Self::TarGz | Self::Zip => deflate::COMPRESSOR.to_owned(),
            Self::TarZst => zstandard::compressor(),
            Self::TarXz => xz::COMPRESSOR.to_owned(),
        }
    }

    /// The memory that each thread takes that compresses, about.
    pub(crate) const fn memory(self) -> usize {
        match self {
            Self::Tar => 0,
            Self::TarGz | Self::Zip => deflate::MEMORY,
            Self::TarZst => zstandard::MEMORY,
            Self::TarXz => xz::MEMORY,
        }
    }

    /// How many of these threads there may be at once.
    pub(crate) fn at_most(self, threads: NonZeroUsize) -> NonZeroUsize {
        let fitting = MEMORY.checked_div(self.memory()).and_then(NonZeroUsize::new);
        threads.min(fitting.unwrap_or(NonZeroUsize::MIN))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

/// Reads an ending without its first full stop, such as `tar.gz` or `tgz`.
impl FromStr for Format {
    type Err = Error;

    fn from_str(extension: &str) -> Result<Self, Error> {
        Self::of_file_name(&format!("x.{extension}")).map_err(|_| Error::UnknownFormat {
            found: extension.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_stands_for_its_format() {
        for (name, format) in [
            ("a.tar.gz", Format::TarGz),
            ("a.tgz", Format::TarGz),
            ("a.b.tar.zst", Format::TarZst),
            ("a.tar.xz", Format::TarXz),
            ("a.txz", Format::TarXz),
            ("a.zip", Format::Zip),
            ("a.tar", Format::Tar),
        ] {
            assert_eq!(Format::of_file_name(name).unwrap(), format);
        }
    }

    #[test]
    fn every_extension_parses_back_to_its_format() {
        for format in Format::ALL {
            assert_eq!(format.extension().parse::<Format>().unwrap(), format);
        }
    }

    #[test]
    fn threads_are_as_many_as_memory_has_room_for() {
        let many = NonZeroUsize::new(1000).unwrap();
        let at_most = Format::ALL.map(|format| format.at_most(many).get());
        assert_eq!(at_most, [52, 8, 3, 52, 1]);
        for format in Format::ALL {
            assert_eq!(format.at_most(NonZeroUsize::MIN), NonZeroUsize::MIN);
        }
    }

    #[test]
    fn a_name_without_a_known_ending_is_rejected() {
        for name in ["a.gz", "a.tar.bz2", ".zip", "zip", ""] {
            let error = Format::of_file_name(name).unwrap_err();
            assert!(matches!(error, Error::UnknownFormat { found } if found == name));
        }
    }
}
