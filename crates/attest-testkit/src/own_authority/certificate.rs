use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;

/// The identifier of the usage of a key, DER without its tag.
pub const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
/// The identifier of the alternative names.
pub const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// The identifier of what makes an authority.
pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// The identifier of the purposes of a key.
pub const PURPOSES: &[u8] = &[0x55, 0x1d, 0x25];

const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const SIGNATURE_USAGE: &[u8] = &[3, 2, 7, 0x80];

/// The usage of a key that signs certificates.
pub const AUTHORITY_USAGE: &[u8] = &[3, 2, 1, 6];

/// One extension: identifier, whether it is critical, value.
pub type Extension = (&'static [u8], bool, Vec<u8>);

/// What a certificate is made of, right or wrong.
#[derive(Debug, Clone)]
pub struct Template {
    /// Also the seed of its key.
    pub serial: u8,
    /// The common name of whoever signs it.
    pub issuer: &'static str,
    /// Its own common name.
    pub subject: &'static str,
    /// From when to when, as `UTCTime`.
    pub validity: (&'static str, &'static str),
    /// In their order.
    pub extensions: Vec<Extension>,
}

impl Template {
    /// A leaf for code signing, issued to an e-mail address five minutes before [`crate::SIGNED_AT`].
    #[must_use]
    pub fn leaf(serial: u8, issuer: &'static str, email: &str) -> Self {
        Self {
            serial,
            issuer,
            subject: "leaf",
            validity: ("250301115500Z", "250301120500Z"),
            extensions: vec![
                (KEY_USAGE, true, SIGNATURE_USAGE.to_vec()),
                (PURPOSES, false, purposes(&[CODE_SIGNING])),
                (ALTERNATIVE_NAME, true, names(&[(0x81, email)])),
            ],
        }
    }

    /// An authority, above so many others at most.
    #[must_use]
    pub fn authority(serial: u8, issuer: &'static str, subject: &'static str, path_length: Option<u8>) -> Self {
        let limit = path_length.map(|length| tlv(2, &[[length]])).unwrap_or_default();
        Self {
            serial,
            issuer,
            subject,
            validity: ("200101000000Z", "400101000000Z"),
            extensions: vec![
                (BASIC_CONSTRAINTS, true, tlv(0x30, &[tlv(1, &[[0xff]]), limit])),
                (KEY_USAGE, true, AUTHORITY_USAGE.to_vec()),
            ],
        }
    }

    /// Puts another value in the place of an extension, or takes it away.
    pub fn set(&mut self, identifier: &'static [u8], value: Option<Vec<u8>>) {
        self.extensions.retain(|(found, ..)| *found != identifier);
        self.extensions.extend(value.map(|value| (identifier, true, value)));
    }

    pub(super) fn key(&self) -> SigningKey {
        SigningKey::from_slice(&[self.serial; 32]).expect("a byte over and over is below the order of the curve")
    }

    /// The certificate, DER, signed by the key of another.
    pub(super) fn sign(&self, issuer: &SigningKey) -> Vec<u8> {
        let algorithm = tlv(0x30, &[tlv(6, &[ECDSA_SHA256])]);
        let time = |text: &str| tlv(0x17, &[text.as_bytes()]);
        let extensions: Vec<Vec<u8>> = self.extensions.iter().map(extension).collect();
        let public_key = self.key().verifying_key().to_public_key_der();
        let body = tlv(
            0x30,
            &[
                tlv(0xa0, &[tlv(2, &[[2]])]),
                tlv(2, &[[self.serial]]),
                algorithm.clone(),
                name(self.issuer),
                tlv(0x30, &[time(self.validity.0), time(self.validity.1)]),
                name(self.subject),
                public_key.expect("a key of a known curve has a DER form").into_vec(),
                tlv(0xa3, &[tlv(0x30, &extensions)]),
            ],
        );
        let signature: Signature = issuer.sign(&body);
        let signature = tlv(3, &[&[0][..], signature.to_der().as_bytes()]);
        tlv(0x30, &[body, algorithm, signature])
    }
}

/// An element of DER, of parts that are shorter than 64 KiB together.
///
/// # Panics
/// When they are longer.
#[must_use]
pub fn tlv(tag: u8, parts: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let content: Vec<u8> = parts.iter().flat_map(|part| part.as_ref().iter().copied()).collect();
    let length = match u8::try_from(content.len()) {
        Ok(short @ 0..0x80) => vec![short],
        Ok(byte) => vec![0x81, byte],
        Err(_) => {
            let length = u16::try_from(content.len()).expect("parts are shorter than 64 KiB together");
            [&[0x82][..], &length.to_be_bytes()].concat()
        }
    };
    [vec![tag], length, content].concat()
}

/// Alternative names, each with its tag.
#[must_use]
pub fn names(names: &[(u8, &str)]) -> Vec<u8> {
    let names: Vec<Vec<u8>> = names.iter().map(|(tag, name)| tlv(*tag, &[name.as_bytes()])).collect();
    tlv(0x30, &names)
}

/// Purposes of a key, each by its identifier.
#[must_use]
pub fn purposes(purposes: &[&[u8]]) -> Vec<u8> {
    let purposes: Vec<Vec<u8>> = purposes.iter().map(|purpose| tlv(6, &[purpose])).collect();
    tlv(0x30, &purposes)
}

fn extension((identifier, critical, value): &Extension) -> Vec<u8> {
    let critical = critical.then(|| tlv(1, &[[0xff]])).unwrap_or_default();
    tlv(0x30, &[tlv(6, &[identifier]), critical, tlv(4, &[value])])
}

fn name(common_name: &str) -> Vec<u8> {
    let pair = tlv(0x30, &[tlv(6, &[[0x55, 4, 3]]), tlv(0x0c, &[common_name.as_bytes()])]);
    tlv(0x30, &[tlv(0x31, &[pair])])
}
