//! Whoever ends this program, and however: its input is removed.
//!
//! The janitor is a process of its own that reads from a pipe until that is closed, which happens when the other end is
//! gone for whatever reason, and then removes the directory. It sleeps until then, and is in a process group of its own, so
//! that an interrupt from the terminal does not reach it.

use std::fs;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::failure::Failure;

/// How the names of directories begin that may be removed.
pub(super) const PREFIX: &str = "attest-bench-";

/// A file that only such a directory has, with the token that the janitor was told.
const MARK: &str = ".attest-bench";

/// Longer than any path with its token.
const MAX_ORDER: u64 = 64 << 10;

/// The other end of the pipe.
pub(super) struct Janitor {
    process: Child,
}

impl Janitor {
    /// Has `directory` removed as soon as this value, or this process, is gone.
    pub(super) fn hire(program: &Path, directory: &Path) -> io::Result<Self> {
        let token = format!("{:032x}", rand::random::<u128>());
        fs::write(directory.join(MARK), &token)?;
        let mut command = Command::new(program);
        command
            .args(["bench", "--janitor"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = command.spawn()?;
        let mut order = token.into_bytes();
        order.extend_from_slice(directory.as_os_str().as_encoded_bytes());
        // The pipe stays open: closing it is the sign to begin.
        process.stdin.as_mut().map_or(Ok(()), |pipe| pipe.write_all(&order))?;
        Ok(Self { process })
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // What it could not remove is reported by whoever looks for it.
        let _ = self.process.wait();
    }
}

/// The janitor's own work.
pub(super) fn work(pipe: impl Read) -> Result<(), Failure> {
    let mut order = Vec::new();
    pipe.take(MAX_ORDER)
        .read_to_end(&mut order)
        .map_err(|error| refused(&error.to_string()))?;
    let directory = ordered(&order).ok_or_else(|| refused("not the order of a run of `attest bench`"))?;
    fs::remove_dir_all(&directory).map_err(|error| refused(&error.to_string()).at(directory.display()))
}

/// The directory to remove: only one that such a run has made, and marked with the token it knows.
fn ordered(order: &[u8]) -> Option<PathBuf> {
    let (token, path) = order.split_at_checked(32)?;
    let directory = PathBuf::from(std::str::from_utf8(path).ok()?);
    let named = directory.file_name()?.to_str()?.starts_with(PREFIX);
    let marked = fs::read(directory.join(MARK)).ok()? == token;
    (named && marked && directory.is_absolute()).then_some(directory)
}

fn refused(reason: &str) -> Failure {
    Failure::usage("bench-janitor", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(name: &str) -> (tempfile::TempDir, PathBuf) {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join(name);
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join(MARK), [b'a'; 32]).unwrap();
        (parent, directory)
    }

    fn order(token: u8, directory: &Path) -> Vec<u8> {
        [[token; 32].as_slice(), directory.as_os_str().as_encoded_bytes()].concat()
    }

    #[test]
    fn a_directory_with_the_token_is_removed() {
        let (_parent, directory) = marked("attest-bench-x");
        work(order(b'a', &directory).as_slice()).unwrap();
        assert!(!directory.exists());
    }

    #[test]
    fn any_other_directory_stays() {
        let (_parent, directory) = marked("attest-bench-x");
        for order in [
            order(b'b', &directory),
            order(b'a', Path::new("attest-bench-x")),
            b"a".to_vec(),
        ] {
            assert_eq!(work(order.as_slice()).unwrap_err().code(), "bench-janitor");
        }
        assert!(directory.exists());
        let (_parent, directory) = marked("photos");
        assert_eq!(
            work(order(b'a', &directory).as_slice()).unwrap_err().code(),
            "bench-janitor"
        );
        assert!(directory.exists());
    }
}
