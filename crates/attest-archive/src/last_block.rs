//! A deflate stream in; where its last block begins and ends out.
//!
//! Nothing is inflated: code words are measured and skipped, most of them several at a time. Source: RFC 1951 section 3.2.

use std::cmp::Ordering;

use crate::prefix_code::{Next, PrefixCode, Step, Steps};

/// The last block of a deflate stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LastBlock {
    /// The number of the bit that says that it is the last.
    pub(crate) mark: usize,
    /// The number of the first bit behind it.
    pub(crate) end: usize,
}

/// Why bytes are not one whole deflate stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotDeflate {
    #[error("a deflate stream ends within a block")]
    Truncated,
    #[error("a deflate stream goes on behind its last block")]
    Trailing,
    #[error("a deflate block is of the reserved kind")]
    Reserved,
    #[error("the length of a stored deflate block contradicts itself")]
    StoredLength,
    #[error("the codes of a deflate block are not whole")]
    Codes,
    #[error("a deflate block has a code word that stands for nothing")]
    CodeWord,
}

/// The most code lengths for which a block's header has room: 288 of literals and lengths, 32 of distances.
const MAX_LENGTHS: usize = 288 + 32;

/// In this order a block gives the lengths of the code for its lengths.
const LENGTH_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Finds the last block of a stream that fills `stream`, up to the zero bits of its last byte.
///
/// # Errors
/// [`NotDeflate`]: every way in which the bytes can fail to be such a stream, but for references to before its start.
pub(crate) fn last_block(stream: &[u8]) -> Result<LastBlock, NotDeflate> {
    let mut bits = Bits::new(stream);
    let mut steps = Steps::new();
    loop {
        let mark = bits.position();
        bits.refill()?;
        let is_last = bits.take(1) == 1;
        match bits.take(2) {
            0 => bits.skip_stored()?,
            1 => Codes::fixed()?.skip(&mut steps, &mut bits)?,
            2 => Codes::read(&mut bits)?.skip(&mut steps, &mut bits)?,
            _ => return Err(NotDeflate::Reserved),
        }
        if is_last {
            let end = bits.end()?;
            return Ok(LastBlock { mark, end });
        }
    }
}

/// A stream, from its first bit on.
#[derive(Clone, Copy)]
struct Bits<'a> {
    bytes: &'a [u8],
    /// How many bytes were taken over into `held`, whole.
    at: usize,
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (at, held, count) = (0, 0, 0);
        Self { bytes, at, held, count }
    }

    fn position(&self) -> usize {
        self.at * 8 - self.count as usize
    }

    /// Holds at least 56 bits afterwards. Behind the end there are zeros, but not many.
    #[inline(always)]
    fn refill(&mut self) -> Result<(), NotDeflate> {
        let word = match self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            Some(eight) => u64::from_le_bytes(*eight),
            None => last_word(self.bytes, self.at, self.position())?,
        };
        self.held |= word << self.count;
        self.at += ((63 - self.count) >> 3) as usize;
        self.count |= 56;
        Ok(())
    }

    /// The next bits; whoever takes more than 56 refills in between.
    #[inline(always)]
    fn take(&mut self, count: u32) -> usize {
        let value = self.held & ((1 << count) - 1);
        self.skip(count);
        value as usize
    }

    #[inline(always)]
    fn skip(&mut self, count: u32) {
        self.held >>= count;
        self.count -= count;
    }

    fn skip_stored(&mut self) -> Result<(), NotDeflate> {
        let start = self.position().div_ceil(8);
        let head = self.bytes.get(start..start + 4).ok_or(NotDeflate::Truncated)?;
        let length = u16::from_le_bytes([head[0], head[1]]);
        if length != !u16::from_le_bytes([head[2], head[3]]) {
            return Err(NotDeflate::StoredLength);
        }
        self.at = start + 4 + usize::from(length);
        (self.held, self.count) = (0, 0);
        match self.at <= self.bytes.len() {
            true => Ok(()),
            false => Err(NotDeflate::Truncated),
        }
    }

    /// The position, if only zero bits of the last byte are left.
    fn end(&self) -> Result<usize, NotDeflate> {
        let end = self.position();
        let has_rest = self.bytes.get(end / 8).is_some_and(|byte| byte >> (end % 8) != 0);
        match end.div_ceil(8).cmp(&self.bytes.len()) {
            Ordering::Greater => Err(NotDeflate::Truncated),
            Ordering::Equal if !has_rest => Ok(end),
            _ => Err(NotDeflate::Trailing),
        }
    }
}

/// The bytes that are left, and zeros.
#[cold]
fn last_word(bytes: &[u8], at: usize, position: usize) -> Result<u64, NotDeflate> {
    let rest = bytes.get(at..).unwrap_or_default();
    let mut word = [0; 8];
    word[..rest.len()].copy_from_slice(rest);
    match position <= bytes.len() * 8 {
        true => Ok(u64::from_le_bytes(word)),
        false => Err(NotDeflate::Truncated),
    }
}

/// The two codes of a block.
struct Codes {
    literals: PrefixCode,
    distances: PrefixCode,
}

impl Codes {
    /// Those of section 3.2.6.
    fn fixed() -> Result<Self, NotDeflate> {
        let lengths: [u8; 288] = std::array::from_fn(|symbol| match symbol {
            0..144 => 8,
            144..256 => 9,
            256..280 => 7,
            _ => 8,
        });
        Self::new(&lengths, &[5; 32])
    }

    /// Those that stand at the start of a block (section 3.2.7).
    fn read(bits: &mut Bits<'_>) -> Result<Self, NotDeflate> {
        bits.refill()?;
        let (literals, distances) = (bits.take(5) + 257, bits.take(5) + 1);
        let mut order = [0; 19];
        for symbol in &LENGTH_ORDER[..bits.take(4) + 4] {
            bits.refill()?;
            order[*symbol] = bits.take(3) as u8;
        }
        let mut lengths = [0; MAX_LENGTHS];
        let lengths = &mut lengths[..literals + distances];
        read_lengths(&PrefixCode::new(&order)?, lengths, bits)?;
        let (literals, distances) = lengths.split_at(literals);
        Self::new(literals, distances)
    }

    fn new(literals: &[u8], distances: &[u8]) -> Result<Self, NotDeflate> {
        let (literals, distances) = (PrefixCode::new(literals)?, PrefixCode::new(distances)?);
        Ok(Self { literals, distances })
    }

    /// Goes to the end of the block.
    fn skip(&self, steps: &mut Steps, stream: &mut Bits<'_>) -> Result<(), NotDeflate> {
        steps.fill(&self.literals, &self.distances);
        // A copy, so that it can stay in registers.
        let mut bits = *stream;
        let mut last = Steps::START;
        loop {
            // That is enough for two steps: literals with a length take at most 16 bits, a distance 28.
            bits.refill()?;
            for _ in 0..2 {
                let mut step = steps.after(last, bits.held);
                if !step.is_followed() {
                    step = self.last_or_long(step, last, bits.held)?;
                    bits.skip(step.bits());
                    if step.next() == Next::Block {
                        *stream = bits;
                        return Ok(());
                    }
                    last = step;
                    break;
                }
                bits.skip(step.bits());
                last = step;
            }
        }
    }

    /// What stands where the tables say that a block ends, or nothing.
    #[cold]
    fn last_or_long(&self, step: Step, last: Step, bits: u64) -> Result<Step, NotDeflate> {
        let step = match step.next() {
            Next::Long if last.next() == Next::Distance => {
                let (symbol, word) = self.distances.decode(bits)?;
                Step::of_distance(symbol, word)
            }
            Next::Long => {
                let (symbol, word) = self.literals.decode(bits)?;
                Step::of_literal(symbol, word)
            }
            _ => step,
        };
        match step.next() {
            Next::Nothing => Err(NotDeflate::CodeWord),
            _ => Ok(step),
        }
    }
}

/// Code lengths are themselves coded, with words for repetitions.
fn read_lengths(code: &PrefixCode, lengths: &mut [u8], bits: &mut Bits<'_>) -> Result<(), NotDeflate> {
    let mut at = 0;
    while at < lengths.len() {
        bits.refill()?;
        let (symbol, word) = code.decode(bits.held)?;
        bits.skip(u32::from(word));
        let (value, count) = match symbol {
            16 if at == 0 => return Err(NotDeflate::Codes),
            16 => (lengths[at - 1], 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            length => (length as u8, 1),
        };
        lengths.get_mut(at..at + count).ok_or(NotDeflate::Codes)?.fill(value);
        at += count;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use libdeflater::{CompressionLvl, Compressor};
    use proptest::prelude::*;

    use super::*;

    fn deflate(plain: &[u8], level: i32) -> Vec<u8> {
        let mut compressor = Compressor::new(CompressionLvl::new(level).unwrap());
        let mut stream = vec![0; compressor.deflate_compress_bound(plain.len())];
        let length = compressor.deflate_compress(plain, &mut stream).unwrap();
        stream.truncate(length);
        stream
    }

    /// Where clearing the mark makes an inflater want more, and nothing else changes.
    #[track_caller]
    fn expect_marked(stream: &[u8], plain: &[u8]) {
        let LastBlock { mark, end } = last_block(stream).unwrap();
        assert_eq!(end.div_ceil(8), stream.len());
        let mut open = stream.to_vec();
        assert_eq!(open[mark / 8] >> (mark % 8) & 1, 1);
        open[mark / 8] &= !(1 << (mark % 8));
        let mut inflate = flate2::Decompress::new(false);
        let mut back = Vec::with_capacity(plain.len() + 64);
        let status = inflate
            .decompress_vec(&open, &mut back, flate2::FlushDecompress::None)
            .unwrap();
        assert_ne!(status, flate2::Status::StreamEnd);
        assert!(back == plain);
        assert_eq!(inflate.total_in(), stream.len() as u64);
    }

    #[test]
    fn the_last_block_is_found_whatever_its_kind() {
        for (stream, found) in [
            (&[0b11, 0][..], LastBlock { mark: 0, end: 10 }),
            (&[1, 0, 0, 0xff, 0xff], LastBlock { mark: 0, end: 40 }),
            (&[1, 1, 0, 0xfe, 0xff, 7], LastBlock { mark: 0, end: 48 }),
            (&[0, 0, 0, 0xff, 0xff, 0b11, 0], LastBlock { mark: 40, end: 50 }),
            // A fixed block, then a fixed block: the mark of the second is the eleventh bit.
            (&[0b10, 0b1100, 0], LastBlock { mark: 10, end: 20 }),
        ] {
            assert_eq!(last_block(stream), Ok(found), "{stream:?}");
        }
    }

    #[test]
    fn what_is_no_deflate_stream_is_rejected() {
        for (stream, error) in [
            (&[][..], NotDeflate::Truncated),
            (&[0b10], NotDeflate::Truncated),
            (&[0b11], NotDeflate::Truncated),
            (&[0b111], NotDeflate::Reserved),
            (&[0b11, 0, 0], NotDeflate::Trailing),
            (&[0b11, 0b100], NotDeflate::Trailing),
            (&[1, 1, 0, 0xff, 0xff, 7], NotDeflate::StoredLength),
            (&[1, 2, 0, 0xfd, 0xff, 7], NotDeflate::Truncated),
            (&[1, 2, 0, 0xfd], NotDeflate::Truncated),
            // The fixed word for the symbol 286, and that for the distance 30 behind a length: they stand for nothing.
            (&[0b0001_1011, 0b011, 0, 0], NotDeflate::CodeWord),
            (&[0b0000_0011, 0b0011_1110, 0, 0], NotDeflate::CodeWord),
            // A code for lengths without a word, and one with too many.
            (&[0b101, 0, 0, 0, 0, 0], NotDeflate::CodeWord),
            (
                &[
                    0b101,
                    0b1110_0000,
                    0b1001_0011,
                    0x24,
                    0x49,
                    0x92,
                    0x24,
                    0x49,
                    0x92,
                    0x24,
                ],
                NotDeflate::Codes,
            ),
        ] {
            assert_eq!(last_block(stream), Err(error), "{stream:?}");
        }
    }

    #[test]
    fn words_longer_than_the_table_is_wide_are_found() {
        // Frequencies in the ratio of the golden section make the longest words.
        let mut plain = Vec::new();
        let (mut count, mut next) = (1_usize, 1_usize);
        for byte in 0..20_u8 {
            plain.extend((0..count).map(|_| byte.wrapping_mul(83)));
            (count, next) = (next, count + next);
        }
        let mut state = 1_u64;
        for at in (1..plain.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            plain.swap(at, (state >> 33) as usize % (at + 1));
        }
        for level in [1, 6, 9] {
            expect_marked(&deflate(&plain, level), &plain);
        }
        let mut zlib = flate2::read::DeflateEncoder::new(&plain[..], flate2::Compression::new(9));
        let mut stream = Vec::new();
        std::io::Read::read_to_end(&mut zlib, &mut stream).unwrap();
        expect_marked(&stream, &plain);
    }

    /// Runs of noise over few or many values, copies from before, and runs of one byte.
    fn mixed() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            (prop::collection::vec(any::<u8>(), 0..3000), 0_u8..=255).prop_map(|(bytes, mask)| (bytes, mask, 0_usize)),
            (0_usize..9000).prop_map(|length| (Vec::new(), 0, length)),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| {
            let mut plain: Vec<u8> = Vec::new();
            for (bytes, mask, copy) in pieces {
                plain.extend(bytes.iter().map(|byte| byte & mask));
                let from = plain.len().saturating_sub(copy);
                plain.extend_from_within(from..from + (plain.len() - from).min(copy / 3));
            }
            plain
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn the_mark_of_every_stream_is_found(plain in mixed(), level in 0..=12) {
            expect_marked(&deflate(&plain, level), &plain);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = last_block(&bytes);
        }

        #[test]
        fn a_changed_or_cut_stream_does_not_make_it_panic(plain in mixed(), at: prop::sample::Index, flip: u8, cut: bool) {
            let mut stream = deflate(&plain, 6);
            let at = at.index(stream.len());
            stream[at] ^= flip;
            if cut {
                stream.truncate(at);
                prop_assert!(last_block(&stream).is_err());
            }
            let _ = last_block(&stream);
        }
    }
}
