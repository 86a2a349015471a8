//! The only module that names the cryptographic libraries. Keys and digests in; whether a signature is by that key, out.

mod key;
mod memory;
mod prehashed;
mod spki;

use attest_digest::{Algorithm, Digest};
use aws_lc_rs::digest;

pub(crate) use key::{KeyAlgorithm, Padding, Scheme, VerificationKey};
pub(crate) use memory::{Fingerprint, Memory};

/// A hash function that signatures here may be made over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// The function of this algorithm, if signatures here may be made over it.
    pub(crate) fn of_algorithm(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::Sha256 => Some(Self::Sha256),
            Algorithm::Sha384 => Some(Self::Sha384),
            Algorithm::Sha512 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// A digest that was computed elsewhere.
    pub(crate) fn import(digest: &Digest) -> Option<digest::Digest> {
        let hash = Self::of_algorithm(digest.algorithm())?;
        digest::Digest::import_less_safe(digest.as_bytes(), hash.algorithm()).ok()
    }

    pub(crate) fn of(self, bytes: &[u8]) -> digest::Digest {
        digest::digest(self.algorithm(), bytes)
    }
}

/// The SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha256_of(&[bytes])
}

/// The SHA-256 of some bytes, given in parts.
pub(crate) fn sha256_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The SHA-1 of some bytes: names a certificate in old timestamps, and is never evidence alone.
pub(crate) fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes)
        .as_ref()
        .to_vec()
}
