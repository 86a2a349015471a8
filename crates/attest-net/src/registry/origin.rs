use reqwest::Url;

use super::Error;
use crate::Endpoint;

/// Where a registry leads to by a `Location` or a `Link`, judged before anything is sent there.
///
/// Another host gets nothing that was meant for this one. TLS is not left, except for this machine from this machine.
pub(super) fn led(from: &Url, location: &str) -> Result<Url, Error> {
    let wrong = |problem| Error::Elsewhere {
        from: shown(from),
        to: location.chars().take(200).collect(),
        problem,
    };
    let to = from.join(location).map_err(|_| wrong("that is no URL"))?;
    if !to.username().is_empty() || to.password().is_some() {
        return Err(Error::Elsewhere {
            from: shown(from),
            to: to.host_str().unwrap_or_default().to_owned(),
            problem: "it carries credentials",
        });
    }
    let is_allowed = match to.scheme() {
        "https" => true,
        "http" => is_same(from, &to) || (from.scheme() == "http" && is_loopback(&to)),
        _ => false,
    };
    match is_allowed {
        true => Ok(to),
        false => Err(wrong("that is not https")),
    }
}

/// Whether what is meant for one may be sent to the other.
pub(super) fn is_same(first: &Url, second: &Url) -> bool {
    first.origin() == second.origin()
}

/// Whether credentials may be sent there.
pub(super) fn is_loopback(url: &Url) -> bool {
    Endpoint::parse(&format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default()))
        .is_ok_and(|endpoint| endpoint.is_loopback())
}

/// Without the query, which may hold what lets anybody read.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.into()
}

/// `host[:port]`, as it stands in the name of a repository.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_location_may_be_relative_or_on_another_host_with_tls() {
        let from = url("https://registry.example.org/v2/app/blobs/uploads/");
        for (location, expected) in [
            ("/v2/x?_state=1", "https://registry.example.org/v2/x?_state=1"),
            ("x", "https://registry.example.org/v2/app/blobs/uploads/x"),
            ("https://storage.example.com/x", "https://storage.example.com/x"),
        ] {
            assert_eq!(led(&from, location).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn nothing_leads_out_of_tls() {
        let problem = |from: &str, location: &str| match led(&url(from), location) {
            Err(Error::Elsewhere { problem, .. }) => problem,
            other => panic!("expected a refusal, found {other:?}"),
        };
        for location in [
            "http://storage.example.com/x",
            "http://127.0.0.1/x",
            "ftp://example.org/x",
            "file:///etc/passwd",
        ] {
            assert_eq!(problem("https://registry.example.org/", location), "that is not https");
        }
        assert_eq!(
            problem("http://127.0.0.1:1/", "http://storage.example.com/"),
            "that is not https"
        );
        assert!(led(&url("http://127.0.0.1:1/"), "http://127.0.0.1:2/").is_ok());
        assert_eq!(
            problem("https://example.org/", "https://u:p@example.org/"),
            "it carries credentials"
        );
    }

    #[test]
    fn a_query_is_not_shown() {
        assert_eq!(
            shown(&url("https://u:p@example.org/x?signature=1#y")),
            "https://example.org/x"
        );
        assert_eq!(authority(&url("https://example.org:444/x")), "example.org:444");
    }
}
