use crate::cyclonedx::{ExternalReference, Property, ReferenceKind};

/// A reference, if the address is one that anybody may open: `http` or `https`, to a host, without blanks.
pub(crate) fn external(kind: ReferenceKind, address: Option<&str>) -> Option<ExternalReference> {
    let url = public_address(address?)?;
    let hashes = Vec::new();
    Some(ExternalReference { kind, url, hashes })
}

/// The address without user, password, query and fragment, which are nobody's business; nothing for files, shells and mail.
pub(crate) fn public_address(address: &str) -> Option<String> {
    let address = address.trim();
    let (scheme, rest) = address.split_once("://")?;
    if !matches!(scheme, "http" | "https") || !address.chars().all(allowed) {
        return None;
    }
    let (host, path) = host_and_path(rest);
    let is_named = host.starts_with(|c: char| c.is_alphanumeric() || c == '[');
    is_named.then(|| format!("{scheme}://{host}{path}"))
}

/// What follows `://`: the host, with its port, and the path.
pub(crate) fn host_and_path(rest: &str) -> (&str, &str) {
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let split = |rest| {
        let end = str::find(rest, '/').unwrap_or(rest.len());
        rest.split_at(end)
    };
    let (authority, path) = split(rest);
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    // A slash in a password that nobody escaped.
    let is_torn = !authority.contains(['@', ']']) && !port.bytes().all(|byte| byte.is_ascii_digit());
    match path.rsplit_once('@').filter(|_| is_torn) {
        Some((_, rest)) => split(rest),
        None => (authority.rsplit('@').next().unwrap_or(authority), path),
    }
}

/// What is asked for in place of a version, as a property.
pub(crate) fn requirement(range: &str) -> Property {
    Property {
        name: "attest:requirement",
        value: public_text(range),
    }
}

/// A text of others without what is nobody's business: of addresses only scheme, host and path stay, of files outside of the
/// tree only the name, and of what is called a secret nothing.
pub(crate) fn public_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '`' | '"')) {
        let end = part.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '`' | '"'));
        public_word(end, &mut shown);
        shown.push_str(&part[end.len()..]);
    }
    shown
}

fn public_word(word: &str, shown: &mut String) {
    if let Some(place) = word.find("://") {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-');
        let start = word[..place].trim_end_matches(is_part).len();
        let (scheme, rest) = (&word[start..place], &word[place + 3..]);
        shown.push_str(&word[..start]);
        if scheme == "file" || scheme.ends_with("+file") {
            shown.push_str("file:");
            shown.push_str(last_part(rest));
        } else {
            let (host, path) = host_and_path(rest);
            shown.extend([scheme, "://", host, path]);
        }
    } else if let Some(place) = place_of_path(word) {
        shown.push_str(&word[..place]);
        shown.push_str(last_part(&word[place..]));
    } else {
        let is_address = word.contains(['/', ':']);
        let word = if is_address {
            word.split('?').next().unwrap_or(word)
        } else {
            word
        };
        shown.push_str(without_value(without_user(word)));
    }
}

/// Where in a word the path of a file begins that lies somewhere on the machine.
fn place_of_path(word: &str) -> Option<usize> {
    let named = ["file:", "link:", "portal:"];
    let named = named.iter().filter_map(|kind| Some(word.find(kind)? + kind.len()));
    let starts = word.char_indices().filter(|(place, _)| {
        let before = word[..*place].chars().next_back();
        before.is_none_or(|c| matches!(c, '@' | '=' | ':' | '(' | '[' | ',' | '\''))
    });
    let mut starts = starts.map(|(place, _)| place);
    let is_path = |place: &usize| {
        let rest = &word[*place..];
        let is_drive = rest.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && rest[1..].starts_with(":\\");
        is_drive || ["/", "~/", "../", "\\\\"].iter().any(|start| rest.starts_with(start)) && rest.len() > 1
    };
    named.chain(starts.find(is_path)).min()
}

/// The name of a file; nothing of the home directory of somebody.
fn last_part(path: &str) -> &str {
    let path = path
        .split(['?', '#'])
        .next()
        .unwrap_or(path)
        .trim_end_matches(['/', '\\']);
    let (parent, name) = path.rsplit_once(['/', '\\']).unwrap_or(("", path));
    let is_home = parent.ends_with("home") || parent.ends_with("Users");
    if is_home { "~" } else { name }
}

/// `user:password@host/path` and `user:password@host:path` without what stands before the host.
fn without_user(word: &str) -> &str {
    let kinds = ["npm", "patch", "workspace", "catalog", "jsr", "exec", "git"];
    match word.rsplit_once('@') {
        Some((before, host))
            if host.contains(['/', ':']) && before.split_once(':').is_some_and(|(kind, _)| !kinds.contains(&kind)) =>
        {
            host
        }
        _ => word,
    }
}

/// `token=` of `token=…`.
fn without_value(word: &str) -> &str {
    let secrets = [
        "token",
        "passw",
        "secret",
        "apikey",
        "api_key",
        "api-key",
        "auth",
        "credential",
    ];
    match word.split_once('=') {
        Some((name, value)) if !value.starts_with('=') => {
            let lower = name.to_ascii_lowercase();
            let is_secret = secrets.iter().any(|secret| lower.contains(secret));
            if is_secret { &word[..=name.len()] } else { word }
        }
        _ => word,
    }
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
        assert_eq!(taken.unwrap().url, "https://example.com/a");
    }

    #[test]
    fn user_and_password_are_left_out() {
        let address = public_address("https://user:secret@example.com/a@b");
        assert_eq!(address.as_deref(), Some("https://example.com/a@b"));
    }

    #[test]
    fn a_text_says_nothing_that_is_nobodys_business() {
        for (text, expected) in [
            ("`a` needs `b@^1.2 || >=2,<3`", "`a` needs `b@^1.2 || >=2,<3`"),
            ("https://u:PW@example.com/a?token=PW#x", "https://example.com/a"),
            ("a@git+ssh://u:PW@example.com/a.git", "a@git+ssh://example.com/a.git"),
            ("https://u:P/W@example.com/a", "https://example.com/a"),
            ("b@file:///home/NAME/x.tgz y", "b@file:x.tgz y"),
            ("`file:/home/NAME` /home/NAME/x ~/y ../../NAME/z", "`file:~` x y z"),
            ("b@link:/home/NAME/x C:\\Users\\NAME\\x", "b@link:x x"),
            ("u:PW@example.com:o/a.git?x=PW", "example.com:o/a.git"),
            (
                "npm:@scope/a@1 npm:a@1 workspace:* a/b#main",
                "npm:@scope/a@1 npm:a@1 workspace:* a/b#main",
            ),
            ("a==1 api_token=PW token==1", "a==1 api_token= token==1"),
        ] {
            let shown = public_text(text);
            assert_eq!(shown, expected);
            assert_eq!(public_text(&shown), expected, "once more");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,30}", like in "[a-é:/@?#~.\\\\ ]{0,20}") {
            let _ = (public_text(&text), public_text(&like));
        }
    }
}
