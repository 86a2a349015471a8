use attest_archive::Format;
use attest_digest::Algorithm;

use crate::tree::{large, pack, tiny};

/// The digests that these archives had when they were last changed on purpose. A new version of a compressor may change all
/// but the first of each table; then the changelog says so.
const TINY: [(Format, &str); 4] = [
    (
        Format::Tar,
        "4026263149e5b68c4256df78aa27469c55a87fe34705da747f9dbc7bcd0dfae6",
    ),
    (
        Format::TarGz,
        "b60feb19427b1d9a6ed435ea1b0397ac4bff138bc1a306b7f8b8b289d02fc179",
    ),
    (
        Format::TarZst,
        "4053a4689e7f0d88eb7d113b6f351d8b19c6b05c2f7883d2cc600b58a33c6004",
    ),
    (
        Format::Zip,
        "f65872e72aead90ea82dc6da13654042b461b34bcab86b660e60242b619d6c88",
    ),
];

const LARGE: [(Format, &str); 4] = [
    (
        Format::Tar,
        "4fa42d30e8ba0f5ddb04e0a0ca5b44c4beebd1c7f63e19160f365589b3211318",
    ),
    (
        Format::TarGz,
        "3bdfa92f36c327881a0a06a50e474b7fbb06686e1bb1bca889048ae3fec0b605",
    ),
    (
        Format::TarZst,
        "9dcec1bef8762136114db70878ba399ec73ed717611488ad98d0dbcd09d03f4e",
    ),
    (
        Format::Zip,
        "16a57f52eb4aa9aed750e264b2143dceda379367b75cad20c4c25de34f5559f7",
    ),
];

fn digest(format: Format, members: attest_archive::Members) -> String {
    let (_, packed) = pack(format, members, 2);
    packed.measured.digest(Algorithm::Sha256).unwrap().to_hex()
}

#[test]
fn a_tiny_tree_makes_the_same_bytes_on_every_machine() {
    assert_eq!(
        TINY.map(|(format, _)| (format, digest(format, tiny()))),
        TINY.map(|(f, d)| (f, d.to_owned()))
    );
}

#[test]
fn files_of_many_blocks_make_the_same_bytes_on_every_machine() {
    assert_eq!(
        LARGE.map(|(format, _)| (format, digest(format, large()))),
        LARGE.map(|(f, d)| (f, d.to_owned()))
    );
}
