use std::io::Read;

use attest_digest::{Algorithm, Algorithms};

use super::allowed_signers::Permitted;
use super::key::{SshKey, Token, Value, fingerprint};
use super::wire::{Wire, put_string};
use crate::armor::{Surroundings, blocks};
use crate::stream::read_through;
use crate::{DetachedError, Format, Proof};

/// A signature as `ssh-keygen -Y sign` writes it, OpenSSH's `PROTOCOL.sshsig`, "Blob format".
#[derive(Debug, Clone)]
pub(crate) struct SshSignature {
    key: Vec<u8>,
    pub(super) namespace: String,
    hash: Hash,
    value: Value,
}

/// What the message is hashed with. The specification knows no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha512,
}

const WHAT: &str = "an SSH signature";
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;

impl SshSignature {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, DetachedError> {
        match &blocks(bytes, Surroundings::Empty)?[..] {
            [block] if block.label == "SSH SIGNATURE" => Self::of_blob(&block.data),
            _ => Err(DetachedError::malformed(WHAT, "it is not one block")),
        }
    }

    fn of_blob(blob: &[u8]) -> Result<Self, DetachedError> {
        let mut wire = Wire::new(blob);
        if wire.bytes(MAGIC.len())? != MAGIC {
            return Err(DetachedError::malformed(WHAT, "it does not begin with `SSHSIG`"));
        }
        let version = wire.number()?;
        if version != VERSION {
            return Err(DetachedError::unsupported(format_args!(
                "version {version} of SSH signatures"
            )));
        }
        let key = wire.string()?.to_owned();
        let namespace = wire.text()?.to_owned();
        if namespace.is_empty() {
            return Err(DetachedError::malformed(WHAT, "its namespace is empty"));
        }
        // Nothing signs what stands here, so nothing may.
        if !wire.string()?.is_empty() {
            return Err(DetachedError::malformed(WHAT, "its reserved field is not empty"));
        }
        let hash = Hash::parse(wire.text()?)?;
        let value = Value::parse(wire.string()?)?;
        wire.finish()?;
        Ok(Self {
            key,
            namespace,
            hash,
            value,
        })
    }

    /// Which key the signature names.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.key)
    }

    /// The key that the signature brings along. It has to be one of the given keys to count.
    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    pub(crate) fn verify(&self, permitted: &Permitted, message: impl Read) -> Result<Proof, DetachedError> {
        let key = SshKey::parse(&self.key)?;
        let algorithms = Algorithms::new(Algorithm::Sha256, &[self.hash.algorithm()]);
        let measured = read_through(message, &algorithms, |_| {})?;
        let digest = measured
            .digest(self.hash.algorithm())
            .expect("the algorithm was asked for");
        key.verify(&self.signed_data(digest.as_bytes()), &self.value)?;
        let algorithm = format!("{} over {}", key.described(&self.value.algorithm), self.hash.shown());
        let mut proof = Proof::new(Format::Ssh, algorithm, key.fingerprint(), measured);
        proof.principal.clone_from(&permitted.principal);
        proof.namespace = Some(self.namespace.clone());
        Ok(proof)
    }

    /// `PROTOCOL.sshsig`, "Signed Data, of which the signature goes into the blob above".
    fn signed_data(&self, digest: &[u8]) -> Vec<u8> {
        let mut data = MAGIC.to_vec();
        put_string(&mut data, self.namespace.as_bytes());
        put_string(&mut data, b"");
        put_string(&mut data, self.hash.as_str().as_bytes());
        put_string(&mut data, digest);
        data
    }
}

impl Value {
    fn parse(bytes: &[u8]) -> Result<Self, DetachedError> {
        let mut wire = Wire::new(bytes);
        let algorithm = wire.text()?.to_owned();
        let bytes = wire.string()?.to_owned();
        let token = match algorithm.starts_with("sk-") {
            true => Some(Token {
                flags: wire.bytes(1)?[0],
                counter: wire.number()?,
            }),
            false => None,
        };
        wire.finish()?;
        Ok(Self {
            algorithm,
            bytes,
            token,
        })
    }
}

impl Hash {
    fn parse(name: &str) -> Result<Self, DetachedError> {
        match name {
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(DetachedError::Weak {
                expected: "an SSH signature over SHA-256 or SHA-512",
                found: format!("one over `{name}`"),
            }),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn shown(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::Sha256 => Algorithm::Sha256,
            Self::Sha512 => Algorithm::Sha512,
        }
    }
}
