use crate::cyclonedx::{ExternalReference, ReferenceKind};

/// A reference, if the address is one that anybody may open: `http` or `https`, to a host, without blanks.
pub(crate) fn external(kind: ReferenceKind, address: Option<&str>) -> Option<ExternalReference> {
    let url = public_address(address?)?;
    let hashes = Vec::new();
    Some(ExternalReference { kind, url, hashes })
}

/// The address without user and password, which are nobody's business; nothing for files, shells and mail.
pub(crate) fn public_address(address: &str) -> Option<String> {
    let address = address.trim();
    let (scheme, rest) = address.split_once("://")?;
    if !matches!(scheme, "http" | "https") || !address.chars().all(allowed) {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let is_named = host.starts_with(|c: char| c.is_alphanumeric() || c == '[');
    is_named.then(|| format!("{scheme}://{host}{path}"))
}

/// What RFC 3987 lets stand in an address without escapes.
fn allowed(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_taken() {
        for address in [
            "ftp://example.com/x",
            "file:///home/x",
            "javascript:alert(1)",
            "example.com",
            "https://",
            "https:///path",
            "https://exa mple.com",
            "https://example.com/<x>",
            "https://example.com/\u{1b}[2J",
        ] {
            assert_eq!(external(ReferenceKind::Vcs, Some(address)), None, "{address}");
        }
        let taken = external(ReferenceKind::Vcs, Some(" https://example.com/a?b#c "));
        assert_eq!(taken.unwrap().url, "https://example.com/a?b#c");
    }

    #[test]
    fn user_and_password_are_left_out() {
        let address = public_address("https://user:secret@example.com/a@b");
        assert_eq!(address.as_deref(), Some("https://example.com/a@b"));
    }
}
