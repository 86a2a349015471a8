use std::fs::{File, OpenOptions, TryLockError};
use std::io;

use super::Ground;
use super::ground::OWN_DIRECTORY;
use crate::context::Context;
use crate::failure::Failure;

/// The file whose lock says that a release is under way.
const FILE: &str = "release.lock";

/// The right to use what is in a project once: the places that binaries are built in, the sandbox with its registry. One release has it
/// at a time, until this value is dropped or the process ends; another one waits.
pub(super) struct Turn {
    _lock: Option<File>,
}

impl Turn {
    /// Makes our directory, and waits until no other release uses it. Where files cannot be locked, nobody waits.
    pub(super) fn take(ground: &Ground, context: &mut Context<'_>) -> Result<Self, Failure> {
        ground.prepare_own_directory()?;
        let path = ground.project.join(OWN_DIRECTORY).join(FILE);
        let failed = |error: io::Error| {
            let message = format_args!("cannot lock: {error}");
            Failure::undecided("own-directory-failed", message).at(ground.shown(&path).display())
        };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                context.say("another release of this project is under way: waiting for its end");
                file.lock().map_err(failed)?;
            }
            Err(TryLockError::Error(_)) => return Ok(Self { _lock: None }),
        }
        Ok(Self { _lock: Some(file) })
    }
}
