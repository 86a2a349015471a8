use crate::key::encrypted::LABELS;
use crate::{EncryptedKey, Error, PrivateKey, Secret};

/// The largest file that is read as a key, in bytes. RSA with 4096 bits takes 5 KiB when it is encrypted.
const MAX_FILE_BYTES: usize = 64 << 10;

const BEGIN: &str = "-----BEGIN ";

/// What a key file holds.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyFile {
    /// A key that anybody who reads the file can use.
    Plain(PrivateKey),
    /// A key behind a password, as cosign keeps it.
    Encrypted(EncryptedKey),
}

impl KeyFile {
    /// Reads a private key in PEM: encrypted by cosign, PKCS #8, PKCS #1 or SEC 1. Other blocks before it, as openssl writes
    /// for curves, are passed over; the first private key counts.
    ///
    /// # Errors
    /// When there is no private key that is understood.
    pub fn parse(pem: &[u8]) -> Result<Self, Error> {
        if pem.len() > MAX_FILE_BYTES {
            return Err(wrong("a file of at most 65536 bytes", format!("{} bytes", pem.len())));
        }
        let text = std::str::from_utf8(pem).map_err(|_| wrong("the PEM of a private key", "bytes that are no text"))?;
        let mut labels = Vec::new();
        for (start, _) in text.match_indices(BEGIN) {
            let block = &text[start..];
            let label = label(block);
            if let Some(read) = reader(label) {
                return read(Secret::new(decode(block)?));
            }
            labels.push(format!("`{label}`"));
        }
        Err(match labels.as_slice() {
            [] => wrong("the PEM of a private key", "none"),
            labels => wrong("the PEM of a private key", labels.join(", ")),
        })
    }
}

type Reader = fn(Secret) -> Result<KeyFile, Error>;

fn reader(label: &str) -> Option<Reader> {
    match label {
        "PRIVATE KEY" => Some(|der| PrivateKey::from_pkcs8(der.expose()).map(KeyFile::Plain)),
        "RSA PRIVATE KEY" => Some(|der| PrivateKey::from_pkcs1(der.expose()).map(KeyFile::Plain)),
        "EC PRIVATE KEY" => Some(|der| PrivateKey::from_sec1(der.expose()).map(KeyFile::Plain)),
        label if LABELS.contains(&label) => Some(|json| EncryptedKey::from_json(json.expose()).map(KeyFile::Encrypted)),
        _ => None,
    }
}

fn label(block: &str) -> &str {
    let rest = &block[BEGIN.len()..];
    rest.split("-----")
        .next()
        .unwrap_or(rest)
        .lines()
        .next()
        .unwrap_or_default()
}

/// Up to and with the end line of the block; what follows belongs to others.
fn decode(block: &str) -> Result<Vec<u8>, Error> {
    let end = format!("-----END {}-----", label(block));
    let end = block.find(&end).map(|at| at + end.len());
    let block = &block[..end.ok_or_else(|| wrong("the end of the PEM of a private key", "none"))?];
    if block.contains("Proc-Type:") {
        return Err(wrong(
            "a key without a password, or with cosign's encryption",
            "one that openssl has encrypted",
        ));
    }
    let (_, bytes) =
        der::pem::decode_vec(block.as_bytes()).map_err(|error| wrong("the PEM of a private key", error.to_string()))?;
    Ok(bytes)
}

fn wrong(expected: &'static str, found: impl Into<String>) -> Error {
    let found = found.into();
    Error::KeyInvalid { expected, found }
}

#[cfg(test)]
mod tests {
    use der::pem::{LineEnding, encode_string};

    use super::*;
    use crate::{KeyAlgorithm, SigningKey as _};

    #[test]
    fn a_plain_key_is_read_with_what_stands_around_it() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap();
        let pem = encode_string("PRIVATE KEY", LineEnding::LF, key.to_pkcs8().unwrap().expose()).unwrap();
        let around = format!(
            "a note\n-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n{pem}trailing\n"
        );
        for text in [pem, around] {
            let KeyFile::Plain(read) = KeyFile::parse(text.as_bytes()).unwrap() else {
                panic!("expected a plain key");
            };
            assert_eq!(read.public_key(), key.public_key());
        }
    }

    #[test]
    fn what_is_no_private_key_is_named() {
        let message = |text: &str| KeyFile::parse(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(message(""), "expected the PEM of a private key in the key, found none");
        assert_eq!(
            message("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
            "expected the PEM of a private key in the key, found `PUBLIC KEY`"
        );
        let legacy = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END EC PRIVATE KEY-----\n";
        assert!(message(legacy).contains("one that openssl has encrypted"));
        assert!(message("-----BEGIN PRIVATE KEY-----\nAAAA\n").contains("found none"));
        assert!(message(&" ".repeat(MAX_FILE_BYTES + 1)).contains("65537 bytes"));
    }
}
