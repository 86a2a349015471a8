use std::fmt::{self, Display};

use crate::visible::visible;

/// What kind of failure ended a verb; each has its own exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// Looked, and the answer is no.
    Rejected,
    /// Wrong arguments or configuration.
    Usage,
    /// Could not decide: a file, the network, a bug.
    Undecided,
}

/// Why a verb ended without its result, in the one voice of the toolkit.
///
/// ```text
/// error[identity-mismatch]: expected certificate identity `a`, found `b`
///   --> app.tar.gz.sigstore.json
///
/// hint: to see who signed it, run `attest inspect app.tar.gz.sigstore.json`
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    class: FailureClass,
    code: &'static str,
    message: String,
    place: Option<String>,
    hint: Option<String>,
}

impl Failure {
    /// Looked, and the answer is no. `code` is kebab-case and unique.
    pub fn rejected(code: &'static str, message: impl Display) -> Self {
        Self::new(FailureClass::Rejected, code, message)
    }

    /// Wrong arguments or configuration.
    pub fn usage(code: &'static str, message: impl Display) -> Self {
        Self::new(FailureClass::Usage, code, message)
    }

    /// Could not decide.
    pub fn undecided(code: &'static str, message: impl Display) -> Self {
        Self::new(FailureClass::Undecided, code, message)
    }

    fn new(class: FailureClass, code: &'static str, message: impl Display) -> Self {
        Self {
            class,
            code,
            message: message.to_string(),
            place: None,
            hint: None,
        }
    }

    /// Says where: a file, with a line when there is one.
    #[must_use]
    pub fn at(mut self, place: impl Display) -> Self {
        self.place = Some(place.to_string());
        self
    }

    /// Says what to do, naming a command where there is one. A hint never suggests to check less.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// The kind of failure.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        self.class
    }

    /// The unique kebab-case code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The message, without place and hint.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Renders the failure as it is shown on stderr, with control characters of foreign text made visible.
impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error[{}]: {}", self.code, lines(&self.message))?;
        if let Some(place) = &self.place {
            // A place is one line, and foreign: a file name may hold a line break.
            writeln!(f, "  --> {}", crate::visible::visible(place))?;
        }
        match &self.hint {
            Some(hint) => writeln!(f, "\nhint: {}", lines(hint)),
            None => Ok(()),
        }
    }
}

/// Line breaks of a message or hint are ours and stay; what is put into them from elsewhere goes through [`visible`] there.
fn lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_code_place_and_hint() {
        let failure = Failure::usage("unknown-key", "unknown key `nmae`")
            .at("attest.toml:3:1")
            .hint("did you mean `name`?");
        assert_eq!(
            failure.to_string(),
            "error[unknown-key]: unknown key `nmae`\n  --> attest.toml:3:1\n\nhint: did you mean `name`?\n"
        );
    }

    #[test]
    fn a_file_name_with_a_line_break_does_not_start_a_line() {
        let failure = Failure::usage("x", "y").at("a\nhint: none");
        assert_eq!(failure.to_string(), "error[x]: y\n  --> a\\nhint: none\n");
    }

    #[test]
    fn escape_sequences_in_foreign_text_are_made_visible() {
        let failure = Failure::rejected("x", "name `\u{1b}[2J`");
        assert_eq!(failure.to_string(), "error[x]: name `\\u{1b}[2J`\n");
    }

    #[test]
    fn a_place_stays_on_its_line_and_no_text_is_turned_round() {
        let failure = Failure::rejected("x", "a\u{202e}b").at("c\nok  d").hint("one\ntwo");
        assert_eq!(
            failure.to_string(),
            "error[x]: a\\u{202e}b\n  --> c\\nok  d\n\nhint: one\ntwo\n"
        );
    }
}
