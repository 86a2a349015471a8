//! Paths in, untrusted bundle bytes out, with limits.
//!
//! In: the path of an artifact, or of a file that may hold evidence. Out: where its evidence may lie, whether a file is
//! evidence by its name, and its bytes as [`Untrusted`](attestation::Untrusted). Nothing here is believed, and no content
//! is looked at: what a file holds cannot turn it from something that needs evidence into evidence.
//!
//! | where | for the artifact `X` |
//! |---|---|
//! | bundles beside it | `X.sigstore.json`, `.sigstore.jsonl`, `.sigstore`, `.intoto.jsonl`, `.publish.attestation`, `.slsa.attestation`, `.attestation`, `.attestations.json`, `.provenance`, `.bundle` |
//! | signatures beside it | `X.sig`, `.minisig`, `.sshsig`, `.asc` |
//! | what belongs to a signature | `X.pem`, `.crt`, `.cert`: the certificate; `X.rekor`, `.rekor.json`: the log entry; `X.tsr`: the timestamp |
//! | beside an image | what [`image`] says |
//! | in its directory | every other `*.sigstore.json`, `*.sigstore.jsonl` and `*.intoto.jsonl`, for example one statement about a whole release |

mod error;
mod evidence;
mod file;
pub mod image;
mod sidecar;

pub use error::StoreError;
pub use evidence::{EvidenceBeside, EvidenceKind, SignatureFiles, artifact_of, evidence_beside, is_evidence_of};
pub use file::read_bundle_file;
pub use sidecar::{has_bundle_name, is_sidecar_of, neighbours, own_sidecars};
