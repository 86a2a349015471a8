use jiff::Timestamp;
use serde::Deserialize;

use crate::{Endpoint, Error};

/// The media type of the one version that is read.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

/// The largest signing configuration that is read, in bytes. Real ones are below 4 KiB.
const MAX_BYTES: usize = 1 << 20;

/// Which services a Sigstore instance offers, and how many of them a signature needs.
///
/// Source: Sigstore protobuf-specs, `sigstore_trustroot.proto`, `SigningConfig` version 0.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningConfig {
    pub(crate) authorities: Vec<Listed>,
    pub(crate) identity_providers: Vec<Listed>,
    pub(crate) logs: Vec<Listed>,
    pub(crate) log_selector: Selector,
    pub(crate) timestamp_authorities: Vec<Listed>,
    pub(crate) timestamp_selector: Selector,
}

/// How many services of a kind are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selector {
    /// One.
    Any,
    /// So many, each of another operator.
    Exact(usize),
    /// One of every operator.
    All,
}

/// One service of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) endpoint: Endpoint,
    pub(crate) version: u32,
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
    pub(crate) operator: Option<String>,
}

impl SigningConfig {
    /// Reads a signing configuration.
    ///
    /// # Errors
    /// When it is none of version 0.2, or lists a service that cannot be used safely.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        if json.len() > MAX_BYTES {
            return Err(wrong("at most 1 MiB", format!("{} bytes", json.len())));
        }
        let wire: ConfigWire = serde_json::from_slice(json).map_err(|error| wrong("version 0.2", error.to_string()))?;
        if wire.media_type != MEDIA_TYPE {
            return Err(wrong("the media type of version 0.2", format!("`{}`", wire.media_type)));
        }
        Ok(Self {
            authorities: listed(wire.ca_urls)?,
            identity_providers: listed(wire.oidc_urls)?,
            logs: listed(wire.rekor_tlog_urls)?,
            log_selector: wire.rekor_tlog_config.try_into()?,
            timestamp_authorities: listed(wire.tsa_urls)?,
            timestamp_selector: wire.tsa_config.try_into()?,
        })
    }

    /// The public-good instance, as it was when this program was built.
    ///
    /// # Errors
    /// When the embedded copy is broken.
    pub fn public_good() -> Result<Self, Error> {
        Self::parse(sigstore_trust_root::SIGSTORE_PRODUCTION_SIGNING_CONFIG.as_bytes())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigWire {
    media_type: String,
    #[serde(default)]
    ca_urls: Vec<ServiceWire>,
    #[serde(default)]
    oidc_urls: Vec<ServiceWire>,
    #[serde(default)]
    rekor_tlog_urls: Vec<ServiceWire>,
    #[serde(default)]
    rekor_tlog_config: SelectorWire,
    #[serde(default)]
    tsa_urls: Vec<ServiceWire>,
    #[serde(default)]
    tsa_config: SelectorWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServiceWire {
    url: String,
    major_api_version: u32,
    #[serde(default)]
    valid_for: RangeWire,
    operator: Option<String>,
}

#[derive(Deserialize, Default)]
struct RangeWire {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
struct SelectorWire {
    selector: Option<String>,
    count: Option<usize>,
}

impl TryFrom<SelectorWire> for Selector {
    type Error = Error;

    fn try_from(wire: SelectorWire) -> Result<Self, Error> {
        match (wire.selector.as_deref(), wire.count) {
            (None | Some("ANY"), _) => Ok(Self::Any),
            (Some("ALL"), _) => Ok(Self::All),
            (Some("EXACT"), Some(count)) if count > 0 => Ok(Self::Exact(count)),
            (Some("EXACT"), _) => Err(wrong("a count of at least 1 beside EXACT", "none")),
            (Some(other), _) => Err(wrong("a selector ANY, EXACT or ALL", format!("`{other}`"))),
        }
    }
}

fn listed(services: Vec<ServiceWire>) -> Result<Vec<Listed>, Error> {
    services
        .into_iter()
        .map(|service| {
            Ok(Listed {
                endpoint: Endpoint::parse(&service.url)?,
                version: service.major_api_version,
                start: service.valid_for.start,
                end: service.valid_for.end,
                operator: service.operator.filter(|operator| !operator.is_empty()),
            })
        })
        .collect()
}

fn wrong(expected: &'static str, found: impl Into<String>) -> Error {
    Error::SigningConfig {
        expected,
        found: found.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_good_instance_is_embedded() {
        let config = SigningConfig::public_good().unwrap();
        assert_eq!(
            config.authorities[0].endpoint.to_string(),
            "https://fulcio.sigstore.dev/"
        );
        assert_eq!(config.log_selector, Selector::Any);
    }

    #[test]
    fn each_way_to_be_no_signing_configuration_is_named() {
        let cases = [
            (
                r"{}",
                "expected version 0.2 in the signing configuration, found missing field `mediaType` at line 1 column 2",
            ),
            (
                r#"{"mediaType":"application/json"}"#,
                "expected the media type of version 0.2 in the signing configuration, found `application/json`",
            ),
            (
                r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","tsaConfig":{"selector":"EXACT"}}"#,
                "expected a count of at least 1 beside EXACT in the signing configuration, found none",
            ),
            (
                r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{"selector":"SERVICE_SELECTOR_UNDEFINED"}}"#,
                "expected a selector ANY, EXACT or ALL in the signing configuration, found `SERVICE_SELECTOR_UNDEFINED`",
            ),
            (
                r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","caUrls":[{"url":"http://example.com","majorApiVersion":1}]}"#,
                "expected an https URL (http only to the loopback interface), found `http://example.com`",
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(SigningConfig::parse(json.as_bytes()).unwrap_err().to_string(), expected);
        }
    }
}
