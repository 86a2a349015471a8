use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use attest_digest::{Algorithms, Job, Jobs, MeasureError, Measured, Threads, measure_reader};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::sources::Source;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;

/// How often a person sees that something is going on.
const REFRESH: Duration = Duration::from_millis(100);

type Found = Result<Measured, MeasureError>;

/// What to measure, each source with its algorithms.
pub(super) struct Batch<'a> {
    pub(super) sources: &'a [(&'a Source, &'a Algorithms)],
    pub(super) threads: Threads,
}

impl Batch<'_> {
    /// Measures everything on threads of its own, while `body` takes the results in order on this one. Whatever is not
    /// begun when `body` returns is not done.
    pub(super) fn measure<T>(
        &self,
        interactive: bool,
        body: impl FnOnce(&mut InOrder<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let files: Vec<Job<'_>> = self
            .sources
            .iter()
            .filter_map(|(source, algorithms)| job(source, algorithms))
            .collect();
        let bytes_read = AtomicU64::new(0);
        let jobs = Jobs {
            files: &files,
            threads: self.threads,
        };
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            let bytes_read = &bytes_read;
            scope.spawn(move || {
                jobs.measure(bytes_read, |place, found| match sender.send((place, found)) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                });
            });
            body(&mut InOrder {
                receiver,
                early: BTreeMap::new(),
                next: 0,
                bytes_read,
                bar: interactive.then(|| bar(&files)),
            })
        })
    }
}

fn job<'a>(source: &'a Source, algorithms: &'a Algorithms) -> Option<Job<'a>> {
    match source {
        Source::Stdin => None,
        Source::File(path) => Some(Job { path, algorithms }),
    }
}

/// Results in the order of the sources, whatever the order in which they come.
pub(super) struct InOrder<'a> {
    receiver: Receiver<(usize, Found)>,
    early: BTreeMap<usize, Found>,
    next: usize,
    bytes_read: &'a AtomicU64,
    /// Drawn from this thread only: another would wait for stderr, which this one holds.
    bar: Option<ProgressBar>,
}

impl InOrder<'_> {
    /// The result for the next source, which must be `source`. Standard input is read here and now.
    pub(super) fn take(&mut self, source: &Source, algorithms: &Algorithms) -> Found {
        match source {
            Source::Stdin => measure_reader(io::stdin().lock(), algorithms).map_err(|source| MeasureError::Read {
                path: "-".into(),
                source,
            }),
            Source::File(path) => self.wait(path),
        }
    }

    fn wait(&mut self, path: &Path) -> Found {
        let wanted = self.next;
        self.next += 1;
        loop {
            if let Some(found) = self.early.remove(&wanted) {
                return found;
            }
            match self.receiver.recv_timeout(REFRESH) {
                Ok((place, found)) => {
                    self.early.insert(place, found);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(stopped(path)),
            }
            if let Some(bar) = &self.bar {
                bar.set_position(self.bytes_read.load(Ordering::Relaxed));
            }
        }
    }

    /// Writes data to stdout, around the progress bar if there is one.
    pub(super) fn print(&self, context: &mut Context<'_>, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &self.bar {
            Some(bar) => bar.suspend(|| context.stdout.write_all(bytes).and_then(|()| context.stdout.flush())),
            None => context.stdout.write_all(bytes),
        };
        written.map_err(|error| stdout_failed(&error))
    }

    /// Writes talk to stderr, with its line endings, around the progress bar if there is one.
    pub(super) fn say(&self, context: &mut Context<'_>, text: impl std::fmt::Display) {
        // A closed stderr is no reason to fail.
        let _ = match &self.bar {
            Some(bar) => bar.suspend(|| write!(context.stderr, "{text}")),
            None => write!(context.stderr, "{text}"),
        };
    }
}

impl Drop for InOrder<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Only a panic of a measuring thread leads here, and the scope passes that on.
fn stopped(path: &Path) -> MeasureError {
    MeasureError::Read {
        path: path.to_owned(),
        source: io::Error::other("the measuring thread stopped"),
    }
}

fn bar(files: &[Job<'_>]) -> ProgressBar {
    let total = files
        .iter()
        .filter_map(|job| fs::metadata(job.path).ok())
        .map(|metadata| metadata.len())
        .sum();
    let style = ProgressStyle::with_template("{bytes} of {total_bytes} {wide_bar} {binary_bytes_per_sec} {eta}");
    ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10))
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
