//! A bundle in the parts that cosign keeps beside an image before version 3.

use serde::Serialize;

use super::pem::write_pem;
use super::{base64, der};
use crate::{Bundle, KeyMaterial, LogEntry, SignedContent};

/// What cosign keeps beside an image before version 3: the parts of a bundle, each as it writes it.
///
/// Source: cosign 2, `pkg/oci/static/signature.go`, `pkg/cosign/bundle/rekor.go`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CosignParts {
    /// What is signed, and the signature.
    pub signed: CosignSigned,
    /// The certificate of the signer, PEM.
    pub certificate: Option<String>,
    /// The certificates above it, PEM.
    pub chain: Option<String>,
    /// The entry of the log with its promise, JSON.
    pub log_entry: Option<String>,
    /// The response of a timestamp authority, JSON.
    pub timestamp: Option<String>,
}

/// What is signed, and the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CosignSigned {
    /// A signature over bytes that lie elsewhere, in base64.
    Signature(String),
    /// An envelope with its signature, JSON.
    Envelope(Vec<u8>),
}

/// Why a bundle cannot be kept as cosign did it before version 3.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotForCosign {
    /// Its entries are of another kind of log, or have no promise.
    #[error("expected an entry of Rekor v1 with its signed entry timestamp, found {found}")]
    NoPromise {
        /// What there is.
        found: String,
    },
    /// Nothing that could be kept says when a certificate signed that was good for minutes.
    #[error("expected a signed entry timestamp{} beside the certificate, found none", if *.or_timestamp { " or a timestamp" } else { "" })]
    NoTime {
        /// Whether a timestamp would do.
        or_timestamp: bool,
    },
}

/// In the order of Go's structures.
#[derive(Serialize)]
struct PromiseWire {
    #[serde(rename = "SignedEntryTimestamp")]
    signed_entry_timestamp: String,
    #[serde(rename = "Payload")]
    payload: PromisedWire,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PromisedWire {
    body: String,
    integrated_time: u64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}

#[derive(Serialize)]
struct TimestampWire {
    #[serde(rename = "SignedRFC3161Timestamp")]
    signed_timestamp: String,
}

impl CosignParts {
    /// Takes a bundle apart. The certificates above the signer's are those of `above`, DER, from the issuer's to the root: bundles
    /// leave the root to whoever verifies, and readers of the parts do not.
    ///
    /// A timestamp is kept beside a signature alone: beside an envelope, cosign takes it for one over the whole envelope.
    ///
    /// # Errors
    /// [`NotForCosign`] when what is left would convince nobody.
    pub fn of(bundle: &Bundle, above: &[Vec<u8>]) -> Result<Self, NotForCosign> {
        let contents = bundle.peek_unverified();
        let (signed, kinds): (_, &[_]) = match &contents.content {
            SignedContent::Message(message) => {
                let signature = base64::encode(&message.signature);
                (CosignSigned::Signature(signature), &[("hashedrekord", "0.0.1")])
            }
            SignedContent::Envelope(envelope) => (
                CosignSigned::Envelope(envelope.to_json().into_bytes()),
                &[("dsse", "0.0.1"), ("intoto", "0.0.1"), ("intoto", "0.0.2")],
            ),
        };
        let or_timestamp = matches!(signed, CosignSigned::Signature(_));
        let log_entry = log_entry(&contents.log_entries, kinds)?;
        let timestamp = contents.timestamps.first().filter(|_| or_timestamp);
        let (certificate, chain) = certificates(&contents.key_material, above);
        if certificate.is_some() && log_entry.is_none() && timestamp.is_none() {
            return Err(NotForCosign::NoTime { or_timestamp });
        }
        Ok(Self {
            signed,
            certificate,
            chain,
            log_entry,
            timestamp: timestamp.map(|response| {
                json(&TimestampWire {
                    signed_timestamp: base64::encode(response),
                })
            }),
        })
    }
}

/// A chain that does not end with a root is none: cosign takes the last one for it.
fn certificates(material: &KeyMaterial, above: &[Vec<u8>]) -> (Option<String>, Option<String>) {
    let (leaf, known) = match material {
        KeyMaterial::Certificate(leaf) => (leaf, &[][..]),
        KeyMaterial::Chain(chain) => match chain.split_first() {
            Some(chain) => chain,
            None => return (None, None),
        },
        KeyMaterial::PublicKey { .. } => return (None, None),
    };
    let ends_with_root = |chain: &&[Vec<u8>]| chain.last().is_some_and(|last| der::is_self_issued(last));
    let chain = [above, known].into_iter().find(ends_with_root);
    let written = |chain: &[Vec<u8>]| chain.iter().map(|der| write_pem("CERTIFICATE", der)).collect();
    (Some(write_pem("CERTIFICATE", leaf)), chain.map(written))
}

fn log_entry(entries: &[LogEntry], kinds: &[(&str, &str)]) -> Result<Option<String>, NotForCosign> {
    let Some(first) = entries.first() else {
        return Ok(None);
    };
    let is_kind = |entry: &&LogEntry| kinds.contains(&(&*entry.kind, &*entry.version));
    for entry in entries.iter().filter(is_kind) {
        if let (Some(promise), Some(integrated_time)) = (&entry.promise, entry.integrated_time) {
            return Ok(Some(json(&PromiseWire {
                signed_entry_timestamp: base64::encode(promise),
                payload: PromisedWire {
                    body: base64::encode(&entry.body),
                    integrated_time,
                    log_index: entry.log_index,
                    log_id: hexadecimal(&entry.log_id),
                },
            })));
        }
    }
    let without = if first.promise.is_none() { " without one" } else { "" };
    Err(NotForCosign::NoPromise {
        found: format!(
            "one of kind `{}` {}{without}",
            first.kind.escape_debug(),
            first.version.escape_debug()
        ),
    })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings and numbers can be written")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::foreign::{Detached, Limits, read_evidence};

    const SIGNED: &str = "MAYCAQUCAQY=";

    fn entry(kind: &str, version: &str, promise: bool) -> Value {
        let mut entry = json!({
            "logIndex": "7",
            "logId": { "keyId": base64::encode([0xab; 32]) },
            "kindVersion": { "kind": kind, "version": version },
            "integratedTime": "1700000000",
            "inclusionProof": {
                "logIndex": "7", "rootHash": base64::encode([1; 32]), "treeSize": "8", "hashes": [],
                "checkpoint": { "envelope": "note" },
            },
            "canonicalizedBody": base64::encode(format!(r#"{{"apiVersion":"{version}","kind":"{kind}","spec":{{}}}}"#)),
        });
        if promise {
            entry["inclusionPromise"] = json!({ "signedEntryTimestamp": base64::encode([9, 9]) });
        }
        entry
    }

    fn bundle(material: &Value, entries: &[Value], is_envelope: bool) -> Bundle {
        let mut material = material.clone();
        material["tlogEntries"] = entries.into();
        let mut document =
            json!({ "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": material });
        match is_envelope {
            true => {
                document["dsseEnvelope"] = json!({
                    "payload": base64::encode("{}"), "payloadType": "application/vnd.in-toto+json",
                    "signatures": [{ "sig": SIGNED, "keyid": "ignored" }],
                });
            }
            false => document["messageSignature"] = json!({ "signature": SIGNED }),
        }
        Bundle::parse(document.to_string().as_bytes()).unwrap()
    }

    fn key() -> Value {
        json!({ "publicKey": { "hint": "" } })
    }

    fn certificate() -> Value {
        json!({ "certificate": { "rawBytes": base64::encode([0x30, 1, 2]) } })
    }

    /// Just enough of a certificate to have an issuer and a subject.
    fn authority(issuer: u8, subject: u8) -> Vec<u8> {
        let to_be_signed = [
            &[0xa0, 0, 0x02, 0, 0x30, 0][..],
            &[0x30, 1, issuer, 0x30, 0],
            &[0x30, 1, subject],
        ]
        .concat();
        [
            &[0x30, 2 + to_be_signed.len() as u8, 0x30, to_be_signed.len() as u8][..],
            &to_be_signed,
        ]
        .concat()
    }

    #[test]
    fn a_chain_ends_with_its_root_or_is_left_out() {
        let signed = bundle(&certificate(), &[entry("hashedrekord", "0.0.1", true)], false);
        let chain = |above: &[Vec<u8>]| CosignParts::of(&signed, above).unwrap().chain;
        let (between, root) = (authority(1, 2), authority(1, 1));
        assert_eq!(chain(&[]), None);
        assert_eq!(chain(std::slice::from_ref(&between)), None);
        assert_eq!(chain(&[between, root]).unwrap().matches("BEGIN CERTIFICATE").count(), 2);
    }

    #[test]
    fn the_parts_are_as_cosign_writes_them() {
        let signed = bundle(&certificate(), &[entry("hashedrekord", "0.0.1", true)], false);
        let above = [authority(1, 2), authority(1, 1)];
        let parts = CosignParts::of(&signed, &above).unwrap();
        let block = |der: &[u8]| {
            format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                base64::encode(der)
            )
        };
        let body = base64::encode(r#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}"#);
        let log_entry = format!(
            r#"{{"SignedEntryTimestamp":"CQk=","Payload":{{"body":"{body}","integratedTime":1700000000,"logIndex":7,"logID":"{}"}}}}"#,
            "ab".repeat(32)
        );
        let expected = CosignParts {
            signed: CosignSigned::Signature(SIGNED.to_owned()),
            certificate: Some(block(&[0x30, 1, 2])),
            chain: Some(block(&above[0]) + &block(&above[1])),
            log_entry: Some(log_entry),
            timestamp: None,
        };
        assert_eq!(parts, expected);
    }

    #[test]
    fn an_envelope_is_written_as_cosign_does_and_has_an_entry_of_its_kind() {
        let signed = bundle(&key(), &[entry("dsse", "0.0.1", true)], true);
        let parts = CosignParts::of(&signed, &[]).unwrap();
        let envelope = r#"{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"","sig":"MAYCAQUCAQY="}]}"#;
        assert_eq!(parts.signed, CosignSigned::Envelope(envelope.into()));
        assert_eq!((parts.certificate, parts.chain), (None, None));
        let other = bundle(&key(), &[entry("hashedrekord", "0.0.1", true)], true);
        assert!(matches!(
            CosignParts::of(&other, &[]),
            Err(NotForCosign::NoPromise { .. })
        ));
    }

    #[test]
    fn a_log_without_promises_is_refused_and_a_key_without_a_log_is_not() {
        let unpromised = bundle(&key(), &[entry("hashedrekord", "0.0.2", false)], false);
        let found = "one of kind `hashedrekord` 0.0.2 without one".to_owned();
        assert_eq!(
            CosignParts::of(&unpromised, &[]),
            Err(NotForCosign::NoPromise { found })
        );
        let both = [entry("hashedrekord", "0.0.2", false), {
            let mut promised = entry("hashedrekord", "0.0.1", true);
            promised["logIndex"] = "8".into();
            promised
        }];
        assert!(
            CosignParts::of(&bundle(&key(), &both, false), &[])
                .unwrap()
                .log_entry
                .is_some()
        );
        assert_eq!(
            CosignParts::of(&bundle(&key(), &[], false), &[]).unwrap().log_entry,
            None
        );
        for (is_envelope, or_timestamp) in [(true, false), (false, true)] {
            let refused = CosignParts::of(&bundle(&certificate(), &[], is_envelope), &[]);
            assert_eq!(refused, Err(NotForCosign::NoTime { or_timestamp }));
        }
    }

    #[test]
    fn what_is_taken_apart_is_put_together_again() {
        let signed = bundle(&key(), &[entry("hashedrekord", "0.0.1", true)], false);
        let parts = CosignParts::of(&signed, &[]).unwrap();
        let CosignSigned::Signature(signature) = parts.signed else {
            panic!("a signature");
        };
        let again = Detached::new(signature.as_bytes()).unwrap();
        let again = again.with_log_entry(parts.log_entry.unwrap().as_bytes()).unwrap();
        let again = again.into_bundle().unwrap();
        let (before, after) = (signed.peek_unverified(), again.peek_unverified());
        assert_eq!(after.content, before.content);
        assert_eq!(after.log_entries[0].promise, before.log_entries[0].promise);
        assert_eq!(after.log_entries[0].body, before.log_entries[0].body);
        let envelope = bundle(&key(), &[], true);
        let CosignSigned::Envelope(json) = CosignParts::of(&envelope, &[]).unwrap().signed else {
            panic!("an envelope");
        };
        let (_, again) = read_evidence(&json, &Limits::default()).remove(0).unwrap();
        assert_eq!(again.peek_unverified().content, envelope.peek_unverified().content);
    }
}
