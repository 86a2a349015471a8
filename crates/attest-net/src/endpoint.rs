use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use crate::Error;

/// Where Google's machines find their metadata server.
const METADATA_SERVERS: [&str; 3] = ["169.254.169.254", "metadata.google.internal", "metadata"];

/// The address of a service: `https`, or `http` to this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    loopback: bool,
}

impl Endpoint {
    /// Reads a URL.
    ///
    /// # Errors
    /// When it is no URL, carries credentials, or would send tokens in the clear to another machine.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |expected| Error::Url {
            expected,
            url: text.to_owned(),
        };
        let url = Url::parse(text).map_err(|_| wrong("an absolute URL"))?;
        let host = url.host_str().ok_or_else(|| wrong("a URL with a host"))?;
        let loopback = is_loopback(host);
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Url {
                expected: "a URL without credentials",
                url: format!("{}://…@{host}", url.scheme()),
            });
        }
        match url.scheme() {
            "https" => Ok(Self { url, loopback }),
            "http" if loopback => Ok(Self { url, loopback }),
            _ => Err(wrong("an https URL (http only to the loopback interface)")),
        }
    }

    /// The metadata server of a cloud machine, by host or `host:port`: a link-local address that no router forwards, or
    /// loopback, where tests have theirs. The one place beside loopback where `http` is spoken.
    ///
    /// # Errors
    /// When it is another machine.
    pub fn metadata_server(host: &str, path: &str) -> Result<Self, Error> {
        let text = format!("http://{host}{path}");
        if let Ok(local) = Self::parse(&text) {
            return Ok(local);
        }
        let wrong = |expected| Error::Url {
            expected,
            url: text.clone(),
        };
        let url = Url::parse(&text).map_err(|_| wrong("a host, with or without a port"))?;
        let known = url.host_str().is_some_and(|host| METADATA_SERVERS.contains(&host));
        if !known || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("a link-local or loopback metadata server"));
        }
        Ok(Self { url, loopback: false })
    }

    /// The endpoint below this one; a query stays.
    pub(crate) fn join(&self, path: &str) -> Self {
        let mut joined = self.clone();
        let base = self.url.path().trim_end_matches('/');
        joined.url.set_path(&format!("{base}/{path}"));
        joined
    }

    /// Another address on the same host, as a `Location` header names it.
    pub(crate) fn relocated(&self, location: &str) -> Option<Self> {
        let url = self.url.join(location).ok()?;
        let same = url.origin() == self.url.origin();
        same.then(|| Self { url, ..self.clone() })
    }

    /// The endpoint with one more query parameter.
    pub(crate) fn with_query(&self, name: &str, value: &str) -> Self {
        let mut asked = self.clone();
        asked.url.query_pairs_mut().append_pair(name, value);
        asked
    }

    /// The host, without port, in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether it is reached without the proxy of the environment.
    pub(crate) fn is_direct(&self) -> bool {
        self.loopback || self.url.scheme() == "http"
    }
}

/// Without the query: that of a token request is nobody's business.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.url.clone();
        shown.set_query(None);
        shown.set_fragment(None);
        f.write_str(shown.as_str())
    }
}

/// `application/x-www-form-urlencoded`: what of a text may stand in a field, or beside a colon.
pub(crate) fn form_encoded(text: &str) -> String {
    let Ok(mut url) = Url::parse("http://localhost/") else {
        return String::new();
    };
    url.query_pairs_mut().append_key_only(text);
    url.query().unwrap_or_default().to_owned()
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    // RFC 6761 reserves `localhost` and everything below it for the loopback interface.
    host == "localhost" || host.ends_with(".localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_are_accepted() {
        for url in [
            "https://fulcio.example.com",
            "http://127.0.0.1:1",
            "http://[::1]:1/x",
            "http://localhost:3000",
        ] {
            assert!(Endpoint::parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn plain_http_to_another_machine_is_rejected() {
        for url in [
            "http://fulcio.example.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "ftp://localhost",
        ] {
            let expected = "an https URL (http only to the loopback interface)";
            let url = url.to_owned();
            assert_eq!(Endpoint::parse(&url), Err(Error::Url { expected, url }));
        }
    }

    #[test]
    fn a_metadata_server_is_link_local_or_loopback() {
        for host in [
            "169.254.169.254",
            "metadata.google.internal",
            "127.0.0.1:8080",
            "localhost",
        ] {
            assert!(Endpoint::metadata_server(host, "/x").is_ok(), "{host}");
        }
        for host in [
            "169.254.169.253",
            "metadata.example.com",
            "10.0.0.1",
            "x@169.254.169.254",
            "a b",
        ] {
            assert!(Endpoint::metadata_server(host, "/x").is_err(), "{host}");
        }
    }

    #[test]
    fn credentials_in_a_url_are_rejected_and_not_shown() {
        let error = Endpoint::parse("https://user:secret@example.com/")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "expected a URL without credentials, found `https://…@example.com`"
        );
    }

    #[test]
    fn paths_are_joined_and_queries_are_not_shown() {
        let base = Endpoint::parse("https://example.com/base/?a=1").unwrap();
        assert_eq!(base.join("api/v2").to_string(), "https://example.com/base/api/v2");
        let asked = base.with_query("audience", "sigstore");
        assert_eq!(asked.url().query(), Some("a=1&audience=sigstore"));
        assert_eq!(asked.to_string(), "https://example.com/base/");
    }

    #[test]
    fn what_goes_into_a_form_is_encoded() {
        assert_eq!(form_encoded("a:b c&d=e"), "a%3Ab+c%26d%3De");
        assert_eq!(form_encoded(""), "");
    }

    #[test]
    fn a_location_on_another_host_is_not_followed() {
        let base = Endpoint::parse("https://example.com/api").unwrap();
        assert!(base.relocated("/api/v1/log/entries/1").is_some());
        assert_eq!(base.relocated("https://example.org/api"), None);
    }
}
