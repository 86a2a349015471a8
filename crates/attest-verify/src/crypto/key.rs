use std::sync::OnceLock;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};

use super::{Fingerprint, Hash, Memory, prehashed, sha256, sha256_of, spki};
use crate::asn1::Malformed;

/// What kind of key it is. The key says so itself; nobody else is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyAlgorithm {
    P256,
    P384,
    P521,
    Ed25519,
    Rsa,
}

/// How a signature is made with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Ecdsa(Hash),
    /// Over the message itself.
    Ed25519,
    /// Ed25519ph, over its SHA-512.
    Ed25519Prehashed,
    RsaPkcs1(Hash),
    RsaPss(Hash),
}

/// A public key, read strictly, and prepared as soon as it is first used.
pub(crate) struct VerificationKey {
    algorithm: KeyAlgorithm,
    /// The key without what says of which algorithm it is.
    raw: Box<[u8]>,
    id: [u8; 32],
    /// One for each way to sign: the library fixes it with the key.
    prepared: [OnceLock<Option<ParsedPublicKey>>; 6],
    padding: Padding,
}

/// How the RSA signatures of a key are padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    /// Nobody said.
    Either,
    Pkcs1,
    Pss,
}

impl VerificationKey {
    /// Reads a `SubjectPublicKeyInfo`.
    pub(crate) fn from_spki(der: &[u8]) -> Result<Self, Malformed> {
        let (algorithm, raw) = spki::parse(der)?;
        Ok(Self::new(algorithm, raw, der))
    }

    /// Reads an `RSAPublicKey` of PKCS #1, as the oldest certificate transparency logs gave theirs.
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Self, Malformed> {
        Ok(Self::new(spki::rsa(der)?, der, der))
    }

    /// Whether this would be a key if anybody here knew its algorithm.
    pub(crate) fn is_of_unknown_algorithm(der: &[u8]) -> bool {
        spki::is_of_unknown_algorithm(der)
    }

    pub(crate) fn with_padding(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    pub(crate) fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The key without what says of which algorithm it is: for elliptic curves the point.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The SHA-256 of the key as it was read.
    pub(crate) fn id(&self) -> [u8; 32] {
        self.id
    }

    /// How this key signs. The first is what the key is meant for; older programs used SHA-256 with every curve.
    pub(crate) fn schemes(&self) -> &'static [Scheme] {
        const P256: &[Scheme] = &[Scheme::Ecdsa(Hash::Sha256)];
        const P384: &[Scheme] = &[Scheme::Ecdsa(Hash::Sha384), Scheme::Ecdsa(Hash::Sha256)];
        const P521: &[Scheme] = &[Scheme::Ecdsa(Hash::Sha512), Scheme::Ecdsa(Hash::Sha256)];
        match (self.algorithm, self.padding) {
            (KeyAlgorithm::P256, _) => P256,
            (KeyAlgorithm::P384, _) => P384,
            (KeyAlgorithm::P521, _) => P521,
            (KeyAlgorithm::Ed25519, _) => &[Scheme::Ed25519, Scheme::Ed25519Prehashed],
            (KeyAlgorithm::Rsa, Padding::Either) => &[Scheme::RsaPkcs1(Hash::Sha256), Scheme::RsaPss(Hash::Sha256)],
            (KeyAlgorithm::Rsa, Padding::Pkcs1) => &[Scheme::RsaPkcs1(Hash::Sha256)],
            (KeyAlgorithm::Rsa, Padding::Pss) => &[Scheme::RsaPss(Hash::Sha256)],
        }
    }

    /// Whether the key signed this message in this way.
    pub(crate) fn verifies(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
        match scheme.hash() {
            Some(hash) => self.verifies_digest(scheme, &hash.of(message), signature),
            None => self
                .prepared(scheme)
                .is_some_and(|key| key.verify_sig(message, signature).is_ok()),
        }
    }

    /// Whether the key signed the message of this digest in this way. Never for plain Ed25519, which needs the message.
    pub(crate) fn verifies_digest(&self, scheme: Scheme, digest: &Digest, signature: &[u8]) -> bool {
        if scheme == Scheme::Ed25519Prehashed {
            return self.algorithm == KeyAlgorithm::Ed25519
                && prehashed::verifies(&self.raw, digest.as_ref(), signature);
        }
        self.prepared(scheme)
            .is_some_and(|key| key.verify_digest_sig(digest, signature).is_ok())
    }

    /// The same as [`Self::verifies`], unless it was found out before.
    pub(crate) fn verifies_once(&self, memory: &Memory<()>, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
        let fingerprint = self.fingerprint(scheme, &sha256(message), signature);
        let check = || self.verifies(scheme, message, signature).then_some(()).ok_or(());
        memory.or_check(fingerprint, check).is_ok()
    }

    fn new(algorithm: KeyAlgorithm, raw: &[u8], der: &[u8]) -> Self {
        Self {
            algorithm,
            raw: raw.into(),
            id: sha256(der),
            prepared: Default::default(),
            padding: Padding::Either,
        }
    }

    fn fingerprint(&self, scheme: Scheme, digest: &[u8; 32], signature: &[u8]) -> Fingerprint {
        sha256_of(&[&self.id, &[scheme.number()], digest, signature])
    }

    /// None when no key of this algorithm signs in this way for the library, or when this one is no point of its curve.
    fn prepared(&self, scheme: Scheme) -> Option<&ParsedPublicKey> {
        let algorithm = self.library_algorithm(scheme)?;
        let slot = &self.prepared[usize::from(scheme.number()) % self.prepared.len()];
        slot.get_or_init(|| ParsedPublicKey::new(algorithm, &self.raw).ok())
            .as_ref()
    }

    fn library_algorithm(&self, scheme: Scheme) -> Option<&'static dyn VerificationAlgorithm> {
        use Hash::{Sha256, Sha384, Sha512};
        use KeyAlgorithm::{Ed25519, P256, P384, P521, Rsa};
        let algorithm: &'static dyn VerificationAlgorithm = match (self.algorithm, scheme) {
            (P256, Scheme::Ecdsa(Sha256)) => &signature::ECDSA_P256_SHA256_ASN1,
            (P256, Scheme::Ecdsa(Sha384)) => &signature::ECDSA_P256_SHA384_ASN1,
            (P256, Scheme::Ecdsa(Sha512)) => &signature::ECDSA_P256_SHA512_ASN1,
            (P384, Scheme::Ecdsa(Sha256)) => &signature::ECDSA_P384_SHA256_ASN1,
            (P384, Scheme::Ecdsa(Sha384)) => &signature::ECDSA_P384_SHA384_ASN1,
            (P384, Scheme::Ecdsa(Sha512)) => &signature::ECDSA_P384_SHA512_ASN1,
            (P521, Scheme::Ecdsa(Sha256)) => &signature::ECDSA_P521_SHA256_ASN1,
            (P521, Scheme::Ecdsa(Sha384)) => &signature::ECDSA_P521_SHA384_ASN1,
            (P521, Scheme::Ecdsa(Sha512)) => &signature::ECDSA_P521_SHA512_ASN1,
            (Ed25519, Scheme::Ed25519) => &signature::ED25519,
            (Rsa, Scheme::RsaPkcs1(Sha256)) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Rsa, Scheme::RsaPkcs1(Sha384)) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Rsa, Scheme::RsaPkcs1(Sha512)) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Rsa, Scheme::RsaPss(Sha256)) => &signature::RSA_PSS_2048_8192_SHA256,
            (Rsa, Scheme::RsaPss(Sha384)) => &signature::RSA_PSS_2048_8192_SHA384,
            (Rsa, Scheme::RsaPss(Sha512)) => &signature::RSA_PSS_2048_8192_SHA512,
            _ => return None,
        };
        Some(algorithm)
    }
}

impl std::fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerificationKey")
            .field("algorithm", &self.algorithm)
            .field("padding", &self.padding)
            .finish_non_exhaustive()
    }
}

impl Scheme {
    /// The hash function; none for plain Ed25519, which hashes for itself.
    pub(crate) fn hash(self) -> Option<Hash> {
        match self {
            Self::Ecdsa(hash) | Self::RsaPkcs1(hash) | Self::RsaPss(hash) => Some(hash),
            Self::Ed25519Prehashed => Some(Hash::Sha512),
            Self::Ed25519 => None,
        }
    }

    /// Its own number for every scheme; those of one key differ in the remainder by six, too.
    fn number(self) -> u8 {
        let hash = |hash| match hash {
            Hash::Sha256 => 0,
            Hash::Sha384 => 1,
            Hash::Sha512 => 2,
        };
        match self {
            Self::Ecdsa(function) => hash(function),
            Self::RsaPkcs1(function) => 3 + hash(function),
            Self::RsaPss(function) => 6 + hash(function),
            Self::Ed25519 => 9,
            // The library prepares nothing for it, so that the slot of the remainder stays free.
            Self::Ed25519Prehashed => 10,
        }
    }
}
