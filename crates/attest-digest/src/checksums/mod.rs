//! Checksum files: lines of digests and names, as `sha256sum` and its family write and read them.
//!
//! In: an [`Entry`], out: a line; and back. The forms are those of GNU coreutils 9 (`coreutils/src/digest.c`):
//!
//! ```text
//! <hex>  <name>            text mode        \<hex>  <escaped name>
//! <hex> *<name>            binary mode      \<hex> *<escaped name>
//! SHA256 (<name>) = <hex>  --tag            \SHA256 (<escaped name>) = <hex>
//! <hex> <name>             BSD reversed; not together with the first two in one file
//! ```
//!
//! A backslash before the line says that the name is escaped: `\\` is a backslash, `\n` a newline, `\r` a carriage return.
//! `b3sum` writes the same forms, with the tag `BLAKE3`. Names are bytes: most are UTF-8, none has to be.
//!
//! ```
//! use attest_digest::checksums::{ChecksumReader, Entry, Form};
//! use attest_digest::{Algorithm, Algorithms, Measured};
//!
//! let measured = Measured::of_bytes(b"hello\n", &Algorithms::one(Algorithm::Sha256));
//! let entry = Entry {
//!     digest: measured.digest(Algorithm::Sha256).unwrap().clone(),
//!     name: "hello.txt".parse()?,
//!     form: Form::Text,
//! };
//! let line = entry.to_line();
//! assert_eq!(line, b"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03  hello.txt\n");
//! let read = ChecksumReader::new(line.as_slice(), None).next().unwrap()?;
//! assert_eq!(read, entry);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod line;
mod name;
mod reader;

pub use line::LineProblem;
pub use name::{InvalidName, Name};
pub use reader::{ChecksumError, ChecksumReader, MAX_LINE_LEN};

use crate::{Algorithm, Digest};

/// One line: somebody's claim that the file of this name has this digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The claim.
    pub digest: Digest,
    /// The file, as it is named in the line.
    pub name: Name,
    /// How the line is written.
    pub form: Form,
}

/// The ways to write a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `<hex>  <name>`, the default of `sha256sum` and `b3sum`.
    Text,
    /// `<hex> *<name>`, of `sha256sum --binary`. It means the same.
    Binary,
    /// `SHA256 (<name>) = <hex>`, of `--tag`: the only form that names its algorithm.
    Tagged,
    /// `<hex> <name>`, of the BSD tools with `-r`.
    Reversed,
}

impl Entry {
    /// The line with its newline; a name that would break the line is escaped.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = match self.name.needs_escape() {
            true => self.write(&self.name.escaped(), b"\\"),
            false => self.write(self.name.as_bytes(), b""),
        };
        line.push(b'\n');
        line
    }

    /// The line ended by a NUL byte, with the name as it is: for programs, not for `--check`.
    #[must_use]
    pub fn to_nul_terminated(&self) -> Vec<u8> {
        let mut line = self.write(self.name.as_bytes(), b"");
        line.push(0);
        line
    }

    fn write(&self, name: &[u8], prefix: &[u8]) -> Vec<u8> {
        let hex = self.digest.to_hex();
        let (hex, tag) = (hex.as_bytes(), tag(self.digest.algorithm()).as_bytes());
        match self.form {
            Form::Text => [prefix, hex, b"  ", name].concat(),
            Form::Binary => [prefix, hex, b" *", name].concat(),
            Form::Reversed => [prefix, hex, b" ", name].concat(),
            Form::Tagged => [prefix, tag, b" (", name, b") = ", hex].concat(),
        }
    }
}

/// The word for an algorithm in tagged lines and in messages about checksum files.
#[must_use]
pub const fn tag(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Sha256 => "SHA256",
        Algorithm::Sha384 => "SHA384",
        Algorithm::Sha512 => "SHA512",
        Algorithm::Blake3 => "BLAKE3",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names() -> impl Strategy<Value = Name> {
        let tricky = prop::sample::select(vec![
            b'\\', b'\n', b'\r', b'\t', b' ', b'*', b'(', b')', b'=', b'#', b'n', 0xff,
        ]);
        let byte = prop_oneof![tricky, 1_u8..];
        prop::collection::vec(byte, 1..40).prop_map(|bytes| Name::from_bytes(&bytes).unwrap())
    }

    fn digests() -> impl Strategy<Value = Digest> {
        prop::sample::select(Algorithm::ALL.to_vec()).prop_flat_map(|algorithm| {
            prop::collection::vec(any::<u8>(), algorithm.digest_len())
                .prop_map(move |value| Digest::from_bytes(algorithm, &value).unwrap())
        })
    }

    /// BSD tools cannot write every name in their reversed form: it would read as another form.
    fn entries() -> impl Strategy<Value = Entry> {
        let forms = prop::sample::select(vec![Form::Text, Form::Binary, Form::Tagged, Form::Reversed]);
        (digests(), names(), forms)
            .prop_map(|(digest, name, form)| Entry { digest, name, form })
            .prop_filter("ambiguous", |entry| {
                entry.form != Form::Reversed || !matches!(entry.name.as_bytes()[0], b' ' | b'*')
            })
    }

    proptest! {
        #[test]
        fn a_written_line_is_read_as_what_it_was(entry in entries()) {
            let line = entry.to_line();
            let expected = Some(entry.digest.algorithm());
            let mut reader = ChecksumReader::new(line.as_slice(), expected);
            let read = reader.next().unwrap().unwrap();
            prop_assert_eq!(&read.to_line(), &line);
            prop_assert_eq!(read, entry);
            prop_assert!(reader.next().is_none());
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            for expected in [None, Some(Algorithm::Sha256)] {
                let lines = ChecksumReader::new(bytes.as_slice(), expected).count();
                prop_assert!(lines <= bytes.len());
            }
        }

        #[test]
        fn almost_right_lines_do_not_panic_either(entry in entries(), at in any::<prop::sample::Index>(), byte: u8) {
            let mut line = entry.to_line();
            let at = at.index(line.len());
            line[at] = byte;
            for read in ChecksumReader::new(line.as_slice(), None).flatten() {
                prop_assert!(!read.name.as_bytes().is_empty());
            }
        }
    }

    #[test]
    fn a_nul_terminated_line_carries_the_name_as_it_is() {
        let entry = Entry {
            digest: Digest::from_bytes(Algorithm::Sha256, &[0xab; 32]).unwrap(),
            name: Name::from_bytes(b"a\nb").unwrap(),
            form: Form::Tagged,
        };
        let expected = format!("SHA256 (a\nb) = {}\0", "ab".repeat(32));
        assert_eq!(entry.to_nul_terminated(), expected.as_bytes());
    }
}
