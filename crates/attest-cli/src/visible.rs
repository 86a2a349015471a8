/// Foreign text for a terminal: what would repaint it, start a line of its own or turn the direction of the text is shown
/// as an escape instead.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => c.escape_unicode().to_string(),
            c if c.is_control() => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_starts_a_line_or_repaints_a_terminal() {
        assert_eq!(visible("a\nok  b\u{1b}[2J\u{202e}"), r"a\nok  b\u{1b}[2J\u{202e}");
        assert_eq!(visible("naïve 文件"), "naïve 文件");
    }
}
