//! Text around DER. Source: RFC 7468.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The label and the content of the one block in a text; none when there is not exactly one, or anything else.
pub(crate) fn only_block(text: &str) -> Option<(&str, Vec<u8>)> {
    let text = text.trim().strip_prefix(BEGIN)?;
    let (label, text) = text.split_once(DASHES)?;
    let (body, end) = text.split_once(END)?;
    let is_closed = end.strip_prefix(label)? == DASHES;
    let body: String = body.split(['\r', '\n']).map(str::trim_end).collect();
    let content = STANDARD.decode(body).ok()?;
    (is_closed && !label.is_empty()).then_some((label, content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_block_is_read() {
        for text in [
            "-----BEGIN PUBLIC KEY-----\nAQID\nBA==\n-----END PUBLIC KEY-----\n",
            "-----BEGIN PUBLIC KEY-----\r\nAQIDBA==\r\n-----END PUBLIC KEY-----",
        ] {
            assert_eq!(only_block(text), Some(("PUBLIC KEY", vec![1, 2, 3, 4])));
        }
    }

    #[test]
    fn anything_else_is_not() {
        let block = "-----BEGIN A-----\nAQID\n-----END A-----\n";
        for text in [
            "",
            "AQID",
            &format!("{block}{block}"),
            &format!("{block}more"),
            "-----BEGIN A-----\nAQID\n-----END B-----\n",
            "-----BEGIN A-----\nAQI\n-----END A-----\n",
            "-----BEGIN A-----\nName: value\n\nAQID\n-----END A-----\n",
        ] {
            assert_eq!(only_block(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-A-Z \nQ=]{0,80}") {
            let _ = only_block(&text);
        }
    }
}
