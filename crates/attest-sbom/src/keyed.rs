//! Tables of JSON in which every key stands once: of two entries with one key nobody knows which one counts.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// A table, read only if no key stands in it twice.
#[derive(Debug)]
pub(crate) struct Keyed<V>(pub(crate) BTreeMap<String, V>);

impl<V> Default for Keyed<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Keyed<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeyedVisitor(PhantomData))
    }
}

struct KeyedVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for KeyedVisitor<V> {
    type Value = Keyed<V>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut table = BTreeMap::new();
        while let Some((key, value)) = access.next_entry::<String, V>()? {
            if table.contains_key(&key) {
                return Err(repeated(&key));
            }
            table.insert(key, value);
        }
        Ok(Keyed(table))
    }
}

/// That a key stands in a table twice.
pub(crate) fn repeated<E: Error>(key: &str) -> E {
    E::custom(format_args!("expected every key once, found `{key}` twice"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_there_twice_is_refused() {
        let read = |text: &str| serde_json::from_str::<Keyed<u8>>(text).map(|table| table.0);
        assert_eq!(
            read(r#"{"a": 1, "b": 2}"#).unwrap(),
            [("a".to_owned(), 1), ("b".to_owned(), 2)].into()
        );
        let error = read(r#"{"a": 1, "b": 2, "a": 1}"#).unwrap_err().to_string();
        assert!(error.starts_with("expected every key once, found `a` twice"), "{error}");
    }
}
