use const_oid::db::rfc5280::{ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_KP_TIME_STAMPING};
use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages};

use crate::authority::{end, key_identifiers, self_signed};
use crate::error::Error;
use crate::keys::Keys;
use crate::timestamp::TimestampRequest;
use crate::timestamp::token::Stamping;
use crate::x509::{IssuerKey, Template, extension, name, validity};

/// A P-256 leaf under a P-384 root.
pub(crate) struct TimestampAuthority {
    pub(crate) root: Certificate,
    pub(crate) leaf: Certificate,
    key: IssuerKey,
}

impl TimestampAuthority {
    pub(crate) fn new(keys: &Keys) -> Result<Self, Error> {
        let root_key = IssuerKey::P384(keys.p384("timestamp root"));
        let key = IssuerKey::P256(keys.p256("timestamp"));
        let root = self_signed(keys, "CN=attest sandbox timestamp root,O=attest sandbox", &root_key)?;
        let mut template = Template {
            serial: keys.serial("certificate", b"timestamp"),
            issuer: root.tbs_certificate.subject.clone(),
            subject: name("CN=attest sandbox timestamp,O=attest sandbox")?,
            validity: validity(keys.created(), end(keys.created())?)?,
            public_key: key.public_key()?,
            extensions: vec![
                extension(ID_CE_KEY_USAGE, true, &KeyUsage(KeyUsages::DigitalSignature.into()))?,
                // RFC 3161, section 2.3: this usage alone, and critical.
                extension(ID_CE_EXT_KEY_USAGE, true, &ExtendedKeyUsage(vec![ID_KP_TIME_STAMPING]))?,
            ],
        };
        template.extensions.extend(key_identifiers(&template, &root_key)?);
        Ok(Self {
            leaf: template.sign(&root_key)?,
            root,
            key,
        })
    }

    /// The response to a query, in DER.
    pub(crate) fn stamp(&self, request: &TimestampRequest, serial: [u8; 20], now: Timestamp) -> Result<Vec<u8>, Error> {
        let stamping = Stamping {
            request,
            certificate: &self.leaf,
            key: &self.key,
            serial,
            now,
        };
        stamping.response()
    }
}
