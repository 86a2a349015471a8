use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_CE_SUBJECT_KEY_IDENTIFIER, ID_KP_CODE_SIGNING,
};
use der::asn1::OctetString;
use jiff::{Timestamp, ToSpan};
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};

use crate::error::Error;
use crate::keys::Keys;
use crate::x509::{IssuerKey, Template, extension, key_identifier, name, validity};

/// How long roots, intermediates and the timestamp certificate are valid: longer than anyone keeps a sandbox.
const CHAIN_HOURS: i64 = 24 * 365 * 10;

/// Root and intermediate of the certificate authority, both P-384.
pub(crate) struct Chain {
    pub(crate) root: Certificate,
    pub(crate) intermediate: Certificate,
    pub(crate) key: IssuerKey,
}

impl Chain {
    pub(crate) fn new(keys: &Keys) -> Result<Self, Error> {
        let root_key = IssuerKey::P384(keys.p384("fulcio root"));
        let key = IssuerKey::P384(keys.p384("fulcio intermediate"));
        let root = self_signed(keys, "CN=attest sandbox root,O=attest sandbox", &root_key)?;
        let mut template = Template {
            serial: keys.serial("certificate", b"fulcio intermediate"),
            issuer: root.tbs_certificate.subject.clone(),
            subject: name("CN=attest sandbox intermediate,O=attest sandbox")?,
            validity: validity(keys.created(), end(keys.created())?)?,
            public_key: key.public_key()?,
            extensions: vec![
                extension(
                    ID_CE_KEY_USAGE,
                    true,
                    &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
                )?,
                extension(ID_CE_EXT_KEY_USAGE, false, &ExtendedKeyUsage(vec![ID_KP_CODE_SIGNING]))?,
                extension(
                    ID_CE_BASIC_CONSTRAINTS,
                    true,
                    &BasicConstraints {
                        ca: true,
                        path_len_constraint: Some(0),
                    },
                )?,
            ],
        };
        template.extensions.extend(key_identifiers(&template, &root_key)?);
        Ok(Self {
            intermediate: template.sign(&root_key)?,
            root,
            key,
        })
    }
}

/// A root certificate, valid from the creation of the keys on.
pub(crate) fn self_signed(keys: &Keys, subject: &str, key: &IssuerKey) -> Result<Certificate, Error> {
    let subject = name(subject)?;
    let public_key = key.public_key()?;
    let identifier = SubjectKeyIdentifier(key_identifier(&public_key)?);
    let template = Template {
        serial: keys.serial("certificate", subject.to_string().as_bytes()),
        issuer: subject.clone(),
        subject,
        validity: validity(keys.created(), end(keys.created())?)?,
        public_key,
        extensions: vec![
            extension(
                ID_CE_KEY_USAGE,
                true,
                &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
            )?,
            extension(
                ID_CE_BASIC_CONSTRAINTS,
                true,
                &BasicConstraints {
                    ca: true,
                    path_len_constraint: Some(1),
                },
            )?,
            extension(ID_CE_SUBJECT_KEY_IDENTIFIER, false, &identifier)?,
        ],
    };
    template.sign(key)
}

/// The identifiers of the certificate's own key and of its issuer's.
pub(crate) fn key_identifiers(template: &Template, issuer: &IssuerKey) -> Result<[Extension; 2], Error> {
    let own = SubjectKeyIdentifier(key_identifier(&template.public_key)?);
    let authority = AuthorityKeyIdentifier {
        key_identifier: Some(authority_identifier(issuer)?),
        ..AuthorityKeyIdentifier::default()
    };
    Ok([
        extension(ID_CE_SUBJECT_KEY_IDENTIFIER, false, &own)?,
        extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, false, &authority)?,
    ])
}

/// When certificates of the sandbox's own services end.
pub(crate) fn end(from: Timestamp) -> Result<Timestamp, Error> {
    from.checked_add(CHAIN_HOURS.hours())
        .map_err(|error| Error::internal("a validity", error))
}

fn authority_identifier(issuer: &IssuerKey) -> Result<OctetString, Error> {
    key_identifier(&issuer.public_key()?)
}
