//! The signed note of a log, read so that every byte of it has one meaning.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::KnownLog;
use crate::Rejection;
use crate::crypto::Memory;

/// What separates a note from its signatures.
const SEPARATOR: &str = "\n\n";

/// What a signature line begins with: an em dash and a space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// How many bytes before a signature say whose it is.
const KEY_ID_BYTES: usize = 4;

/// The most signature lines of a note. C2SP `signed-note` asks for 16 at least; each costs a signature check at most.
const MAX_SIGNATURES: usize = 64;

/// A note that commits to a tree. Source: C2SP `tlog-checkpoint` and `signed-note`.
#[derive(Debug)]
pub(super) struct Checkpoint<'a> {
    origin: &'a str,
    pub(super) tree_size: u64,
    pub(super) root_hash: [u8; 32],
    /// What is signed: all above the blank line.
    text: &'a str,
    signatures: Vec<SignatureLine<'a>>,
}

#[derive(Debug)]
struct SignatureLine<'a> {
    name: &'a str,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

impl<'a> Checkpoint<'a> {
    /// Reads a note. White space, numbers and base64 have one spelling; the last line ends like the others.
    pub(super) fn parse(note: &'a str) -> Result<Self, Rejection> {
        let place = note.find(SEPARATOR);
        let place = place.ok_or_else(|| invalid("no blank line before the signatures"))?;
        // The text ends with the line break before the blank line.
        let (text, signatures) = (&note[..=place], &note[place + SEPARATOR.len()..]);
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

    /// That the log has signed the note, under the name that belongs to the origin. Lines of other keys are passed over; every
    /// line of this key has to be good. Rekor v1 appends the number of its tree to the name.
    pub(super) fn check_signed_by(&self, log: &KnownLog, memory: &Memory<()>) -> Result<(), Rejection> {
        let mut own = self.lines_of(log.checkpoint_key_id).peekable();
        if own.peek().is_none() {
            return Err(invalid(&format!("no line of the log for `{}`", self.origin)));
        }
        for line in own {
            if !log.has_signed(self.text.as_bytes(), &line.signature, memory)? {
                return Err(invalid("a line of the log that it has not signed"));
            }
        }
        Ok(())
    }

    fn lines_of(&self, key_id: [u8; 4]) -> impl Iterator<Item = &SignatureLine<'a>> {
        let of_origin = |name: &str| {
            self.origin
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.strip_prefix(" - ").is_some_and(is_number))
        };
        let own = move |line: &&SignatureLine<'_>| line.key_id == key_id && of_origin(line.name);
        self.signatures.iter().filter(own)
    }
}

fn signature_lines(text: &str) -> Result<Vec<SignatureLine<'_>>, Rejection> {
    let lines = text
        .strip_suffix('\n')
        .ok_or_else(|| invalid("the last signature line does not end"))?;
    if lines.split('\n').count() > MAX_SIGNATURES {
        return Err(invalid("more than 64 signature lines"));
    }
    lines.split('\n').map(signature_line).collect()
}

fn signature_line(line: &str) -> Result<SignatureLine<'_>, Rejection> {
    let malformed = || invalid("a signature line is not an em dash, a name and base64");
    let (name, signature) = line
        .strip_prefix(SIGNATURE_PREFIX)
        .and_then(|line| line.split_once(' '))
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(malformed)?;
    let mut key_id = STANDARD.decode(signature).map_err(|_| malformed())?;
    if key_id.len() < KEY_ID_BYTES {
        return Err(malformed());
    }
    let signature = key_id.split_off(KEY_ID_BYTES);
    Ok(SignatureLine {
        name,
        key_id: key_id.try_into().map_err(|_| malformed())?,
        signature,
    })
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

    fn lines(note: &str, key_id: [u8; 4]) -> usize {
        Checkpoint::parse(note).unwrap().lines_of(key_id).count()
    }

    #[test]
    fn a_note_is_read() {
        let note = note("log.example.com", "log.example.com");
        let checkpoint = Checkpoint::parse(&note).unwrap();
        assert_eq!((checkpoint.origin, checkpoint.tree_size), ("log.example.com", 12));
        assert_eq!(checkpoint.text, format!("log.example.com\n12\n{ROOT}\n"));
        assert_eq!(checkpoint.signatures[0].signature, [5]);
        assert_eq!((lines(&note, [1, 2, 3, 4]), lines(&note, [1, 2, 3, 5])), (1, 0));
    }

    #[test]
    fn the_name_of_a_signature_belongs_to_the_origin() {
        assert_eq!(lines(&note("log.example.com - 42", "log.example.com"), [1, 2, 3, 4]), 1);
        for (origin, name) in [
            ("log.example.com", "log.example.org"),
            ("log.example.com - x", "log.example.com"),
            ("log.example.com", "log"),
        ] {
            assert_eq!(lines(&note(origin, name), [1, 2, 3, 4]), 0, "{origin} {name}");
        }
    }

    #[test]
    fn a_note_has_a_bounded_number_of_signatures() {
        let own = note("log.example.com", "log.example.com");
        let line = "\u{2014} log.example.com CQgHBgU=\n";
        assert_eq!(lines(&format!("{own}{}", line.repeat(63)), [9, 8, 7, 6]), 63);
        assert!(refused(&format!("{own}{}", line.repeat(64))));
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
            let _ = Checkpoint::parse(&text).map(|checkpoint| checkpoint.lines_of(id).count());
        }

        #[test]
        fn no_change_of_a_note_makes_it_panic(place in 0..80_usize, with in "\\PC{0,3}|\n") {
            let mut text = note("log.example.com - 42", "log.example.com");
            let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
            text.insert_str(places[place % places.len()], &with);
            let _ = Checkpoint::parse(&text).map(|checkpoint| checkpoint.lines_of([1, 2, 3, 4]).count());
        }

        #[test]
        fn the_lines_of_a_key_are_found_among_others(keys in proptest::collection::vec(0..3_u8, 1..6)) {
            let signatures = keys.iter().map(|key| {
                let signature = STANDARD.encode([*key, 2, 3, 4, 5]);
                format!("\u{2014} log.example.com {signature}\n")
            });
            let text = format!("log.example.com\n12\n{ROOT}\n\n{}", signatures.collect::<String>());
            let expected = keys.iter().filter(|key| **key == 1).count();
            prop_assert_eq!(lines(&text, [1, 2, 3, 4]), expected);
        }
    }
}
