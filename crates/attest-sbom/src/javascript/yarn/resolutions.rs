use std::collections::HashMap;

use crate::javascript::loose::Loose;

/// The ranges that a project puts in place of those that packages ask for: `resolutions` in its manifest.
///
/// A key is the name of a package, perhaps after the names of those that need it: `a`, `**/a`, `b/a`, `b/**/a`, each perhaps with
/// the range that was asked for.
#[derive(Debug, Default)]
pub(super) struct Resolutions {
    /// By the package that is asked for; with the one that asks, if it is named.
    by_name: HashMap<String, Vec<(Option<String>, String)>>,
}

impl Resolutions {
    pub(super) fn new(table: &Loose<'_>) -> Self {
        let mut resolutions = Self::default();
        for (key, range) in table.texts() {
            let mut names = names(key);
            let Some(name) = names.pop() else { continue };
            let by = names.pop().filter(|by| by != "**" && by != "*");
            let found = resolutions.by_name.entry(name).or_default();
            found.push((by, range.to_owned()));
        }
        resolutions
    }

    /// The range that a certain package gets for another.
    pub(super) fn of_one(&self, by: Option<&str>, name: &str) -> Option<&str> {
        let mut found = self.by_name.get(name)?.iter();
        let found = found.find(|(one, _)| one.is_some() && one.as_deref() == by);
        found.map(|(_, range)| range.as_str())
    }

    /// The ranges that whoever gets.
    pub(super) fn of_all(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self.by_name.get(name).into_iter().flatten();
        found.filter(|(by, _)| by.is_none()).map(|(_, range)| range.as_str())
    }
}

/// The names of a path, without the ranges that may follow them.
fn names(path: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut scope = None;
    for part in path.split('/') {
        let whole = match scope.take() {
            Some(scope) => format!("{scope}/{part}"),
            None if part.starts_with('@') && !part[1..].contains('@') => {
                scope = Some(part);
                continue;
            }
            None => part.to_owned(),
        };
        let start = usize::from(whole.starts_with('@'));
        let end = whole[start..].find('@').map_or(whole.len(), |at| at + start);
        names.push(whole[..end].to_owned());
        // What follows a range may be part of it: an address has slashes.
        if whole[end..].contains(':') && !whole[end..].starts_with("@npm:") {
            break;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolution_is_for_all_or_for_one() {
        let text = r#"{"a": "1", "**/b": "2", "c/d": "3", "@s/e/**/@s/f": "4", "@s/g@npm:^1/h@npm:2": "5", "i@https://example.com/i.tgz": "6"}"#;
        let table: Loose<'_> = serde_json::from_str(text).unwrap();
        let resolutions = Resolutions::new(&table);
        let of_all = |name| resolutions.of_all(name).collect::<Vec<_>>();
        assert_eq!(of_all("a"), ["1"]);
        assert_eq!(of_all("b"), ["2"]);
        assert_eq!(of_all("d"), [""; 0]);
        assert_eq!(resolutions.of_one(Some("c"), "d"), Some("3"));
        assert_eq!(resolutions.of_one(Some("x"), "d"), None);
        assert_eq!(resolutions.of_one(None, "a"), None);
        assert_eq!(of_all("@s/f"), ["4"]);
        assert_eq!(resolutions.of_one(Some("@s/g"), "h"), Some("5"));
        assert_eq!(of_all("i"), ["6"]);
    }
}
