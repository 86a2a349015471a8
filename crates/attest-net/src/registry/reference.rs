use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use attest_digest::{Algorithm, Digest};
use oci_distribution::Reference as Split;

/// What a reference may begin with, where it stands beside paths.
const SCHEME: &str = "oci://";

/// The longest name of a repository that registries accept. Source: OCI distribution-spec 1.1, "Pulling manifests".
const MAX_NAME: usize = 255;

/// The registry that is meant where none is named, and where its interface is.
const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_INTERFACE: &str = "registry-1.docker.io";

/// A repository of a registry: `registry.example.org:5000/team/app`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    registry: String,
    name: String,
}

/// A name that a registry may give to another manifest tomorrow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

/// How a manifest is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pointer {
    /// By its name.
    Tag(Tag),
    /// By what it is.
    Digest(Digest),
}

/// `[REGISTRY/]NAME[:TAG][@DIGEST]`, with or without `oci://`.
///
/// What stands before the first `/` is a registry if it has a dot or a port, or is `localhost`; otherwise the registry is
/// `docker.io`, where a name of one part means `library/NAME`. Without tag and digest the tag is `latest`. With both, the digest
/// counts. These are Docker's rules, which everybody else follows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    repository: Repository,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

/// Why some text names nothing in a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
pub struct InvalidReference {
    /// What would do.
    pub expected: &'static str,
    /// The text that was found.
    pub found: String,
}

fn invalid(expected: &'static str, found: &str) -> InvalidReference {
    InvalidReference {
        expected,
        found: found.to_owned(),
    }
}

impl Repository {
    /// A repository by the `host[:port]` of its registry and its name there.
    ///
    /// # Errors
    /// [`InvalidReference`] when one of them cannot be.
    pub fn new(registry: &str, name: &str) -> Result<Self, InvalidReference> {
        if !is_registry(registry) {
            return Err(invalid("a registry such as `registry.example.org:5000`", registry));
        }
        if name.len() > MAX_NAME || !name.split('/').all(is_name_part) {
            return Err(invalid("a repository such as `team/app`, in lower case", name));
        }
        Ok(Self {
            registry: registry.to_ascii_lowercase(),
            name: name.to_owned(),
        })
    }

    /// The registry as it is called: `docker.io`, `registry.example.org:5000`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The name in the registry: `library/debian`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Another repository of the same registry.
    ///
    /// # Errors
    /// As for [`Repository::new`].
    pub fn sibling(&self, name: &str) -> Result<Self, InvalidReference> {
        Self::new(&self.registry, name)
    }

    /// Where the interface of the registry is, as `host[:port]`.
    pub(super) fn host(&self) -> &str {
        match &*self.registry {
            DOCKER_HUB => DOCKER_HUB_INTERFACE,
            registry => registry,
        }
    }

    /// Whether the registry is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.registry.rsplit_once(':').map_or(&*self.registry, |(host, _)| host);
        // RFC 6761 reserves `localhost` and everything below it for the loopback interface.
        host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let is_label = |label: &str| {
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    host.split('.').all(is_label) && port.is_none_or(is_port)
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_name_part(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut separators = part.split(|character: char| character.is_ascii_lowercase() || character.is_ascii_digit());
    let is_separator = |text: &str| matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    let bytes = part.as_bytes();
    let ends_in_words = bytes.first().copied().is_some_and(is_word) && bytes.last().copied().is_some_and(is_word);
    ends_in_words && separators.all(is_separator)
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.name)
    }
}

impl Tag {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the referrers of a manifest stand in a registry without the interface for them: `sha256-<hex>`.
    ///
    /// Source: OCI distribution-spec 1.1, "Referrers Tag Schema": at most 32 and 64 characters.
    #[must_use]
    pub fn of_referrers(subject: &Digest) -> Self {
        let hex = subject.to_hex();
        Self(format!("{}-{}", subject.algorithm(), &hex[..hex.len().min(64)]))
    }
}

impl FromStr for Tag {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_inner = |byte: u8| is_word(byte) || byte == b'.' || byte == b'-';
        let begins = text.bytes().next().is_some_and(is_word);
        match begins && text.len() <= 128 && text.bytes().all(is_inner) {
            true => Ok(Self(text.to_owned())),
            false => Err(invalid("a tag such as `v1.2.0`", text)),
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl Reference {
    /// A manifest of a repository.
    #[must_use]
    pub fn new(repository: Repository, pointer: Pointer) -> Self {
        let (tag, digest) = match pointer {
            Pointer::Tag(tag) => (Some(tag), None),
            Pointer::Digest(digest) => (None, Some(digest)),
        };
        Self {
            repository,
            tag,
            digest,
        }
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag, if one was named, or nothing was.
    #[must_use]
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, if one was named: SHA-256 or SHA-512.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What is asked for: the digest if there is one.
    #[must_use]
    pub fn pointer(&self) -> Pointer {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => Pointer::Digest(digest.clone()),
            (None, Some(tag)) => Pointer::Tag(tag.clone()),
            (None, None) => Pointer::Tag(Tag("latest".to_owned())),
        }
    }

    /// The same, held to a digest.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        Self {
            digest: Some(digest),
            ..self.clone()
        }
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;

    /// The library splits, by Docker's rules; what it lets through beyond the specification is refused by our own types.
    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let bare = text.strip_prefix(SCHEME).unwrap_or(text);
        let wrong = || invalid("a reference such as `registry.example.org/team/app:v1`", text);
        let split: Split = bare.parse().map_err(|_| wrong())?;
        Ok(Self {
            repository: Repository::new(split.registry(), split.repository())?,
            tag: split.tag().map(str::parse).transpose()?,
            digest: split.digest().map(oci_digest).transpose()?,
        })
    }
}

/// A digest by an algorithm that OCI registers. Source: OCI image-spec 1.1, `descriptor.md`.
pub(super) fn oci_digest(text: &str) -> Result<Digest, InvalidReference> {
    match text.parse::<Digest>() {
        Ok(digest) if matches!(digest.algorithm(), Algorithm::Sha256 | Algorithm::Sha512) => Ok(digest),
        _ => Err(invalid("a digest by sha256 or sha512, in lower case", text)),
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.repository.fmt(f)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn shown(text: &str) -> String {
        text.parse::<Reference>().unwrap().to_string()
    }

    #[test]
    fn what_is_left_out_is_filled_in_by_dockers_rules() {
        for (text, whole) in [
            ("debian", "docker.io/library/debian:latest"),
            ("debian:12", "docker.io/library/debian:12"),
            ("team/app", "docker.io/team/app:latest"),
            ("index.docker.io/debian", "docker.io/library/debian:latest"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5000/app:v1", "localhost:5000/app:v1"),
            ("host:5000/a/b/c", "host:5000/a/b/c:latest"),
            ("GHCR.io/team/app_x--y.z:V1", "ghcr.io/team/app_x--y.z:V1"),
            ("oci://127.0.0.1:5000/app", "127.0.0.1:5000/app:latest"),
        ] {
            assert_eq!(shown(text), whole, "{text}");
        }
    }

    #[test]
    fn a_digest_counts_before_a_tag_and_the_tag_is_kept() {
        let reference: Reference = format!("example.org/app:v1@sha256:{HEX}").parse().unwrap();
        assert_eq!(reference.to_string(), format!("example.org/app:v1@sha256:{HEX}"));
        assert_eq!(reference.pointer().to_string(), format!("sha256:{HEX}"));
        let pinned: Reference = format!("example.org/app@sha256:{HEX}").parse().unwrap();
        assert_eq!(pinned.tag(), None);
    }

    #[test]
    fn what_the_library_lets_through_is_rejected() {
        let upper = HEX.to_uppercase();
        for (text, expected) in [
            ("Team/app".to_owned(), "a repository such as `team/app`, in lower case"),
            ("example.org/app:vé".to_owned(), "a tag such as `v1.2.0`"),
            (
                format!("example.org/app@sha256:{upper}"),
                "a digest by sha256 or sha512, in lower case",
            ),
            (
                format!("example.org/app@sha384:{HEX}{}", &HEX[..32]),
                "a digest by sha256 or sha512, in lower case",
            ),
            (
                "example.org:99999/app".to_owned(),
                "a registry such as `registry.example.org:5000`",
            ),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap_err().expected, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_rejected() {
        for text in [
            "",
            ":v1",
            "@sha256:00",
            "example.org/",
            "example.org//app",
            "a b",
            "example.org/../app",
            "https://example.org/app",
            "user@example.org/app",
            "example.org/app?x",
            "example.org/a___b",
            "[::1]:5000/app",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_known_by_name_and_by_address() {
        for (registry, expected) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("registry.localhost:1", true),
            ("127.0.0.1:5000", true),
            ("127.8.8.8", true),
            ("localhost.example.org", false),
            ("127.0.0.1.example.org:1", false),
            ("10.0.0.1:5000", false),
        ] {
            let repository = Repository::new(registry, "app").unwrap();
            assert_eq!(repository.is_loopback(), expected, "{registry}");
        }
    }

    #[test]
    fn the_tag_of_referrers_is_cut_where_the_specification_cuts_it() {
        let digest: Digest = format!("sha256:{HEX}").parse().unwrap();
        assert_eq!(Tag::of_referrers(&digest).as_str(), format!("sha256-{HEX}"));
        let long: Digest = format!("sha512:{HEX}{HEX}").parse().unwrap();
        assert_eq!(Tag::of_referrers(&long).as_str(), format!("sha512-{HEX}"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_printed_is_read_again(text in "[a-zA-Z0-9./:@_-]{0,60}|\\PC{0,40}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
            }
        }
    }
}
