//! The timestamp authority (RFC 3161).

mod authority;
mod request;
mod token;
mod wire;

pub(crate) use authority::TimestampAuthority;
pub use request::TimestampRequest;
