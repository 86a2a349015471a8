use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use attest_digest::checksums::{ChecksumError, ChecksumReader, Entry, LineProblem};
use attest_digest::{Algorithm, Algorithms, FileJob, Source as Bytes};

use super::place::system_words;
use super::sources::{is_stdin, nothing, stdin_bytes};
use super::stream::Expected;
use super::valve::Valve;

/// The lines of several lists, one after the other, with where each list begins and ends. None of them is held.
pub(super) struct Lines {
    lists: VecDeque<PathBuf>,
    expected: Option<Algorithm>,
    current: Option<Current>,
    /// What comes before anything that is still to be read.
    ahead: VecDeque<Line>,
    stdin_taken: bool,
    valve: Valve,
}

/// The list that is being read.
struct Current {
    reader: ChecksumReader<BufReader<Box<dyn Read + Send>>>,
    is_stdin: bool,
}

/// What the lists have next.
pub(super) enum Line {
    /// The next list begins.
    Begin,
    /// A file to measure.
    Entry(Box<EntryLine>),
    /// A line, counted from 1, that is none of a list.
    Malformed(u64, LineProblem),
    /// The list could not be read, or not to its end.
    Broken(String),
    /// The list is at its end, however it came there.
    End,
}

/// A line that is one.
pub(super) struct EntryLine {
    pub(super) entry: Entry,
    /// For standard input, whether nothing has been read from it before.
    stdin: Option<bool>,
}

impl Lines {
    pub(super) fn new(lists: &[PathBuf], expected: Option<Algorithm>, valve: &Valve) -> Self {
        Self {
            lists: lists.iter().cloned().collect(),
            expected,
            current: None,
            ahead: VecDeque::new(),
            stdin_taken: lists.iter().any(|list| is_stdin(list)),
            valve: valve.clone(),
        }
    }

    /// The files that the lists name, for whoever wants to look at them a second time.
    pub(super) fn expected(lists: &[PathBuf], expected: Option<Algorithm>) -> Option<Expected> {
        let is_repeatable = |list: &PathBuf| !is_stdin(list) && list.is_file();
        let lines = lists
            .iter()
            .all(is_repeatable)
            .then(|| Self::new(lists, expected, &Valve::default()))?;
        Some(Box::new(lines.filter_map(|line| match line {
            Line::Entry(line) if line.stdin.is_none() => Some(line.entry.name.to_path()),
            _ => None,
        })))
    }

    /// Opens the next list.
    fn open(&mut self, list: &Path) {
        let is_stdin = is_stdin(list);
        let input: io::Result<Box<dyn Read + Send>> = match is_stdin {
            true => Ok(self.valve.pipe(io::stdin())),
            false => File::open(list).map(|file| self.valve.file(file)),
        };
        match input {
            Ok(input) => {
                let reader = ChecksumReader::new(BufReader::new(input), self.expected);
                self.current = Some(Current { reader, is_stdin });
            }
            Err(error) => self.end(Some(system_words(&error))),
        }
    }

    /// What ends a list: perhaps a reason, and the end.
    fn end(&mut self, reason: Option<String>) {
        self.current = None;
        self.ahead.extend(reason.map(Line::Broken));
        self.ahead.push_back(Line::End);
    }

    fn entry(&mut self, entry: Entry, is_listed_on_stdin: bool, number: u64) -> Line {
        let stdin = match (is_stdin(entry.name.as_path()), is_listed_on_stdin) {
            // The list itself comes from there.
            (true, true) => return Line::Malformed(number, LineProblem::NoDigest),
            (true, false) => Some(!std::mem::replace(&mut self.stdin_taken, true)),
            (false, _) => None,
        };
        Line::Entry(Box::new(EntryLine { entry, stdin }))
    }
}

impl Iterator for Lines {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        if let Some(line) = self.ahead.pop_front() {
            return Some(line);
        }
        let Some(current) = &mut self.current else {
            let list = self.lists.pop_front()?;
            self.open(&list);
            return Some(Line::Begin);
        };
        let (read, number, is_stdin) = (current.reader.next(), current.reader.line(), current.is_stdin);
        match read {
            None => self.end(None),
            Some(Ok(entry)) => return Some(self.entry(entry, is_stdin, number)),
            Some(Err(ChecksumError::Malformed { line, problem })) => return Some(Line::Malformed(line, problem)),
            // coreutils does not say what the system said, either.
            Some(Err(_)) => self.end(Some("read error".to_owned())),
        }
        self.ahead.pop_front()
    }
}

impl FileJob for Line {
    fn path(&self) -> &Path {
        match self {
            Self::Entry(line) => line.entry.name.as_path(),
            Self::Begin | Self::Malformed(..) | Self::Broken(_) | Self::End => Path::new(""),
        }
    }

    fn algorithms(&self) -> &Algorithms {
        /// One for all lines instead of one for each.
        static EACH: LazyLock<BTreeMap<Algorithm, Algorithms>> = LazyLock::new(|| {
            Algorithm::ALL
                .map(|algorithm| (algorithm, Algorithms::one(algorithm)))
                .into()
        });
        let algorithm = match self {
            Self::Entry(line) => line.entry.digest.algorithm(),
            // Nothing is read for them.
            Self::Begin | Self::Malformed(..) | Self::Broken(_) | Self::End => Algorithm::Sha256,
        };
        &EACH[&algorithm]
    }

    fn source(&mut self) -> Bytes {
        match self {
            Self::Entry(line) => line.stdin.map_or(Bytes::File, stdin_bytes),
            Self::Begin | Self::Malformed(..) | Self::Broken(_) | Self::End => nothing(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    #[test]
    fn lists_follow_each_other_and_say_where_they_begin_and_end() {
        let directory = tempfile::tempdir().unwrap();
        let list = directory.path().join("list");
        std::fs::write(&list, format!("{ZEROS}  a\njunk\n{ZEROS}  -\n{ZEROS}  -\n")).unwrap();
        let words: Vec<String> = Lines::new(&[list.clone(), "no/such".into(), list], None, &Valve::default())
            .map(|line| match line {
                Line::Begin => "begin".to_owned(),
                Line::Entry(line) => format!("{} {:?}", line.entry.name, line.stdin),
                Line::Malformed(number, _) => format!("malformed {number}"),
                Line::Broken(reason) => reason,
                Line::End => "end".to_owned(),
            })
            .collect();
        let first = ["begin", "a None", "malformed 2", "- Some(true)", "- Some(false)", "end"];
        let missing = ["begin", "No such file or directory", "end"];
        let third = [
            "begin",
            "a None",
            "malformed 2",
            "- Some(false)",
            "- Some(false)",
            "end",
        ];
        assert_eq!(words, [&first[..], &missing, &third].concat());
    }
}
