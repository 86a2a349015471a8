use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::GitError;
use super::program::{Program, not_started};

/// The longest line before an object's bytes: an id, a type and a size.
const MAX_HEADER_BYTES: u64 = 200;

/// A running `git cat-file --batch`: one question, one answer, no object held in memory.
#[derive(Debug)]
pub(super) struct Objects {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Objects {
    pub(super) fn open(git: &Program) -> Result<Self, GitError> {
        let mut command = git.invocation(&["cat-file", "--batch"]).command();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(not_started)?;
        let questions = child.stdin.take().expect("stdin was asked for as a pipe");
        let answers = child.stdout.take().expect("stdout was asked for as a pipe");
        Ok(Self {
            child,
            questions,
            answers: BufReader::new(answers),
        })
    }

    /// The bytes of an object of type `kind`, which may be at most `limit` long.
    pub(super) fn read(&mut self, object: &str, kind: &str, limit: (&'static str, u64)) -> Result<Vec<u8>, GitError> {
        let found = self.ask(object, kind)?;
        let (what, limit) = limit;
        if found > limit {
            return Err(GitError::TooLarge { what, limit, found });
        }
        let mut bytes = Vec::new();
        self.copy(found, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes a blob to a new file. One of at most `small` bytes comes back as well.
    pub(super) fn write(&mut self, object: &str, path: &Path, small: u64) -> Result<Written, GitError> {
        let size = self.ask(object, "blob")?;
        let mut file = File::create_new(path).map_err(GitError::io("write a committed file"))?;
        if size > small {
            self.copy(size, &mut file)?;
            return Ok(Written { size, bytes: None });
        }
        let mut bytes = Vec::new();
        self.copy(size, &mut bytes)?;
        file.write_all(&bytes).map_err(GitError::io("write a committed file"))?;
        Ok(Written {
            size,
            bytes: Some(bytes),
        })
    }

    /// Waits for git to end.
    pub(super) fn close(mut self) -> Result<(), GitError> {
        drop(self.questions);
        self.child.wait().map_err(GitError::io("wait for git"))?;
        Ok(())
    }

    /// Asks for an object; its bytes follow, and then a line break.
    fn ask(&mut self, object: &str, kind: &str) -> Result<u64, GitError> {
        let asked = writeln!(self.questions, "{object}").and_then(|()| self.questions.flush());
        asked.map_err(GitError::io("ask git for an object"))?;
        let mut header = Vec::new();
        let mut bounded = self.answers.by_ref().take(MAX_HEADER_BYTES);
        bounded
            .read_until(b'\n', &mut header)
            .map_err(GitError::io("read an object from git"))?;
        let malformed = || GitError::malformed("cat-file --batch", "`<object> <type> <size>`", &header);
        let line = std::str::from_utf8(&header).map_err(|_| malformed())?;
        let rest = line.trim_end().strip_prefix(object).ok_or_else(malformed)?;
        if rest == " missing" {
            let object = object.to_owned();
            return Err(GitError::ObjectMissing { object });
        }
        let size = rest.strip_prefix(' ').and_then(|rest| rest.strip_prefix(kind));
        size.and_then(|size| size.strip_prefix(' '))
            .and_then(|size| size.parse().ok())
            .ok_or_else(malformed)
    }

    fn copy(&mut self, size: u64, destination: &mut impl Write) -> Result<(), GitError> {
        let copied = io::copy(&mut self.answers.by_ref().take(size), destination);
        let copied = copied.map_err(GitError::io("copy a committed file"))?;
        let mut end = [0];
        self.answers
            .read_exact(&mut end)
            .map_err(GitError::io("read an object from git"))?;
        match copied == size && end == *b"\n" {
            true => Ok(()),
            false => Err(GitError::malformed(
                "cat-file --batch",
                "a line break after the object",
                &end,
            )),
        }
    }
}

/// A blob that was written to a file.
pub(super) struct Written {
    pub(super) size: u64,
    /// Its bytes, if they are few.
    pub(super) bytes: Option<Vec<u8>>,
}
