//! The page that plug-ins of Eclipse have about themselves in, the licence of the plug-in out.
//!
//! Source: Eclipse Foundation, "Guide to the Legal Documentation for Eclipse Content", section "Abouts".

use crate::cyclonedx::LicenceChoice;
use crate::licence;

pub(super) const NAME: &str = "about.html";

/// What comes after this heading is about what others wrote.
const OF_OTHERS: &str = "Third Party Content";

/// What the page says of the plug-in itself.
pub(super) fn licence(page: &str) -> Option<LicenceChoice> {
    let own = page.split(OF_OTHERS).next().unwrap_or_default();
    let pieces = own
        .split('<')
        .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    let text = pieces.collect::<Vec<_>>().join(" ");
    licence::of_text(&text.replace("&quot;", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plug_in_says_of_itself_is_not_what_it_says_of_others() {
        let others = "<h3>Third Party Content</h3><p>Licensed under the Apache License, Version 2.0</p>";
        let own = "<p>The Content is provided to you under the terms and conditions of the Eclipse\n\
            <a href=\"x\">Public License</a> Version 2.0 (&quot;EPL&quot;).</p>";
        let said = licence(&format!("{own}{others}"));
        assert!(
            matches!(&said, Some(LicenceChoice::Expression { expression, .. }) if expression == "EPL-2.0"),
            "{said:?}"
        );
        assert_eq!(licence(others), None);
    }
}
