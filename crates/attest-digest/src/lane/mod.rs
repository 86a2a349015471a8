//! Lanes: the compression function of SHA-256 (FIPS 180-4, section 6.2.2), for one or more independent streams at once.
//!
//! In: the states of some streams, and for each stream as many whole blocks as for every other. Out: the states after these
//! blocks. Padding, lengths, and which streams go together are none of a lane's business.
//!
//! [`portable`] is the reference: one stream after the other, by the crate `sha2`. Every other lane must come to the same
//! states, is of the one architecture that this is compiled for ([`Native`]), and its type has values only where the
//! processor was asked and can run it. Nothing else in this project is `unsafe`.

pub(crate) mod portable;
#[cfg(test)]
mod tests;

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod aarch64;
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little"))))]
mod elsewhere;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
pub(crate) use self::aarch64::Native;
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little"))))]
pub(crate) use self::elsewhere::Native;
#[cfg(target_arch = "x86_64")]
pub(crate) use self::x86_64::Native;

/// A state of SHA-256: the eight words `a` to `h` (FIPS 180-4, section 6.2).
pub(crate) type State = [u32; 8];

/// A block of SHA-256: sixteen words in big-endian order.
pub(crate) type Block = [u8; BLOCK];

/// The bytes of a [`Block`].
pub(crate) const BLOCK: usize = 64;

/// The most streams that any lane takes at once: 512 bits hold sixteen words.
pub(crate) const MAX_LANES: usize = 16;

/// Streams with their blocks, in as few groups as there can be of at most `most` streams, and these of about one
/// size: five streams are three and two rather than four and one that runs alone.
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little")))]
fn even_groups<'a, 'state, 'bytes>(
    states: &'a mut [&'state mut State],
    blocks: &'a [&'bytes [Block]],
    most: usize,
) -> impl Iterator<Item = (&'a mut [&'state mut State], &'a [&'bytes [Block]])> {
    let groups = blocks.len().div_ceil(most).max(1);
    let size = blocks.len().div_ceil(groups).max(1);
    states.chunks_mut(size).zip(blocks.chunks(size))
}

/// The constants of the rounds (FIPS 180-4, section 4.2.2).
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little")))]
#[rustfmt::skip]
const K: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];
