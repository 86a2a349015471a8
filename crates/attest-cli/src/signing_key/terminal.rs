use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use attest_sign::Secret;

use crate::failure::Failure;

/// The terminal of this process, whatever stdin and stdout are.
const TERMINAL: &str = "/dev/tty";

/// Nobody types more.
const MAX_TYPED_BYTES: u64 = 4096;

/// Asks for something that is not shown while it is typed.
pub(super) fn ask(prompt: &str) -> Result<Secret, Failure> {
    read(prompt).map_err(|error| {
        Failure::undecided(
            "terminal-unusable",
            format_args!("cannot ask for a password here: {error}"),
        )
        .hint("set COSIGN_PASSWORD, or COSIGN_PKCS11_PIN for a token")
    })
}

fn read(prompt: &str) -> io::Result<Secret> {
    let terminal = OpenOptions::new().read(true).write(true).open(TERMINAL)?;
    let silent = Silent::new(&terminal)?;
    let mut screen = &terminal;
    screen.write_all(prompt.as_bytes())?;
    screen.flush()?;
    let mut line = Vec::new();
    BufReader::new(terminal.try_clone()?.take(MAX_TYPED_BYTES)).read_until(b'\n', &mut line)?;
    drop(silent);
    screen.write_all(b"\n")?;
    while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Secret::new(line))
}

/// A terminal that does not show what is typed, until this is dropped. `stty` is part of POSIX.
struct Silent<'a>(&'a File);

impl<'a> Silent<'a> {
    fn new(terminal: &'a File) -> io::Result<Self> {
        stty(terminal, "-echo")?;
        Ok(Self(terminal))
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        let _ = stty(self.0, "echo");
    }
}

fn stty(terminal: &File, setting: &str) -> io::Result<()> {
    let status = Command::new("stty")
        .arg(setting)
        .stdin(Stdio::from(terminal.try_clone()?))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(
            "the terminal cannot be told not to show what is typed",
        )),
    }
}
