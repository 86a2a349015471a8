//! A text, signed in the clear by the program `gpg` (RFC 9580 section 7).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::process::{Finished, Invocation, Talk, Variables};

/// What is signed, and with which key.
#[derive(Debug, Clone)]
pub struct ClearSigning<'a> {
    /// The text.
    pub text: &'a str,
    /// The key: a name, an address or a fingerprint, as gpg takes it.
    pub key: &'a str,
    /// A file of exported secret keys to take it from, instead of the user's own keys.
    pub keyring: Option<&'a Path>,
    /// A file whose first line unlocks the key.
    pub passphrase_file: Option<&'a Path>,
    /// Where gpg starts, so that relative paths mean what the user means.
    pub directory: &'a Path,
    /// The environment that gpg sees.
    pub variables: &'a Variables,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GpgError {
    /// There is no such program.
    #[error("the program `gpg` is not installed")]
    ProgramMissing,
    /// It could not be started, or a file for it not be written.
    #[error("cannot run `gpg`: {source}")]
    Io {
        /// Why.
        source: io::Error,
    },
    /// It failed.
    #[error("`{command}` ended with {status}: {talk}")]
    Failed {
        /// What was run.
        command: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        talk: String,
    },
    /// It printed something else than a signed message.
    #[error("gpg printed no signed message")]
    NoMessage,
}

/// The most that gpg may print: a text of this size is far above any `Chart.yaml`.
const MAX_MESSAGE_BYTES: u64 = 16 << 20;

const BEGINNING: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";

impl ClearSigning<'_> {
    /// The signed message.
    ///
    /// Keys from a file are taken into a home of their own, which is removed again, with the agent that gpg starts for it.
    ///
    /// # Errors
    /// [`GpgError`].
    pub fn sign(&self) -> Result<Vec<u8>, GpgError> {
        let scratch = tempfile::tempdir().map_err(|source| GpgError::Io { source })?;
        let text = scratch.path().join("text");
        fs::write(&text, self.text).map_err(|source| GpgError::Io { source })?;
        let home = self
            .keyring
            .map(|keys| Home::of_keys(self, scratch.path(), keys))
            .transpose()?;
        let mut arguments: Vec<&OsStr> = Vec::new();
        arguments.extend(home.iter().flat_map(Home::arguments));
        if let Some(file) = self.passphrase_file {
            let loopback = ["--pinentry-mode", "loopback", "--passphrase-file"];
            arguments.extend(loopback.map(OsStr::new));
            arguments.push(file.as_os_str());
        }
        let what = [
            "--digest-algo",
            "SHA512",
            "--local-user",
            self.key,
            "--output",
            "-",
            "--clear-sign",
            "--",
        ];
        arguments.extend(what.map(OsStr::new));
        arguments.push(text.as_os_str());
        let message = self.run("gpg", &arguments)?.stdout;
        match message.starts_with(BEGINNING) {
            true => Ok(message),
            false => Err(GpgError::NoMessage),
        }
    }

    fn run(&self, program: &str, arguments: &[&OsStr]) -> Result<Finished, GpgError> {
        // gpg's own configuration may say how it asks; it may not ask on a terminal that is not there.
        let fixed: &[&str] = if program == "gpg" {
            &["--batch", "--no-tty", "--yes"]
        } else {
            &[]
        };
        let arguments = fixed.iter().map(OsStr::new).chain(arguments.iter().copied());
        let invocation = Invocation {
            program: OsStr::new(program),
            arguments: arguments.map(OsString::from).collect(),
            directory: self.directory,
            variables: self.variables,
            settings: vec![("LC_ALL".into(), "C".into())],
        };
        let finished = invocation
            .run(MAX_MESSAGE_BYTES, Talk::Kept)
            .map_err(|source| match source.kind() {
                io::ErrorKind::NotFound => GpgError::ProgramMissing,
                _ => GpgError::Io { source },
            })?;
        match finished.status.success() {
            true => Ok(finished),
            false => Err(GpgError::Failed {
                command: invocation.line(),
                status: finished.status.to_string(),
                talk: finished.talk,
            }),
        }
    }
}

/// A home of gpg for one signature. Its agent ends with it.
struct Home<'a> {
    path: PathBuf,
    signing: &'a ClearSigning<'a>,
}

impl<'a> Home<'a> {
    fn of_keys(signing: &'a ClearSigning<'a>, scratch: &Path, keys: &Path) -> Result<Self, GpgError> {
        let path = scratch.join("home");
        private_directory(&path).map_err(|source| GpgError::Io { source })?;
        let home = Self { path, signing };
        let mut arguments = home.arguments().to_vec();
        arguments.extend([OsStr::new("--import"), OsStr::new("--"), keys.as_os_str()]);
        signing.run("gpg", &arguments)?;
        Ok(home)
    }

    fn arguments(&self) -> [&OsStr; 2] {
        [OsStr::new("--homedir"), self.path.as_os_str()]
    }
}

impl Drop for Home<'_> {
    fn drop(&mut self) {
        let [option, path] = self.arguments();
        // An agent that was never started cannot be ended; it notices by itself when its home is gone.
        let _ = self.signing.run(
            "gpgconf",
            &[option, path, OsStr::new("--kill"), OsStr::new("gpg-agent")],
        );
    }
}

#[cfg(unix)]
fn private_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private_directory(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A directory with a program `gpg` in it that does what the script says.
    fn pretended(script: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let program = directory.path().join("gpg");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("the program is written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it can be run");
        directory
    }

    fn signed(script: &str, keyring: Option<&Path>) -> Result<Vec<u8>, GpgError> {
        let directory = pretended(script);
        let path = format!("{}:/usr/bin:/bin", directory.path().display());
        let variables: Variables = std::iter::once(("PATH".into(), path.into())).collect();
        ClearSigning {
            text: "files: x\n",
            key: "release@example.com",
            keyring,
            passphrase_file: Some(Path::new("secret")),
            directory: directory.path(),
            variables: &variables,
        }
        .sign()
    }

    #[test]
    fn gpg_is_asked_for_one_message_by_one_key() {
        let script = "echo '-----BEGIN PGP SIGNED MESSAGE-----'; for last; do echo \"$last\"; done; cat \"$last\"";
        let message = String::from_utf8(signed(script, None).unwrap()).unwrap();
        let lines: Vec<_> = message.lines().collect();
        let expected = [
            "--batch",
            "--no-tty",
            "--yes",
            "--pinentry-mode",
            "loopback",
            "--passphrase-file",
            "secret",
            "--digest-algo",
            "SHA512",
            "--local-user",
            "release@example.com",
            "--output",
            "-",
            "--clear-sign",
            "--",
        ];
        assert_eq!(lines[1..=expected.len()], expected);
        assert_eq!(lines[lines.len() - 1], "files: x");
    }

    #[test]
    fn what_gpg_says_when_it_fails_is_told() {
        let error = signed("echo 'no secret key' >&2; exit 2", None).unwrap_err();
        let GpgError::Failed { talk, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(talk, "no secret key");
        assert!(matches!(signed("echo hello", None), Err(GpgError::NoMessage)));
        let error = signed(
            "case $* in *--import*) echo 'no keys' >&2; exit 2;; esac",
            Some(Path::new("keys")),
        )
        .unwrap_err();
        assert!(matches!(error, GpgError::Failed { talk, .. } if talk == "no keys"));
    }

    #[test]
    fn a_machine_without_gpg_is_told_so() {
        let directory = tempfile::tempdir().unwrap();
        let variables = std::iter::once(("PATH".into(), directory.path().into())).collect();
        let error = ClearSigning {
            text: "",
            key: "x",
            keyring: None,
            passphrase_file: None,
            directory: directory.path(),
            variables: &variables,
        }
        .sign()
        .unwrap_err();
        assert!(matches!(error, GpgError::ProgramMissing));
    }
}
