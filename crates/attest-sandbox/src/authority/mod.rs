//! The certificate authority: Fulcio's profile, with an embedded signed certificate timestamp.

mod certificate;
mod chain;
mod profile;
mod proof;
mod sct;

pub use certificate::IssuedCertificate;
pub(crate) use certificate::Issuing;
pub(crate) use chain::{Chain, end, key_identifiers, self_signed};
pub(crate) use profile::Profile;
pub use proof::KeyProof;
pub(crate) use sct::CertificateLog;
