use std::fmt;

/// What kind of promise a [`Finding`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Group {
    /// The form, as the official schema has it.
    Schema,
    /// What refers to what, and whether identifiers are what they claim to be.
    Integrity,
    /// The minimum elements of NTIA, 2021.
    MinimumElements,
}

impl Group {
    /// Every group.
    #[must_use]
    pub fn all() -> [Self; 3] {
        [Self::Schema, Self::Integrity, Self::MinimumElements]
    }

    /// The name that people write.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Integrity => "integrity",
            Self::MinimumElements => "minimum-elements",
        }
    }
}

/// Something that is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What it breaks.
    pub group: Group,
    /// The kind of finding, for programs.
    pub code: &'static str,
    /// Where: a JSON pointer (RFC 6901); in XML, the one of the same document as JSON.
    pub place: String,
    /// What is wrong, for people.
    pub detail: String,
}

impl Finding {
    pub(crate) fn new(group: Group, code: &'static str, place: &str, detail: impl Into<String>) -> Self {
        let place = place.to_owned();
        let detail = detail.into();
        Self {
            group,
            code,
            place,
            detail,
        }
    }

    pub(super) fn broken(code: &'static str, place: &str, detail: impl Into<String>) -> Self {
        Self::new(Group::Integrity, code, place, detail)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.code, self.detail)
    }
}
