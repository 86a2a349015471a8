use der::Tag;

use super::extension::utf8;
use crate::asn1::{Element, Malformed, context, only};

/// The most names of a certificate. One of Fulcio has one; a server of one's own might have a few.
const MAX_NAMES: usize = 64;

/// `1.3.6.1.4.1.57264.1.7`: a name that is neither an address nor a URI. Source: Fulcio, `docs/oid-info.md`.
const OTHER_NAME: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01, 0x07];

/// The subject alternative names of a certificate.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// E-mail addresses, URIs, DNS names, and those of Fulcio's own kind.
    pub(crate) texts: Vec<String>,
    /// How many names of all kinds there are. Some, such as IP addresses, are nobody's identity.
    pub(crate) count: usize,
}

/// Reads the subject alternative names. Source: RFC 5280, section 4.2.1.6.
pub(super) fn read(value: &[u8]) -> Result<Names, Malformed> {
    let mut list = only(value, Tag::Sequence, "subject alternative names")?.elements()?;
    let mut names = Names::default();
    while !list.is_empty() {
        names.texts.extend(name(list.any("a subject alternative name")?)?);
        names.count += 1;
        if names.count > MAX_NAMES {
            return Err(Malformed("at most 64 subject alternative names"));
        }
    }
    match names.count {
        0 => Err(Malformed("a subject alternative name")),
        _ => Ok(names),
    }
}

fn name(element: Element<'_>) -> Result<Option<String>, Malformed> {
    let is = |number| element.tag == context(number, false);
    if is(1) || is(2) || is(6) {
        let text = utf8(element.value)?;
        return match text.is_ascii() {
            true => Ok(Some(text)),
            false => Err(Malformed("a subject alternative name in ASCII")),
        };
    }
    if element.tag == context(0, true) {
        let mut parts = element.elements()?;
        let kind = parts.take(Tag::ObjectIdentifier, "the kind of a name")?;
        let value = parts.take(context(0, true), "the value of a name")?;
        parts.end("nothing after the value of a name")?;
        if kind.value == OTHER_NAME {
            let text = only(value.value, Tag::Utf8String, "a name in UTF-8")?;
            return utf8(text.value).map(Some);
        }
    }
    Ok(None)
}
