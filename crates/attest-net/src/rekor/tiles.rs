//! An entry of Rekor v2, read back from the tiles of the log.
//!
//! Sources: C2SP `tlog-tiles`, `tlog-checkpoint` and `signed-note`; RFC 6962, section 2.1.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The hashes in a full tile, and the entries in a full bundle of entries.
const TILE_WIDTH: u64 = 256;

/// How many levels of the tree a tile has.
const TILE_HEIGHT: u32 = 8;

const HASH_BYTES: usize = 32;

/// No log has more entries; beyond, sizes of subtrees do not fit.
const MAX_TREE_SIZE: u64 = 1 << 48;

type Hash = [u8; HASH_BYTES];

/// Where the parts of a log are had from, by their path below the log: `checkpoint`, `tile/0/000`.
pub(super) trait Source {
    type Error;

    fn get(&self, path: &str) -> Result<Vec<u8>, Self::Error>;

    /// What was got is not what the specification says.
    fn wrong(&self, expected: &'static str, found: String) -> Self::Error;
}

/// The entry at an index, as a `TransparencyLogEntry` with a proof in the tree as it is now. The log is the one of these that
/// the checkpoint names.
pub(super) fn entry<S: Source>(source: &S, index: u64, known: &[Vec<u8>]) -> Result<Value, S::Error> {
    let note = source.get("checkpoint")?;
    let checkpoint =
        Checkpoint::parse(&note).ok_or_else(|| source.wrong("a checkpoint", "something else".to_owned()))?;
    if index >= checkpoint.size {
        let found = format!("one of {} entries", checkpoint.size);
        return Err(source.wrong("a tree that has the entry", found));
    }
    let log_id = known.iter().find(|id| id.starts_with(&checkpoint.key_id));
    let log_id =
        log_id.ok_or_else(|| source.wrong("a checkpoint of a log that is trusted", "another one".to_owned()))?;
    let body = body(source, index, checkpoint.size)?;
    let mut tree = Tree {
        source,
        size: checkpoint.size,
        tiles: BTreeMap::new(),
    };
    let proof = tree.inclusion_proof(index)?;
    if root(index, checkpoint.size, leaf_hash(&body), &proof) != Some(checkpoint.root) {
        return Err(source.wrong("tiles that lead to the root of the checkpoint", "others".to_owned()));
    }
    let kind: Value = serde_json::from_slice(&body).unwrap_or_default();
    let hashes: Vec<String> = proof.iter().map(|hash| STANDARD.encode(hash)).collect();
    Ok(json!({
        "logIndex": index.to_string(),
        "logId": { "keyId": STANDARD.encode(log_id) },
        "kindVersion": { "kind": kind["kind"], "version": kind["apiVersion"] },
        "integratedTime": "0",
        "inclusionPromise": null,
        "inclusionProof": {
            "logIndex": index.to_string(),
            "rootHash": STANDARD.encode(checkpoint.root),
            "treeSize": checkpoint.size.to_string(),
            "hashes": hashes,
            "checkpoint": { "envelope": String::from_utf8_lossy(&note) },
        },
        "canonicalizedBody": STANDARD.encode(body),
    }))
}

/// The root of a tree, by whoever signed it first. The signature is checked by whoever verifies the bundle.
struct Checkpoint {
    size: u64,
    root: Hash,
    key_id: [u8; 4],
}

impl Checkpoint {
    fn parse(note: &[u8]) -> Option<Self> {
        let (body, signatures) = std::str::from_utf8(note).ok()?.split_once("\n\n")?;
        let mut lines = body.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let own = signatures
            .lines()
            .filter_map(|line| line.strip_prefix("\u{2014} ")?.rsplit_once(' '));
        let key_id = own.into_iter().find_map(|(name, signature)| {
            let bytes = STANDARD.decode(signature).ok()?;
            (name == origin).then(|| bytes.first_chunk().copied())?
        });
        Some(Self {
            size: size.parse().ok().filter(|size| *size <= MAX_TREE_SIZE)?,
            root: STANDARD.decode(root).ok()?.try_into().ok()?,
            key_id: key_id?,
        })
    }
}

/// Bundles of entries: each behind its length in two bytes.
fn body<S: Source>(source: &S, index: u64, size: u64) -> Result<Vec<u8>, S::Error> {
    let path = format!("tile/entries/{}", tile_path(index / TILE_WIDTH, size));
    let bundle = source.get(&path)?;
    let mut rest = bundle.as_slice();
    for place in 0..=index % TILE_WIDTH {
        let entry = rest
            .split_first_chunk::<2>()
            .and_then(|(length, after)| after.split_at_checked(usize::from(u16::from_be_bytes(*length))));
        let Some((entry, after)) = entry else {
            return Err(source.wrong("a bundle of entries that has the entry", format!("one of {place}")));
        };
        if place == index % TILE_WIDTH {
            return Ok(entry.to_vec());
        }
        rest = after;
    }
    Err(source.wrong("a bundle of entries", "none".to_owned()))
}

/// The number of a tile at a level of which there are `count` hashes, and how wide it is unless it is full.
fn tile_path(number: u64, count: u64) -> String {
    let mut path = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    match count.saturating_sub(number * TILE_WIDTH) {
        width if width < TILE_WIDTH => format!("{path}.p/{width}"),
        _ => path,
    }
}

struct Tree<'a, S> {
    source: &'a S,
    size: u64,
    tiles: BTreeMap<(u32, u64), Vec<u8>>,
}

impl<S: Source> Tree<'_, S> {
    /// The hashes that lead from a leaf to the root, from the leaf on.
    fn inclusion_proof(&mut self, index: u64) -> Result<Vec<Hash>, S::Error> {
        let mut proof = Vec::new();
        let (mut from, mut until) = (0, self.size);
        while until - from > 1 {
            let middle = from + split(until - from);
            if index < middle {
                proof.push(self.hash_of(middle, until)?);
                until = middle;
            } else {
                proof.push(self.hash_of(from, middle)?);
                from = middle;
            }
        }
        proof.reverse();
        Ok(proof)
    }

    /// The hash over the leaves from `from` to before `until`, a range that occurs in the tree.
    fn hash_of(&mut self, from: u64, until: u64) -> Result<Hash, S::Error> {
        let size = until - from;
        if size.is_power_of_two() && from.is_multiple_of(size) {
            return self.complete(size.trailing_zeros(), from);
        }
        let middle = from + split(size);
        Ok(node_hash(&self.hash_of(from, middle)?, &self.hash_of(middle, until)?))
    }

    /// The hash of a complete subtree of this height: the highest level of tiles below it has some of its hashes in one tile.
    fn complete(&mut self, height: u32, from: u64) -> Result<Hash, S::Error> {
        let (level, above) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
        let place = from >> (level * TILE_HEIGHT);
        let tile = self.tile(level, place / TILE_WIDTH)?;
        let first = usize::try_from(place % TILE_WIDTH).unwrap_or(usize::MAX);
        let (hashes, _) = tile.as_chunks::<HASH_BYTES>();
        let found = hashes
            .get(first..first.saturating_add(1 << above))
            .map(<[Hash]>::to_vec);
        let wrong = || {
            self.source
                .wrong("a tile that has the hash", "a shorter one".to_owned())
        };
        let mut row = found.ok_or_else(wrong)?;
        while row.len() > 1 {
            row = row.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        Ok(row[0])
    }

    fn tile(&mut self, level: u32, number: u64) -> Result<&[u8], S::Error> {
        if !self.tiles.contains_key(&(level, number)) {
            let count = self.size >> (level * TILE_HEIGHT);
            let tile = self.source.get(&format!("tile/{level}/{}", tile_path(number, count)))?;
            self.tiles.insert((level, number), tile);
        }
        Ok(&self.tiles[&(level, number)])
    }
}

/// Where a leaf and its proof lead; none when the proof is of another length (RFC 9162, section 2.1.3.2).
fn root(index: u64, size: u64, leaf: Hash, proof: &[Hash]) -> Option<Hash> {
    let (mut place, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(sibling, &hash);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

fn leaf_hash(body: &[u8]) -> Hash {
    hash(&[&[0], body])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[1], left, right])
}

fn hash(parts: &[&[u8]]) -> Hash {
    *sigstore_crypto::sha256(&parts.concat()).as_bytes()
}

/// The largest power of two below `size`, which is at least two.
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A log as the specification has it: every hash of every level, and no proof.
    struct Log {
        bodies: Vec<Vec<u8>>,
        levels: Vec<Vec<Hash>>,
        asked: Cell<usize>,
        /// What is changed in what it answers: a path, and the byte.
        lie: Option<(&'static str, usize)>,
    }

    impl Log {
        fn of(size: u64) -> Self {
            let body =
                |number: u64| format!(r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","n":{number}}}"#).into_bytes();
            let bodies: Vec<Vec<u8>> = (0..size).map(body).collect();
            let mut levels = vec![bodies.iter().map(|body| leaf_hash(body)).collect::<Vec<_>>()];
            while levels.last().is_some_and(|level| level.len() > 1) {
                let (pairs, _) = levels[levels.len() - 1].as_chunks::<2>();
                levels.push(pairs.iter().map(|[left, right]| node_hash(left, right)).collect());
            }
            let (asked, lie) = (Cell::new(0), None);
            Self {
                bodies,
                levels,
                asked,
                lie,
            }
        }

        /// RFC 6962 word by word.
        fn root(leaves: &[Hash]) -> Hash {
            match leaves {
                [leaf] => *leaf,
                _ => {
                    let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                    node_hash(&Self::root(left), &Self::root(right))
                }
            }
        }

        fn answer(&self, path: &str) -> Vec<u8> {
            if path == "checkpoint" {
                let root = STANDARD.encode(Self::root(&self.levels[0]));
                let signature = STANDARD.encode([1, 2, 3, 4, 5]);
                let size = self.bodies.len();
                return format!("log.example.com\n{size}\n{root}\n\n\u{2014} log.example.com {signature}\n")
                    .into_bytes();
            }
            let (kind, place) = path.strip_prefix("tile/").unwrap().split_once('/').unwrap();
            let (number, width) = place.split_once(".p/").map_or((place, 256), |(number, width)| {
                (number, width.parse::<usize>().unwrap())
            });
            let number: usize = number.replace(['x', '/'], "").parse().unwrap();
            let range = number * 256..number * 256 + width;
            match kind {
                "entries" => self.bodies[range]
                    .iter()
                    .flat_map(|body| [&u16::try_from(body.len()).unwrap().to_be_bytes()[..], body].concat())
                    .collect(),
                level => self.levels[8 * level.parse::<usize>().unwrap()][range].concat(),
            }
        }
    }

    impl Source for Log {
        type Error = String;

        fn get(&self, path: &str) -> Result<Vec<u8>, String> {
            self.asked.set(self.asked.get() + 1);
            let mut answer = self.answer(path);
            if let Some((_, place)) = self.lie.filter(|(changed, _)| path.starts_with(changed)) {
                answer[place] ^= 1;
            }
            Ok(answer)
        }

        fn wrong(&self, expected: &'static str, found: String) -> String {
            format!("expected {expected}, found {found}")
        }
    }

    fn known() -> Vec<Vec<u8>> {
        vec![vec![9; 32], [&[1, 2, 3, 4][..], &[7; 28]].concat()]
    }

    #[test]
    fn every_entry_is_read_back_with_a_proof_that_leads_to_the_root() {
        for size in [1, 2, 3, 255, 256, 257, 300, 512, 70_000] {
            let log = Log::of(size);
            for index in [0, 1, 254, 255, 256, 299, 65_535, 65_536, size - 1] {
                if index >= size {
                    continue;
                }
                log.asked.set(0);
                let entry = entry(&log, index, &known()).unwrap();
                assert_eq!(entry["logIndex"], index.to_string());
                assert_eq!(entry["logId"]["keyId"], STANDARD.encode(&known()[1]));
                assert_eq!(
                    entry["kindVersion"],
                    json!({ "kind": "hashedrekord", "version": "0.0.2" })
                );
                let body = STANDARD.encode(&log.bodies[usize::try_from(index).unwrap()]);
                assert_eq!(entry["canonicalizedBody"], body);
                assert!(log.asked.get() <= 8, "{size} {index}: {}", log.asked.get());
            }
        }
    }

    #[test]
    fn a_log_that_contradicts_itself_is_not_believed() {
        for (path, place) in [("tile/entries/001", 3), ("tile/0/001", 40), ("tile/1/000", 3)] {
            let mut log = Log::of(300);
            log.lie = Some((path, place));
            let error = entry(&log, 256, &known()).unwrap_err();
            assert_eq!(
                error, "expected tiles that lead to the root of the checkpoint, found others",
                "{path}"
            );
        }
    }

    #[test]
    fn an_entry_that_is_not_there_and_a_log_that_nobody_knows_are_told() {
        let log = Log::of(5);
        assert_eq!(
            entry(&log, 5, &known()).unwrap_err(),
            "expected a tree that has the entry, found one of 5 entries"
        );
        assert_eq!(
            entry(&log, 4, &known()[..1]).unwrap_err(),
            "expected a checkpoint of a log that is trusted, found another one"
        );
        let mut log = Log::of(5);
        log.lie = Some(("checkpoint", 0));
        let error = entry(&log, 4, &known()).unwrap_err();
        assert_eq!(error, "expected a checkpoint, found something else");
    }

    #[test]
    fn numbers_of_tiles_stand_in_groups_of_three_digits() {
        assert_eq!(tile_path(0, 5), "000.p/5");
        assert_eq!(tile_path(0, 256), "000");
        assert_eq!(tile_path(1_234_067, u64::MAX), "x001/x234/067");
        assert_eq!(tile_path(1000, 1000 * 256 + 1), "x001/000.p/1");
    }
}
