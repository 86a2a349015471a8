use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
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

    /// Between its making and its lock, another release may take it for abandoned; then another one is made.
    fn fresh(parent: &Path, prefix: &OsString) -> Result<Self, StageError> {
        for _ in 0..ATTEMPTS {
            let directory = fresh(parent, prefix)?;
            let lock = match lock(directory.path()) {
                Lock::Ours(handle) if is_at(&handle, directory.path()) => Some(handle),
                Lock::Impossible => None,
                Lock::Ours(_) | Lock::Others => continue,
            };
            return Ok(Self { directory, _lock: lock });
        }
        let action = format!("keep a directory in `{}`", parent.display());
        let source = io::Error::other("others remove it before it can be locked");
        Err(StageError::Io { action, source })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Puts the directory in the place of `output`, by one exchange where the system can do that.
    pub(super) fn replace(self, output: &Path) -> Result<(), StageError> {
        sync(self.path());
        // What was there has our name then, and is removed as ours.
        let is_exchanged = || exchange(self.path(), output);
        let was_there = output.symlink_metadata().is_ok();
        if was_there && is_exchanged() {
            sync(&place(output)?.0);
            return Ok(());
        }
        match self.rename(output, was_there) {
            Ok(()) => {
                // The path is the output now, and no longer ours to remove.
                let _ = self.directory.keep();
            }
            // Nothing was there, and in the meantime another release is.
            Err(_) if !was_there && is_exchanged() => {}
            Err(error) => return Err(error),
        }
        sync(&place(output)?.0);
        Ok(())
    }

    /// Moves aside what is there, and back if the second step fails.
    fn rename(&self, output: &Path, was_there: bool) -> Result<(), StageError> {
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

/// How often a directory is made anew. Each time another release has to look in the moment between two calls.
const ATTEMPTS: usize = 64;

/// Whose a directory is.
enum Lock {
    Ours(File),
    /// Somebody works in it, or removes it.
    Others,
    /// Directories cannot be locked here. Abandoned ones stay until somebody removes them.
    Impossible,
}

fn lock(directory: &Path) -> Lock {
    let handle = match File::open(directory) {
        Ok(handle) => handle,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Lock::Others,
        Err(_) => return Lock::Impossible,
    };
    match handle.try_lock() {
        Ok(()) => Lock::Ours(handle),
        Err(TryLockError::WouldBlock) => Lock::Others,
        Err(TryLockError::Error(_)) => Lock::Impossible,
    }
}

/// Whether a directory that was opened is still there: its lock may have been free because who held it has removed it.
#[cfg(unix)]
fn is_at(handle: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let opened = handle.metadata().map(identity);
    let there = path.symlink_metadata().map(identity);
    matches!((opened, there), (Ok(opened), Ok(there)) if opened == there)
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.is_dir()
}

fn remove_abandoned(parent: &Path, prefix: &OsString) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    let prefix = prefix.to_string_lossy();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_ours = name.starts_with(&*prefix) && name.ends_with(SUFFIX);
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        // The lock is held until it is gone: nobody begins to work in it meanwhile.
        if let Lock::Ours(_handle) = lock(&entry.path()) {
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
        drop(staging);
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

    #[test]
    #[cfg(unix)]
    fn what_has_just_been_made_is_not_taken_for_abandoned() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let parent = tempfile::tempdir().unwrap();
        let (_, prefix) = place(&parent.path().join("dist")).unwrap();
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    remove_abandoned(parent.path(), &prefix);
                }
            });
            for _ in 0..500 {
                let staging = StagingDirectory::fresh(parent.path(), &prefix);
                let is_whole = staging.and_then(|staging| {
                    std::thread::yield_now();
                    fs::write(staging.path().join("a"), "a").map_err(StageError::io("write"))
                });
                if is_whole.is_err() {
                    is_over.store(true, Ordering::Relaxed);
                }
                is_whole.unwrap();
            }
            is_over.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn an_output_that_another_release_has_made_in_the_meantime_is_replaced() {
        for _ in 0..50 {
            let parent = tempfile::tempdir().unwrap();
            let output = parent.path().join("dist");
            let both = std::sync::Barrier::new(2);
            let release = |name: &str| {
                let staging = StagingDirectory::beside(&output).unwrap();
                fs::write(staging.path().join(name), "").unwrap();
                both.wait();
                staging.replace(&output).unwrap();
            };
            std::thread::scope(|scope| {
                scope.spawn(|| release("one"));
                scope.spawn(|| release("other"));
            });
            assert_eq!(fs::read_dir(&output).unwrap().count(), 1);
        }
    }
}
