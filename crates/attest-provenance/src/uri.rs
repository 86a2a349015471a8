use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A URI, as far as it is looked at here: a scheme, and something after it without spaces.
///
/// Source: RFC 3986, section 3.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uri(String);

impl Uri {
    /// Takes a text that is a URI; `what` says what it is for.
    ///
    /// # Errors
    /// [`Error::NotAUri`].
    pub fn new(what: &'static str, text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        match is_uri(&text) {
            true => Ok(Self(text)),
            false => Err(Error::NotAUri {
                what,
                found: text.escape_debug().to_string(),
            }),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The repository that a git remote names, as a URI without credentials, query and fragment; none for a path on this
/// machine or anything that is no remote.
///
/// `git@example.com:team/app.git` is `ssh://example.com/team/app.git`. A user name goes as well: tokens are put there.
#[must_use]
pub fn repository_uri(remote: &str) -> Option<Uri> {
    let (scheme, rest) = match remote.split_once("://") {
        Some((scheme, rest)) => (scheme, rest.to_owned()),
        None => {
            let (host, path) = remote.split_once(':')?;
            // `C:\repository` and `./a:b` are paths.
            if host.len() < 2 || host.contains(['/', '\\']) || path.is_empty() {
                return None;
            }
            ("ssh", format!("{host}/{}", path.trim_start_matches('/')))
        }
    };
    if scheme == "file" {
        return None;
    }
    let rest = rest.split(['?', '#']).next()?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.is_empty() {
        return None;
    }
    let path = path.trim_end_matches('/');
    Uri::new("a repository", format!("{scheme}://{host}/{path}")).ok()
}

fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !rest.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Uri {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::new("a field", text)
    }
}

impl From<Uri> for String {
    fn from(uri: Uri) -> Self {
        uri.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn uri(remote: &str) -> Option<String> {
        repository_uri(remote).map(|uri| uri.to_string())
    }

    #[test]
    fn credentials_are_no_part_of_a_repository() {
        let expected = Some("https://example.com/team/app.git".to_owned());
        for remote in [
            "https://example.com/team/app.git",
            "https://user:secret@example.com/team/app.git",
            "https://secret@example.com/team/app.git/",
            "https://example.com/team/app.git?token=secret",
            "https://a@b:secret@example.com/team/app.git#secret",
        ] {
            assert_eq!(uri(remote), expected, "{remote}");
        }
        assert_eq!(
            uri("git@example.com:team/app.git").unwrap(),
            "ssh://example.com/team/app.git"
        );
        assert_eq!(uri("ssh://git@example.com:2222/a").unwrap(), "ssh://example.com:2222/a");
    }

    #[test]
    fn a_path_on_this_machine_is_no_repository() {
        for remote in [
            "/srv/git/app",
            "file:///srv/git/app",
            "C:\\app",
            "../app",
            "",
            "./a:b",
            "https://",
        ] {
            assert_eq!(uri(remote), None, "{remote}");
        }
    }

    #[test]
    fn what_is_no_uri_is_named() {
        let error = Uri::new("the build type", "no uri").unwrap_err();
        assert_eq!(error.to_string(), "expected a URI for the build type, found `no uri`");
    }

    proptest! {
        #[test]
        fn no_secret_survives(secret in "[a-zA-Z0-9:@]{1,20}", host in "[a-z]{3,8}") {
            let found = uri(&format!("https://user:{secret}@{host}.example.org/app")).unwrap();
            prop_assert_eq!(found, format!("https://{host}.example.org/app"));
        }

        #[test]
        fn no_remote_makes_the_reader_panic(remote in "\\PC*") {
            let _ = repository_uri(&remote);
        }
    }
}
