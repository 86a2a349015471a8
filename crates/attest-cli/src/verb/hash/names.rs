use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use attest_digest::checksums::Name;

use super::place::system_words;
use super::valve::Valve;
use crate::failure::Failure;

/// The longest name that a list may hold, in bytes: four times the longest path that Linux opens.
const MAX_NAME_LEN: usize = 16 * 1024;

/// A list of files: a file with one name on each line, or with a NUL byte after each; `-` is standard input.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) path: PathBuf,
    pub(super) null: bool,
}

/// The names of a [`List`] as they are read, one after the other. An empty line names nothing.
pub(super) struct Names {
    list: PathBuf,
    input: BufReader<Box<dyn Read + Send>>,
    end: u8,
    /// The place of the last name, counted from 1.
    number: u64,
    is_broken: bool,
}

impl List {
    pub(super) fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Whether it can be read once more from its beginning.
    pub(super) fn is_repeatable(&self) -> bool {
        !self.is_stdin() && self.path.metadata().is_ok_and(|metadata| metadata.is_file())
    }

    pub(super) fn open(&self, valve: &Valve) -> Result<Names, Failure> {
        let input: Box<dyn Read + Send> = match self.is_stdin() {
            true => valve.pipe(io::stdin()),
            false => valve.file(File::open(&self.path).map_err(|error| unreadable(&self.path, &error))?),
        };
        let mut input = BufReader::new(input);
        let beginning = input.fill_buf().map_err(|error| unreadable(&self.path, &error))?;
        if !self.null && beginning.contains(&0) {
            return Err(
                Failure::usage("list-invalid", "expected one name on each line, found NUL bytes")
                    .at(self.path.display())
                    .hint("to read names that end with a NUL byte, run `attest hash --files-from … --null`"),
            );
        }
        Ok(Names {
            list: self.path.clone(),
            input,
            end: if self.null { 0 } else { b'\n' },
            number: 0,
            is_broken: false,
        })
    }
}

impl Names {
    /// The bytes up to the next end of a name, without it; none at the end of the list.
    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut bytes = Vec::new();
        let limit = MAX_NAME_LEN as u64 + 1;
        let read = Read::by_ref(&mut self.input)
            .take(limit)
            .read_until(self.end, &mut bytes)
            .and_then(|read| match read as u64 == limit && bytes.last() != Some(&self.end) {
                true => self.input.skip_until(self.end).map(|_| read),
                false => Ok(read),
            });
        if let Err(error) = read {
            self.is_broken = true;
            return Err(unreadable(&self.list, &error));
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if bytes.last() == Some(&self.end) {
            bytes.pop();
        }
        if self.end == b'\n' && bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        Ok(Some(bytes))
    }

    fn refused(&self, problem: impl std::fmt::Display) -> Failure {
        Failure::rejected("name-invalid", problem).at(format_args!("{}:{}", self.list.display(), self.number))
    }
}

/// Each name, or why the list has none there; the list goes on after that unless it cannot be read.
impl Iterator for Names {
    type Item = Result<PathBuf, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_broken {
            match self.read() {
                Ok(None) => return None,
                Ok(Some(bytes)) if bytes.is_empty() => {}
                Ok(Some(bytes)) if bytes.len() > MAX_NAME_LEN => {
                    let problem = format_args!("expected a name of at most {MAX_NAME_LEN} bytes, found a longer one");
                    return Some(Err(self.refused(problem)));
                }
                Ok(Some(bytes)) => {
                    let name = Name::from_bytes(&bytes).map_err(|problem| self.refused(problem));
                    return Some(name.map(|name| name.to_path()));
                }
                Err(failure) => return Some(Err(failure)),
            }
        }
        None
    }
}

fn unreadable(list: &Path, error: &io::Error) -> Failure {
    let words = system_words(error);
    Failure::undecided(
        "list-unreadable",
        format_args!("cannot read the list of files: {words}"),
    )
    .at(list.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(bytes: &[u8], null: bool) -> Vec<Result<String, &'static str>> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("list");
        std::fs::write(&path, bytes).unwrap();
        let names = List { path, null }.open(&Valve::default()).unwrap();
        names
            .map(|name| match name {
                Ok(path) => Ok(path.to_str().unwrap().to_owned()),
                Err(failure) => Err(failure.code()),
            })
            .collect()
    }

    fn ok(name: &str) -> Result<String, &'static str> {
        Ok(name.to_owned())
    }

    #[test]
    fn lines_and_nul_bytes_end_a_name() {
        assert_eq!(listed(b"a b\r\n\nc", false), [ok("a b"), ok("c")]);
        assert_eq!(listed(b"a\nb\0\0c\r\0", true), [ok("a\nb"), ok("c\r")]);
        assert_eq!(listed(b"", false), []);
    }

    #[test]
    fn a_name_too_long_is_refused_and_the_next_is_read() {
        for (len, fits) in [
            (MAX_NAME_LEN, true),
            (MAX_NAME_LEN + 1, false),
            (5 * MAX_NAME_LEN, false),
        ] {
            let list = [&vec![b'a'; len][..], b"\nb\n"].concat();
            let found = listed(&list, false);
            assert_eq!((found.len(), found[0].is_ok()), (2, fits), "{len}");
            assert_eq!(found[1], ok("b"));
        }
    }

    #[test]
    fn a_nul_byte_among_lines_is_no_name_and_at_the_beginning_wrong_usage() {
        let list = [&b"a\n".repeat(8192)[..], b"b\0c\nd\n"].concat();
        assert_eq!(listed(&list, false)[8192..], [Err("name-invalid"), ok("d")]);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("list");
        std::fs::write(&path, b"a\0b\0").unwrap();
        assert_eq!(
            List { path, null: false }.open(&Valve::default()).err().unwrap().code(),
            "list-invalid"
        );
    }

    #[test]
    fn a_list_that_is_not_there_is_undecided() {
        let list = List {
            path: "no/such".into(),
            null: false,
        };
        assert_eq!(list.open(&Valve::default()).err().unwrap().code(), "list-unreadable");
        assert!(!list.is_repeatable());
    }
}
