use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5912, rfc8410};
use der::Tag;

use crate::asn1::{Element, Malformed};
use crate::crypto::{Hash, Scheme};

/// The parameters of RSASSA-PSS in which hash, mask and length of the salt agree, as DER. Source: RFC 4055, section 3.
const PSS_SHA256: &[u8] = &hex_of(
    b"3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120",
);
const PSS_SHA384: &[u8] = &hex_of(
    b"3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130",
);
const PSS_SHA512: &[u8] = &hex_of(
    b"3034a00f300d06096086480165030402030500a11c301a06092a864886f70d010108300d06096086480165030402030500a203020140",
);

/// How a certificate is signed. Sources: RFC 5758, RFC 4055, RFC 8410.
pub(super) fn scheme(algorithm: Element<'_>) -> Result<Scheme, Malformed> {
    let mut parts = algorithm.elements()?;
    let identifier = parts.take(Tag::ObjectIdentifier, "a signature algorithm")?;
    let parameters = match parts.is_empty() {
        true => None,
        false => Some(parts.any("parameters of a signature algorithm")?),
    };
    parts.end("nothing after the parameters of a signature algorithm")?;
    let absent = parameters.is_none();
    let null_or_absent = parameters.is_none_or(|parameters| parameters.whole == [5, 0]);
    if identifier.value == rfc5912::ID_RSASSA_PSS.as_bytes() {
        return pss(parameters);
    }
    let known: [(ObjectIdentifier, Scheme, bool); 7] = [
        (rfc5912::ECDSA_WITH_SHA_256, Scheme::Ecdsa(Hash::Sha256), absent),
        (rfc5912::ECDSA_WITH_SHA_384, Scheme::Ecdsa(Hash::Sha384), absent),
        (rfc5912::ECDSA_WITH_SHA_512, Scheme::Ecdsa(Hash::Sha512), absent),
        (rfc8410::ID_ED_25519, Scheme::Ed25519, absent),
        (
            rfc5912::SHA_256_WITH_RSA_ENCRYPTION,
            Scheme::RsaPkcs1(Hash::Sha256),
            null_or_absent,
        ),
        (
            rfc5912::SHA_384_WITH_RSA_ENCRYPTION,
            Scheme::RsaPkcs1(Hash::Sha384),
            null_or_absent,
        ),
        (
            rfc5912::SHA_512_WITH_RSA_ENCRYPTION,
            Scheme::RsaPkcs1(Hash::Sha512),
            null_or_absent,
        ),
    ];
    match known
        .into_iter()
        .find(|(known, ..)| known.as_bytes() == identifier.value)
    {
        Some((_, scheme, true)) => Ok(scheme),
        Some(_) => Err(Malformed("no parameters of the signature algorithm")),
        None => Err(Malformed("a certificate signed with ECDSA, Ed25519 or RSA over SHA-2")),
    }
}

fn pss(parameters: Option<Element<'_>>) -> Result<Scheme, Malformed> {
    let known = [
        (PSS_SHA256, Hash::Sha256),
        (PSS_SHA384, Hash::Sha384),
        (PSS_SHA512, Hash::Sha512),
    ];
    let found = parameters.map(|parameters| parameters.whole).unwrap_or_default();
    known
        .into_iter()
        .find(|(known, _)| *known == found)
        .map(|(_, hash)| Scheme::RsaPss(hash))
        .ok_or(Malformed("parameters of RSASSA-PSS that agree"))
}

const fn hex_of(text: &[u8; 108]) -> [u8; 54] {
    let mut bytes = [0; 54];
    let mut place = 0;
    while place < bytes.len() {
        bytes[place] = nibble(text[2 * place]) << 4 | nibble(text[2 * place + 1]);
        place += 1;
    }
    bytes
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit - b'a' + 10,
    }
}
