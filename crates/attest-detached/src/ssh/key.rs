use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, EcdsaVerificationAlgorithm,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ssh_key::public::{EcdsaPublicKey, KeyData};

use super::wire::Wire;
use crate::DetachedError;

/// A public key of a kind that may sign.
#[derive(Debug, Clone)]
pub(crate) struct SshKey {
    blob: Vec<u8>,
    data: KeyData,
}

/// The signature itself: RFC 4253, section 6.6, with the trailer of OpenSSH's `PROTOCOL.u2f` where a token signed.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) algorithm: String,
    pub(super) bytes: Vec<u8>,
    pub(super) token: Option<Token>,
}

/// What a token says with its signature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) flags: u8,
    pub(super) counter: u32,
}

/// RSA below this can be broken; NIST SP 800-131A, table 2, disallows it.
const LEAST_RSA_BITS: usize = 2048;
/// aws-lc takes no larger ones, and nobody uses them.
const MOST_RSA_BITS: usize = 8192;
/// Somebody touched the token.
const USER_PRESENT: u8 = 0x01;

impl SshKey {
    /// Reads the key as it stands in signatures and, in base64, in files.
    pub(super) fn parse(blob: &[u8]) -> Result<Self, DetachedError> {
        let kind = Wire::new(blob).text()?;
        if kind == "ssh-dss" {
            return Err(weak("a key of Ed25519, ECDSA or RSA", "a DSA key"));
        }
        if kind.contains("-cert-v01@") {
            return Err(DetachedError::unsupported(format_args!(
                "an SSH certificate (`{kind}`)"
            )));
        }
        let key = ssh_key::PublicKey::from_bytes(blob)
            .map_err(|_| DetachedError::malformed("an SSH public key", "it cannot be read"))?;
        let data = key.key_data().clone();
        match &data {
            KeyData::Ed25519(_) | KeyData::Ecdsa(_) | KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_) => {}
            KeyData::Rsa(rsa) => check_size(rsa.n.as_positive_bytes().unwrap_or_default())?,
            _ => {
                return Err(DetachedError::unsupported(format_args!(
                    "an SSH key of the kind `{kind}`"
                )));
            }
        }
        Ok(Self {
            blob: blob.to_owned(),
            data,
        })
    }

    pub(super) fn blob(&self) -> &[u8] {
        &self.blob
    }

    pub(super) fn fingerprint(&self) -> String {
        fingerprint(&self.blob)
    }

    /// What the key and this algorithm are called together, for people.
    pub(super) fn described(&self, algorithm: &str) -> String {
        match &self.data {
            KeyData::Ed25519(_) => "Ed25519".to_owned(),
            KeyData::Ecdsa(key) => format!("ECDSA {}", key.curve().to_string().replace("nistp", "P-")),
            KeyData::SkEd25519(_) => "Ed25519 in a security token".to_owned(),
            KeyData::SkEcdsaSha2NistP256(_) => "ECDSA P-256 in a security token".to_owned(),
            _ => format!("RSA ({algorithm})"),
        }
    }

    pub(super) fn verify(&self, message: &[u8], value: &Value) -> Result<(), DetachedError> {
        let algorithm = value.algorithm.as_str();
        let valid = match (&self.data, algorithm, value.token) {
            (KeyData::Ed25519(key), "ssh-ed25519", None) => ed25519(&key.0, message, &value.bytes),
            (KeyData::Ecdsa(key), _, None) if algorithm == format!("ecdsa-sha2-{}", key.curve()) => {
                ecdsa(key, message, &value.bytes)?
            }
            (KeyData::Rsa(key), "rsa-sha2-256" | "rsa-sha2-512", None) => rsa(key, algorithm, message, &value.bytes),
            (KeyData::Rsa(_), "ssh-rsa", None) => {
                return Err(weak("an RSA signature over SHA-256 or SHA-512", "one over SHA-1"));
            }
            (KeyData::SkEd25519(key), "sk-ssh-ed25519@openssh.com", Some(token)) => {
                let message = token.message(key.application(), message)?;
                ed25519(&key.public_key().0, &message, &value.bytes)
            }
            (KeyData::SkEcdsaSha2NistP256(key), "sk-ecdsa-sha2-nistp256@openssh.com", Some(token)) => {
                let message = token.message(key.application(), message)?;
                ecdsa(&EcdsaPublicKey::NistP256(*key.ec_point()), &message, &value.bytes)?
            }
            _ => {
                return Err(DetachedError::unsupported(format_args!(
                    "the signature algorithm `{algorithm}` with this kind of SSH key"
                )));
            }
        };
        match valid {
            true => Ok(()),
            false => Err(DetachedError::SignatureInvalid {
                key: self.fingerprint(),
            }),
        }
    }
}

impl Token {
    /// What a token signs in place of the message, OpenSSH's `PROTOCOL.u2f`, "SSH U2F Signatures".
    fn message(self, application: &str, message: &[u8]) -> Result<Vec<u8>, DetachedError> {
        if self.flags & USER_PRESENT == 0 {
            return Err(weak("a security token that was touched", "one that nobody touched"));
        }
        let mut signed = digest::digest(&digest::SHA256, application.as_bytes())
            .as_ref()
            .to_vec();
        signed.push(self.flags);
        signed.extend_from_slice(&self.counter.to_be_bytes());
        signed.extend_from_slice(digest::digest(&digest::SHA256, message).as_ref());
        Ok(signed)
    }
}

/// As `ssh-keygen -l` writes it.
pub(super) fn fingerprint(blob: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, blob);
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest))
}

fn check_size(modulus: &[u8]) -> Result<(), DetachedError> {
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    match bits {
        ..LEAST_RSA_BITS => Err(weak("an RSA key of at least 2048 bits", format!("one of {bits} bits"))),
        LEAST_RSA_BITS..=MOST_RSA_BITS => Ok(()),
        _ => Err(DetachedError::unsupported(format_args!("an RSA key of {bits} bits"))),
    }
}

fn weak(expected: &'static str, found: impl Into<String>) -> DetachedError {
    DetachedError::Weak {
        expected,
        found: found.into(),
    }
}

fn ed25519(key: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}

fn rsa(key: &ssh_key::public::RsaPublicKey, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
    let (Some(n), Some(e)) = (key.n.as_positive_bytes(), key.e.as_positive_bytes()) else {
        return false;
    };
    let parameters = match algorithm {
        "rsa-sha2-256" => &RSA_PKCS1_2048_8192_SHA256,
        _ => &RSA_PKCS1_2048_8192_SHA512,
    };
    // OpenSSH takes signatures whose leading zeros are missing.
    let Some(signature) = left_padded(signature, n.len()) else {
        return false;
    };
    RsaPublicKeyComponents { n, e }
        .verify(parameters, message, &signature)
        .is_ok()
}

fn ecdsa(key: &EcdsaPublicKey, message: &[u8], signature: &[u8]) -> Result<bool, DetachedError> {
    let (algorithm, length): (&'static EcdsaVerificationAlgorithm, _) = match key {
        EcdsaPublicKey::NistP256(_) => (&ECDSA_P256_SHA256_FIXED, 32),
        EcdsaPublicKey::NistP384(_) => (&ECDSA_P384_SHA384_FIXED, 48),
        EcdsaPublicKey::NistP521(_) => (&ECDSA_P521_SHA512_FIXED, 66),
    };
    let mut wire = Wire::new(signature);
    let (r, s) = (wire.positive()?, wire.positive()?);
    wire.finish()?;
    let (Some(mut fixed), Some(s)) = (left_padded(r, length), left_padded(s, length)) else {
        return Ok(false);
    };
    fixed.extend_from_slice(&s);
    let key = UnparsedPublicKey::new(algorithm, key.as_sec1_bytes());
    Ok(key.verify(message, &fixed).is_ok())
}

fn left_padded(digits: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut padded = vec![0; length.checked_sub(digits.len())?];
    padded.extend_from_slice(digits);
    Some(padded)
}
