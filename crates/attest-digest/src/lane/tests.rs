//! Every platform against the crate `sha2` as a whole: padding is done here, so that only the states come from the lanes.

use proptest::prelude::*;
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

/// The digests of messages of any lengths: whoever is not finished goes on with the others, `steps` blocks at a time in turn.
fn ragged(platform: Platform, messages: &[&[u8]], steps: &[usize]) -> Vec<Vec<u8>> {
    let padded: Vec<Vec<u8>> = messages.iter().map(|message| padded(message)).collect();
    let mut states = vec![INITIAL; messages.len()];
    let mut rest: Vec<&[u8]> = padded.iter().map(Vec::as_slice).collect();
    for step in steps.iter().cycle() {
        let Some(least) = rest.iter().map(|rest| rest.len()).filter(|len| *len > 0).min() else {
            break;
        };
        let len = least.min(step * BLOCK);
        let going = states.iter_mut().zip(&mut rest).filter(|(_, rest)| !rest.is_empty());
        let (mut states, blocks): (Vec<&mut State>, Vec<&[u8]>) = going
            .map(|(state, rest)| (state, rest.split_off(..len).unwrap()))
            .unzip();
        platform.compress(&mut states, &blocks);
    }
    states.iter().map(bytes_of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 200 }))]

    #[test]
    fn streams_of_any_lengths_come_out_however_they_are_split(
        lengths in prop::collection::vec(0_usize..1500, 1..40),
        offsets in prop::collection::vec(0_usize..200, 40),
        steps in prop::collection::vec(1_usize..9, 1..8),
    ) {
        let noise = noise(2000);
        let messages: Vec<&[u8]> = lengths.iter().zip(offsets).map(|(len, offset)| &noise[offset..][..*len]).collect();
        let expected: Vec<_> = messages.iter().map(|message| sha2::Sha256::digest(message).to_vec()).collect();
        for platform in Platform::available() {
            prop_assert_eq!(ragged(platform, &messages, &steps), expected.clone(), "{}", platform);
        }
    }
}

#[test]
fn a_changed_bit_changes_the_digest_of_its_own_stream_and_no_other() {
    let noise = noise(MAX_LANES * 3 * BLOCK);
    for platform in Platform::available() {
        for count in 1..=MAX_LANES {
            let messages: Vec<&[u8]> = noise.chunks(3 * BLOCK).take(count).collect();
            let before = digests(platform, &messages, 2);
            for changed in 0..count {
                let mut message = messages[changed].to_vec();
                message[100] ^= 1;
                let mut messages = messages.clone();
                messages[changed] = &message;
                for (stream, (before, after)) in before.iter().zip(digests(platform, &messages, 2)).enumerate() {
                    assert_eq!(
                        *before != after,
                        stream == changed,
                        "{platform}, stream {stream} of {count}"
                    );
                }
            }
        }
    }
}

#[test]
fn no_streams_and_no_blocks_change_nothing() {
    for platform in Platform::available() {
        platform.compress(&mut [], &[]);
        let mut states = [INITIAL; MAX_LANES];
        let mut borrowed: Vec<&mut State> = states.iter_mut().collect();
        platform.compress(&mut borrowed, &[[].as_slice(); MAX_LANES]);
        assert_eq!(states, [INITIAL; MAX_LANES], "{platform}");
    }
}

#[test]
fn the_first_that_is_available_is_detected_and_the_last_is_the_reference() {
    let available: Vec<Platform> = Platform::available().collect();
    assert_eq!(available.first(), Some(&Platform::detect()));
    assert_eq!(available.last(), Some(&Platform::portable()));
    let mut names: Vec<&str> = available.iter().map(|platform| platform.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), available.len(), "every platform has a name of its own");
    assert!(
        available
            .iter()
            .all(|platform| (1..=MAX_LANES).contains(&platform.lanes()))
    );
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
