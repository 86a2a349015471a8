//! Wheels and sdists: read without a panic, and what nothing is wrong with has one normal form, which is its own.
#![no_main]

use std::io::Cursor;
use std::num::NonZeroUsize;

use attest_archive::python::{Distribution, Normalisation};
use attest_archive::read::Limits;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 2] = ["greeter-1.0.0-py3-none-any.whl", "greeter-1.0.0.tar.gz"];

fuzz_target!(|data: &[u8]| {
    for name in NAMES {
        let Some(once) = normal(data, name) else { continue };
        let twice = normal(&once, name).expect("a normal form is accepted");
        assert!(once == twice, "the normal form has another one");
    }
});

fn normal(data: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut limits = Limits::default();
    (limits.total, limits.ratio_floor) = (16 << 20, 1 << 20);
    let scratch = std::env::temp_dir();
    let distribution = Distribution::read(Cursor::new(data), name, &limits, &scratch).ok()?;
    let how = Normalisation {
        source_date: "1700000000".parse().expect("a date"),
        threads: NonZeroUsize::MIN,
        scratch: &scratch,
    };
    let output = Cursor::new(Vec::new());
    let (output, _) = distribution.normalise(&how, &mut Cursor::new(data), output).ok()?;
    Some(output.into_inner())
}
