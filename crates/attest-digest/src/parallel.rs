use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::file::Desk;
use crate::{Algorithms, MeasureError, Measured, Threads};

/// Files to measure, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a, P> {
    /// The files.
    pub paths: &'a [P],
    /// What to make of each, in one read.
    pub algorithms: &'a Algorithms,
    /// How many are read at once, at most; each thread holds one file and one buffer.
    pub threads: Threads,
}

/// Measures every file and gives the results in the order of `paths`, whatever the number of threads.
///
/// A file that cannot be measured has its error in its place; the others are measured all the same.
#[must_use]
pub fn measure_files<P: AsRef<Path> + Sync>(
    paths: &[P],
    algorithms: &Algorithms,
    threads: Threads,
) -> Vec<Result<Measured, MeasureError>> {
    let files = Files {
        paths,
        algorithms,
        threads,
    };
    files.measure(&AtomicU64::new(0))
}

impl<P: AsRef<Path> + Sync> Files<'_, P> {
    /// As [`measure_files`], and adds to `bytes_read` what has been read so far, for whoever shows progress.
    #[must_use]
    pub fn measure(&self, bytes_read: &AtomicU64) -> Vec<Result<Measured, MeasureError>> {
        let next = AtomicUsize::new(0);
        let work = || self.work(&next, bytes_read);
        // A machine that cannot give us threads still gets its answer, from this one.
        let mut done = match self.pool() {
            Some(pool) => pool.broadcast(|_| work()).into_iter().flatten().collect(),
            None => work(),
        };
        done.sort_unstable_by_key(|(place, _)| *place);
        done.into_iter().map(|(_, result)| result).collect()
    }

    /// A pool of our own, so that a call from within another pool neither waits for it nor exceeds its threads.
    fn pool(&self) -> Option<rayon::ThreadPool> {
        let count = self.threads.count().get().min(self.paths.len());
        match count {
            0 | 1 => None,
            _ => rayon::ThreadPoolBuilder::new().num_threads(count).build().ok(),
        }
    }

    /// Takes one file after the other until none is left: a thread with small files takes more of them.
    fn work(&self, next: &AtomicUsize, bytes_read: &AtomicU64) -> Vec<(usize, Result<Measured, MeasureError>)> {
        let mut desk = Desk::new(self.algorithms, bytes_read);
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = self.paths.get(place) else {
                return done;
            };
            done.push((place, desk.measure_file(path.as_ref())));
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

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
        #[test]
        fn parallel_is_serial_is_the_reference(
            contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400_000), 0..6),
            count in 1_usize..6,
        ) {
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
        let bytes_read = AtomicU64::new(0);
        let paths = [&here, &gone, &here];
        let files = Files {
            paths: &paths,
            algorithms: &algorithms,
            threads: threads(2),
        };
        let results = files.measure(&bytes_read);
        assert_eq!(results[0].as_ref().unwrap(), results[2].as_ref().unwrap());
        assert_eq!(results[1].as_ref().unwrap_err().path(), gone);
        assert_eq!(bytes_read.into_inner(), 14);
    }

    #[test]
    fn no_files_give_no_results() {
        let none: [&Path; 0] = [];
        assert!(measure_files(&none, &Algorithms::one(Algorithm::Sha256), threads(4)).is_empty());
    }
}
