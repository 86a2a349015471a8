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
//! A [`Session`] signs as many statements and artifacts as it is given, in one of three ways: with a key that is forgotten
//! and a certificate that lives for minutes, with a key that verifiers know, or with a key and a certificate of one's own
//! authority. Keys are in memory ([`PrivateKey`]), in files ([`KeyFile`]) or in a token that is spoken to by PKCS #11
//! ([`TokenKey`]). What is to be logged later waits as a [`Pending`].
//!
//! Whether a bundle is any good is for a verifier to say; nothing here verifies.

mod bundle;
mod certificate;
mod error;
mod evidence;
mod key;
mod pending;
mod ports;
mod rekor;
mod session;
mod token;

pub use certificate::SigningCertificate;
pub use error::{Error, Port};
pub use evidence::{LogEntry, TimestampToken};
pub use key::pkcs11::{TokenAccess, TokenKey, TokenUri};
pub use key::{EncryptedKey, EphemeralKey, KeyAlgorithm, KeyFile, PrivateKey, PublicKey, Secret, SignatureAlgorithm};
pub use pending::Pending;
pub use ports::{
    CertificateAuthority, CertificateRequest, Clock, ContentKind, IdentityProvider, LogRequest, Logging, Ports,
    SigningKey, TimestampAuthority, TransparencyLog, Verifier, Witnesses,
};
pub use rekor::RekorVersion;
pub use session::{CLOCK_ALLOWANCE, Session};
pub use token::IdentityToken;
