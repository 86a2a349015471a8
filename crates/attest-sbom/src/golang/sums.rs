//! `go.sum` in, the hash of each module out.

use std::collections::HashMap;

use crate::cyclonedx::Property;

/// The hashes of whole modules, by path and version.
///
/// Such a hash is that of a list of the hashes of all files, not that of any file, so it is no hash of a component.
/// Source: `golang.org/x/mod/sumdb/dirhash`, function `Hash1`.
#[derive(Debug, Default)]
pub(super) struct Sums(HashMap<(String, String), String>);

impl Sums {
    /// Adds what a file says; the first line that says nothing, if there is one.
    pub(super) fn add(&mut self, text: &str) -> Option<usize> {
        let mut damaged = None;
        for (number, line) in (1..).zip(text.lines()) {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words.as_slice() {
                // The hash of a `go.mod` alone says nothing of the module.
                [_, version, _] if version.ends_with("/go.mod") => {}
                [path, version, hash] if is_hash(hash) => {
                    let module = ((*path).to_owned(), (*version).to_owned());
                    self.0.entry(module).or_insert_with(|| (*hash).to_owned());
                }
                [] => {}
                _ => damaged = damaged.or(Some(number)),
            }
        }
        damaged
    }

    pub(super) fn property(&self, path: &str, version: &str) -> Option<Property> {
        self.0
            .get(&(path.to_owned(), version.to_owned()))
            .map(|hash| property(hash))
    }
}

/// `h1:` and the Base64 of 32 bytes; or a later algorithm.
pub(crate) fn is_hash(hash: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    hash.split_once(':').is_some_and(|(algorithm, value)| {
        algorithm.starts_with('h') && !value.is_empty() && value.chars().all(allowed) && hash.len() <= 256
    })
}

pub(crate) fn property(hash: &str) -> Property {
    let (name, value) = match hash.strip_prefix("h1:") {
        Some(value) => ("attest:go:h1", value),
        None => ("attest:go:hash", hash),
    };
    let value = value.to_owned();
    Property { name, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_module_is_kept_and_that_of_its_manifest_is_not() {
        let mut sums = Sums::default();
        let text = "example.com/a v1.0.0/go.mod h1:AAAA=\nexample.com/a v1.0.0 h1:BBBB=\n\n";
        assert_eq!(sums.add(text), None);
        let property = sums.property("example.com/a", "v1.0.0").unwrap();
        assert_eq!((property.name, property.value.as_str()), ("attest:go:h1", "BBBB="));
        assert_eq!(sums.property("example.com/a", "v1.0.1"), None);
    }

    #[test]
    fn a_line_that_is_none_is_damage_and_hides_nothing() {
        let mut sums = Sums::default();
        let text = "<<<<<<< HEAD\nexample.com/a v1.0.0 h1:BBBB=\nexample.com/b v1.0.0 md5\n";
        assert_eq!(sums.add(text), Some(1));
        assert!(sums.property("example.com/a", "v1.0.0").is_some());
        assert_eq!(sums.property("example.com/b", "v1.0.0"), None);
    }
}
