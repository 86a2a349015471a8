//! Archives of any kind: read without a panic, and whatever is accepted keeps what is promised.
#![no_main]

use std::collections::HashSet;
use std::io::Cursor;

use attest_archive::read::{Limits, ReadError, read_archive};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut limits = Limits::default();
    (limits.total, limits.ratio_floor) = (16 << 20, 1 << 20);
    let mut paths = HashSet::new();
    let _ = read_archive(Cursor::new(data), &limits, |entry, content| {
        assert!(paths.insert(entry.path.clone()), "twice");
        assert!(entry.path.components().all(|part| !matches!(part, "" | "." | "..")));
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        assert_eq!(bytes.len() as u64, entry.size);
        Ok::<(), ReadError>(())
    });
});
