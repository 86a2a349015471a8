use sha2::{Digest, Sha256};

/// A hash in the tree.
pub(crate) type Hash = [u8; 32];

/// Hashes in a full tile (C2SP tlog-tiles).
const TILE_WIDTH: u64 = 256;

/// An append-only Merkle tree (RFC 6962, section 2.1). It remembers the root of every complete subtree.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Adds a leaf and returns its index.
    pub(crate) fn append(&mut self, leaf: Hash) -> u64 {
        let index = self.size();
        self.push(0, leaf);
        index
    }

    fn push(&mut self, level: usize, hash: Hash) {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(hash);
        if let [.., left, right] = self.levels[level][..]
            && self.levels[level].len().is_multiple_of(2)
        {
            self.push(level + 1, node_hash(&left, &right));
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    pub(crate) fn root(&self) -> Hash {
        match self.size() {
            0 => Sha256::digest(b"").into(),
            size => self.hash_of(0, size),
        }
    }

    /// The hashes that lead from a leaf to the root of the tree as it is.
    pub(crate) fn inclusion_proof(&self, index: u64) -> Vec<Hash> {
        let mut proof = Vec::new();
        let (mut from, mut until) = (0, self.size());
        while until - from > 1 {
            let middle = from + split(until - from);
            if index < middle {
                proof.push(self.hash_of(middle, until));
                until = middle;
            } else {
                proof.push(self.hash_of(from, middle));
                from = middle;
            }
        }
        proof.reverse();
        proof
    }

    /// The hashes that show that the tree of `first` leaves is a beginning of the tree of `second` (RFC 6962, 2.1.2).
    /// None unless `0 < first <= second <= size`.
    pub(crate) fn consistency_proof(&self, first: u64, second: u64) -> Option<Vec<Hash>> {
        if first == 0 || first > second || second > self.size() {
            return None;
        }
        let mut proof = Vec::new();
        let (mut from, mut until, mut known) = (0, second, true);
        while first != until {
            let middle = from + split(until - from);
            if first <= middle {
                proof.push(self.hash_of(middle, until));
                until = middle;
            } else {
                proof.push(self.hash_of(from, middle));
                (from, known) = (middle, false);
            }
        }
        if !known {
            proof.push(self.hash_of(from, until));
        }
        proof.reverse();
        Some(proof)
    }

    /// A tile of `width` hashes, which is full at 256. None when the tree has not grown that far.
    pub(crate) fn tile(&self, level: u8, number: u64, width: u64) -> Option<Vec<u8>> {
        let hashes = self.levels.get(usize::from(level).checked_mul(8)?)?;
        if width == 0 || width > TILE_WIDTH {
            return None;
        }
        let from = usize::try_from(number.checked_mul(TILE_WIDTH)?).ok()?;
        let until = from.checked_add(usize::try_from(width).ok()?)?;
        Some(hashes.get(from..until)?.concat())
    }

    /// The hash of the leaves from `from` to before `until`, a range that occurs in the tree.
    fn hash_of(&self, from: u64, until: u64) -> Hash {
        let size = until - from;
        if size.is_power_of_two() && from.is_multiple_of(size) {
            let level = size.trailing_zeros();
            return self.levels[level as usize][(from >> level) as usize];
        }
        let middle = from + split(size);
        node_hash(&self.hash_of(from, middle), &self.hash_of(middle, until))
    }
}

/// The hash of an entry as a leaf.
pub(crate) fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new_with_prefix([0]).chain_update(entry).finalize().into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The largest power of two below `size`, which is at least two.
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
    }

    fn tree(count: u64) -> Tree {
        let mut tree = Tree::default();
        for leaf in leaves(count) {
            tree.append(leaf);
        }
        tree
    }

    /// RFC 6962 word by word, without memory.
    fn slow_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest(b"").into(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                node_hash(&slow_root(left), &slow_root(right))
            }
        }
    }

    /// RFC 9162, section 2.1.3.2.
    fn root_from_proof(index: u64, size: u64, leaf: Hash, proof: &[Hash]) -> Hash {
        let (mut place, mut last, mut hash) = (index, size - 1, leaf);
        for sibling in proof {
            assert_ne!(last, 0, "the proof is too long");
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
        assert_eq!(last, 0, "the proof is too short");
        hash
    }

    /// RFC 9162, section 2.1.4.2.
    fn roots_from_consistency(first: u64, second: u64, first_root: Hash, proof: &[Hash]) -> (Hash, Hash) {
        let mut hashes = proof.to_vec();
        if first.is_power_of_two() {
            hashes.insert(0, first_root);
        }
        let (mut place, mut last) = (first - 1, second - 1);
        while place & 1 == 1 {
            (place, last) = (place >> 1, last >> 1);
        }
        let (mut old, mut new) = (hashes[0], hashes[0]);
        for hash in &hashes[1..] {
            assert_ne!(last, 0, "the proof is too long");
            if place & 1 == 1 || place == last {
                old = node_hash(hash, &old);
                new = node_hash(hash, &new);
                while place & 1 == 0 && place != 0 {
                    (place, last) = (place >> 1, last >> 1);
                }
            } else {
                new = node_hash(&new, hash);
            }
            (place, last) = (place >> 1, last >> 1);
        }
        assert_eq!(last, 0, "the proof is too short");
        (old, new)
    }

    #[test]
    fn roots_are_those_of_the_definition() {
        for count in 0..70 {
            assert_eq!(tree(count).root(), slow_root(&leaves(count)), "{count} leaves");
        }
    }

    #[test]
    fn every_inclusion_proof_leads_to_the_root() {
        for count in 1..70 {
            let tree = tree(count);
            for (index, leaf) in (0..).zip(leaves(count)) {
                let proof = tree.inclusion_proof(index);
                assert_eq!(
                    root_from_proof(index, count, leaf, &proof),
                    tree.root(),
                    "leaf {index} of {count}"
                );
            }
        }
    }

    #[test]
    fn every_consistency_proof_leads_to_both_roots() {
        let tree = tree(40);
        for second in 1..=40 {
            for first in 1..second {
                let proof = tree.consistency_proof(first, second).unwrap();
                let old = slow_root(&leaves(first));
                let expected = (old, slow_root(&leaves(second)));
                assert_eq!(
                    roots_from_consistency(first, second, old, &proof),
                    expected,
                    "{first} to {second}"
                );
            }
            assert_eq!(tree.consistency_proof(second, second), Some(Vec::new()));
        }
        assert_eq!(tree.consistency_proof(0, 5), None);
        assert_eq!(tree.consistency_proof(5, 41), None);
    }

    #[test]
    fn tiles_hold_the_hashes_of_their_level() {
        let tree = tree(300);
        assert_eq!(tree.tile(0, 0, 256).unwrap(), leaves(256).concat());
        assert_eq!(tree.tile(0, 1, 44).unwrap(), leaves(300)[256..].concat());
        assert_eq!(tree.tile(1, 0, 1).unwrap(), slow_root(&leaves(256)));
        assert_eq!(tree.tile(0, 1, 45), None);
        assert_eq!(tree.tile(0, 0, 257), None);
        assert_eq!(tree.tile(0, u64::MAX, 1), None);
    }
}
