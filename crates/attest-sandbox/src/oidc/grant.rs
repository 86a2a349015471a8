use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// Most grants of a kind that wait to be redeemed. The oldest is forgotten: a client redeems its code at once or never.
const MAX_GRANTS: usize = 1024;

/// How long a code is good: RFC 6749 recommends ten minutes at most.
pub(crate) const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// What a client asked for when it was sent to the authorization endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Authorization {
    /// For whom the token will be; the default is Sigstore.
    pub(crate) client: Option<String>,
    /// Echoed in the token, so that the client knows it is the answer to its question.
    pub(crate) nonce: Option<String>,
    /// SHA-256 of the verifier that the client shows when it redeems the code (RFC 7636).
    pub(crate) challenge: Option<String>,
    /// Where the answer goes, which the client must repeat.
    pub(crate) redirect_uri: Option<String>,
}

/// What the one who redeems a code shows beside it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shown<'a> {
    pub(crate) client: Option<&'a str>,
    pub(crate) verifier: Option<&'a str>,
    pub(crate) redirect_uri: Option<&'a str>,
}

/// What a person consented to, and as whom: none for the sandbox's own user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Consent {
    pub(crate) authorization: Authorization,
    pub(crate) address: Option<String>,
}

impl Authorization {
    /// Whether the one who redeems the code is the one who asked for it.
    pub(crate) fn check(&self, shown: Shown<'_>) -> Result<(), Error> {
        if let (Some(own), Some(other)) = (self.client.as_deref(), shown.client)
            && own != other
        {
            return Err(refused("the code was given to another client"));
        }
        if self.redirect_uri.is_some() && self.redirect_uri.as_deref() != shown.redirect_uri {
            return Err(refused("the redirect_uri is not the one of the request"));
        }
        let Some(challenge) = &self.challenge else {
            return Ok(());
        };
        let verifier = shown.verifier.ok_or_else(|| refused("the code_verifier is missing"))?;
        match BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == *challenge {
            true => Ok(()),
            false => Err(refused("the code_verifier does not match the code_challenge")),
        }
    }
}

/// Codes that were handed out and not yet redeemed, in the order they were handed out.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    code: String,
    consent: Consent,
    expiry: Timestamp,
}

impl Grants {
    /// Hands out a code; `name` makes it out of its number.
    pub(crate) fn hand_out(&mut self, consent: Consent, now: Timestamp, name: impl Fn(u64) -> String) -> String {
        let code = name(self.next);
        let waiting = Waiting {
            code: code.clone(),
            consent,
            expiry: now.saturating_add(LIFETIME).unwrap_or(now),
        };
        self.waiting.insert(self.next, waiting);
        self.next += 1;
        if self.waiting.len() > MAX_GRANTS {
            self.waiting.pop_first();
        }
        code
    }

    /// Takes a code back; it works once, whoever tries.
    pub(crate) fn redeem(&mut self, code: &str, shown: Shown<'_>, now: Timestamp) -> Result<Consent, Error> {
        let place = self.waiting.iter().find(|(_, waiting)| waiting.code == code);
        let place = place.map(|(place, _)| *place);
        let waiting = place
            .and_then(|place| self.waiting.remove(&place))
            .ok_or_else(|| refused("the code is unknown or was redeemed before"))?;
        if waiting.expiry <= now {
            return Err(refused("the code has run out"));
        }
        waiting.consent.authorization.check(shown)?;
        Ok(waiting.consent)
    }
}

fn refused(reason: &str) -> Error {
    Error::OAuth {
        code: "invalid_grant",
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_code_works_once() {
        let mut grants = Grants::default();
        let code = grants.hand_out(Consent::default(), NOW, |number| format!("code-{number}"));
        assert_eq!(grants.redeem(&code, Shown::default(), NOW), Ok(Consent::default()));
        assert_eq!(
            grants.redeem(&code, Shown::default(), NOW),
            Err(refused("the code is unknown or was redeemed before"))
        );
    }

    #[test]
    fn a_code_that_has_run_out_does_not_work() {
        let mut grants = Grants::default();
        let mut redeem_after = |passed| {
            let code = grants.hand_out(Consent::default(), NOW, |number| format!("code-{number}"));
            grants.redeem(&code, Shown::default(), NOW + passed)
        };
        assert_eq!(
            redeem_after(LIFETIME - SignedDuration::from_secs(1)),
            Ok(Consent::default())
        );
        assert_eq!(redeem_after(LIFETIME), Err(refused("the code has run out")));
    }

    #[test]
    fn only_the_holder_of_the_verifier_redeems() {
        // The example of RFC 7636, appendix B.
        let authorization = Authorization {
            challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned()),
            ..Authorization::default()
        };
        let check = |verifier| {
            authorization.check(Shown {
                verifier,
                ..Shown::default()
            })
        };
        assert_eq!(check(Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")), Ok(()));
        assert_eq!(
            check(Some("other")),
            Err(refused("the code_verifier does not match the code_challenge"))
        );
        assert_eq!(check(None), Err(refused("the code_verifier is missing")));
    }

    #[test]
    fn a_code_of_another_client_is_refused() {
        let authorization = Authorization {
            client: Some("sigstore".to_owned()),
            ..Authorization::default()
        };
        let check = |client| {
            authorization.check(Shown {
                client,
                ..Shown::default()
            })
        };
        assert_eq!(check(Some("sigstore")), Ok(()));
        assert_eq!(check(None), Ok(()));
        assert_eq!(
            check(Some("other")),
            Err(refused("the code was given to another client"))
        );
    }
}
