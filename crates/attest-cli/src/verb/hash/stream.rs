use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use attest_digest::{Engine, Event, FileJob, MeasureError, Measured, Progress};

use super::screen::Screen;
use super::valve::Valve;
use crate::failure::Failure;

/// A person who has waited for so long wants to know for how long still. Shorter runs never pay for the answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The files that will be measured, looked up a second time.
pub(super) type Expected = Box<dyn Iterator<Item = PathBuf> + Send>;

/// One run of the engine, with what a person sees of it.
pub(super) struct Stream<'a> {
    pub(super) engine: Engine,
    pub(super) progress: &'a Progress,
    pub(super) screen: &'a Screen,
    /// What the jobs come through, as far as others write them.
    pub(super) valve: &'a Valve,
}

impl Stream<'_> {
    /// Measures every job and hands it to `take` with its result, in order. The first failure of `take` ends the run.
    ///
    /// Where somebody watches a long run, the sizes of what is `expected` are added up meanwhile on a thread of its own.
    pub(super) fn run<J: FileJob + Send>(
        &self,
        jobs: impl Iterator<Item = J> + Send,
        expected: Option<Expected>,
        mut take: impl FnMut(J, Result<Measured, MeasureError>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let total = Total::default();
        let mut outcome = Ok(());
        thread::scope(|scope| {
            let _stop = StopOnDrop(&total);
            if let (Some(expected), true) = (expected, self.screen.is_watched()) {
                scope.spawn(|| total.add_up(expected));
            }
            self.engine.measure_events(jobs, self.progress, |event| {
                self.screen.show(self.progress, total.known());
                if let Event::Done(job, result) = event {
                    outcome = take(job, result);
                }
                match outcome {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => {
                        self.valve.shut();
                        ControlFlow::Break(())
                    }
                }
            });
        });
        outcome
    }
}

/// How many bytes there are to read in all.
#[derive(Default)]
struct Total {
    bytes: AtomicU64,
    is_known: AtomicBool,
    is_over: Mutex<bool>,
    over: Condvar,
}

impl Total {
    fn known(&self) -> Option<u64> {
        let is_known = self.is_known.load(Ordering::Acquire);
        is_known.then(|| self.bytes.load(Ordering::Relaxed))
    }

    fn add_up(&self, files: Expected) {
        let over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.over.wait_timeout_while(over, PATIENCE, |over| !*over);
        drop(waited);
        for file in files {
            if self.is_over() {
                return;
            }
            let len = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
            self.bytes.fetch_add(len, Ordering::Relaxed);
        }
        self.is_known.store(true, Ordering::Release);
    }

    fn is_over(&self) -> bool {
        *self.is_over.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody needs the total any more once the run has ended, however that was.
struct StopOnDrop<'a>(&'a Total);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        *self.0.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.over.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_known_when_every_size_has_been_added() {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["a", "b", "missing"].map(|name| directory.path().join(name));
        std::fs::write(&paths[0], "12345").unwrap();
        std::fs::write(&paths[1], "678").unwrap();
        let total = Total::default();
        assert_eq!(total.known(), None);
        total.add_up(Box::new(paths.into_iter()));
        assert_eq!(total.known(), Some(8));
    }

    #[test]
    fn a_run_that_is_over_adds_nothing_up() {
        let total = Total::default();
        drop(StopOnDrop(&total));
        total.add_up(Box::new(std::iter::repeat(PathBuf::from("."))));
        assert_eq!(total.known(), None);
    }
}
