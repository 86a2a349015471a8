use std::fmt;
use std::str::FromStr;

/// The most machines that share a tree: more than a cluster starts for one job, and few enough that a slip of the finger shows.
pub const MAX_SHARDS: u32 = 10_000;

/// What opening a file costs, in bytes that could have been hashed meanwhile: so that a share of small files is not larger
/// work than one of large files.
const COST_OF_A_PIECE: u64 = 16 << 10;

/// One of several machines: `index` of `count`, from 0, as Kubernetes and GitHub Actions number them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    index: u32,
    count: u32,
}

/// Why some text names no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidShard {
    /// It has not the form.
    #[error("expected INDEX/COUNT, such as 0/8, found `{found}`")]
    Form {
        /// The text.
        found: String,
    },
    /// There are none, or too many.
    #[error("expected 1 to 10000 shards, found {found}")]
    Count {
        /// The number.
        found: u32,
    },
    /// They are counted from 0.
    #[error("expected a shard from 0/{count} to {}/{count}, found {found}/{count}: they are counted from 0, as JOB_COMPLETION_INDEX is", count - 1)]
    Index {
        /// The number.
        found: u32,
        /// How many there are.
        count: u32,
    },
}

impl Shard {
    /// # Errors
    /// [`InvalidShard`] when there is no such one.
    pub fn new(index: u32, count: u32) -> Result<Self, InvalidShard> {
        if !(1..=MAX_SHARDS).contains(&count) {
            return Err(InvalidShard::Count { found: count });
        }
        match index < count {
            true => Ok(Self { index, count }),
            false => Err(InvalidShard::Index { found: index, count }),
        }
    }

    /// Which it is, from 0.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many there are.
    #[must_use]
    pub fn count(self) -> u32 {
        self.count
    }
}

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        let numbers = text.split_once('/').and_then(|(index, count)| {
            let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            (all_digits(index) && all_digits(count)).then_some(())?;
            Some((index.parse().ok()?, count.parse().ok()?))
        });
        let (index, count) = numbers.ok_or_else(|| InvalidShard::Form { found: text.to_owned() })?;
        Self::new(index, count)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// Where in `count` shares each piece of so many bytes goes, in their order: each share is one run of pieces, and the runs
/// weigh the same but for half a piece at either end.
///
/// Everybody who has the same pieces gets the same shares, without asking anybody.
pub(super) fn shares(lengths: &[u64], count: u32) -> impl Iterator<Item = u32> {
    let weight = |length: u64| u128::from(length) + u128::from(COST_OF_A_PIECE);
    let total: u128 = lengths.iter().map(|length| weight(*length)).sum();
    let mut before: u128 = 0;
    lengths.iter().map(move |length| {
        let weight = weight(*length);
        // Its middle tells, and lies before the end: the result is below `count`.
        let middle = 2 * before + weight;
        before += weight;
        let share = middle * u128::from(count) / (2 * total);
        u32::try_from(share).unwrap_or(count - 1)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shards_are_counted_from_zero_and_said_in_one_way() {
        let shard: Shard = "3/8".parse().unwrap();
        assert_eq!(
            (shard.index(), shard.count(), shard.to_string().as_str()),
            (3, 8, "3/8")
        );
        assert_eq!("8/8".parse::<Shard>(), Err(InvalidShard::Index { found: 8, count: 8 }));
        assert_eq!("0/0".parse::<Shard>(), Err(InvalidShard::Count { found: 0 }));
        assert_eq!("0/10001".parse::<Shard>(), Err(InvalidShard::Count { found: 10_001 }));
        assert!("0/10000".parse::<Shard>().is_ok());
        for text in ["", "1", "1/", "/2", "a/b", "-1/2", "+1/2", "1/2/3", "1 / 2"] {
            let found = text.to_owned();
            assert_eq!(text.parse::<Shard>(), Err(InvalidShard::Form { found }));
        }
    }

    #[test]
    fn one_huge_file_does_not_drag_the_small_ones_with_it() {
        let lengths = [1, 1, 1, 1 << 40, 1, 1];
        let shares: Vec<u32> = shares(&lengths, 3).collect();
        assert_eq!(shares, [0, 0, 0, 1, 2, 2]);
    }

    proptest! {
        #[test]
        fn every_share_is_one_run_and_none_weighs_much_more_than_another(
            lengths in proptest::collection::vec(0..2_000_000_u64, 1..200), count in 1..20_u32,
        ) {
            let shares: Vec<u32> = shares(&lengths, count).collect();
            prop_assert!(shares.is_sorted());
            prop_assert!(shares.iter().all(|share| *share < count));
            let weight = |length: u64| length + COST_OF_A_PIECE;
            let total: u64 = lengths.iter().map(|length| weight(*length)).sum();
            let heaviest = lengths.iter().map(|length| weight(*length)).max().unwrap_or_default();
            for share in 0..count {
                let mine: u64 = lengths.iter().zip(&shares).filter(|(_, of)| **of == share).map(|(length, _)| weight(*length)).sum();
                prop_assert!(mine <= total / u64::from(count) + heaviest + 1);
            }
        }
    }
}
