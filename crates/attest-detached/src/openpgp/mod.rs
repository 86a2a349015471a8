//! OpenPGP: RFC 9580. The packets, the certificates and the arithmetic are those of the `pgp` crate; what counts is
//! decided here.

mod certificate;
mod clear_signed;
mod component;
mod packet;
mod policy;
mod signature;

pub(crate) use certificate::Certificates;
pub use clear_signed::{CLEAR_SIGNED_LIMIT, ClearSigned, VerifiedText};
pub(crate) use signature::OpenPgpSignatures;
