//! Paths in, untrusted bundle bytes out, with limits.
//!
//! In: the path of an artifact, or of a file that may hold bundles. Out: where its bundles may lie, whether a file is a
//! bundle by its name, and its bytes as [`Untrusted`](attestation::Untrusted). Nothing here is believed.
//!
//! | where | for the artifact `X` |
//! |---|---|
//! | beside it | `X.sigstore.json`, `X.sigstore`, `X.sigstore.jsonl` |
//! | in its directory | every other `*.sigstore.json` and `*.sigstore.jsonl`, for example one statement about a whole release |

mod error;
mod file;
mod sidecar;

pub use error::StoreError;
pub use file::read_bundle_file;
pub use sidecar::{has_bundle_name, is_sidecar_of, neighbours, own_sidecars};
