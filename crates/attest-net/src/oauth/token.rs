use attest_sign::IdentityToken;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use crate::Error;

/// What the token that a login gave has to say (OpenID Connect Core 1.0, section 3.1.3.7).
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: Option<&'a str>,
    pub(super) now: Timestamp,
}

impl Expected<'_> {
    pub(super) fn check(&self, token: &IdentityToken) -> Result<(), Error> {
        same("iss", self.issuer, token.issuer_unverified())?;
        let audiences = token.audiences_unverified();
        if !audiences.iter().any(|audience| audience == self.client_id) {
            return Err(Error::TokenAudience {
                expected: self.client_id.to_owned(),
                found: audiences.join(", "),
            });
        }
        let claims = claims(token);
        let claim = |name: &str| claims[name].as_str().unwrap_or("nothing").to_owned();
        if audiences.len() > 1 {
            same("azp", self.client_id, &claim("azp"))?;
        }
        if let Some(nonce) = self.nonce {
            same("nonce", nonce, &claim("nonce"))?;
        }
        let (now, expiry) = (self.now, token.expiry_unverified());
        match expiry > now {
            true => Ok(()),
            false => Err(Error::TokenExpired { now, expiry }),
        }
    }
}

fn same(claim: &'static str, expected: &str, found: &str) -> Result<(), Error> {
    match found == expected {
        true => Ok(()),
        false => Err(Error::TokenClaim {
            claim,
            expected: expected.to_owned(),
            found: found.to_owned(),
        }),
    }
}

/// What was parsed before parses again; a claim that is not there is null.
fn claims(token: &IdentityToken) -> Value {
    let payload = token.expose_secret().split('.').nth(1).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .unwrap_or_default();
    serde_json::from_slice(&payload).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(change: impl FnOnce(&mut Value)) -> Result<(), String> {
        let mut claims = json!({
            "iss": "https://issuer.example.com", "sub": "s", "aud": "sigstore", "exp": 2_000, "nonce": "n",
        });
        change(&mut claims);
        let jwt = format!("e30.{}.e30", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let expected = Expected {
            issuer: "https://issuer.example.com",
            client_id: "sigstore",
            nonce: Some("n"),
            now: Timestamp::from_second(1_000).unwrap(),
        };
        expected
            .check(&IdentityToken::parse(&jwt).unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_token_that_was_asked_for_is_taken() {
        assert_eq!(check(|_| {}), Ok(()));
        assert_eq!(
            check(|claims| {
                claims["aud"] = json!(["other", "sigstore"]);
                claims["azp"] = "sigstore".into();
            }),
            Ok(())
        );
    }

    #[test]
    fn each_claim_that_is_not_what_was_asked_for_is_named() {
        type Change = fn(&mut Value);
        let cases: [(Change, &str); 6] = [
            (
                |claims| claims["iss"] = "https://issuer.example.org".into(),
                "expected claim `iss` of the identity token to be `https://issuer.example.com`, found `https://issuer.example.org`",
            ),
            (
                |claims| claims["aud"] = "other".into(),
                "expected an identity token for the audience `sigstore`, found one for `other`",
            ),
            (
                |claims| claims["aud"] = json!(["other", "sigstore"]),
                "expected claim `azp` of the identity token to be `sigstore`, found `nothing`",
            ),
            (
                |claims| claims["nonce"] = "m".into(),
                "expected claim `nonce` of the identity token to be `n`, found `m`",
            ),
            (
                |claims| claims["nonce"] = Value::Null,
                "expected claim `nonce` of the identity token to be `n`, found `nothing`",
            ),
            (
                |claims| claims["exp"] = 1_000.into(),
                "expected an identity token that is good at 1970-01-01T00:16:40Z, found one that expired at 1970-01-01T00:16:40Z",
            ),
        ];
        for (change, expected) in cases {
            assert_eq!(check(change), Err(expected.to_owned()));
        }
    }
}
