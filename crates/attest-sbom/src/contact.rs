use crate::cyclonedx::Contact;

/// An author as Cargo writes one: `Name <mail>`, either part alone, or any text.
pub(crate) fn author(text: &str) -> Option<Contact> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let parts = text.strip_suffix('>').and_then(|text| text.split_once('<'));
    let Some((name, email)) = parts.filter(|(_, email)| is_email(email)) else {
        let name = Some(text.to_owned());
        return Some(Contact { name, email: None });
    };
    let name = Some(name.trim()).filter(|name| !name.is_empty());
    Some(Contact {
        name: name.map(str::to_owned),
        email: Some(email.to_owned()),
    })
}

/// Strict on purpose: a document with a malformed address would not be valid.
fn is_email(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
    let Some((user, host)) = text.split_once('@') else {
        return false;
    };
    let dotted = |part: &str| part.split('.').all(|label| !label.is_empty());
    let labels = host
        .split('.')
        .all(|label| !label.starts_with('-') && !label.ends_with('-'));
    text.chars().all(|c| allowed(c) || c == '@')
        && !host.contains(['@', '_', '+'])
        && dotted(user)
        && dotted(host)
        && labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(name: Option<&str>, email: Option<&str>) -> Option<Contact> {
        Some(Contact {
            name: name.map(str::to_owned),
            email: email.map(str::to_owned),
        })
    }

    #[test]
    fn an_author_has_a_name_a_mail_address_or_both() {
        assert_eq!(
            author("Ann <ann@example.com>"),
            contact(Some("Ann"), Some("ann@example.com"))
        );
        assert_eq!(author("<ann@example.com>"), contact(None, Some("ann@example.com")));
        assert_eq!(author(" Ann "), contact(Some("Ann"), None));
        assert_eq!(author(" "), None);
    }

    #[test]
    fn what_is_no_mail_address_stays_part_of_the_name() {
        for text in [
            "Ann <ann>",
            "Ann <@example.com>",
            "Ann <a@b@c>",
            "Ann <a b@example.com>",
            "Ann <a..b@x>",
        ] {
            assert_eq!(author(text), contact(Some(text), None));
        }
    }
}
