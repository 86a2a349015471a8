use std::io::{self, BufRead, Read as _};

use crate::Algorithm;
use crate::checksums::Entry;
use crate::checksums::line::{Dialect, LineProblem};

/// The longest line that is read, in bytes. The longest path that Linux opens has 4096 bytes, escapes double it, and the
/// digest takes 128; beyond that no line can name a file.
pub const MAX_LINE_LEN: usize = 16 * 1024;

/// Why there is no entry where one was looked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChecksumError {
    /// The line is malformed. The lines after it can still be read.
    #[error("line {line} is no checksum line: {problem}")]
    Malformed {
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        problem: LineProblem,
    },
    /// The file could not be read; there will be no more lines.
    #[error("cannot read the checksum file")]
    Io(#[from] io::Error),
}

/// Reads a checksum file line by line, as an iterator. Empty lines and lines that begin with `#` are passed over.
#[derive(Debug)]
pub struct ChecksumReader<R> {
    input: R,
    dialect: Dialect,
    line: u64,
    failed: bool,
}

impl<R: BufRead> ChecksumReader<R> {
    /// Begins at line 1. Without `expected`, a tag or the digest's length says which algorithm made an entry; 64 digits
    /// without a tag are SHA-256, so that BLAKE3 has to be asked for.
    pub fn new(input: R, expected: Option<Algorithm>) -> Self {
        Self {
            input,
            dialect: Dialect {
                expected,
                reversed: None,
            },
            line: 0,
            failed: false,
        }
    }

    /// The number of the line that was read last, counted from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Reads the next line with its newline, at most one byte more than the limit. Empty at the end.
    fn read_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        self.input
            .by_ref()
            .take(MAX_LINE_LEN as u64 + 1)
            .read_until(b'\n', &mut line)?;
        self.line += 1;
        Ok(line)
    }
}

impl<R: BufRead> Iterator for ChecksumReader<R> {
    type Item = Result<Entry, ChecksumError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            let line = match self.read_line() {
                Ok(line) if line.is_empty() => return None,
                Ok(line) => line,
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error.into()));
                }
            };
            let parsed = match line.len() > MAX_LINE_LEN {
                true => match skip_line(&mut self.input, &line) {
                    Ok(()) => Err(LineProblem::TooLong),
                    Err(error) => {
                        self.failed = true;
                        return Some(Err(error.into()));
                    }
                },
                false => match without_ending(&line) {
                    [] | [b'#', ..] => continue,
                    content => self.dialect.parse(content),
                },
            };
            let line = self.line;
            return Some(parsed.map_err(|problem| ChecksumError::Malformed { line, problem }));
        }
        None
    }
}

/// Strips `\n` or `\r\n`.
fn without_ending(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Passes over what is left of a line whose beginning has been read, holding none of it.
fn skip_line(input: &mut impl BufRead, beginning: &[u8]) -> io::Result<()> {
    match beginning.ends_with(b"\n") {
        true => Ok(()),
        false => input.skip_until(b'\n').map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<Result<String, (u64, LineProblem)>> {
        ChecksumReader::new(text, None)
            .map(|entry| match entry {
                Ok(entry) => Ok(entry.name.to_string()),
                Err(ChecksumError::Malformed { line, problem }) => Err((line, problem)),
                Err(ChecksumError::Io(error)) => panic!("{error}"),
            })
            .collect()
    }

    #[test]
    fn comments_and_empty_lines_are_passed_over_and_counted() {
        let hex = "0".repeat(64);
        let text = format!("# made by hand\n\r\n{hex}  a\r\n\njunk\n{hex}  b");
        let found = read(text.as_bytes());
        assert_eq!(
            found,
            [Ok("a".to_owned()), Err((5, LineProblem::NoDigest)), Ok("b".to_owned())]
        );
    }

    #[test]
    fn a_line_too_long_is_passed_over_and_the_next_is_read() {
        let hex = "0".repeat(64);
        for len in [MAX_LINE_LEN - 1, MAX_LINE_LEN, 3 * MAX_LINE_LEN] {
            let text = format!("{hex}  {}\n{hex}  b\n", "a".repeat(len - 66));
            let found = read(text.as_bytes());
            assert_eq!(found.len(), 2, "{len}");
            assert_eq!(found[0] == Err((1, LineProblem::TooLong)), len >= MAX_LINE_LEN, "{len}");
            assert_eq!(found[1], Ok("b".to_owned()));
        }
    }

    struct Broken;

    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    #[test]
    fn a_reading_error_ends_the_list() {
        let mut reader = ChecksumReader::new(io::BufReader::new(Broken), None);
        assert!(matches!(reader.next(), Some(Err(ChecksumError::Io(_)))));
        assert!(reader.next().is_none());
    }
}
