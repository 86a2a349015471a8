use std::num::NonZeroUsize;
use std::path::Path;

use attest_archive::{Content, Format, Member, Members, Packed, Recipe, write_archive_to};

/// 2023-11-14 22:13:20 UTC.
pub(crate) const SECONDS: u64 = 1_700_000_000;

/// A file in memory.
pub(crate) fn file(path: &str, bytes: impl Into<Vec<u8>>, executable: bool) -> Member {
    Member::file(path.parse().unwrap(), Content::Bytes(bytes.into()), executable)
}

/// A symbolic link.
pub(crate) fn link(path: &str, target: &str) -> Member {
    Member::symlink(path.parse().unwrap(), target).unwrap()
}

/// One of everything that an archive can hold, in a few hundred bytes.
pub(crate) fn tiny() -> Members {
    Members::new([
        file("app-1.0/bin/app", "#!/bin/sh\necho app\n", true),
        file("app-1.0/README.md", "# app\n", false),
        file("app-1.0/empty", "", false),
        file("app-1.0/\u{fc}ber/na\u{ef}ve.txt", "caf\u{e9}\n", false),
        file(
            &format!("app-1.0/{}/{}", "d".repeat(120), "f".repeat(90)),
            "long\n",
            false,
        ),
        file(&format!("app-1.0/{}", "g".repeat(140)), "longer\n", false),
        link("app-1.0/latest", "bin/app"),
        Member::directory("app-1.0/var/log".parse().unwrap()),
    ])
    .unwrap()
}

/// Files on both sides of every block size, compressible and not.
pub(crate) fn large() -> Members {
    let sizes = [1, 524_287, 524_288, 524_289, 1_000_000, 5_000_000];
    let files = sizes.into_iter().enumerate().map(|(number, size)| {
        let mask = if number % 2 == 0 { 0xff } else { 0x07 };
        file(&format!("f{number}"), noise(size, mask), false)
    });
    let small = (0..300).map(|number| file(&format!("small/{number}"), noise(number * 7, 0x0f), false));
    Members::new(files.chain(small)).unwrap()
}

/// Bytes without a pattern; fewer bits in `mask` make them compressible.
pub(crate) fn noise(length: usize, mask: u8) -> Vec<u8> {
    let mut state = length as u64 | 1;
    std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8 & mask
    })
    .take(length)
    .collect()
}

pub(crate) fn recipe(format: Format, members: Members, threads: usize) -> Recipe {
    Recipe {
        format,
        members,
        source_date: attest_archive::SourceDate::from_seconds(SECONDS).unwrap(),
        threads: NonZeroUsize::new(threads).unwrap(),
        algorithms: "sha256,blake3".parse().unwrap(),
    }
}

/// The archive in memory, and what was measured.
pub(crate) fn pack(format: Format, members: Members, threads: usize) -> (Vec<u8>, Packed) {
    write_archive_to(&recipe(format, members, threads), Vec::new(), Path::new(".")).unwrap()
}
