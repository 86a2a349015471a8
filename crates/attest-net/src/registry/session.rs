use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::challenge::{Challenge, Scheme, TokenService};
use super::reference::Repository;
use crate::Secret;

/// What a request is about, and so what a token for it must allow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access<'a> {
    pub(super) repository: &'a Repository,
    pub(super) writes: bool,
    /// Where a blob is mounted from.
    pub(super) from: Option<&'a Repository>,
}

impl<'a> Access<'a> {
    pub(super) fn reading(repository: &'a Repository) -> Self {
        Self {
            repository,
            writes: false,
            from: None,
        }
    }

    pub(super) fn writing(repository: &'a Repository) -> Self {
        Self {
            writes: true,
            ..Self::reading(repository)
        }
    }

    /// Source: distribution, `docs/spec/auth/scope.md`.
    fn scopes(&self) -> BTreeSet<String> {
        let actions = if self.writes { "pull,push" } else { "pull" };
        let own = format!("repository:{}:{actions}", self.repository.name());
        let from = self.from.map(|from| format!("repository:{}:pull", from.name()));
        from.into_iter().chain([own]).collect()
    }
}

/// What is known of how one registry wants to be asked.
#[derive(Default)]
pub(super) struct Session {
    scheme: Option<Scheme>,
    /// What a registry asked for beyond what we would.
    more: BTreeMap<BTreeSet<String>, BTreeSet<String>>,
    tokens: BTreeMap<TokenRequest, Token>,
}

/// What a token is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TokenRequest {
    pub(super) service: TokenService,
    pub(super) scopes: BTreeSet<String>,
}

/// A token, and until when it is worth sending.
pub(super) struct Token {
    pub(super) secret: Secret,
    pub(super) until: Instant,
}

/// What a request needs.
pub(super) enum Need {
    /// Nothing that is known of.
    Nothing,
    /// Name and password.
    Password,
    /// This token, which is there.
    Token(Secret),
    /// A token that has to be asked for.
    NewToken(TokenRequest),
}

impl Session {
    pub(super) fn need(&self, access: Access<'_>) -> Need {
        match &self.scheme {
            None => Need::Nothing,
            Some(Scheme::Basic) => Need::Password,
            Some(Scheme::Bearer(service)) => {
                let request = self.token_request(service, access);
                match self.tokens.get(&request).filter(|token| token.until > Instant::now()) {
                    Some(token) => Need::Token(token.secret.clone()),
                    None => Need::NewToken(request),
                }
            }
        }
    }

    pub(super) fn keep(&mut self, request: TokenRequest, token: Token) {
        self.tokens.insert(request, token);
    }

    /// Remembers how the registry wants to be asked. The token that was sent and was not good enough is not sent again; another one,
    /// which somebody got meanwhile, may be.
    pub(super) fn challenged(&mut self, access: Access<'_>, challenge: Challenge, sent: Option<&Secret>) {
        let ours = access.scopes();
        let more: BTreeSet<String> = challenge.scopes.difference(&ours).cloned().collect();
        if !more.is_empty() {
            self.more.insert(ours, more);
        }
        if let Scheme::Bearer(service) = &challenge.scheme {
            let request = self.token_request(service, access);
            let is_it = |token: &Token| sent.is_some_and(|sent| sent.expose().ends_with(token.secret.expose()));
            if self.tokens.get(&request).is_some_and(is_it) {
                self.tokens.remove(&request);
            }
        }
        self.scheme = Some(challenge.scheme);
    }

    fn token_request(&self, service: &TokenService, access: Access<'_>) -> TokenRequest {
        let mut scopes = access.scopes();
        let more = self.more.get(&scopes).cloned().unwrap_or_default();
        scopes.extend(more);
        TokenRequest {
            service: service.clone(),
            scopes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn bearer(scope: &str) -> Challenge {
        let header = format!(r#"Bearer realm="https://example.org/token",service="s",scope="{scope}""#);
        Challenge::read([&*header]).unwrap()
    }

    #[test]
    fn a_token_is_asked_for_once_and_again_when_it_was_refused() {
        let repository = Repository::new("example.org", "team/app").unwrap();
        let access = Access::writing(&repository);
        let mut session = Session::default();
        assert!(matches!(session.need(access), Need::Nothing));
        session.challenged(access, bearer("repository:team/app:pull repository:other:pull"), None);
        let Need::NewToken(request) = session.need(access) else {
            panic!("expected a token to be needed")
        };
        let scopes: Vec<&str> = request.scopes.iter().map(String::as_str).collect();
        assert_eq!(
            scopes,
            [
                "repository:other:pull",
                "repository:team/app:pull",
                "repository:team/app:pull,push"
            ]
        );
        let token = |seconds| Token {
            secret: Secret::new("t"),
            until: Instant::now() + Duration::from_secs(seconds),
        };
        session.keep(request.clone(), token(60));
        assert!(matches!(session.need(access), Need::Token(_)));
        assert!(matches!(session.need(Access::reading(&repository)), Need::NewToken(_)));
        let sent = |text: &str| Secret::new(format!("Bearer {text}"));
        let same = || bearer("repository:team/app:pull repository:other:pull");
        session.challenged(access, same(), Some(&sent("old")));
        assert!(matches!(session.need(access), Need::Token(_)));
        session.challenged(access, same(), Some(&sent("t")));
        assert!(matches!(session.need(access), Need::NewToken(_)));
        session.keep(request, token(0));
        assert!(matches!(session.need(access), Need::NewToken(_)));
    }

    #[test]
    fn mounting_needs_to_read_the_other_repository() {
        let repository = Repository::new("example.org", "app").unwrap();
        let from = repository.sibling("base").unwrap();
        let access = Access {
            from: Some(&from),
            ..Access::writing(&repository)
        };
        let scopes: Vec<String> = access.scopes().into_iter().collect();
        assert_eq!(scopes, ["repository:app:pull,push", "repository:base:pull"]);
    }
}
