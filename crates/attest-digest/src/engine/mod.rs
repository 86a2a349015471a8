//! Many files side by side, the results in order.
//!
//! A feeder takes jobs from the caller's iterator, as many as the window holds; workers measure them; the calling thread
//! hands the results over in the order of the jobs. Whoever is behind makes the others wait, so memory is the same for ten
//! jobs and for ten million.

mod buffer;
mod memory;
mod open_files;
mod plan;
mod progress;
mod queue;
mod reading;
mod relay;
mod serial;
#[cfg(test)]
mod tests;
mod worker;

use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

pub use self::memory::measure_many_bytes;
use self::plan::Plan;
pub use self::progress::Progress;
use self::queue::{Queue, Run};
use self::worker::Worker;
use crate::{Algorithm, Algorithms, MeasureError, Measured, Platform, Threads};

/// How long the caller is kept waiting without a sign: what a person does not take for a standstill.
const TICK: Duration = Duration::from_millis(100);

/// The most threads that one file can keep busy: one for each algorithm.
const MOST_THREADS: usize = Algorithm::ALL.len();

/// Something to measure.
pub trait FileJob {
    /// The file; of something else, the name that errors have for it.
    fn path(&self) -> &Path;

    /// What to make of its bytes, in one read.
    fn algorithms(&self) -> &Algorithms;

    /// Where the bytes are. It is asked once, when the job's turn has come, on the thread that reads.
    fn source(&mut self) -> Source {
        Source::File
    }
}

/// Where the bytes of a [`FileJob`] are.
#[non_exhaustive]
pub enum Source {
    /// In the regular file at the job's path.
    File,
    /// In something that is read once, to its end, such as standard input.
    Reader(Box<dyn Read + Send>),
    /// Nowhere: the job only keeps its place in the order, and this is its result.
    Failed(MeasureError),
}

/// What an [`Engine`] tells its caller.
#[derive(Debug)]
pub enum Event<J> {
    /// The next job in order has come to an end.
    Done(J, Result<Measured, MeasureError>),
    /// For a tenth of a second the next job in order has not come to an end. Time to draw, or to break.
    Waiting,
}

/// Measures many files at once.
///
/// ```
/// use std::ops::ControlFlow;
/// use std::path::Path;
///
/// use attest_digest::{Algorithm, Algorithms, Engine, Job, Progress, Threads};
///
/// let algorithms = Algorithms::one(Algorithm::Sha256);
/// let jobs = ["Cargo.toml", "missing"].map(|path| Job { path: Path::new(path), algorithms: &algorithms });
/// let progress = Progress::new();
/// let mut found = Vec::new();
/// Engine::new(Threads::ONE).measure_stream(jobs, &progress, |job, result| {
///     found.push((job.path, result.is_ok()));
///     ControlFlow::Continue(())
/// });
/// assert_eq!(found, [(Path::new("Cargo.toml"), true), (Path::new("missing"), false)]);
/// assert_eq!(progress.files_done(), 2);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    threads: Threads,
    platform: Platform,
}

impl Engine {
    /// An engine with as many hashing threads, on the quickest platform of this processor.
    #[must_use]
    pub fn new(threads: Threads) -> Self {
        Self {
            threads,
            platform: Platform::detect(),
        }
    }

    /// The same engine on another platform: slower, with the same results.
    #[must_use]
    pub fn on(self, platform: Platform) -> Self {
        Self { platform, ..self }
    }

    /// Measures every job and hands it back with its result, on the calling thread, in the order of the jobs, whatever the
    /// number of threads.
    ///
    /// Jobs are taken from `jobs` on a thread of the engine, lazily: at most some ten thousand (6 MiB of them) are taken
    /// whose results were not handed over, so a slow `found` slows the reading down, and memory does not grow with the
    /// number of jobs. A job that fails has its error in its place; the others are measured all the same. When `found`
    /// breaks, no further job is begun, those that are begun are given up, and the call returns; only a read of a
    /// [`Source::Reader`] and a call of `jobs.next()` cannot be cut short. A panic of `jobs`, of a job or of `found` comes
    /// out of this call.
    pub fn measure_stream<J, I>(
        &self,
        jobs: I,
        progress: &Progress,
        mut found: impl FnMut(J, Result<Measured, MeasureError>) -> ControlFlow<()>,
    ) where
        J: FileJob + Send,
        I: IntoIterator<Item = J, IntoIter: Send>,
    {
        self.measure_events(jobs, progress, |event| match event {
            Event::Done(job, result) => found(job, result),
            Event::Waiting => ControlFlow::Continue(()),
        });
    }

    /// As [`Self::measure_stream`], and calls `on_event` also while nothing is ready, for whoever shows progress.
    pub fn measure_events<J, I>(
        &self,
        jobs: I,
        progress: &Progress,
        mut on_event: impl FnMut(Event<J>) -> ControlFlow<()>,
    ) where
        J: FileJob + Send,
        I: IntoIterator<Item = J, IntoIter: Send>,
    {
        let jobs = jobs.into_iter();
        let most = jobs.size_hint().1.unwrap_or(usize::MAX);
        let plan = Plan::new(self.platform, self.threads, open_files::most());
        let workers = plan.workers.min(most.saturating_mul(MOST_THREADS));
        let queue = Queue::new(workers.max(1));
        let jobs = Mutex::new(Some(jobs));
        let feed = || {
            let _stop = StopOnPanic(&queue);
            queue.feed(taken(&jobs).into_iter().flatten());
        };
        let begun = thread::scope(|scope| {
            // Dropped before the scope waits for its threads, also when `on_event` panics.
            let _stop = StopOnDrop(&queue);
            let begin = |_: &usize| {
                let worker = || Worker::new(&queue, progress, plan).work();
                thread::Builder::new().spawn_scoped(scope, worker).is_ok()
            };
            let is_begun =
                (0..workers).take_while(begin).count() > 0 && thread::Builder::new().spawn_scoped(scope, feed).is_ok();
            if is_begun {
                hand_over(&queue, &mut on_event);
            }
            is_begun
        });
        // A machine that cannot give us threads still gets its answer, from this one.
        if !begun {
            serial::measure(taken(&jobs).into_iter().flatten(), progress, &mut on_event);
        }
    }
}

fn taken<T>(shared: &Mutex<Option<T>>) -> Option<T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn hand_over<J: FileJob>(queue: &Queue<J>, on_event: &mut impl FnMut(Event<J>) -> ControlFlow<()>) {
    loop {
        match queue.next_run(TICK) {
            Run::Ended => return,
            Run::Waiting => {
                if on_event(Event::Waiting).is_break() {
                    return;
                }
            }
            Run::Results(run) => {
                let cost = run.iter().map(queue::Slot::cost).sum();
                for done in run.into_iter().filter_map(|slot| slot.done) {
                    if on_event(Event::Done(done.job, done.result)).is_break() {
                        return;
                    }
                }
                queue.release(cost);
            }
        }
    }
}

struct StopOnDrop<'a, J: FileJob>(&'a Queue<J>);

impl<J: FileJob> Drop for StopOnDrop<'_, J> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Who panics has a job that will never come to an end: nobody may wait for it.
struct StopOnPanic<'a, J: FileJob>(&'a Queue<J>);

impl<J: FileJob> Drop for StopOnPanic<'_, J> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}
