use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::file::Desk;
use crate::{Algorithms, MeasureError, Measured, Threads};

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

/// Measures every file and gives the results in the order of `paths`, whatever the number of threads.
///
/// A file that cannot be measured has its error in its place; the others are measured all the same.
#[must_use]
pub fn measure_files<P: AsRef<Path>>(
    paths: &[P],
    algorithms: &Algorithms,
    threads: Threads,
) -> Vec<Result<Measured, MeasureError>> {
    let job = |path| Job { path, algorithms };
    let files: Vec<_> = paths.iter().map(|path| job(path.as_ref())).collect();
    let jobs = Jobs { files: &files, threads };
    let done = Mutex::new(Vec::with_capacity(files.len()));
    jobs.measure(&AtomicU64::new(0), |place, result| {
        done.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((place, result));
        ControlFlow::Continue(())
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

impl Jobs<'_> {
    /// Hands each result with its place in `files` to `found`, from any thread and in any order, as soon as it is there.
    /// `bytes_read` grows while files are read, for whoever shows progress.
    ///
    /// When `found` breaks, no further file is begun.
    pub fn measure<F>(&self, bytes_read: &AtomicU64, found: F)
    where
        F: Fn(usize, Result<Measured, MeasureError>) -> ControlFlow<()> + Sync,
    {
        let next = AtomicUsize::new(0);
        let work = || self.work(&next, bytes_read, &found);
        match self.pool() {
            Some(pool) => {
                pool.broadcast(|_| work());
            }
            // A machine that cannot give us threads still gets its answer, from this one.
            None => work(),
        }
    }

    /// A pool of our own, so that a call from within another pool neither waits for it nor exceeds its threads.
    fn pool(&self) -> Option<rayon::ThreadPool> {
        let count = self.threads.count().get().min(self.files.len());
        match count {
            0 | 1 => None,
            _ => rayon::ThreadPoolBuilder::new().num_threads(count).build().ok(),
        }
    }

    /// Takes one file after the other until none is left: a thread with small files takes more of them.
    fn work<F>(&self, next: &AtomicUsize, bytes_read: &AtomicU64, found: &F)
    where
        F: Fn(usize, Result<Measured, MeasureError>) -> ControlFlow<()>,
    {
        let mut desk = Desk::new(bytes_read);
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = self.files.get(place) else { return };
            if found(place, desk.measure_file(job)).is_break() {
                next.store(self.files.len(), Ordering::Relaxed);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

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
    fn nothing_is_begun_after_a_break_and_bytes_are_counted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, b"content").unwrap();
        let algorithms = Algorithms::one(Algorithm::Sha256);
        let job = Job {
            path: &path,
            algorithms: &algorithms,
        };
        let (bytes_read, calls) = (AtomicU64::new(0), AtomicUsize::new(0));
        let jobs = Jobs {
            files: &[job; 5],
            threads: Threads::ONE,
        };
        jobs.measure(&bytes_read, |place, _| {
            calls.fetch_add(1, Ordering::Relaxed);
            if place == 1 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert_eq!((calls.into_inner(), bytes_read.into_inner()), (2, 14));
    }

    #[test]
    fn no_files_give_no_results() {
        let none: [&Path; 0] = [];
        assert!(measure_files(&none, &Algorithms::one(Algorithm::Sha256), threads(4)).is_empty());
    }
}
