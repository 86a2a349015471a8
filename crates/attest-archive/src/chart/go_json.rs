/// Go writes what HTML would read in another way as `\u` and four digits. None of it stands outside of texts.
pub(super) fn go_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_html_reads_otherwise_is_escaped() {
        assert_eq!(go_json("[\"<a&b>\u{2028}é\"]"), "[\"\\u003ca\\u0026b\\u003e\\u2028é\"]");
    }
}
