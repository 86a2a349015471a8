//! Many contents side by side. Every platform of the processor comes to what one content after the other comes to, and so
//! does the engine, however its readers stutter.
#![no_main]

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use attest_digest::{
    Algorithm, Algorithms, Engine, FileJob, Measured, Platform, Progress, Source, Threads, measure_many_bytes,
};
use libfuzzer_sys::fuzz_target;

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
    reader: Option<Stuttering>,
}

impl FileJob for Job<'_> {
    fn path(&self) -> &Path {
        Path::new("-")
    }

    fn algorithms(&self) -> &Algorithms {
        self.algorithms
    }

    fn source(&mut self) -> Source {
        Source::Reader(Box::new(self.reader.take().expect("a job is asked once")))
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&[count, shift, cut, most], bytes)) = data.split_first_chunk() else {
        return;
    };
    let count = 1 + usize::from(count) % 40;
    let contents: Vec<&[u8]> = (0..count)
        .map(|place| {
            let begin = (place * usize::from(shift)).min(bytes.len());
            let end = bytes.len().saturating_sub(place * usize::from(cut)).max(begin);
            &bytes[begin..end]
        })
        .collect();
    let sha256 = Algorithms::one(Algorithm::Sha256);
    let expected: Vec<Measured> = contents
        .iter()
        .flat_map(|content| measure_many_bytes(&[content], &sha256, Platform::portable()))
        .collect();
    for platform in Platform::available() {
        assert_eq!(measure_many_bytes(&contents, &sha256, platform), expected, "{platform}");
    }
    let jobs = contents.iter().map(|content| Job {
        algorithms: &sha256,
        reader: Some(Stuttering {
            rest: content.to_vec(),
            most: 1 + usize::from(most),
        }),
    });
    let mut found = Vec::new();
    Engine::new(Threads::ONE).measure_stream(jobs, &Progress::new(), |_, result| {
        found.push(result.expect("memory can be read"));
        ControlFlow::Continue(())
    });
    assert_eq!(found, expected, "engine");
});
