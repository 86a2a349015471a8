//! The name of an image in, its parts out.
//!
//! Source: `distribution/reference`, grammar: a host has a full stop, a colon or is `localhost`; a path is of lower case.

use packageurl::PackageUrl;

use crate::cyclonedx::{Component, ComponentKind, OrganizationalEntity, Property};

/// An image: where it is kept, under which tag or digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Image {
    /// With its host, if one is written.
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// Where images are kept that name no host.
const DEFAULT_HOST: &str = "docker.io";

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

    /// Nothing if a part is not what it should be.
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
        let is_right = is_repository(&repository) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
        is_right.then(|| Self {
            repository,
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    pub(super) fn is_named_exactly(&self) -> bool {
        self.tag.is_some() || self.digest.is_some()
    }

    pub(super) fn repository(&self) -> &str {
        &self.repository
    }

    /// The image as a component: with a package URL only if a digest says which one it is, since a tag may be given to
    /// another one tomorrow.
    pub(super) fn component(&self) -> Component {
        let (host, path) = self.host_and_path();
        let account = path
            .split_once('/')
            .map_or(host.to_owned(), |(account, _)| format!("{host}/{account}"));
        let mut reference = self.repository.clone();
        for (mark, part) in [(':', &self.tag), ('@', &self.digest)] {
            reference.extend(part.iter().flat_map(|part| [mark.to_string(), part.clone()]));
        }
        Component {
            version: self.tag.clone().or_else(|| self.digest.clone()),
            purl: self.purl(),
            supplier: Some(OrganizationalEntity {
                name: account,
                url: Vec::new(),
                contact: Vec::new(),
            }),
            properties: vec![Property {
                name: "attest:oci:reference",
                value: reference,
            }],
            ..Component::new(ComponentKind::Container, self.repository.as_str())
        }
    }

    fn host_and_path(&self) -> (&str, &str) {
        match self.repository.split_once('/') {
            Some((host, path)) if is_host(host) => (host, path),
            _ => (DEFAULT_HOST, &self.repository),
        }
    }

    /// Source: purl specification, type `oci`.
    fn purl(&self) -> Option<String> {
        let digest = self.digest.as_deref()?;
        let (host, path) = self.host_and_path();
        let name = path.rsplit('/').next()?;
        let mut purl = PackageUrl::new("oci", name).ok()?;
        purl.with_version(digest).ok()?;
        purl.add_qualifier("repository_url", format!("{host}/{path}")).ok()?;
        if let Some(tag) = &self.tag {
            purl.add_qualifier("tag", tag.as_str()).ok()?;
        }
        Some(purl.to_string())
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
