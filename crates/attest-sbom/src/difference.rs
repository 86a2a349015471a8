//! Two documents in, what changed between them out: packages that came, went, or are another version.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use packageurl::PackageUrl;

use crate::document::{Component, Document};

/// What changed from one document to another. Everything is in the order of names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What only the new one lists.
    pub added: Vec<Component>,
    /// What only the old one lists.
    pub removed: Vec<Component>,
    /// What both list, and say something else of.
    pub changed: Vec<Change>,
}

/// One package of which two documents say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What the old document says.
    pub old: Component,
    /// What the new one says.
    pub new: Component,
    /// What differs.
    pub aspects: Vec<Aspect>,
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Aspect {
    /// `version`, `licence`, `hash`, `scope` or `supplier`.
    pub name: &'static str,
    /// The old value; nothing where nothing was said.
    pub old: Option<String>,
    /// The new value.
    pub new: Option<String>,
}

impl Difference {
    /// Compares what two documents list beside their roots.
    ///
    /// One package is what has one package URL without version and qualifiers, else one kind and name. Of several versions of
    /// a package the equal ones belong together, then the others in their order. Digests are compared where the version
    /// is the same: another version has others anyway.
    #[must_use]
    pub fn between(old: &Document, new: &Document) -> Self {
        let (mut olds, mut news) = (packages(old), packages(new));
        let names: BTreeSet<Identity> = olds.keys().chain(news.keys()).cloned().collect();
        let mut difference = Self::default();
        for name in names {
            let old = olds.remove(&name).unwrap_or_default();
            let new = news.remove(&name).unwrap_or_default();
            difference.pair(old, new);
        }
        difference
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// Pairs the components of one package.
    fn pair(&mut self, olds: Vec<&Component>, news: Vec<&Component>) {
        let (same, olds, news) = split_equal(olds, news);
        for (old, new) in same {
            self.compare(old, new);
        }
        let pairs = olds.len().min(news.len());
        for (old, new) in olds.iter().zip(&news) {
            self.compare(old, new);
        }
        self.removed.extend(olds.into_iter().skip(pairs).cloned());
        self.added.extend(news.into_iter().skip(pairs).cloned());
    }

    fn compare(&mut self, old: &Component, new: &Component) {
        let aspects = aspects(old, new);
        if !aspects.is_empty() {
            let (old, new) = (old.clone(), new.clone());
            self.changed.push(Change { old, new, aspects });
        }
    }
}

/// What stays when a package gets another version.
type Identity = (String, String);

fn identity(component: &Component) -> Identity {
    let purl = component
        .purl
        .as_deref()
        .and_then(|purl| purl.parse::<PackageUrl<'_>>().ok());
    match purl {
        Some(purl) => {
            let name_space = purl.namespace().map(|name_space| format!("{name_space}/"));
            (
                purl.ty().to_owned(),
                format!("{}{}", name_space.unwrap_or_default(), purl.name()),
            )
        }
        None => (format!("({})", component.kind), component.full_name()),
    }
}

/// The components of each package, in the order of their versions.
fn packages(document: &Document) -> BTreeMap<Identity, Vec<&Component>> {
    let mut packages: BTreeMap<Identity, Vec<&Component>> = BTreeMap::new();
    for component in document.listed() {
        packages.entry(identity(component)).or_default().push(component);
    }
    for components in packages.values_mut() {
        components.sort_by(|a, b| order(a, b));
    }
    packages
}

fn order(a: &Component, b: &Component) -> Ordering {
    let version = |component: &Component| natural(component.version.as_deref().unwrap_or_default());
    version(a)
        .cmp(&version(b))
        .then_with(|| a.purl.cmp(&b.purl))
        .then_with(|| a.place.cmp(&b.place))
}

/// A text as numbers and words, so that 1.10 comes after 1.9.
fn natural(text: &str) -> Vec<(bool, usize, String)> {
    let mut parts: Vec<(bool, usize, String)> = Vec::new();
    for c in text.chars() {
        let is_digit = c.is_ascii_digit();
        match parts.last_mut() {
            Some((was_digit, length, part)) if *was_digit == is_digit => {
                part.push(c);
                *length = if is_digit {
                    part.trim_start_matches('0').len()
                } else {
                    0
                };
            }
            _ => parts.push((is_digit, usize::from(is_digit && c != '0'), c.to_string())),
        }
    }
    parts
}

type Pair<'a> = (&'a Component, &'a Component);

/// Takes out what both have in one version.
fn split_equal<'a>(
    olds: Vec<&'a Component>,
    news: Vec<&'a Component>,
) -> (Vec<Pair<'a>>, Vec<&'a Component>, Vec<&'a Component>) {
    let mut left: BTreeMap<Option<&str>, Vec<&Component>> = BTreeMap::new();
    // The last one is taken first.
    for new in news.iter().rev() {
        left.entry(new.version.as_deref()).or_default().push(new);
    }
    let (mut same, mut others) = (Vec::new(), Vec::new());
    for old in olds {
        match left.get_mut(&old.version.as_deref()).and_then(Vec::pop) {
            Some(new) => same.push((old, new)),
            None => others.push(old),
        }
    }
    let mut news: Vec<&Component> = left.into_values().flatten().collect();
    news.sort_by(|a, b| order(a, b));
    (same, others, news)
}

fn aspects(old: &Component, new: &Component) -> Vec<Aspect> {
    let mut aspects = Vec::new();
    let mut compare = |name, old: Option<String>, new: Option<String>| {
        if old != new {
            aspects.push(Aspect { name, old, new });
        }
    };
    compare("version", old.version.clone(), new.version.clone());
    compare("licence", old.licence_text(), new.licence_text());
    compare("supplier", old.supplier.clone(), new.supplier.clone());
    let scope = |component: &Component| Some(component.scope.clone().unwrap_or_else(|| "required".to_owned()));
    compare("scope", scope(old), scope(new));
    if old.version == new.version {
        for (algorithm, digest) in &old.hashes {
            if let Some(other) = new.hashes.get(algorithm) {
                let shown = |digest: &String| Some(format!("{algorithm}:{digest}"));
                compare("hash", shown(digest), shown(other));
            }
        }
    }
    aspects
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn package(name: &str, version: &str) -> Component {
        Component {
            name: name.to_owned(),
            version: Some(version.to_owned()),
            purl: Some(format!("pkg:npm/{name}@{version}")),
            ..Component::default()
        }
    }

    fn document(components: Vec<Component>) -> Document {
        Document {
            components,
            ..Document::default()
        }
    }

    fn shown(components: &[Component]) -> Vec<String> {
        let shown = |component: &Component| {
            format!(
                "{} {}",
                component.name,
                component.version.as_deref().unwrap_or_default()
            )
        };
        components.iter().map(shown).collect()
    }

    #[test]
    fn packages_come_go_and_change_their_version() {
        let old = document(vec![
            package("a", "1.9.0"),
            package("b", "1.0.0"),
            package("c", "1.0.0"),
        ]);
        let new = document(vec![
            package("c", "1.0.0"),
            package("a", "1.10.0"),
            package("d", "2.0.0"),
        ]);
        let difference = Difference::between(&old, &new);
        assert_eq!(shown(&difference.added), ["d 2.0.0"]);
        assert_eq!(shown(&difference.removed), ["b 1.0.0"]);
        let [change] = difference.changed.as_slice() else {
            panic!("{:?}", difference.changed)
        };
        assert_eq!(
            change.aspects,
            [Aspect {
                name: "version",
                old: Some("1.9.0".to_owned()),
                new: Some("1.10.0".to_owned())
            }]
        );
    }

    #[test]
    fn of_several_versions_the_equal_ones_belong_together() {
        let old = document(vec![
            package("a", "1.2.0"),
            package("a", "1.10.0"),
            package("a", "1.9.0"),
        ]);
        let new = document(vec![package("a", "1.9.0"), package("a", "2.0.0")]);
        let difference = Difference::between(&old, &new);
        assert_eq!(difference.changed.len(), 1);
        assert_eq!(difference.changed[0].old.version.as_deref(), Some("1.2.0"));
        assert_eq!(difference.changed[0].new.version.as_deref(), Some("2.0.0"));
        assert_eq!(shown(&difference.removed), ["a 1.10.0"]);
        assert!(difference.added.is_empty());
    }

    #[test]
    fn other_bytes_of_one_version_are_a_change_and_those_of_two_versions_are_not() {
        let with_hash = |version: &str, digest: &str| Component {
            hashes: BTreeMap::from([("SHA-256".to_owned(), digest.to_owned())]),
            ..package("a", version)
        };
        let names = |old: Component, new: Component| {
            let difference = Difference::between(&document(vec![old]), &document(vec![new]));
            let aspects = difference.changed.into_iter().flat_map(|change| change.aspects);
            aspects.map(|aspect| aspect.name).collect::<Vec<_>>()
        };
        assert_eq!(names(with_hash("1", "aa"), with_hash("1", "bb")), ["hash"]);
        assert_eq!(names(with_hash("1", "aa"), with_hash("2", "bb")), ["version"]);
        assert_eq!(names(with_hash("1", "aa"), package("a", "1")), [""; 0]);
    }

    #[test]
    fn a_component_without_a_package_url_is_known_by_kind_and_name() {
        let file = |name: &str, version: Option<&str>| Component {
            kind: "file".to_owned(),
            name: name.to_owned(),
            version: version.map(str::to_owned),
            ..Component::default()
        };
        let old = document(vec![file("x", None), package("x", "1")]);
        let new = document(vec![package("x", "1"), file("x", Some("2"))]);
        let difference = Difference::between(&old, &new);
        assert_eq!(difference.changed.len(), 1);
        assert!(difference.added.is_empty() && difference.removed.is_empty());
    }

    fn some_packages() -> impl Strategy<Value = Vec<Component>> {
        let package = ("[a-c]", "[0-3](\\.[0-3]{1,2}){0,2}").prop_map(|(name, version)| package(&name, &version));
        prop::collection::vec(package, 0..12)
    }

    proptest! {
        #[test]
        fn nothing_differs_from_itself_in_any_order(components in some_packages()) {
            let mut reversed = components.clone();
            reversed.reverse();
            prop_assert!(Difference::between(&document(components), &document(reversed)).is_empty());
        }

        #[test]
        fn every_component_is_accounted_for(olds in some_packages(), news in some_packages()) {
            let (old_count, new_count) = (olds.len(), news.len());
            let difference = Difference::between(&document(olds.clone()), &document(news.clone()));
            prop_assert_eq!(old_count + difference.added.len(), new_count + difference.removed.len());
            let back = Difference::between(&document(news), &document(olds));
            prop_assert_eq!(shown(&back.added), shown(&difference.removed));
            prop_assert_eq!(shown(&back.removed), shown(&difference.added));
        }
    }
}
