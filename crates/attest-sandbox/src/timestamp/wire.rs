use const_oid::ObjectIdentifier;
use der::Sequence;
use der::asn1::{GeneralizedTime, Int, OctetString, Uint};
use x509_cert::ext::Extensions;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// RFC 3161, section 2.4.1.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct RequestWire {
    pub(super) version: u8,
    pub(super) message_imprint: MessageImprintWire,
    pub(super) policy: Option<ObjectIdentifier>,
    pub(super) nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    pub(super) wants_certificate: bool,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) extensions: Option<Extensions>,
}

/// The digest that is stamped.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct MessageImprintWire {
    pub(super) algorithm: AlgorithmIdentifierOwned,
    pub(super) digest: OctetString,
}

/// RFC 3161, section 2.4.2.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct ResponseWire {
    pub(super) status: StatusWire,
    pub(super) token: Option<cms::content_info::ContentInfo>,
}

/// The sandbox answers a refused query with an HTTP error; a status it sends is always zero, granted.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct StatusWire {
    pub(super) status: u8,
}

/// RFC 5035, section 5: which certificate signed, named by its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct SigningCertificateWire {
    pub(super) certificates: Vec<CertificateIdWire>,
}

/// The hash algorithm is left out, which says SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct CertificateIdWire {
    pub(super) hash: OctetString,
}

/// The content of a token.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct TokenInfoWire {
    pub(super) version: u8,
    pub(super) policy: ObjectIdentifier,
    pub(super) message_imprint: MessageImprintWire,
    pub(super) serial_number: Uint,
    pub(super) time: GeneralizedTime,
    pub(super) nonce: Option<Int>,
}
