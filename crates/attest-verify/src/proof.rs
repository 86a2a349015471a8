//! One token for each check. A token can be looked at everywhere, and made only in the module that makes the check.

pub use crate::certificate::{CertificatePublished, CertificateTrusted};
pub use crate::identity::IdentityMatched;
pub use crate::log::LogIncluded;
pub use crate::signature::SignatureValid;
pub use crate::subject::SubjectMatched;
pub use crate::times::TimeSigned;
