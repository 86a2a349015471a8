//! A port number in, a whole Sigstore on loopback out: identity provider, certificate authority, both versions of the
//! transparency log, timestamp authority, TUF repository and OCI registry, in one process, for tests, pilots and the first five minutes.
//!
//! [`Sigstore`] is the thing itself, without a socket, clock or source of randomness of its own: the same [`Keys`] and the
//! same times give the same bytes. [`Server`] puts it on a port. Nothing it issues is worth anything outside: its root is in nobody's trust store.

mod authority;
mod clock;
mod error;
mod kept;
mod keys;
mod log;
mod oidc;
mod public_key;
pub mod registry;
mod server;
mod sigstore;
mod timestamp;
mod trust;
mod tuf;
mod x509;

pub use authority::{IssuedCertificate, KeyProof};
pub use clock::{Clock, ManualClock};
pub use error::Error;
pub use keys::Keys;
pub use log::{HashedRekord, LoggedV1, ProposalV1, RequestV2};
pub use oidc::Claims;
pub use public_key::{HashAlgorithm, PublicKey, Verifier};
pub use server::{Server, Signals, Waited};
pub use sigstore::{Config, Sigstore};
pub use timestamp::TimestampRequest;
pub use tuf::{TufEdition, TufPlan, TufRole, TufRoot};
