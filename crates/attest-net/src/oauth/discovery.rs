use serde::Deserialize;

use crate::http::{Exchange, Http, Request};
use crate::{Endpoint, Error, Service};

/// The largest description of a provider that is read, in bytes. Real ones are below 4 KiB.
const MAX_BYTES: usize = 256 << 10;

/// What an OpenID Connect provider says of itself (OpenID Connect Discovery 1.0, section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Provider {
    /// As it stands in its tokens.
    pub(super) issuer: String,
    pub(super) authorization: Endpoint,
    pub(super) token: Endpoint,
    pub(super) device: Option<Endpoint>,
    methods: Vec<String>,
}

/// How a client shows who it is (OpenID Connect Core 1.0, section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Authentication {
    /// It only names itself.
    None,
    /// In a header.
    Basic,
    /// In fields of the form.
    Post,
}

impl Provider {
    /// How a client with or without a secret is known here. Many providers let a client without one show an empty one, and
    /// that alone.
    pub(super) fn authentication(&self, has_secret: bool) -> Result<Authentication, Error> {
        let all = [
            ("none", Authentication::None),
            ("client_secret_basic", Authentication::Basic),
            ("client_secret_post", Authentication::Post),
        ];
        let usable = if has_secret { &all[1..] } else { &all[..] };
        let offered = usable
            .iter()
            .find(|(name, _)| self.methods.iter().any(|method| method == name));
        offered
            .map(|(_, method)| *method)
            .ok_or_else(|| Error::LoginUnavailable {
                issuer: self.issuer.clone(),
                missing: "way to authenticate with a client secret, or without one",
            })
    }

    pub(super) fn discover(issuer: &Endpoint, http: &Http) -> Result<Self, Error> {
        let endpoint = issuer.join(".well-known/openid-configuration");
        let exchange = Exchange {
            service: Service::IdentityProvider,
            endpoint: &endpoint,
            limit: MAX_BYTES,
            request: Request::Get { bearer: None },
        };
        let answer = http.exchange(&exchange, &[])?;
        Self::parse(&answer.body, issuer)
    }

    fn parse(json: &[u8], issuer: &Endpoint) -> Result<Self, Error> {
        let unexpected = |expected, found: String| Error::Answer {
            service: Service::IdentityProvider,
            url: issuer.to_string(),
            expected,
            found,
        };
        let wire: ProviderWire = serde_json::from_slice(json)
            .map_err(|error| unexpected("a description of an OpenID Connect provider", error.to_string()))?;
        // An address without a path and the same with a slash are one resource; everything else has to be the same.
        if wire.issuer.trim_end_matches('/') != issuer.url().as_str().trim_end_matches('/') {
            return Err(unexpected("itself as `issuer`", format!("`{}`", wire.issuer)));
        }
        let methods = wire.code_challenge_methods_supported;
        if methods.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            return Err(Error::LoginUnavailable {
                issuer: wire.issuer,
                missing: "PKCE with S256",
            });
        }
        let endpoint = |url: &str| near(url, issuer);
        Ok(Self {
            authorization: endpoint(&wire.authorization_endpoint)?,
            token: endpoint(&wire.token_endpoint)?,
            device: wire
                .device_authorization_endpoint
                .as_deref()
                .map(endpoint)
                .transpose()?,
            // What counts if nothing is said: OpenID Connect Discovery 1.0, section 3.
            methods: wire
                .token_endpoint_auth_methods_supported
                .unwrap_or_else(|| vec!["client_secret_basic".to_owned()]),
            issuer: wire.issuer,
        })
    }
}

/// A provider out there has no business on the loopback interface of this machine.
pub(super) fn near(url: &str, issuer: &Endpoint) -> Result<Endpoint, Error> {
    let endpoint = Endpoint::parse(url)?;
    match endpoint.is_loopback() && !issuer.is_loopback() {
        true => Err(Error::Url {
            expected: "an address that is not on this machine, like the issuer",
            url: url.to_owned(),
        }),
        false => Ok(endpoint),
    }
}

#[derive(Deserialize)]
struct ProviderWire {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    device_authorization_endpoint: Option<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn described(change: impl FnOnce(&mut Value)) -> Result<Provider, String> {
        let mut description = json!({
            "issuer": "https://issuer.example.com/auth",
            "authorization_endpoint": "https://issuer.example.com/auth/auth",
            "token_endpoint": "https://issuer.example.com/auth/token",
            "device_authorization_endpoint": "https://issuer.example.com/auth/device/code",
            "code_challenge_methods_supported": ["S256", "plain"],
        });
        change(&mut description);
        let issuer = Endpoint::parse("https://issuer.example.com/auth").unwrap();
        Provider::parse(description.to_string().as_bytes(), &issuer).map_err(|error| error.to_string())
    }

    #[test]
    fn a_description_is_read_and_the_rest_of_it_is_optional() {
        assert!(described(|_| {}).unwrap().device.is_some());
        let bare = described(|description| {
            description["device_authorization_endpoint"] = Value::Null;
            description["code_challenge_methods_supported"] = Value::Null;
        });
        assert_eq!(bare.unwrap().device, None);
    }

    #[test]
    fn a_client_shows_who_it_is_as_the_provider_wants_it() {
        let chosen = |methods: Value, has_secret| {
            let provider = described(|description| description["token_endpoint_auth_methods_supported"] = methods);
            provider
                .unwrap()
                .authentication(has_secret)
                .map_err(|error| error.to_string())
        };
        assert_eq!(chosen(Value::Null, false), Ok(Authentication::Basic));
        assert_eq!(
            chosen(json!(["client_secret_post", "none"]), false),
            Ok(Authentication::None)
        );
        assert_eq!(
            chosen(json!(["client_secret_post", "none"]), true),
            Ok(Authentication::Post)
        );
        assert_eq!(
            chosen(json!(["none", "client_secret_post", "client_secret_basic"]), true),
            Ok(Authentication::Basic)
        );
        assert_eq!(
            chosen(json!(["private_key_jwt"]), false).unwrap_err(),
            "https://issuer.example.com/auth offers no way to authenticate with a client secret, or without one"
        );
    }

    #[test]
    fn another_issuer_is_refused() {
        let error = described(|description| description["issuer"] = "https://issuer.example.org/auth".into());
        assert_eq!(
            error.unwrap_err(),
            "expected itself as `issuer` from identity provider at https://issuer.example.com/auth, found \
             `https://issuer.example.org/auth`"
        );
    }

    #[test]
    fn a_provider_without_s256_is_refused() {
        let error = described(|description| description["code_challenge_methods_supported"] = json!(["plain"]));
        assert_eq!(
            error.unwrap_err(),
            "https://issuer.example.com/auth offers no PKCE with S256"
        );
    }

    #[test]
    fn endpoints_in_the_clear_or_on_this_machine_are_refused() {
        let error = described(|description| description["token_endpoint"] = "http://issuer.example.com/token".into());
        assert_eq!(
            error.unwrap_err(),
            "expected an https URL (http only to the loopback interface), found `http://issuer.example.com/token`"
        );
        let error = described(|description| description["token_endpoint"] = "http://localhost:1/token".into());
        assert_eq!(
            error.unwrap_err(),
            "expected an address that is not on this machine, like the issuer, found `http://localhost:1/token`"
        );
    }
}
