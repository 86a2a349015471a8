//! Every way to spoil a good document that is worth trying: fields dropped, repeated, exchanged with those of another
//! document, numbers off by one, bits flipped in base64, in DER and in what is encoded within.

mod der;
mod encoded;
mod note;
mod number;
mod random;
mod structure;

use serde_json::Value;

pub use random::Random;

/// A document that differs from a good one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// What was done, for whoever has to find out why it was accepted.
    pub what: String,
    /// The document.
    pub bytes: Vec<u8>,
}

/// Good documents to take parts from.
#[derive(Debug, Clone, Copy)]
pub struct Donors<'a>(pub &'a [Value]);

/// How many bytes of a long field are flipped one by one; a short one is flipped byte for byte.
const SAMPLED_BYTES: usize = 96;

/// Every mutant of a document: all of the structural ones, and as many random ones as asked for. The same seed gives the same.
#[must_use]
pub fn mutants(document: &Value, donors: Donors<'_>, random: usize, seed: u64) -> Vec<Mutant> {
    let mut generator = Random::new(seed);
    let mut all: Vec<Mutant> = structure::changes(document, donors, &mut generator)
        .into_iter()
        .map(|change| change.apply(document))
        .collect();
    let original = document.to_string().into_bytes();
    all.extend((0..random).map(|_| generator.spoil(&original)));
    all.retain(|mutant| mutant.bytes != original);
    all
}

/// One field with another value, or more than one.
#[derive(Debug, Clone)]
struct Change {
    what: String,
    pointer: String,
    to: To,
}

#[derive(Debug, Clone)]
enum To {
    Nothing,
    Value(Value),
    /// The field stands a second time, with this value.
    Twice(Value),
    /// Another field beside it.
    Beside(Value),
}

/// What a field is called until the document is text, where two can have one name.
const SECOND: &str = "second-of-two";

impl Change {
    fn new(what: impl Into<String>, pointer: &str, to: To) -> Self {
        Self {
            what: what.into(),
            pointer: pointer.to_owned(),
            to,
        }
    }

    fn apply(self, document: &Value) -> Mutant {
        let what = format!("{} at {}", self.what, self.pointer);
        Mutant {
            what,
            bytes: self.text(document).into_bytes(),
        }
    }

    fn text(self, document: &Value) -> String {
        let mut document = document.clone();
        let (parent, name) = self.pointer.rsplit_once('/').unwrap_or_default();
        let name = name.replace("~1", "/").replace("~0", "~");
        match (document.pointer_mut(parent), self.to) {
            (Some(Value::Object(object)), To::Nothing) => {
                object.shift_remove(&name);
            }
            (Some(Value::Array(list)), To::Nothing) => {
                list.remove(name.parse().unwrap_or_default());
            }
            (Some(Value::Object(object)), To::Twice(value)) => {
                object.insert(SECOND.to_owned(), value);
                let text = document.to_string();
                return text.replacen(&quoted(SECOND), &quoted(&name), 1);
            }
            (Some(Value::Array(list)), To::Twice(value) | To::Beside(value)) => list.push(value),
            (Some(Value::Object(object)), To::Beside(value)) => {
                object.insert("unknownField".to_owned(), value);
            }
            (_, To::Value(value)) => {
                if let Some(slot) = document.pointer_mut(&self.pointer) {
                    *slot = value;
                }
            }
            _ => {}
        }
        document.to_string()
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({ "mediaType": "text", "list": [{ "index": "7" }, { "index": "8" }], "data": "MAMCAQE=", "count": 3 })
    }

    #[test]
    fn the_same_seed_gives_the_same_mutants() {
        let donors = [json!({ "mediaType": "other" })];
        let run = |seed| mutants(&document(), Donors(&donors), 20, seed);
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn fields_are_dropped_repeated_exchanged_and_counted_up() {
        let donors = [json!({ "mediaType": "other" })];
        let all = mutants(&document(), Donors(&donors), 0, 1);
        let texts: BTreeSet<String> = all
            .iter()
            .map(|mutant| String::from_utf8(mutant.bytes.clone()).unwrap())
            .collect();
        for expected in [
            r#"{"list":[{"index":"7"},{"index":"8"}],"data":"MAMCAQE=","count":3}"#,
            r#"{"mediaType":"text","list":[{"index":"7"},{"index":"8"}],"data":"MAMCAQE=","count":3,"mediaType":"text"}"#,
            r#"{"mediaType":"other","list":[{"index":"7"},{"index":"8"}],"data":"MAMCAQE=","count":3}"#,
            r#"{"mediaType":"text","list":[{"index":"7"},{"index":"8"}],"data":"MAMCAQE=","count":4}"#,
            r#"{"mediaType":"text","list":[{"index":"6"},{"index":"8"}],"data":"MAMCAQE=","count":3}"#,
            r#"{"mediaType":"text","list":[{"index":"8"},{"index":"7"}],"data":"MAMCAQE=","count":3}"#,
        ] {
            assert!(texts.contains(expected), "no {expected}");
        }
    }
}
