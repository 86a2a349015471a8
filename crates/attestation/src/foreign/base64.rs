//! Base64 as other clients write it. The bundle that is made of it has the one spelling.

use ::base64::alphabet::{STANDARD, URL_SAFE};
use ::base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ::base64::{Engine, engine::general_purpose};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const LENIENT_STANDARD: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const LENIENT_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// Standard or URL-safe, padded or not, broken into lines or not.
pub(super) fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    let text: Vec<u8> = text
        .as_ref()
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    LENIENT_STANDARD
        .decode(&text)
        .or_else(|_| LENIENT_URL_SAFE.decode(&text))
        .ok()
}

/// Standard, with padding.
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_usual_spelling_is_read() {
        for text in ["+/8=", "-_8=", "+/8", "-_8", " +/\n8=\r\n"] {
            assert_eq!(decode(text), Some(vec![0xfb, 0xff]), "{text}");
        }
        assert_eq!(decode("no base64!"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(decode(encode(&bytes)), Some(bytes));
        }
    }
}
