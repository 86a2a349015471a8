//! The name of an image in, its parts out.
//!
//! Source: `distribution/reference`, grammar: a host has a full stop, a colon or is `localhost`; a path is of lower case.

use std::cmp::Ordering;

use packageurl::PackageUrl;

use crate::cpe::{self, Part};
use crate::cyclonedx::{Component, ComponentKind, OrganizationalEntity, Property};
use crate::inventory::IMAGE_REFERENCE;

/// An image: where it is kept, under which tag or digest.
///
/// Two names of one image are equal: `nginx`, `docker.io/library/nginx`.
#[derive(Debug, Clone)]
pub(super) struct Image {
    /// As it is written, with its host if it has one.
    repository: String,
    /// With the host and the account that Docker takes where none is written.
    canonical: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// Where images are kept that name no host, what that was called before, and the account of those that name none there.
/// Source: `distribution/reference`, `ParseDockerRef` and `splitDockerDomain`.
const DEFAULT_HOST: &str = "docker.io";
const FORMER_HOST: &str = "index.docker.io";
const DEFAULT_ACCOUNT: &str = "library";

/// The longest name that registries take.
const MAX_BYTES: usize = 255;

impl Image {
    /// `HOST/PATH:TAG@DIGEST`, everything but the path optional.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let after_host = rest.rfind('/').map_or(0, |at| at + 1);
        let (repository, tag) = match rest[after_host..].split_once(':') {
            Some((name, tag)) => (&rest[..after_host + name.len()], Some(tag)),
            None => (rest, None),
        };
        Self::new(None, repository, tag, digest)
    }

    /// Nothing if a part is not what it should be. What stands as the tag may hold the digest, or be one.
    pub(super) fn new(
        registry: Option<&str>,
        repository: &str,
        tag: Option<&str>,
        digest: Option<&str>,
    ) -> Option<Self> {
        let repository = match registry {
            Some(registry) => format!("{}/{repository}", registry.trim_end_matches('/')),
            None => repository.to_owned(),
        };
        let (tag, digest) = match tag.map(|tag| tag.split_once('@').unwrap_or((tag, ""))) {
            Some((only, "")) if is_digest(only) => (None, digest.or(Some(only))),
            Some((before, "")) => (Some(before), digest),
            Some((before, after)) => (Some(before).filter(|tag| !tag.is_empty()), digest.or(Some(after))),
            None => (None, digest),
        };
        let is_right = is_repository(&repository) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
        is_right.then(|| Self {
            canonical: canonical(&repository),
            repository,
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// The image under a tag; nothing if that is none.
    pub(super) fn tagged(&self, tag: &str) -> Option<Self> {
        is_tag(tag).then(|| Self {
            tag: Some(tag.to_owned()),
            ..self.clone()
        })
    }

    pub(super) fn is_named_exactly(&self) -> bool {
        self.tag.is_some() || self.digest.is_some()
    }

    pub(super) fn repository(&self) -> &str {
        &self.repository
    }

    /// The repository under the one name that all its names stand for.
    pub(super) fn canonical(&self) -> &str {
        &self.canonical
    }

    fn identity(&self) -> (&str, Option<&str>, Option<&str>) {
        (&self.canonical, self.tag.as_deref(), self.digest.as_deref())
    }

    /// The image as a component: with a package URL only if a digest says which one it is, since a tag may be given to
    /// another one tomorrow. By its tag it has a name with an open vendor, which promises no more.
    pub(super) fn component(&self) -> Component {
        let (host, path) = host_and_path(&self.canonical);
        let account = path
            .split_once('/')
            .map_or(host.to_owned(), |(account, _)| format!("{host}/{account}"));
        let mut reference = self.canonical.clone();
        for (mark, part) in [(':', &self.tag), ('@', &self.digest)] {
            reference.extend(part.iter().flat_map(|part| [mark.to_string(), part.clone()]));
        }
        Component {
            version: self.tag.clone().or_else(|| self.digest.clone()),
            purl: self.purl(),
            cpe: self.cpe(),
            supplier: Some(OrganizationalEntity {
                name: account,
                url: Vec::new(),
                contact: Vec::new(),
            }),
            properties: vec![Property {
                name: IMAGE_REFERENCE,
                value: reference,
            }],
            ..Component::new(ComponentKind::Container, self.repository.as_str())
        }
    }

    fn cpe(&self) -> Option<String> {
        let (name, tag) = (self.canonical.rsplit('/').next()?, self.tag.as_deref()?);
        match self.digest {
            Some(_) => None,
            None => cpe::of_any_vendor(Part::Open, name, tag),
        }
    }

    /// Source: purl specification, type `oci`.
    fn purl(&self) -> Option<String> {
        let digest = self.digest.as_deref()?;
        let name = self.canonical.rsplit('/').next()?;
        let mut purl = PackageUrl::new("oci", name).ok()?;
        purl.with_version(digest).ok()?;
        purl.add_qualifier("repository_url", self.canonical.as_str()).ok()?;
        if let Some(tag) = &self.tag {
            purl.add_qualifier("tag", tag.as_str()).ok()?;
        }
        Some(purl.to_string())
    }
}

impl PartialEq for Image {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Image {}

impl PartialOrd for Image {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Image {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identity().cmp(&other.identity())
    }
}

fn host_and_path(repository: &str) -> (&str, &str) {
    match repository.split_once('/') {
        Some((host, path)) if is_host(host) => (host, path),
        _ => (DEFAULT_HOST, repository),
    }
}

fn canonical(repository: &str) -> String {
    match host_and_path(repository) {
        (DEFAULT_HOST | FORMER_HOST, path) if !path.contains('/') => {
            format!("{DEFAULT_HOST}/{DEFAULT_ACCOUNT}/{path}")
        }
        (FORMER_HOST, path) => format!("{DEFAULT_HOST}/{path}"),
        (host, path) => format!("{host}/{path}"),
    }
}

fn is_host(text: &str) -> bool {
    text == "localhost" || text.contains(['.', ':'])
}

fn is_repository(text: &str) -> bool {
    let (host, path) = match text.split_once('/') {
        Some((host, path)) if is_host(host) => (Some(host), path),
        _ => (None, text),
    };
    let is_part = |part: &str| {
        let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        part.starts_with(ends) && part.ends_with(ends) && part.chars().all(|c| ends(c) || matches!(c, '.' | '_' | '-'))
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    text.len() <= MAX_BYTES && host.is_none_or(|host| host.chars().all(is_name)) && path.split('/').all(is_part)
}

fn is_tag(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128 && text.starts_with(is_word) && text.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

fn is_digest(text: &str) -> bool {
    let digits = [("sha256:", 64), ("sha512:", 128)];
    let of = |(name, length): &(&str, usize)| text.strip_prefix(name).is_some_and(|hex| hex.len() == *length);
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    digits.iter().any(of) && text[7..].chars().all(is_hex)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Option<(String, Option<String>, Option<String>)> {
        let component = Image::parse(text)?.component();
        Some((component.name, component.version, component.purl))
    }

    #[test]
    fn an_image_has_a_repository_and_a_tag() {
        for (text, name, version) in [
            ("nginx", "nginx", None),
            ("nginx:1.25", "nginx", Some("1.25")),
            ("localhost:5000/a/b:v1", "localhost:5000/a/b", Some("v1")),
            ("ghcr.io/a/b", "ghcr.io/a/b", None),
        ] {
            let found = shown(text).unwrap();
            assert_eq!(
                (found.0.as_str(), found.1.as_deref(), found.2),
                (name, version, None),
                "{text}"
            );
        }
    }

    #[test]
    fn a_digest_identifies_it() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let (_, version, purl) = shown(&format!("ghcr.io/a/b:v1@{digest}")).unwrap();
        assert_eq!(version.as_deref(), Some("v1"));
        let expected = format!(
            "pkg:oci/b@sha256:{}?repository_url=ghcr.io%2Fa%2Fb&tag=v1",
            "0a".repeat(32)
        );
        assert_eq!(
            purl.unwrap()
                .replace("%3A", ":")
                .replace("ghcr.io/a/b", "ghcr.io%2Fa%2Fb"),
            expected
        );
    }

    #[test]
    fn without_a_digest_it_has_the_name_of_a_product_if_it_has_a_tag() {
        let cpe = |text: &str| Image::parse(text).unwrap().component().cpe;
        let expected = "cpe:2.3:*:*:b:1.0-debian_2:*:*:*:*:*:*:*";
        assert_eq!(cpe("ghcr.io/a/b:1.0-debian_2").as_deref(), Some(expected));
        assert_eq!(cpe("ghcr.io/a/b"), None);
        assert_eq!(cpe(&format!("ghcr.io/a/b:1.0@sha256:{}", "0a".repeat(32))), None);
    }

    #[test]
    fn one_image_has_several_names() {
        let image = |text: &str| Image::parse(text).unwrap();
        for name in [
            "docker.io/nginx",
            "docker.io/library/nginx",
            "index.docker.io/library/nginx",
            "library/nginx",
        ] {
            assert_eq!(image(name), image("nginx"), "{name}");
            assert_eq!(image(name).canonical(), "docker.io/library/nginx");
        }
        assert_eq!(image("index.docker.io/a/b:1"), image("a/b:1"));
        for name in [
            "quay.io/nginx",
            "a/nginx",
            "nginx:1",
            "localhost/nginx",
            "quay.io/library/nginx",
        ] {
            assert_ne!(image(name), image("nginx"), "{name}");
        }
        let purl = shown(&format!("nginx@sha256:{}", "0a".repeat(32))).unwrap().2.unwrap();
        assert!(
            purl.replace("%2F", "/")
                .ends_with("?repository_url=docker.io/library/nginx"),
            "{purl}"
        );
    }

    #[test]
    fn a_tag_may_hold_the_digest() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let of = |tag: &str, digest: Option<&str>| Image::new(None, "a/b", Some(tag), digest);
        let both = of("v1", Some(&digest));
        assert!(both.is_some());
        assert_eq!(of(&format!("v1@{digest}"), None), both);
        let only = Image::new(None, "a/b", None, Some(&digest));
        assert_eq!(of(&digest, None), only);
        assert_eq!(of(&format!("@{digest}"), None), only);
        assert_eq!(of("v1@sha256:12", None), None);
        assert_eq!(of("sha256:12", None), None);
    }

    #[test]
    fn what_is_no_image_is_none() {
        for text in [
            "",
            "https://example.com/a",
            "Nginx",
            "a b",
            "{{ .Values.image }}",
            "a@sha256:12",
            "a:",
            "a/",
            "-a",
            "a:b:c",
        ] {
            assert_eq!(Image::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}", other in "[a-z:/@0-9.]{0,90}") {
            let _ = Image::parse(&text);
            let _ = Image::parse(&other).map(|image| image.component());
        }
    }
}
