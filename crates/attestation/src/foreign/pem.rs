use super::base64;
use super::{EvidenceError, Format};

/// How many blocks of a file are read: a chain has three or four certificates, a bundle of roots some hundreds.
const MAX_BLOCKS: usize = 1024;

/// One block of a PEM file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PemBlock {
    /// What stands in its first line, such as `CERTIFICATE`.
    pub label: String,
    /// What it holds.
    pub der: Vec<u8>,
}

/// Reads every block of a PEM text. Text around the blocks means nothing.
///
/// Source: RFC 7468, section 2.
///
/// # Errors
/// [`EvidenceError`] when there is no block, too many, or one that has no end or holds no base64.
pub fn read_pem(text: &[u8]) -> Result<Vec<PemBlock>, EvidenceError> {
    let text = std::str::from_utf8(text).map_err(|_| malformed("expected text"))?;
    let mut lines = text.lines().map(str::trim_end);
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        let Some(label) = boundary(line, "BEGIN") else { continue };
        if blocks.len() == MAX_BLOCKS {
            return Err(EvidenceError::TooMany { limit: MAX_BLOCKS });
        }
        blocks.push(block(label, &mut lines)?);
    }
    match blocks.is_empty() {
        true => Err(malformed("expected a line that begins with `-----BEGIN`")),
        false => Ok(blocks),
    }
}

/// Writes one block.
///
/// Source: RFC 7468, section 2: lines of 64 characters.
pub(super) fn write_pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let base64 = base64::encode(der);
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, left) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = left;
    }
    text + &format!("-----END {label}-----\n")
}

fn block<'a>(label: &str, lines: &mut impl Iterator<Item = &'a str>) -> Result<PemBlock, EvidenceError> {
    let mut base64 = String::new();
    for line in lines {
        if boundary(line, "END") == Some(label) {
            let der = base64::decode(&base64).ok_or_else(|| malformed("expected base64 between the boundaries"))?;
            let label = label.to_owned();
            return Ok(PemBlock { label, der });
        }
        base64.push_str(line);
    }
    Err(malformed("expected a line that begins with `-----END`"))
}

fn boundary<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.strip_prefix("-----")?
        .strip_prefix(word)?
        .strip_prefix(' ')?
        .strip_suffix("-----")
}

fn malformed(detail: &str) -> EvidenceError {
    EvidenceError::malformed(Format::Certificate, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_block_is_read_and_text_between_them_is_not() {
        let text = "issued for a test\n-----BEGIN A-----\nAQI=\n-----END A-----\n\n-----BEGIN B-----\r\nAw==\r\n-----END B-----";
        let blocks = read_pem(text.as_bytes()).unwrap();
        let found: Vec<(&str, &[u8])> = blocks.iter().map(|block| (&*block.label, &*block.der)).collect();
        assert_eq!(found, [("A", &[1, 2][..]), ("B", &[3])]);
    }

    #[test]
    fn a_block_has_the_end_of_its_own_label() {
        for text in [
            "",
            "-----BEGIN A-----\nAQI=\n",
            "-----BEGIN A-----\nAQI=\n-----END B-----",
        ] {
            let error = read_pem(text.as_bytes()).unwrap_err();
            assert_eq!(error.code(), "evidence-malformed", "{text}");
        }
    }

    #[test]
    fn a_block_holds_base64() {
        let error = read_pem(b"-----BEGIN A-----\n!\n-----END A-----").unwrap_err();
        assert_eq!(error, malformed("expected base64 between the boundaries"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(der in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = write_pem("A", &der);
            prop_assert!(text.lines().all(|line| line.len() <= 64));
            prop_assert_eq!(read_pem(text.as_bytes()).unwrap(), [PemBlock { label: "A".to_owned(), der }]);
        }

        #[test]
        fn no_text_makes_it_panic(text in "(-----(BEGIN|END) [AB]-----|[A-Za-z0-9+/=]{0,8}|\n){0,12}") {
            let _ = read_pem(text.as_bytes());
        }
    }
}
