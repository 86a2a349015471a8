use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin};
use aws_lc_rs::signature::Ed25519KeyPair;
use ed25519_dalek::ed25519::signature::digest;
use ed25519_dalek::ed25519::signature::digest::consts::U64;
use ed25519_dalek::ed25519::signature::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};
use ed25519_dalek::{SecretKey, SigningKey};

use crate::{Error, Port};

/// Signs a SHA-512 digest by Ed25519ph with an empty context, which aws-lc-rs does not offer.
///
/// Source: RFC 8032, section 5.1.
pub(super) fn sign(pair: &Ed25519KeyPair, digest: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = || Error::port(Port::Key, "the key does not sign");
    let seed = pair.seed().map_err(|_| failed())?;
    let seed: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(|_| failed())?;
    let seed = SecretKey::try_from(seed.as_ref()).map_err(|_| failed())?;
    let finished = Finished(digest.try_into().map_err(|_| failed())?);
    let signature = SigningKey::from_bytes(&seed).sign_prehashed(finished, None);
    Ok(signature.map_err(|_| failed())?.to_vec())
}

/// A hash that was finished elsewhere, for an interface that finishes hashes itself.
#[derive(Clone)]
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

const _: fn() = || {
    fn is_digest<D: digest::Digest<OutputSize = U64>>() {}
    is_digest::<Finished>();
};

#[cfg(test)]
mod tests {
    use attest_digest::{Algorithm, Algorithms, Measured};

    use super::*;

    /// RFC 8032, section 7.3.
    const SEED: &str = "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42";
    const SIGNATURE: &str = "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406";

    fn bytes(hex: &str) -> Vec<u8> {
        let pair = |place: usize| u8::from_str_radix(&hex[place..place + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(pair).collect()
    }

    #[test]
    fn the_vector_of_the_rfc_is_met() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&bytes(SEED)).unwrap();
        let measured = Measured::of_bytes(b"abc", &Algorithms::one(Algorithm::Sha512));
        let digest = measured.digest(Algorithm::Sha512).unwrap();
        assert_eq!(sign(&pair, digest.as_bytes()).unwrap(), bytes(SIGNATURE));
    }

    #[test]
    fn a_digest_of_another_length_is_not_signed() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&bytes(SEED)).unwrap();
        let error = sign(&pair, &[0; 32]).unwrap_err();
        assert!(matches!(error, Error::Port { port: Port::Key, .. }), "{error}");
    }
}
