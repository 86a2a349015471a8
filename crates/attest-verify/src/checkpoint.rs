//! The signed note of a log, read so that every byte of it has one meaning.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Rejection;

/// What separates a note from its signatures.
const SEPARATOR: &str = "\n\n";

/// What a signature line begins with: an em dash and a space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// A note that commits to a tree. Source: C2SP `tlog-checkpoint` and `signed-note`.
pub(crate) struct Checkpoint<'a> {
    pub(crate) origin: &'a str,
    pub(crate) tree_size: u64,
    pub(crate) root_hash: [u8; 32],
    signatures: Vec<SignatureLine<'a>>,
}

struct SignatureLine<'a> {
    name: &'a str,
    key_id: [u8; 4],
}

impl<'a> Checkpoint<'a> {
    /// Reads a note. White space, numbers and base64 have one spelling; the last line ends like the others.
    pub(crate) fn parse(note: &'a str) -> Result<Self, Rejection> {
        let (text, signatures) = note
            .split_once(SEPARATOR)
            .ok_or_else(|| invalid("no blank line before the signatures"))?;
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty());
        let tree_size = lines.next().and_then(decimal);
        let root_hash = lines.next().and_then(|line| STANDARD.decode(line).ok());
        Ok(Self {
            origin: origin.ok_or_else(|| invalid("no origin"))?,
            tree_size: tree_size.ok_or_else(|| invalid("no tree size"))?,
            root_hash: root_hash
                .and_then(|hash| hash.try_into().ok())
                .ok_or_else(|| invalid("no root hash"))?,
            signatures: signature_lines(signatures)?,
        })
    }

    /// Whether there is a line for this key, under the name that belongs to the origin. Rekor v1 appends the number of its
    /// tree to the name.
    pub(crate) fn names(&self, key_id: [u8; 4]) -> bool {
        let of_origin = |name: &str| {
            self.origin
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.strip_prefix(" - ").is_some_and(is_number))
        };
        self.signatures
            .iter()
            .any(|line| line.key_id == key_id && of_origin(line.name))
    }
}

fn signature_lines(text: &str) -> Result<Vec<SignatureLine<'_>>, Rejection> {
    let lines = text
        .strip_suffix('\n')
        .ok_or_else(|| invalid("the last signature line does not end"))?;
    lines.split('\n').map(signature_line).collect()
}

fn signature_line(line: &str) -> Result<SignatureLine<'_>, Rejection> {
    let malformed = || invalid("a signature line is not an em dash, a name and base64");
    let (name, signature) = line
        .strip_prefix(SIGNATURE_PREFIX)
        .and_then(|line| line.split_once(' '))
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(malformed)?;
    let signature = STANDARD.decode(signature).map_err(|_| malformed())?;
    let key_id = signature.first_chunk().copied().ok_or_else(malformed)?;
    Ok(SignatureLine { name, key_id })
}

fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn invalid(detail: &str) -> Rejection {
    Rejection::CheckpointInvalid {
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn note(origin: &str, name: &str) -> String {
        format!("{origin}\n12\n{ROOT}\n\n\u{2014} {name} AQIDBAU=\n")
    }

    fn refused(note: &str) -> bool {
        matches!(Checkpoint::parse(note), Err(Rejection::CheckpointInvalid { .. }))
    }

    #[test]
    fn a_note_is_read() {
        let note = note("log.example.com", "log.example.com");
        let checkpoint = Checkpoint::parse(&note).unwrap();
        assert_eq!(checkpoint.origin, "log.example.com");
        assert_eq!(checkpoint.tree_size, 12);
        assert!(checkpoint.names([1, 2, 3, 4]));
        assert!(!checkpoint.names([1, 2, 3, 5]));
    }

    #[test]
    fn the_name_of_a_signature_belongs_to_the_origin() {
        let sharded = note("log.example.com - 42", "log.example.com");
        assert!(Checkpoint::parse(&sharded).unwrap().names([1, 2, 3, 4]));
        for (origin, name) in [
            ("log.example.com", "log.example.org"),
            ("log.example.com - x", "log.example.com"),
            ("log.example.com", "log"),
        ] {
            let note = note(origin, name);
            assert!(
                !Checkpoint::parse(&note).unwrap().names([1, 2, 3, 4]),
                "{origin} {name}"
            );
        }
    }

    #[test]
    fn other_spellings_of_the_same_note_are_refused() {
        let good = note("log.example.com", "log.example.com");
        for (from, to) in [
            ("\n12\n", "\n012\n"),
            ("\n12\n", "\n 12\n"),
            ("AQIDBAU=\n", "AQIDBAU=\r"),
            ("AQIDBAU=\n", "AQIDBAU=\n\n"),
            ("AQIDBAU=\n", "AQIDBAV=\n"),
            ("AQIDBAU=\n", "AQIDBAU= x\n"),
            ("\u{2014} ", "\u{2014}  "),
            ("\u{2014} ", "\u{2013} "),
        ] {
            assert!(refused(&good.replace(from, to)), "{from:?} as {to:?}");
        }
    }
}
