use std::fmt;
use std::sync::LazyLock;

use crate::lane::{Block, MAX_LANES, Native, State, portable};

/// A way of computing SHA-256 that this processor can run.
///
/// Every platform comes to the same digests; they differ in how many independent streams they like to take at once, and in
/// how long that takes. [`Platform::detect`] is the one place that asks the processor what it can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Native(Native),
    Portable,
}

impl Platform {
    /// The quickest platform of this processor; it is asked once in the life of the process.
    #[must_use]
    pub fn detect() -> Self {
        static DETECTED: LazyLock<Platform> =
            LazyLock::new(|| Platform::available().next().unwrap_or_else(Platform::portable));
        *DETECTED
    }

    /// The reference, which every processor can run: one stream after the other, by the crate `sha2`.
    #[must_use]
    pub fn portable() -> Self {
        Self(Kind::Portable)
    }

    /// Every platform that this processor can run, the quickest first, the portable one last.
    pub fn available() -> impl Iterator<Item = Self> {
        let native = Native::available().map(Kind::Native);
        native.chain(std::iter::once(Kind::Portable)).map(Self)
    }

    /// What it is called in benchmarks and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            Kind::Native(native) => native.name(),
        }
    }

    /// How many streams it likes at once. With fewer it is slower, more are taken in several turns.
    #[must_use]
    pub fn lanes(self) -> usize {
        match self.0 {
            Kind::Portable => 1,
            Kind::Native(native) => native.lanes(),
        }
    }

    /// Takes the blocks of every stream into its state: `states[i]` becomes the state after `blocks[i]`.
    ///
    /// # Panics
    ///
    /// When there are not as many slices as states, or the slices are not all the same multiple of 64 bytes.
    pub(crate) fn compress(self, states: &mut [&mut State], blocks: &[&[u8]]) {
        assert_eq!(states.len(), blocks.len(), "every stream has blocks");
        for (states, blocks) in states.chunks_mut(MAX_LANES).zip(blocks.chunks(MAX_LANES)) {
            let mut whole = [[].as_slice(); MAX_LANES];
            for (whole, bytes) in whole.iter_mut().zip(blocks) {
                assert_eq!(
                    bytes.len(),
                    blocks[0].len(),
                    "every stream has as many blocks as the others"
                );
                let (blocks, rest) = bytes.as_chunks();
                assert!(rest.is_empty(), "blocks are whole");
                *whole = blocks;
            }
            self.compress_blocks(states, &whole[..blocks.len()]);
        }
    }

    fn compress_blocks(self, states: &mut [&mut State], blocks: &[&[Block]]) {
        match self.0 {
            Kind::Portable => portable::compress(states, blocks),
            Kind::Native(native) => native.compress(states, blocks),
        }
    }
}

/// The name.
impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
