//! Bundles in, proofs out. Offline: no socket, no environment, and the time is a parameter.
//!
//! The engine beneath also looks at the clock of the machine, for times of promises and keys of logs that lie in its
//! future. That can only reject more; no signature that is younger than the [`VerificationTime`] gets that far.
//!
//! In: a [`Bundle`](attestation::Bundle), a [`TrustRoot`], an [`Expectation`] of who signed, a [`VerificationTime`], and
//! what was measured of an artifact. Out: a [`Verified`], or a [`Rejection`] that says what was found and expected.
//!
//! ```
//! use attest_digest::{Algorithm, Algorithms, Measured};
//! use attest_verify::{
//!     Artifact, CertificateIdentity, Expectation, OidcIssuer, Rejection, TrustRoot, VerificationTime, Verified, Verifier,
//! };
//!
//! fn check(bundle: &attestation::Bundle, bytes: &[u8], now: VerificationTime) -> Result<Verified, Rejection> {
//!     let root = TrustRoot::public_good();
//!     let expectation = Expectation::certificate(
//!         CertificateIdentity::parse("https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1")?,
//!         OidcIssuer::parse("https://token.actions.githubusercontent.com")?,
//!     );
//!     let verified = Verifier::new(&root, now).verify_bundle(bundle, &expectation)?;
//!     let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
//!     verified.artifact(&Artifact::measured("app.tar.gz", &measured))
//! }
//! ```
//!
//! # What a `Verified` proves
//! It holds one token for every check, and a token can only be made where the check is made. There is no way to skip one:
//! no default expectation, no default time, no flag that turns a check off. A value cannot be made up elsewhere:
//!
//! ```compile_fail
//! let forged = attest_verify::proof::SignatureValid { _private: () };
//! ```
//!
//! The type can be named, though:
//!
//! ```
//! fn needs(_: &attest_verify::proof::SignatureValid) {}
//! ```
//!
//! # Who checks what
//! The `sigstore-*` family does the cryptography, behind types of ours. On top of it every byte of a bundle that nothing
//! authenticates has to be what the authenticated ones say it is, so that no changed byte goes unnoticed; `docs/TRUST.md`
//! lists it field by field.

mod artifact;
mod checkpoint;
mod claim;
mod engine;
mod expectation;
mod expected;
mod identity;
mod log;
pub mod proof;
mod rejection;
mod signer;
mod timestamp;
mod trust_root;
mod verified;
mod verifier;

pub use artifact::Artifact;
pub use claim::ClaimName;
pub use expectation::{CertificateIdentity, Expectation, InvalidExpectation, OidcIssuer, PublicKey, VerificationTime};
pub use expected::Expected;
pub use rejection::{Rejection, RejectionKind};
pub use signer::{CertifiedSigner, KeySigner, Signer, UnverifiedSigner};
pub use trust_root::{TrustRoot, TrustRootError};
pub use verified::{LogEvidence, TimeEvidence, Verified, VerifiedBundle};
pub use verifier::Verifier;
