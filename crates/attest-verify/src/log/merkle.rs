use crate::Rejection;
use crate::crypto::sha256_of;

/// What is hashed before a leaf and before a node, so that none passes for the other. Source: RFC 6962, section 2.1.
const LEAF: &[u8] = &[0];
const NODE: &[u8] = &[1];

/// That the entry at `index` of a tree of `size` entries leads over `path` to `root`. Source: RFC 9162, section 2.1.3.2.
pub(super) fn check_included(
    entry: &[u8],
    (index, size): (u64, u64),
    path: &[[u8; 32]],
    root: &[u8; 32],
) -> Result<(), Rejection> {
    if index >= size {
        return Err(invalid(format!("expected an index below {size}, found {index}")));
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = sha256_of(&[LEAF, entry]);
    for sibling in path {
        if last == 0 {
            return Err(invalid("expected a shorter path".to_owned()));
        }
        if node & 1 == 1 || node == last {
            hash = sha256_of(&[NODE, sibling, &hash]);
            // The last node of a level that has no sibling goes up as it is.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = sha256_of(&[NODE, &hash, sibling]);
        }
        node >>= 1;
        last >>= 1;
    }
    match last == 0 && hash == *root {
        true => Ok(()),
        false => Err(invalid("the path leads to another root".to_owned())),
    }
}

fn invalid(detail: String) -> Rejection {
    Rejection::InclusionProofInvalid { detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The tree as RFC 6962, section 2.1 defines it: slow and obvious.
    fn root(entries: &[Vec<u8>]) -> [u8; 32] {
        match entries {
            [] => sha256_of(&[]),
            [entry] => sha256_of(&[LEAF, entry]),
            _ => {
                let (left, right) = entries.split_at(split(entries.len()));
                sha256_of(&[NODE, &root(left), &root(right)])
            }
        }
    }

    fn path(index: usize, entries: &[Vec<u8>]) -> Vec<[u8; 32]> {
        if entries.len() <= 1 {
            return Vec::new();
        }
        let (left, right) = entries.split_at(split(entries.len()));
        let (mut path, sibling) = match index < left.len() {
            true => (path(index, left), root(right)),
            false => (path(index - left.len(), right), root(left)),
        };
        path.push(sibling);
        path
    }

    /// The largest power of two below the length.
    fn split(length: usize) -> usize {
        length.next_power_of_two() / 2
    }

    fn entries(length: usize) -> Vec<Vec<u8>> {
        (0..length).map(|number| number.to_be_bytes().to_vec()).collect()
    }

    #[test]
    fn every_entry_of_every_small_tree_is_included() {
        for size in 1..70 {
            let entries = entries(size);
            let root = root(&entries);
            for index in 0..size {
                let path = path(index, &entries);
                let place = (index as u64, size as u64);
                assert_eq!(
                    check_included(&entries[index], place, &path, &root),
                    Ok(()),
                    "{index} of {size}"
                );
            }
        }
    }

    #[test]
    fn no_path_leads_out_of_the_largest_tree() {
        let place = (u64::MAX - 1, u64::MAX);
        for length in [0, 1, 63, 64, 65, 200] {
            let path = vec![[7; 32]; length];
            assert!(check_included(b"entry", place, &path, &[0; 32]).is_err());
            assert!(check_included(b"entry", (u64::MAX, u64::MAX), &path, &[0; 32]).is_err());
        }
    }

    proptest! {
        #[test]
        fn another_index_size_path_or_entry_is_not_included(
            size in 1..40_usize, place in any::<usize>(), other in any::<u64>(), bit in 0..256_usize,
        ) {
            let entries = entries(size);
            let (root, index) = (root(&entries), place % size);
            let path = path(index, &entries);
            let check = |entry: &[u8], place, path: &[[u8; 32]]| check_included(entry, place, path, &root).is_ok();
            let (here, length) = (index as u64, size as u64);
            prop_assert!(!check(b"other", (here, length), &path));
            prop_assert_eq!(check(&entries[index], (other % 50, length), &path), other % 50 == here);
            prop_assert!(!check(&entries[index], (here, length), &[&path[..], &[[0; 32]]].concat()));
            if let Some(last) = path.len().checked_sub(1) {
                prop_assert!(!check(&entries[index], (here, length), &path[..last]));
                let mut changed = path.clone();
                changed[bit % path.len()][bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!check(&entries[index], (here, length), &changed));
            }
        }

        #[test]
        fn nothing_makes_it_panic(index in any::<u64>(), size in any::<u64>(), length in 0..100_usize) {
            let _ = check_included(b"entry", (index, size), &vec![[1; 32]; length], &[0; 32]);
        }
    }
}
