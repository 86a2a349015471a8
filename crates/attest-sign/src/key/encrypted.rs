use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::{Aead as _, KeyInit as _};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use der::pem::LineEnding;
use scrypt::Params;
use serde::{Deserialize, Serialize};

use crate::{Error, Port, PrivateKey, Secret};

/// What cosign writes, and what it wrote before version 2.
pub(super) const LABELS: [&str; 2] = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"];

/// The cost of a new key, as cosign has it: 64 MiB and a fifth of a second.
const WRITTEN_COST: u32 = 65536;

/// The costs that are read. They are those that Go's `securesystemslib` takes; a file that asks for more is after the memory
/// of this machine.
const READ_COSTS: [u32; 3] = [32768, 65536, 131_072];
const BLOCK_SIZE: u32 = 8;
const PARALLELISM: u32 = 1;

const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The largest ciphertext that is read, in bytes: RSA with 4096 bits takes 2.4 KiB as PKCS #8.
const MAX_CIPHERTEXT_BYTES: usize = 16 << 10;

/// A private key behind a password, in the form that cosign reads and writes: scrypt (RFC 7914) makes a key of the password,
/// and XSalsa20-Poly1305 (NaCl `secretbox`) hides PKCS #8 with it.
///
/// Source: cosign, `pkg/cosign/keys.go`; go-securesystemslib, `encrypted`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedKey {
    cost: u32,
    salt: Vec<u8>,
    nonce: [u8; NONCE_BYTES],
    ciphertext: Vec<u8>,
}

impl EncryptedKey {
    /// Hides a key behind a password, which may be empty.
    ///
    /// # Errors
    /// When there is no randomness or no memory to be had.
    pub fn seal(key: &PrivateKey, password: &Secret) -> Result<Self, Error> {
        let mut salt = vec![0; SALT_BYTES];
        let mut nonce = [0; NONCE_BYTES];
        let no_randomness = |_| Error::port(Port::Key, "there is no randomness to be had");
        rand::fill(&mut salt).map_err(no_randomness)?;
        rand::fill(&mut nonce).map_err(no_randomness)?;
        let cipher = cipher(password, &salt, WRITTEN_COST)?;
        let ciphertext = cipher.encrypt(&Nonce::from(nonce), key.to_pkcs8()?.expose());
        Ok(Self {
            cost: WRITTEN_COST,
            salt,
            nonce,
            ciphertext: ciphertext.map_err(|_| Error::port(Port::Key, "the key could not be encrypted"))?,
        })
    }

    /// Shows the key to whoever knows the password.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], or what is inside is no key that is spoken here.
    pub fn open(&self, password: &Secret) -> Result<PrivateKey, Error> {
        let cipher = cipher(password, &self.salt, self.cost)?;
        let plain = cipher.decrypt(&Nonce::from(self.nonce), self.ciphertext.as_slice());
        let plain = Secret::new(plain.map_err(|_| Error::WrongPassword)?);
        PrivateKey::from_pkcs8(plain.expose())
    }

    /// The key in PEM, as cosign writes it.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let wire = EncryptedWire {
            kdf: KdfWire {
                name: KDF.to_owned(),
                params: ParamsWire {
                    cost: self.cost,
                    block_size: BLOCK_SIZE,
                    parallelism: PARALLELISM,
                },
                salt: STANDARD.encode(&self.salt),
            },
            cipher: CipherWire {
                name: CIPHER.to_owned(),
                nonce: STANDARD.encode(self.nonce),
            },
            ciphertext: STANDARD.encode(&self.ciphertext),
        };
        let json = serde_json::to_vec(&wire).expect("plain data with text keys has a JSON form");
        der::pem::encode_string(LABELS[0], LineEnding::LF, &json).expect("the label is plain text")
    }

    /// Reads the JSON that is inside of the PEM.
    pub(super) fn from_json(json: &[u8]) -> Result<Self, Error> {
        let wire: EncryptedWire =
            serde_json::from_slice(json).map_err(|error| wrong("the JSON of an encrypted key", error))?;
        let ParamsWire {
            cost,
            block_size,
            parallelism,
        } = wire.kdf.params;
        if wire.kdf.name != KDF || wire.cipher.name != CIPHER {
            let found = format!("{} and {}", wire.kdf.name, wire.cipher.name);
            return Err(wrong("scrypt and nacl/secretbox", found));
        }
        if !READ_COSTS.contains(&cost) || block_size != BLOCK_SIZE || parallelism != PARALLELISM {
            let found = format!("N={cost}, r={block_size}, p={parallelism}");
            return Err(wrong("scrypt with N=32768, 65536 or 131072, r=8, p=1", found));
        }
        let salt = decoded(&wire.kdf.salt)?;
        if salt.len() != SALT_BYTES {
            return Err(wrong("a salt of 32 bytes", format!("{} bytes", salt.len())));
        }
        let nonce = decoded(&wire.cipher.nonce)?;
        let ciphertext = decoded(&wire.ciphertext)?;
        if ciphertext.len() > MAX_CIPHERTEXT_BYTES {
            return Err(wrong("at most 16384 bytes", format!("{} bytes", ciphertext.len())));
        }
        Ok(Self {
            cost,
            salt,
            nonce: <[u8; NONCE_BYTES]>::try_from(nonce.as_slice())
                .map_err(|_| wrong("a nonce of 24 bytes", format!("{} bytes", nonce.len())))?,
            ciphertext,
        })
    }
}

const KDF: &str = "scrypt";
const CIPHER: &str = "nacl/secretbox";

#[derive(Serialize, Deserialize)]
struct EncryptedWire {
    kdf: KdfWire,
    cipher: CipherWire,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct KdfWire {
    name: String,
    params: ParamsWire,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct ParamsWire {
    #[serde(rename = "N")]
    cost: u32,
    #[serde(rename = "r")]
    block_size: u32,
    #[serde(rename = "p")]
    parallelism: u32,
}

#[derive(Serialize, Deserialize)]
struct CipherWire {
    name: String,
    nonce: String,
}

fn cipher(password: &Secret, salt: &[u8], cost: u32) -> Result<XSalsa20Poly1305, Error> {
    let log_cost = u8::try_from(cost.trailing_zeros()).unwrap_or(u8::MAX);
    let failed = || Error::port(Port::Key, "no key can be made of the password");
    let params = Params::new(log_cost, BLOCK_SIZE, PARALLELISM).map_err(|_| failed())?;
    let mut key = Key::default();
    scrypt::scrypt(password.expose(), salt, &params, &mut key).map_err(|_| failed())?;
    let cipher = XSalsa20Poly1305::new(&key);
    drop(Secret::new(key.to_vec()));
    key.fill(0);
    std::hint::black_box(&key);
    Ok(cipher)
}

fn decoded(text: &str) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).map_err(|error| wrong("base64", error))
}

fn wrong(expected: &'static str, found: impl ToString) -> Error {
    Error::KeyInvalid {
        expected,
        found: found.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{KeyAlgorithm, KeyFile, SigningKey as _};

    fn sealed() -> (PrivateKey, EncryptedKey) {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let sealed = EncryptedKey::seal(&key, &"correct".to_owned().into()).unwrap();
        (key, sealed)
    }

    #[test]
    fn the_password_opens_the_key_and_another_does_not() {
        let (key, sealed) = sealed();
        let opened = sealed.open(&"correct".to_owned().into()).unwrap();
        assert_eq!(opened.public_key(), key.public_key());
        assert!(matches!(
            sealed.open(&"wrong".to_owned().into()),
            Err(Error::WrongPassword)
        ));
        let KeyFile::Encrypted(read) = KeyFile::parse(sealed.to_pem().as_bytes()).unwrap() else {
            panic!("expected an encrypted key");
        };
        assert_eq!(read, sealed);
    }

    #[test]
    fn what_costs_more_than_cosign_asks_for_is_not_tried() {
        let read = |change: fn(&mut Value)| {
            let mut json = json!({
                "kdf": { "name": "scrypt", "params": { "N": 65536, "r": 8, "p": 1 }, "salt": STANDARD.encode([0; 32]) },
                "cipher": { "name": "nacl/secretbox", "nonce": STANDARD.encode([0; 24]) },
                "ciphertext": "AAAA",
            });
            change(&mut json);
            EncryptedKey::from_json(json.to_string().as_bytes()).map_err(|error| error.to_string())
        };
        read(|_| ()).unwrap();
        let error = read(|json| json["kdf"]["params"]["N"] = json!(1 << 30)).unwrap_err();
        assert_eq!(
            error,
            "expected scrypt with N=32768, 65536 or 131072, r=8, p=1 in the key, found N=1073741824, r=8, p=1"
        );
        assert!(
            read(|json| json["kdf"]["params"]["r"] = json!(9))
                .unwrap_err()
                .contains("r=9")
        );
        assert!(
            read(|json| json["kdf"]["name"] = json!("pbkdf2"))
                .unwrap_err()
                .contains("pbkdf2")
        );
        assert!(
            read(|json| json["kdf"]["salt"] = json!("AAAA"))
                .unwrap_err()
                .contains("a salt of 32 bytes")
        );
        assert!(
            read(|json| json["cipher"]["nonce"] = json!("AAAA"))
                .unwrap_err()
                .contains("a nonce of 24 bytes")
        );
        assert!(
            read(|json| json["ciphertext"] = json!("?"))
                .unwrap_err()
                .contains("base64")
        );
    }
}
