//! Many contents side by side. Every platform of the processor comes to what the crate `sha2` says of each alone, and so does
//! the engine, which has files in its lanes and readers among them, on any platform and with several threads.
#![no_main]

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use attest_digest::{
    Algorithm, Algorithms, Engine, FileJob, Measured, Platform, Progress, Source, Threads, measure_many_bytes,
};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest as _, Sha256};

/// The most contents at once: two rounds of the widest platform, and some.
const MOST: usize = 40;

/// The most threads, besides none that has nothing to do.
const MOST_THREADS: u8 = 4;

/// Files without a name, made once and written anew each time.
static FILES: LazyLock<Vec<Scratch>> = LazyLock::new(|| (0..MOST).map(|_| Scratch::new()).collect());

struct Scratch {
    file: File,
    path: PathBuf,
}

impl Scratch {
    fn new() -> Self {
        let file = tempfile::tempfile().expect("there is a place for temporary files");
        let path = format!("/proc/self/fd/{}", file.as_raw_fd()).into();
        Self { file, path }
    }

    fn hold(&self, content: &[u8]) {
        self.file.set_len(content.len() as u64).expect("the file is ours");
        self.file.write_all_at(content, 0).expect("the file is ours");
    }
}

/// Gives at most so many bytes at a time.
struct Stuttering {
    rest: Vec<u8>,
    most: usize,
}

impl Read for Stuttering {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.most.min(buffer.len());
        let read = self.rest.as_slice().read(&mut buffer[..most])?;
        self.rest.drain(..read);
        Ok(read)
    }
}

struct Job<'a> {
    algorithms: &'a Algorithms,
    path: &'a Path,
    /// Instead of the file.
    reader: Option<Stuttering>,
}

impl FileJob for Job<'_> {
    fn path(&self) -> &Path {
        self.path
    }

    fn algorithms(&self) -> &Algorithms {
        self.algorithms
    }

    fn source(&mut self) -> Source {
        match self.reader.take() {
            Some(reader) => Source::Reader(Box::new(reader)),
            None => Source::File,
        }
    }
}

/// How the input wants it to be done.
struct Shape {
    count: usize,
    shift: usize,
    cut: usize,
    /// The most bytes of one read of a reader.
    most: usize,
    /// One job of so many is a reader; none if 0.
    readers: usize,
    threads: Threads,
    platform: Platform,
}

impl Shape {
    fn read([count, shift, cut, most, kinds, engine]: [u8; 6]) -> Self {
        let threads = (1 + engine % MOST_THREADS).to_string();
        let platforms: Vec<Platform> = Platform::available().collect();
        Self {
            count: 1 + usize::from(count) % MOST,
            shift: shift.into(),
            cut: cut.into(),
            most: 1 + usize::from(most),
            readers: usize::from(kinds) % 8,
            threads: threads.parse().expect("a small number"),
            platform: platforms[usize::from(engine / MOST_THREADS) % platforms.len()],
        }
    }

    /// Where the content begins and ends.
    fn content<'a>(&self, place: usize, bytes: &'a [u8]) -> &'a [u8] {
        let begin = (place * self.shift).min(bytes.len());
        let end = bytes.len().saturating_sub(place * self.cut).max(begin);
        &bytes[begin..end]
    }

    fn job<'a>(&self, place: usize, content: &[u8], algorithms: &'a Algorithms) -> Job<'a> {
        let is_reader = self.readers > 0 && place % self.readers == 0;
        let file = &FILES[place];
        if !is_reader {
            file.hold(content);
        }
        Job {
            algorithms,
            path: &file.path,
            reader: is_reader.then(|| Stuttering {
                rest: content.to_vec(),
                most: self.most,
            }),
        }
    }
}

/// Size and SHA-256.
type Answer = (u64, Vec<u8>);

fn reference(content: &[u8]) -> Answer {
    (content.len() as u64, Sha256::digest(content).to_vec())
}

fn answer(measured: &Measured) -> Answer {
    let digest = measured.digest(Algorithm::Sha256).expect("SHA-256 was asked for");
    (measured.size(), digest.as_bytes().to_vec())
}

fuzz_target!(|data: &[u8]| {
    let Some((&shape, bytes)) = data.split_first_chunk() else {
        return;
    };
    let shape = Shape::read(shape);
    let contents: Vec<&[u8]> = (0..shape.count).map(|place| shape.content(place, bytes)).collect();
    let expected: Vec<Answer> = contents.iter().map(|content| reference(content)).collect();
    let sha256 = Algorithms::one(Algorithm::Sha256);
    for platform in Platform::available() {
        let found: Vec<Answer> = measure_many_bytes(&contents, &sha256, platform)
            .iter()
            .map(answer)
            .collect();
        assert_eq!(found, expected, "{platform}");
    }
    let jobs: Vec<Job<'_>> = (0..shape.count)
        .map(|place| shape.job(place, contents[place], &sha256))
        .collect();
    let mut found = Vec::new();
    Engine::new(shape.threads)
        .on(shape.platform)
        .measure_stream(jobs, &Progress::new(), |_, result| {
            found.push(answer(&result.expect("the file is ours, and memory can be read")));
            ControlFlow::Continue(())
        });
    assert_eq!(found, expected, "engine: {}, {} threads", shape.platform, shape.threads);
});
