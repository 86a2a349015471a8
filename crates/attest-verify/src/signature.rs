//! The signature itself, over an artifact's digest or over an envelope.

use attest_digest::{Algorithm, Digest};

use crate::crypto::{Hash, KeyAlgorithm, Scheme, VerificationKey};
use crate::token::token;
use crate::{AtHand, Rejection};

token! {
    /// The signature is by the key of the signer, over the artifact's digest or the pre-authentication encoding of the
    /// statement's envelope.
    SignatureValid
}

/// That the key signed these bytes.
pub(crate) fn check_message(
    key: &VerificationKey,
    message: &[u8],
    signature: &[u8],
) -> Result<SignatureValid, Rejection> {
    let schemes = key.schemes().iter();
    match schemes
        .into_iter()
        .any(|scheme| key.verifies(*scheme, message, signature))
    {
        true => Ok(SignatureValid { _private: () }),
        false => Err(invalid()),
    }
}

/// That the key signed an artifact of one of these digests, and of which.
pub(crate) fn check_artifact(
    key: &VerificationKey,
    digests: &[Digest],
    at_hand: AtHand<'_>,
    signature: &[u8],
) -> Result<(Digest, SignatureValid), Rejection> {
    if key.algorithm() == KeyAlgorithm::Ed25519 {
        return check_bytes(key, digests, at_hand, signature);
    }
    let mut is_fit = false;
    for scheme in key.schemes() {
        let fit = |digest: &&Digest| {
            scheme
                .hash()
                .is_some_and(|hash| Hash::of_algorithm(digest.algorithm()) == Some(hash))
        };
        let Some(digest) = digests.iter().find(fit) else {
            continue;
        };
        is_fit = true;
        let valid = Hash::import(digest).is_some_and(|imported| key.verifies_digest(*scheme, &imported, signature));
        if valid {
            return Ok((digest.clone(), SignatureValid { _private: () }));
        }
    }
    match is_fit {
        true => Err(invalid()),
        false => Err(unfit(key, digests)),
    }
}

/// The digests of bytes that are at hand, by every function that signatures are made over.
pub(crate) fn digests_of(bytes: &[u8]) -> Vec<Digest> {
    let algorithms = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];
    let digest = |algorithm| {
        let hash = Hash::of_algorithm(algorithm)?;
        Digest::from_bytes(algorithm, hash.of(bytes).as_ref()).ok()
    };
    algorithms.into_iter().filter_map(digest).collect()
}

/// Ed25519 signs bytes. They stand for their digest only after it was computed from them.
fn check_bytes(
    key: &VerificationKey,
    digests: &[Digest],
    at_hand: AtHand<'_>,
    signature: &[u8],
) -> Result<(Digest, SignatureValid), Rejection> {
    let AtHand::Bytes(bytes) = at_hand else {
        return Err(Rejection::DigestAlone);
    };
    let own = digests_of(bytes);
    let digest = digests.iter().find(|digest| own.contains(digest));
    match digest.filter(|_| key.verifies(Scheme::Ed25519, bytes, signature)) {
        Some(digest) => Ok((digest.clone(), SignatureValid { _private: () })),
        None => Err(invalid()),
    }
}

fn unfit(key: &VerificationKey, digests: &[Digest]) -> Rejection {
    let names: Vec<&str> = digests.iter().map(|digest| digest.algorithm().name()).collect();
    Rejection::Unsupported {
        detail: format!("a signature of {:?} over {}", key.algorithm(), names.join(", ")),
    }
}

fn invalid() -> Rejection {
    Rejection::SignatureInvalid {
        detail: "another key, or something else was signed".to_owned(),
    }
}
