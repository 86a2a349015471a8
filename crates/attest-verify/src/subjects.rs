use std::collections::HashMap;
use std::sync::OnceLock;

use attest_digest::{Algorithm, Algorithms, Digest, DigestSet};
use attestation::{Statement, Subject};

/// Up to so many subjects are gone through one by one, which costs less than a map of them.
const GONE_THROUGH: usize = 16;

/// A statement whose subjects are found by name and by digest: thousands of files against thousands of subjects would be
/// millions of comparisons.
#[derive(Debug)]
pub(crate) struct Subjects {
    statement: Statement,
    algorithms: Algorithms,
    /// Made when the first artifact is looked up, and only where there are many subjects.
    index: OnceLock<Box<Index>>,
}

/// The places of subjects, in their order.
#[derive(Debug, Default)]
struct Index {
    by_name: HashMap<Box<str>, usize>,
    by_digest: HashMap<Digest, Vec<usize>>,
}

impl Subjects {
    pub(crate) fn of(statement: Statement) -> Self {
        Self {
            algorithms: algorithms_of(&statement),
            statement,
            index: OnceLock::new(),
        }
    }

    pub(crate) fn statement(&self) -> &Statement {
        &self.statement
    }

    pub(crate) fn count(&self) -> usize {
        self.statement.subjects().len()
    }

    /// What an artifact has to be measured with: SHA-256 alone when every subject has it.
    pub(crate) fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }

    /// The first subject of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Subject> {
        let subjects = self.statement.subjects();
        match self.index() {
            Some(index) => subjects.get(*index.by_name.get(name)?),
            None => subjects.iter().find(|subject| subject.name() == Some(name)),
        }
    }

    /// The first subject of these bytes.
    pub(crate) fn same(&self, digests: &DigestSet) -> Option<&Subject> {
        let subjects = self.statement.subjects();
        let is_same = |subject: &&Subject| subject.matches_digests(digests);
        let Some(index) = self.index() else {
            return subjects.iter().find(is_same);
        };
        // Subjects of the same bytes share at least one digest with them.
        let sharing = digests.iter().filter_map(|digest| index.by_digest.get(digest));
        let first = |places: &Vec<usize>| places.iter().copied().find(|place| is_same(&&subjects[*place]));
        subjects.get(sharing.filter_map(first).min()?)
    }

    /// Whether any subject has a digest by this algorithm.
    pub(crate) fn have(&self, algorithm: Algorithm) -> bool {
        let mut subjects = self.statement.subjects().iter();
        self.algorithms.iter().any(|known| known == algorithm)
            || subjects.any(|subject| subject.digests().of(algorithm).is_some())
    }

    fn index(&self) -> Option<&Index> {
        let subjects = self.statement.subjects();
        (subjects.len() > GONE_THROUGH).then(|| &**self.index.get_or_init(|| Box::new(Index::of(subjects))))
    }
}

impl Index {
    fn of(subjects: &[Subject]) -> Self {
        let mut index = Self::default();
        for (place, subject) in subjects.iter().enumerate() {
            if let Some(name) = subject.name() {
                index.by_name.entry(name.into()).or_insert(place);
            }
            for digest in subject.digests().iter() {
                index.by_digest.entry(digest.clone()).or_default().push(place);
            }
        }
        index
    }
}

/// SHA-256 alone when every subject has it: more algorithms would not prove more.
fn algorithms_of(statement: &Statement) -> Algorithms {
    let mut all: Vec<Algorithm> = Vec::new();
    for subject in statement.subjects() {
        if subject.digests().of(Algorithm::Sha256).is_some() {
            all.push(Algorithm::Sha256);
        } else {
            all.extend(subject.digests().iter().map(Digest::algorithm));
        }
    }
    all.sort_unstable();
    all.dedup();
    match all.split_first() {
        Some((first, rest)) => Algorithms::new(*first, rest),
        None => Algorithms::one(Algorithm::Sha256),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Whether it has a name, and digests of few values: so that bytes agree with several, and contradict some.
    type Drawn = (bool, Option<u8>, Option<u8>);

    fn subject() -> impl Strategy<Value = Drawn> {
        let value = || proptest::option::of(0..4_u8);
        let drawn = (any::<bool>(), value(), value());
        drawn.prop_filter("a subject has a digest", |(_, sha256, sha512)| {
            sha256.or(*sha512).is_some()
        })
    }

    fn digests(sha256: Option<u8>, sha512: Option<u8>) -> DigestSet {
        let drawn = [(Algorithm::Sha256, sha256), (Algorithm::Sha512, sha512)];
        let digest = |(algorithm, value): (Algorithm, Option<u8>)| {
            Digest::from_bytes(algorithm, &vec![value?; algorithm.digest_len()]).ok()
        };
        drawn.into_iter().filter_map(digest).collect()
    }

    fn statement(subjects: &[Drawn]) -> Statement {
        let subjects: Vec<_> = subjects
            .iter()
            .enumerate()
            .map(|(place, (is_named, sha256, sha512))| {
                let mut subject = json!({ "digest": {} });
                if *is_named {
                    subject["name"] = json!(place.to_string());
                }
                for digest in digests(*sha256, *sha512).iter() {
                    subject["digest"][digest.algorithm().name()] = json!(digest.to_hex());
                }
                subject
            })
            .collect();
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subjects,
            "predicateType": "https://example.com/note/v1",
            "predicate": {},
        });
        Statement::parse(statement.to_string().as_bytes()).unwrap()
    }

    proptest! {
        #[test]
        fn a_map_of_many_subjects_finds_what_going_through_them_finds(
            subjects in proptest::collection::vec(subject(), 1..60),
            name in 0..60_u8,
            sha256 in proptest::option::of(0..5_u8),
            sha512 in proptest::option::of(0..5_u8),
        ) {
            let statement = statement(&subjects);
            let name = name.to_string();
            let digests = digests(sha256, sha512);
            let named = statement.subjects().iter().find(|subject| subject.name() == Some(&name));
            let same = statement.subjects().iter().find(|subject| subject.matches_digests(&digests));
            let found = Subjects::of(statement.clone());
            prop_assert_eq!(found.named(&name), named);
            prop_assert_eq!(found.same(&digests), same);
            prop_assert_eq!(found.index.get().is_some(), subjects.len() > GONE_THROUGH);
        }
    }
}
