//! Extended headers of tar: `<length> <key>=<value>\n`, again and again (POSIX.1-2017, pax, "pax Extended Header").

use std::collections::HashSet;

use super::ReadError;
use super::names::text;

/// The records of one extended header, each key once.
#[derive(Debug, Default)]
pub(crate) struct Records(pub(crate) Vec<(String, String)>);

/// What an extended header may say of the member that follows.
const KNOWN: [&str; 9] = [
    "path",
    "linkpath",
    "size",
    "mtime",
    "uid",
    "gid",
    "uname",
    "gname",
    "hdrcharset",
];

/// What other programs than GNU tar say of a sparse file: the bytes that follow are then not those of the file. Readers
/// that do not know them take the member as it stands.
const SPARSE: [&str; 3] = ["SCHILY.filetype", "SCHILY.realsize", "SUN.holesdata"];

impl Records {
    /// Parses the whole of an extended header that stands at `offset`.
    pub(crate) fn parse(mut bytes: &[u8], offset: u64) -> Result<Self, ReadError> {
        let broken = |problem| ReadError::TarExtension { offset, problem };
        let (mut records, mut keys) = (Vec::new(), HashSet::new());
        while !bytes.is_empty() {
            let (key, value, rest) = first_record(bytes).ok_or_else(|| broken("a record is broken"))?;
            let (key, value) = (text(key)?, text(value)?);
            if !keys.insert(key.clone()) {
                return Err(broken("a key is there twice"));
            }
            if key.starts_with("GNU.sparse.") || SPARSE.contains(&&*key) {
                return Err(broken("it describes a sparse file"));
            }
            if KNOWN.contains(&&*key) && (value.is_empty() || value.contains('\0')) {
                return Err(broken("a value is empty or has a NUL"));
            }
            if key == "hdrcharset" && value != "ISO-IR 10646 2000 UTF-8" {
                return Err(broken("its names are not UTF-8"));
            }
            records.push((key, value));
            bytes = rest;
        }
        Ok(Self(records))
    }

    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(other, _)| other == key)?;
        Some(value)
    }

    /// A value of decimal digits.
    pub(crate) fn number(&self, key: &str, offset: u64) -> Result<Option<u64>, ReadError> {
        let problem = "a number is none";
        self.value(key)
            .map(|value| digits(value).ok_or(ReadError::TarExtension { offset, problem }))
            .transpose()
    }

    /// Seconds since 1970; what comes after a full stop is left out, downwards.
    pub(crate) fn seconds(&self, key: &str, offset: u64) -> Result<Option<i64>, ReadError> {
        let problem = "a time is none";
        self.value(key)
            .map(|value| seconds(value).ok_or(ReadError::TarExtension { offset, problem }))
            .transpose()
    }

    /// A header for all members may say nothing that readers would apply to each of them, or not.
    pub(crate) fn refuse_known(&self, offset: u64) -> Result<(), ReadError> {
        let problem = "it stands for all members, and says what only one can have";
        match KNOWN.iter().any(|key| self.value(key).is_some()) {
            true => Err(ReadError::TarExtension { offset, problem }),
            false => Ok(()),
        }
    }
}

/// Key, value and what follows.
pub(super) fn first_record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let length = digits(std::str::from_utf8(&bytes[..space]).ok()?)?;
    let length = usize::try_from(length).ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    (equals > 0).then(|| (&record[..equals], &record[equals + 1..], &bytes[length..]))
}

fn digits(text: &str) -> Option<u64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

fn seconds(text: &str) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole = i64::try_from(digits(whole)?).ok()?;
    let is_between = fraction.bytes().any(|digit| digit != b'0');
    Some(sign * whole - i64::from(sign < 0 && is_between))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problem(bytes: &[u8]) -> &'static str {
        match Records::parse(bytes, 0).unwrap_err() {
            ReadError::TarExtension { offset: 0, problem } => problem,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn records_are_read_by_their_length_and_not_by_lines() {
        let records = Records::parse(b"12 path=a\nb\n11 mtime=7\n", 0).unwrap();
        assert_eq!(records.value("path"), Some("a\nb"));
        assert_eq!(records.seconds("mtime", 0).unwrap(), Some(7));
        assert_eq!(records.value("size"), None);
    }

    #[test]
    fn a_header_full_of_records_costs_no_more_than_each_of_them() {
        // Comparing each key with all others would take minutes.
        let records: String = (100_000..170_000).map(|key| format!("12 {key}=v\n")).collect();
        assert_eq!(Records::parse(records.as_bytes(), 0).unwrap().0.len(), 70_000);
        assert_eq!(
            problem(format!("{records}12 100000=v\n").as_bytes()),
            "a key is there twice"
        );
    }

    #[test]
    fn each_way_to_be_broken_is_refused() {
        for broken in [
            "1",
            "10 path=a",
            "8 path=a\n",
            "11 path=a\n",
            " 10 path=a",
            "+9 path=a\n",
            "5 =a\n",
            "0 path=a\n",
        ] {
            assert_eq!(problem(broken.as_bytes()), "a record is broken", "{broken}");
        }
        assert_eq!(problem(b"10 path=a\n10 path=b\n"), "a key is there twice");
        assert_eq!(problem(b"22 GNU.sparse.major=1\n"), "it describes a sparse file");
        assert_eq!(problem(b"8 path=\n"), "a value is empty or has a NUL");
        assert_eq!(problem(b"21 hdrcharset=BINARY\n"), "its names are not UTF-8");
        let error = Records::parse(b"10 path=\xff\n", 0).unwrap_err();
        assert!(matches!(error, ReadError::NotUtf8 { .. }));
    }

    #[test]
    fn times_are_cut_downwards() {
        for (text, expected) in [("7", 7), ("7.9", 7), ("-7", -7), ("-7.5", -8), ("-7.0", -7), ("7.", 7)] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["", ".5", "1e3", "7.x", "--7", "+7"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Records::parse(&bytes, 0);
        }

        #[test]
        fn what_is_written_is_read_back(value in "[a-z\n= ]{1,120}") {
            let rest = "path".len() + value.len() + 3;
            let length = (rest + 1..rest + 5).find(|length| rest + length.to_string().len() == *length).unwrap();
            let record = format!("{length} path={value}\n");
            let records = Records::parse(record.as_bytes(), 0).unwrap();
            prop_assert_eq!(records.value("path"), Some(&*value));
        }
    }
}
