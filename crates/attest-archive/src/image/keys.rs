//! Keys of JSON objects as Go finds them: case does not count.

use std::collections::BTreeMap;

use super::Error;

/// Refuses a key that Go's `encoding/json`, with which most programs for images read, takes for another one: for a field
/// that is known, or for another key of the same object.
pub(super) fn refuse_twins<'a>(found: impl IntoIterator<Item = &'a String>, known: &[&'a str]) -> Result<(), Error> {
    let mut names: BTreeMap<String, &str> = known.iter().map(|key| (folded(key), *key)).collect();
    for key in found {
        let expected = *names.entry(folded(key)).or_insert(key);
        if expected != key {
            return Err(Error::KeyTwin {
                expected: expected.to_owned(),
                found: key.clone(),
            });
        }
    }
    Ok(())
}

/// Whether Go takes both for one key.
pub(super) fn is_same(first: &str, second: &str) -> bool {
    folded(first) == folded(second)
}

/// Letters without case. Two letters beyond ASCII fold to one of it: the long s and the sign of Kelvin.
fn folded(key: &str) -> String {
    let fold = |letter: char| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    key.chars().map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(found: &[&str]) -> Option<(String, String)> {
        let found: Vec<String> = found.iter().map(|key| (*key).to_owned()).collect();
        match refuse_twins(&found, &["layers", "linkKind"]) {
            Ok(()) => None,
            Err(Error::KeyTwin { expected, found }) => Some((expected, found)),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_key_that_differs_from_a_known_one_or_another_only_by_case_is_refused() {
        for (found, expected, twin) in [
            (&["Layers"][..], "layers", "Layers"),
            (&["x", "LAYERS"], "layers", "LAYERS"),
            (&["layer\u{17f}"], "layers", "layer\u{17f}"),
            (&["lin\u{212a}kind"], "linkKind", "lin\u{212a}kind"),
            (&["x-new", "X-new"], "x-new", "X-new"),
        ] {
            assert_eq!(refusal(found), Some((expected.to_owned(), twin.to_owned())));
        }
    }

    #[test]
    fn other_keys_are_accepted() {
        assert_eq!(refusal(&["layers", "layer", "layersx", "x", "X-new", "é", "É"]), None);
    }
}
