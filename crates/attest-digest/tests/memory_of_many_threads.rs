//! The engine's memory is bounded on a machine of many processors as well, while every lane is filled, all algorithms are
//! asked for and results wait. A process of its own, so that no other test adds to what is measured.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use attest_digest::{Algorithms, Engine, FileJob, Progress, Source};

/// What the engine may occupy, in KiB: of 32 MiB the pages of the program itself take up to 8, and a walk 2.
const LIMIT: u64 = 22 * 1024;

struct Owned {
    path: PathBuf,
    algorithms: Algorithms,
    is_slow: bool,
}

/// Keeps all others from being handed over.
struct Slow;

impl Read for Slow {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        std::thread::sleep(Duration::from_secs(2));
        Ok(0)
    }
}

impl FileJob for Owned {
    fn path(&self) -> &Path {
        &self.path
    }

    fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }

    fn source(&mut self) -> Source {
        match self.is_slow {
            true => Source::Reader(Box::new(Slow)),
            false => Source::File,
        }
    }
}

/// A line of what the system says of this process, in KiB.
fn occupied(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn sixty_four_threads_with_every_lane_and_the_window_full_stay_within_their_memory() {
    let directory = tempfile::tempdir().unwrap();
    let [large, small] = ["l", "s"].map(|name| directory.path().join(name.repeat(120)));
    fs::write(&large, vec![7; 300_000]).unwrap();
    fs::write(&small, vec![7; 1000]).unwrap();
    let jobs = (0..40_000).map(|place| Owned {
        path: if place < 1200 { large.clone() } else { small.clone() },
        algorithms: "sha256,sha384,sha512,blake3".parse().unwrap(),
        is_slow: place == 0,
    });
    let engine = Engine::new("64".parse().unwrap());
    engine.measure_stream(jobs, &Progress::new(), |_, result| {
        result.unwrap();
        ControlFlow::Continue(())
    });
    let peak = occupied("VmHWM:") - occupied("RssFile:");
    assert!(peak < LIMIT, "{peak} KiB");
}
