use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use crate::Error;

/// The largest token that is read, in bytes. Real ones are below 4 KiB, and HTTP servers refuse headers above 8 to 64 KiB.
const MAX_TOKEN_BYTES: usize = 64 << 10;

/// An OpenID Connect identity token. Whoever holds it can sign as its subject until it expires.
///
/// What it says of itself is not verified here: the certificate authority does that. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityToken {
    jwt: String,
    issuer: String,
    subject: String,
    email: Option<String>,
    audiences: Vec<String>,
    expiry: Timestamp,
}

impl IdentityToken {
    /// Reads the claims of a compact JSON Web Token (RFC 7519). White space around it is not part of it.
    ///
    /// # Errors
    /// When it is no such token, or has no `iss`, `sub` or `exp`. The error does not show the token.
    pub fn parse(jwt: &str) -> Result<Self, Error> {
        let jwt = jwt.trim();
        if jwt.len() > MAX_TOKEN_BYTES {
            return Err(wrong("at most 65536 bytes", format!("{} bytes", jwt.len())));
        }
        let claims = claims(jwt)?;
        Ok(Self {
            jwt: jwt.to_owned(),
            issuer: text(&claims, "iss").ok_or_else(|| missing("a claim `iss`"))?,
            subject: text(&claims, "sub").ok_or_else(|| missing("a claim `sub`"))?,
            email: text(&claims, "email"),
            audiences: audiences(&claims["aud"]),
            expiry: expiry(&claims).ok_or_else(|| missing("a claim `exp` in seconds"))?,
        })
    }

    /// The token itself, to be shown to a certificate authority and to nobody else.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.jwt
    }

    /// Who says it, unverified.
    #[must_use]
    pub fn issuer_unverified(&self) -> &str {
        &self.issuer
    }

    /// Of whom it is said, unverified.
    #[must_use]
    pub fn subject_unverified(&self) -> &str {
        &self.subject
    }

    /// The address of the subject, unverified.
    #[must_use]
    pub fn email_unverified(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// For whom it is meant, unverified.
    #[must_use]
    pub fn audiences_unverified(&self) -> &[String] {
        &self.audiences
    }

    /// Until when it is good, unverified.
    #[must_use]
    pub fn expiry_unverified(&self) -> Timestamp {
        self.expiry
    }

    /// What a key signs to show that it is held: the email address if there is one, else the subject.
    ///
    /// Source: Fulcio, `docs/oidc.md` and the `challengeClaim` of its configuration.
    #[must_use]
    pub fn challenge(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.subject)
    }
}

/// Who reads the memory of a process that goes on should find no token that was used up.
impl Drop for IdentityToken {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.jwt).into_bytes();
        bytes.fill(0);
        // Without a look at them, the compiler may leave out what nobody reads.
        std::hint::black_box(&bytes);
    }
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityToken")
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("expiry", &self.expiry)
            .finish_non_exhaustive()
    }
}

fn claims(jwt: &str) -> Result<Value, Error> {
    let parts: Vec<&str> = jwt.split('.').collect();
    let [_, payload, _] = parts.as_slice() else {
        return Err(wrong("three parts with dots between", format!("{} parts", parts.len())));
    };
    let payload = URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .map_err(|_| wrong("base64url", "something else"))?;
    serde_json::from_slice(&payload).map_err(|_| wrong("JSON claims", "something else"))
}

fn text(claims: &Value, name: &str) -> Option<String> {
    claims[name]
        .as_str()
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
}

fn audiences(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn expiry(claims: &Value) -> Option<Timestamp> {
    // RFC 7519 allows a fraction of a second.
    let number = &claims["exp"];
    let whole = number
        .as_f64()
        .filter(|seconds| seconds.abs() < 1e15)
        .map(|seconds| seconds as i64);
    Timestamp::from_second(number.as_i64().or(whole)?).ok()
}

fn missing(expected: &'static str) -> Error {
    wrong(expected, "none")
}

fn wrong(expected: &'static str, found: impl Into<String>) -> Error {
    Error::Token {
        expected,
        found: found.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn claims_are_read_and_the_email_is_the_challenge() {
        let jwt = jwt(
            r#"{"iss":"https://issuer.example.com","sub":"s","email":"a@example.com","aud":["sigstore"],"exp":1700000000.5}"#,
        );
        let token = IdentityToken::parse(&format!(" {jwt}\n")).unwrap();
        assert_eq!(token.issuer_unverified(), "https://issuer.example.com");
        assert_eq!(token.subject_unverified(), "s");
        assert_eq!(token.challenge(), "a@example.com");
        assert_eq!(token.audiences_unverified(), ["sigstore"]);
        assert_eq!(token.expiry_unverified().as_second(), 1_700_000_000);
        assert_eq!(token.expose_secret(), jwt);
    }

    #[test]
    fn without_an_email_the_subject_is_the_challenge() {
        let token =
            IdentityToken::parse(&jwt(r#"{"iss":"i","sub":"repo:acme/app","aud":"sigstore","exp":1}"#)).unwrap();
        assert_eq!(token.challenge(), "repo:acme/app");
    }

    #[test]
    fn debug_does_not_show_the_token() {
        let token = IdentityToken::parse(&jwt(r#"{"iss":"i","sub":"s","exp":1}"#)).unwrap();
        assert!(!format!("{token:?}").contains(token.expose_secret()));
    }

    #[test]
    fn each_way_to_be_no_token_is_named() {
        let cases = [
            (
                "a.b".to_owned(),
                "expected three parts with dots between in the identity token, found 2 parts",
            ),
            (
                "a.*.c".to_owned(),
                "expected base64url in the identity token, found something else",
            ),
            (
                "a.YQ.c".to_owned(),
                "expected JSON claims in the identity token, found something else",
            ),
            (
                jwt(r#"{"sub":"s","exp":1}"#),
                "expected a claim `iss` in the identity token, found none",
            ),
            (
                jwt(r#"{"iss":"i","exp":1}"#),
                "expected a claim `sub` in the identity token, found none",
            ),
            (
                jwt(r#"{"iss":"i","sub":"s"}"#),
                "expected a claim `exp` in seconds in the identity token, found none",
            ),
            (
                jwt(r#"{"iss":"i","sub":"s","exp":1e300}"#),
                "expected a claim `exp` in seconds in the identity token, found none",
            ),
            (
                "x".repeat(MAX_TOKEN_BYTES + 1),
                "expected at most 65536 bytes in the identity token, found 65537 bytes",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(IdentityToken::parse(&text).unwrap_err().to_string(), expected);
        }
    }
}
