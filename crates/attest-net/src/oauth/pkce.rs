use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{Error, Secret};

/// The proof that who redeems a code is who asked for it (RFC 7636, method S256).
pub(super) struct Pkce {
    verifier: Secret,
    challenge: String,
}

impl Pkce {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self::of(nonce()?))
    }

    fn of(verifier: Secret) -> Self {
        let hash = digest(&SHA256, verifier.expose().as_bytes());
        Self {
            challenge: URL_SAFE_NO_PAD.encode(hash.as_ref()),
            verifier,
        }
    }

    /// Shown to nobody before the code is there.
    pub(super) fn verifier(&self) -> &str {
        self.verifier.expose()
    }

    pub(super) fn challenge(&self) -> &str {
        &self.challenge
    }
}

/// 256 bits that nobody can guess, as 43 letters (the shortest that RFC 7636 allows for a verifier).
pub(super) fn nonce() -> Result<Secret, Error> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::Client {
        detail: "the system gives no random numbers".to_owned(),
    })?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_example_in_the_specification() {
        // RFC 7636, appendix B.
        let pkce = Pkce::of(Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert_eq!(pkce.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn no_two_are_the_same() {
        let (one, other) = (nonce().unwrap(), nonce().unwrap());
        assert_eq!(one.expose().len(), 43);
        assert_ne!(one, other);
    }
}
