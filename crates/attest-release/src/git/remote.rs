/// The URL without user name, password, query and fragment. The `git@host:path` form has no secret and keeps its user.
///
/// A file path says nothing to anybody else, so it is no remote at all.
pub(super) fn without_credentials(url: &str) -> Option<String> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return scp_form(url).map(str::to_owned);
    };
    if scheme.eq_ignore_ascii_case("file") {
        return None;
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = match rest.find('/') {
        Some(place) => rest.split_at(place),
        None => (rest, ""),
    };
    // A password may hold `@` unescaped, so the host begins after the last one.
    let host = authority.rsplit('@').next().unwrap_or_default();
    // With ssh the name is part of the address (`ssh://git@host/…`) and no secret; a password is.
    let user = match scheme.eq_ignore_ascii_case("ssh") {
        true => authority.rsplit_once('@').and_then(|(user, _)| user.split(':').next()),
        false => None,
    };
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    (!host.is_empty()).then(|| format!("{scheme}://{user}{host}{path}"))
}

/// `user@host:path`, but neither `C:\path` nor `/path`.
fn scp_form(url: &str) -> Option<&str> {
    let (host, _) = url.split_once(':')?;
    let is_host = host.len() > 1 && !host.contains(['/', '\\']) && !host.starts_with('.');
    is_host.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn credentials_never_leave_the_machine() {
        for (url, clean) in [
            ("https://example.com/a/b.git", Some("https://example.com/a/b.git")),
            ("https://user:secret@example.com/a", Some("https://example.com/a")),
            ("https://secret@example.com:8443/a", Some("https://example.com:8443/a")),
            ("https://user:p@ss@example.com/a@b", Some("https://example.com/a@b")),
            (
                "https://example.com/a?private_token=secret#x",
                Some("https://example.com/a"),
            ),
            ("ssh://git:secret@example.com/a", Some("ssh://git@example.com/a")),
            ("git@example.com:a/b.git", Some("git@example.com:a/b.git")),
        ] {
            assert_eq!(without_credentials(url).as_deref(), clean, "{url}");
        }
    }

    #[test]
    fn a_path_is_no_remote() {
        for path in ["/srv/git/a.git", "../a", "file:///srv/a", "C:\\a", "./a:b"] {
            assert_eq!(without_credentials(path), None, "{path}");
        }
    }
}
