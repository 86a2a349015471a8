use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// Most grants that wait to be redeemed. The oldest is forgotten: a client redeems its code at once or never.
const MAX_GRANTS: usize = 1024;

/// What a client asked for when it was sent to the authorization endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Authorization {
    /// Echoed in the token, so that the client knows it is the answer to its question.
    pub(crate) nonce: Option<String>,
    /// SHA-256 of the verifier that the client shows when it redeems the code (RFC 7636).
    pub(crate) challenge: Option<String>,
    /// Where the answer goes, which the client must repeat.
    pub(crate) redirect_uri: Option<String>,
}

impl Authorization {
    /// Whether the one who redeems the code is the one who asked for it.
    pub(crate) fn check(&self, verifier: Option<&str>, redirect_uri: Option<&str>) -> Result<(), Error> {
        if self.redirect_uri.is_some() && self.redirect_uri.as_deref() != redirect_uri {
            return Err(refused("the redirect_uri is not the one of the request"));
        }
        let Some(challenge) = &self.challenge else {
            return Ok(());
        };
        let verifier = verifier.ok_or_else(|| refused("the code_verifier is missing"))?;
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
    waiting: BTreeMap<u64, (String, Authorization)>,
}

impl Grants {
    /// Hands out a code; `name` makes it out of its number.
    pub(crate) fn hand_out(&mut self, authorization: Authorization, name: impl Fn(u64) -> String) -> String {
        let code = name(self.next);
        self.waiting.insert(self.next, (code.clone(), authorization));
        self.next += 1;
        if self.waiting.len() > MAX_GRANTS {
            self.waiting.pop_first();
        }
        code
    }

    /// Takes a code back; it works once.
    pub(crate) fn redeem(&mut self, code: &str) -> Result<Authorization, Error> {
        let place = self
            .waiting
            .iter()
            .find(|(_, (waiting, _))| waiting == code)
            .map(|(place, _)| *place);
        let (_, authorization) = place
            .and_then(|place| self.waiting.remove(&place))
            .ok_or_else(|| refused("the code is unknown or was redeemed before"))?;
        Ok(authorization)
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

    #[test]
    fn a_code_works_once() {
        let mut grants = Grants::default();
        let code = grants.hand_out(Authorization::default(), |number| format!("code-{number}"));
        assert_eq!(grants.redeem(&code), Ok(Authorization::default()));
        assert_eq!(
            grants.redeem(&code),
            Err(refused("the code is unknown or was redeemed before"))
        );
    }

    #[test]
    fn only_the_holder_of_the_verifier_redeems() {
        // The example of RFC 7636, appendix B.
        let authorization = Authorization {
            challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned()),
            ..Authorization::default()
        };
        assert_eq!(
            authorization.check(Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), None),
            Ok(())
        );
        assert_eq!(
            authorization.check(Some("other"), None),
            Err(refused("the code_verifier does not match the code_challenge"))
        );
        assert_eq!(
            authorization.check(None, None),
            Err(refused("the code_verifier is missing"))
        );
    }
}
