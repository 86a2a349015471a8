/// Foreign text for a terminal: what would repaint it, start a line of its own, turn the direction of the text or not be seen at all is
/// shown as an escape instead.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if is_unseen(c) => c.escape_unicode().to_string(),
            c if c.is_control() => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect()
}

/// What turns the direction of a text or takes no room in it, so that two texts that look the same are not. What joins the letters of some
/// scripts and the parts of emoji is among it.
///
/// Source: Unicode 16, `DerivedCoreProperties.txt`, `Default_Ignorable_Code_Point`; line and paragraph separators besides.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_starts_a_line_or_repaints_a_terminal() {
        assert_eq!(visible("a\nok  b\u{1b}[2J\u{202e}"), r"a\nok  b\u{1b}[2J\u{202e}");
        assert_eq!(visible("naïve 文件"), "naïve 文件");
    }

    #[test]
    fn nothing_foreign_hides() {
        let hidden = "a\u{200b}b\u{feff}c\u{ad}d\u{2060}e\u{e0041}f\u{2028}g\u{3164}";
        assert_eq!(
            visible(hidden),
            r"a\u{200b}b\u{feff}c\u{ad}d\u{2060}e\u{e0041}f\u{2028}g\u{3164}"
        );
    }
}
