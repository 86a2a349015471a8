use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha512};

use super::RegistryError;

/// A digest of SHA-256 or SHA-512, as `algorithm:hex`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Sha256,
    Sha512,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

impl Digest {
    /// The SHA-256 of bytes.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        Self {
            algorithm: Algorithm::Sha256,
            hex: hex::encode(Sha256::digest(bytes)),
        }
    }

    /// Whether this is the digest of these bytes.
    ///
    /// # Errors
    /// [`RegistryError::DigestInvalid`] if not.
    pub fn check(&self, mut content: impl Read) -> Result<(), RegistryError> {
        let found = match self.algorithm {
            Algorithm::Sha256 => hashed(Sha256::new(), &mut content)?,
            Algorithm::Sha512 => hashed(Sha512::new(), &mut content)?,
        };
        match found == self.hex {
            true => Ok(()),
            false => Err(RegistryError::DigestInvalid {
                expected: self.to_string(),
                found: format!("{}:{found}", self.algorithm.name()),
            }),
        }
    }

    pub(super) fn file_name(&self) -> String {
        format!("{}-{}", self.algorithm.name(), self.hex)
    }

    pub(super) fn of_file_name(name: &str) -> Option<Self> {
        name.replacen('-', ":", 1).parse().ok()
    }
}

fn hashed(mut hasher: impl sha2::Digest, content: &mut impl Read) -> io::Result<String> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            length => hasher.update(&buffer[..length]),
        }
    }
}

impl FromStr for Digest {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let malformed = || RegistryError::DigestMalformed(text.to_owned());
        let (algorithm, hex) = text.split_once(':').ok_or_else(malformed)?;
        let (algorithm, length) = match algorithm {
            "sha256" => (Algorithm::Sha256, 64),
            "sha512" => (Algorithm::Sha512, 128),
            _ => return Err(malformed()),
        };
        let is_hex = hex
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if hex.len() != length || !is_hex {
            return Err(malformed());
        }
        let hex = hex.to_owned();
        Ok(Self { algorithm, hex })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}
