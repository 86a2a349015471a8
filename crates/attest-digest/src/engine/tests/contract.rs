//! What the engine promises its callers, whatever it does inside.

use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use crate::Algorithm;
use crate::engine::*;

/// A job whose bytes are where the test wants them.
struct Anything {
    path: PathBuf,
    algorithms: Algorithms,
    source: Option<Source>,
}

impl Anything {
    fn new(path: impl Into<PathBuf>, source: Source) -> Self {
        Self {
            path: path.into(),
            algorithms: Algorithms::one(Algorithm::Sha256),
            source: Some(source),
        }
    }

    fn of_bytes(path: &str, bytes: &'static [u8]) -> Self {
        Self::new(path, Source::Reader(Box::new(bytes)))
    }
}

impl FileJob for Anything {
    fn path(&self) -> &Path {
        &self.path
    }

    fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }

    fn source(&mut self) -> Source {
        self.source.take().unwrap()
    }
}

fn threads(count: usize) -> Threads {
    count.to_string().parse().unwrap()
}

/// The paths and results in the order in which they are handed over.
fn measured(
    count: usize,
    jobs: impl IntoIterator<Item = Anything, IntoIter: Send>,
) -> Vec<(String, Result<Measured, String>)> {
    let mut found = Vec::new();
    Engine::new(threads(count)).measure_stream(jobs, &Progress::new(), |job, result| {
        found.push((
            job.path.display().to_string(),
            result.map_err(|error| error.code().to_owned()),
        ));
        ControlFlow::Continue(())
    });
    found
}

#[test]
fn files_readers_and_failures_come_back_in_the_order_of_the_jobs() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, b"in a file").unwrap();
    let sha256 = Algorithms::one(Algorithm::Sha256);
    for count in 1..5 {
        let failed = || MeasureError::NotRegular {
            path: "nowhere".into(),
            found: crate::FileKind::Directory,
        };
        let jobs = (0..200).map(|place| match place {
            7 => Anything::new("nowhere", Source::Failed(failed())),
            place if place % 3 == 0 => Anything::of_bytes("-", b"in memory"),
            place if place % 3 == 1 => Anything::new(&file, Source::File),
            _ => Anything::new(directory.path().join("missing"), Source::File),
        });
        let jobs: Vec<_> = jobs.collect();
        let names: Vec<_> = jobs.iter().map(|job| job.path.display().to_string()).collect();
        let found = measured(count, jobs);
        assert!(names.iter().eq(found.iter().map(|(name, _)| name)), "{count} threads");
        for (place, (_, result)) in found.into_iter().enumerate() {
            let expected = match place {
                7 => Err("not-a-regular-file".to_owned()),
                place if place % 3 == 0 => Ok(Measured::of_bytes(b"in memory", &sha256)),
                place if place % 3 == 1 => Ok(Measured::of_bytes(b"in a file", &sha256)),
                _ => Err("cannot-open".to_owned()),
            };
            assert_eq!(result, expected, "job {place}, {count} threads");
        }
    }
}

#[test]
fn no_jobs_give_no_events() {
    assert!(measured(3, []).is_empty());
    assert!(measured(3, std::iter::empty().filter(|_| true)).is_empty());
}

/// How many jobs are taken at most while the first result is not taken back.
#[test]
fn jobs_are_taken_lazily_and_a_slow_caller_stops_the_taking() {
    const JOBS: usize = 300_000;
    for count in [1, 3] {
        let taken = AtomicUsize::new(0);
        let jobs = (0..JOBS).map(|_| {
            taken.fetch_add(1, Ordering::SeqCst);
            Anything::of_bytes("-", b"")
        });
        let mut handed_over = 0;
        Engine::new(threads(count)).measure_stream(jobs, &Progress::new(), |_, _| {
            if handed_over == 0 {
                std::thread::sleep(Duration::from_millis(50));
            }
            handed_over += 1;
            let ahead = taken.load(Ordering::SeqCst) - handed_over;
            assert!(ahead < 30_000, "{ahead} jobs are taken ahead");
            ControlFlow::Continue(())
        });
        assert_eq!((handed_over, taken.into_inner()), (JOBS, JOBS));
    }
}

#[test]
fn an_endless_stream_of_jobs_ends_with_a_break() {
    for count in [1, 3] {
        let jobs = std::iter::repeat_with(|| Anything::of_bytes("-", b"abc"));
        let mut handed_over = 0;
        Engine::new(threads(count)).measure_stream(jobs, &Progress::new(), |_, _| {
            handed_over += 1;
            match handed_over {
                1000 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        assert_eq!(handed_over, 1000);
    }
}

/// Yields nothing until it is told to.
struct Held(mpsc::Receiver<()>);

impl Read for Held {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.recv().unwrap();
        Ok(0)
    }
}

#[test]
fn the_caller_is_called_while_nothing_is_ready_and_can_break_then() {
    let (release, held) = mpsc::channel();
    let jobs = [Anything::new("-", Source::Reader(Box::new(Held(held))))];
    let mut events = Vec::new();
    Engine::new(threads(1)).measure_events(jobs, &Progress::new(), |event| {
        events.push(matches!(event, Event::Waiting));
        match events.len() {
            2 => {
                release.send(()).unwrap();
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    });
    assert_eq!(events, [true, true]);
}

#[test]
fn what_the_others_measured_waits_for_its_turn() {
    let (release, held) = mpsc::channel();
    let first = Anything::new("first", Source::Reader(Box::new(Held(held))));
    let second = Anything::of_bytes("second", b"abc");
    let progress = Progress::new();
    let mut found = Vec::new();
    Engine::new(threads(2)).measure_events([first, second], &progress, |event| {
        match event {
            Event::Done(job, _) => found.push(job.path),
            Event::Waiting if progress.files_done() == 1 => release.send(()).unwrap(),
            Event::Waiting => (),
        }
        ControlFlow::Continue(())
    });
    assert_eq!(found, ["first", "second"].map(PathBuf::from));
    assert_eq!((progress.files_done(), progress.bytes_read()), (2, 3));
}

#[test]
fn a_reader_that_fails_is_an_error_in_its_place_and_interruptions_are_none() {
    struct Failing(usize);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 | 3 => Err(io::ErrorKind::Interrupted.into()),
                2 => {
                    buffer[0] = 1;
                    Ok(1)
                }
                _ => Err(io::ErrorKind::ConnectionReset.into()),
            }
        }
    }
    let failing = Anything::new("pipe", Source::Reader(Box::new(Failing(0))));
    let found = measured(1, [failing, Anything::of_bytes("-", b"abc")]);
    assert_eq!(found[0], ("pipe".into(), Err("cannot-read".into())));
    assert!(found[1].1.is_ok());
}

/// What a panic says that comes out of measuring `jobs`.
fn panic_of(jobs: impl IntoIterator<Item = Anything, IntoIter: Send>, caller_panics: bool) -> bool {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        Engine::new(threads(2)).measure_stream(jobs, &Progress::new(), |_, _| {
            assert!(!caller_panics, "the caller panics");
            ControlFlow::Continue(())
        });
    }));
    outcome.is_err()
}

#[test]
fn a_panic_of_the_iterator_of_a_reader_or_of_the_caller_comes_out() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("a broken reader")
        }
    }
    let good = || Anything::of_bytes("-", b"abc");
    assert!(!panic_of([good()], false));
    assert!(panic_of([good()], true));
    assert!(panic_of([Anything::new("-", Source::Reader(Box::new(Broken)))], false));
    let jobs = (0..10).map(|place| {
        assert!(place < 5, "a broken iterator");
        good()
    });
    assert!(panic_of(jobs, false));
}

#[test]
fn a_named_pipe_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let found = measured(1, [Anything::new(pipe, Source::File)]);
    assert_eq!(found[0].1, Err("not-a-regular-file".into()));
}
