use std::io;
use std::path::Path;

use attest_digest::MeasureError;
use attest_digest::checksums::Name;
use serde::Serialize;

/// A file's name in a JSON document, whose strings cannot hold every name.
#[derive(Debug, Serialize)]
pub(super) struct JsonName {
    /// The name; what is not UTF-8 is replaced.
    name: String,
    /// The bytes of the name, when it is not UTF-8.
    #[serde(rename = "nameHex", skip_serializing_if = "Option::is_none")]
    name_hex: Option<String>,
}

impl JsonName {
    pub(super) fn of(name: &Name) -> Self {
        Self::of_bytes(name.as_bytes())
    }

    /// Of any path, one that no list could hold included.
    pub(super) fn of_path(path: &Path) -> Self {
        Self::of_bytes(path.as_os_str().as_encoded_bytes())
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        let hex = || bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            name: String::from_utf8_lossy(bytes).into_owned(),
            name_hex: std::str::from_utf8(bytes).is_err().then(hex),
        }
    }
}

/// What the system said, without the number that Rust adds.
pub(super) fn system_words(error: &io::Error) -> String {
    let text = error.to_string();
    match (text.rfind(" (os error "), error.raw_os_error()) {
        (Some(end), Some(_)) => text[..end].to_owned(),
        _ => text,
    }
}

/// Why a file could not be measured, in the words of coreutils where they have some.
pub(super) fn reason(error: &MeasureError) -> String {
    match error {
        MeasureError::Open { source, .. } | MeasureError::Read { source, .. } => system_words(source),
        MeasureError::NotRegular { found, .. } if *found == attest_digest::FileKind::Directory => {
            "Is a directory".to_owned()
        }
        MeasureError::NotRegular { found, .. } => format!("expected a regular file, found {found}"),
        MeasureError::ChangedWhileReading { .. } => "file changed while it was read".to_owned(),
        other => other.to_string(),
    }
}

/// A name as coreutils shows it in messages: quoted for a shell when it has to be, so that it stays on one line and
/// carries no escape sequence to a terminal. (gnulib's `shell-escape` style, with a colon among what is quoted.)
pub(super) fn quoted(name: &[u8]) -> String {
    let pieces = pieces(name);
    let plain = |piece: &Piece| matches!(piece, Piece::Text(c) if !is_special(*c));
    let starts_plain = !matches!(name.first(), None | Some(b'~' | b'#'));
    if starts_plain && pieces.iter().all(plain) && !matches!(name, b"{" | b"}") {
        return String::from_utf8_lossy(name).into_owned();
    }
    let double = |piece: &Piece| matches!(piece, Piece::Text(c) if !matches!(c, '"' | '$' | '`' | '\\' | '!'));
    match name.contains(&b'\'') && pieces.iter().all(double) {
        true => format!("\"{}\"", String::from_utf8_lossy(name)),
        false => single_quoted(&pieces),
    }
}

enum Piece {
    Text(char),
    /// A byte that cannot be shown as it is.
    Byte(u8),
}

fn pieces(name: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c.is_control() {
                false => pieces.push(Piece::Text(c)),
                true => pieces.extend(c.encode_utf8(&mut [0; 4]).bytes().map(Piece::Byte)),
            }
        }
        pieces.extend(chunk.invalid().iter().copied().map(Piece::Byte));
    }
    pieces
}

fn is_special(c: char) -> bool {
    " !\"$&'()*:;<=>?[\\^`|".contains(c)
}

fn single_quoted(pieces: &[Piece]) -> String {
    let mut quoted = "'".to_owned();
    let mut in_escape = false;
    for piece in pieces {
        match piece {
            Piece::Byte(byte) => {
                quoted.push_str(if in_escape { "" } else { "'$'" });
                quoted.push_str(&escape(*byte));
            }
            Piece::Text(c) => {
                quoted.push_str(if in_escape { "''" } else { "" });
                match c {
                    '\'' => quoted.push_str("'\\''"),
                    c => quoted.push(*c),
                }
            }
        }
        in_escape = matches!(piece, Piece::Byte(_));
    }
    quoted.push('\'');
    quoted
}

fn escape(byte: u8) -> String {
    match byte {
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        other => format!("\\{other:03o}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_is_shown_as_it_is() {
        for plain in ["a", "dist/app-1.0.tar.gz", "a~", "a#b", "a{b}", "é", "a,b%c@d+e"] {
            assert_eq!(quoted(plain.as_bytes()), plain);
        }
    }

    #[test]
    fn any_other_name_is_quoted_as_coreutils_quotes_it() {
        for (name, shown) in [
            (&b""[..], "''"),
            (b"b c", "'b c'"),
            (b"x:y", "'x:y'"),
            (b"~a", "'~a'"),
            (b"{", "'{'"),
            (b"it's", "\"it's\""),
            (b"it's $x", "'it'\\''s $x'"),
            (b"n\nl", "'n'$'\\n''l'"),
            (b"a\x7f", "'a'$'\\177'"),
            (b"\x01a", "''$'\\001''a'"),
            (b"\xff\xfe", "''$'\\377\\376'"),
        ] {
            assert_eq!(quoted(name), shown);
        }
    }

    #[test]
    fn a_json_name_keeps_the_bytes_that_a_string_cannot_hold() {
        let name = |bytes: &[u8]| JsonName::of(&Name::from_bytes(bytes).unwrap());
        assert_eq!(name(b"a").name_hex, None);
        assert_eq!(name(b"a\xff").name_hex.as_deref(), Some("61ff"));
    }
}
