//! The files of a release, as a lock file lists them with their hashes.

use std::collections::BTreeMap;

use crate::Options;
use crate::cyclonedx::{Component, ExternalReference, Hash, Property, ReferenceKind};

/// A file that may be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReleaseFile {
    /// Its name without directories; none where a lock has hashes alone.
    pub(super) name: Option<String>,
    /// One for each algorithm that a lock has for it.
    pub(super) hashes: Vec<Hash>,
}

impl ReleaseFile {
    /// Takes a name or an address, and `algorithm:hexadecimal`.
    pub(super) fn new(name: Option<&str>, hash: Option<&str>) -> Self {
        Self {
            name: name.and_then(file_name),
            hashes: hash.and_then(parse_hash).into_iter().collect(),
        }
    }

    /// Takes hexadecimal digests by the names of their algorithms.
    pub(super) fn of_table(name: Option<&str>, hashes: &BTreeMap<String, String>) -> Self {
        let hashes = hashes.iter();
        Self {
            name: name.and_then(file_name),
            hashes: hashes
                .filter_map(|(algorithm, digest)| parse_hash(&format!("{algorithm}:{digest}")))
                .collect(),
        }
    }

    /// As what a package hands out.
    fn reference(&self) -> Option<ExternalReference> {
        let url = self.name.clone()?;
        Some(ExternalReference {
            kind: match url.ends_with(".whl") {
                true => ReferenceKind::Distribution,
                false => ReferenceKind::SourceDistribution,
            },
            url,
            hashes: self.hashes.clone(),
        })
    }
}

/// The last part of an address or a path, if it is plain.
pub(super) fn file_name(address: &str) -> Option<String> {
    let path = address.split(['#', '?']).next()?;
    let name = path.rsplit(['/', '\\']).next()?.replace("%2B", "+").replace("%2b", "+");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '!' | '~');
    (!name.is_empty() && name.chars().all(is_plain)).then_some(name)
}

/// `sha256:…`, with the name that CycloneDX has for the algorithm; nothing unless it has the right length.
pub(super) fn parse_hash(text: &str) -> Option<Hash> {
    let (algorithm, content) = text.split_once([':', '='])?;
    let (alg, length) = match algorithm.trim() {
        "md5" => ("MD5", 32),
        "sha1" => ("SHA-1", 40),
        "sha256" => ("SHA-256", 64),
        "sha384" => ("SHA-384", 96),
        "sha512" => ("SHA-512", 128),
        "sha3_256" => ("SHA3-256", 64),
        "sha3_384" => ("SHA3-384", 96),
        "sha3_512" => ("SHA3-512", 128),
        "blake2b" => ("BLAKE2b-512", 128),
        _ => return None,
    };
    let content = content.trim().to_ascii_lowercase();
    let is_hash = content.len() == length && content.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(Hash { alg, content })
}

/// The most hashes of files without names that stand for a package unless all are asked for: a wheel and an sdist are what
/// everybody has.
const FEW: usize = 2;

/// Says what is known of the files: the hash of the only one is that of the package. Of several, the one that every platform
/// can use stands for all, a wheel before an sdist, and a property counts many; unless all are asked for.
pub(super) fn describe(files: &[ReleaseFile], options: &Options, component: &mut Component) {
    let hashed: Vec<&ReleaseFile> = files.iter().filter(|file| !file.hashes.is_empty()).collect();
    let (named, unnamed): (Vec<&ReleaseFile>, Vec<&ReleaseFile>) =
        hashed.iter().copied().partition(|file| file.name.is_some());
    if let [only] = hashed[..] {
        component.hashes.extend(only.hashes.iter().cloned());
        return;
    }
    if options.all_hashes {
        component
            .external_references
            .extend(named.iter().filter_map(|file| file.reference()));
    } else {
        component.external_references.extend(for_all(&named));
    }
    let is_shown = options.all_hashes || unnamed.len() <= FEW;
    for hash in unnamed.iter().flat_map(|file| &file.hashes).filter(|_| is_shown) {
        component.hashes.push(hash.clone());
    }
    component.hashes.sort();
    component.hashes.dedup();
    let is_silent = component.external_references.is_empty() && component.hashes.is_empty();
    if !options.all_hashes && (hashed.len() > FEW || is_silent && !hashed.is_empty()) {
        component.properties.push(Property {
            name: "attest:python:files",
            value: hashed.len().to_string(),
        });
    }
}

/// The wheel for every platform, else the sdist.
fn for_all(named: &[&ReleaseFile]) -> Option<ExternalReference> {
    let first = |ending: fn(&str) -> bool| {
        let is_it = |file: &&&ReleaseFile| file.name.as_deref().is_some_and(ending);
        named.iter().find(is_it)
    };
    let wheel = first(|name| name.ends_with("-none-any.whl"));
    let sdist = || first(|name| !name.ends_with(".whl"));
    wheel.or_else(sdist).and_then(|file| file.reference())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cyclonedx::ComponentKind;

    fn described(files: &[(Option<&str>, &str)]) -> Component {
        with(files, &Options::default())
    }

    fn with(files: &[(Option<&str>, &str)], options: &Options) -> Component {
        let hash = |digit: &str| format!("sha256:{}", digit.repeat(64));
        let files: Vec<_> = files
            .iter()
            .map(|(name, digit)| ReleaseFile::new(*name, Some(&hash(digit))))
            .collect();
        let mut component = Component::new(ComponentKind::Library, "a");
        describe(&files, options, &mut component);
        component
    }

    #[test]
    fn the_hash_of_the_only_file_is_that_of_the_package() {
        let component = described(&[(Some("https://example.com/x/a-1.tar.gz#x"), "1")]);
        assert_eq!(component.hashes[0].content, "1".repeat(64));
        assert!(component.external_references.is_empty() && component.properties.is_empty());
    }

    #[test]
    fn of_several_files_the_one_for_every_platform_stands() {
        let files = [
            (Some("a-1-cp311-cp311-win32.whl"), "1"),
            (Some("a-1.tar.gz"), "2"),
            (Some("a-1-py3-none-any.whl"), "3"),
        ];
        let component = described(&files);
        assert!(component.hashes.is_empty());
        assert_eq!(component.external_references[0].url, "a-1-py3-none-any.whl");
        assert_eq!(component.external_references[0].hashes[0].content, "3".repeat(64));
        assert_eq!(component.properties[0].value, "3");
        let component = described(&files[..2]);
        assert_eq!(component.external_references[0].kind, ReferenceKind::SourceDistribution);
        assert!(component.properties.is_empty());
        let component = described(&[
            (Some("a-1-cp311-cp311-win32.whl"), "1"),
            (Some("a-1-cp312-cp312-win32.whl"), "2"),
        ]);
        assert!(component.hashes.is_empty() && component.external_references.is_empty());
        assert_eq!(component.properties[0].value, "2");
    }

    #[test]
    fn hashes_of_files_without_names_are_those_of_the_package_if_they_are_few() {
        let component = described(&[(None, "2"), (None, "1")]);
        let contents = |component: &Component| -> Vec<String> {
            let hashes = component.hashes.iter();
            hashes.map(|hash| hash.content[..1].to_owned()).collect()
        };
        assert_eq!(
            (contents(&component), component.properties.len()),
            (vec!["1".into(), "2".into()], 0)
        );
        let component = described(&[(None, "1"), (None, "2"), (None, "3")]);
        assert_eq!((contents(&component), &*component.properties[0].value), (vec![], "3"));
    }

    #[test]
    fn every_file_stands_where_all_are_asked_for() {
        let options = Options {
            all_hashes: true,
            ..Options::default()
        };
        let files = [
            (Some("a-1-cp311-cp311-win32.whl"), "1"),
            (Some("a-1.tar.gz"), "2"),
            (Some("a-1-py3-none-any.whl"), "3"),
            (None, "4"),
            (None, "4"),
            (None, "5"),
        ];
        let component = with(&files, &options);
        let references = component.external_references.iter();
        let references: Vec<_> = references
            .map(|one| (one.kind, one.url.as_str(), &one.hashes[0].content[..1]))
            .collect();
        let expected = [
            (ReferenceKind::Distribution, "a-1-cp311-cp311-win32.whl", "1"),
            (ReferenceKind::SourceDistribution, "a-1.tar.gz", "2"),
            (ReferenceKind::Distribution, "a-1-py3-none-any.whl", "3"),
        ];
        assert_eq!(references, expected);
        assert_eq!((component.hashes.len(), component.properties.len()), (2, 0));
    }

    #[test]
    fn a_file_has_as_many_hashes_as_a_lock_has_for_it() {
        let table = [
            ("md5", "0".repeat(32)),
            ("sha256", "1".repeat(64)),
            ("x", "2".repeat(64)),
        ];
        let table = table.map(|(name, digest)| (name.to_owned(), digest));
        let file = ReleaseFile::of_table(Some("a-1.tar.gz"), &BTreeMap::from(table));
        let mut component = Component::new(ComponentKind::Library, "a");
        describe(&[file], &Options::default(), &mut component);
        let algorithms: Vec<_> = component.hashes.iter().map(|hash| hash.alg).collect();
        assert_eq!(algorithms, ["MD5", "SHA-256"]);
    }

    #[test]
    fn a_hash_is_true_to_its_name_or_absent() {
        assert_eq!(
            parse_hash(&format!("sha256:{}", "A".repeat(64))).unwrap().content,
            "a".repeat(64)
        );
        for text in [
            "sha256:00",
            "sha255:00",
            "",
            "sha256",
            &format!("sha256:{}", "g".repeat(64)),
        ] {
            assert_eq!(parse_hash(text), None, "{text}");
        }
        assert_eq!(
            file_name("https://example.com/a%2Bb-1.whl?x=1").as_deref(),
            Some("a+b-1.whl")
        );
        assert_eq!(file_name("a b"), None);
    }
}
