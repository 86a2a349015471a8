//! The first packet of OpenPGP signatures and keys. Source: RFC 9580, sections 4.2, 5.2.3, 5.5.2 and 6.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::item::Problem;
use super::time;

/// Where the signature of a clear-signed message begins.
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";

const SIGNATURE_PACKET: u8 = 2;
const KEY_PACKET: u8 = 6;
const USER_ID_PACKET: u8 = 13;
const CREATED: u8 = 2;
const ISSUER: u8 = 16;
const ISSUER_FINGERPRINT: u8 = 33;

/// The most packets of a file that are looked at: a key that many have signed has thousands.
const MAX_PACKETS: usize = 10_000;

/// A signature, a message with one, or keys.
pub(super) fn describe(bytes: &[u8]) -> Result<Value, Problem> {
    let malformed = || Problem::malformed("the packets of OpenPGP");
    let binary = dearmoured(bytes).ok_or_else(malformed)?;
    let described: Vec<Value> = Packets(&binary)
        .take(MAX_PACKETS)
        .filter_map(|(tag, body)| match tag {
            SIGNATURE_PACKET => signature(body),
            KEY_PACKET => key(body),
            USER_ID_PACKET => Some(json!({ "what": "user id", "name": String::from_utf8_lossy(body) })),
            _ => None,
        })
        .collect();
    match described.is_empty() {
        true => Err(malformed()),
        false => Ok(json!({ "packets": described })),
    }
}

/// The bytes of binary or armoured packets.
fn dearmoured(bytes: &[u8]) -> Option<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Some(bytes.to_vec());
    };
    let text = text.find(SIGNATURE).map_or(text, |start| &text[start..]);
    // Headers end with an empty line; the checksum begins with `=`.
    let body = text.lines().map(str::trim).skip_while(|line| !line.is_empty()).skip(1);
    let body: String = body.take_while(|line| !line.starts_with(['-', '='])).collect();
    STANDARD.decode(body).ok()
}

fn signature(body: &[u8]) -> Option<Value> {
    let (&[version, type_, algorithm, hash], rest) = body.split_first_chunk::<4>()?;
    let mut fields = Map::new();
    fields.insert("what".to_owned(), "signature".into());
    fields.insert("version".to_owned(), version.into());
    fields.insert("kind".to_owned(), signature_type(type_).into());
    fields.insert("algorithm".to_owned(), public_key_algorithm(algorithm).into());
    fields.insert("hash".to_owned(), hash_algorithm(hash).into());
    let (hashed, rest) = area(rest, version)?;
    for (type_, content) in Subpackets(hashed).chain(Subpackets(area(rest, version)?.0)) {
        match type_ {
            CREATED => {
                let seconds = u32::from_be_bytes(content.try_into().ok()?);
                fields.insert("created".to_owned(), time::of_seconds(seconds.into()));
            }
            ISSUER => {
                fields.insert("issuer".to_owned(), hex::encode(content).into());
            }
            ISSUER_FINGERPRINT => {
                let fingerprint = hex::encode(content.get(1..).unwrap_or_default());
                fields.insert("fingerprint".to_owned(), fingerprint.into());
            }
            _ => {}
        }
    }
    Some(Value::Object(fields))
}

fn key(body: &[u8]) -> Option<Value> {
    let (&[version, a, b, c, d], rest) = body.split_first_chunk::<5>()?;
    let created = time::of_seconds(u32::from_be_bytes([a, b, c, d]).into());
    let algorithm = public_key_algorithm(*rest.first()?);
    Some(json!({ "what": "public key", "version": version, "algorithm": algorithm, "created": created }))
}

/// Subpackets with their length before them, and what follows: two bytes of it in version 4, four in version 6.
fn area(bytes: &[u8], version: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(if version >= 6 { 4 } else { 2 })?;
    let length = length
        .iter()
        .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    rest.split_at_checked(length)
}

fn signature_type(type_: u8) -> String {
    match type_ {
        0x00 => "of a binary file".to_owned(),
        0x01 => "of a text".to_owned(),
        0x10..=0x13 => "of a key and a name".to_owned(),
        0x18 => "of a subkey".to_owned(),
        0x1f => "of a key".to_owned(),
        0x20 | 0x28 | 0x30 => "revocation".to_owned(),
        other => format!("type {other:#04x}"),
    }
}

fn public_key_algorithm(id: u8) -> String {
    match id {
        1..=3 => "RSA".to_owned(),
        17 => "DSA".to_owned(),
        19 => "ECDSA".to_owned(),
        22 | 27 => "Ed25519".to_owned(),
        28 => "Ed448".to_owned(),
        other => format!("algorithm {other}"),
    }
}

fn hash_algorithm(id: u8) -> String {
    match id {
        1 => "MD5, which is broken".to_owned(),
        2 => "SHA-1, which is broken".to_owned(),
        8 => "SHA-256".to_owned(),
        9 => "SHA-384".to_owned(),
        10 => "SHA-512".to_owned(),
        11 => "SHA-224".to_owned(),
        12 => "SHA3-256".to_owned(),
        14 => "SHA3-512".to_owned(),
        other => format!("hash {other}"),
    }
}

/// The packets of a file, as far as they are whole.
struct Packets<'a>(&'a [u8]);

impl<'a> Iterator for Packets<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&header, rest) = self.0.split_first()?;
        let (tag, length, rest) = match header {
            0xc0..=0xff => {
                let (length, rest) = new_length(rest)?;
                (header & 0x3f, length, rest)
            }
            0x80..=0xbf if header & 3 < 3 => {
                let (digits, rest) = rest.split_at_checked(1 << (header & 3))?;
                let length = digits
                    .iter()
                    .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
                ((header >> 2) & 0x0f, length, rest)
            }
            _ => return None,
        };
        let (body, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, body))
    }
}

/// The subpackets of an area, as far as they are whole.
struct Subpackets<'a>(&'a [u8]);

impl<'a> Iterator for Subpackets<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = new_length(self.0)?;
        let (subpacket, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        let (&type_, content) = subpacket.split_first()?;
        // The highest bit says that it is critical.
        Some((type_ & 0x7f, content))
    }
}

fn new_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    match first {
        0..=191 => Some((usize::from(first), rest)),
        192..=223 => {
            let (&second, rest) = rest.split_first()?;
            Some(((usize::from(first) - 192) * 256 + usize::from(second) + 192, rest))
        }
        255 => {
            let (digits, rest) = rest.split_first_chunk::<4>()?;
            Some((usize::try_from(u32::from_be_bytes(*digits)).ok()?, rest))
        }
        // Lengths in parts, which no signature or key has.
        224..=254 => None,
    }
}
