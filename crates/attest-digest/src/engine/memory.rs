use crate::lane::{BLOCK, State};
use crate::measure::{State as Hash, digest};
use crate::sha256::{INITIAL, digest_of, pad};
use crate::{Algorithm, Algorithms, Measured, Platform};

/// Measures contents that are in memory, on the calling thread, SHA-256 in lanes: what files could come to if reading them
/// cost nothing.
#[must_use]
pub fn measure_many_bytes(contents: &[&[u8]], algorithms: &Algorithms, platform: Platform) -> Vec<Measured> {
    let lanes = match algorithms.contains(Algorithm::Sha256) {
        true => sha256_of_many(contents, platform).into_iter().map(Some).collect(),
        false => vec![None; contents.len()],
    };
    let measure = |(content, lane): (&&[u8], Option<State>)| {
        let sha256 = lane.map(|state| digest(Algorithm::Sha256, &digest_of(&state)));
        let others = algorithms.iter().filter(|algorithm| *algorithm != Algorithm::Sha256);
        let others = others.map(|algorithm| {
            let mut hash = Hash::new(algorithm, platform);
            hash.update(content);
            hash.finish()
        });
        Measured::new(content.len() as u64, sha256.into_iter().chain(others).collect())
    };
    contents.iter().zip(lanes).map(measure).collect()
}

/// One content in its lane.
struct Lane<'a> {
    place: usize,
    state: State,
    whole: &'a [u8],
    /// The rest and its padding, and how much of both is not compressed yet.
    last: [u8; 2 * BLOCK],
    end: usize,
}

impl<'a> Lane<'a> {
    fn new((place, content): (usize, &'a &[u8])) -> Self {
        let (whole, rest) = content.split_at(content.len() - content.len() % BLOCK);
        let mut last = [0; 2 * BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        let end = pad(&mut last, rest.len(), content.len() as u64);
        Self {
            place,
            state: INITIAL,
            whole,
            last,
            end,
        }
    }

    /// What comes next, in one piece.
    fn waiting(&self) -> &[u8] {
        match self.whole {
            [] => &self.last[..self.end],
            whole => whole,
        }
    }

    fn consume(&mut self, len: usize) {
        match self.whole {
            [] => {
                self.last.copy_within(len..self.end, 0);
                self.end -= len;
            }
            whole => self.whole = &whole[len..],
        }
    }
}

fn sha256_of_many(contents: &[&[u8]], platform: Platform) -> Vec<State> {
    let mut states = vec![INITIAL; contents.len()];
    let mut contents = contents.iter().enumerate().map(Lane::new);
    let mut lanes: Vec<Lane<'_>> = contents.by_ref().take(platform.lanes()).collect();
    while let Some(len) = lanes.iter().map(|lane| lane.waiting().len()).min() {
        let mut taken: Vec<State> = lanes.iter().map(|lane| lane.state).collect();
        let blocks: Vec<&[u8]> = lanes.iter().map(|lane| &lane.waiting()[..len]).collect();
        platform.compress(&mut taken.iter_mut().collect::<Vec<_>>(), &blocks);
        for (lane, state) in lanes.iter_mut().zip(taken) {
            lane.state = state;
            lane.consume(len);
        }
        for place in (0..lanes.len()).rev() {
            if lanes[place].waiting().is_empty() {
                states[lanes[place].place] = lanes[place].state;
                match contents.next() {
                    Some(lane) => lanes[place] = lane,
                    None => drop(lanes.swap_remove(place)),
                }
            }
        }
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_of_every_length_side_by_side_are_what_each_is_alone() {
        let bytes: Vec<u8> = (0..2000).map(|place| (place * 7 % 251) as u8).collect();
        let algorithms: Algorithms = "sha256,sha384,sha512,blake3".parse().unwrap();
        let lens = (0..200).chain([2000, 0, 1000, 64, 63, 1999]);
        let contents: Vec<&[u8]> = lens.map(|len| &bytes[..len]).collect();
        for platform in Platform::available() {
            let together = measure_many_bytes(&contents, &algorithms, platform);
            let alone = contents.iter().map(|content| Measured::of_bytes(content, &algorithms));
            assert!(alone.eq(together), "{platform}");
            let blake3 = Algorithms::one(Algorithm::Blake3);
            let alone = Measured::of_bytes(contents[5], &blake3);
            assert_eq!(measure_many_bytes(&contents, &blake3, platform)[5], alone);
        }
        assert!(measure_many_bytes(&[], &algorithms, Platform::detect()).is_empty());
    }
}
