use std::fmt;

use attest_digest::UnknownAlgorithm;

use crate::{InvalidFileName, InvalidTarget, InvalidTemplate, InvalidVersion};

/// One thing that is wrong with a configuration file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named by the caller.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What can be wrong with a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// It is not TOML.
    #[error("expected TOML: {detail}")]
    Syntax {
        /// What the parser says.
        detail: String,
    },
    /// It was written for a later attest.
    #[error("this attest reads format {supported}, found format {found}: the file needs a newer attest")]
    FromTheFuture {
        /// The format that this version reads.
        supported: u64,
        /// The format that the file says it has.
        found: u64,
    },
    /// `format` is no format there ever was.
    #[error("expected `format = {supported}`, found `{found}`")]
    UnknownFormat {
        /// The format that this version reads.
        supported: u64,
        /// What was found.
        found: String,
    },
    /// A key that means nothing here.
    #[error("unknown key `{key}`{}", did_you_mean(nearest.as_deref()))]
    UnknownKey {
        /// The key, with the table it stands in.
        key: String,
        /// The known key that is spelled most like it.
        nearest: Option<String>,
    },
    /// A key that has to be there is not.
    #[error("expected key `{key}`")]
    MissingKey {
        /// The key, with the table it belongs in.
        key: String,
    },
    /// A value has another type.
    #[error("expected {expected} for `{key}`, found {found}")]
    WrongType {
        /// The key.
        key: String,
        /// The type that belongs there.
        expected: &'static str,
        /// The type that was found.
        found: &'static str,
    },
    /// A word is none of those that are known.
    #[error("expected one of {} for `{key}`, found `{found}`{}", expected.join(", "), did_you_mean(nearest.as_deref()))]
    UnknownWord {
        /// The key.
        key: String,
        /// The words that are known.
        expected: Vec<String>,
        /// The word that was found.
        found: String,
        /// The known word that is spelled most like it.
        nearest: Option<String>,
    },
    /// A text that cannot be used for what the key means.
    #[error("expected {expected} for `{key}`, found `{found}`")]
    Unusable {
        /// The key.
        key: String,
        /// What belongs there.
        expected: &'static str,
        /// The text that was found.
        found: String,
    },
    /// The same thing stands twice.
    #[error("expected each {what} once, found `{value}` twice")]
    Twice {
        /// What kind of thing.
        what: &'static str,
        /// Which one.
        value: String,
    },
    /// A binary says in several ways, or in none, how it is built.
    #[error("expected exactly one of cargo, go, command, prebuilt for binary `{binary}`, found {found}")]
    BuildKind {
        /// The binary.
        binary: String,
        /// How many were found.
        found: usize,
    },
    /// A set of files says in two ways, or in none, what is in it.
    #[error("expected exactly one of directory, files in `[[files]]`")]
    FileSetContents,
    /// A binary has no file for one of its targets.
    #[error("expected a prebuilt file of binary `{binary}` for target `{target}`")]
    NoPrebuilt {
        /// The binary.
        binary: String,
        /// The target without a file.
        target: String,
    },
    /// A target is spoken of that is not among the targets.
    #[error("expected a target out of `build.targets`, found `{target}`")]
    ForeignTarget {
        /// The target.
        target: String,
    },
    /// Rust has no usual triple for a target of a cargo binary.
    #[error("expected a Rust triple for target `{target}` in `build.triples`")]
    NoTriple {
        /// The target.
        target: String,
    },
    /// Two archives would get one name.
    #[error("expected a name for every target of its own, but `{template}` gives `{name}` to `{first}` and `{second}`")]
    SameArchiveName {
        /// The template.
        template: String,
        /// The name that it gives twice.
        name: String,
        /// One target.
        first: String,
        /// The other target.
        second: String,
    },
    /// A target is malformed.
    #[error(transparent)]
    Target(#[from] InvalidTarget),
    /// A template is malformed.
    #[error(transparent)]
    Template(#[from] InvalidTemplate),
    /// A file name is malformed.
    #[error(transparent)]
    FileName(#[from] InvalidFileName),
    /// A version is malformed.
    #[error(transparent)]
    Version(#[from] InvalidVersion),
    /// A digest algorithm is unknown.
    #[error(transparent)]
    Algorithm(#[from] UnknownAlgorithm),
}

impl ProblemKind {
    /// A kebab-case code for the front end.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "config-syntax",
            Self::FromTheFuture { .. } => "config-from-the-future",
            Self::UnknownFormat { .. } => "config-format",
            Self::UnknownKey { .. } => "config-unknown-key",
            Self::MissingKey { .. } => "config-missing-key",
            Self::WrongType { .. } => "config-wrong-type",
            _ => "config-invalid-value",
        }
    }
}

/// `attest.toml:3:1: unknown key …`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.kind)
    }
}

impl Problem {
    /// `file:line:column`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The known word that is spelled most like `word`, if any is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    /// Below it, a suggestion is more often noise than help.
    const NEAR_ENOUGH: f64 = 0.7;
    known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(word, known), known))
        .filter(|(similarity, _)| *similarity >= NEAR_ENOUGH)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known.to_owned())
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest
        .map(|known| format!(", did you mean `{known}`?"))
        .unwrap_or_default()
}
