use jiff::Timestamp;
use sigstore_tuf::TrustedMetadataSet;

use super::TufError;
use super::error::fault;
use super::source::MAX_ROOT_BYTES;
use crate::Endpoint;

/// Where trust in a repository begins: its address, and the root metadata that was obtained by another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustAnchor {
    mirror: Endpoint,
    root: String,
    version: u64,
    expires: Timestamp,
    embedded: bool,
}

/// What a root that is embedded says of itself, so that nothing is parsed for it when nothing was fetched.
struct Embedded {
    mirror: &'static str,
    root: &'static str,
    version: u64,
    expires: i64,
}

const PUBLIC_GOOD: Embedded = Embedded {
    mirror: "https://tuf-repo-cdn.sigstore.dev",
    root: include_str!("anchors/public-good.16.root.json"),
    version: 16,
    expires: 1_808_422_051,
};

const GITHUB: Embedded = Embedded {
    mirror: "https://tuf-repo.github.com",
    root: include_str!("anchors/github.9.root.json"),
    version: 9,
    expires: 1_801_167_533,
};

impl TrustAnchor {
    /// The public-good instance of Sigstore, with version 16 of its root.
    #[must_use]
    pub fn public_good() -> Self {
        Self::embedded(&PUBLIC_GOOD)
    }

    /// The instance of GitHub, with version 9 of its root.
    #[must_use]
    pub fn github() -> Self {
        Self::embedded(&GITHUB)
    }

    /// Any other repository. What is given as its root is believed because it is given.
    ///
    /// # Errors
    /// When the URL cannot be used, or the root is not signed by itself.
    pub fn new(mirror: &str, root: &[u8]) -> Result<Self, TufError> {
        if root.len() > MAX_ROOT_BYTES {
            return Err(TufError::TooLarge {
                file: "the first root".to_owned(),
                limit: MAX_ROOT_BYTES,
            });
        }
        let malformed = |detail: String| TufError::Malformed {
            file: "the first root".to_owned(),
            detail,
        };
        let mirror = Endpoint::parse(mirror)?;
        let root = std::str::from_utf8(root).map_err(|error| malformed(error.to_string()))?;
        let mut anchor = Self {
            mirror,
            root: root.to_owned(),
            version: 0,
            expires: Timestamp::MIN,
            embedded: false,
        };
        let set = anchor.begin()?;
        (anchor.version, anchor.expires) = (set.root().version, set.root().expires);
        Ok(anchor)
    }

    fn embedded(embedded: &Embedded) -> Self {
        Self {
            mirror: Endpoint::parse(embedded.mirror).expect("the embedded address is one, and a test says so"),
            root: embedded.root.to_owned(),
            version: embedded.version,
            expires: Timestamp::from_second(embedded.expires).expect("a time of this century is one"),
            embedded: true,
        }
    }

    /// Where the repository is.
    #[must_use]
    pub fn mirror(&self) -> &Endpoint {
        &self.mirror
    }

    /// The version of the root that trust begins with.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When that root runs out. Newer ones are found all the same.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The root metadata, as it was given.
    #[must_use]
    pub fn root(&self) -> &str {
        &self.root
    }

    pub(super) fn is_embedded(&self) -> bool {
        self.embedded
    }

    /// The state of a client that knows nothing but this.
    pub(super) fn begin(&self) -> Result<TrustedMetadataSet, TufError> {
        TrustedMetadataSet::from_root(self.root.as_bytes()).map_err(|error| fault("the first root", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_anchors_are_signed_by_themselves() {
        for anchor in [TrustAnchor::public_good(), TrustAnchor::github()] {
            let read = TrustAnchor::new(&anchor.mirror().to_string(), anchor.root().as_bytes()).unwrap();
            let embedded = true;
            assert_eq!(TrustAnchor { embedded, ..read }, anchor);
        }
        let mirror = |anchor: TrustAnchor| anchor.mirror().to_string();
        assert_eq!(mirror(TrustAnchor::public_good()), "https://tuf-repo-cdn.sigstore.dev/");
        assert_eq!(mirror(TrustAnchor::github()), "https://tuf-repo.github.com/");
    }

    #[test]
    fn the_embedded_roots_are_those_of_their_date() {
        let digest = |json: &str| sigstore_crypto::sha256(json.as_bytes()).to_hex();
        let digests = [
            digest(super::super::PUBLIC_GOOD_TRUSTED_ROOT),
            digest(super::super::GITHUB_TRUSTED_ROOT),
        ];
        assert_eq!(
            (super::super::EMBEDDED_AS_OF, digests),
            (
                1_791_849_600,
                [
                    "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66".to_owned(),
                    "484cdfe1a7c65479c5ba2a22193d1be90f0020db1997de696ab207434c62fbb7".to_owned()
                ]
            )
        );
    }

    #[test]
    fn a_root_that_was_changed_is_no_anchor() {
        let root = TrustAnchor::public_good()
            .root()
            .replacen("\"version\": 16", "\"version\": 17", 1);
        let error = TrustAnchor::new("https://tuf.example.com", root.as_bytes()).unwrap_err();
        let (expected, found) = (3, 0);
        let (file, role) = ("the first root".to_owned(), "root".to_owned());
        assert_eq!(
            error,
            TufError::Threshold {
                file,
                role,
                expected,
                found
            }
        );
    }

    #[test]
    fn a_mirror_in_the_clear_on_another_machine_is_refused() {
        let root = TrustAnchor::github().root;
        let error = TrustAnchor::new("http://tuf.example.com", root.as_bytes()).unwrap_err();
        assert!(matches!(error, TufError::Net(crate::Error::Url { .. })), "{error}");
    }

    #[test]
    fn an_oversized_root_is_not_read() {
        let error = TrustAnchor::new("https://tuf.example.com", &vec![b' '; MAX_ROOT_BYTES + 1]).unwrap_err();
        let file = "the first root".to_owned();
        let limit = MAX_ROOT_BYTES;
        assert_eq!(error, TufError::TooLarge { file, limit });
    }
}
