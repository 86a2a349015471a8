use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Algorithms, Engine, Event, FileJob, MeasureError, Measured, Progress, Threads, measure_file};

/// One file to measure, and what to make of it in one read.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The file.
    pub path: &'a Path,
    /// The algorithms.
    pub algorithms: &'a Algorithms,
}

/// Files to measure side by side.
#[derive(Debug, Clone, Copy)]
pub struct Jobs<'a> {
    /// The files.
    pub files: &'a [Job<'a>],
    /// How many are read at once, at most; each thread holds one file and one buffer.
    pub threads: Threads,
}

impl FileJob for Job<'_> {
    fn path(&self) -> &Path {
        self.path
    }

    fn algorithms(&self) -> &Algorithms {
        self.algorithms
    }
}

/// Measures every file and gives the results in the order of `paths`, whatever the number of threads.
///
/// A file that cannot be measured has its error in its place; the others are measured all the same.
#[must_use]
pub fn measure_files<P: AsRef<Path>>(
    paths: &[P],
    algorithms: &Algorithms,
    threads: Threads,
) -> Vec<Result<Measured, MeasureError>> {
    // One file on one thread needs no other.
    if let ([path], Threads::ONE) = (paths, threads) {
        return vec![measure_file(path.as_ref(), algorithms)];
    }
    let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
    let jobs = paths.iter().map(|path| Job { path, algorithms });
    let mut results = Vec::with_capacity(paths.len());
    Engine::new(threads).measure_stream(jobs, &Progress::new(), |_, result| {
        results.push(result);
        ControlFlow::Continue(())
    });
    results
}

impl Jobs<'_> {
    /// Hands each result with its place in `files` to `found`, in the order of `files`. `bytes_read` grows while files are
    /// read, for whoever shows progress.
    ///
    /// When `found` breaks, no further file is begun.
    pub fn measure<F>(&self, bytes_read: &AtomicU64, found: F)
    where
        F: Fn(usize, Result<Measured, MeasureError>) -> ControlFlow<()> + Sync,
    {
        let progress = Progress::new();
        let mut next = 0;
        Engine::new(self.threads).measure_events(self.files.iter().copied(), &progress, |event| {
            bytes_read.store(progress.bytes_read(), Ordering::Relaxed);
            match event {
                Event::Done(_, result) => {
                    next += 1;
                    found(next - 1, result)
                }
                Event::Waiting => ControlFlow::Continue(()),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::atomic::AtomicUsize;

    use proptest::prelude::*;
    use sha2::Digest as _;

    use super::*;
    use crate::Algorithm;

    fn threads(count: usize) -> Threads {
        count.to_string().parse().unwrap()
    }

    fn content(len: usize, seed: u8) -> Vec<u8> {
        let block: Vec<u8> = (0..=250).map(|byte: u8| byte ^ seed).collect();
        block.iter().copied().cycle().take(len).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
        #[test]
        fn parallel_is_serial_is_the_reference(
            shapes in proptest::collection::vec((0..300_000_usize, any::<u8>()), 0..6),
            count in 1_usize..6,
        ) {
            // Whole contents drawn byte by byte would cost more than everything that is tested.
            let contents: Vec<_> = shapes.iter().map(|(len, seed)| content(*len, *seed)).collect();
            let directory = tempfile::tempdir().unwrap();
            let algorithms: Algorithms = "sha256,sha384,sha512,blake3".parse().unwrap();
            let paths: Vec<PathBuf> = (0..contents.len()).map(|i| directory.path().join(i.to_string())).collect();
            for (path, content) in paths.iter().zip(&contents) {
                fs::write(path, content).unwrap();
            }
            let parallel = measure_files(&paths, &algorithms, threads(count));
            let serial = measure_files(&paths, &algorithms, Threads::ONE);
            prop_assert_eq!(parallel.len(), contents.len());
            for ((parallel, serial), content) in parallel.iter().zip(&serial).zip(&contents) {
                let (parallel, serial) = (parallel.as_ref().unwrap(), serial.as_ref().unwrap());
                prop_assert_eq!(parallel, serial);
                prop_assert_eq!(parallel.size(), content.len() as u64);
                let bytes = |algorithm| parallel.digest(algorithm).unwrap().as_bytes().to_vec();
                prop_assert_eq!(bytes(Algorithm::Sha256), sha2::Sha256::digest(content).to_vec());
                prop_assert_eq!(bytes(Algorithm::Sha384), sha2::Sha384::digest(content).to_vec());
                prop_assert_eq!(bytes(Algorithm::Sha512), sha2::Sha512::digest(content).to_vec());
                prop_assert_eq!(bytes(Algorithm::Blake3), blake3::hash(content).as_bytes().to_vec());
            }
        }
    }

    #[test]
    fn one_missing_file_costs_only_its_own_place() {
        let directory = tempfile::tempdir().unwrap();
        let (here, gone) = (directory.path().join("here"), directory.path().join("gone"));
        fs::write(&here, b"content").unwrap();
        let algorithms = Algorithms::one(Algorithm::Sha256);
        let results = measure_files(&[&here, &gone, &here], &algorithms, threads(2));
        assert_eq!(results[0].as_ref().unwrap(), results[2].as_ref().unwrap());
        assert_eq!(results[1].as_ref().unwrap_err().path(), gone);
    }

    #[test]
    fn nothing_comes_after_a_break_and_bytes_are_counted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, b"content").unwrap();
        let algorithms = Algorithms::one(Algorithm::Sha256);
        let job = Job {
            path: &path,
            algorithms: &algorithms,
        };
        for (last, calls_expected) in [(1, 2), (9, 5)] {
            let (bytes_read, calls) = (AtomicU64::new(0), AtomicUsize::new(0));
            let jobs = Jobs {
                files: &[job; 5],
                threads: Threads::ONE,
            };
            jobs.measure(&bytes_read, |place, _| {
                calls.fetch_add(1, Ordering::Relaxed);
                if place == last {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            assert_eq!(calls.into_inner(), calls_expected);
            assert!((7 * calls_expected as u64..=35).contains(&bytes_read.into_inner()));
        }
    }

    #[test]
    fn no_files_give_no_results() {
        let none: [&Path; 0] = [];
        assert!(measure_files(&none, &Algorithms::one(Algorithm::Sha256), threads(4)).is_empty());
    }
}
