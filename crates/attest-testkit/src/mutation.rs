use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::Error;

/// One way to make a good bundle wrong.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Mutation {
    /// Cuts the document in half.
    Truncate,
    /// Puts other bytes in its place.
    Garble,
    /// Replaces what a JSON pointer leads to; the field may be new.
    Replace {
        /// Where.
        pointer: &'static str,
        /// What stands there then.
        value: Value,
    },
    /// Repeats the last item of the list that a JSON pointer leads to.
    Repeat {
        /// Where.
        pointer: &'static str,
    },
    /// Flips the lowest bit of the byte at `place`, counted from the end, of the base64 at a JSON pointer.
    FlipBase64 {
        /// Where.
        pointer: &'static str,
        /// Which byte, from 1.
        from_end: usize,
    },
    /// Changes a text inside the base64 or the string at a JSON pointer.
    Reword {
        /// Where.
        pointer: &'static str,
        /// What is looked for.
        from: &'static str,
        /// What stands there then.
        to: &'static str,
    },
}

impl Mutation {
    /// Applies it to a compact document, and gives a compact document.
    ///
    /// # Errors
    /// When there is nothing to change: a mutation that does nothing would test nothing.
    pub fn apply(&self, json: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Truncate => return Ok(json[..json.len() / 2].to_vec()),
            Self::Garble => return Ok(json.iter().rev().copied().collect()),
            _ => {}
        }
        let mut document: Value = serde_json::from_slice(json)?;
        let before = document.clone();
        self.change(&mut document)?;
        match document == before {
            true => Err(self.nothing()),
            false => Ok(document.to_string().into_bytes()),
        }
    }

    fn change(&self, document: &mut Value) -> Result<(), Error> {
        let (parent, field) = self.pointer().rsplit_once('/').unwrap_or_default();
        if let (Self::Replace { value, .. }, Some(Value::Object(object))) = (self, document.pointer_mut(parent)) {
            object.insert(field.to_owned(), value.clone());
            return Ok(());
        }
        let slot = document.pointer_mut(self.pointer()).ok_or_else(|| self.nothing())?;
        match self {
            Self::Replace { value, .. } => *slot = value.clone(),
            Self::Repeat { .. } => {
                let list = slot.as_array_mut().ok_or_else(|| self.nothing())?;
                list.extend(list.last().cloned());
            }
            Self::FlipBase64 { from_end, .. } => {
                let mut bytes = self.decoded(slot)?;
                let place = bytes.len().checked_sub(*from_end).ok_or_else(|| self.nothing())?;
                bytes[place] ^= 1;
                *slot = json!(STANDARD.encode(bytes));
            }
            Self::Reword { from, to, .. } => {
                *slot = match self.decoded(slot) {
                    Ok(bytes) => json!(STANDARD.encode(String::from_utf8_lossy(&bytes).replace(from, to))),
                    Err(_) => json!(slot.as_str().ok_or_else(|| self.nothing())?.replace(from, to)),
                };
            }
            Self::Truncate | Self::Garble => {}
        }
        Ok(())
    }

    fn decoded(&self, slot: &Value) -> Result<Vec<u8>, Error> {
        let text = slot.as_str().ok_or_else(|| self.nothing())?;
        STANDARD.decode(text).map_err(|_| self.nothing())
    }

    fn pointer(&self) -> &'static str {
        match self {
            Self::Replace { pointer, .. }
            | Self::Repeat { pointer }
            | Self::FlipBase64 { pointer, .. }
            | Self::Reword { pointer, .. } => pointer,
            Self::Truncate | Self::Garble => "",
        }
    }

    fn nothing(&self) -> Error {
        Error::NothingToMutate {
            pointer: self.pointer().to_owned(),
        }
    }
}
