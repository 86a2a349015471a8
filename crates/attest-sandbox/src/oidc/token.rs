use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::oidc::{Claims, OidcKey};

/// The audience of tokens for Fulcio.
pub(crate) const AUDIENCE: &str = "sigstore";

/// How long a token is valid, in seconds: as long as those of public providers, so that clients that look ahead are content.
const LIFETIME: i64 = 600;

/// Longest token that is read: real ones are about 2 KiB.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Signs claims as a JSON Web Token (RFC 7519).
pub(crate) fn mint(key: &OidcKey, issuer: &str, now: Timestamp, claims: Claims) -> Result<String, Error> {
    let mut payload = Map::new();
    payload.insert("iss".to_owned(), issuer.into());
    payload.insert("aud".to_owned(), AUDIENCE.into());
    payload.insert("iat".to_owned(), now.as_second().into());
    payload.insert("nbf".to_owned(), now.as_second().into());
    payload.insert("exp".to_owned(), (now.as_second() + LIFETIME).into());
    payload.extend(claims.into_map());
    let header = json!({"alg": "RS256", "kid": key.id(), "typ": "JWT"});
    let signed = format!("{}.{}", part(&header), part(&Value::Object(payload)));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())?);
    Ok(format!("{signed}.{signature}"))
}

/// Whose tokens are accepted, and when.
pub(crate) struct Accepted<'a> {
    pub(crate) key: &'a OidcKey,
    pub(crate) issuers: &'a [String],
    pub(crate) now: Timestamp,
}

/// The claims of a token whose signature, issuer, audience and time were checked.
#[derive(Debug)]
pub(crate) struct VerifiedToken {
    pub(crate) issuer: String,
    pub(crate) claims: Claims,
}

impl VerifiedToken {
    pub(crate) fn verify(token: &str, accepted: &Accepted<'_>) -> Result<Self, Error> {
        let claims = checked_payload(token, accepted.key)?;
        let issuer = claims.text("iss").ok_or_else(|| missing("iss"))?;
        if !accepted.issuers.contains(&issuer) {
            return Err(Error::TokenClaim {
                claim: "iss",
                expected: accepted.issuers.join("` or `"),
                found: issuer,
            });
        }
        check_audience(&claims)?;
        check_time(&claims, accepted.now)?;
        Ok(Self { issuer, claims })
    }

    pub(crate) fn claim(&self, name: &str) -> Result<String, Error> {
        self.claims.text(name).ok_or_else(|| missing(name))
    }
}

fn checked_payload(token: &str, key: &OidcKey) -> Result<Claims, Error> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Error::malformed(
            "identity token",
            format!("more than {MAX_TOKEN_BYTES} bytes"),
        ));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or_else(|| not_a_token("no dot"))?;
    let (header, payload) = signed.split_once('.').ok_or_else(|| not_a_token("one dot"))?;
    let header = parse(header)?;
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(Error::Unsupported {
            what: "token algorithm",
            found: header.get("alg").unwrap_or(&Value::Null).to_string(),
        });
    }
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(not_a_token)?;
    if !key.verifies(signed.as_bytes(), &signature) {
        return Err(Error::TokenSignature);
    }
    Ok(Claims::from_map(parse(payload)?))
}

fn check_audience(claims: &Claims) -> Result<(), Error> {
    let found = claims.value("aud").ok_or_else(|| missing("aud"))?;
    let named = match found {
        Value::String(audience) => audience == AUDIENCE,
        Value::Array(audiences) => audiences.iter().any(|audience| audience == AUDIENCE),
        _ => false,
    };
    match named {
        true => Ok(()),
        false => Err(Error::TokenClaim {
            claim: "aud",
            expected: AUDIENCE.to_owned(),
            found: found.as_str().map_or_else(|| found.to_string(), str::to_owned),
        }),
    }
}

fn check_time(claims: &Claims, now: Timestamp) -> Result<(), Error> {
    let number = |name| claims.value(name).and_then(Value::as_i64);
    let until = number("exp").ok_or_else(|| missing("exp"))?;
    let from = number("nbf").or_else(|| number("iat")).ok_or_else(|| missing("iat"))?;
    match (from..until).contains(&now.as_second()) {
        true => Ok(()),
        false => Err(Error::TokenTime {
            from,
            until,
            now: now.as_second(),
        }),
    }
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

fn parse(part: &str) -> Result<Map<String, Value>, Error> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(not_a_token)?;
    serde_json::from_slice(&bytes).map_err(not_a_token)
}

fn not_a_token(reason: impl ToString) -> Error {
    Error::malformed("identity token", reason)
}

fn missing(claim: &str) -> Error {
    Error::TokenClaimMissing {
        claim: claim.to_owned(),
    }
}
