use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attest_digest::{
    Algorithms, FileJob, MeasureError, Source as Bytes, SymlinkPolicy, Walk, WalkEntry, WalkError, WalkOptions,
};

use super::names::{List, Names};
use super::pipe::{self, PipeId};
use super::place::system_words;
use super::stream::Expected;
use super::valve::Valve;
use crate::failure::Failure;

/// Where standard input has a name.
const STDIN: &str = "/dev/stdin";

/// What is to be hashed, as it was asked for: nothing has been looked at yet.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) files: Vec<PathBuf>,
    /// More of them.
    pub(super) list: Option<List>,
    /// Directories stand for the files in them.
    pub(super) recursive: bool,
    pub(super) symlinks: SymlinkPolicy,
    /// What is left out of directories: what is being written.
    pub(super) excluded: Vec<PathBuf>,
}

/// Something to hash, or what stands in its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A file, by the name it will be listed under.
    File(PathBuf),
    /// Standard input, or what is left of it when it has been read before.
    Stdin { is_first: bool },
    /// A named pipe that is an argument, such as `<(command)`: read to its end, as standard input is.
    Pipe(PathBuf),
    /// A symbolic link in a directory, which is not followed.
    Link(PathBuf),
    /// What cannot be hashed, with the reason.
    Refused(PathBuf, Failure),
}

impl Request {
    /// Begins to look, with the list if there is one.
    pub(super) fn open(self, valve: &Valve) -> Result<Sources, Failure> {
        let names = self.list.as_ref().map(|list| list.open(valve)).transpose()?;
        let stdin_taken = self.list.as_ref().is_some_and(List::is_stdin);
        let stdin = stdin_taken.then(|| PipeId::at(Path::new(STDIN))).flatten();
        Ok(Sources {
            stdin_taken,
            pipes: stdin.into_iter().collect(),
            list: self.list,
            files: self.files.into_iter(),
            names,
            recursive: self.recursive,
            options: WalkOptions {
                symlinks: self.symlinks,
            },
            walk: None,
            excluded: self.excluded,
        })
    }

    /// The same files once more, where that is possible.
    pub(super) fn expected(&self) -> Option<Expected> {
        let is_read_once = |file: &PathBuf| is_stdin(file) || self.reads_pipe(file);
        let is_repeatable = self.list.as_ref().is_none_or(List::is_repeatable) && !self.files.iter().any(is_read_once);
        let sources = is_repeatable.then(|| self.clone().open(&Valve::default()).ok())??;
        Some(Box::new(sources.filter_map(|source| match source {
            Source::File(path) => Some(path),
            Source::Stdin { .. } | Source::Pipe(_) | Source::Link(_) | Source::Refused(..) => None,
        })))
    }

    /// Whether the argument is a pipe that will be read.
    fn reads_pipe(&self, argument: &Path) -> bool {
        !self.recursive && PipeId::at(argument).is_some()
    }
}

/// `-` is standard input, as everywhere.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Everything that was asked for, one after the other, as it is found: none of it is held.
pub(super) struct Sources {
    files: std::vec::IntoIter<PathBuf>,
    list: Option<List>,
    names: Option<Names>,
    recursive: bool,
    options: WalkOptions,
    /// The directory of the moment.
    walk: Option<Walk>,
    excluded: Vec<PathBuf>,
    stdin_taken: bool,
    /// What is read already.
    pipes: BTreeSet<PipeId>,
}

impl Sources {
    /// What is walked next.
    fn walked(&mut self) -> Option<Source> {
        let found = self.walk.as_mut()?.next();
        match found {
            None => {
                self.walk = None;
                None
            }
            Some(Ok(WalkEntry::File(path))) => match self.is_excluded(&path) {
                true => self.walked(),
                false => Some(Source::File(path)),
            },
            Some(Ok(other)) => Some(Source::Link(other.path().to_owned())),
            Some(Err(error)) => Some(Source::Refused(error.path().to_owned(), walk_failure(&error))),
        }
    }

    /// What was named next: an argument, then what the list says.
    fn named(&mut self) -> Option<Source> {
        loop {
            let path = match self.files.next() {
                Some(path) => match self.pipe(&path) {
                    Some(source) => return Some(source),
                    None => path,
                },
                None => match self.names.as_mut()?.next()? {
                    Ok(path) => path,
                    Err(failure) => return Some(Source::Refused(self.list_path(), failure)),
                },
            };
            if is_stdin(&path) {
                return Some(self.stdin());
            }
            if !(self.recursive && path.is_dir()) {
                return Some(Source::File(path));
            }
            self.walk = Some(Walk::new(&path, self.options));
            if let Some(source) = self.walked() {
                return Some(source);
            }
        }
    }

    fn stdin(&mut self) -> Source {
        if self.list.as_ref().is_some_and(List::is_stdin) {
            let failure = Failure::rejected(
                "standard-input-is-the-list",
                "expected a file, found `-` in a list that is standard input itself",
            );
            return Source::Refused("-".into(), failure.at("-"));
        }
        let stdin = PipeId::at(Path::new(STDIN));
        let is_new_pipe = stdin.is_none_or(|pipe| self.pipes.insert(pipe));
        let is_taken = std::mem::replace(&mut self.stdin_taken, true);
        Source::Stdin {
            is_first: is_new_pipe && !is_taken,
        }
    }

    /// An argument that is a pipe. Who names one waits for its writer; a list or a tree may hold one by chance.
    fn pipe(&mut self, argument: &Path) -> Option<Source> {
        if self.recursive || is_stdin(argument) {
            return None;
        }
        let pipe = PipeId::at(argument)?;
        if self.pipes.insert(pipe) {
            return Some(Source::Pipe(argument.to_owned()));
        }
        let failure = Failure::rejected(
            "pipe-named-twice",
            "expected a pipe that is read once, found it named again",
        );
        Some(Source::Refused(argument.to_owned(), failure.at(argument.display())))
    }

    fn list_path(&self) -> PathBuf {
        self.list.as_ref().map_or_else(PathBuf::new, |list| list.path.clone())
    }

    /// Compares file names first: asking the system about every file of a tree would be slow.
    fn is_excluded(&self, file: &Path) -> bool {
        self.excluded.iter().any(|excluded| {
            file.file_name() == excluded.file_name()
                && matches!((file.canonicalize(), excluded.canonicalize()), (Ok(a), Ok(b)) if a == b)
        })
    }
}

impl Iterator for Sources {
    type Item = Source;

    fn next(&mut self) -> Option<Source> {
        self.walked().or_else(|| self.named())
    }
}

/// A [`Source`] for the engine.
pub(super) struct Item {
    pub(super) source: Source,
    pub(super) algorithms: Arc<Algorithms>,
}

impl FileJob for Item {
    fn path(&self) -> &Path {
        match &self.source {
            Source::File(path) | Source::Pipe(path) | Source::Link(path) | Source::Refused(path, _) => path,
            Source::Stdin { .. } => Path::new("-"),
        }
    }

    fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }

    fn source(&mut self) -> Bytes {
        match &self.source {
            Source::File(_) => Bytes::File,
            Source::Stdin { is_first } => stdin_bytes(*is_first),
            Source::Pipe(path) => pipe::bytes(path),
            Source::Link(_) | Source::Refused(..) => nothing(),
        }
    }
}

/// Standard input is read by one thread only, and once; after its end there is nothing.
pub(super) fn stdin_bytes(is_first: bool) -> Bytes {
    match is_first {
        true => Bytes::Reader(Box::new(io::stdin())),
        false => Bytes::Reader(Box::new(io::empty())),
    }
}

/// For what only keeps its place in the order. Nobody looks at its result.
pub(super) fn nothing() -> Bytes {
    Bytes::Failed(MeasureError::Read {
        path: PathBuf::new(),
        source: io::ErrorKind::Unsupported.into(),
    })
}

fn walk_failure(error: &WalkError) -> Failure {
    let message = match error {
        WalkError::List { source, .. } => format!("cannot list the directory: {}", system_words(source)),
        WalkError::Inspect { source, .. } => format!("cannot read the file: {}", system_words(source)),
        WalkError::NotRegular { found, .. } => format!("expected a regular file, found {found}"),
        WalkError::LinkRefused { .. } => "expected no symbolic link, found one".to_owned(),
        WalkError::Loop { leads_to, .. } => format!("the symbolic link leads back to `{}`", leads_to.display()),
        WalkError::Scratch { source, .. } => format!(
            "cannot sort the names of the directory in a temporary file: {}",
            system_words(source)
        ),
        other => other.to_string(),
    };
    let failure = Failure::rejected(error.code(), message).at(error.path().display());
    match error {
        WalkError::Scratch { .. } => failure.hint("let `TMPDIR` name a directory with room that can be written to"),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn request(files: Vec<PathBuf>) -> Request {
        Request {
            files,
            list: None,
            recursive: true,
            symlinks: SymlinkPolicy::Report,
            excluded: Vec::new(),
        }
    }

    #[test]
    fn a_directory_becomes_its_files_without_what_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir(root.join("sub")).unwrap();
        for name in ["b", "sub/sums", "sums"] {
            fs::write(root.join(name), name).unwrap();
        }
        let request = Request {
            excluded: vec![root.join("sums")],
            ..request(vec![root.to_owned(), root.join("b")])
        };
        let found: Vec<_> = request.open(&Valve::default()).unwrap().collect();
        let files = ["b", "sub/sums", "b"].map(|name| Source::File(root.join(name)));
        assert_eq!(found, files);
    }

    #[test]
    fn standard_input_is_read_once() {
        let found: Vec<_> = request(vec!["-".into(), "-".into()])
            .open(&Valve::default())
            .unwrap()
            .collect();
        let expected = [true, false].map(|is_first| Source::Stdin { is_first });
        assert_eq!(found, expected);
    }

    #[test]
    fn an_empty_directory_is_no_end() {
        let directory = tempfile::tempdir().unwrap();
        let files = vec![directory.path().to_owned(), "after".into()];
        let found: Vec<_> = request(files).open(&Valve::default()).unwrap().collect();
        assert_eq!(found, [Source::File("after".into())]);
    }

    #[test]
    fn what_can_be_looked_at_twice_is_expected() {
        let directory = tempfile::tempdir().unwrap();
        let (list, file) = (directory.path().join("list"), directory.path().join("file"));
        fs::write(&list, "x\n").unwrap();
        fs::write(&file, "").unwrap();
        let with_list = |path: PathBuf| Request {
            list: Some(List { path, null: false }),
            ..request(vec![directory.path().to_owned()])
        };
        let expected: Vec<_> = with_list(list.clone()).expected().unwrap().collect();
        assert_eq!(expected, [file, list, "x".into()]);
        assert!(with_list("-".into()).expected().is_none());
        assert!(request(vec!["-".into()]).expected().is_none());
    }
}
