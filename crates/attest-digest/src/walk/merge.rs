use std::io;

use super::Limits;
use super::arena::{self, Arena, Record};
use super::scratch::Scratch;

/// Bytes of records that are gathered before they are written.
const WRITE_LEN: usize = 64 << 10;

/// Sorted pieces of one listing, which lie on disk and are read side by side.
#[derive(Debug)]
pub(super) struct Merge {
    limits: Limits,
    pieces: Vec<Piece>,
}

/// Sorted records, one after the other.
#[derive(Debug)]
struct Piece {
    /// Where the next record lies.
    place: u64,
    end: u64,
    /// How often its records have been merged: pieces are merged with their like, so that none is copied often.
    generation: u32,
    /// What has been read, from `taken` on not yet taken.
    buffer: Vec<u8>,
    taken: usize,
}

impl Merge {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            pieces: Vec::new(),
        }
    }

    /// Takes what is left of a sorted arena from `first` on, and empties it.
    pub(super) fn take(&mut self, arena: &mut Arena, first: usize, scratch: &mut Scratch) -> io::Result<()> {
        let mut writer = PieceWriter::new(scratch);
        for record in (first..arena.len()).filter_map(|index| arena.record(index)) {
            writer.push(record)?;
        }
        self.pieces.push(writer.finish(0)?);
        arena.clear();
        self.merge_likes(scratch)
    }

    fn merge_likes(&mut self, scratch: &mut Scratch) -> io::Result<()> {
        while let Some(generation) = self.pieces.last().map(|piece| piece.generation) {
            let likes = self
                .pieces
                .iter()
                .rev()
                .take_while(|piece| piece.generation == generation);
            if likes.count() < self.limits.pieces {
                return Ok(());
            }
            let mut likes = Self {
                limits: self.limits,
                pieces: self.pieces.split_off(self.pieces.len() - self.limits.pieces),
            };
            let mut merged = PieceWriter::new(scratch);
            while let Some(record) = likes.next_bytes(merged.scratch)? {
                merged.push(&record)?;
            }
            self.pieces.push(merged.finish(generation + 1)?);
        }
        Ok(())
    }

    pub(super) fn next(&mut self, scratch: &mut Scratch) -> io::Result<Option<Record>> {
        let Some(record) = self.next_bytes(scratch)? else {
            return Ok(None);
        };
        arena::parse(&record)
            .map(Some)
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn next_bytes(&mut self, scratch: &mut Scratch) -> io::Result<Option<Vec<u8>>> {
        for piece in &mut self.pieces {
            piece.load(self.limits.buffer, scratch)?;
        }
        let with_records = self.pieces.iter_mut().filter(|piece| piece.head().is_some());
        let first = with_records.min_by(|a, b| {
            let (a, b) = (a.head().unwrap_or_default(), b.head().unwrap_or_default());
            arena::compare(a, b)
        });
        Ok(first.and_then(Piece::take))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn held(&self) -> usize {
        self.pieces.iter().map(|piece| piece.buffer.len()).sum()
    }

    /// Gives the buffers back; what was in them is read again when it is needed.
    pub(super) fn release(&mut self) {
        for piece in &mut self.pieces {
            piece.buffer = Vec::new();
            piece.taken = 0;
        }
    }

    /// Where the last of the pieces ends.
    pub(super) fn end(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.end).max().unwrap_or(0)
    }
}

impl Piece {
    /// The next record, if the whole of it has been read.
    fn head(&self) -> Option<&[u8]> {
        let rest = &self.buffer[self.taken..];
        rest.get(..arena::record_len(rest)?)
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        let record = self.head()?.to_vec();
        self.taken += record.len();
        self.place += record.len() as u64;
        Some(record)
    }

    /// Sees to it that the next record is there, if there is one.
    fn load(&mut self, buffer: usize, scratch: &mut Scratch) -> io::Result<()> {
        let mut wanted = buffer;
        while self.head().is_none() && self.place < self.end {
            let left = self.end - self.place;
            let len = usize::try_from(left).unwrap_or(usize::MAX).min(wanted);
            self.buffer.resize(len, 0);
            self.taken = 0;
            scratch.read(self.place, &mut self.buffer)?;
            match arena::record_len(&self.buffer) {
                Some(record) if record as u64 > left => return Err(io::ErrorKind::InvalidData.into()),
                None if len as u64 == left => return Err(io::ErrorKind::InvalidData.into()),
                // A record that is longer than a buffer.
                Some(record) => wanted = wanted.max(record),
                None => wanted += arena::HEAD_LEN,
            }
        }
        Ok(())
    }
}

/// Writes a piece.
struct PieceWriter<'a> {
    scratch: &'a mut Scratch,
    begin: u64,
    gathered: Vec<u8>,
    written: u64,
}

impl<'a> PieceWriter<'a> {
    fn new(scratch: &'a mut Scratch) -> Self {
        Self {
            begin: scratch.end(),
            scratch,
            gathered: Vec::new(),
            written: 0,
        }
    }

    fn push(&mut self, record: &[u8]) -> io::Result<()> {
        self.gathered.extend_from_slice(record);
        match self.gathered.len() < WRITE_LEN {
            true => Ok(()),
            false => self.write(),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        self.scratch.append(&self.gathered)?;
        self.written += self.gathered.len() as u64;
        self.gathered.clear();
        Ok(())
    }

    fn finish(mut self, generation: u32) -> io::Result<Piece> {
        self.write()?;
        Ok(Piece {
            place: self.begin,
            end: self.begin + self.written,
            generation,
            buffer: Vec::new(),
            taken: 0,
        })
    }
}
