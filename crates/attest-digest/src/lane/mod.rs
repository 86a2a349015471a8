//! Lanes: the compression function of SHA-256 (FIPS 180-4, section 6.2.2), for one or more independent streams at once.
//!
//! In: the states of some streams, and for each stream as many whole blocks as for every other. Out: the states after these
//! blocks. Padding, lengths, and which streams go together are none of a lane's business.
//!
//! [`portable`] is the reference: one stream after the other, by the crate `sha2`. Every other lane must come to the same
//! states, and a value of its type exists only where the processor can run it: [`Platform`](crate::Platform) makes these.

pub(crate) mod portable;
#[cfg(test)]
mod tests;

/// A state of SHA-256: the eight words `a` to `h` (FIPS 180-4, section 6.2).
pub(crate) type State = [u32; 8];

/// A block of SHA-256: sixteen words in big-endian order.
pub(crate) type Block = [u8; BLOCK];

/// The bytes of a [`Block`].
pub(crate) const BLOCK: usize = 64;

/// The most streams that any lane takes at once: 512 bits hold sixteen words.
pub(crate) const MAX_LANES: usize = 16;
