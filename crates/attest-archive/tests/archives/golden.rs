use attest_archive::Format;
use attest_digest::Algorithm;

use crate::tree::{large, pack, tiny};

/// The digests that these archives had when they were last changed on purpose. A new version of a compressor may change all
/// but the first of each table; then the changelog says so.
const TINY: [(Format, &str); 5] = [
    (
        Format::Tar,
        "4026263149e5b68c4256df78aa27469c55a87fe34705da747f9dbc7bcd0dfae6",
    ),
    (
        Format::TarGz,
        "11e3b922f06dd205110c44f50c4534ca550b64f0db232b85a4a3233300b264da",
    ),
    (
        Format::TarZst,
        "4053a4689e7f0d88eb7d113b6f351d8b19c6b05c2f7883d2cc600b58a33c6004",
    ),
    (
        Format::TarXz,
        "cec0110e30a8564249ac8a4992ca88e49eb05005e48be88126bb9f3bb4c272fb",
    ),
    (
        Format::Zip,
        "8f94366dee308b7d3f6dc296ec90ae40bfe2f3310b0ffcc42b113cdc9fb79bf4",
    ),
];

const LARGE: [(Format, &str); 5] = [
    (
        Format::Tar,
        "d6c40a3e4e51175e52e4f0ddb6be1503c83b30e32f04f76ec782268877c38e5b",
    ),
    (
        Format::TarGz,
        "3c2e0a2c9718b9e1e9333357ef2b9d5565b80d8861810691fc5e0854606c9f1b",
    ),
    (
        Format::TarZst,
        "d13fec2c80d72c0a773faf0ec4979cf5f45be59254fa750896ae446e4f4f0cfc",
    ),
    (
        Format::TarXz,
        "953e89d271504e82752f25664921904ae46fc216507ca9f4f4f6b3a6aad28bc3",
    ),
    (
        Format::Zip,
        "458c1dee7112b81fbb782bb89d8561207c694251b26d339cbd225653d10c228b",
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
