use const_oid::ObjectIdentifier;
use der::asn1::OctetString;
use jiff::Timestamp;
use p256::ecdsa::SigningKey;
use sha2::{Digest, Sha256};
use x509_cert::ext::Extension;

use crate::error::Error;
use crate::keys::Keys;
use crate::x509::{extension, p256_signature, p256_spki};

/// RFC 6962, section 3.3.
const SCT_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");

/// The certificate transparency log. Only its promise exists: clients check the signature and ask no log.
pub(crate) struct CertificateLog {
    key: SigningKey,
    spki: Vec<u8>,
}

impl CertificateLog {
    pub(crate) fn new(keys: &Keys) -> Result<Self, Error> {
        let key = keys.p256("certificate transparency");
        let spki = p256_spki(&key)?;
        Ok(Self { key, spki })
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        &self.spki
    }

    pub(crate) fn id(&self) -> [u8; 32] {
        Sha256::digest(&self.spki).into()
    }

    /// The extension that promises to log a certificate, given everything else that is to be signed of it.
    pub(crate) fn promise(&self, issuer_key: &[u8], to_be_signed: &[u8], now: Timestamp) -> Result<Extension, Error> {
        let milliseconds = u64::try_from(now.as_millisecond()).map_err(|error| Error::internal("a time", error))?;
        let signature = p256_signature(&self.key, &signed_entry(issuer_key, to_be_signed, milliseconds)?);
        let mut sct = vec![0];
        sct.extend(self.id());
        sct.extend(milliseconds.to_be_bytes());
        // No extensions, then SHA-256 (4) with ECDSA (3).
        sct.extend([0, 0, 4, 3]);
        sct.extend(length16(&signature)?);
        sct.extend(signature);
        let mut one = length16(&sct)?.to_vec();
        one.extend(sct);
        let mut list = length16(&one)?.to_vec();
        list.extend(one);
        let list = OctetString::new(list).map_err(|error| Error::internal("a list of SCTs", error))?;
        extension(SCT_LIST, false, &list)
    }
}

/// RFC 6962, section 3.2, for an entry of type `precert_entry`.
fn signed_entry(issuer_key: &[u8], to_be_signed: &[u8], milliseconds: u64) -> Result<Vec<u8>, Error> {
    let length = u32::try_from(to_be_signed.len())
        .ok()
        .filter(|length| *length < 1 << 24);
    let length = length.ok_or_else(|| Error::internal("an SCT", "the certificate is too large"))?;
    let mut entry = vec![0, 0];
    entry.extend(milliseconds.to_be_bytes());
    entry.extend([0, 1]);
    entry.extend(Sha256::digest(issuer_key));
    entry.extend(&length.to_be_bytes()[1..]);
    entry.extend(to_be_signed);
    entry.extend([0, 0]);
    Ok(entry)
}

fn length16(bytes: &[u8]) -> Result<[u8; 2], Error> {
    let length = u16::try_from(bytes.len()).map_err(|error| Error::internal("an SCT", error))?;
    Ok(length.to_be_bytes())
}
