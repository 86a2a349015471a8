//! Media types and type URIs, each as its specification spells it.

/// The payload of an in-toto envelope (in-toto attestation v1, `envelope.md`).
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A statement, version 1 (in-toto attestation v1, `statement.md`).
pub const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";

/// A statement, version 0.1, as cosign's `attest-blob` still writes it.
pub const STATEMENT_V0_1: &str = "https://in-toto.io/Statement/v0.1";

/// A Sigstore bundle, version 0.1. What older formats become: the last version that is content with the promise of a log.
pub const BUNDLE_V0_1: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";

/// A Sigstore bundle, version 0.3 (`sigstore_bundle.proto`). The one that is written.
pub const BUNDLE_V0_3: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// SLSA provenance, version 1 (<https://slsa.dev/provenance/v1>).
pub const SLSA_PROVENANCE_V1: &str = "https://slsa.dev/provenance/v1";

/// A tree manifest (OpenSSF Model Signing 1.0, section 5.1).
pub const MODEL_SIGNATURE_V1: &str = "https://model_signing/signature/v1.0";

/// A tree manifest whose subjects are the files, as it was before version 1.0 (OpenSSF Model Signing 1.0, section 11).
pub const MODEL_DIGESTS_V0_1: &str = "https://model_signing/Digests/v0.1";
