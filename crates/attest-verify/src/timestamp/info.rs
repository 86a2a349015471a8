use der::Tag;
use jiff::Timestamp;

use super::token::hash;
use crate::asn1::{Element, Malformed, context, default_false, only, small, time};
use crate::crypto::Hash;

/// What a timestamp says: at this time there was something with this digest.
pub(super) struct Info<'a> {
    pub(super) imprint_hash: Hash,
    pub(super) imprint: &'a [u8],
    pub(super) time: Timestamp,
}

/// Reads what the authority signed. Source: RFC 3161, section 2.4.2 (`TSTInfo`).
pub(super) fn read(info: &[u8]) -> Result<Info<'_>, Malformed> {
    let mut parts = only(info, Tag::Sequence, "what a timestamp says")?.elements()?;
    let version = parts.take(Tag::Integer, "version 1 of a timestamp")?;
    if small(version, "version 1 of a timestamp")? != 1 {
        return Err(Malformed("version 1 of a timestamp"));
    }
    parts.take(Tag::ObjectIdentifier, "the policy of a timestamp")?;
    let (imprint_hash, imprint) = imprint(parts.take(Tag::Sequence, "what is stamped")?)?;
    parts.take(Tag::Integer, "the number of a timestamp")?;
    let moment = parts.take(Tag::GeneralizedTime, "the time of a timestamp")?;
    parts.optional(Tag::Sequence, "the accuracy of a timestamp")?;
    default_false(&mut parts, "the order of timestamps")?;
    parts.optional(Tag::Integer, "the nonce of a timestamp")?;
    parts.optional(context(0, true), "the name of the authority")?;
    if let Some(extensions) = parts.optional(context(1, true), "the extensions of a timestamp")? {
        check_extensions(extensions)?;
    }
    parts.end("nothing after what a timestamp says")?;
    Ok(Info {
        imprint_hash,
        imprint,
        time: time(moment, "the time of a timestamp")?,
    })
}

fn imprint(imprint: Element<'_>) -> Result<(Hash, &[u8]), Malformed> {
    let mut parts = imprint.elements()?;
    let hash = hash(parts.take(Tag::Sequence, "how it is stamped")?)?;
    let digest = parts.take(Tag::OctetString, "the digest of what is stamped")?.value;
    parts.end("nothing after what is stamped")?;
    Ok((hash, digest))
}

/// None is known here, so none may be critical.
fn check_extensions(extensions: Element<'_>) -> Result<(), Malformed> {
    let mut list = extensions.elements()?;
    while !list.is_empty() {
        let mut parts = list.take(Tag::Sequence, "an extension")?.elements()?;
        parts.take(Tag::ObjectIdentifier, "the identifier of an extension")?;
        if default_false(&mut parts, "whether an extension is critical")? {
            return Err(Malformed("only critical extensions that are known here"));
        }
    }
    Ok(())
}
