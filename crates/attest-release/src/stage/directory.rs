use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use attest_archive::exchange;
use tempfile::TempDir;

use super::StageError;

/// A fresh directory beside the output, on the same file system, so that it can take the output's place by one rename. It is
/// removed unless it does.
///
/// It is locked while it is in use. One that is not locked was left by a release that was killed, and is removed by the next.
#[derive(Debug)]
pub(super) struct StagingDirectory {
    directory: TempDir,
    _lock: Option<File>,
}

impl StagingDirectory {
    pub(super) fn beside(output: &Path) -> Result<Self, StageError> {
        let (parent, prefix) = place(output)?;
        fs::create_dir_all(&parent).map_err(StageError::io(format!("make `{}`", parent.display())))?;
        remove_abandoned(&parent, &prefix);
        Self::fresh(&parent, &prefix)
    }

    fn fresh(parent: &Path, prefix: &OsString) -> Result<Self, StageError> {
        let directory = fresh(parent, prefix)?;
        let lock = lock(directory.path());
        Ok(Self { directory, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Puts the directory in the place of `output`, by one exchange where the system can do that.
    pub(super) fn replace(self, output: &Path) -> Result<(), StageError> {
        sync(self.path());
        let was_there = output.symlink_metadata().is_ok();
        if was_there && exchange(self.path(), output) {
            // What was there has our name now, and is removed as ours.
            sync(&place(output)?.0);
            return Ok(());
        }
        self.rename(output, was_there)
    }

    /// Moves aside what is there, and back if the second step fails.
    fn rename(self, output: &Path, was_there: bool) -> Result<(), StageError> {
        let failed = |source| {
            let action = format!("put the release in the place of `{}`", output.display());
            StageError::Io { action, source }
        };
        let mut earlier = self.path().as_os_str().to_owned();
        // Another ending: what was moved aside is never taken for something abandoned.
        earlier.push(".earlier");
        if was_there {
            fs::rename(output, &earlier).map_err(failed)?;
        }
        if let Err(source) = fs::rename(self.path(), output) {
            if was_there {
                // If it cannot be put back, it stays where it is, whole.
                let _ = fs::rename(&earlier, output);
            }
            return Err(failed(source));
        }
        sync(&place(output)?.0);
        // The path is the output now, and no longer ours to remove.
        let _ = self.directory.keep();
        if was_there {
            let _ = fs::remove_dir_all(&earlier);
        }
        Ok(())
    }
}

/// A directory for intermediate files, removed when it is dropped.
#[derive(Debug)]
pub struct Scratch(StagingDirectory);

impl Scratch {
    pub(super) fn beside(output: &Path) -> Result<Self, StageError> {
        let (parent, prefix) = place(output)?;
        StagingDirectory::fresh(&parent, &prefix).map(Self)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// The parent of the output, and what the names of our directories beside it begin with.
fn place(output: &Path) -> Result<(PathBuf, OsString), StageError> {
    let unusable = || StageError::OutputUnusable {
        output: output.to_owned(),
    };
    let name = output.file_name().ok_or_else(unusable)?;
    let parent = match output.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push("-");
    Ok((parent, prefix))
}

fn fresh(parent: &Path, prefix: &OsString) -> Result<TempDir, StageError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).suffix(SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any new directory: the umask takes away what the user does not grant.
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    let action = format!("make a directory in `{}`", parent.display());
    builder.tempdir_in(parent).map_err(StageError::io(action))
}

/// What the names of our directories end in.
const SUFFIX: &str = ".staging";

/// Where directories can be locked, they are; elsewhere abandoned ones stay until somebody removes them.
fn lock(directory: &Path) -> Option<File> {
    let handle = File::open(directory).ok()?;
    handle.try_lock().ok()?;
    Some(handle)
}

fn remove_abandoned(parent: &Path, prefix: &OsString) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    let prefix = prefix.to_string_lossy();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_ours = name.starts_with(&*prefix) && name.ends_with(SUFFIX);
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) && lock(&entry.path()).is_some() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A rename is on disk only when the directory is; where directories cannot be synced, there is nothing to do.
fn sync(directory: &Path) {
    if let Ok(handle) = File::open(directory) {
        let _ = handle.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_a_release_that_fails() {
        let parent = tempfile::tempdir().unwrap();
        let staging = StagingDirectory::beside(&parent.path().join("dist")).unwrap();
        fs::write(staging.path().join("a"), "a").unwrap();
        drop(staging);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_release_takes_the_place_of_the_one_before() {
        let parent = tempfile::tempdir().unwrap();
        let output = parent.path().join("dist");
        fs::create_dir(&output).unwrap();
        fs::write(output.join("old"), "").unwrap();
        let staging = StagingDirectory::beside(&output).unwrap();
        fs::write(staging.path().join("new"), "").unwrap();
        staging.replace(&output).unwrap();
        assert!(output.join("new").exists() && !output.join("old").exists());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn without_an_exchange_it_takes_two_steps_and_the_result_is_the_same() {
        let parent = tempfile::tempdir().unwrap();
        let output = parent.path().join("dist");
        fs::create_dir(&output).unwrap();
        fs::write(output.join("old"), "").unwrap();
        let staging = StagingDirectory::beside(&output).unwrap();
        fs::write(staging.path().join("new"), "").unwrap();
        staging.rename(&output, true).unwrap();
        assert!(output.join("new").exists() && !output.join("old").exists());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn what_a_killed_release_left_is_removed_and_what_is_in_use_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let output = parent.path().join("dist");
        let in_use = StagingDirectory::beside(&output).unwrap();
        let abandoned = parent.path().join(".dist-killed.staging");
        fs::create_dir(&abandoned).unwrap();
        let next = StagingDirectory::beside(&output).unwrap();
        assert!(!abandoned.exists());
        assert!(in_use.path().exists() && next.path().exists());
    }
}
