//! A seed and a fixed time in, fixtures out: bundles that are good, and bundles that are wrong in exactly one way.
//!
//! Development only. A [`World`] is a whole Sigstore whose keys follow from one byte and whose clock stands still, so that
//! the same call gives the same bundle on every machine. [`fixtures`] is the list of what is checked in under `fixtures/`;
//! `cargo run -p attest-testkit --bin regenerate-fixtures -- fixtures` writes it anew, and a test compares byte for byte.

mod conformance;
mod error;
mod fixture;
mod key;
mod key_signed;
mod mutant;
mod mutation;
pub mod own_authority;
mod world;

pub use conformance::{ConformanceCase, conformance_cases, write_conformance};
pub use error::Error;
pub use fixture::{Fixture, FormatFixture, FormatVerdict, Verdict, fixtures, format_fixtures, write_fixtures};
pub use key::SeededKey;
pub use key_signed::KeySigner;
pub use mutant::{Donors, Mutant, Random, mutants};
pub use mutation::Mutation;
pub use world::{ISSUER, LogVersion, SIGNED_AT, WORKFLOW, World};

use attest_digest::{Algorithm, Algorithms, Digest, Measured};

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
    let digest = measured.digest(Algorithm::Sha256).map(Digest::as_bytes);
    let digest = digest.expect("it was asked for");
    digest.try_into().expect("a SHA-256 has 32 bytes")
}
