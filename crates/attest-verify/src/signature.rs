//! The signature itself, over an artifact's digest or over an envelope.

use attest_digest::{Algorithm, Digest};

use crate::crypto::{Hash, Scheme, VerificationKey};
use crate::token::token;
use crate::{AtHand, Rejection};

token! {
    /// The signature is by the key of the signer, over the artifact's digest or the pre-authentication encoding of the
    /// statement's envelope.
    SignatureValid
}

/// What is said to be signed, and how it may be.
pub(crate) struct Claim<'a> {
    pub(crate) key: &'a VerificationKey,
    pub(crate) signature: &'a [u8],
    /// Whether every log entry is of a kind that the log verifies in this way.
    pub(crate) is_logged_so: &'a dyn Fn(Scheme) -> bool,
}

impl Claim<'_> {
    fn schemes(&self) -> impl Iterator<Item = Scheme> {
        let schemes = self.key.schemes().iter().copied();
        schemes.filter(|scheme| (self.is_logged_so)(*scheme))
    }
}

/// That the key signed these bytes.
pub(crate) fn check_message(claim: &Claim<'_>, message: &[u8]) -> Result<SignatureValid, Rejection> {
    let mut schemes = claim.schemes();
    match schemes.any(|scheme| claim.key.verifies(scheme, message, claim.signature)) {
        true => Ok(SignatureValid { _private: () }),
        false => Err(invalid()),
    }
}

/// That the key signed an artifact of one of these digests, and of which.
pub(crate) fn check_artifact(
    claim: &Claim<'_>,
    digests: &[Digest],
    at_hand: AtHand<'_>,
) -> Result<(Digest, SignatureValid), Rejection> {
    let (mut is_fit, mut is_plain) = (false, false);
    for scheme in claim.schemes() {
        let Some(hash) = scheme.hash() else {
            is_plain = true;
            continue;
        };
        let fit = |digest: &&Digest| Hash::of_algorithm(digest.algorithm()) == Some(hash);
        let Some(digest) = digests.iter().find(fit) else {
            continue;
        };
        is_fit = true;
        let imported = Hash::import(digest);
        if imported.is_some_and(|imported| claim.key.verifies_digest(scheme, &imported, claim.signature)) {
            return Ok((digest.clone(), SignatureValid { _private: () }));
        }
    }
    match (is_plain, is_fit) {
        (true, _) => check_bytes(claim, digests, at_hand),
        (false, true) => Err(invalid()),
        (false, false) => Err(unfit(claim.key, digests)),
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

/// Plain Ed25519 signs bytes. They stand for their digest only after it was computed from them.
fn check_bytes(
    claim: &Claim<'_>,
    digests: &[Digest],
    at_hand: AtHand<'_>,
) -> Result<(Digest, SignatureValid), Rejection> {
    let AtHand::Bytes(bytes) = at_hand else {
        return Err(Rejection::DigestAlone);
    };
    let own = digests_of(bytes);
    let digest = digests.iter().find(|digest| own.contains(digest));
    match digest.filter(|_| claim.key.verifies(Scheme::Ed25519, bytes, claim.signature)) {
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
