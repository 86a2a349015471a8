//! How large everything is, so that a run takes a sensible time and fits the machine.

use std::path::PathBuf;

use super::input::Kind;
use super::system;
use crate::failure::Failure;
use std::path::Path;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Every file takes a block of the file system, and a directory entry.
const FILE_OVERHEAD: u64 = 4 * KIB + 256;

/// How long a run may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// About a minute.
    Quick,
    /// The sizes of the published figures; half an hour.
    Full,
}

/// What was asked for instead of the sizes of the profile.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) size: Option<u64>,
    pub(super) files: Option<u64>,
    pub(super) tree: Option<PathBuf>,
}

/// The sizes of every input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) large_files: u64,
    pub(super) large: u64,
    pub(super) one: u64,
    pub(super) small_files: u64,
    pub(super) mixed_files: u64,
    pub(super) sparse: u64,
    pub(super) names: u64,
    pub(super) tree: Option<PathBuf>,
}

impl Profile {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }

    pub(super) fn rounds(self) -> u32 {
        match self {
            Self::Quick => 5,
            Self::Full => 9,
        }
    }

    /// How many seconds the turns of a peer may take in a scenario; past that it has no further turn once it had three.
    pub(super) fn patience(self) -> f64 {
        match self {
            Self::Quick => 3.0,
            Self::Full => 30.0,
        }
    }

    fn sizes(self) -> Sizes {
        match self {
            Self::Quick => Sizes {
                large_files: 16,
                large: 32 * MIB,
                one: 512 * MIB,
                small_files: 10_000,
                mixed_files: 10_000,
                sparse: 4 * GIB,
                names: 50_000,
                tree: None,
            },
            Self::Full => Sizes {
                large_files: 16,
                large: 128 * MIB,
                one: 2 * GIB,
                small_files: 100_000,
                mixed_files: 40_000,
                sparse: 100 * GIB,
                names: 1_000_000,
                tree: None,
            },
        }
    }
}

impl Sizes {
    /// The size of a small file.
    pub(super) const SMALL: u64 = 4 * KIB;

    /// What was asked for, else what the profile says, made smaller until it fits the memory: what does not fit the page
    /// cache is no warm input.
    pub(super) fn choose(profile: Profile, asked: &Asked, memory: Option<u64>) -> Self {
        let mut sizes = profile.sizes();
        let room = memory.map_or(u64::MAX, |memory| memory / 2);
        while sizes.large_files * sizes.large > room && sizes.large > MIB {
            sizes.large /= 2;
        }
        while sizes.one > room && sizes.one > MIB {
            sizes.one /= 2;
        }
        if let Some(size) = asked.size {
            sizes.large = (size / sizes.large_files).max(1);
            sizes.one = size;
            sizes.sparse = sizes.sparse.min(size.saturating_mul(64));
        }
        if let Some(files) = asked.files {
            sizes.small_files = files;
            sizes.mixed_files = files;
            sizes.names = sizes.names.min(files.saturating_mul(10));
        }
        sizes.tree = asked.tree.clone();
        sizes
    }

    /// What an input takes on the file system.
    pub(super) fn needed(&self, kind: Kind) -> u64 {
        match kind {
            Kind::ManyLarge => self.large_files.saturating_mul(self.large),
            Kind::OneLarge => self.one,
            Kind::SmallFiles => self.small_files.saturating_mul(Self::SMALL + FILE_OVERHEAD),
            // The mean of the sizes is 12 kB.
            Kind::MixedSizes if self.tree.is_none() => self.mixed_files.saturating_mul(14 * KIB + FILE_OVERHEAD),
            Kind::ManyNames => self.names.saturating_mul(FILE_OVERHEAD),
            Kind::MixedSizes | Kind::OneSmall | Kind::Sparse | Kind::Nothing => 0,
        }
    }

    /// That the largest of the inputs has room in the directory; there is one at a time.
    pub(super) fn expect_room(&self, kinds: impl Iterator<Item = Kind>, directory: &Path) -> Result<(), Failure> {
        let needed = kinds.map(|kind| self.needed(kind)).max().unwrap_or(0);
        // Some is left for everybody else.
        let needed = needed.saturating_add(needed / 10).saturating_add(16 * MIB);
        match system::free_space(directory) {
            Some(free) if free < needed => Err(Failure::undecided(
                "bench-no-room",
                format_args!(
                    "expected {} MiB of free space for the input, found {} MiB",
                    needed / MIB,
                    free / MIB
                ),
            )
            .at(directory.display())
            .hint("to have the input elsewhere or smaller, run `attest bench --directory DIR` or `attest bench --size 64M --files 1000`")),
            _ => Ok(()),
        }
    }
}

/// Reads `64M`, `2G` or a number of bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let unit = |text: &str| match text {
        "K" => Some(KIB),
        "M" => Some(MIB),
        "G" => Some(GIB),
        "" => Some(1),
        _ => None,
    };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let parsed = digits.parse().ok().zip(unit(&text[digits.len()..]));
    let bytes = parsed.and_then(|(number, unit): (u64, u64)| number.checked_mul(unit));
    match bytes {
        Some(bytes) if bytes >= 1 => Ok(bytes),
        _ => Err(format!("expected a size like 512K, 64M or 2G, found `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(size("64M"), Ok(64 * MIB));
        assert_eq!(size("123"), Ok(123));
        for wrong in ["", "M", "0", "-1", "1.5G", "64MB", "99999999999G", "1 G"] {
            assert_eq!(
                size(wrong),
                Err(format!("expected a size like 512K, 64M or 2G, found `{wrong}`"))
            );
        }
    }

    #[test]
    fn defaults_shrink_until_they_fit_and_what_was_asked_for_does_not() {
        let asked = Asked::default();
        let sizes = Sizes::choose(Profile::Full, &asked, Some(2 * GIB));
        assert_eq!((sizes.one, sizes.large), (GIB, 64 * MIB));
        let asked = Asked {
            size: Some(4 * GIB),
            ..Asked::default()
        };
        let sizes = Sizes::choose(Profile::Full, &asked, Some(2 * GIB));
        assert_eq!((sizes.one, sizes.large), (4 * GIB, 256 * MIB));
    }

    #[test]
    fn what_has_no_room_is_refused_before_anything_is_written() {
        let asked = Asked {
            size: Some(u64::MAX / 2),
            ..Asked::default()
        };
        let sizes = Sizes::choose(Profile::Quick, &asked, None);
        let directory = tempfile::tempdir().unwrap();
        let failure = sizes
            .expect_room([Kind::OneLarge].into_iter(), directory.path())
            .unwrap_err();
        assert_eq!(failure.code(), "bench-no-room");
        sizes
            .expect_room([Kind::OneSmall].into_iter(), directory.path())
            .unwrap();
    }
}
