//! A process that may open few files still measures many; one that may open none says so.
//! A process of its own, because the limit is the process's.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::PathBuf;

use attest_digest::{Algorithm, Algorithms, Engine, Job, Measured, Progress};
use rustix::process::{Resource, getrlimit, setrlimit};

/// How many of `paths` are measured rightly, and the codes of the others.
fn measured(paths: &[PathBuf], content: &[u8]) -> (usize, Vec<&'static str>) {
    let algorithms = Algorithms::one(Algorithm::Sha256);
    let expected = Measured::of_bytes(content, &algorithms);
    let jobs = paths.iter().map(|path| Job {
        path,
        algorithms: &algorithms,
    });
    let (mut right, mut codes) = (0, Vec::new());
    Engine::new("8".parse().unwrap()).measure_stream(jobs, &Progress::new(), |_, result| {
        match result {
            Ok(measured) => right += usize::from(measured == expected),
            Err(error) => codes.push(error.code()),
        }
        ControlFlow::Continue(())
    });
    (right, codes)
}

#[test]
fn fewer_files_at_once_are_measured_if_the_system_opens_no_more_and_none_is_an_error_each() {
    const FILES: usize = 400;
    let directory = tempfile::tempdir().unwrap();
    let content = vec![7; 200_000];
    let paths: Vec<_> = (0..FILES)
        .map(|place| directory.path().join(place.to_string()))
        .collect();
    paths.iter().for_each(|path| fs::write(path, &content).unwrap());
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(256);
    setrlimit(Resource::Nofile, limit).unwrap();
    // The engine plans with the limit and cannot know how many the rest of the process has.
    let mut held: Vec<File> = std::iter::from_fn(|| File::open(&paths[0]).ok()).collect();
    assert!(held.len() > 200);
    assert_eq!(measured(&paths, &content), (0, vec!["cannot-open"; FILES]));
    for free in [1, 3, 20] {
        held.truncate(held.len() - free);
        assert_eq!(measured(&paths, &content), (FILES, vec![]), "{free} more files");
    }
}
