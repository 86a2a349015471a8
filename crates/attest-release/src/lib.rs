//! `attest.toml` and a directory in; a plan, and then the files of a release, out.
//!
//! | module | what goes in | what comes out |
//! |---|---|---|
//! | [`config`] | the text of `attest.toml` | a [`Config`] that cannot be wrong, or every problem with its place |
//! | [`git`] | a directory | what git has committed of it |
//! | [`gpg`] | a text and a key | the text, signed in the clear |
//! | [`plan`] | a [`Config`] and [`Facts`](plan::Facts) about the directory | a [`Plan`]: every file of the release, by name |
//! | [`build`] | a [`Plan`] and a [`Workshop`](build::Workshop) | the binaries, built by the project's own tools |
//! | [`stage`] | a [`Plan`] and the binaries | every file, signed, verified from disk, and only then put in its place |
//! | [`init`] | a directory | a commented `attest.toml` that fits it |
//!
//! Planning is pure: the same configuration and the same facts give the same plan everywhere. Nothing here prints, reads
//! the environment, or asks the clock.

pub mod build;
pub mod config;
mod error;
mod file_name;
pub mod git;
pub mod gpg;
pub mod init;
pub mod manifest;
pub mod plan;
mod process;
pub mod stage;
mod target;
pub mod template;
mod version;

pub use config::Config;
pub use error::Error;
pub use file_name::{FileName, InvalidFileName, MAX_FILE_NAME_BYTES};
pub use plan::Plan;
pub use process::{Talk, Variables};
pub use target::{Arch, InvalidTarget, Os, Target, Variant};
pub use template::{InvalidTemplate, Template};
pub use version::{InvalidVersion, MAX_VERSION_BYTES, Version};

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// The text of a file of at most `limit` bytes; none when there is no such file.
fn read_text(path: &Path, limit: u64) -> Result<Option<String>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(path, error)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::io(path, error))?;
    let file = || path.display().to_string();
    if bytes.len() as u64 > limit {
        return Err(Error::ConfigurationTooLarge { file: file(), limit });
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| Error::NotText { file: file() })
}
