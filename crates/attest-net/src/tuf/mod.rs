//! The root of a repository in, trust material that it vouches for out: a client of The Update Framework.
//!
//! | type | what it is |
//! |---|---|
//! | [`TrustAnchor`] | a mirror, and the root metadata that trust in it begins with |
//! | [`TrustCache`] | a file that remembers what was fetched, and is verified again whenever it is read |
//! | [`TrustMaterial`] | a trusted root and a signing configuration, verified from the anchor on |
//!
//! Reading opens no connection. Updating follows the client workflow of the specification (version 1.0.34, section 5.3 to
//! 5.7), with one moment for every expiry; the metadata itself is parsed and verified by `sigstore-tuf`. Delegated targets
//! are not followed: no Sigstore instance delegates the files that are read here.

mod anchor;
mod cache;
mod error;
mod listing;
mod material;
mod refresh;
mod source;
mod state;
#[cfg(test)]
mod tests;

pub use anchor::TrustAnchor;
pub use cache::{TrustCache, TrustUpdate, Updated};
pub use error::TufError;
pub use listing::{ListedAuthority, ListedCertificate, ListedLog, TrustListing, Window};
pub use material::{TrustMaterial, TufVersions};

/// The trusted root of the public-good instance of Sigstore, as it was when this program was built.
pub const PUBLIC_GOOD_TRUSTED_ROOT: &str = sigstore_trust_root::SIGSTORE_PRODUCTION_TRUSTED_ROOT;

/// The trusted root of the instance of GitHub, as it was when this program was built.
pub const GITHUB_TRUSTED_ROOT: &str = sigstore_trust_root::SIGSTORE_GITHUB_TRUSTED_ROOT;

/// When the embedded roots were surely the newest, as seconds since 1970. What they were refreshed upon was published on
/// 2026-10-13, and a test holds their digests, so that new ones come with a new date.
pub const EMBEDDED_AS_OF: i64 = 1_791_849_600;
