//! Byte strings and numbers as canonical proto3 JSON writes them; every value has exactly one spelling.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// Bytes, in standard base64 with padding.
pub(super) struct Base64(pub(super) Vec<u8>);

/// 32 bytes, in standard base64 with padding.
pub(super) struct Hash(pub(super) [u8; 32]);

/// A number from 0 to 2^63-1, as a decimal string or a JSON number.
pub(super) struct Number(pub(super) u64);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Base64Visitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = deserializer.deserialize_str(Base64Visitor)?;
        let found = bytes.len();
        let hash = bytes
            .try_into()
            .map_err(|_| de::Error::custom(format_args!("expected a hash of 32 bytes, found {found}")))?;
        Ok(Self(hash))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor).map(Self)
    }
}

struct Base64Visitor;

impl Visitor<'_> for Base64Visitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("standard base64 with padding")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        // The engine refuses missing padding and stray bits at the end, so that no two texts mean the same bytes.
        STANDARD
            .decode(text)
            .map_err(|error| E::custom(format_args!("expected standard base64 with padding: {error}")))
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 to 2^63-1")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        i64::try_from(number)
            .map(|_| number)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        match text.parse::<u64>() {
            Ok(number) if number.to_string() == text => self.visit_u64(number),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}
