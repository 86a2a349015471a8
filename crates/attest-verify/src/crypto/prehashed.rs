use ed25519_dalek::ed25519::signature::digest::consts::U64;
use ed25519_dalek::ed25519::signature::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};
use ed25519_dalek::{Signature, VerifyingKey};

/// 2^255 − 19, little-endian.
const FIELD_PRIME: [u8; 32] = {
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    prime
};

/// Whether a signature is Ed25519ph with an empty context, over a SHA-512 digest.
///
/// There is one encoding of each key and each signature, and no key of small order: such a key signs anything.
///
/// Source: RFC 8032, sections 5.1.3 and 5.1.7.
pub(super) fn verifies(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = <&[u8; 32]>::try_from(key) else {
        return false;
    };
    let (Ok(digest), Ok(signature)) = (<[u8; 64]>::try_from(digest), Signature::from_slice(signature)) else {
        return false;
    };
    let key = VerifyingKey::from_bytes(key).ok().filter(|_| is_canonical(key));
    key.is_some_and(|key| key.verify_prehashed_strict(Finished(digest), None, &signature).is_ok())
}

/// Whether the coordinate is below the prime. The bit above it is the sign of the other one.
fn is_canonical(key: &[u8; 32]) -> bool {
    let mut coordinate = *key;
    coordinate[31] &= 0x7f;
    coordinate.iter().rev().lt(FIELD_PRIME.iter().rev())
}

/// A hash that was finished elsewhere, for an interface that finishes hashes itself.
struct Finished([u8; 64]);

impl Default for Finished {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl HashMarker for Finished {}

impl OutputSizeUser for Finished {
    type OutputSize = U64;
}

impl Update for Finished {
    fn update(&mut self, _: &[u8]) {
        unreachable!("a finished hash takes nothing more")
    }
}

impl FixedOutput for Finished {
    fn finalize_into(self, out: &mut Output<Self>) {
        out.copy_from_slice(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Digest as _, Sha512, Signer as _, SigningKey};

    use super::*;
    use crate::crypto::Hash;

    /// RFC 8032, section 7.3.
    const KEY: &str = "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf";
    const SIGNATURE: &str = "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406";

    fn digest(message: &[u8]) -> Vec<u8> {
        Hash::Sha512.of(message).as_ref().to_vec()
    }

    fn vector() -> (Vec<u8>, Vec<u8>) {
        (hex::decode(KEY).unwrap(), hex::decode(SIGNATURE).unwrap())
    }

    #[test]
    fn the_vector_of_the_rfc_is_accepted_and_nothing_beside_it() {
        let (key, signature) = vector();
        assert!(verifies(&key, &digest(b"abc"), &signature));
        assert!(!verifies(&key, &digest(b"abd"), &signature));
        for place in 0..64 {
            let mut changed = signature.clone();
            changed[place] ^= 1;
            assert!(!verifies(&key, &digest(b"abc"), &changed), "{place}");
        }
        assert!(!verifies(&key, &digest(b"abc")[..32], &signature));
        assert!(!verifies(&key, &digest(b"abc"), &signature[..63]));
        assert!(!verifies(&key[..31], &digest(b"abc"), &signature));
    }

    #[test]
    fn neither_a_plain_signature_nor_one_with_a_context_is_accepted() {
        let key = SigningKey::from_bytes(&[5; 32]);
        let public = key.verifying_key();
        let hashed = || Sha512::new_with_prefix(b"abc");
        let good = key.sign_prehashed(hashed(), None).unwrap();
        assert!(verifies(public.as_bytes(), &digest(b"abc"), &good.to_bytes()));
        for other in [
            key.sign(b"abc"),
            key.sign(&digest(b"abc")),
            key.sign_prehashed(hashed(), Some(b"another context")).unwrap(),
        ] {
            assert!(!verifies(public.as_bytes(), &digest(b"abc"), &other.to_bytes()));
        }
    }

    /// The neutral element as key and as commitment, and nothing as response: the equation holds for every message.
    #[test]
    fn a_key_of_small_order_signs_nothing() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let signature = [&neutral[..], &[0; 32]].concat();
        assert!(!verifies(&neutral, &digest(b"abc"), &signature));
        let relaxed = VerifyingKey::from_bytes(&neutral).unwrap();
        let signature = Signature::from_slice(&signature).unwrap();
        let hashed = Sha512::new_with_prefix(b"abc");
        assert!(relaxed.verify_prehashed(hashed, None, &signature).is_ok());
    }

    #[test]
    fn a_number_has_one_encoding() {
        let (key, signature) = vector();
        // The response and the order of the group (RFC 8032, section 5.1).
        let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
        let mut carry = 0;
        let mut beyond = signature.clone();
        for (byte, part) in beyond[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(part) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        assert!(!verifies(&key, &digest(b"abc"), &beyond));
        for (last, expected) in [(0xec, true), (0xed, false), (0xff, false)] {
            let mut coordinate = FIELD_PRIME;
            coordinate[0] = last;
            assert_eq!(is_canonical(&coordinate), expected);
            coordinate[31] |= 0x80;
            assert_eq!(is_canonical(&coordinate), expected);
        }
    }
}
