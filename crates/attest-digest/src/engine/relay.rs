//! One file, several threads: the reader hands each piece of bytes from station to station, every one with algorithms of its
//! own, and gets it back when all have seen it. Pieces are few, so whoever is slowest sets the pace.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::buffer::Buffer;
use super::plan::Plan;
use super::queue::{Done, Gift, Queue};
use super::reading::Reading;
use super::{FileJob, Progress};
use crate::measure::State as Hash;
use crate::{Algorithm, Digest, MeasureError};

/// Pieces for each station: those that it goes on with together, and as many that wait, so that a thread that was
/// interrupted for a moment, or has to be woken, finds work and leaves some.
const PIECES: usize = 2 * TOGETHER;

/// How many pieces go on together.
const TOGETHER: usize = 4;

/// Bytes that go from thread to thread.
struct Piece {
    bytes: Vec<u8>,
    len: usize,
}

/// Some of the algorithms of a file that another thread reads.
pub(super) struct Station {
    hashes: Vec<Hash>,
    pieces: Receiver<Piece>,
    next: Sender<Piece>,
    digests: Sender<Vec<Digest>>,
}

impl Station {
    /// Works until the reader has no more. Pieces go on several at a time: whoever comes next may be asleep, and waking
    /// somebody takes a good part of the time that a piece does. None is kept back when there is nothing to do.
    pub(super) fn work(mut self) {
        let mut seen = Vec::with_capacity(TOGETHER);
        while let Some(piece) = self.piece(&mut seen) {
            self.hashes
                .iter_mut()
                .for_each(|hash| hash.update(&piece.bytes[..piece.len]));
            seen.push(piece);
        }
        // Who reads may have given up.
        let _ = self.digests.send(self.hashes.into_iter().map(Hash::finish).collect());
    }

    /// The next piece; those that were seen go on before it is waited for, or if they are enough.
    fn piece(&self, seen: &mut Vec<Piece>) -> Option<Piece> {
        let next = self.pieces.try_recv();
        if next.is_err() || seen.len() == TOGETHER {
            for piece in seen.drain(..) {
                // Nobody takes the last pieces back.
                let _ = self.next.send(piece);
            }
        }
        next.or_else(|_| self.pieces.recv()).ok()
    }
}

/// What the reading thread keeps.
struct Relay {
    hashes: Vec<Hash>,
    first: Sender<Piece>,
    returned: Receiver<Piece>,
    digests: Receiver<Vec<Digest>>,
    stations: usize,
    /// How many pieces may still be made, of how many bytes.
    unmade: usize,
    piece_len: usize,
}

/// Reads the rest of a file with the help of as many threads as were claimed. None if the caller gave up meanwhile.
pub(super) fn run<J: FileJob>(
    mut reading: Reading<J>,
    helpers: usize,
    queue: &Queue<J>,
    progress: &Progress,
    plan: Plan,
) -> Option<(Done<J>, Buffer)> {
    let (mut relay, stations) = Relay::new(reading.take_streams(plan.platform), helpers, plan.buffer_len);
    queue.give(stations.into_iter().map(Gift::Station));
    match relay.read(&mut reading, queue, progress) {
        Ok(true) => {
            let digests = relay.finish()?;
            Some(reading.close(Ok(digests.into_iter().collect())))
        }
        Ok(false) => None,
        Err(error) => Some(reading.close(Err(error))),
    }
}

impl Relay {
    fn new(streams: Vec<Hash>, helpers: usize, piece_len: usize) -> (Self, Vec<Station>) {
        let mut shares = split(streams, helpers + 1);
        let hashes = shares.remove(0);
        let (digests_sender, digests) = channel();
        let (first, mut pieces) = channel();
        let mut stations = Vec::with_capacity(helpers);
        for hashes in shares {
            let (next, following) = channel();
            stations.push(Station {
                hashes,
                pieces: std::mem::replace(&mut pieces, following),
                next,
                digests: digests_sender.clone(),
            });
        }
        let relay = Self {
            hashes,
            first,
            returned: pieces,
            digests,
            stations: helpers,
            unmade: helpers * PIECES,
            piece_len,
        };
        (relay, stations)
    }

    /// Reads to the end, unless everything is stopped meanwhile.
    fn read<J: FileJob>(
        &mut self,
        reading: &mut Reading<J>,
        queue: &Queue<J>,
        progress: &Progress,
    ) -> Result<bool, MeasureError> {
        while !queue.is_stopped() {
            let Some(mut piece) = self.piece() else { break };
            let read = reading.input.read(&mut piece.bytes, reading.size, progress);
            let read = read.map_err(|source| reading.read_failed(source))?;
            piece.len = read.len;
            reading.size += read.len as u64;
            self.hashes
                .iter_mut()
                .for_each(|hash| hash.update(&piece.bytes[..piece.len]));
            if self.first.send(piece).is_err() {
                break;
            }
            if read.is_last {
                return reading.require_unchanged().map(|()| true);
            }
        }
        Ok(false)
    }

    /// A piece that came back, or a new one as long as there are few. None when a station is gone.
    fn piece(&mut self) -> Option<Piece> {
        if let Ok(piece) = self.returned.try_recv() {
            return Some(piece);
        }
        if self.unmade == 0 {
            return self.returned.recv().ok();
        }
        self.unmade -= 1;
        Some(Piece {
            bytes: vec![0; self.piece_len],
            len: 0,
        })
    }

    /// Every digest; none when a station is gone.
    fn finish(self) -> Option<Vec<Digest>> {
        drop(self.first);
        let mut digests: Vec<Digest> = self.hashes.into_iter().map(Hash::finish).collect();
        for _ in 0..self.stations {
            digests.extend(self.digests.recv().ok()?);
        }
        Some(digests)
    }
}

/// What reading costs beside hashing, in the unit of [`cost`].
const COST_OF_READING: u32 = 12;

/// How long an algorithm takes in proportion to the others, on a processor that has instructions for SHA-256. Elsewhere the
/// shares are less even.
fn cost(algorithm: Algorithm) -> u32 {
    match algorithm {
        Algorithm::Sha256 => 55,
        Algorithm::Sha384 | Algorithm::Sha512 => 135,
        Algorithm::Blake3 => 20,
    }
}

/// Shares the algorithms out, the dearest first, each to whoever has least to do. The first share also reads.
fn split(mut streams: Vec<Hash>, count: usize) -> Vec<Vec<Hash>> {
    streams.sort_by_key(|hash| std::cmp::Reverse(cost(hash.algorithm())));
    let mut shares: Vec<(u32, Vec<Hash>)> = (0..count).map(|_| (0, Vec::new())).collect();
    shares[0].0 = COST_OF_READING;
    for hash in streams {
        let least = shares.iter_mut().min_by_key(|(load, _)| *load);
        let (load, share) = least.expect("there is at least one share");
        *load += cost(hash.algorithm());
        share.push(hash);
    }
    shares.into_iter().map(|(_, share)| share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithms, Platform};

    /// The algorithms of each share.
    fn shares(algorithms: &str, count: usize) -> Vec<Vec<Algorithm>> {
        let algorithms: Algorithms = algorithms.parse().unwrap();
        let streams = algorithms
            .iter()
            .map(|algorithm| Hash::new(algorithm, Platform::portable()));
        let names = |share: Vec<Hash>| share.iter().map(Hash::algorithm).collect();
        split(streams.collect(), count).into_iter().map(names).collect()
    }

    #[test]
    fn the_dearest_algorithm_is_alone_if_that_is_enough() {
        use Algorithm::{Blake3, Sha256, Sha384, Sha512};
        assert_eq!(shares("blake3", 2), [vec![], vec![Blake3]]);
        assert_eq!(shares("sha256,sha512,blake3", 2), [vec![Sha256, Blake3], vec![Sha512]]);
        assert_eq!(
            shares("sha256,sha384,sha512,blake3", 4),
            [vec![Blake3], vec![Sha384], vec![Sha512], vec![Sha256]]
        );
    }
}
