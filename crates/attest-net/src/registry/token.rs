use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Url};
use serde::Deserialize;

use super::Error;
use super::client::Client;
use super::credential::Credential;
use super::origin::{is_loopback, shown};
use super::patience::Patience;
use super::session::{Token, TokenRequest};
use crate::Secret;

/// The largest answer of a token service, in bytes: tokens that list many scopes have a few dozen kilobytes.
const MAX_ANSWER_BYTES: u64 = 1 << 20;

/// How long a token is good that does not say so. Source: distribution, `docs/spec/auth/token.md`, "Token Response Fields".
const USUAL_LIFE: u64 = 60;

/// A longer life than anybody's; what says more is not believed.
const LONGEST_LIFE: u64 = 24 * 60 * 60;

/// Who we are to services that want a name for their records.
const CLIENT_ID: &str = "attest";

#[derive(Deserialize)]
struct AnswerWire {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl Client {
    /// Asks a token service for a token.
    ///
    /// Source: distribution, `docs/spec/auth/token.md` (GET) and `docs/spec/auth/oauth.md` (POST).
    pub(super) fn new_token(&self, request: &TokenRequest, credential: &Credential) -> Result<Token, Error> {
        let realm = &request.service.realm;
        refuse_open(realm)?;
        let connection = self.connection(realm, false)?;
        let mut patience = Patience::new(&self.options().patience);
        loop {
            let asked = Instant::now();
            let built = build(&connection, request, credential);
            let answer = self
                .send(built, realm, 0)
                .and_then(|response| self.judge(response, realm, &[], credential))
                .and_then(|reply| reply.document(MAX_ANSWER_BYTES));
            match answer {
                Ok(body) => return token(&body, realm, asked),
                Err(failed) => patience.wait(failed)?,
            }
        }
    }
}

/// Whoever listens on the way would read a password, and the token.
fn refuse_open(realm: &Url) -> Result<(), Error> {
    match realm.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(realm) => Ok(()),
        _ => Err(Error::Elsewhere {
            from: "a registry's challenge".to_owned(),
            to: shown(realm),
            problem: "that is not https",
        }),
    }
}

fn build(connection: &reqwest::Client, request: &TokenRequest, credential: &Credential) -> RequestBuilder {
    let service = request.service.service.as_deref();
    if let Credential::Identity(secret) = credential {
        let scopes = request.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT_ID),
            ("service", service.unwrap_or_default()),
            ("scope", &scopes),
            ("refresh_token", secret.expose()),
        ];
        return connection.post(request.service.realm.clone()).form(&fields);
    }
    let mut url = request.service.realm.clone();
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = service {
            query.append_pair("service", service);
        }
        for scope in &request.scopes {
            query.append_pair("scope", scope);
        }
    }
    let built = connection.get(url);
    match credential.basic() {
        Some(basic) => built.header("authorization", basic.expose()),
        None => built,
    }
}

fn token(body: &[u8], realm: &Url, asked: Instant) -> Result<Token, Error> {
    let wrong = |found: &str| Error::Answer {
        url: shown(realm),
        expected: "a token",
        found: found.to_owned(),
    };
    let answer: AnswerWire = serde_json::from_slice(body).map_err(|_| wrong("something else"))?;
    let is_said = |text: &String| !text.is_empty();
    let secret = answer.token.filter(is_said).or(answer.access_token.filter(is_said));
    let secret = Secret::new(secret.ok_or_else(|| wrong("none"))?);
    if !secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("one that no header can hold"));
    }
    let life = Duration::from_secs(answer.expires_in.unwrap_or(USUAL_LIFE).min(LONGEST_LIFE));
    // What is on the way when it runs out comes too late.
    let until = asked + life.saturating_sub(life / 6);
    Ok(Token { secret, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm() -> Url {
        Url::parse("https://auth.example.org/token").unwrap()
    }

    fn read(json: &str) -> Result<(String, u64), String> {
        let asked = Instant::now();
        let token = token(json.as_bytes(), &realm(), asked).map_err(|error| error.to_string())?;
        Ok((token.secret.expose().to_owned(), (token.until - asked).as_secs()))
    }

    #[test]
    fn a_token_goes_by_two_names_and_lives_a_minute_unless_it_says_so() {
        assert_eq!(read(r#"{"token":"a"}"#), Ok(("a".to_owned(), 50)));
        assert_eq!(
            read(r#"{"access_token":"b","expires_in":300}"#),
            Ok(("b".to_owned(), 250))
        );
        assert_eq!(
            read(r#"{"token":"","access_token":"b","expires_in":0}"#),
            Ok(("b".to_owned(), 0))
        );
        assert_eq!(
            read(r#"{"token":"a","expires_in":18446744073709551615}"#),
            Ok(("a".to_owned(), 72000))
        );
    }

    #[test]
    fn what_is_no_token_is_told_without_being_shown() {
        for (json, found) in [
            ("s3cret", "something else"),
            ("{}", "none"),
            (r#"{"token":"a\nb"}"#, "one that no header can hold"),
        ] {
            let expected = format!("expected a token from `https://auth.example.org/token`, found {found}");
            assert_eq!(read(json), Err(expected));
        }
    }

    #[test]
    fn a_password_is_not_sent_in_the_clear() {
        for (text, is_allowed) in [
            ("https://auth.example.org/", true),
            ("http://127.0.0.1:5001/token", true),
            ("http://auth.example.org/", false),
            ("ftp://127.0.0.1/", false),
        ] {
            assert_eq!(refuse_open(&Url::parse(text).unwrap()).is_ok(), is_allowed, "{text}");
        }
    }
}
