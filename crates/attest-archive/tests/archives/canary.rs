//! rustc 1.95, when it optimises, calls a closure twice with one copy of a large `Copy` value, although the first
//! call has changed it (rust-lang/rust#155241, #158830). It once made two different zip archives of equal input. Nothing
//! here hands such a value to a closure; these tests fail if that, or the compiler's plain calls, ever change. They mean the
//! most in release mode: `cargo test --release -p attest-archive`.

use std::hint::black_box;

use attest_archive::Format;

use crate::tree::{pack, tiny};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Options {
    level: Option<i64>,
    mode: Option<u32>,
    large: bool,
    more: [u64; 6],
}

/// Written out where it is used, because only then does the compiler take two of them for one.
macro_rules! options {
    () => {
        Options {
            level: Some(6),
            mode: Some(0o644),
            large: false,
            more: [0; 6],
        }
    };
}

#[inline(never)]
fn twice(call: impl Fn(Options) -> Options) -> [Options; 2] {
    let first = call(options!());
    let second = call(options!());
    [first, second]
}

/// Changes the copy that it was handed.
#[inline(never)]
fn changed(mut options: Options) -> Options {
    options.mode = options.mode.map(|mode| mode | 0o100_000);
    options.large = !options.large;
    options.more[3] += 1;
    black_box(options)
}

#[test]
fn a_plain_function_gets_a_fresh_copy_with_every_call() {
    let results = [changed(options!()), changed(options!()), changed(options!())];
    assert_eq!(results, [results[0]; 3]);
    assert_eq!(results[0].more[3], 1);
    assert!(results[0].large);
}

/// The bug itself. Once this passes in release mode with the oldest compiler that is supported, the rule can go.
#[test]
#[ignore = "fails with rustc 1.95 in release mode; run it by name with a newer compiler"]
fn a_closure_gets_a_fresh_copy_with_every_call() {
    let [first, second] = twice(|options| black_box(changed(options)));
    assert_eq!(second, first);
}

#[test]
fn one_process_makes_equal_archives_of_equal_input() {
    for format in Format::ALL {
        let archives = [
            pack(format, tiny(), 1),
            pack(format, tiny(), 1),
            pack(format, tiny(), 2),
        ];
        assert!(archives.iter().all(|archive| *archive == archives[0]), "{format}");
    }
}

/// Equal members in one archive must look alike in it: each has its own header made from equal options.
#[test]
fn equal_members_of_one_archive_have_equal_headers() {
    let members = (0..4).map(|number| crate::tree::file(&format!("f{number}"), "same", true));
    let (bytes, _) = pack(Format::Zip, attest_archive::Members::new(members).unwrap(), 1);
    let headers: Vec<[u8; 26]> = bytes
        .windows(26)
        .filter(|window| window.starts_with(b"PK\x03\x04"))
        .map(|window| window.try_into().unwrap())
        .collect();
    assert_eq!(headers.len(), 4);
    assert_eq!(headers, vec![headers[0]; 4]);
}
