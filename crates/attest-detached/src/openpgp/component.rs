use jiff::Timestamp;
use pgp::composed::SignedPublicSubKey;
use pgp::packet::{Signature, SignatureType};
use pgp::types::{Fingerprint, KeyDetails, KeyVersion, PublicParams, VerifyingKey as _};

use super::certificate::{Certificate, age, created};
use super::policy::{check_key, check_signature, ends, forbids_signing};
use crate::DetachedError;

/// One key of a certificate: the primary key, or a subkey.
#[derive(Debug, Clone, Copy)]
pub(super) struct Component<'a> {
    pub(super) certificate: &'a Certificate,
    subkey: Option<&'a SignedPublicSubKey>,
}

impl<'a> Component<'a> {
    pub(super) fn all(certificate: &'a Certificate) -> impl Iterator<Item = Self> {
        let subkeys = certificate.key.public_subkeys.iter().map(Some);
        std::iter::once(None)
            .chain(subkeys)
            .map(move |subkey| Self { certificate, subkey })
    }

    /// Whether the signature names this key. Only arithmetic can say whether it is right.
    pub(super) fn is_named_by(&self, signature: &Signature) -> bool {
        let (fingerprint, id) = match self.subkey {
            Some(subkey) => (subkey.fingerprint(), subkey.legacy_key_id()),
            None => (self.certificate.key.fingerprint(), self.certificate.key.legacy_key_id()),
        };
        let fingerprints = signature.issuer_fingerprint();
        match fingerprints.is_empty() {
            true => signature.issuer_key_id().contains(&&id),
            false => fingerprints.contains(&&fingerprint),
        }
    }

    /// The fingerprint of the subkey, when it is one.
    pub(super) fn subkey_fingerprint(&self) -> Option<String> {
        self.subkey.map(|subkey| format!("{:X}", subkey.fingerprint()))
    }

    pub(super) fn shown(&self) -> String {
        self.subkey_fingerprint()
            .unwrap_or_else(|| self.certificate.fingerprint())
    }

    pub(super) fn created(&self) -> Timestamp {
        match self.subkey {
            Some(subkey) => created(subkey),
            None => created(&self.certificate.key),
        }
    }

    pub(super) fn parameters(&self) -> &PublicParams {
        match self.subkey {
            Some(subkey) => subkey.public_params(),
            None => self.certificate.key.public_params(),
        }
    }

    /// Whether versions and algorithms of key and signature belong together, RFC 9580, section 5.2.3 and 10.3.2.2.
    pub(super) fn suits(&self, signature: &Signature) -> bool {
        let (version, algorithm) = match self.subkey {
            Some(subkey) => (subkey.version(), subkey.algorithm()),
            None => (self.certificate.key.version(), self.certificate.key.algorithm()),
        };
        let expected = match version {
            KeyVersion::V4 => 4,
            KeyVersion::V6 => 6,
            _ => return false,
        };
        u8::from(signature.version()) == expected
            && signature.config().is_some_and(|config| config.pub_alg == algorithm)
    }

    /// The arithmetic.
    pub(super) fn verifies(&self, signature: &Signature, digest: &[u8]) -> bool {
        let (Some(hash), Some(bytes)) = (signature.hash_alg(), signature.signature()) else {
            return false;
        };
        match self.subkey {
            Some(subkey) => subkey.verify(hash, digest, bytes).is_ok(),
            None => self.certificate.key.verify(hash, digest, bytes).is_ok(),
        }
    }

    /// Whether the owner of the certificate lets this key sign data, at that moment.
    pub(super) fn check(&self, moment: Timestamp) -> Result<(), DetachedError> {
        let speaks_for_primary = self.certificate.check(moment)?;
        let Some(subkey) = self.subkey else {
            return match forbids_signing(speaks_for_primary) {
                true => Err(self.unfit("its owner does not let it sign")),
                false => Ok(()),
            };
        };
        check_key(subkey.public_params())?;
        if self.is_revoked(subkey) {
            return Err(DetachedError::KeyRevoked { key: self.shown() });
        }
        let binding = self.binding(subkey, moment)?;
        match ends(created(subkey), binding.key_expiration_time()) {
            Some(at) if at <= moment => Err(DetachedError::KeyExpired { key: self.shown(), at }),
            _ => Ok(()),
        }
    }

    fn is_revoked(&self, subkey: &SignedPublicSubKey) -> bool {
        let of_subkey = |signature: &&Signature| signature.typ() == Some(SignatureType::SubkeyRevocation);
        let primary = &self.certificate.key.primary_key;
        let mut revocations = self.certificate.revocations.iter().filter(of_subkey);
        revocations.any(|revocation| revocation.verify_subkey_binding(primary, &subkey.key).is_ok())
    }

    /// The newest signature of the primary key over the subkey, and in it the subkey's over the primary key: RFC 9580,
    /// section 10.1.5. Without the second anybody could claim somebody else's subkey, and with it their signatures.
    fn binding<'b>(&self, subkey: &'b SignedPublicSubKey, moment: Timestamp) -> Result<&'b Signature, DetachedError> {
        let primary = &self.certificate.key.primary_key;
        let is_binding = |signature: &&Signature| {
            signature.typ() == Some(SignatureType::SubkeyBinding)
                && signature.verify_subkey_binding(primary, &subkey.key).is_ok()
        };
        let bindings: Vec<&Signature> = subkey.signatures.iter().filter(is_binding).collect();
        let sound = bindings.iter().copied();
        let sound = sound.filter(|binding| check_signature(binding, moment).is_ok());
        let Some(binding) = sound.max_by_key(age) else {
            let refused = bindings
                .iter()
                .find_map(|binding| check_signature(binding, moment).err());
            return Err(refused.unwrap_or_else(|| self.unfit("nothing binds it to its certificate")));
        };
        if !binding.key_flags().sign() {
            return Err(self.unfit("its owner does not let it sign"));
        }
        let back = binding
            .embedded_signature()
            .filter(|back| back.verify_primary_key_binding(&subkey.key, primary).is_ok())
            .ok_or_else(|| self.unfit("it does not say itself that it belongs to its certificate"))?;
        check_signature(back, moment)?;
        Ok(binding)
    }

    fn unfit(&self, problem: &'static str) -> DetachedError {
        DetachedError::KeyUnfit {
            key: self.shown(),
            problem,
        }
    }
}

/// Whom a signature names, for people.
pub(super) fn issuer_shown(signature: &Signature) -> String {
    let fingerprint = signature
        .issuer_fingerprint()
        .first()
        .map(|named: &&Fingerprint| format!("{named:X}"));
    let id = || {
        signature
            .issuer_key_id()
            .first()
            .map(|id| id.to_string().to_uppercase())
    };
    fingerprint.or_else(id).unwrap_or_else(|| "nobody".to_owned())
}
