//! Private keys: made, read, kept in files or tokens, and used.

mod algorithm;
mod encrypted;
mod ephemeral;
mod file;
mod over_sha256;
pub(crate) mod pkcs11;
mod prehashed;
mod private;
mod public;
mod secret;
mod signature_algorithm;

pub use algorithm::KeyAlgorithm;
pub use encrypted::EncryptedKey;
pub use ephemeral::EphemeralKey;
pub use file::KeyFile;
pub use private::PrivateKey;
pub use public::PublicKey;
pub use secret::Secret;
pub use signature_algorithm::SignatureAlgorithm;
