//! The transparency logs: Rekor version 1 and version 2 over one kind of Merkle tree.

mod checkpoint;
mod entry;
mod merkle;
mod rekor1;
mod rekor2;

pub use entry::HashedRekord;
pub(crate) use merkle::Tree;
pub(crate) use rekor1::Rekor1;
pub use rekor1::{LoggedV1, ProposalV1};
pub(crate) use rekor2::Rekor2;
pub use rekor2::RequestV2;
