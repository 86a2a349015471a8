use std::fmt;
use std::sync::OnceLock;

use jiff::Timestamp;
use sha2::{Digest, Sha256, Sha384};

use crate::error::Error;
use crate::oidc::OidcKey;

/// Every secret of a sandbox: one seed, the moment from which its certificates are valid, and the RSA key of the issuer.
///
/// The same seed and moment give the same certificates, the same logs and the same trust root. Only the RSA key is made
/// at random, when it is first needed: it signs identity tokens, which end up in no bundle.
pub struct Keys {
    seed: [u8; 32],
    created: Timestamp,
    oidc: OnceLock<OidcKey>,
}

impl Keys {
    /// Keys that follow from 32 random bytes; `created` begins the validity of everything, in whole seconds.
    #[must_use]
    pub fn from_seed(seed: [u8; 32], created: Timestamp) -> Self {
        let created = Timestamp::from_second(created.as_second()).unwrap_or(created);
        Self {
            seed,
            created,
            oidc: OnceLock::new(),
        }
    }

    /// From when on the certificates of the sandbox are valid.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.created
    }

    pub(crate) fn with_oidc(seed: [u8; 32], created: Timestamp, oidc: OidcKey) -> Self {
        let keys = Self::from_seed(seed, created);
        let _ = keys.oidc.set(oidc);
        keys
    }

    pub(crate) fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    pub(crate) fn oidc(&self) -> Result<&OidcKey, Error> {
        if let Some(key) = self.oidc.get() {
            return Ok(key);
        }
        let generated = OidcKey::generate()?;
        Ok(self.oidc.get_or_init(|| generated))
    }

    pub(crate) fn p256(&self, label: &str) -> p256::ecdsa::SigningKey {
        self.first("P-256", label, |bytes| {
            p256::ecdsa::SigningKey::from_slice(&bytes[..32]).ok()
        })
    }

    pub(crate) fn p384(&self, label: &str) -> p384::ecdsa::SigningKey {
        self.first("P-384", label, |bytes| p384::ecdsa::SigningKey::from_slice(bytes).ok())
    }

    pub(crate) fn ed25519(&self, label: &str) -> ed25519_dalek::SigningKey {
        self.first("Ed25519", label, |bytes| {
            bytes.first_chunk().map(ed25519_dalek::SigningKey::from_bytes)
        })
    }

    /// Twenty bytes that follow from the seed and the content, positive as a DER INTEGER.
    pub(crate) fn serial(&self, label: &str, content: &[u8]) -> [u8; 20] {
        let mut hash = Sha256::new();
        hash.update(b"attest-sandbox serial\0");
        hash.update(self.seed);
        hash.update(label.as_bytes());
        hash.update([0]);
        hash.update(content);
        let mut serial: [u8; 20] = std::array::from_fn({
            let bytes: [u8; 32] = hash.finalize().into();
            move |place| bytes[place]
        });
        // The top bit would make the INTEGER negative; a zero first byte would not be minimal.
        serial[0] = serial[0] & 0x7f | 0x40;
        serial
    }

    /// The first of the seed's byte strings under this curve and label that is a key; all but one in 2^32 are.
    fn first<K>(&self, curve: &str, label: &str, key: impl Fn(&[u8; 48]) -> Option<K>) -> K {
        (0u32..=u32::MAX)
            .find_map(|attempt| {
                let mut hash = Sha384::new();
                hash.update(b"attest-sandbox key\0");
                hash.update(self.seed);
                hash.update(curve.as_bytes());
                hash.update([0]);
                hash.update(label.as_bytes());
                hash.update([0]);
                hash.update(attempt.to_be_bytes());
                key(&hash.finalize().into())
            })
            .expect("one of four thousand million hashes is below the order of the curve")
    }
}

/// Never shows the seed.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_keys_and_labels_differ() {
        let one = Keys::from_seed([7; 32], Timestamp::UNIX_EPOCH);
        let two = Keys::from_seed([7; 32], Timestamp::UNIX_EPOCH);
        assert_eq!(one.p256("a").to_bytes(), two.p256("a").to_bytes());
        assert_ne!(one.p256("a").to_bytes(), one.p256("b").to_bytes());
        assert_ne!(one.p384("a").to_bytes()[..32], one.p256("a").to_bytes()[..]);
    }

    #[test]
    fn serials_are_positive_and_minimal() {
        let keys = Keys::from_seed([7; 32], Timestamp::UNIX_EPOCH);
        for content in 0..=255u8 {
            assert!((0x40..=0x7f).contains(&keys.serial("x", &[content])[0]));
        }
    }

    #[test]
    fn debug_does_not_show_the_seed() {
        let keys = Keys::from_seed([0xab; 32], Timestamp::UNIX_EPOCH);
        assert_eq!(format!("{keys:?}"), "Keys { created: 1970-01-01T00:00:00Z, .. }");
    }
}
