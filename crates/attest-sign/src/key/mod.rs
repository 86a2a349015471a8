//! Private keys: made, read, kept in files or tokens, and used.

mod algorithm;
mod encrypted;
mod ephemeral;
mod file;
pub(crate) mod pkcs11;
mod private;
mod public;
mod secret;

pub use algorithm::KeyAlgorithm;
pub use encrypted::EncryptedKey;
pub use ephemeral::EphemeralKey;
pub use file::KeyFile;
pub use private::PrivateKey;
pub use public::PublicKey;
pub use secret::Secret;
