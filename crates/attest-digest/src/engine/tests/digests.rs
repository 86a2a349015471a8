//! Every platform and every number of threads comes to the digests of the reference.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use sha2::Digest as _;

use crate::engine::*;
use crate::{Algorithm, Job};

const ALL: &str = "sha256,sha384,sha512,blake3";

fn threads(count: usize) -> Threads {
    count.to_string().parse().unwrap()
}

/// Bytes that repeat with no period of a power of two: whole contents drawn byte by byte would cost more than the test.
fn content(len: usize, seed: u8) -> Vec<u8> {
    let period: Vec<u8> = (0..=250).map(|byte: u8| byte ^ seed).collect();
    period.iter().copied().cycle().take(len).collect()
}

/// What somebody else's code makes of some bytes.
fn reference(content: &[u8]) -> [Vec<u8>; 4] {
    [
        sha2::Sha256::digest(content).to_vec(),
        sha2::Sha384::digest(content).to_vec(),
        sha2::Sha512::digest(content).to_vec(),
        blake3::hash(content).as_bytes().to_vec(),
    ]
}

/// Lengths at which something changes: the padding, a block, a buffer of each size, and any other.
fn length() -> impl Strategy<Value = usize> {
    let edges = [0, 55, 56, 63, 64, 65, 4096, 16 * 1024, 64 * 1024, 128 * 1024];
    prop_oneof![
        3 => (proptest::sample::select(edges.to_vec()), 0..3_usize).prop_map(|(edge, more)| (edge + more).saturating_sub(1)),
        2 => 0..300_usize,
        2 => 0..400_000_usize,
    ]
}

struct Files {
    _directory: tempfile::TempDir,
    paths: Vec<PathBuf>,
    contents: Vec<Vec<u8>>,
}

impl Files {
    fn new(contents: Vec<Vec<u8>>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let paths: Vec<_> = (0..contents.len())
            .map(|place| directory.path().join(place.to_string()))
            .collect();
        for (path, content) in paths.iter().zip(&contents) {
            fs::write(path, content).unwrap();
        }
        Self {
            _directory: directory,
            paths,
            contents,
        }
    }

    /// Measures all files, and compares each with the reference.
    fn check(&self, engine: Engine, algorithms: &[&str]) {
        let algorithms: Vec<Algorithms> = algorithms.iter().map(|list| list.parse().unwrap()).collect();
        let jobs = self.paths.iter().zip(algorithms.iter().cycle());
        let jobs = jobs.map(|(path, algorithms)| Job { path, algorithms });
        let mut contents = self.contents.iter();
        let progress = Progress::new();
        engine.measure_stream(jobs, &progress, |job, measured| {
            let (measured, content) = (measured.unwrap(), contents.next().unwrap());
            assert_eq!(measured.size(), content.len() as u64);
            for (algorithm, expected) in Algorithm::ALL.into_iter().zip(reference(content)) {
                let found = measured.digest(algorithm).map(|digest| digest.as_bytes().to_vec());
                let expected = job.algorithms.contains(algorithm).then_some(expected);
                assert_eq!(found, expected, "{engine:?} {algorithm} {}", content.len());
            }
            ControlFlow::Continue(())
        });
        assert!(contents.next().is_none(), "a file was left out");
        assert_eq!(progress.files_done(), self.paths.len() as u64);
        let bytes: usize = self.contents.iter().map(Vec::len).sum();
        assert_eq!(progress.bytes_read(), bytes as u64);
        assert!(progress.occupancy().is_none_or(|share| share > 0.0 && share <= 1.0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn lanes_and_threads_come_to_what_the_reference_says(
        shapes in proptest::collection::vec((length(), any::<u8>()), 0..24),
    ) {
        let files = Files::new(shapes.iter().map(|(len, seed)| content(*len, *seed)).collect());
        for platform in Platform::available() {
            for count in 1..=4 {
                let engine = Engine::new(threads(count)).on(platform);
                files.check(engine, &["sha256"]);
                files.check(engine, &["sha256", ALL, "blake3", "sha512,sha256"]);
            }
        }
    }
}

/// Large enough that idle threads are given files and algorithms.
#[test]
fn few_large_files_that_threads_share_come_to_what_the_reference_says() {
    const MIB: usize = 1024 * 1024;
    for lens in [vec![9 * MIB + 7], vec![6 * MIB, 5 * MIB + 63, 64, 7 * MIB + 1]] {
        let files = Files::new(lens.into_iter().map(|len| content(len, 3)).collect());
        for platform in [Platform::detect(), Platform::portable()] {
            for count in [1, 2, 3, 5] {
                let engine = Engine::new(threads(count)).on(platform);
                files.check(engine, &["sha256"]);
                files.check(engine, &[ALL]);
                files.check(engine, &["blake3", "sha512,blake3"]);
            }
        }
    }
}

/// Yields pieces of all lengths.
struct Drip {
    bytes: io::Cursor<Vec<u8>>,
    len: usize,
}

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.len = self.len % 150_000 + 977;
        (&mut self.bytes).take(self.len as u64).read(buffer)
    }
}

struct Stream {
    algorithms: Algorithms,
    reader: Option<Drip>,
}

impl FileJob for Stream {
    fn path(&self) -> &Path {
        Path::new("-")
    }

    fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }

    fn source(&mut self) -> Source {
        Source::Reader(Box::new(self.reader.take().unwrap()))
    }
}

#[test]
fn a_stream_that_comes_in_drips_is_measured_whole_by_one_thread_and_by_several() {
    let content = content(5_000_000, 9);
    for (count, algorithms) in [(1, ALL), (2, ALL), (3, ALL), (2, "sha256"), (3, "blake3")] {
        let algorithms: Algorithms = algorithms.parse().unwrap();
        let stream = Stream {
            algorithms: algorithms.clone(),
            reader: Some(Drip {
                bytes: io::Cursor::new(content.clone()),
                len: 0,
            }),
        };
        let mut found = Vec::new();
        Engine::new(threads(count)).measure_stream([stream], &Progress::new(), |_, measured| {
            found.push(measured.unwrap());
            ControlFlow::Continue(())
        });
        assert_eq!(found, [Measured::of_bytes(&content, &algorithms)], "{count} threads");
    }
}

/// A file is appended to until the measuring ends: never is there a digest.
#[test]
fn a_large_file_that_grows_while_it_is_read_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("growing");
    for (count, algorithms) in [(1, "sha256"), (2, "sha256"), (3, ALL)] {
        fs::write(&path, vec![0; 48 * 1024 * 1024]).unwrap();
        let algorithms: Algorithms = algorithms.parse().unwrap();
        let (is_over, job) = (
            AtomicBool::new(false),
            Job {
                path: &path,
                algorithms: &algorithms,
            },
        );
        let mut codes = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut file = File::options().append(true).open(&path).unwrap();
                while !is_over.load(Ordering::SeqCst) {
                    file.write_all(b"more").unwrap();
                }
            });
            Engine::new(threads(count)).measure_stream([job], &Progress::new(), |_, measured| {
                codes.push(measured.map_err(|error| error.code()));
                ControlFlow::Continue(())
            });
            is_over.store(true, Ordering::SeqCst);
        });
        assert_eq!(codes, [Err("changed-while-reading")], "{count} threads");
    }
}

/// The caller gives up in the middle of a large file that several threads work on.
#[test]
fn a_break_ends_shared_work_soon() {
    let endless = |algorithms: &str| Stream {
        algorithms: algorithms.parse().unwrap(),
        reader: Some(Drip {
            bytes: io::Cursor::new(vec![0; 1 << 28]),
            len: 0,
        }),
    };
    for count in [1, 2, 4] {
        let progress = Progress::new();
        let mut done = 0;
        Engine::new(threads(count)).measure_events([endless(ALL)], &progress, |event| {
            done += usize::from(matches!(event, Event::Done(..)));
            ControlFlow::Break(())
        });
        assert_eq!(done, 0, "{count} threads");
        assert!(progress.bytes_read() < 1 << 28);
    }
}
