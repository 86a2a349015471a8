//! Provenance that was verified, held against what was asked for.
//!
//! In: the predicate of a statement whose signature **has been verified**, who signed it, and what is expected. Out: nothing,
//! or a [`Mismatch`] that names the field with what was expected and found. The steps are those of the SLSA specification,
//! "Verifying artifacts": [`RootsOfTrust`] says up to which level a signer and a builder are believed (step 1),
//! [`BuildExpectation`] what the build has to have been (step 2). Dependencies are not followed (step 3, optional).
//!
//! Source: <https://slsa.dev/spec/v1.2/verifying-artifacts>.

mod certificate;
mod claims;
mod expectation;
mod mismatch;
mod roots;
mod source;

pub use claims::BuildClaims;
pub use expectation::BuildExpectation;
pub use mismatch::Mismatch;
pub use roots::{BuildLevel, BuildSigner, InvalidRoots, RootsOfTrust};
pub use source::SourceClaim;
