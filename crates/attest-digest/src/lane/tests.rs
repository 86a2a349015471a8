//! Every platform against the crate `sha2` as a whole: padding is done here, so that only the states come from the lanes.

use sha2::Digest as _;

use super::{BLOCK, MAX_LANES, State};
use crate::Platform;

/// The initial state (FIPS 180-4, section 5.3.3).
const INITIAL: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The message padded to whole blocks (FIPS 180-4, section 5.1.1).
fn padded(message: &[u8]) -> Vec<u8> {
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize((message.len() + 9).next_multiple_of(BLOCK) - 8, 0);
    padded.extend_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    padded
}

fn bytes_of(state: &State) -> Vec<u8> {
    state.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The digests of messages of one padded length, taken in at most `step` blocks at a time.
fn digests(platform: Platform, messages: &[&[u8]], step: usize) -> Vec<Vec<u8>> {
    let padded: Vec<Vec<u8>> = messages.iter().map(|message| padded(message)).collect();
    let mut states = vec![INITIAL; messages.len()];
    for begin in (0..padded[0].len()).step_by(step * BLOCK) {
        let end = padded[0].len().min(begin + step * BLOCK);
        let blocks: Vec<&[u8]> = padded.iter().map(|padded| &padded[begin..end]).collect();
        let mut states: Vec<&mut State> = states.iter_mut().collect();
        platform.compress(&mut states, &blocks);
    }
    states.iter().map(bytes_of).collect()
}

/// Noise from a fixed seed (xorshift64), so that every run tests the same bytes.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(len)
    .collect()
}

#[test]
fn the_published_examples_come_out_on_every_platform() {
    let examples: [(&[u8], &str); 3] = [
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (
            b"abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ];
    for platform in Platform::available() {
        for (message, expected) in examples {
            for count in 1..=MAX_LANES {
                let found = digests(platform, &vec![message; count], 1);
                assert!(
                    found.iter().all(|digest| hex::encode(digest) == expected),
                    "{platform}, {count} streams, {message:?}"
                );
            }
        }
    }
}

#[test]
fn the_million_times_a_comes_out_on_every_platform() {
    let message = vec![b'a'; 1_000_000];
    for platform in Platform::available() {
        let found = digests(platform, &vec![&*message; platform.lanes()], 1000);
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        assert!(found.iter().all(|digest| hex::encode(digest) == expected), "{platform}");
    }
}

/// Streams of different bytes at odd addresses, whose lengths differ within the last block.
#[test]
fn every_length_comes_out_as_the_reference_has_it() {
    let noise = noise(4096 + 64);
    for platform in Platform::available() {
        for len in 0..=4096 {
            let messages: Vec<&[u8]> = (0..=len % MAX_LANES).map(|lane| &noise[3 * lane..][..len]).collect();
            let expected: Vec<_> = messages
                .iter()
                .map(|message| sha2::Sha256::digest(message).to_vec())
                .collect();
            assert_eq!(
                digests(platform, &messages, usize::MAX / BLOCK),
                expected,
                "{platform}, {len} bytes"
            );
        }
    }
}

#[test]
#[should_panic(expected = "blocks are whole")]
fn half_a_block_is_refused() {
    Platform::detect().compress(&mut [&mut INITIAL.clone()], &[&[0; 32]]);
}

#[test]
#[should_panic(expected = "every stream has as many blocks as the others")]
fn streams_of_different_lengths_are_refused() {
    Platform::detect().compress(
        &mut [&mut INITIAL.clone(), &mut INITIAL.clone()],
        &[&[0; 64], &[0; 128]],
    );
}

#[test]
#[should_panic(expected = "every stream has blocks")]
fn a_state_without_blocks_is_refused() {
    Platform::detect().compress(&mut [&mut INITIAL.clone()], &[]);
}
