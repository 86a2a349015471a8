use std::collections::BTreeSet;
use std::fmt;

use reqwest::Url;

/// The longest header that is looked at, in bytes.
const MAX_HEADER: usize = 8 << 10;

/// How a registry wants to be told who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Name and password with each request: RFC 7617.
    Basic,
    /// A token of a token service.
    Bearer(TokenService),
}

/// Where tokens come from.
///
/// Source: distribution, `docs/spec/auth/token.md`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TokenService {
    pub(super) realm: Url,
    pub(super) service: Option<String>,
}

/// What a 401 says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) scheme: Scheme,
    pub(super) scopes: BTreeSet<String>,
    pub(super) shortcoming: Option<Shortcoming>,
}

/// What is wrong with the token that was sent.
///
/// Source: RFC 6750, section 3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortcoming {
    /// It ran out, or somebody else's signature is on it, or it is for another registry.
    Invalid,
    /// It is for less than was asked.
    Insufficient,
}

impl Shortcoming {
    fn of(code: &str) -> Option<Self> {
        match code {
            "invalid_token" => Some(Self::Invalid),
            "insufficient_scope" => Some(Self::Insufficient),
            _ => None,
        }
    }
}

impl fmt::Display for Shortcoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "the token that its service gave is not valid there",
            Self::Insufficient => "the token that its service gave does not allow this",
        })
    }
}

impl Challenge {
    /// Reads `WWW-Authenticate` headers; a token is taken before a password, which then goes to the token service alone.
    pub(super) fn read<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let all: Vec<Self> = headers.into_iter().flat_map(Self::of_header).collect();
        let is_bearer = |challenge: &&Self| matches!(challenge.scheme, Scheme::Bearer(_));
        all.iter().find(is_bearer).or(all.first()).cloned()
    }

    fn of_header(header: &str) -> Vec<Self> {
        if header.len() > MAX_HEADER {
            return Vec::new();
        }
        let challenges = http_auth::parse_challenges(header).unwrap_or_default();
        challenges.iter().filter_map(Self::of).collect()
    }

    fn of(challenge: &http_auth::ChallengeRef<'_>) -> Option<Self> {
        let value = |name: &str| {
            let mut params = challenge.params.iter();
            let found = params.find(|(key, _)| key.eq_ignore_ascii_case(name));
            found
                .map(|(_, value)| value.to_unescaped())
                .filter(|value| !value.is_empty())
        };
        if challenge.scheme.eq_ignore_ascii_case("basic") {
            return Some(Self {
                scheme: Scheme::Basic,
                scopes: BTreeSet::new(),
                shortcoming: None,
            });
        }
        if !challenge.scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let scopes = value("scope").unwrap_or_default();
        Some(Self {
            scheme: Scheme::Bearer(TokenService {
                realm: Url::parse(&value("realm")?).ok()?,
                service: value("service"),
            }),
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
            shortcoming: value("error").and_then(|code| Shortcoming::of(&code)),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bearer_challenge_says_where_tokens_are() {
        let header = r#"Bearer realm="https://auth.example.org/token?x=1",service="registry.example.org",scope="repository:a/b:pull,push repository:c:pull""#;
        let challenge = Challenge::read([header]).unwrap();
        let Scheme::Bearer(service) = challenge.scheme else {
            panic!("expected a token service")
        };
        assert_eq!(service.realm.as_str(), "https://auth.example.org/token?x=1");
        assert_eq!(service.service.as_deref(), Some("registry.example.org"));
        let scopes: Vec<String> = challenge.scopes.into_iter().collect();
        assert_eq!(scopes, ["repository:a/b:pull,push", "repository:c:pull"]);
    }

    #[test]
    fn a_token_is_taken_before_a_password_wherever_they_stand() {
        for headers in [
            vec![r#"Basic realm="x""#, r#"Bearer realm="https://example.org/""#],
            vec![r#"BASIC realm="x", bearer realm="https://example.org/""#],
        ] {
            let challenge = Challenge::read(headers).unwrap();
            assert!(matches!(challenge.scheme, Scheme::Bearer(_)));
        }
        let only = Challenge::read([r#"Basic realm="Registry Realm""#]).unwrap();
        assert_eq!(only.scheme, Scheme::Basic);
    }

    #[test]
    fn a_challenge_says_what_is_wrong_with_a_token() {
        for (parameter, expected) in [
            ("", None),
            (r#",error="invalid_token""#, Some(Shortcoming::Invalid)),
            (r#",error="insufficient_scope""#, Some(Shortcoming::Insufficient)),
            (r#",error="invalid_request""#, None),
        ] {
            let header = format!(r#"Bearer realm="https://example.org/",service="x"{parameter}"#);
            assert_eq!(
                Challenge::read([&*header]).unwrap().shortcoming,
                expected,
                "{parameter}"
            );
        }
    }

    #[test]
    fn what_cannot_be_answered_is_no_challenge() {
        for header in [
            "",
            "Negotiate",
            "Bearer",
            r#"Bearer service="x""#,
            r#"Bearer realm="/relative""#,
            "Bearer realm=\"https://example.org/",
        ] {
            assert_eq!(Challenge::read([header]), None, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(header in "\\PC{0,200}") {
            let _ = Challenge::read([&*header]);
        }
    }
}
