use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A value of JSON as npm takes one: where a text is expected and a number stands, nothing stands, and the rest is read.
///
/// How deeply values lie in each other is limited by the parser of JSON, which gives up at 128.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Loose<'a> {
    /// A number, `false`, `null`, or not there at all.
    #[default]
    Nothing,
    True,
    Text(Cow<'a, str>),
    List(Vec<Self>),
    Table(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Loose<'a> {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_true(&self) -> bool {
        *self == Self::True
    }

    pub(super) fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            _ => &[],
        }
    }

    pub(super) fn table(&self) -> &[(Cow<'a, str>, Self)] {
        match self {
            Self::Table(table) => table,
            _ => &[],
        }
    }

    /// The names of a table, with the texts that stand there.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.table().iter();
        entries.filter_map(|(name, value)| Some((name.as_ref(), value.text()?)))
    }

    /// A name that stands in a table twice.
    pub(super) fn repeated(&self) -> Option<&str> {
        let mut seen = HashSet::new();
        let mut names = self.table().iter().map(|(name, _)| name.as_ref());
        names.find(|name| !seen.insert(*name))
    }

    /// What stands in a table under a name; the last one, if there are several.
    pub(super) fn at(&self, name: &str) -> &Self {
        let found = self.table().iter().rev().find(|(key, _)| key == name);
        found.map_or(&Self::Nothing, |(_, value)| value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(if value { Loose::True } else { Loose::Nothing })
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Loose::Nothing)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Loose::Nothing)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Loose::Nothing)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Loose::Nothing)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Borrowed(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element()? {
            list.push(value);
        }
        Ok(Loose::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut table = Vec::new();
        while let Some((key, value)) = access.next_entry::<Loose<'de>, _>()? {
            if let Loose::Text(key) = key {
                table.push((key, value));
            }
        }
        Ok(Loose::Table(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_expected_is_nothing() {
        let value: Loose<'_> =
            serde_json::from_str(r#"{"a": "1", "b": 1, "c": [true, "x"], "a\n": null, "a": "2"}"#).unwrap();
        assert_eq!(value.at("a").text(), Some("2"));
        assert_eq!(value.at("b"), &Loose::Nothing);
        assert_eq!(value.at("c").list()[1].text(), Some("x"));
        assert!(value.at("c").list()[0].is_true());
        assert_eq!(value.texts().collect::<Vec<_>>(), [("a", "1"), ("a", "2")]);
        assert!(value.at("b").table().is_empty() && value.at("b").list().is_empty());
    }

    #[test]
    fn values_that_lie_too_deep_are_refused() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(serde_json::from_str::<Loose<'_>>(&nested(100)).is_ok());
        assert!(serde_json::from_str::<Loose<'_>>(&nested(200)).is_err());
    }
}
