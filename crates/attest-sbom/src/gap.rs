use std::fmt;

use crate::cyclonedx::Property;
use crate::reference::public_text;

/// The most characters of a detail: it may tell the text of others, which may be as long as a file.
const MAX_DETAIL: usize = 200;

/// Something that a document cannot say, and why: it makes the document incomplete.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    place: String,
    code: &'static str,
    detail: String,
}

impl Gap {
    /// `code` names the kind of gap, in lower case with hyphens; `place` is the file, relative to what was read.
    pub fn new(code: &'static str, place: &str, detail: impl Into<String>) -> Self {
        let shown = |text: String| {
            text.chars()
                .map(|c| if c.is_control() { '\u{fffd}' } else { c })
                .collect()
        };
        let mut detail = public_text(&detail.into());
        if let Some((end, _)) = detail.char_indices().nth(MAX_DETAIL) {
            let last = detail[..end].char_indices().next_back().map_or(0, |(place, _)| place);
            detail.replace_range(last.., "…");
        }
        Self {
            code,
            place: shown(place.to_owned()),
            detail: shown(detail),
        }
    }

    /// As it stands in a document.
    pub(crate) fn property(&self) -> Property {
        Property {
            name: "attest:gap",
            value: self.to_string(),
        }
    }

    /// The kind of gap, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The file that it is about, relative to what was read; empty for all of it.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is missing, for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "{}: {}", self.code, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_short_and_without_secrets() {
        let gap = Gap::new(
            "unresolved",
            "a",
            format!("`https://u:PW@example.com/x` {}", "é".repeat(300)),
        );
        assert!(gap.detail().starts_with("`https://example.com/x` é"), "{gap}");
        assert!(gap.detail().ends_with("é…"), "{gap}");
        assert_eq!(gap.detail().chars().count(), MAX_DETAIL);
        assert_eq!(Gap::new("unresolved", "a", gap.detail()), gap);
    }
}
