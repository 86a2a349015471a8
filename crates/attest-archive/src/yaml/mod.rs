//! YAML text in, a tree of nodes with their places out, within limits; and values in, YAML text out.
//!
//! Readers of YAML disagree: what one takes for a number, another takes for a text; one keeps the first of two equal keys,
//! another the last. So a node here is nothing but what is written, and [`Plain`] says when readers would differ.

mod plain;
mod read;
mod write;

pub use plain::Plain;
pub use read::{Limits, Mark, Node, NodeContent, documents};
pub(crate) use write::{Value, quoted, scalar, to_yaml};

/// Why a text is no YAML that is read here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// There are too many bytes.
    #[error("expected at most {limit} bytes, found {found}")]
    TooLarge {
        /// The most bytes that are read.
        limit: usize,
        /// The bytes that were found.
        found: usize,
    },
    /// It is no UTF-8.
    #[error("expected UTF-8, found something else at byte {offset}")]
    NotUtf8 {
        /// How many bytes before it are UTF-8.
        offset: usize,
    },
    /// It is no YAML.
    #[error("line {line}: {problem}")]
    Syntax {
        /// The line, from one.
        line: usize,
        /// What the parser said.
        problem: String,
    },
    /// Lists and mappings lie in each other too deeply.
    #[error("line {line}: expected at most {limit} lists and mappings in each other")]
    TooDeep {
        /// The line, from one.
        line: usize,
        /// The most that are read.
        limit: usize,
    },
    /// There are too many nodes, those that aliases repeat included.
    #[error("line {line}: expected at most {limit} nodes, those that aliases repeat included")]
    TooManyNodes {
        /// The line, from one.
        line: usize,
        /// The most that are read.
        limit: usize,
    },
    /// A key stands in one mapping twice: readers would differ on which one counts.
    #[error("line {line}: key `{}` is given twice", crate::error::visible(.key))]
    DuplicateKey {
        /// The line of the second, from one.
        line: usize,
        /// The key.
        key: String,
    },
    /// The key of a mapping is a list or a mapping.
    #[error("line {line}: expected a text as key, found a list or a mapping")]
    KeyNotText {
        /// The line, from one.
        line: usize,
    },
    /// An alias names nothing that comes before it in its document.
    #[error("line {line}: an alias names nothing before it")]
    UnknownAlias {
        /// The line, from one.
        line: usize,
    },
}
