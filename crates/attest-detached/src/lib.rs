//! Detached signatures of other worlds and the bytes they are over in, proofs out. Offline: no socket, no clock, no
//! environment.
//!
//! In: a [`DetachedSignature`] of minisign, signify, OpenPGP (RFC 9580) or SSH (OpenSSH's `PROTOCOL.sshsig`), the
//! [`SignerKeys`] that may have made it, the moment, and the message, which is read once. Out: a [`VerifiedDetached`] that
//! says which key signed, how, and what a signature of that world leaves open. A [`ClearSigned`] message of OpenPGP gives
//! its text away only together with such a proof.
//!
//! What is weak is refused by its name, whoever accepts it elsewhere: SHA-1 and MD5, DSA, RSA below 2048 bits, keys that
//! have run out, are revoked, or that no valid self-signature lets sign.

mod armor;
mod error;
mod format;
mod helm;
mod keys;
mod minisign;
mod openpgp;
mod proof;
mod signature;
mod ssh;
mod stream;
mod verification;

pub use error::DetachedError;
pub use format::Format;
pub use helm::helm_files;
pub use keys::{KEYS_LIMIT, SignerKeys};
pub use openpgp::{CLEAR_SIGNED_LIMIT, ClearSigned, VerifiedText};
pub use proof::VerifiedDetached;
pub use signature::{DetachedSignature, SIGNATURE_LIMIT};
pub use verification::{FILE_NAMESPACE, Verification};

pub(crate) use proof::Proof;
