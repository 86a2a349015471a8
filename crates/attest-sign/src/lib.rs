//! Statements and measured artifacts in, signed bundles out. No socket, no clock, no environment: what a signature needs
//! from the world comes through the ports.
//!
//! | port | what it gives | who implements it |
//! |---|---|---|
//! | [`IdentityProvider`] | a token that says who signs | `attest-net`, the sandbox |
//! | [`CertificateAuthority`] | a short-lived certificate for a key and a token | `attest-net` (Fulcio) |
//! | [`TransparencyLog`] | an entry that says the signature was published | `attest-net` (Rekor) |
//! | [`TimestampAuthority`] | a token that says when the signature existed | `attest-net` (RFC 3161) |
//! | [`Clock`] | the time, to notice a certificate that has run out | the front end |
//!
//! A [`Session`] asks for one certificate and signs as many statements and artifacts with it as its life allows.
//!
//! Whether a bundle is any good is for a verifier to say; nothing here verifies.

mod bundle;
mod certificate;
mod error;
mod evidence;
mod key;
mod ports;
mod session;
mod token;

pub use certificate::SigningCertificate;
pub use error::{Error, Port};
pub use evidence::{LogEntry, TimestampToken};
pub use key::EphemeralKey;
pub use ports::{
    CertificateAuthority, CertificateRequest, Clock, IdentityProvider, LogRequest, Ports, SigningKey,
    TimestampAuthority, TransparencyLog,
};
pub use session::{CLOCK_ALLOWANCE, Session};
pub use token::IdentityToken;
