use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is left to the rest of the program of the files that it may have open: directories that are walked, lists, outputs.
const RESERVE: u64 = 64;

/// How many files an engine may have open at once: what the system allows this process, less the [`RESERVE`].
#[cfg(unix)]
pub(super) fn most() -> usize {
    use rustix::process::{Resource, getrlimit};
    within(getrlimit(Resource::Nofile).current)
}

#[cfg(not(unix))]
pub(super) fn most() -> usize {
    within(None)
}

fn within(limit: Option<u64>) -> usize {
    let limit = limit.unwrap_or(u64::MAX);
    let most = (limit / 2).max(limit.saturating_sub(RESERVE));
    usize::try_from(most).unwrap_or(usize::MAX).max(1)
}

/// Whether the system refused to open a file because too many are open: in this process, or in all.
#[cfg(unix)]
pub(super) fn are_too_many(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = error.raw_os_error();
    errno == Some(Errno::MFILE.raw_os_error()) || errno == Some(Errno::NFILE.raw_os_error())
}

#[cfg(not(unix))]
pub(super) fn are_too_many(_: &io::Error) -> bool {
    false
}

/// How many files all workers have open or are opening, and how many were closed.
#[derive(Debug, Default)]
pub(super) struct OpenFiles {
    open: AtomicUsize,
    closed: AtomicUsize,
}

impl OpenFiles {
    /// Before a file is opened. Says how many were closed so far.
    pub(super) fn begin(&self) -> usize {
        self.open.fetch_add(1, Ordering::SeqCst);
        self.closed.load(Ordering::SeqCst)
    }

    /// A file is closed, or there was none.
    pub(super) fn end(&self) {
        // In this order: who sees none open any more sees that some were closed.
        self.closed.fetch_add(1, Ordering::SeqCst);
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    /// The system did not open the file for which `begin` said `closed`. Whether it may do so later: others are open, or
    /// were a moment ago.
    pub(super) fn is_worth_waiting(&self, closed: usize) -> bool {
        let others = self.open.fetch_sub(1, Ordering::SeqCst) - 1;
        others > 0 || self.closed.load(Ordering::SeqCst) != closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_the_program_keeps_some_files_and_the_engine_has_one_at_least() {
        let limits = [None, Some(20_000), Some(1024), Some(128), Some(64), Some(3), Some(0)];
        let expected = [usize::MAX - 64, 19_936, 960, 64, 32, 1, 1];
        assert_eq!(limits.map(within), expected);
    }

    #[test]
    fn waiting_is_worth_it_while_others_have_files_and_not_alone() {
        let files = OpenFiles::default();
        let closed = files.begin();
        assert!(!files.is_worth_waiting(closed));
        files.begin();
        let closed = files.begin();
        assert!(files.is_worth_waiting(closed));
        let closed = files.begin();
        files.end();
        assert!(files.is_worth_waiting(closed), "the other one was closed meanwhile");
    }

    #[cfg(unix)]
    #[test]
    fn only_two_errors_say_that_too_many_are_open() {
        let of = |errno: rustix::io::Errno| are_too_many(&errno.into());
        assert!(of(rustix::io::Errno::MFILE) && of(rustix::io::Errno::NFILE));
        assert!(!of(rustix::io::Errno::NOENT) && !of(rustix::io::Errno::ACCESS));
        assert!(!are_too_many(&io::ErrorKind::NotFound.into()));
    }
}
