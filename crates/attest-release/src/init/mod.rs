//! A directory in, a commented `attest.toml` that fits it out.

mod found;
mod text;

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

pub use found::{Found, FoundBinary};

use crate::{Error, config};

/// Whether a file that is there already may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// It may not.
    Refuse,
    /// It may.
    Allow,
}

/// Writes `text` as the configuration of `directory`: whole or not at all.
///
/// # Errors
/// [`Error::AlreadyThere`] unless overwriting is allowed; [`Error::Io`].
pub fn write(directory: &Path, text: &str, overwrite: Overwrite) -> Result<PathBuf, Error> {
    let path = directory.join(config::FILE_NAME);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".attest-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let failed = |error| Error::io(&path, error);
    let mut temporary = builder.tempfile_in(directory).map_err(failed)?;
    temporary.write_all(text.as_bytes()).map_err(failed)?;
    temporary.as_file().sync_all().map_err(failed)?;
    let persisted: Result<File, _> = match overwrite {
        Overwrite::Allow => temporary.persist(&path),
        Overwrite::Refuse => temporary.persist_noclobber(&path),
    };
    match persisted {
        Ok(_) => Ok(path),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(Error::AlreadyThere { path }),
        Err(error) => Err(Error::io(&path, error.error)),
    }
}

#[cfg(test)]
mod tests;
