//! Evidence as other clients keep it, written anew as the bundle that it amounts to.
//!
//! In: the bytes of a file. Out: which [`Format`] it is, by content alone, and every signature in it as a
//! [`Bundle`](crate::Bundle) that the one strict parser has read. A conversion checks nothing and believes nothing: what it
//! cannot say in a bundle it leaves out or refuses, so a verifier that knows bundles knows all of these.
//!
//! | format | source |
//! |---|---|
//! | Sigstore bundle, alone, in JSON lines or one after the other | protobuf-specs, `sigstore_bundle.proto` |
//! | blob bundle of cosign before version 3 | cosign, `LocalSignedPayload` |
//! | signature, certificate, log entry and timestamp in files of their own | cosign, `sign-blob`; Rekor v1, `openapi.yaml` |
//! | answer of GitHub's attestation API | GitHub REST API, "List attestations" |
//! | answer of npm's attestation API | npm registry, `/-/npm/v1/attestations/` |
//! | attestation and provenance object of a Python package | PEP 740 |
//! | bundle of a tree manifest with a chain of certificates, or a key | OpenSSF Model Signing 1.0, sections 4.1 and 11.1 |
//! | DSSE envelope, alone or in JSON lines | DSSE 1.0.2, `envelope.md`; in-toto attestation v1, `bundle.md` |

mod base64;
mod cosign;
mod cosign_parts;
mod der;
mod detached;
mod draft;
mod dsse;
mod error;
mod evidence;
mod format;
mod lists;
mod log_entry;
mod model_signing;
mod pem;
mod pypi;
mod shape;

pub use cosign_parts::{CosignParts, CosignSigned, NotForCosign};
pub use detached::Detached;
pub use error::EvidenceError;
pub use evidence::{Limits, read_evidence};
pub use format::Format;
pub use model_signing::{ModelSigner, to_model_signing};
pub use pem::{PemBlock, read_pem};
pub use pypi::to_pep740;

#[cfg(test)]
mod tests;
