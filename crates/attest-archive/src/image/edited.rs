use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::Error;

/// An object of JSON that somebody wrote and that is changed in one place: everything else stays as it was written, byte for byte,
/// fields that nobody here knows among it.
#[derive(Debug, Clone)]
pub struct Edited {
    fields: Vec<(String, Box<RawValue>)>,
}

impl Edited {
    /// Reads an object.
    ///
    /// # Errors
    /// [`Error::Json`], also when a key stands in it twice.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(json).map_err(|error| malformed(&error))
    }

    /// A value as it was written.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&RawValue> {
        let found = self.fields.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| &**value)
    }

    /// The items of a list, as they were written; none where the list is missing, or `null` as Go writes it.
    ///
    /// # Errors
    /// [`Error::Json`] when it is no list.
    pub fn list(&self, key: &str) -> Result<Vec<Box<RawValue>>, Error> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let items: Option<Vec<Box<RawValue>>> = serde_json::from_str(value.get()).map_err(|error| malformed(&error))?;
        Ok(items.unwrap_or_default())
    }

    /// Sets a value: in its place if it has one, else at the end.
    ///
    /// # Errors
    /// [`Error::Json`] when it cannot be written.
    pub fn set(&mut self, key: &str, value: &impl Serialize) -> Result<(), Error> {
        let value = serde_json::value::to_raw_value(value).map_err(|error| malformed(&error))?;
        match self.fields.iter_mut().find(|(name, _)| name == key) {
            Some((_, place)) => *place = value,
            None => self.fields.push((key.to_owned(), value)),
        }
        Ok(())
    }

    /// The object as it is now.
    #[must_use]
    pub fn to_json(&self) -> String {
        let field =
            |(key, value): &(String, Box<RawValue>)| format!("{}:{}", serde_json::Value::from(&**key), value.get());
        let fields: Vec<String> = self.fields.iter().map(field).collect();
        format!("{{{}}}", fields.join(","))
    }
}

fn malformed(error: &serde_json::Error) -> Error {
    Error::Json {
        expected: "an object of JSON",
        reason: error.to_string(),
    }
}

impl<'de> Deserialize<'de> for Edited {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Edited;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Edited, A::Error> {
        let mut fields: Vec<(String, Box<RawValue>)> = Vec::new();
        let mut names = BTreeSet::new();
        while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if !names.insert(key.clone()) {
                return Err(de::Error::custom(format_args!("key `{key}` stands in it twice")));
            }
            fields.push((key, value));
        }
        Ok(Edited { fields })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_changed_stays_as_it_was_written() {
        let json = r#"{"b": 1.50,"x-new":{ "y" : [1e2,"\u003c"] },"a":[ {"k":0} , 2],"last":null}"#;
        let mut edited = Edited::parse(json.as_bytes()).unwrap();
        let mut items = edited.list("a").unwrap();
        assert_eq!(items[0].get(), r#"{"k":0}"#);
        items.push(RawValue::from_string("3".to_owned()).unwrap());
        edited.set("a", &items).unwrap();
        edited.set("new", &"n").unwrap();
        let expected = r#"{"b":1.50,"x-new":{ "y" : [1e2,"\u003c"] },"a":[{"k":0},2,3],"last":null,"new":"n"}"#;
        assert_eq!(edited.to_json(), expected);
        assert!(edited.list("last").unwrap().is_empty() && edited.list("none").unwrap().is_empty());
    }

    #[test]
    fn a_key_that_stands_twice_and_what_is_no_object_are_rejected() {
        for json in [r#"{"a":1,"a":1}"#, "[]", "{", r#"{"a":1}{}"#] {
            assert!(
                matches!(Edited::parse(json.as_bytes()), Err(Error::Json { .. })),
                "{json}"
            );
        }
        let edited = Edited::parse(br#"{"a":{}}"#).unwrap();
        assert!(matches!(edited.list("a"), Err(Error::Json { .. })));
    }

    #[test]
    fn many_keys_are_looked_through_once() {
        let begin = std::time::Instant::now();
        let fields: Vec<String> = (0..100_000).map(|number| format!(r#""{number}":1"#)).collect();
        let json = |last: &str| format!("{{{},{last}}}", fields.join(","));
        Edited::parse(json(r#""new":1"#).as_bytes()).unwrap();
        assert!(matches!(
            Edited::parse(json(r#""0":1"#).as_bytes()),
            Err(Error::Json { .. })
        ));
        assert!(
            begin.elapsed() < std::time::Duration::from_secs(10),
            "{:?}",
            begin.elapsed()
        );
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_back(keys in proptest::collection::btree_set("\\PC{0,6}", 0..6)) {
            let fields: serde_json::Map<_, _> = keys.into_iter().map(|key| (key.clone(), key.into())).collect();
            let json = serde_json::Value::from(fields).to_string();
            prop_assert_eq!(Edited::parse(json.as_bytes()).unwrap().to_json(), json);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Edited::parse(&bytes);
        }
    }
}
