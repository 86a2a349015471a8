use std::io::Read;

use aws_lc_rs::digest::{self, Context};
use jiff::Timestamp;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Packet, Signature, SignatureType, SignatureVersionSpecific};

use super::certificate::Certificates;
use super::component::{Component, issuer_shown};
use super::packet::packets;
use super::policy::{check_signature, described};
use crate::armor::{Surroundings, blocks};
use crate::stream::{read_through, sha256};
use crate::{DetachedError, Format, Proof};

/// Signatures over the same data: one file may hold those of several people.
#[derive(Debug, Clone)]
pub(crate) struct OpenPgpSignatures(Vec<DataSignature>);

#[derive(Debug, Clone)]
struct DataSignature {
    signature: Signature,
    /// What is hashed after the data, as it was received: RFC 9580, section 5.2.4.
    hashed: Vec<u8>,
}

const WHAT: &str = "OpenPGP signatures";
/// The most signatures of one file. A list that many people sign has some twenty.
const LIMIT: usize = 128;

impl OpenPgpSignatures {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, DetachedError> {
        if bytes.first().is_some_and(|first| first & 0x80 != 0) {
            return Self::of_packets(bytes);
        }
        let mut signatures = Vec::new();
        for block in blocks(bytes, Surroundings::Empty)? {
            if block.label != "PGP SIGNATURE" {
                return Err(DetachedError::malformed(WHAT, "something else stands among them"));
            }
            signatures.extend(Self::of_packets(&block.data)?.0);
        }
        Self::of(signatures)
    }

    fn of_packets(bytes: &[u8]) -> Result<Self, DetachedError> {
        let mut signatures = Vec::new();
        for received in packets(bytes)? {
            match received.packet {
                Ok(Packet::Signature(signature)) => signatures.push(DataSignature {
                    hashed: hashed_part(received.body)?.to_owned(),
                    signature,
                }),
                Ok(Packet::Marker(_) | Packet::Padding(_)) => {}
                _ => return Err(DetachedError::malformed(WHAT, "a packet is none, or cannot be read")),
            }
        }
        Self::of(signatures)
    }

    fn of(signatures: Vec<DataSignature>) -> Result<Self, DetachedError> {
        match signatures.len() {
            0 => Err(DetachedError::malformed(WHAT, "there is none")),
            1..=LIMIT => Ok(Self(signatures)),
            _ => Err(DetachedError::TooMany {
                what: "OpenPGP signatures",
                limit: LIMIT,
            }),
        }
    }

    /// Whom the signatures name.
    pub(crate) fn issuers_shown(&self) -> String {
        let issuers: Vec<String> = self
            .0
            .iter()
            .map(|signature| issuer_shown(&signature.signature))
            .collect();
        issuers.join(", ")
    }

    /// Holds the bytes of a file against the signatures. One that counts is enough.
    pub(crate) fn verify(
        &self,
        certificates: &Certificates,
        moment: Timestamp,
        message: impl Read,
    ) -> Result<Proof, DetachedError> {
        self.verify_as(SignatureType::Binary, certificates, moment, message)
    }

    /// Holds a text, with lines that end as RFC 9580, section 5.2.1.2, says, against the signatures.
    pub(super) fn verify_text(
        &self,
        certificates: &Certificates,
        moment: Timestamp,
        text: &[u8],
    ) -> Result<Proof, DetachedError> {
        self.verify_as(SignatureType::Text, certificates, moment, text)
    }

    fn verify_as(
        &self,
        kind: SignatureType,
        certificates: &Certificates,
        moment: Timestamp,
        message: impl Read,
    ) -> Result<Proof, DetachedError> {
        let mut refused = None;
        let mut pending = Vec::new();
        for signature in &self.0 {
            for component in certificates.named_by(&signature.signature) {
                match Pending::prepare(signature, component, kind, moment) {
                    Ok(prepared) => pending.push(prepared),
                    Err(error) => refused = refused.or(Some(error)),
                }
            }
        }
        if pending.is_empty() {
            return Err(refused.unwrap_or_else(|| DetachedError::SignerUnknown {
                found: self.issuers_shown(),
            }));
        }
        let measured = read_through(message, &sha256(), |chunk| {
            pending.iter_mut().for_each(|pending| pending.context.update(chunk));
        })?;
        for pending in pending {
            match pending.finish() {
                Ok(valid) => {
                    let mut proof = valid.proof(moment, measured);
                    proof.passed_over = self.0.len() - 1;
                    return Ok(proof);
                }
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.expect("each pending signature was refused with an error"))
    }
}

/// A signature that counts if its arithmetic is right, while the data is read.
struct Pending<'a> {
    signature: &'a DataSignature,
    component: Component<'a>,
    made: Timestamp,
    context: Context,
}

impl<'a> Pending<'a> {
    fn prepare(
        signature: &'a DataSignature,
        component: Component<'a>,
        kind: SignatureType,
        moment: Timestamp,
    ) -> Result<Self, DetachedError> {
        let packet = &signature.signature;
        let made = check_signature(packet, moment)?;
        check_kind(packet, kind)?;
        component.check(moment)?;
        if made < component.created() {
            return Err(DetachedError::SignatureBeforeKey {
                created: component.created(),
                made,
            });
        }
        if !component.suits(packet) {
            return Err(DetachedError::malformed(
                "an OpenPGP signature",
                "its version or algorithm is not that of its key",
            ));
        }
        let mut context = Context::new(algorithm(packet)?);
        let specific = packet.config().map(|config| &config.version_specific);
        if let Some(SignatureVersionSpecific::V6 { salt }) = specific {
            context.update(salt);
        }
        Ok(Self {
            signature,
            component,
            made,
            context,
        })
    }

    /// RFC 9580, section 5.2.4: after the data the hashed part of the signature, its version, 0xff, and its length.
    fn finish(mut self) -> Result<Self, DetachedError> {
        let hashed = &self.signature.hashed;
        let length = u32::try_from(hashed.len()).expect("a signature has at most a megabyte");
        self.context.update(hashed);
        self.context.update(&[hashed[0], 0xff]);
        self.context.update(&length.to_be_bytes());
        let digest = self.context.clone().finish();
        let packet = &self.signature.signature;
        let begins_so = packet
            .signed_hash_value()
            .is_some_and(|value| digest.as_ref().starts_with(&value));
        match begins_so && self.component.verifies(packet, digest.as_ref()) {
            true => Ok(self),
            false => Err(DetachedError::SignatureInvalid {
                key: self.component.shown(),
            }),
        }
    }

    fn proof(self, moment: Timestamp, measured: attest_digest::Measured) -> Proof {
        let certificate = self.component.certificate;
        let hash = self.signature.signature.hash_alg().unwrap_or_default();
        let algorithm = format!("{} over {}", described(self.component.parameters()), hash_shown(hash));
        let mut proof = Proof::new(Format::OpenPgp, algorithm, certificate.fingerprint(), measured);
        proof.signing_key = self.component.subkey_fingerprint();
        proof.user_ids = certificate.user_ids(moment);
        proof.claimed_time = Some(self.made);
        proof
    }
}

fn check_kind(signature: &Signature, expected: SignatureType) -> Result<(), DetachedError> {
    match signature.typ() {
        Some(found) if found == expected => Ok(()),
        Some(SignatureType::Text) => Err(DetachedError::Weak {
            expected: "an OpenPGP signature over the bytes of a file",
            found: "one over its text, whatever its lines end with".to_owned(),
        }),
        Some(found) => Err(DetachedError::unsupported(format_args!(
            "an OpenPGP signature of type {:#04x} here",
            u8::from(found)
        ))),
        None => Err(DetachedError::malformed("an OpenPGP signature", "it has no type")),
    }
}

/// The part of a signature packet that it signs itself: from the version to the last hashed subpacket.
fn hashed_part(body: &[u8]) -> Result<&[u8], DetachedError> {
    let length = match body {
        [4, _, _, _, high, low, ..] => 6 + usize::from(u16::from_be_bytes([*high, *low])),
        [6, _, _, _, a, b, c, d, ..] => 8usize.saturating_add(u32::from_be_bytes([*a, *b, *c, *d]) as usize),
        // What is of another version is refused later, by its name.
        _ => 0,
    };
    body.get(..length)
        .ok_or(DetachedError::malformed("an OpenPGP signature", "it ends too early"))
}

fn algorithm(signature: &Signature) -> Result<&'static digest::Algorithm, DetachedError> {
    match signature.hash_alg() {
        Some(HashAlgorithm::Sha256) => Ok(&digest::SHA256),
        Some(HashAlgorithm::Sha384) => Ok(&digest::SHA384),
        Some(HashAlgorithm::Sha512) => Ok(&digest::SHA512),
        Some(HashAlgorithm::Sha3_256) => Ok(&digest::SHA3_256),
        Some(HashAlgorithm::Sha3_512) => Ok(&digest::SHA3_512),
        _ => Err(DetachedError::unsupported("the hash of this OpenPGP signature")),
    }
}

fn hash_shown(hash: HashAlgorithm) -> String {
    match hash {
        HashAlgorithm::Sha256 => "SHA-256".to_owned(),
        HashAlgorithm::Sha384 => "SHA-384".to_owned(),
        HashAlgorithm::Sha512 => "SHA-512".to_owned(),
        other => other.to_string(),
    }
}
