//! A TUF repository (specification 1.0) that hands out the trust root and the signing configuration.

use std::collections::BTreeMap;

use jiff::Timestamp;
use p256::ecdsa::SigningKey;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256, Sha512};

use crate::authority::end;
use crate::error::Error;
use crate::keys::Keys;
use crate::x509::{p256_signature, p256_spki, pem};

/// The files of the repository by their path: one key for every role, one version of everything.
pub(crate) fn repository(keys: &Keys, targets: &[(&str, Vec<u8>)]) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let signer = Signer::new(keys)?;
    let mut files = BTreeMap::new();
    let mut listed = Map::new();
    for (name, content) in targets {
        listed.insert((*name).to_owned(), described(content));
        for hash in [
            hex::encode(Sha256::digest(content)),
            hex::encode(Sha512::digest(content)),
        ] {
            files.insert(format!("targets/{hash}.{name}"), content.clone());
        }
    }
    let targets = signer.signed("targets", json!({"targets": listed}))?;
    let snapshot = signer.signed("snapshot", json!({"meta": {"targets.json": versioned(&targets)}}))?;
    let timestamp = signer.signed("timestamp", json!({"meta": {"snapshot.json": versioned(&snapshot)}}))?;
    files.insert("1.root.json".to_owned(), signer.root()?);
    files.insert("1.targets.json".to_owned(), targets);
    files.insert("1.snapshot.json".to_owned(), snapshot);
    files.insert("timestamp.json".to_owned(), timestamp);
    Ok(files)
}

/// The first root, which a client is given out of band.
pub(crate) fn root(keys: &Keys) -> Result<Vec<u8>, Error> {
    Signer::new(keys)?.root()
}

struct Signer {
    key: SigningKey,
    public: Value,
    id: String,
    expires: Timestamp,
}

impl Signer {
    fn new(keys: &Keys) -> Result<Self, Error> {
        let key = keys.p256("tuf");
        let public = json!({
            "keytype": "ecdsa",
            "scheme": "ecdsa-sha2-nistp256",
            "keyval": {"public": pem("PUBLIC KEY", &p256_spki(&key)?)?},
        });
        Ok(Self {
            id: hex::encode(Sha256::digest(canonical(&public))),
            key,
            public,
            expires: end(keys.created())?,
        })
    }

    fn root(&self) -> Result<Vec<u8>, Error> {
        let role = json!({"keyids": [self.id], "threshold": 1});
        self.signed(
            "root",
            json!({
                "consistent_snapshot": true,
                "keys": {self.id.as_str(): self.public},
                "roles": {"root": role, "targets": role, "snapshot": role, "timestamp": role},
            }),
        )
    }

    fn signed(&self, role: &str, content: Value) -> Result<Vec<u8>, Error> {
        let mut signed =
            json!({"_type": role, "spec_version": "1.0.31", "version": 1, "expires": self.expires.to_string()});
        if let (Value::Object(signed), Value::Object(content)) = (&mut signed, content) {
            signed.extend(content);
        }
        let signature = hex::encode(p256_signature(&self.key, canonical(&signed).as_bytes()));
        let document = json!({"signed": signed, "signatures": [{"keyid": self.id, "sig": signature}]});
        serde_json::to_vec(&document).map_err(|error| Error::internal("TUF metadata", error))
    }
}

fn described(content: &[u8]) -> Value {
    json!({
        "length": content.len(),
        "hashes": {"sha256": hex::encode(Sha256::digest(content)), "sha512": hex::encode(Sha512::digest(content))},
    })
}

fn versioned(content: &[u8]) -> Value {
    let mut described = described(content);
    described["version"] = 1.into();
    described
}

/// OLPC canonical JSON, which TUF signs: members sorted, and only quote and backslash escaped.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            let members: Vec<String> = sorted
                .iter()
                .map(|(name, value)| format!("{}:{}", quoted(name), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_json_keeps_line_breaks_and_sorts() {
        assert_eq!(
            canonical(&json!({"b": "x\ny", "a": [1, "\"\\"]})),
            "{\"a\":[1,\"\\\"\\\\\"],\"b\":\"x\ny\"}"
        );
    }
}
