use const_oid::db::rfc6962;
use der::Tag;
use jiff::Timestamp;

use super::path::{Issued, Path};
use crate::Rejection;
use crate::asn1::{Elements, Malformed, context, only, wrapped};
use crate::crypto::{Hash, Scheme, VerificationKey};
use crate::token::token;
use crate::window::Window;

token! {
    /// A certificate transparency log of the trust root promised to publish the certificate.
    CertificatePublished
}

/// The most promises of a certificate. Those of browsers have three.
const MAX_PROMISES: usize = 16;

/// A certificate transparency log of a trust root.
#[derive(Debug)]
pub(crate) struct CertificateLog {
    /// The SHA-256 of its key.
    pub(crate) id: [u8; 32],
    /// None when nobody here knows the algorithm.
    pub(crate) key: Option<VerificationKey>,
    pub(crate) window: Window,
}

/// A promise of a log to publish a certificate. Source: RFC 6962, section 3.2.
struct Promise<'a> {
    log: [u8; 32],
    milliseconds: u64,
    extensions: &'a [u8],
    scheme: Scheme,
    signature: &'a [u8],
}

impl Issued {
    /// That a log of the trust root has promised to publish the certificate, as one of the issuer of one of these paths. A
    /// promise of a log that is known has to be good; one of an unknown log is passed over.
    pub(crate) fn check_published(
        &self,
        paths: &[&Path],
        logs: &[CertificateLog],
    ) -> Result<CertificatePublished, Rejection> {
        let known = self.published.get();
        if known.is_some_and(|known| paths.iter().any(|path| path.issuer_key_hash == *known)) {
            return Ok(CertificatePublished { _private: () });
        }
        let mut reason = Malformed("a path to the authority");
        for path in paths {
            match self.check_published_by(&path.issuer_key_hash, logs) {
                Ok(()) => {
                    let _ = self.published.set(path.issuer_key_hash);
                    return Ok(CertificatePublished { _private: () });
                }
                Err(error) => reason = error,
            }
        }
        Err(Rejection::CertificateNotPublished {
            detail: reason.to_string(),
        })
    }

    fn check_published_by(&self, issuer_key_hash: &[u8; 32], logs: &[CertificateLog]) -> Result<(), Malformed> {
        let list = self.leaf.extensions.published.as_deref();
        let promises = promises(list.ok_or(Malformed("a promise to publish it in the certificate"))?)?;
        let certificate = without_promises(&self.leaf.to_be_signed)?;
        let mut is_published = false;
        for promise in &promises {
            if let Some(log) = logs.iter().find(|log| log.id == promise.log) {
                promise.check(log, issuer_key_hash, &certificate)?;
                is_published = true;
            }
        }
        match is_published {
            true => Ok(()),
            false => Err(Malformed("a promise of a log of the trust root")),
        }
    }
}

impl<'a> Promise<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (log, rest) = rest.split_first_chunk()?;
        let (milliseconds, rest) = rest.split_first_chunk()?;
        let (extensions, rest) = prefixed(rest)?;
        let ([hash, algorithm], rest) = rest.split_first_chunk()?;
        let (signature, rest) = prefixed(rest)?;
        let scheme = match (hash, algorithm) {
            (4, 3) => Scheme::Ecdsa(Hash::Sha256),
            (5, 3) => Scheme::Ecdsa(Hash::Sha384),
            (4, 1) => Scheme::RsaPkcs1(Hash::Sha256),
            _ => return None,
        };
        (*version == 0 && rest.is_empty()).then_some(Self {
            log: *log,
            milliseconds: u64::from_be_bytes(*milliseconds),
            extensions,
            scheme,
            signature,
        })
    }

    fn check(&self, log: &CertificateLog, issuer_key_hash: &[u8; 32], certificate: &[u8]) -> Result<(), Malformed> {
        let key = log
            .key
            .as_ref()
            .ok_or(Malformed("a log whose key is of a known algorithm"))?;
        let milliseconds = i64::try_from(self.milliseconds).ok();
        let time = milliseconds.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok());
        if !time.is_some_and(|time| log.window.contains(time)) {
            return Err(Malformed("a promise from when the log counted"));
        }
        let signed = self.signed(issuer_key_hash, certificate)?;
        match key.schemes().contains(&self.scheme) && key.verifies(self.scheme, &signed, self.signature) {
            true => Ok(()),
            false => Err(Malformed("a promise that the log has signed")),
        }
    }

    /// What the log signs of a certificate that was not issued yet. Source: RFC 6962, section 3.2.
    fn signed(&self, issuer_key_hash: &[u8; 32], certificate: &[u8]) -> Result<Vec<u8>, Malformed> {
        let length = u32::try_from(certificate.len()).ok().filter(|length| *length < 1 << 24);
        let length = length.ok_or(Malformed("a certificate below 16 MiB"))?.to_be_bytes();
        let extensions_length = u16::try_from(self.extensions.len()).map_err(|_| Malformed("short extensions"))?;
        Ok([
            &[0, 0][..],
            &self.milliseconds.to_be_bytes(),
            &[0, 1],
            issuer_key_hash,
            &length[1..],
            certificate,
            &extensions_length.to_be_bytes(),
            self.extensions,
        ]
        .concat())
    }
}

/// Reads a list of promises, each with its length before it. Source: RFC 6962, section 3.3.
fn promises(list: &[u8]) -> Result<Vec<Promise<'_>>, Malformed> {
    let malformed = Malformed("a list of promises of certificate transparency logs");
    let (mut rest, after) = prefixed(list).ok_or(malformed)?;
    let mut promises = Vec::new();
    while !rest.is_empty() {
        let (promise, others) = prefixed(rest).ok_or(malformed)?;
        promises.push(Promise::read(promise).ok_or(malformed)?);
        rest = others;
    }
    match after.is_empty() && promises.len() <= MAX_PROMISES {
        true => Ok(promises),
        false => Err(malformed),
    }
}

/// What stands behind a length of two bytes, and what follows.
fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// The part of a certificate that is signed, as it was before the promises were put into it.
fn without_promises(to_be_signed: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut parts = only(to_be_signed, Tag::Sequence, "a certificate to be signed")?.elements()?;
    let mut content = Vec::with_capacity(to_be_signed.len());
    while !parts.is_empty() {
        let part = parts.any("a part of a certificate")?;
        match part.tag == context(3, true) {
            true => content.extend(extensions_without_promises(part.value)?),
            false => content.extend_from_slice(part.whole),
        }
    }
    Ok(wrapped(Tag::Sequence, &content))
}

fn extensions_without_promises(list: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut list = only(list, Tag::Sequence, "a list of extensions")?.elements()?;
    let mut kept = Vec::new();
    while !list.is_empty() {
        let extension = list.take(Tag::Sequence, "an extension")?;
        let mut parts: Elements<'_> = extension.elements()?;
        let identifier = parts.take(Tag::ObjectIdentifier, "the identifier of an extension")?;
        if identifier.value != rfc6962::CT_PRECERT_SCTS.as_bytes() {
            kept.extend_from_slice(extension.whole);
        }
    }
    Ok(match kept.is_empty() {
        true => Vec::new(),
        false => wrapped(context(3, true), &wrapped(Tag::Sequence, &kept)),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::super::Certificate;
    use super::*;
    use crate::TrustRoot;

    const ROOT: &[u8] = include_bytes!("../../../../fixtures/accept/statement-rekor-v2/trusted_root.json");
    const BUNDLE: &[u8] = include_bytes!("../../../../fixtures/accept/statement-rekor-v2/bundle.sigstore.json");

    const NONE: &str = "a promise to publish it in the certificate";
    const UNKNOWN: &str = "a promise of a log of the trust root";
    const FORGED: &str = "a promise that the log has signed";
    const LATE: &str = "a promise from when the log counted";

    fn root() -> TrustRoot {
        TrustRoot::parse(ROOT).unwrap()
    }

    /// A certificate with one promise, before anybody has looked at it.
    fn issued(root: &TrustRoot) -> Issued {
        let bundle: serde_json::Value = serde_json::from_slice(BUNDLE).unwrap();
        let leaf = &bundle["verificationMaterial"]["certificate"]["rawBytes"];
        let leaf = STANDARD.decode(leaf.as_str().unwrap()).unwrap();
        Issued::find(&leaf, &[], &root.authorities).unwrap()
    }

    /// The same with something else in what its authority signs. Whether the authority did is asked elsewhere.
    fn changed(issued: Issued, change: impl FnOnce(&[u8]) -> Vec<u8>) -> Issued {
        let certificate = only(&issued.leaf.der, Tag::Sequence, "a certificate").unwrap();
        let mut parts = certificate.elements().unwrap();
        let mut content = change(parts.any("a certificate to be signed").unwrap().whole);
        while !parts.is_empty() {
            content.extend_from_slice(parts.any("a part").unwrap().whole);
        }
        Issued {
            leaf: Certificate::parse(&wrapped(Tag::Sequence, &content)).unwrap(),
            paths: issued.paths,
            published: OnceLock::new(),
        }
    }

    fn check(issued: &Issued, logs: &[CertificateLog]) -> Result<(), Rejection> {
        let paths: Vec<&Path> = issued.paths.iter().collect();
        issued.check_published(&paths, logs).map(drop)
    }

    fn refused(expected: &'static str) -> Result<(), Rejection> {
        let detail = Malformed(expected).to_string();
        Err(Rejection::CertificateNotPublished { detail })
    }

    #[test]
    fn what_a_known_log_has_promised_is_published() {
        let root = root();
        assert_eq!(check(&issued(&root), &root.certificate_logs), Ok(()));
        // Nothing is lost when a certificate is taken apart and put together again.
        let same = changed(issued(&root), <[u8]>::to_vec);
        assert_eq!(check(&same, &root.certificate_logs), Ok(()));
    }

    #[test]
    fn a_certificate_without_a_promise_is_not_published() {
        let root = root();
        let bare = changed(issued(&root), |signed| without_promises(signed).unwrap());
        assert_eq!(check(&bare, &root.certificate_logs), refused(NONE));
    }

    #[test]
    fn a_promise_of_a_log_that_nobody_knows_does_not_count() {
        let mut root = root();
        assert_eq!(check(&issued(&root), &[]), refused(UNKNOWN));
        root.certificate_logs.iter_mut().for_each(|log| log.id[0] ^= 1);
        assert_eq!(check(&issued(&root), &root.certificate_logs), refused(UNKNOWN));
    }

    #[test]
    fn a_promise_by_another_key_under_the_name_of_a_log_does_not_count() {
        let mut root = root();
        let issued = issued(&root);
        for log in &mut root.certificate_logs {
            log.key = Some(VerificationKey::from_spki(&root.authorities[0].chain[0].public_key).unwrap());
        }
        assert_eq!(check(&issued, &root.certificate_logs), refused(FORGED));
    }

    #[test]
    fn a_promise_about_a_certificate_of_another_issuer_does_not_count() {
        let root = root();
        let mut elsewhere = issued(&root);
        elsewhere.paths.iter_mut().for_each(|path| path.issuer_key_hash[0] ^= 1);
        assert_eq!(check(&elsewhere, &root.certificate_logs), refused(FORGED));
        // Nor does it once the same certificate was found published by its own issuer.
        let mut known = issued(&root);
        check(&known, &root.certificate_logs).unwrap();
        known.paths.iter_mut().for_each(|path| path.issuer_key_hash[0] ^= 1);
        assert_eq!(check(&known, &root.certificate_logs), refused(FORGED));
    }

    #[test]
    fn a_promise_about_a_certificate_that_was_changed_does_not_count() {
        let root = root();
        let other = changed(issued(&root), |signed| {
            let place = signed.windows(11).position(|window| window == b"example/app").unwrap();
            let mut signed = signed.to_vec();
            signed[place + 10] = b'q';
            signed
        });
        assert_eq!(check(&other, &root.certificate_logs), refused(FORGED));
    }

    #[test]
    fn a_promise_from_after_the_end_of_a_log_does_not_count() {
        let mut root = root();
        let end = "2025-03-01T11:59:59Z".parse().unwrap();
        root.certificate_logs
            .iter_mut()
            .for_each(|log| log.window.end = Some(end));
        assert_eq!(check(&issued(&root), &root.certificate_logs), refused(LATE));
    }
}
