use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// A program that is asked for its records; its talk goes where ours goes.
pub(super) struct Program<'a> {
    pub(super) name: OsString,
    pub(super) directory: &'a Path,
    /// More output than this is no record of a build.
    pub(super) limit: u64,
}

impl Program<'_> {
    /// Runs the program and takes what it writes to stdout.
    pub(super) fn ask(&self, arguments: &[String]) -> Result<Vec<u8>, Failure> {
        let mut command = Command::new(&self.name);
        command
            .args(arguments)
            .current_dir(self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let started = command.spawn().and_then(|child| collect(child, self.limit));
        let (status, output) = started.map_err(|error| self.not_run(&error))?;
        match status.success() {
            true => Ok(output),
            false => Err(self.failed(arguments, status)),
        }
    }

    /// The command as a person would type it.
    pub(super) fn line(&self, arguments: &[String]) -> String {
        format!(
            "{} {}",
            Path::new(&self.name).file_stem().unwrap_or_default().display(),
            arguments.join(" ")
        )
    }

    fn not_run(&self, error: &io::Error) -> Failure {
        let failure = Failure::undecided(
            "program-not-run",
            format_args!("cannot run `{}`: {error}", self.name.display()),
        );
        match error.kind() {
            io::ErrorKind::NotFound => failure.hint("install the Rust toolchain; then `cargo --version` shows it"),
            _ => failure,
        }
    }

    fn failed(&self, arguments: &[String], status: std::process::ExitStatus) -> Failure {
        let line = self.line(arguments);
        let failure = Failure::undecided("program-failed", format_args!("`{line}` ended with {status}"))
            .at(self.directory.display());
        match self.directory.join("Cargo.lock").is_file() {
            true => failure,
            false => failure.hint("if Cargo.lock is missing, run `cargo generate-lockfile` and keep the file"),
        }
    }
}

fn collect(mut child: std::process::Child, limit: u64) -> io::Result<(std::process::ExitStatus, Vec<u8>)> {
    let mut output = Vec::new();
    let mut stdout = child.stdout.take().expect("stdout was asked for as a pipe");
    let read = stdout.by_ref().take(limit + 1).read_to_end(&mut output);
    // Closing the pipe ends a program that goes on printing.
    drop(stdout);
    let status = child.wait()?;
    if read? as u64 > limit {
        let message = format!("expected at most {limit} bytes of output, found more");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok((status, output))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Vec<u8>, Failure> {
        let program = Program {
            name: "/bin/sh".into(),
            directory: Path::new("/"),
            limit: 100,
        };
        program.ask(&["-c".to_owned(), script.to_owned()])
    }

    #[test]
    fn output_is_taken_up_to_its_limit() {
        assert_eq!(shell("echo record").unwrap(), b"record\n");
        let failure = shell("while echo more; do :; done 2>/dev/null").unwrap_err();
        assert_eq!(failure.code(), "program-not-run");
        assert!(
            failure
                .message()
                .ends_with("expected at most 100 bytes of output, found more")
        );
    }

    #[test]
    fn a_program_that_fails_is_named_with_its_arguments() {
        let failure = shell("exit 3").unwrap_err();
        assert_eq!(failure.code(), "program-failed");
        assert_eq!(failure.message(), "`sh -c exit 3` ended with exit status: 3");
    }
}
