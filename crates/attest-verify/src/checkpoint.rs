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
    text: &'a str,
    signatures: Vec<SignatureLine<'a>>,
}

struct SignatureLine<'a> {
    line: &'a str,
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
            text,
            signatures: signature_lines(signatures)?,
        })
    }

    /// The same note with the signatures of this key alone, under the name that belongs to the origin; none when there is
    /// none. Rekor v1 appends the number of its tree to the name.
    pub(crate) fn signed_by(&self, key_id: [u8; 4]) -> Option<String> {
        let of_origin = |name: &str| {
            self.origin
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.strip_prefix(" - ").is_some_and(is_number))
        };
        let own = |line: &&SignatureLine<'_>| line.key_id == key_id && of_origin(line.name);
        let lines: String = self
            .signatures
            .iter()
            .filter(own)
            .map(|signature| format!("{}\n", signature.line))
            .collect();
        (!lines.is_empty()).then(|| format!("{}{SEPARATOR}{lines}", self.text))
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
    Ok(SignatureLine { line, name, key_id })
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
    use proptest::prelude::*;

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
        assert_eq!(checkpoint.signed_by([1, 2, 3, 4]), Some(note.clone()));
        assert_eq!(checkpoint.signed_by([1, 2, 3, 5]), None);
    }

    #[test]
    fn the_name_of_a_signature_belongs_to_the_origin() {
        let sharded = note("log.example.com - 42", "log.example.com");
        let of_key = Checkpoint::parse(&sharded).unwrap().signed_by([1, 2, 3, 4]);
        assert_eq!(of_key.as_deref(), Some(sharded.as_str()));
        for (origin, name) in [
            ("log.example.com", "log.example.org"),
            ("log.example.com - x", "log.example.com"),
            ("log.example.com", "log"),
        ] {
            let note = note(origin, name);
            let of_key = Checkpoint::parse(&note).unwrap().signed_by([1, 2, 3, 4]);
            assert_eq!(of_key, None, "{origin} {name}");
        }
    }

    #[test]
    fn the_signatures_of_other_keys_are_left_out() {
        let own = note("log.example.com", "log.example.com");
        let other = "\u{2014} log.example.com CQgHBgU=\n";
        let both = format!("{own}{other}");
        assert_eq!(
            Checkpoint::parse(&both).unwrap().signed_by([1, 2, 3, 4]).as_deref(),
            Some(own.as_str())
        );
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

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), id in any::<[u8; 4]>()) {
            let _ = Checkpoint::parse(&text).map(|checkpoint| checkpoint.signed_by(id));
        }

        #[test]
        fn no_change_of_a_note_makes_it_panic(place in 0..80_usize, with in "\\PC{0,3}|\n") {
            let mut text = note("log.example.com - 42", "log.example.com");
            let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
            text.insert_str(places[place % places.len()], &with);
            let _ = Checkpoint::parse(&text).map(|checkpoint| checkpoint.signed_by([1, 2, 3, 4]));
        }

        #[test]
        fn what_is_kept_of_a_note_is_read_the_same(lines in proptest::collection::vec(0..3_u8, 1..6)) {
            let signatures = lines.iter().map(|key| {
                let signature = STANDARD.encode([*key, 2, 3, 4, 5]);
                format!("\u{2014} log.example.com {signature}\n")
            });
            let text = format!("log.example.com\n12\n{ROOT}\n\n{}", signatures.collect::<String>());
            let kept = Checkpoint::parse(&text).unwrap().signed_by([1, 2, 3, 4]);
            prop_assert_eq!(kept.is_some(), lines.contains(&1));
            if let Some(kept) = kept {
                let again = Checkpoint::parse(&kept).unwrap();
                prop_assert_eq!(again.tree_size, 12);
                prop_assert_eq!(again.signed_by([1, 2, 3, 4]), Some(kept.clone()));
                prop_assert_eq!(again.signed_by([0, 2, 3, 4]), None);
            }
        }
    }
}
