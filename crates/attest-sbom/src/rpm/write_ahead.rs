//! `rpmdb.sqlite-wal`: pages that are newer than those of the database. Source: SQLite, "The WAL File Format".

use std::collections::HashMap;

use super::blobs::{Problem, Source, big, little};
use crate::tree::Content;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// Its last bit says in which order the bytes of checksums stand.
const MAGIC: u32 = 0x377f_0682;

/// The pages of all transactions that were finished.
pub(super) struct WriteAhead<'a> {
    content: Box<dyn Content + 'a>,
    size: usize,
    /// Where the newest form of a page lies.
    places: HashMap<u32, u64>,
}

impl<'a> WriteAhead<'a> {
    /// Reads frame after frame, as long as salts and checksums are right: what comes after is of an older log.
    pub(super) fn read(mut content: Box<dyn Content + 'a>, size: usize) -> Result<Self, Problem> {
        let mut places = HashMap::new();
        let mut source = Source::new(&mut *content);
        let length = source.length()?;
        if length >= HEADER as u64 {
            let header = source.piece(0, HEADER)?;
            if let Some(sums) = Sums::of(&header, size) {
                frames(&mut source, sums, size, &mut places)?;
            }
        }
        Ok(Self { content, size, places })
    }

    pub(super) fn page(&mut self, number: u32) -> Result<Option<Vec<u8>>, Problem> {
        let Some(place) = self.places.get(&number) else {
            return Ok(None);
        };
        Source::new(&mut *self.content).piece(*place, self.size).map(Some)
    }
}

fn frames(source: &mut Source<'_>, mut sums: Sums, size: usize, places: &mut HashMap<u32, u64>) -> Result<(), Problem> {
    let length = source.length()?;
    let step = (FRAME_HEADER + size) as u64;
    let mut offset = HEADER as u64;
    let mut unfinished = Vec::new();
    while offset + step <= length {
        let frame = source.piece(offset, FRAME_HEADER + size)?;
        let (head, page) = frame.split_at(FRAME_HEADER);
        if head[8..16] != sums.salts {
            break;
        }
        sums.add(&head[..8]);
        sums.add(page);
        if (big(head, 16), big(head, 20)) != (Some(sums.first), Some(sums.second)) {
            break;
        }
        unfinished.push((big(head, 0).unwrap_or(0), offset + FRAME_HEADER as u64));
        // The last frame of a transaction says how many pages the database has then.
        if big(head, 4) != Some(0) {
            places.extend(unfinished.drain(..));
        }
        offset += step;
    }
    Ok(())
}

struct Sums {
    word: fn(&[u8], usize) -> Option<u32>,
    salts: [u8; 8],
    first: u32,
    second: u32,
}

impl Sums {
    /// Nothing when the log is empty, or not of such a database.
    fn of(header: &[u8], size: usize) -> Option<Self> {
        let magic = big(header, 0)?;
        let word = match magic ^ MAGIC {
            0 => little,
            1 => big,
            _ => return None,
        };
        let salts = header.get(16..24)?.try_into().ok()?;
        let mut sums = Self {
            word,
            salts,
            first: 0,
            second: 0,
        };
        sums.add(&header[..24]);
        let is_right = (big(header, 24), big(header, 28)) == (Some(sums.first), Some(sums.second));
        (is_right && big(header, 8) == u32::try_from(size).ok()).then_some(sums)
    }

    fn add(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks_exact(8) {
            let word = |at| (self.word)(pair, at).unwrap_or(0);
            self.first = self.first.wrapping_add(word(0)).wrapping_add(self.second);
            self.second = self.second.wrapping_add(word(4)).wrapping_add(self.first);
        }
    }
}
