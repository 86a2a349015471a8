use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

/// How many threads work at once: at least one, at most [`Threads::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Threads(NonZeroUsize);

/// A text that is no number of threads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number from 1 to {max}, found `{found}`", max = Threads::MAX)]
pub struct InvalidThreads {
    /// The text that was found.
    pub found: String,
}

impl Threads {
    /// One thread: everything happens in order.
    pub const ONE: Self = Self(NonZeroUsize::MIN);

    /// The most threads that can be asked for. Each costs a stack and a buffer, and no machine has more cores.
    pub const MAX: usize = 1024;

    /// One thread a core; one in all when the number of cores is not known.
    #[must_use]
    pub fn of_machine(cores: Option<NonZeroUsize>) -> Self {
        let most = NonZeroUsize::MIN.saturating_add(Self::MAX - 1);
        Self(cores.unwrap_or(NonZeroUsize::MIN).min(most))
    }

    /// The number.
    #[must_use]
    pub fn count(self) -> NonZeroUsize {
        self.0
    }
}

/// Reads decimal digits, as `--threads` and `RAYON_NUM_THREADS` carry them.
impl FromStr for Threads {
    type Err = InvalidThreads;

    fn from_str(text: &str) -> Result<Self, InvalidThreads> {
        text.parse()
            .ok()
            .filter(|count: &NonZeroUsize| count.get() <= Self::MAX)
            .map(Self)
            .ok_or_else(|| InvalidThreads { found: text.to_owned() })
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_range_is_read() {
        assert_eq!("1".parse(), Ok(Threads::ONE));
        assert_eq!("1024".parse::<Threads>().unwrap().count().get(), Threads::MAX);
    }

    #[test]
    fn anything_else_is_named_in_the_error() {
        for text in ["", "0", "-1", "1025", "two", "99999999999999999999999"] {
            assert_eq!(text.parse::<Threads>(), Err(InvalidThreads { found: text.to_owned() }));
        }
    }

    #[test]
    fn a_machine_of_unknown_or_absurd_size_still_gets_threads() {
        assert_eq!(Threads::of_machine(None), Threads::ONE);
        let absurd = Threads::of_machine(NonZeroUsize::new(usize::MAX));
        assert_eq!(absurd.count().get(), Threads::MAX);
    }
}
