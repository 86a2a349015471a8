//! The document as it is written. Source: Sigstore protobuf specifications, `sigstore_trustroot.proto`.
//!
//! Unknown fields are passed over: newer roots have them, and what is trusted was chosen by the caller.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};

use crate::window::Window;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TrustedRootWire {
    pub(super) media_type: String,
    #[serde(default)]
    pub(super) tlogs: Vec<LogWire>,
    #[serde(default)]
    pub(super) certificate_authorities: Vec<AuthorityWire>,
    #[serde(default)]
    pub(super) ctlogs: Vec<LogWire>,
    #[serde(default)]
    pub(super) timestamp_authorities: Vec<AuthorityWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogWire {
    #[serde(default)]
    pub(super) base_url: String,
    pub(super) hash_algorithm: String,
    pub(super) public_key: PublicKeyWire,
    pub(super) log_id: LogIdWire,
    pub(super) checkpoint_key_id: Option<LogIdWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogIdWire {
    pub(super) key_id: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PublicKeyWire {
    pub(super) raw_bytes: Bytes,
    #[serde(default)]
    pub(super) key_details: String,
    pub(super) valid_for: Option<WindowWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuthorityWire {
    #[serde(default)]
    pub(super) subject: SubjectWire,
    pub(super) uri: Option<String>,
    pub(super) cert_chain: ChainWire,
    pub(super) valid_for: Option<WindowWire>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubjectWire {
    pub(super) common_name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ChainWire {
    #[serde(default)]
    pub(super) certificates: Vec<CertificateWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CertificateWire {
    pub(super) raw_bytes: Bytes,
}

/// A beginning has to be there: a key without one would have counted for ever.
#[derive(Deserialize, Clone, Copy)]
pub(super) struct WindowWire {
    start: Moment,
    end: Option<Moment>,
}

/// A moment as RFC 3339 writes it.
#[derive(Clone, Copy)]
struct Moment(Timestamp);

/// Bytes in base64.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl From<WindowWire> for Window {
    fn from(wire: WindowWire) -> Self {
        Self {
            start: Some(wire.start.0),
            end: wire.end.map(|end| end.0),
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}
