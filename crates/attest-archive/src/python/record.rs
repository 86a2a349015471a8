use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::text::{InvalidText, text};
use crate::error::visible;

/// The most bytes that `RECORD` may have: a line of two hundred bytes for each of a million members is above it, and nothing
/// that is published comes near.
pub const MAX_RECORD_BYTES: usize = 64 * 1024 * 1024;

/// What is shown of a value that is wrong.
const MAX_SHOWN: usize = 80;

/// One line of `RECORD`: a file, and what it is measured to be.
///
/// Source: PyPA "Recording installed projects", "The RECORD file"; binary distribution format, "Signed wheel files".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLine {
    /// The path as it is written.
    pub path: String,
    /// The digest, if there is one.
    pub digest: Option<RecordedDigest>,
    /// The size, if there is one.
    pub size: Option<u64>,
}

/// A digest as `RECORD` writes it: `sha256=` and URL-safe base64 without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDigest {
    /// The name of the algorithm.
    pub algorithm: String,
    /// The digest.
    pub bytes: Vec<u8>,
}

/// Why some bytes are no `RECORD`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRecord {
    /// It is too long, or no text.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// There are too many lines.
    #[error("expected at most {limit} lines, found more")]
    TooManyLines {
        /// The most lines that are accepted.
        limit: usize,
    },
    /// A quoted value does not end, or something other than a comma follows it.
    #[error("expected a quoted value to end with its quote in line {line}")]
    Quote {
        /// The line, from one.
        line: usize,
    },
    /// A line does not have three values.
    #[error("expected path, digest and size in line {line}, found {found} values")]
    Values {
        /// The line, from one.
        line: usize,
        /// How many there are.
        found: usize,
    },
    /// A digest is not written as one.
    #[error("expected a digest such as `sha256=47DEQ…` in line {line}, found `{}`", visible(.found))]
    Digest {
        /// The line, from one.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A size is not a number.
    #[error("expected a size in decimal digits in line {line}, found `{}`", visible(.found))]
    Size {
        /// The line, from one.
        line: usize,
        /// What stands there.
        found: String,
    },
}

/// Reads all lines, `limit` at most: a line takes far more memory than its three bytes.
///
/// # Errors
/// [`InvalidRecord`], for the first line that is wrong.
pub fn parse_record(bytes: &[u8], limit: usize) -> Result<Vec<RecordLine>, InvalidRecord> {
    let text = text(bytes, MAX_RECORD_BYTES)?;
    let mut rows = Rows { rest: text, line: 1 };
    let mut lines = Vec::new();
    while let Some((line, [path, digest, size])) = rows.next()? {
        if lines.len() == limit {
            return Err(InvalidRecord::TooManyLines { limit });
        }
        lines.push(RecordLine {
            path,
            digest: recorded_digest(line, &digest)?,
            size: recorded_size(line, &size)?,
        });
    }
    Ok(lines)
}

fn recorded_digest(line: usize, text: &str) -> Result<Option<RecordedDigest>, InvalidRecord> {
    if text.is_empty() {
        return Ok(None);
    }
    let invalid = || InvalidRecord::Digest {
        line,
        found: shown(text),
    };
    let (algorithm, digest) = text.split_once('=').ok_or_else(invalid)?;
    let bytes = URL_SAFE_NO_PAD.decode(digest).map_err(|_| invalid())?;
    match algorithm.is_empty() || bytes.is_empty() {
        true => Err(invalid()),
        false => Ok(Some(RecordedDigest {
            algorithm: algorithm.to_owned(),
            bytes,
        })),
    }
}

fn recorded_size(line: usize, text: &str) -> Result<Option<u64>, InvalidRecord> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(size) if is_number => Ok(Some(size)),
        _ if text.is_empty() => Ok(None),
        _ => Err(InvalidRecord::Size {
            line,
            found: shown(text),
        }),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}

/// Rows of comma-separated values in the dialect of Python's `csv`: a quote stands twice inside quotes, and an empty line is no row.
struct Rows<'a> {
    rest: &'a str,
    line: usize,
}

impl Rows<'_> {
    /// The next row of three values and the line in which it begins.
    fn next(&mut self) -> Result<Option<(usize, [String; 3])>, InvalidRecord> {
        while let Some(rest) = strip_line_end(self.rest) {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        let mut values = <[String; 3]>::default();
        let mut found = 0;
        loop {
            let value = self.value()?;
            if let Some(place) = values.get_mut(found) {
                *place = value;
            }
            found += 1;
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None => break,
            }
        }
        self.rest = strip_line_end(self.rest).unwrap_or(self.rest);
        self.line += 1;
        match found == values.len() {
            true => Ok(Some((line, values))),
            false => Err(InvalidRecord::Values { line, found }),
        }
    }

    fn value(&mut self) -> Result<String, InvalidRecord> {
        if let Some(rest) = self.rest.strip_prefix('"') {
            self.rest = rest;
            return self.quoted();
        }
        let end = self.rest.find([',', '\n', '\r']).unwrap_or(self.rest.len());
        let (value, rest) = self.rest.split_at(end);
        // A carriage return alone ends a row for some readers and not for others.
        let is_split = rest.starts_with('\r') && strip_line_end(rest).is_none();
        if value.contains('"') || is_split {
            return Err(InvalidRecord::Quote { line: self.line });
        }
        self.rest = rest;
        Ok(value.to_owned())
    }

    fn quoted(&mut self) -> Result<String, InvalidRecord> {
        let begin = self.line;
        let mut value = String::new();
        loop {
            let Some((piece, rest)) = self.rest.split_once('"') else {
                return Err(InvalidRecord::Quote { line: begin });
            };
            value.push_str(piece);
            self.line += piece.matches('\n').count();
            if let Some(after) = rest.strip_prefix('"') {
                value.push('"');
                self.rest = after;
                continue;
            }
            self.rest = rest;
            return match rest.is_empty() || rest.starts_with(',') || strip_line_end(rest).is_some() {
                true => Ok(value),
                false => Err(InvalidRecord::Quote { line: begin }),
            };
        }
    }
}

fn strip_line_end(text: &str) -> Option<&str> {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n'))
}

impl RecordLine {
    /// The line of `RECORD` itself and its like: a path alone.
    #[must_use]
    pub fn bare(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            digest: None,
            size: None,
        }
    }
}

/// The line without its end.
impl fmt::Display for RecordLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.contains([',', '"', '\n', '\r']) {
            true => write!(f, "\"{}\",", self.path.replace('"', "\"\""))?,
            false => write!(f, "{},", self.path)?,
        }
        if let Some(digest) = &self.digest {
            write!(f, "{digest}")?;
        }
        f.write_str(",")?;
        self.size.map_or(Ok(()), |size| write!(f, "{size}"))
    }
}

impl fmt::Display for RecordedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.algorithm, URL_SAFE_NO_PAD.encode(&self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EMPTY: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

    fn error(text: &str) -> InvalidRecord {
        parse_record(text.as_bytes(), 10).unwrap_err()
    }

    fn paths(text: &str) -> Vec<String> {
        let lines = parse_record(text.as_bytes(), 10).unwrap();
        lines.into_iter().map(|line| line.path).collect()
    }

    #[test]
    fn a_record_is_read() {
        let lines = parse_record(format!("a.py,{EMPTY},0\r\nd/RECORD,,\n").as_bytes(), 2).unwrap();
        assert_eq!(lines[0].digest.as_ref().unwrap().algorithm, "sha256");
        assert_eq!(lines[0].digest.as_ref().unwrap().bytes[..3], [0xe3, 0xb0, 0xc4]);
        assert_eq!(lines[0].size, Some(0));
        assert_eq!(lines[1], RecordLine::bare("d/RECORD"));
        assert_eq!(lines[0].to_string(), format!("a.py,{EMPTY},0"));
    }

    #[test]
    fn quotes_keep_commas_line_breaks_and_quotes() {
        assert_eq!(paths("\"a,b\",,\n\"c\"\"d\",,\n\"e\nf\",,"), ["a,b", "c\"d", "e\nf"]);
        assert_eq!(paths("\n\r\n"), Vec::<String>::new());
    }

    #[test]
    fn each_way_to_be_wrong_has_its_own_error() {
        assert_eq!(error("a,,\nb,\n"), InvalidRecord::Values { line: 2, found: 2 });
        assert_eq!(error("a,,,"), InvalidRecord::Values { line: 1, found: 4 });
        for text in ["\n\"a,,", "\n\"a\"b,,", "\na\"b,,", "\na\rb,,"] {
            assert_eq!(error(text), InvalidRecord::Quote { line: 2 }, "{text:?}");
        }
        for found in ["sha256", "sha256=", "=47DE", "sha256=47DE==", "sha256=+/+/"] {
            let error = error(&format!("a,{found},1"));
            assert_eq!(
                error,
                InvalidRecord::Digest {
                    line: 1,
                    found: found.into()
                }
            );
        }
        for found in ["x", "-1", "+1", " 1", "1.0", "99999999999999999999"] {
            let error = error(&format!("\"a\nb\",,\nc,,{found}"));
            assert_eq!(
                error,
                InvalidRecord::Size {
                    line: 3,
                    found: found.into()
                }
            );
        }
        let offset = 1;
        assert_eq!(
            parse_record(b"a\xff,,", 10).unwrap_err(),
            InvalidRecord::Text(InvalidText::NotUtf8 { offset })
        );
        let (limit, found) = (MAX_RECORD_BYTES, MAX_RECORD_BYTES + 1);
        assert_eq!(
            error(&"\n".repeat(found)),
            InvalidRecord::Text(InvalidText::TooLong { limit, found })
        );
    }

    #[test]
    fn one_line_more_than_may_be_there_is_refused() {
        assert_eq!(parse_record(b"a,,\n\nb,,\n", 2).unwrap().len(), 2);
        let limit = 2;
        let text = "a,,\nb,,\nc,x,\n";
        assert_eq!(
            parse_record(text.as_bytes(), limit).unwrap_err(),
            InvalidRecord::TooManyLines { limit }
        );
    }

    #[test]
    fn a_value_that_is_wrong_is_not_shown_whole() {
        let found = "x".repeat(MAX_SHOWN);
        let expected = InvalidRecord::Size { line: 1, found };
        assert_eq!(error(&format!("a,,{}", "x".repeat(1_000_000))), expected);
    }

    fn line() -> impl Strategy<Value = RecordLine> {
        let digest = prop::option::of(("[a-z0-9_]{1,8}", prop::collection::vec(any::<u8>(), 1..40)));
        ("[a-z,\"\r\n/é]{1,8}", digest, prop::option::of(any::<u64>())).prop_map(|(path, digest, size)| RecordLine {
            path,
            digest: digest.map(|(algorithm, bytes)| RecordedDigest { algorithm, bytes }),
            size,
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_back(lines in prop::collection::vec(line(), 0..6), end in "\r?\n") {
            let text: String = lines.iter().map(|line| format!("{line}{end}")).collect();
            prop_assert_eq!(parse_record(text.as_bytes(), lines.len()).unwrap(), lines);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[a=1,\"\r\n]{0,24}") {
            let _ = parse_record(&bytes, 10);
            let _ = parse_record(text.as_bytes(), 10);
        }
    }
}
