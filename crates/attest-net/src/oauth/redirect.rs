use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::str::FromStr;

use reqwest::Url;

use crate::Error;

/// Where a browser comes back to: `http` to the loopback interface of this machine (RFC 8252, section 7.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUrl {
    host: Host,
    port: u16,
    path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    Name,
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl RedirectUrl {
    /// Reads a URL; port 0 stands for any that is free.
    ///
    /// # Errors
    /// When it does not lead to the loopback interface, or has more than host, port and path.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |expected| Error::RedirectUrl {
            expected,
            url: text.to_owned(),
        };
        let url = Url::parse(text).map_err(|_| wrong("an absolute URL"))?;
        if url.scheme() != "http" || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("an http URL without credentials"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("a URL without query and fragment"));
        }
        let host = url.host_str().unwrap_or_default();
        Ok(Self {
            host: host.parse().map_err(|()| wrong("a URL of the loopback interface"))?,
            port: url.port().unwrap_or(80),
            path: url.path().to_owned(),
        })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Takes the port. A browser tries both addresses of `localhost`, so both are taken if there are two: otherwise somebody
    /// else on this machine could answer at the other.
    pub(super) fn listen(&self) -> Result<(String, Vec<TcpListener>), Error> {
        let first = self.bind(self.address(), self.port)?;
        let port = first
            .local_addr()
            .map_err(|error| self.failed(self.port, &error))?
            .port();
        let mut listeners = vec![first];
        if self.host == Host::Name {
            match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
                Ok(second) => listeners.push(second),
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => return Err(self.failed(port, &error)),
                // A machine without IPv6 has no second address.
                Err(_) => {}
            }
        }
        Ok((self.url(port), listeners))
    }

    fn bind(&self, address: IpAddr, port: u16) -> Result<TcpListener, Error> {
        TcpListener::bind(SocketAddr::new(address, port)).map_err(|error| self.failed(port, &error))
    }

    fn address(&self) -> IpAddr {
        match self.host {
            Host::Name => Ipv4Addr::LOCALHOST.into(),
            Host::V4(address) => address.into(),
            Host::V6(address) => address.into(),
        }
    }

    fn url(&self, port: u16) -> String {
        let host = match self.host {
            Host::Name => "localhost".to_owned(),
            Host::V4(address) => address.to_string(),
            Host::V6(address) => format!("[{address}]"),
        };
        format!("http://{host}:{port}{}", self.path)
    }

    fn failed(&self, port: u16, error: &std::io::Error) -> Error {
        Error::Listen {
            url: self.url(port),
            detail: error.to_string(),
        }
    }
}

/// What every provider of Sigstore knows: any port of this machine, one path.
impl Default for RedirectUrl {
    fn default() -> Self {
        Self {
            host: Host::Name,
            port: 0,
            path: "/auth/callback".to_owned(),
        }
    }
}

impl FromStr for Host {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "localhost" {
            return Ok(Self::Name);
        }
        let address = text.trim_start_matches('[').trim_end_matches(']');
        match address.parse().map_err(|_| ())? {
            IpAddr::V4(address) if address.is_loopback() => Ok(Self::V4(address)),
            IpAddr::V6(address) if address.is_loopback() => Ok(Self::V6(address)),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_are_taken() {
        for url in [
            "http://localhost:0/auth/callback",
            "http://127.0.0.1:8080/x",
            "http://[::1]:1/",
            "http://localhost/",
        ] {
            RedirectUrl::parse(url).unwrap();
        }
        assert_eq!(
            RedirectUrl::parse("http://localhost:0/auth/callback").unwrap(),
            RedirectUrl::default()
        );
    }

    #[test]
    fn other_addresses_are_refused() {
        let cases = [
            ("localhost:0", "an http URL without credentials"),
            ("/auth/callback", "an absolute URL"),
            ("https://localhost:0/", "an http URL without credentials"),
            ("http://a@localhost:0/", "an http URL without credentials"),
            ("http://localhost:0/?a=1", "a URL without query and fragment"),
            ("http://0.0.0.0:0/", "a URL of the loopback interface"),
            ("http://example.com/", "a URL of the loopback interface"),
            ("http://localhost.example.com/", "a URL of the loopback interface"),
        ];
        for (url, expected) in cases {
            let url = url.to_owned();
            assert_eq!(RedirectUrl::parse(&url), Err(Error::RedirectUrl { expected, url }));
        }
    }

    #[test]
    fn a_port_that_is_taken_is_named() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let url = format!("http://localhost:{port}/");
        let error = RedirectUrl::parse(&url).unwrap().listen().unwrap_err();
        assert!(
            matches!(&error, Error::Listen { url: named, .. } if *named == url),
            "{error}"
        );
    }
}
