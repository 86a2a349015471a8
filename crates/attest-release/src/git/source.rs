use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::attributes::Exports;
use super::program::{Program, not_started};
use super::tree::{self, Mode, TreeEntry};
use super::{CommitId, GitError};

/// The longest target of a symbolic link, in bytes: what Linux resolves (`PATH_MAX`).
const MAX_TARGET_BYTES: u64 = 4096;

/// The longest line before an object's bytes: an id, a type and a size.
const MAX_HEADER_BYTES: u64 = 200;

/// Files up to this size, in bytes, may be pointers of Git LFS (its specification says less than 1024).
const MAX_POINTER_BYTES: u64 = 1024;

/// The first line of a Git LFS pointer.
const POINTER_START: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

/// The committed files of a project, their contents in a scratch directory.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// The files, sorted bytewise by path.
    pub files: Vec<SourceFile>,
    /// Commits of other repositories; their files are not included.
    pub submodules: Vec<String>,
    /// Files whose content lies elsewhere: only the Git LFS pointer is included.
    pub pointers: Vec<String>,
    /// Files marked `export-subst`; their placeholders are kept as committed.
    pub unsubstituted: Vec<String>,
}

/// One committed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name relative to the project, `/`-separated.
    pub path: String,
    /// What it is.
    pub kind: SourceKind,
}

/// What a committed file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A file whose bytes lie at `content`.
    File {
        /// Where the bytes lie.
        content: PathBuf,
        /// Whether it may be executed.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points.
        target: String,
    },
}

/// Writes the files of `commit` under `prefix` into `scratch`.
pub(super) fn unpack(git: &Program, prefix: &str, commit: &CommitId, scratch: &Path) -> Result<Unpacked, GitError> {
    let listing = git.answer(&["ls-tree", "-r", "-z", "--full-tree", commit.as_str()])?;
    let mut entries = tree::parse(&listing)?;
    let exports = Exports::of_commit(git, commit.as_str(), &entries, scratch)?;
    entries.retain(|entry| entry.path.starts_with(prefix) && !exports.ignores(&entry.path));
    let contents = scratch.join("contents");
    fs::create_dir(&contents).map_err(GitError::io("make a scratch directory"))?;
    let mut objects = Objects::open(git)?;
    let mut unpacked = Unpacked::default();
    for (index, entry) in entries.iter().enumerate() {
        let path = entry.path[prefix.len()..].to_owned();
        if exports.substituted.contains(&entry.path) {
            unpacked.unsubstituted.push(path.clone());
        }
        let content = contents.join(index.to_string());
        unpacked.take(&mut objects, entry, path, content)?;
    }
    objects.close()?;
    unpacked.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(unpacked)
}

impl Unpacked {
    fn take(
        &mut self,
        objects: &mut Objects,
        entry: &TreeEntry,
        path: String,
        content: PathBuf,
    ) -> Result<(), GitError> {
        let kind = match entry.mode {
            Mode::Submodule => {
                self.submodules.push(path);
                return Ok(());
            }
            Mode::Symlink => SourceKind::Symlink {
                target: objects.target(&entry.object)?,
            },
            Mode::File | Mode::Executable => {
                if objects.write(&entry.object, &content)? {
                    self.pointers.push(path.clone());
                }
                SourceKind::File {
                    content,
                    executable: entry.mode == Mode::Executable,
                }
            }
        };
        self.files.push(SourceFile { path, kind });
        Ok(())
    }
}

/// A running `git cat-file --batch`: one question, one answer, no object held in memory.
struct Objects {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Objects {
    fn open(git: &Program) -> Result<Self, GitError> {
        let mut command = git.invocation(&["cat-file", "--batch"], &[]).command();
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

    /// Asks for a blob; its bytes follow, and then a line break.
    fn ask(&mut self, object: &str) -> Result<u64, GitError> {
        let asked = writeln!(self.questions, "{object}").and_then(|()| self.questions.flush());
        asked.map_err(GitError::io("ask git for an object"))?;
        let mut header = Vec::new();
        let mut bounded = self.answers.by_ref().take(MAX_HEADER_BYTES);
        bounded
            .read_until(b'\n', &mut header)
            .map_err(GitError::io("read an object from git"))?;
        let malformed = || GitError::malformed("cat-file --batch", "`<object> blob <size>`", &header);
        let line = std::str::from_utf8(&header).map_err(|_| malformed())?;
        let size = line
            .trim_end()
            .strip_prefix(object)
            .and_then(|rest| rest.strip_prefix(" blob "));
        size.and_then(|size| size.parse().ok()).ok_or_else(malformed)
    }

    fn target(&mut self, object: &str) -> Result<String, GitError> {
        let found = self.ask(object)?;
        if found > MAX_TARGET_BYTES {
            return Err(GitError::TooLarge {
                what: "bytes in a symbolic link",
                limit: MAX_TARGET_BYTES,
                found,
            });
        }
        let mut target = Vec::new();
        self.copy(found, &mut target)?;
        String::from_utf8(target).map_err(|error| GitError::NameNotUtf8 {
            name: error.as_bytes().escape_ascii().to_string(),
        })
    }

    /// Writes a blob to a file, and says whether it is a Git LFS pointer.
    fn write(&mut self, object: &str, path: &Path) -> Result<bool, GitError> {
        let size = self.ask(object)?;
        let mut file = File::create_new(path).map_err(GitError::io("write a committed file"))?;
        if size > MAX_POINTER_BYTES {
            self.copy(size, &mut file)?;
            return Ok(false);
        }
        let mut content = Vec::new();
        self.copy(size, &mut content)?;
        file.write_all(&content)
            .map_err(GitError::io("write a committed file"))?;
        Ok(content.starts_with(POINTER_START))
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

    fn close(mut self) -> Result<(), GitError> {
        drop(self.questions);
        self.child.wait().map_err(GitError::io("wait for git"))?;
        Ok(())
    }
}
