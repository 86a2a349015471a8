//! The engine's memory does not grow with the number of jobs, nor with a caller that is slow to take the results.
//! A process of its own, so that no other test adds to what is measured.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use attest_digest::{Algorithm, Algorithms, Engine, FileJob, Progress, Threads};

/// What the program may occupy beside its own code, in KiB.
const LIMIT: u64 = 32 * 1024;

struct Owned {
    path: PathBuf,
    algorithms: Algorithms,
}

impl FileJob for Owned {
    fn path(&self) -> &Path {
        &self.path
    }

    fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }
}

/// The most memory that this process ever occupied, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn ten_times_as_many_jobs_occupy_no_more_memory() {
    const JOBS: usize = 300_000;
    let directory = tempfile::tempdir().unwrap();
    // Names are long in practice, and what waits has names.
    let path = directory.path().join("n".repeat(120));
    fs::write(&path, vec![7; 5000]).unwrap();
    let jobs = (0..JOBS).map(|_| Owned {
        path: path.clone(),
        algorithms: Algorithms::one(Algorithm::Sha256),
    });
    let threads: Threads = "8".parse().unwrap();
    let (mut handed_over, mut early_peak) = (0, 0);
    Engine::new(threads).measure_stream(jobs, &Progress::new(), |_, result| {
        result.unwrap();
        handed_over += 1;
        // A caller that is slow now and then: everything that may wait does.
        if handed_over % 10_000 == 1 {
            std::thread::sleep(Duration::from_millis(20));
        }
        if handed_over == JOBS / 10 {
            early_peak = peak();
        }
        ControlFlow::Continue(())
    });
    let peak = peak();
    assert_eq!(handed_over, JOBS);
    assert!(peak < LIMIT, "{peak} KiB");
    assert!(peak < early_peak + 2 * 1024, "{early_peak} KiB, then {peak} KiB");
}
