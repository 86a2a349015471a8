use std::collections::BTreeSet;

/// Where the next page is, as a `Link` header says it.
///
/// Source: RFC 8288, section 3; OCI distribution-spec 1.1, "Listing Tags".
pub(super) fn next(header: &str) -> Option<&str> {
    let mut rest = header;
    loop {
        let (_, from) = rest.split_once('<')?;
        let (target, after) = from.split_once('>')?;
        let (parameters, others) = cut(after);
        if is_next(parameters) {
            return Some(target);
        }
        rest = others;
    }
}

/// What belongs to one target, up to a comma that is not in quotes.
fn cut(text: &str) -> (&str, &str) {
    let mut is_quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

fn is_next(parameters: &str) -> bool {
    let relations = parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("rel")
            .then(|| value.trim().trim_matches('"'))
    });
    let relations: BTreeSet<String> = relations
        .flat_map(str::split_whitespace)
        .map(str::to_ascii_lowercase)
        .collect();
    relations.contains("next")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_next_page_is_found_among_others() {
        for (header, expected) in [
            (
                r#"</v2/app/tags/list?last=a&n=2>; rel="next""#,
                Some("/v2/app/tags/list?last=a&n=2"),
            ),
            (r#"<a>; rel="first", <b>; title="x, y"; rel=next"#, Some("b")),
            (r#"<a>; rel="prev next""#, Some("a")),
            (r#"<a>; REL="NEXT""#, Some("a")),
            (r#"<a>; rel="prev""#, None),
            ("<a>", None),
            ("<a", None),
            ("", None),
        ] {
            assert_eq!(next(header), expected, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(header in "\\PC{0,100}") {
            let _ = next(&header);
        }
    }
}
