//! The name and the version of something, in; a name by which databases of weaknesses know products, with an open vendor, out.
//!
//! Source: NIST IR 7695, 5.3 and 6.2.

/// What a product is, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Application,
    /// An image may hold an application or a whole system.
    Open,
}

/// Whose product it is stays open: it may be everybody's that has this name. Without a name where the text has something that
/// such names cannot hold, or that would mean "not applicable".
pub(crate) fn of_any_vendor(part: Part, product: &str, version: &str) -> Option<String> {
    let part = match part {
        Part::Application => 'a',
        Part::Open => '*',
    };
    let (product, version) = (escaped(product)?, escaped(version)?);
    Some(format!("cpe:2.3:{part}:*:{product}:{version}:*:*:*:*:*:*:*"))
}

/// In formatted strings everything but letters, digits, `_`, `-` and `.` is escaped; all of it is printable ASCII.
fn escaped(text: &str) -> Option<String> {
    if matches!(text, "" | "-") || !text.chars().all(|c| c.is_ascii_graphic()) {
        return None;
    }
    let characters = text.chars().flat_map(|c| {
        let is_plain = c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let escape = (!is_plain).then_some('\\');
        escape.into_iter().chain([c.to_ascii_lowercase()])
    });
    Some(characters.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_letter_digit_or_plain_mark_is_escaped() {
        let expected = "cpe:2.3:a:*:my\\+app:1.0\\:\\*_-:*:*:*:*:*:*:*";
        let name = of_any_vendor(Part::Application, "My+App", "1.0:*_-");
        assert_eq!(name.as_deref(), Some(expected));
        let name = of_any_vendor(Part::Open, "b", "1");
        assert_eq!(name.as_deref(), Some("cpe:2.3:*:*:b:1:*:*:*:*:*:*:*"));
    }

    #[test]
    fn what_such_a_name_cannot_hold_gets_none() {
        for (product, version) in [
            ("a", "-"),
            ("-", "1"),
            ("", "1"),
            ("a", ""),
            ("a b", "1"),
            ("gr\u{fc}n", "1"),
            ("a", "1\n"),
        ] {
            assert_eq!(
                of_any_vendor(Part::Application, product, version),
                None,
                "{product}:{version}"
            );
        }
    }
}
