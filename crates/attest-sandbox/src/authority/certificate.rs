use const_oid::db::rfc5280::{ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_KP_CODE_SIGNING};
use jiff::{Timestamp, ToSpan};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::name::Name;

use crate::authority::chain::key_identifiers;
use crate::authority::{CertificateLog, Chain, Profile};
use crate::error::Error;
use crate::public_key::PublicKey;
use crate::x509::{self, IssuerKey, Template, certificate_pem, extension, validity};

/// How long a signing certificate is valid: Fulcio's ten minutes.
const LIFETIME_MINUTES: i64 = 10;

/// A signing certificate with the chain above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCertificate {
    leaf: Certificate,
    chain: [Certificate; 2],
}

impl IssuedCertificate {
    /// The signing certificate in DER.
    ///
    /// # Errors
    /// Never for one that was issued.
    pub fn leaf_der(&self) -> Result<Vec<u8>, Error> {
        x509::encode("a certificate", &self.leaf)
    }

    /// PEM of the signing certificate, the intermediate and the root, in this order.
    ///
    /// # Errors
    /// Never for one that was issued.
    pub fn chain_pem(&self) -> Result<Vec<String>, Error> {
        let [intermediate, root] = &self.chain;
        [&self.leaf, intermediate, root]
            .into_iter()
            .map(certificate_pem)
            .collect()
    }
}

/// Everything that decides what a certificate looks like.
pub(crate) struct Issuing<'a> {
    pub(crate) chain: &'a Chain,
    pub(crate) log: &'a CertificateLog,
    pub(crate) profile: &'a Profile,
    pub(crate) public_key: &'a PublicKey,
    pub(crate) serial: [u8; 20],
    pub(crate) now: Timestamp,
}

impl Issuing<'_> {
    pub(crate) fn issue(&self) -> Result<IssuedCertificate, Error> {
        let mut template = self.template()?;
        let issuer_key = x509::encode("a public key", &self.chain.key.public_key()?)?;
        let precertificate = x509::encode("a certificate", &template.to_be_signed(&self.chain.key)?)?;
        template
            .extensions
            .push(self.log.promise(&issuer_key, &precertificate, self.now)?);
        Ok(IssuedCertificate {
            leaf: template.sign(&self.chain.key)?,
            chain: [self.chain.intermediate.clone(), self.chain.root.clone()],
        })
    }

    fn template(&self) -> Result<Template, Error> {
        let until = self.now.checked_add(LIFETIME_MINUTES.minutes());
        let mut template = Template {
            serial: self.serial,
            issuer: self.chain.intermediate.tbs_certificate.subject.clone(),
            subject: Name::default(),
            validity: validity(self.now, until.map_err(|error| Error::internal("a validity", error))?)?,
            public_key: self.public_key.info().clone(),
            extensions: vec![
                extension(ID_CE_KEY_USAGE, true, &KeyUsage(KeyUsages::DigitalSignature.into()))?,
                extension(ID_CE_EXT_KEY_USAGE, false, &ExtendedKeyUsage(vec![ID_KP_CODE_SIGNING]))?,
            ],
        };
        template
            .extensions
            .extend(key_identifiers(&template, self.issuer_key())?);
        template.extensions.extend(self.profile.extensions()?);
        Ok(template)
    }

    fn issuer_key(&self) -> &IssuerKey {
        &self.chain.key
    }
}
