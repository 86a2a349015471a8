use std::path::Path;

use attestation::parse_unambiguous;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::input_file::{InputFile, MAX_PAYLOAD_BYTES};
use crate::predicate_type::{CUSTOM, IMAGE_SIGNATURE, type_uri};

/// What is said about files, and of which kind it is.
#[derive(Debug)]
pub(super) struct Predicate {
    pub(super) type_uri: String,
    pub(super) body: Map<String, Value>,
}

impl Predicate {
    /// Nothing but that the subjects were signed.
    pub(super) fn signed() -> Self {
        Self {
            type_uri: IMAGE_SIGNATURE.to_owned(),
            body: Map::new(),
        }
    }

    /// Reads a predicate. `custom` takes any text; every other kind is a JSON object.
    pub(super) fn load(path: &Path, kind: &str, now: Timestamp) -> Result<Self, Failure> {
        let type_uri = type_uri(kind)?;
        let file = InputFile {
            path,
            unreadable: "predicate-unreadable",
            limit: MAX_PAYLOAD_BYTES,
        };
        let bytes = file.read()?;
        let body = match type_uri.as_str() {
            CUSTOM => custom(&bytes, now),
            _ => object(&bytes),
        };
        let body = body.map_err(|found| {
            let message = format!("expected a predicate of type {type_uri}: {found}");
            Failure::usage("predicate-invalid", message).at(path.display())
        })?;
        Ok(Self { type_uri, body })
    }
}

/// What two readers could read in two ways is not signed: no key stands twice.
fn object(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    match parse_unambiguous(bytes) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err("expected a JSON object, found another value".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn custom(bytes: &[u8], now: Timestamp) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let seconds = Timestamp::from_second(now.as_second()).map_err(|error| error.to_string())?;
    let mut body = Map::new();
    body.insert("Data".to_owned(), text.into());
    body.insert("Timestamp".to_owned(), seconds.to_string().into());
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth() {
        assert_eq!(object(br#"{"a":[{"b":1}]}"#).unwrap()["a"][0]["b"], 1);
        assert_eq!(
            object(br#"{"a":[{"b":1,"b":2}]}"#).unwrap_err(),
            "key `b` stands twice at line 1 column 16"
        );
        assert_eq!(
            object(b"[]").unwrap_err(),
            "expected a JSON object, found another value"
        );
    }

    #[test]
    fn a_custom_predicate_is_text_with_a_time() {
        let now = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let body = Value::Object(custom(b"hello", now).unwrap());
        assert_eq!(
            body.to_string(),
            r#"{"Data":"hello","Timestamp":"2026-01-02T03:04:05Z"}"#
        );
    }
}
