use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::DetachedError;

/// One armoured block, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) data: Vec<u8>,
}

/// What may stand around and in the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surroundings {
    /// Nothing but the blocks: text that is not signed must not look as if it were.
    Empty,
    /// Any text, as in the KEYS files of projects.
    Text,
}

const WHAT: &str = "an armoured block";

/// Decodes every block: OpenPGP's (RFC 9580, section 6.2) and SSH's, which has neither headers nor checksum.
///
/// The checksum of OpenPGP is passed over, as RFC 9580, section 6.1, demands.
pub(crate) fn blocks(text: &[u8], surroundings: Surroundings) -> Result<Vec<Block>, DetachedError> {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        let Some(label) = label(line, b"-----BEGIN ") else {
            if surroundings == Surroundings::Empty && !line.is_empty() {
                return Err(DetachedError::malformed(WHAT, "there is text around it"));
            }
            continue;
        };
        let data = body(&mut lines, &label)?;
        blocks.push(Block { label, data });
    }
    Ok(blocks)
}

fn label(line: &[u8], begin: &[u8]) -> Option<String> {
    let label = line.strip_prefix(begin)?.strip_suffix(b"-----")?;
    Some(String::from_utf8_lossy(label).into_owned())
}

fn body<'a>(lines: &mut impl Iterator<Item = &'a [u8]>, label_: &str) -> Result<Vec<u8>, DetachedError> {
    let mut base64 = Vec::new();
    let mut headers = label_.starts_with("PGP ");
    let mut checksum = false;
    for line in lines {
        if let Some(end) = label(line, b"-----END ") {
            return match end == label_ {
                true => decode(&base64),
                false => Err(DetachedError::malformed(WHAT, "it ends under another name")),
            };
        }
        if headers {
            // A header has a colon, which base64 has not; an empty line ends the headers.
            headers = line.contains(&b':');
            if headers || line.is_empty() {
                continue;
            }
            return Err(DetachedError::malformed(WHAT, "no empty line follows its headers"));
        }
        if checksum {
            return Err(DetachedError::malformed(WHAT, "it goes on after its checksum"));
        }
        checksum = label_.starts_with("PGP ") && line.len() == 5 && line.starts_with(b"=");
        if !checksum {
            base64.extend_from_slice(line);
        }
    }
    Err(DetachedError::malformed(WHAT, "it does not end"))
}

fn decode(base64: &[u8]) -> Result<Vec<u8>, DetachedError> {
    STANDARD
        .decode(base64)
        .map_err(|_| DetachedError::malformed(WHAT, "it is no base64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "A word before.\n\n-----BEGIN PGP SIGNATURE-----\nComment: x\n\naGVs\nbG8=\n=abcd\n-----END PGP SIGNATURE-----\n\
                       between\n-----BEGIN SSH SIGNATURE-----\r\nd29y\r\nbGQ=\r\n-----END SSH SIGNATURE-----\r\n";

    fn problem(text: &str) -> DetachedError {
        blocks(text.as_bytes(), Surroundings::Empty).unwrap_err()
    }

    #[test]
    fn blocks_are_found_among_text_where_text_may_be() {
        let found = blocks(TWO.as_bytes(), Surroundings::Text).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|block| (block.label.as_str(), block.data.as_slice()))
            .collect();
        assert_eq!(
            found,
            [
                ("PGP SIGNATURE", b"hello".as_slice()),
                ("SSH SIGNATURE", b"world".as_slice())
            ]
        );
    }

    #[test]
    fn what_is_wrong_with_a_block_is_said() {
        let cases = [
            (TWO, "there is text around it"),
            ("-----BEGIN SSH SIGNATURE-----\nd29y\n", "it does not end"),
            (
                "-----BEGIN SSH SIGNATURE-----\nd29y\n-----END PGP SIGNATURE-----\n",
                "it ends under another name",
            ),
            (
                "-----BEGIN SSH SIGNATURE-----\nd29?\n-----END SSH SIGNATURE-----\n",
                "it is no base64",
            ),
            (
                "-----BEGIN PGP SIGNATURE-----\nd29y\n-----END PGP SIGNATURE-----\n",
                "no empty line follows its headers",
            ),
            (
                "-----BEGIN PGP SIGNATURE-----\n\nd29y\n=abcd\nd29y\n-----END PGP SIGNATURE-----\n",
                "it goes on after its checksum",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(problem(text), DetachedError::malformed(WHAT, expected));
        }
    }
}
