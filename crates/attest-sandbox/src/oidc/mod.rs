//! The issuer of identity tokens: OpenID Connect Core 1.0 with RS256, and the grants that Sigstore clients use.

mod claims;
mod grant;
mod key;
mod token;

pub use claims::Claims;
pub(crate) use grant::{Authorization, Grants};
pub(crate) use key::OidcKey;
pub(crate) use token::{Accepted, VerifiedToken, mint};
