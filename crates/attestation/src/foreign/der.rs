//! Just enough DER to tell a certificate from a key from a signature. Nothing is checked beyond the shape.

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// `id-signedData` (RFC 5652, section 5.1).
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// One element: its tag, its content, and what follows it.
type Element<'a> = (u8, &'a [u8], &'a [u8]);

/// Whether it is a certificate of version 2 or 3 (RFC 5280, section 4.1).
pub(super) fn is_certificate(der: &[u8]) -> bool {
    let Some([(SEQUENCE, to_be_signed), (SEQUENCE, _), (BIT_STRING, _)]) = exactly(der) else {
        return false;
    };
    element(to_be_signed).is_some_and(|(tag, _, _)| tag == VERSION)
}

/// Whether it is a `SubjectPublicKeyInfo` (RFC 5280, section 4.1).
pub(super) fn is_public_key(der: &[u8]) -> bool {
    let Some([(SEQUENCE, algorithm), (BIT_STRING, _)]) = exactly(der) else {
        return false;
    };
    element(algorithm).is_some_and(|(tag, _, _)| tag == OBJECT_IDENTIFIER)
}

/// Whether it is an ECDSA signature (RFC 3279, section 2.2.3).
pub(super) fn is_ecdsa_signature(der: &[u8]) -> bool {
    matches!(exactly(der), Some([(INTEGER, _), (INTEGER, _)]))
}

/// Whether it is an RFC 3161 response with a token (section 2.4.2), or a token alone.
pub(super) fn is_timestamp(der: &[u8]) -> bool {
    match exactly(der) {
        Some([(SEQUENCE, _), (SEQUENCE, token)]) => {
            element(token).is_some_and(|(tag, content, _)| tag == OBJECT_IDENTIFIER && content == SIGNED_DATA)
        }
        Some([(OBJECT_IDENTIFIER, content_type), _]) => content_type == SIGNED_DATA,
        _ => false,
    }
}

/// Whether a certificate names the same subject and issuer, as a root does.
pub(super) fn is_self_issued(certificate: &[u8]) -> bool {
    let issuer_and_subject = || {
        let (_, certificate, _) = element(certificate)?;
        let (_, to_be_signed, _) = element(certificate)?;
        // version, serial number, signature
        let rest = (0..3).try_fold(to_be_signed, |rest, _| element(rest).map(|(_, _, rest)| rest))?;
        let (_, issuer, rest) = element(rest)?;
        let (_, _validity, rest) = element(rest)?;
        let (_, subject, _) = element(rest)?;
        Some(issuer == subject)
    };
    issuer_and_subject().unwrap_or(false)
}

/// The elements of a sequence that is all there is, if they are as many as asked for.
fn exactly<const N: usize>(der: &[u8]) -> Option<[(u8, &[u8]); N]> {
    let (SEQUENCE, mut rest, []) = element(der)? else {
        return None;
    };
    let mut elements = [(0, &[][..]); N];
    for slot in &mut elements {
        let (tag, content, after) = element(rest)?;
        *slot = (tag, content);
        rest = after;
    }
    rest.is_empty().then_some(elements)
}

fn element(bytes: &[u8]) -> Option<Element<'_>> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits.iter().try_fold(0_u32, |length, digit| {
                length.checked_mul(256)?.checked_add(u32::from(*digit))
            })?;
            (usize::try_from(length).ok()?, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIGNATURE: &[u8] = &[0x30, 0x06, 0x02, 0x01, 0x05, 0x02, 0x01, 0x06];

    #[test]
    fn a_signature_is_two_numbers_and_nothing_else() {
        assert!(is_ecdsa_signature(SIGNATURE));
        assert!(!is_ecdsa_signature(&[SIGNATURE, &[0]].concat()));
        assert!(!is_ecdsa_signature(&SIGNATURE[..7]));
        assert!(!is_public_key(SIGNATURE));
        assert!(!is_certificate(SIGNATURE));
    }

    #[test]
    fn a_length_beyond_the_end_is_no_element() {
        assert_eq!(element(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]), None);
        assert_eq!(element(&[0x30, 0x80]), None);
        assert_eq!(element(&[0x30, 0x82, 0x00]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = (is_certificate(&bytes), is_public_key(&bytes), is_ecdsa_signature(&bytes), is_self_issued(&bytes));
        }
    }
}
