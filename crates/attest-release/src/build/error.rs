use std::io;
use std::path::PathBuf;

use crate::Target;

/// Why something was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A tool is not installed.
    #[error("expected the program `{program}` on the search path, found none")]
    ProgramMissing {
        /// The tool.
        program: String,
    },
    /// A tool could not be run.
    #[error("cannot run `{program}`")]
    NotRun {
        /// The tool.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A tool ended with an error.
    #[error("expected `{command}` to succeed, found {status}\n{talk}")]
    Failed {
        /// What was run.
        command: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        talk: String,
    },
    /// A tool said something that its documentation does not know.
    #[error("expected {expected} from `{program}`, found `{found}`")]
    Malformed {
        /// The tool.
        program: &'static str,
        /// What belongs there.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// The build succeeded without making the binary.
    #[error("expected cargo to build the binary `{binary}`, found no such artifact in its messages")]
    NoExecutable {
        /// The binary.
        binary: String,
    },
    /// A binary is not where it should be.
    #[error("expected the binary for target `{target}` at `{}`, found nothing", path.display())]
    NoOutput {
        /// Where it should be.
        path: PathBuf,
        /// For which target.
        target: Target,
    },
    /// A command left what lay there before.
    #[error("expected the command to write the binary for target `{target}` to `{}`, found it as it was before", path.display())]
    NotMade {
        /// Where it lies.
        path: PathBuf,
        /// For which target.
        target: Target,
    },
    /// A binary is a link, a directory or a device.
    #[error("expected the binary for target `{target}` at `{}` to be a file, found something else", path.display())]
    NotAFile {
        /// Where it lies.
        path: PathBuf,
        /// For which target.
        target: Target,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}
