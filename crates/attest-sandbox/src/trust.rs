//! The trust root and the signing configuration of the sandbox, in the forms of the protobuf specifications.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use x509_cert::Certificate;

use crate::error::Error;
use crate::x509::encode;

const OPERATOR: &str = "attest sandbox";

/// What the trust root says of one log.
pub(crate) struct LogKey<'a> {
    pub(crate) public_key: &'a [u8],
    pub(crate) details: &'a str,
    pub(crate) id: [u8; 32],
}

/// What the trust root is made of. It names no operator: cosign before 3.0 refuses a trust root that has one.
pub(crate) struct TrustedRoot<'a> {
    /// Without a port: it names the log in checkpoints, and is the same wherever the sandbox listens.
    pub(crate) base_url: &'a str,
    pub(crate) from: Timestamp,
    pub(crate) logs: &'a [LogKey<'a>],
    pub(crate) certificate_logs: &'a [LogKey<'a>],
    /// From the intermediate to the root.
    pub(crate) authority: &'a [&'a Certificate],
    /// From the leaf to the root.
    pub(crate) timestamps: &'a [&'a Certificate],
}

impl TrustedRoot<'_> {
    pub(crate) fn json(&self) -> Result<Value, Error> {
        let logs = |logs: &[LogKey<'_>]| logs.iter().map(|log| self.log(log)).collect::<Vec<_>>();
        Ok(json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": logs(self.logs),
            "certificateAuthorities": [self.authority("attest sandbox root", self.authority)?],
            "ctlogs": logs(self.certificate_logs),
            "timestampAuthorities": [self.authority("attest sandbox timestamp", self.timestamps)?],
        }))
    }

    fn log(&self, log: &LogKey<'_>) -> Value {
        json!({
            "baseUrl": self.base_url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": BASE64_STANDARD.encode(log.public_key),
                "keyDetails": log.details,
                "validFor": {"start": self.from.to_string()},
            },
            "logId": {"keyId": BASE64_STANDARD.encode(log.id)},
        })
    }

    fn authority(&self, name: &str, chain: &[&Certificate]) -> Result<Value, Error> {
        let mut certificates = Vec::new();
        for certificate in chain {
            certificates.push(json!({"rawBytes": BASE64_STANDARD.encode(encode("a certificate", *certificate)?)}));
        }
        Ok(json!({
            "subject": {"organization": OPERATOR, "commonName": name},
            "uri": self.base_url,
            "certChain": {"certificates": certificates},
            "validFor": {"start": self.from.to_string()},
        }))
    }
}

/// Where the services of the sandbox are: everything at one address.
pub(crate) fn signing_config(url: &str, from: Timestamp, rekor_versions: &[u32]) -> Value {
    let service = |url: String, version: u32| {
        json!({
            "url": url,
            "majorApiVersion": version,
            "validFor": {"start": from.to_string()},
            "operator": OPERATOR,
        })
    };
    let logs: Vec<Value> = rekor_versions
        .iter()
        .map(|version| service(url.to_owned(), *version))
        .collect();
    json!({
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "caUrls": [service(url.to_owned(), 1)],
        "oidcUrls": [service(url.to_owned(), 1)],
        "rekorTlogUrls": logs,
        "rekorTlogConfig": {"selector": "ANY"},
        "tsaUrls": [service(format!("{url}/api/v1/timestamp"), 1)],
        "tsaConfig": {"selector": "ANY"},
    })
}

/// Trust root and signing configuration in one document.
pub(crate) fn client_trust_config(trusted_root: Value, signing_config: Value) -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": trusted_root,
        "signingConfig": signing_config,
    })
}
