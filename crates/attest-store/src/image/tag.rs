use attest_digest::Digest;

/// What cosign 2 keeps below a tag of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CosignTag {
    /// `.sig`: signatures.
    Signatures,
    /// `.att`: attestations.
    Attestations,
    /// `.sbom`: a list of contents.
    Sbom,
}

impl CosignTag {
    /// `sha256-HEX.sig` and so on.
    ///
    /// ```
    /// use attest_store::image::CosignTag;
    ///
    /// let digest = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
    /// assert_eq!(CosignTag::Signatures.of(&digest), format!("sha256-{}.sig", "0".repeat(64)));
    /// ```
    #[must_use]
    pub fn of(self, subject: &Digest) -> String {
        let ending = match self {
            Self::Signatures => "sig",
            Self::Attestations => "att",
            Self::Sbom => "sbom",
        };
        format!("{}-{}.{ending}", subject.algorithm(), subject.to_hex())
    }
}

/// The longest algorithm and the longest hexadecimal digest in a tag: the specification cuts them off.
const MAX_ALGORITHM: usize = 32;
const MAX_HEX: usize = 64;

/// Below which tag referrers are kept where the registry lists none (OCI distribution specification 1.1, "Referrers Tag
/// Schema").
#[must_use]
pub fn fallback_tag(subject: &Digest) -> String {
    let cut = |text: String, length| text.chars().take(length).collect::<String>();
    let algorithm = cut(subject.algorithm().to_string(), MAX_ALGORITHM);
    format!("{algorithm}-{}", cut(subject.to_hex(), MAX_HEX))
}
