mod callback;
mod device;
mod discovery;
mod grant;
mod page;
mod pkce;
mod redirect;
mod token;

use std::sync::Arc;
use std::time::Duration;

use attest_sign::{Clock, IdentityToken};

use crate::http::Http;
use crate::identity::failed;
use crate::{Endpoint, Error, Secret};
use callback::Callback;
use discovery::Provider;
use grant::Grant;
use pkce::{Pkce, nonce};
pub use redirect::RedirectUrl;
use token::Expected;

/// What a token is asked to say: who it is, with the address that certificates name.
const SCOPE: &str = "openid email";

/// How long somebody may take in the browser.
const PATIENCE: Duration = Duration::from_secs(300);

/// A login of a person at an OpenID Connect provider, which ends in an identity token.
///
/// Source: OpenID Connect Core 1.0, section 3.1, with RFC 7636 (PKCE, S256 only), RFC 8252 (native applications), RFC 8628
/// (devices) and RFC 9207 (issuer in the answer). The signature of the token is not checked here: it came over the connection
/// to its issuer (OpenID Connect Core 1.0, section 3.1.3.7, number 6), and the certificate authority checks it.
pub struct Login {
    issuer: Endpoint,
    client: LoginClient,
    http: Arc<Http>,
    clock: Arc<dyn Clock>,
    patience: Duration,
}

/// As what the program presents itself to the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginClient {
    /// The name under which the provider knows it; the token is for this audience.
    pub id: String,
    /// Its secret, if the provider wants one; programs on the machines of people cannot keep any.
    pub secret: Option<Secret>,
}

/// The person who logs in, as far as a program can reach one.
pub trait Person {
    /// Shows this address, and opens it in a browser if there is one.
    fn visit(&mut self, url: &str);

    /// Shows what has to be entered where, on any device.
    fn enter(&mut self, prompt: &DevicePrompt);
}

/// What a person has to enter where. Both are words of the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicePrompt {
    /// The page.
    pub url: String,
    /// The code.
    pub code: String,
    /// The page with the code entered already.
    pub complete_url: Option<String>,
    /// For how long, in seconds.
    pub seconds: u64,
}

impl Login {
    /// Gets ready; nothing is sent yet.
    #[must_use]
    pub fn new(issuer: Endpoint, client: LoginClient, http: &Arc<Http>, clock: Arc<dyn Clock>) -> Self {
        Self {
            issuer,
            client,
            http: Arc::clone(http),
            clock,
            patience: PATIENCE,
        }
    }

    /// Waits so long for the person to come back from the browser instead of five minutes.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sends the person to a browser, which comes back to `redirect` on this machine with a code.
    ///
    /// # Errors
    /// When the provider cannot be reached, refuses or hands out something else, or nobody comes back in time.
    pub fn in_browser(
        &self,
        redirect: &RedirectUrl,
        person: &mut dyn Person,
    ) -> Result<IdentityToken, attest_sign::Error> {
        let provider = Provider::discover(&self.issuer, &self.http).map_err(failed)?;
        let (pkce, nonce, state) = (
            Pkce::new().map_err(failed)?,
            nonce().map_err(failed)?,
            nonce().map_err(failed)?,
        );
        let callback = Callback::listen(redirect, &self.http).map_err(failed)?;
        let url = provider
            .authorization
            .with_query("response_type", "code")
            .with_query("client_id", &self.client.id)
            .with_query("redirect_uri", callback.url())
            .with_query("scope", SCOPE)
            .with_query("state", state.expose())
            .with_query("nonce", nonce.expose())
            .with_query("code_challenge", pkce.challenge())
            .with_query("code_challenge_method", "S256");
        person.visit(url.url().as_str());
        let redirect_uri = callback.url().to_owned();
        let code = callback.wait(&state, &provider.issuer, self.patience).map_err(failed)?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", redirect_uri.as_str()),
            ("code_verifier", pkce.verifier()),
        ];
        let token = self.grant(&provider).redeem(&fields).map_err(failed)?;
        self.check(&provider, &token, Some(nonce.expose()))
    }

    /// Has the person enter a code in a browser that may be on another machine.
    ///
    /// # Errors
    /// When the provider cannot be reached, refuses or offers no such login, or nobody enters the code in time.
    pub fn on_device(&self, person: &mut dyn Person) -> Result<IdentityToken, attest_sign::Error> {
        let provider = Provider::discover(&self.issuer, &self.http).map_err(failed)?;
        let token = device::login(&self.grant(&provider), person).map_err(failed)?;
        self.check(&provider, &token, None)
    }

    fn grant<'a>(&'a self, provider: &'a Provider) -> Grant<'a> {
        Grant {
            http: &self.http,
            provider,
            client: &self.client,
        }
    }

    fn check(
        &self,
        provider: &Provider,
        jwt: &Secret,
        nonce: Option<&str>,
    ) -> Result<IdentityToken, attest_sign::Error> {
        let token = IdentityToken::parse(jwt.expose())?;
        let expected = Expected {
            issuer: &provider.issuer,
            client_id: &self.client.id,
            nonce,
            now: self.clock.now(),
        };
        expected.check(&token).map_err(failed)?;
        Ok(token)
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("issuer", &self.issuer)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// What the provider said no with, cut to what a terminal has room for.
fn refused(issuer: &str, code: &str, description: &str) -> Error {
    const MAX_CHARACTERS: usize = 300;
    let cut = |text: &str| text.chars().take(MAX_CHARACTERS).collect();
    Error::LoginRefused {
        issuer: issuer.to_owned(),
        code: cut(code),
        description: cut(description),
    }
}
