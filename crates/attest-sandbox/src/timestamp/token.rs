use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNED_DATA, ID_SIGNING_TIME};
use const_oid::db::rfc5912::ID_SHA_256;
use der::asn1::{Any, OctetString, SetOfVec, Uint, UtcTime};
use der::{Encode, Tagged};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::error::Error;
use crate::timestamp::TimestampRequest;
use crate::timestamp::wire::{CertificateIdWire, ResponseWire, SigningCertificateWire, StatusWire, TokenInfoWire};
use crate::x509::{IssuerKey, encode, generalized_time};

/// The policy of Sigstore's timestamp authority.
pub(super) const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2");
const ID_CT_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const ID_SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// Everything that decides what a token looks like.
pub(super) struct Stamping<'a> {
    pub(super) request: &'a TimestampRequest,
    pub(super) certificate: &'a Certificate,
    pub(super) key: &'a IssuerKey,
    pub(super) serial: [u8; 20],
    pub(super) now: Timestamp,
}

impl Stamping<'_> {
    /// The whole response in DER.
    pub(super) fn response(&self) -> Result<Vec<u8>, Error> {
        let response = ResponseWire {
            status: StatusWire { status: 0 },
            token: Some(ContentInfo {
                content_type: ID_SIGNED_DATA,
                content: any(&self.signed_data()?)?,
            }),
        };
        encode("a timestamp", &response)
    }

    fn signed_data(&self) -> Result<SignedData, Error> {
        let info = encode("a timestamp", &self.info()?)?;
        let attributes = self.attributes(&info)?;
        let signature = self.key.sign(&encode("a timestamp", &attributes)?);
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: self.certificate.tbs_certificate.issuer.clone(),
                serial_number: self.certificate.tbs_certificate.serial_number.clone(),
            }),
            digest_alg: sha256(),
            signed_attrs: Some(attributes),
            signature_algorithm: self.key.algorithm(),
            signature: octets(&signature)?,
            unsigned_attrs: None,
        };
        let certificate = CertificateChoices::Certificate(self.certificate.clone());
        Ok(SignedData {
            version: CmsVersion::V3,
            digest_algorithms: set(vec![sha256()])?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: ID_CT_TST_INFO,
                econtent: Some(any(&octets(&info)?)?),
            },
            // Only the leaf: a set of several would have to be in order, and clients hold the chain anyway.
            certificates: match self.request.wants_certificate {
                true => Some(CertificateSet(set(vec![certificate])?)),
                false => None,
            },
            crls: None,
            signer_infos: SignerInfos(set(vec![signer])?),
        })
    }

    fn info(&self) -> Result<TokenInfoWire, Error> {
        Ok(TokenInfoWire {
            version: 1,
            policy: POLICY,
            message_imprint: self.request.imprint.clone(),
            serial_number: Uint::new(&self.serial).map_err(|error| Error::internal("a timestamp", error))?,
            time: generalized_time(self.now)?,
            nonce: self.request.nonce.clone(),
        })
    }

    /// The attributes in DER order, which `SetOfVec` sees to.
    fn attributes(&self, info: &[u8]) -> Result<SignedAttributes, Error> {
        let certificate = encode("a certificate", self.certificate)?;
        let signing_certificate = SigningCertificateWire {
            certificates: vec![CertificateIdWire {
                hash: octets(&Sha256::digest(certificate))?,
            }],
        };
        let signing_time = UtcTime::from_unix_duration(generalized_time(self.now)?.to_unix_duration())
            .map_err(|error| Error::internal("a timestamp", error))?;
        set(vec![
            attribute(ID_CONTENT_TYPE, &ID_CT_TST_INFO)?,
            attribute(ID_SIGNING_TIME, &signing_time)?,
            attribute(ID_MESSAGE_DIGEST, &octets(&Sha256::digest(info))?)?,
            attribute(ID_SIGNING_CERTIFICATE_V2, &signing_certificate)?,
        ])
    }
}

fn attribute(oid: ObjectIdentifier, value: &(impl Encode + Tagged)) -> Result<Attribute, Error> {
    Ok(Attribute {
        oid,
        values: set(vec![any(value)?])?,
    })
}

fn any(value: &impl Encode) -> Result<Any, Error> {
    let der = encode("a timestamp", value)?;
    der::Decode::from_der(&der).map_err(|error: der::Error| Error::internal("a timestamp", error))
}

fn set<T: der::DerOrd>(values: Vec<T>) -> Result<SetOfVec<T>, Error> {
    SetOfVec::try_from(values).map_err(|error| Error::internal("a timestamp", error))
}

fn octets(bytes: &[u8]) -> Result<OctetString, Error> {
    OctetString::new(bytes).map_err(|error| Error::internal("a timestamp", error))
}

fn sha256() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: ID_SHA_256,
        parameters: None,
    }
}
