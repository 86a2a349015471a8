//! The prefix codes of deflate, made for going on rather than for reading: a table says how many bits the next words take together.
//!
//! Source: RFC 1951 sections 3.2.1 to 3.2.5.

use crate::last_block::NotDeflate;

/// The longest code word.
const MAX_BITS: usize = 15;

/// The most symbols of a code.
const MAX_SYMBOLS: usize = 288;

/// The word that ends a block.
const END_OF_BLOCK: usize = 256;

/// What follows on a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Next {
    /// A word of the code for literals and lengths.
    Literal,
    /// A word of the code for distances.
    Distance,
    /// Another block, or nothing.
    Block,
    /// A word that is longer than the table is wide, here and now.
    Long,
    /// Nothing can follow: here stands no word.
    Nothing,
}

/// How many bits to go on by, those of words and of what follows them, and what comes next.
///
/// Fields of one number, because they are looked up together: what comes next (3 bits), the bits of the first word (5), all bits (6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step(u16);

impl Step {
    const NOTHING: Self = Self::new(Next::Nothing, 0, 0);
    const LONG: Self = Self::new(Next::Long, 0, 0);

    const fn new(next: Next, word: u8, extra: u8) -> Self {
        Self((next as u16) << WIDTH | (word as u16) << 6 | (word + extra) as u16)
    }

    #[inline(always)]
    pub(crate) fn bits(self) -> u32 {
        u32::from(self.0 & 63)
    }

    #[inline(always)]
    pub(crate) fn next(self) -> Next {
        match self.0 >> WIDTH {
            0 => Next::Literal,
            1 => Next::Distance,
            2 => Next::Block,
            3 => Next::Long,
            _ => Next::Nothing,
        }
    }

    /// Whether a word follows whose step stands in the tables.
    #[inline(always)]
    pub(crate) fn is_followed(self) -> bool {
        self.0 >> (WIDTH + 1) == 0
    }

    fn word(self) -> u32 {
        u32::from(self.0 >> 6 & 31)
    }

    /// This step, and then that one.
    fn then(self, other: Self) -> Self {
        Self(other.0 & !0x7ff | self.0 & 0x7c0 | (self.bits() + other.bits()) as u16)
    }

    /// A word of the code for literals and lengths.
    pub(crate) fn of_literal(symbol: usize, word: u8) -> Self {
        match symbol {
            0..END_OF_BLOCK => Self::new(Next::Literal, word, 0),
            END_OF_BLOCK => Self::new(Next::Block, word, 0),
            257..265 | 285 => Self::new(Next::Distance, word, 0),
            265..285 => Self::new(Next::Distance, word, ((symbol - 261) / 4) as u8),
            _ => Self::NOTHING,
        }
    }

    /// A word of the code for distances.
    pub(crate) fn of_distance(symbol: usize, word: u8) -> Self {
        match symbol {
            0..30 => Self::new(Next::Literal, word, (symbol as u8 / 2).saturating_sub(1)),
            _ => Self::NOTHING,
        }
    }
}

/// A canonical code: how many words there are of each length, and what they stand for, in their order.
pub(crate) struct PrefixCode {
    counts: [u16; MAX_BITS + 1],
    symbols: [u16; MAX_SYMBOLS],
}

impl PrefixCode {
    /// Takes the length of each symbol's word, 0 for none. A code of a single word of one bit need not be whole.
    pub(crate) fn new(lengths: &[u8]) -> Result<Self, NotDeflate> {
        let mut counts = [0; MAX_BITS + 1];
        for length in lengths {
            counts[usize::from(*length)] += 1;
        }
        counts[0] = 0;
        let mut free = 1_i32;
        for count in &counts[1..] {
            free = 2 * free - i32::from(*count);
            if free < 0 {
                return Err(NotDeflate::Codes);
            }
        }
        if free > 0 && counts[2..].iter().any(|count| *count > 0) {
            return Err(NotDeflate::Codes);
        }
        let mut code = Self {
            counts,
            symbols: [0; MAX_SYMBOLS],
        };
        code.sort(lengths);
        Ok(code)
    }

    fn sort(&mut self, lengths: &[u8]) {
        let mut next = [0; MAX_BITS + 1];
        for length in 1..MAX_BITS {
            next[length + 1] = next[length] + usize::from(self.counts[length]);
        }
        for (symbol, length) in lengths.iter().map(|length| usize::from(*length)).enumerate() {
            if length > 0 {
                self.symbols[next[length]] = symbol as u16;
                next[length] += 1;
            }
        }
    }

    /// The symbol whose word comes first in `bits`, and the length of the word. One bit at a time: for words that are rare.
    pub(crate) fn decode(&self, mut bits: u64) -> Result<(usize, u8), NotDeflate> {
        let (mut word, mut first, mut index) = (0_u32, 0_u32, 0_usize);
        for length in 1..=MAX_BITS {
            word |= (bits & 1) as u32;
            bits >>= 1;
            let count = u32::from(self.counts[length]);
            if word < first + count {
                let place = index + (word - first) as usize;
                return Ok((usize::from(self.symbols[place]), length as u8));
            }
            index += count as usize;
            first = (first + count) << 1;
            word <<= 1;
        }
        Err(NotDeflate::CodeWord)
    }
}

/// How many bits are looked at together. More would take longer to put into the table than they save.
const WIDTH: u32 = 11;

const SIZE: usize = 1 << WIDTH;

/// For all that the next bits can be, how to go on: first where a literal or a length stands, then where a distance does.
pub(crate) struct Steps([Step; 2 * SIZE]);

impl Steps {
    pub(crate) const fn new() -> Self {
        Self([Step::NOTHING; 2 * SIZE])
    }

    /// Where a block begins.
    pub(crate) const START: Step = Step::new(Next::Literal, 0, 0);

    /// The step after `last`, which goes on.
    #[inline(always)]
    pub(crate) fn after(&self, last: Step, bits: u64) -> Step {
        self.0[usize::from(last.0) & SIZE | bits as usize & (SIZE - 1)]
    }

    /// Fills the tables with the words of a block.
    pub(crate) fn fill(&mut self, literals: &PrefixCode, distances: &PrefixCode) {
        let (first, second) = self.0.split_at_mut(SIZE);
        fill(first, literals, Step::of_literal);
        join_literals(first);
        fill(second, distances, Step::of_distance);
    }
}

/// One word at each place.
fn fill(table: &mut [Step], code: &PrefixCode, meaning: fn(usize, u8) -> Step) {
    let is_wider = code.counts[WIDTH as usize + 1..].iter().any(|count| *count > 0);
    table.fill(if is_wider { Step::LONG } else { Step::NOTHING });
    let (mut word, mut symbols) = (0_u32, code.symbols.iter());
    for length in 1..=WIDTH {
        for symbol in symbols.by_ref().take(usize::from(code.counts[length as usize])) {
            let step = meaning(usize::from(*symbol), length as u8);
            // A word stands in a stream with its first bit lowest.
            let first = (word.reverse_bits() >> (u32::BITS - length)) as usize;
            table[first..]
                .iter_mut()
                .step_by(1 << length)
                .for_each(|place| *place = step);
            word += 1;
        }
        word <<= 1;
    }
}

/// Puts together what follows on literals, as far as whole words can be seen.
fn join_literals(table: &mut [Step]) {
    // What follows stands at a smaller place, or at the first, which comes last: it has not been joined yet.
    for place in (0..SIZE).rev() {
        let mut step = table[place];
        while step.next() == Next::Literal {
            let next = table[place >> step.bits()];
            if next.word() == 0 || step.bits() + next.word() > WIDTH {
                break;
            }
            step = step.then(next);
        }
        table[place] = step;
    }
}
