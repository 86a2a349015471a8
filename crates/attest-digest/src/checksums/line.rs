use crate::checksums::{Entry, Form, InvalidName, Name, tag};
use crate::{Algorithm, Digest};

/// Why a line is no checksum line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It begins with neither digits nor a known tag.
    #[error("expected a digest or an algorithm's tag at its beginning")]
    NoDigest,
    /// The digest belongs to no algorithm, or not to the one that is asked for.
    #[error("expected {}, found {found} hexadecimal digits", expected_digits(*expected))]
    WrongLength {
        /// The algorithm that is asked for, if one is.
        expected: Option<Algorithm>,
        /// The number of digits that were found.
        found: usize,
    },
    /// A tagged line is by another algorithm than the one that is asked for.
    #[error("expected an entry by {expected}, found one by {found}")]
    OtherAlgorithm {
        /// The algorithm that is asked for.
        expected: Algorithm,
        /// The algorithm of the line.
        found: Algorithm,
    },
    /// A tagged line does not go on as it should.
    #[error("expected `{} (<name>) = <hex>`", tag(*algorithm))]
    BrokenTag {
        /// The algorithm whose tag begins the line.
        algorithm: Algorithm,
    },
    /// A backslash in an escaped name is followed by something else than a backslash, `n` or `r`.
    #[error("a backslash in the escaped name is followed by neither a backslash nor n nor r")]
    BadEscape,
    /// What should be a name is none.
    #[error(transparent)]
    BadName(#[from] InvalidName),
    /// Reversed and standard lines in one file: a name that begins with a blank could be taken for another.
    #[error("expected every line in the same form, found `<hex> <name>` beside `<hex>  <name>`")]
    MixedForms,
    /// The line is longer than the longest name, escaped, can make it.
    #[error("expected at most {max} bytes", max = super::MAX_LINE_LEN)]
    TooLong,
}

fn expected_digits(expected: Option<Algorithm>) -> String {
    match expected {
        Some(algorithm) => format!("{} hexadecimal digits", algorithm.digest_len() * 2),
        None => "64, 96 or 128 hexadecimal digits".to_owned(),
    }
}

/// What one checksum file has been seen to be so far.
#[derive(Debug, Default)]
pub(super) struct Dialect {
    /// The algorithm that is asked for; without one it follows from the digest's length, and is never BLAKE3.
    pub(super) expected: Option<Algorithm>,
    /// Whether its untagged lines are reversed, once there was one.
    pub(super) reversed: Option<bool>,
}

impl Dialect {
    /// Reads a line without its line ending. Follows `split_3` of coreutils' `digest.c`, but refuses NUL bytes.
    pub(super) fn parse(&mut self, line: &[u8]) -> Result<Entry, LineProblem> {
        let line = trim_blanks(line);
        let (escaped, line) = match line.strip_prefix(b"\\") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        match Algorithm::ALL
            .into_iter()
            .find_map(|algorithm| Some((algorithm, line.strip_prefix(tag(algorithm).as_bytes())?)))
        {
            Some((algorithm, rest)) => self.parse_tagged(algorithm, rest, escaped),
            None => self.parse_untagged(line, escaped),
        }
    }

    /// Reads what follows the tag: ` (<name>) = <hex>`. The name ends at the last parenthesis.
    fn parse_tagged(&self, algorithm: Algorithm, rest: &[u8], escaped: bool) -> Result<Entry, LineProblem> {
        if let Some(expected) = self.expected.filter(|expected| *expected != algorithm) {
            return Err(LineProblem::OtherAlgorithm {
                expected,
                found: algorithm,
            });
        }
        let (name, hex) = split_tagged(rest).ok_or(LineProblem::BrokenTag { algorithm })?;
        Ok(Entry {
            digest: digest(algorithm, hex)?,
            name: parse_name(name, escaped)?,
            form: Form::Tagged,
        })
    }

    /// Reads `<hex>  <name>`, `<hex> *<name>` or `<hex> <name>`.
    fn parse_untagged(&mut self, line: &[u8], escaped: bool) -> Result<Entry, LineProblem> {
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (hex, rest) = line.split_at(digits);
        let [b' ' | b'\t', rest @ ..] = rest else {
            return Err(LineProblem::NoDigest);
        };
        let digest = digest(self.algorithm_of(digits)?, hex)?;
        let (form, name) = self.split_name(rest)?;
        Ok(Entry {
            digest,
            name: parse_name(name, escaped)?,
            form,
        })
    }

    fn algorithm_of(&self, digits: usize) -> Result<Algorithm, LineProblem> {
        let fits = |algorithm: &Algorithm| algorithm.digest_len() * 2 == digits;
        let candidates = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];
        match self.expected {
            Some(expected) => Some(expected).filter(fits),
            None => candidates.into_iter().find(fits),
        }
        .ok_or(LineProblem::WrongLength {
            expected: self.expected,
            found: digits,
        })
    }

    /// Splits what follows the digest and one blank into the form and the name.
    fn split_name<'a>(&mut self, rest: &'a [u8]) -> Result<(Form, &'a [u8]), LineProblem> {
        match rest {
            [b' ' | b'*', _, ..] if self.reversed == Some(true) => Ok((Form::Reversed, rest)),
            [mark @ (b' ' | b'*'), name @ ..] if !name.is_empty() => {
                self.reversed = Some(false);
                Ok((if *mark == b'*' { Form::Binary } else { Form::Text }, name))
            }
            _ if self.reversed == Some(false) => Err(LineProblem::MixedForms),
            // Nothing, or a lone mark: a line without a name says nothing about the form of the file.
            [] => Err(InvalidName::Empty.into()),
            _ => {
                self.reversed = Some(true);
                Ok((Form::Reversed, rest))
            }
        }
    }
}

fn trim_blanks(line: &[u8]) -> &[u8] {
    let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &line[blanks..]
}

fn split_tagged(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = rest.strip_prefix(b" ").unwrap_or(rest).strip_prefix(b"(")?;
    let end = rest.iter().rposition(|byte| *byte == b')')?;
    let hex = trim_blanks(&rest[end + 1..]).strip_prefix(b"=")?;
    Some((&rest[..end], trim_blanks(hex)))
}

/// Upper-case digits are read as well: some tools write them.
fn digest(algorithm: Algorithm, hex: &[u8]) -> Result<Digest, LineProblem> {
    let text = String::from_utf8_lossy(hex).to_ascii_lowercase();
    Digest::from_hex(algorithm, &text).map_err(|_| match hex.iter().all(u8::is_ascii_hexdigit) {
        true => LineProblem::WrongLength {
            expected: Some(algorithm),
            found: hex.len(),
        },
        false => LineProblem::BrokenTag { algorithm },
    })
}

fn parse_name(name: &[u8], escaped: bool) -> Result<Name, LineProblem> {
    match escaped {
        true => Ok(Name::from_bytes(&Name::unescape(name).ok_or(LineProblem::BadEscape)?)?),
        false => Ok(Name::from_bytes(name)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Entry, LineProblem> {
        Dialect::default().parse(line.as_bytes())
    }

    fn hex(digits: usize) -> String {
        "a".repeat(digits)
    }

    #[test]
    fn the_algorithm_follows_from_the_length_and_is_never_blake3_unasked() {
        for (digits, algorithm) in [
            (64, Algorithm::Sha256),
            (96, Algorithm::Sha384),
            (128, Algorithm::Sha512),
        ] {
            let entry = parse(&format!("{}  name", hex(digits))).unwrap();
            assert_eq!(entry.digest.algorithm(), algorithm);
        }
        let mut asked = Dialect {
            expected: Some(Algorithm::Blake3),
            reversed: None,
        };
        let entry = asked.parse(format!("{}  name", hex(64)).as_bytes()).unwrap();
        assert_eq!(entry.digest.algorithm(), Algorithm::Blake3);
        let tagged = parse(&format!("BLAKE3 (name) = {}", hex(64))).unwrap();
        assert_eq!(tagged.digest.algorithm(), Algorithm::Blake3);
    }

    #[test]
    fn blanks_case_and_spacing_are_read_as_leniently_as_coreutils_reads_them() {
        for line in [
            format!(" \t{}  a b", hex(64)),
            format!("{}\t a b", hex(64).to_uppercase()),
            format!("SHA256 (a b) = {}", hex(64)),
            format!("SHA256(a b)= {}", hex(64)),
            format!("SHA256 (a b)\t=\t{}", hex(64)),
        ] {
            let entry = parse(&line).unwrap_or_else(|problem| panic!("{line}: {problem}"));
            assert_eq!((entry.name.as_bytes(), entry.digest.to_hex()), (&b"a b"[..], hex(64)));
        }
    }

    #[test]
    fn the_name_in_a_tagged_line_may_hold_parentheses() {
        let entry = parse(&format!("SHA256 (a) = (b)) = {}", hex(64))).unwrap();
        assert_eq!(entry.name.as_bytes(), b"a) = (b)");
    }

    #[test]
    fn each_way_to_be_malformed_has_its_own_problem() {
        let broken = LineProblem::BrokenTag {
            algorithm: Algorithm::Sha256,
        };
        let length = |expected, found| LineProblem::WrongLength { expected, found };
        for (line, problem) in [
            ("junk".to_owned(), LineProblem::NoDigest),
            (hex(64), LineProblem::NoDigest),
            (format!("{}-name", hex(64)), LineProblem::NoDigest),
            (format!("{}  name", hex(63)), length(None, 63)),
            (format!("{} ", hex(64)), InvalidName::Empty.into()),
            (format!("{}  a\0b", hex(64)), InvalidName::Nul.into()),
            (format!("\\{}  a\\tb", hex(64)), LineProblem::BadEscape),
            (format!("SHA256 (a = {}", hex(64)), broken.clone()),
            (format!("SHA256 a) = {}", hex(64)), broken.clone()),
            (format!("SHA256 (a) {}", hex(64)), broken.clone()),
            (format!("SHA256 (a) = {} ", hex(64)), broken),
            (format!("SHA256 (a) = {}", hex(62)), length(Some(Algorithm::Sha256), 62)),
            (format!("SHA256 () = {}", hex(64)), InvalidName::Empty.into()),
        ] {
            assert_eq!(parse(&line), Err(problem), "{line}");
        }
    }

    #[test]
    fn an_algorithm_that_was_asked_for_excludes_the_others() {
        let mut dialect = Dialect {
            expected: Some(Algorithm::Sha512),
            reversed: None,
        };
        assert_eq!(
            dialect.parse(format!("SHA256 (a) = {}", hex(64)).as_bytes()),
            Err(LineProblem::OtherAlgorithm {
                expected: Algorithm::Sha512,
                found: Algorithm::Sha256
            })
        );
        assert_eq!(
            dialect.parse(format!("{}  a", hex(64)).as_bytes()),
            Err(LineProblem::WrongLength {
                expected: Some(Algorithm::Sha512),
                found: 64
            })
        );
    }

    #[test]
    fn reversed_and_standard_lines_do_not_mix() {
        let mut standard = Dialect::default();
        standard.parse(format!("{}  a", hex(64)).as_bytes()).unwrap();
        let reversed_line = format!("{} name", hex(64));
        assert_eq!(standard.parse(reversed_line.as_bytes()), Err(LineProblem::MixedForms));
        let mut reversed = Dialect::default();
        assert_eq!(reversed.parse(reversed_line.as_bytes()).unwrap().form, Form::Reversed);
        let entry = reversed.parse(format!("{} *name", hex(64)).as_bytes()).unwrap();
        assert_eq!(entry.name.as_bytes(), b"*name");
    }
}
