use std::fmt;

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
        Self {
            code,
            place: shown(place.to_owned()),
            detail: shown(detail.into()),
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
