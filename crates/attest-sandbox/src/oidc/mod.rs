//! The issuer of identity tokens: OpenID Connect Core 1.0 with RS256, and the grants that Sigstore clients use.

mod claims;
mod device;
mod grant;
mod key;
mod token;

pub use claims::Claims;
pub(crate) use device::{Decision, DeviceCodes, Devices, INTERVAL};
pub(crate) use grant::{Authorization, Consent, Grants, LIFETIME, Shown};
pub(crate) use key::OidcKey;
pub(crate) use token::{Accepted, VerifiedToken, mint};
