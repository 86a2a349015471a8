//! The files of a release, as a lock file lists them with their hashes.

use crate::cyclonedx::{Component, ExternalReference, Hash, Property, ReferenceKind};

/// A file that may be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReleaseFile {
    /// Its name without directories; none where a lock has hashes alone.
    pub(super) name: Option<String>,
    pub(super) hash: Option<Hash>,
}

impl ReleaseFile {
    /// Takes a name or an address, and `algorithm:hexadecimal`.
    pub(super) fn new(name: Option<&str>, hash: Option<&str>) -> Self {
        Self {
            name: name.and_then(file_name),
            hash: hash.and_then(parse_hash),
        }
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

/// Says what is known of the files: the hash of the only one is that of the package. Of several, the one that every platform
/// can use stands for all, a wheel before an sdist, and a property counts many: the others are a matter of the lock file.
pub(super) fn describe(files: &[ReleaseFile], component: &mut Component) {
    let hashed: Vec<&ReleaseFile> = files.iter().filter(|file| file.hash.is_some()).collect();
    if let [only] = hashed[..] {
        component.hashes.extend(only.hash.clone());
        return;
    }
    if hashed.is_empty() {
        return;
    }
    let named = |ending: fn(&str) -> bool| {
        let found = hashed.iter().find(|file| file.name.as_deref().is_some_and(ending));
        found.and_then(|file| Some((file.name.clone()?, file.hash.clone()?)))
    };
    let wheel = named(|name| name.ends_with("-none-any.whl")).map(|file| (ReferenceKind::Distribution, file));
    let sdist = || named(|name| !name.ends_with(".whl")).map(|file| (ReferenceKind::SourceDistribution, file));
    if let Some((kind, (url, hash))) = wheel.or_else(sdist) {
        let hashes = vec![hash];
        component
            .external_references
            .push(ExternalReference { kind, url, hashes });
    }
    // A wheel and an sdist are what everybody expects.
    if hashed.len() > 2 || component.external_references.is_empty() {
        component.properties.push(Property {
            name: "attest:python:files",
            value: hashed.len().to_string(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cyclonedx::ComponentKind;

    fn described(files: &[(Option<&str>, &str)]) -> Component {
        let hash = |digit: &str| format!("sha256:{}", digit.repeat(64));
        let files: Vec<_> = files
            .iter()
            .map(|(name, digit)| ReleaseFile::new(*name, Some(&hash(digit))))
            .collect();
        let mut component = Component::new(ComponentKind::Library, "a");
        describe(&files, &mut component);
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
        let component = described(&[(None, "1"), (None, "2")]);
        assert!(component.hashes.is_empty() && component.external_references.is_empty());
        assert_eq!(component.properties[0].value, "2");
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
