//! Keys that never leave their token.

mod object;
mod token;
mod uri;

pub use token::{TokenAccess, TokenKey};
pub use uri::TokenUri;
