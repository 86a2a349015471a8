//! The vocabulary that every part of the toolkit shares: subjects, statements, envelopes, bundles, and their limits.
//!
//! In: names and digests that were measured, or JSON from anywhere. Out: values that cannot be malformed, and the exact
//! bytes that get signed. No file, socket, clock, environment or key.
//!
//! | type | what it is | specification |
//! |---|---|---|
//! | [`Subject`] | one artifact, by name and digests | in-toto attestation v1, `resource_descriptor.md` |
//! | [`Statement`] | subjects and a predicate about them | in-toto attestation v1, `statement.md` |
//! | [`Envelope`] | the exact bytes of a statement and one signature | DSSE 1.0.2, `envelope.md` |
//! | [`TreeManifest`](manifest::TreeManifest) | every file of a directory | OpenSSF Model Signing 1.0, `spec/v1.0.md` |
//! | [`Bundle`] | an envelope or a bare signature, with its evidence | Sigstore protobuf-specs, `sigstore_bundle.proto` |

mod bundle;
mod envelope;
pub mod foreign;
mod json;
pub mod limits;
pub mod manifest;
pub mod media_type;
mod statement;
mod subject;
mod untrusted;

pub use bundle::{
    Bundle, BundleError, BundleErrorKind, BundleVersion, InclusionProof, KeyMaterial, LogEntry, MessageSignature,
    SignedContent, Unverified, parse_bundles,
};
pub use envelope::{Envelope, Payload, pre_authentication_encoding};
pub use json::parse_unambiguous;
pub use statement::{Predicate, Statement, StatementError};
pub use subject::{Subject, SubjectError};
pub use untrusted::Untrusted;
