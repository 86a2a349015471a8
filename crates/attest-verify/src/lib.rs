//! Bundles in, proofs out. Offline: no socket, no environment, no clock; the time is a parameter.
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
//! It holds one token for every check, and a token can only be made in the module that makes the check. There is no default
//! expectation and no default time. What a trust root has nobody to vouch for, and what a caller gives up in so many words
//! (`…_unsafe`), is named by [`Verified::not_checked`]. A value cannot be made up elsewhere:
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
//! # Order
//! A bundle passes, in this order: the kind of key; the logs that its entries name, and the fields that nothing signs; the
//! certificate and its path to an authority; the signature; that every entry is about this signature; that every entry is in
//! its log; every timestamp; the path at every signed time; certificate transparency; identity, issuer and claims. Every byte
//! of a bundle is signed or has to be what the signed ones say it is; `docs/TRUST.md` lists it field by field.
//!
//! # What is remembered
//! A [`TrustRoot`] remembers, within bounds, which signatures of logs and authorities and which certificates it found good.
//! Nothing else: a bundle that was rejected is checked again, and a time is always held against the certificate.

mod artifact;
mod asn1;
mod certificate;
mod claim;
mod crypto;
mod expectation;
mod expected;
mod hint;
mod identity;
mod log;
mod pem;
pub mod proof;
mod rejection;
mod signature;
mod signer;
mod subject;
mod subjects;
mod times;
mod timestamp;
mod token;
mod trust_root;
mod verified;
mod verifier;
mod window;

pub use artifact::Artifact;
pub use claim::ClaimName;
pub use expectation::{CertificateIdentity, Expectation, InvalidExpectation, OidcIssuer, PublicKey, VerificationTime};
pub use expected::Expected;
pub use rejection::{Rejection, RejectionKind};
pub use signer::{CertifiedSigner, KeySigner, Signer, UnverifiedSigner};
pub use trust_root::{TrustRoot, TrustRootError};
pub use verified::{LogEvidence, TimeEvidence, Verified, VerifiedBundle};
pub use verifier::{AtHand, Verifier};
