use jiff::Timestamp;
use pgp::composed::{Deserializable as _, SignedPublicKey};
use pgp::packet::{Packet, PacketTrait as _, Signature, SignatureType, SubpacketData};
use pgp::types::{KeyDetails as _, SignedUser, Tag};

use super::component::Component;
use super::packet::packets;
use super::policy::{check_key, check_signature, ends, states_flags};
use crate::DetachedError;
use crate::armor::{Surroundings, blocks};

/// OpenPGP certificates ("public keys"), RFC 9580, section 10.1.
#[derive(Debug, Clone)]
pub(crate) struct Certificates(Vec<Certificate>);

/// A primary key with everything that it, and others, have said about it.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    pub(super) key: SignedPublicKey,
    /// Every revocation of a key, wherever it stands among the packets: one in the wrong place must not be lost.
    pub(super) revocations: Vec<Signature>,
}

const WHAT: &str = "OpenPGP certificates";
const ARMOR: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const PRIVATE_ARMOR: &str = "-----BEGIN PGP PRIVATE KEY BLOCK-----";

impl Certificates {
    /// Whether the bytes hold armoured keys, among any text, or begin with a key packet. Nothing is checked.
    pub(crate) fn recognise(bytes: &[u8]) -> bool {
        let has_line = |armor: &str| {
            bytes
                .split(|byte| *byte == b'\n')
                .any(|line| line.trim_ascii_end() == armor.as_bytes())
        };
        // Old and new headers of packets of type 6 and 5, RFC 9580, section 4.2.
        let is_key = |first: &u8| matches!(first, 0x98..=0x9a | 0xc6 | 0x94..=0x96 | 0xc5);
        bytes.first().is_some_and(is_key) || has_line(ARMOR) || has_line(PRIVATE_ARMOR)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, DetachedError> {
        let mut certificates = Vec::new();
        if bytes.first().is_some_and(|first| first & 0x80 != 0) {
            certificates = of_packets(bytes)?;
        } else {
            for block in blocks(bytes, Surroundings::Text)? {
                match block.label.as_str() {
                    "PGP PUBLIC KEY BLOCK" => certificates.extend(of_packets(&block.data)?),
                    "PGP PRIVATE KEY BLOCK" => return Err(DetachedError::PrivateKey),
                    _ => return Err(DetachedError::malformed(WHAT, "something else stands among them")),
                }
            }
        }
        match certificates.is_empty() {
            true => Err(DetachedError::malformed(WHAT, "there is none")),
            false => Ok(Self(certificates)),
        }
    }

    pub(crate) fn fingerprints(&self) -> Vec<String> {
        self.0.iter().map(Certificate::fingerprint).collect()
    }

    /// The keys that the signature names, by their fingerprints or ids.
    pub(super) fn named_by<'a>(&'a self, signature: &'a Signature) -> impl Iterator<Item = Component<'a>> {
        self.0
            .iter()
            .flat_map(Component::all)
            .filter(|component| component.is_named_by(signature))
    }
}

fn of_packets(bytes: &[u8]) -> Result<Vec<Certificate>, DetachedError> {
    let mut groups: Vec<Vec<Packet>> = Vec::new();
    for received in packets(bytes)? {
        if matches!(received.tag, Tag::SecretKey | Tag::SecretSubkey) {
            return Err(DetachedError::PrivateKey);
        }
        if received.is_ignorable() {
            continue;
        }
        let packet = received
            .packet
            .map_err(|_| DetachedError::malformed(WHAT, "a packet cannot be read"))?;
        match (packet.tag(), groups.last_mut()) {
            (Tag::PublicKey, _) => groups.push(vec![packet]),
            (Tag::Signature | Tag::UserId | Tag::UserAttribute | Tag::PublicSubkey, Some(group)) => group.push(packet),
            (_, Some(_)) => return Err(DetachedError::malformed(WHAT, "a packet does not belong there")),
            (_, None) => return Err(DetachedError::malformed(WHAT, "they do not begin with a key")),
        }
    }
    groups.into_iter().map(Certificate::of_packets).collect()
}

impl Certificate {
    fn of_packets(packets: Vec<Packet>) -> Result<Self, DetachedError> {
        let is_revocation = |signature: &Signature| {
            matches!(
                signature.typ(),
                Some(SignatureType::KeyRevocation | SignatureType::SubkeyRevocation)
            )
        };
        let signatures = packets.iter().filter_map(|packet| match packet {
            Packet::Signature(signature) => Some(signature),
            _ => None,
        });
        let revocations = signatures
            .filter(|signature| is_revocation(signature))
            .cloned()
            .collect();
        let mut keys = SignedPublicKey::from_packets(packets.into_iter().map(Ok).peekable());
        let Some(Ok(key)) = keys.next() else {
            return Err(DetachedError::malformed(WHAT, "a key cannot be read"));
        };
        Ok(Self { key, revocations })
    }

    /// The fingerprint of the primary key: it names the certificate.
    pub(super) fn fingerprint(&self) -> String {
        format!("{:X}", self.key.fingerprint())
    }

    /// Says that the primary key is strong, not revoked, and not run out; and what speaks for it.
    pub(super) fn check(&self, moment: Timestamp) -> Result<&Signature, DetachedError> {
        check_key(self.key.primary_key.public_params())?;
        if self.is_revoked() {
            return Err(DetachedError::KeyRevoked {
                key: self.fingerprint(),
            });
        }
        let spokesman = self.self_signature(moment)?;
        let created = created(&self.key.primary_key);
        match ends(created, spokesman.key_expiration_time()) {
            Some(at) if at <= moment => Err(DetachedError::KeyExpired {
                key: self.fingerprint(),
                at,
            }),
            _ => Ok(spokesman),
        }
    }

    /// What the owner calls themselves, and signs with this key.
    pub(super) fn user_ids(&self, moment: Timestamp) -> Vec<String> {
        let certified = self.users(moment).map(|(user, _)| user);
        let mut user_ids: Vec<String> = Vec::new();
        for user in certified {
            let user_id = String::from_utf8_lossy(user.id.id()).into_owned();
            if !user_ids.contains(&user_id) {
                user_ids.push(user_id);
            }
        }
        user_ids
    }

    /// Any revocation counts, for whatever reason and however weak its hash. One by a key that the owner has named for
    /// that purpose cannot be verified here, and counts unverified: believing it does no harm but to its owner.
    fn is_revoked(&self) -> bool {
        let primary = &self.key.primary_key;
        let of_key = |signature: &&Signature| signature.typ() == Some(SignatureType::KeyRevocation);
        self.revocations.iter().filter(of_key).any(|revocation| {
            revocation.verify_key(primary).is_ok()
                || self
                    .designated_revokers()
                    .any(|fingerprint| names(revocation, fingerprint))
        })
    }

    fn designated_revokers(&self) -> impl Iterator<Item = &[u8]> {
        let direct = self.key.details.direct_signatures.iter();
        let of_users = self.key.details.users.iter().flat_map(|user| user.signatures.iter());
        direct
            .chain(of_users)
            .filter_map(Signature::config)
            .flat_map(|config| config.hashed_subpackets())
            .filter_map(|subpacket| match &subpacket.data {
                SubpacketData::RevocationKey(key) => Some(&key.fingerprint[..]),
                _ => None,
            })
    }

    /// What speaks for the key, RFC 9580, section 5.2.3.10: the newest signature over the key itself that says what the
    /// key is for; else the newest over a user id; else the newest over the key.
    fn self_signature(&self, moment: Timestamp) -> Result<&Signature, DetachedError> {
        let primary = &self.key.primary_key;
        let direct = || {
            let signatures = self.key.details.direct_signatures.iter();
            signatures.filter(move |signature| {
                check_signature(signature, moment).is_ok() && signature.verify_key(primary).is_ok()
            })
        };
        let stating = direct().filter(|signature| states_flags(signature)).max_by_key(age);
        let of_user = || self.users(moment).map(|(_, signature)| signature).max_by_key(age);
        stating
            .or_else(of_user)
            .or_else(|| direct().max_by_key(age))
            .ok_or_else(|| self.why_unsigned(moment))
    }

    /// Every user id that is not revoked, with the newest signature of the key over it.
    fn users(&self, moment: Timestamp) -> impl Iterator<Item = (&SignedUser, &Signature)> {
        let primary = &self.key.primary_key;
        self.key.details.users.iter().filter_map(move |user| {
            let own = user
                .signatures
                .iter()
                .filter(|signature| signature.verify_certification(primary, Tag::UserId, &user.id).is_ok());
            let (revocations, certifications): (Vec<_>, Vec<_>) =
                own.partition(|signature| signature.typ() == Some(SignatureType::CertRevocation));
            let sound = certifications
                .into_iter()
                .filter(|signature| check_signature(signature, moment).is_ok());
            let newest = sound.max_by_key(age)?;
            let is_revoked = revocations.iter().any(|revocation| age(revocation) >= age(&newest));
            (!is_revoked).then_some((user, newest))
        })
    }

    /// Why no self-signature counts: what is wrong with the first that claims to be one.
    fn why_unsigned(&self, moment: Timestamp) -> DetachedError {
        let fingerprint = self.key.primary_key.fingerprint();
        let direct = self.key.details.direct_signatures.iter();
        let of_users = self.key.details.users.iter().flat_map(|user| user.signatures.iter());
        let own = direct
            .chain(of_users)
            .filter(|signature| names(signature, fingerprint.as_bytes()));
        let refused = own
            .into_iter()
            .find_map(|signature| check_signature(signature, moment).err());
        refused.unwrap_or_else(|| DetachedError::KeyUnfit {
            key: self.fingerprint(),
            problem: "no self-signature of it is valid",
        })
    }
}

pub(super) fn age(signature: &&Signature) -> u32 {
    signature.created().map_or(0, |created| created.as_secs())
}

pub(super) fn created(key: &impl pgp::types::KeyDetails) -> Timestamp {
    Timestamp::from_second(key.created_at().as_secs().into())
        .expect("32 bits of seconds are within the years of a timestamp")
}

/// Whether the signature names this fingerprint, or the id that is made of it, as its maker.
fn names(signature: &Signature, fingerprint: &[u8]) -> bool {
    let by_fingerprint = signature
        .issuer_fingerprint()
        .iter()
        .any(|named| named.as_bytes() == fingerprint);
    let by_id = signature
        .issuer_key_id()
        .iter()
        .any(|id| fingerprint.ends_with(id.as_ref()));
    by_fingerprint || by_id
}
