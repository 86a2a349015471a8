use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use attest_digest::Digest;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use der::asn1::UintRef;
use der::{Encode as _, Sequence};

use super::TokenUri;
use super::object::{private_key, public_key};
use crate::{Error, KeyAlgorithm, Port, PublicKey, Secret, SigningKey};

/// `DigestInfo` of a SHA-256 digest without the digest (RFC 8017, section 9.2, note 1).
const SHA256_DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];

/// What it takes to use a key of a token.
#[derive(Debug, Clone, Copy)]
pub struct TokenAccess<'a> {
    /// Which key.
    pub uri: &'a TokenUri,
    /// The library that speaks to the token. It is loaded into this process.
    pub module: &'a Path,
    /// The PIN of the user, unless the token asks for none or has a reader of its own.
    pub pin: Option<&'a Secret>,
}

/// A key that stays in its token; the token is told what to sign.
pub struct TokenKey {
    public_key: PublicKey,
    /// Tokens do one thing at a time for each session.
    session: Mutex<Session>,
    key: ObjectHandle,
}

impl TokenKey {
    /// Finds the one key that the URI means, and logs in to its token.
    ///
    /// # Errors
    /// When the library cannot be loaded, the PIN is wrong, or not exactly one token and one private key are meant.
    pub fn open(access: &TokenAccess<'_>) -> Result<Self, Error> {
        let library = Pkcs11::new(access.module).map_err(failed)?;
        library
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .map_err(failed)?;
        let session = library.open_ro_session(slot(&library, access.uri)?).map_err(failed)?;
        if let Some(pin) = access.pin {
            let pin = std::str::from_utf8(pin.expose()).map_err(|_| wrong("a PIN in UTF-8", "other bytes"))?;
            session
                .login(UserType::User, Some(&AuthPin::from(pin)))
                .map_err(failed)?;
        }
        let key = private_key(&session, access.uri)?;
        Ok(Self {
            public_key: public_key(&session, key)?,
            session: Mutex::new(session),
            key,
        })
    }

    fn ask(&self, mechanism: &Mechanism<'_>, data: &[u8]) -> Result<Vec<u8>, Error> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.sign(mechanism, self.key, data).map_err(failed)
    }
}

impl SigningKey for TokenKey {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign_digest(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        let algorithm = self.public_key.algorithm();
        algorithm.for_digest(digest)?;
        match algorithm {
            // Few tokens know the form over a digest, and those differ in what they want to be given.
            KeyAlgorithm::Ed25519 => Err(Error::WholeMessagesOnly),
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => self.ask(
                &Mechanism::RsaPkcs,
                &[&SHA256_DIGEST_INFO[..], digest.as_bytes()].concat(),
            ),
            _ => ecdsa_der(&self.ask(&Mechanism::Ecdsa, digest.as_bytes())?),
        }
    }

    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let algorithm = self.public_key.algorithm();
        match algorithm {
            KeyAlgorithm::Ed25519 => {
                let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519));
                self.ask(&mechanism, message)
            }
            _ => self.sign_digest(&algorithm.own().recorded_digest(message)),
        }
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenKey").field(&self.public_key).finish()
    }
}

/// RFC 3279, section 2.2.3.
#[derive(Sequence)]
struct EcdsaSignatureWire<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// Tokens give both numbers at the length of the curve, one behind the other.
fn ecdsa_der(raw: &[u8]) -> Result<Vec<u8>, Error> {
    let (r, s) = raw.split_at(raw.len() / 2);
    let broken = |error: der::Error| wrong("a signature of two numbers", error.to_string());
    let wire = EcdsaSignatureWire {
        r: UintRef::new(r).map_err(broken)?,
        s: UintRef::new(s).map_err(broken)?,
    };
    wire.to_der().map_err(broken)
}

fn slot(library: &Pkcs11, uri: &TokenUri) -> Result<Slot, Error> {
    let mut found = Vec::new();
    for slot in library.get_slots_with_token().map_err(failed)? {
        let token = library.get_token_info(slot).map_err(failed)?;
        let same = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let meant = token.token_initialized()
            && uri.slot_id.is_none_or(|id| id == slot.id())
            && same(&uri.token, token.label())
            && same(&uri.serial, token.serial_number())
            && same(&uri.manufacturer, token.manufacturer_id())
            && same(&uri.model, token.model());
        if meant {
            found.push(slot);
        }
    }
    match found.as_slice() {
        [slot] => Ok(*slot),
        [] => Err(wrong("one token that the URI means", "none")),
        several => Err(wrong("one token that the URI means", format!("{}", several.len()))),
    }
}

pub(super) fn failed(error: cryptoki::error::Error) -> Error {
    Error::port(Port::Key, error)
}

pub(super) fn wrong(expected: &'static str, found: impl Into<String>) -> Error {
    Error::answer(Port::Key, expected, found.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_token_become_der() {
        let der = ecdsa_der(&[0, 0, 0, 5, 0x80, 0, 0, 1]).unwrap();
        assert_eq!(der, [0x30, 0x0a, 0x02, 0x01, 5, 0x02, 0x05, 0, 0x80, 0, 0, 1]);
    }

    #[test]
    fn a_library_that_is_not_there_is_told() {
        let uri = TokenUri::parse("pkcs11:object=a").unwrap();
        let access = TokenAccess {
            uri: &uri,
            module: Path::new("/nowhere/module.so"),
            pin: None,
        };
        assert!(matches!(
            TokenKey::open(&access),
            Err(Error::Port { port: Port::Key, .. })
        ));
    }
}
