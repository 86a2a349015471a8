use std::io::Read;

use attest_digest::Measured;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::stream::{read_through, read_whole, sha256};
use crate::{DetachedError, Format, Proof};

/// A signature of minisign or signify, <https://jedisct1.github.io/minisign/#signature-format>.
#[derive(Clone)]
pub(crate) enum MinisignSignature {
    /// With a second signature, over the first and the trusted comment.
    Minisign {
        signature: Box<minisign_verify::Signature>,
        key_id: KeyId,
        prehashed: bool,
    },
    /// Over the bytes themselves, without a trusted comment.
    Signify { signature: [u8; 64], key_id: KeyId },
}

/// A public key of minisign or signify: both write the same bytes.
#[derive(Debug, Clone)]
pub(crate) struct MinisignKey {
    key: minisign_verify::PublicKey,
    raw: [u8; 32],
    id: KeyId,
    base64: String,
    /// Whether minisign made it. Its signatures carry a trusted comment, which must not be stripped: two lines of a
    /// legacy signature are a signature of signify.
    is_minisign: bool,
}

/// Eight random bytes that tell keys apart, and prove nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId([u8; 8]);

const SIGNATURE: &str = "a minisign or signify signature";
const KEY: &str = "a minisign or signify public key";
const UNTRUSTED: &str = "untrusted comment:";
/// What minisign writes above its keys.
const MADE_BY_MINISIGN: &str = "minisign public key";
/// How the base64 of every key begins: the two letters of the algorithm.
const KEY_BEGINNING: &str = "RW";
/// The length of the base64 of a key: 2 + 8 + 32 bytes.
const KEY_LENGTH: usize = 56;

impl MinisignSignature {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, DetachedError> {
        let malformed = |problem| DetachedError::malformed(SIGNATURE, problem);
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is no UTF-8"))?;
        let lines: Vec<&str> = text.lines().collect();
        let body = decode::<74>(lines.get(1).copied().unwrap_or_default())
            .ok_or_else(|| malformed("its second line is no base64 of 74 bytes"))?;
        let key_id = KeyId::of(&body);
        match (lines.len(), &body[..2]) {
            (2, b"Ed") => Ok(Self::Signify {
                signature: body[10..].try_into().expect("74 bytes without 10 are 64"),
                key_id,
            }),
            (4, algorithm @ (b"Ed" | b"ED")) => {
                decode::<64>(lines[3]).ok_or_else(|| malformed("its fourth line is no base64 of 64 bytes"))?;
                let signature = minisign_verify::Signature::decode(text)
                    .map_err(|_| malformed("its third line is no trusted comment"))?;
                Ok(Self::Minisign {
                    signature: Box::new(signature),
                    key_id,
                    prehashed: algorithm == b"ED",
                })
            }
            (2 | 4, _) => Err(DetachedError::unsupported("another algorithm of minisign than Ed25519")),
            _ => Err(malformed("it has neither two nor four lines")),
        }
    }

    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Minisign { .. } => Format::Minisign,
            Self::Signify { .. } => Format::Signify,
        }
    }

    /// Which key the signature names.
    pub(crate) fn key_id(&self) -> KeyId {
        match self {
            Self::Minisign { key_id, .. } | Self::Signify { key_id, .. } => *key_id,
        }
    }

    pub(crate) fn verify(&self, keys: &[MinisignKey], message: impl Read) -> Result<Proof, DetachedError> {
        let key = keys
            .iter()
            .find(|key| key.id == self.key_id())
            .ok_or_else(|| DetachedError::SignerUnknown {
                found: self.key_id().shown(),
            })?;
        if self.format() == Format::Signify && key.is_minisign {
            return Err(DetachedError::FormatMismatch {
                expected: Format::Minisign,
                found: Format::Signify,
            });
        }
        let (algorithm, measured) = match self {
            Self::Signify { signature, .. } => ("Ed25519", key.verify_signify(signature, message)?),
            Self::Minisign {
                signature,
                prehashed: false,
                ..
            } => ("Ed25519", key.verify_legacy(signature, message)?),
            Self::Minisign { signature, .. } => ("Ed25519 over BLAKE2b-512", key.verify_prehashed(signature, message)?),
        };
        let mut proof = Proof::new(self.format(), algorithm, key.base64.clone(), measured);
        if let Self::Minisign { signature, .. } = self {
            proof.trusted_comment = Some(signature.trusted_comment().to_owned());
        }
        Ok(proof)
    }
}

impl MinisignKey {
    /// Whether the bytes look like a key of minisign or signify. Nothing of it is checked.
    pub(crate) fn recognise(bytes: &[u8]) -> bool {
        let bare = bytes.trim_ascii();
        bytes.starts_with(UNTRUSTED.as_bytes())
            || (bare.len() == KEY_LENGTH && bare.starts_with(KEY_BEGINNING.as_bytes()))
    }

    /// A file with a comment and a key, or the key alone, as `minisign -P` takes it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, DetachedError> {
        let malformed = |problem| DetachedError::malformed(KEY, problem);
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is no UTF-8"))?;
        let lines: Vec<&str> = text.trim_ascii().lines().collect();
        let (is_minisign, line) = match lines[..] {
            [line] if !line.starts_with(UNTRUSTED) => (true, line),
            [comment, line] if comment.starts_with(UNTRUSTED) => (comment.contains(MADE_BY_MINISIGN), line),
            _ => return Err(malformed("it is not a comment and one line")),
        };
        if STANDARD.decode(line).is_ok_and(|bytes| bytes.len() > 100) {
            return Err(DetachedError::PrivateKey);
        }
        let body = decode::<42>(line).ok_or_else(|| malformed("it is no base64 of 42 bytes"))?;
        if &body[..2] != b"Ed" {
            return Err(DetachedError::unsupported("another algorithm of minisign than Ed25519"));
        }
        Ok(Self {
            key: minisign_verify::PublicKey::from_base64(line).map_err(|_| malformed("it is no key"))?,
            raw: body[10..].try_into().expect("42 bytes without 10 are 32"),
            id: KeyId::of(&body),
            base64: line.to_owned(),
            is_minisign,
        })
    }

    pub(crate) fn base64(&self) -> &str {
        &self.base64
    }

    pub(crate) fn format(&self) -> Format {
        match self.is_minisign {
            true => Format::Minisign,
            false => Format::Signify,
        }
    }

    fn verify_signify(&self, signature: &[u8; 64], message: impl Read) -> Result<Measured, DetachedError> {
        let bytes = read_whole(message)?;
        UnparsedPublicKey::new(&ED25519, self.raw)
            .verify(&bytes, signature)
            .map_err(|_| self.refused())?;
        Ok(Measured::of_bytes(&bytes, &sha256()))
    }

    fn verify_legacy(
        &self,
        signature: &minisign_verify::Signature,
        message: impl Read,
    ) -> Result<Measured, DetachedError> {
        let bytes = read_whole(message)?;
        self.key.verify(&bytes, signature, true).map_err(|_| self.refused())?;
        Ok(Measured::of_bytes(&bytes, &sha256()))
    }

    fn verify_prehashed(
        &self,
        signature: &minisign_verify::Signature,
        message: impl Read,
    ) -> Result<Measured, DetachedError> {
        let mut verifier = self.key.verify_stream(signature).map_err(|_| self.refused())?;
        let measured = read_through(message, &sha256(), |chunk| verifier.update(chunk))?;
        verifier.finalize().map_err(|_| self.refused())?;
        Ok(measured)
    }

    fn refused(&self) -> DetachedError {
        DetachedError::SignatureInvalid {
            key: self.base64.clone(),
        }
    }
}

impl KeyId {
    fn of(body: &[u8]) -> Self {
        Self(body[2..10].try_into().expect("ten bytes without two are eight"))
    }

    /// As minisign writes it: a number of 64 bits, whose lowest byte comes first in the file.
    pub(crate) fn shown(self) -> String {
        format!("{:016X}", u64::from_le_bytes(self.0))
    }
}

/// Base64 in its only spelling, of exactly so many bytes.
fn decode<const LENGTH: usize>(line: &str) -> Option<[u8; LENGTH]> {
    STANDARD.decode(line).ok()?.try_into().ok()
}
