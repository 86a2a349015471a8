//! Texts with `${…}` in, texts without them out.

use std::collections::BTreeMap;

/// The most that is put into one text: versions and names have one or two, and each may hold others.
const MAX_SUBSTITUTIONS: usize = 64;

/// The longest text that is filled in; no name and no version is as long.
const MAX_LENGTH: usize = 1024;

/// What the names in `${…}` stand for.
#[derive(Debug, Clone, Default)]
pub(in crate::java) struct Values(BTreeMap<String, String>);

impl Values {
    /// The nearest manifest says what counts: what is there stays.
    pub(in crate::java) fn inherit(&mut self, name: &str, value: &str) {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }

    /// The text with everything put in that is known. What is not known stays as it is written, and so does all of a text
    /// that never ends.
    pub(in crate::java) fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..MAX_SUBSTITUTIONS {
            let Some((from, to, value)) = self.first(&text) else {
                return text;
            };
            if text.len() + value.len() > MAX_LENGTH {
                return text;
            }
            text.replace_range(from..to, &value);
        }
        text
    }

    /// The first place that something is known for, and what that is.
    fn first(&self, text: &str) -> Option<(usize, usize, String)> {
        text.match_indices("${").find_map(|(from, _)| {
            let to = from + text[from..].find('}')? + 1;
            let value = self.0.get(&text[from + 2..to - 1])?;
            Some((from, to, value.clone()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> Values {
        let mut values = Values::default();
        for (name, value) in pairs {
            values.inherit(name, value);
        }
        values
    }

    #[test]
    fn what_is_known_is_put_in() {
        let values = values(&[("a", "1"), ("b", "${a}.2"), ("a", "9")]);
        assert_eq!(values.filled("v${b}-${c}-${a}"), "v1.2-${c}-1");
        assert_eq!(values.filled("${"), "${");
    }

    #[test]
    fn what_never_ends_stops() {
        let values = values(&[("a", "${a}"), ("b", "${c}${c}"), ("c", "${b}${b}"), ("d", "")]);
        assert_eq!(values.filled("${a}"), "${a}");
        assert!(values.filled("${b}").len() <= MAX_LENGTH);
        assert_eq!(
            values.filled(&"${d}".repeat(100)),
            "${d}".repeat(100 - MAX_SUBSTITUTIONS)
        );
    }
}
