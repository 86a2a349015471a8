use crate::failure::Failure;

/// cosign's words for predicate types, so that hands need not learn new ones.
const WORDS: [(&str, &str); 10] = [
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
    ("spdx", "https://spdx.dev/Document"),
    ("spdxjson", "https://spdx.dev/Document"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("link", "https://in-toto.io/Link/v1"),
    ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
    ("openvex", "https://openvex.dev/ns"),
    ("custom", CUSTOM),
];

/// Anything, as text, beside the time at which it was said.
pub(crate) const CUSTOM: &str = "https://cosign.sigstore.dev/attestation/v1";

/// That an image is signed, and no more.
///
/// Source: cosign, `specs/BUNDLE_SPEC.md`.
pub(crate) const IMAGE_SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";

/// The URI that a word for a predicate type stands for; a URI stands for itself.
pub(crate) fn type_uri(kind: &str) -> Result<String, Failure> {
    if let Some((_, uri)) = WORDS.iter().find(|(word, _)| *word == kind) {
        return Ok((*uri).to_owned());
    }
    match kind.split_once(':') {
        Some((scheme, rest)) if !scheme.is_empty() && !rest.is_empty() => Ok(kind.to_owned()),
        _ => {
            let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
            let message = format!("expected a URI or one of {}, found `{kind}`", words.join(", "));
            Err(Failure::usage("predicate-type-unknown", message).at("--type"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_a_word_of_cosign_or_a_uri() {
        assert_eq!(type_uri("slsaprovenance1").unwrap(), "https://slsa.dev/provenance/v1");
        assert_eq!(
            type_uri("https://example.com/x/v1").unwrap(),
            "https://example.com/x/v1"
        );
        assert_eq!(type_uri("slsa").unwrap_err().code(), "predicate-type-unknown");
        assert_eq!(type_uri(":").unwrap_err().code(), "predicate-type-unknown");
    }
}
