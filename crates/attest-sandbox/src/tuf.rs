//! A TUF repository (specification 1.0) that hands out the trust root and the signing configuration.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256, Sha512};

use crate::authority::end;
use crate::error::Error;
use crate::keys::Keys;
use crate::x509::{p256_signature, p256_spki, pem};

/// The name of the key that signs every role of the sandbox's own repository.
const KEY: &str = "tuf";

/// What a repository of The Update Framework says. The sandbox's own has one key and one version of everything; tests of
/// clients publish what they need to be tried with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TufPlan {
    /// The roots, from version 1 on.
    pub roots: Vec<TufRoot>,
    /// Which snapshot is the newest.
    pub timestamp: TufEdition,
    /// Which lists of targets belong together.
    pub snapshot: TufEdition,
    /// Which files there are.
    pub targets: TufEdition,
    /// The files by their names.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Whose keys count, in one version of the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TufRoot {
    /// When it runs out.
    pub expires: Timestamp,
    /// Who signs the next root, and this one.
    pub root: TufRole,
    /// Who signs the timestamp.
    pub timestamp: TufRole,
    /// Who signs the snapshot.
    pub snapshot: TufRole,
    /// Who signs the list of targets.
    pub targets: TufRole,
}

/// The names of the keys of a role, all of which sign, and how many of them are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TufRole {
    /// A key follows from its name and the seed.
    pub keys: Vec<String>,
    /// How many of them are needed.
    pub threshold: u32,
}

/// The version of a role, and until when it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TufEdition {
    /// Counts up.
    pub version: u64,
    /// When it runs out.
    pub expires: Timestamp,
}

impl TufPlan {
    /// One version of everything, one key for every role.
    #[must_use]
    pub fn new(expires: Timestamp, files: BTreeMap<String, Vec<u8>>) -> Self {
        let first = TufEdition { version: 1, expires };
        Self {
            roots: vec![TufRoot::new(expires, KEY)],
            timestamp: first,
            snapshot: first,
            targets: first,
            files,
        }
    }

    /// The files of the repository by their paths.
    ///
    /// # Errors
    /// When a key cannot be encoded, which does not happen.
    pub fn publish(&self, keys: &Keys) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let publisher = Publisher { keys };
        let mut published = BTreeMap::new();
        let mut listed = Map::new();
        for (name, content) in &self.files {
            listed.insert(name.clone(), described(content));
            for hash in [
                hex::encode(Sha256::digest(content)),
                hex::encode(Sha512::digest(content)),
            ] {
                published.insert(format!("targets/{hash}.{name}"), content.clone());
            }
        }
        for (place, root) in self.roots.iter().enumerate() {
            let before = place.checked_sub(1).map(|place| &self.roots[place]);
            published.insert(
                format!("{}.root.json", place + 1),
                publisher.root(place + 1, root, before)?,
            );
        }
        let Some(root) = self.roots.last() else {
            return Ok(published);
        };
        let content = json!({"targets": listed});
        let targets = publisher.signed("targets", self.targets, content, &root.targets.keys)?;
        let content = json!({"meta": {"targets.json": versioned(&targets, self.targets)}});
        let snapshot = publisher.signed("snapshot", self.snapshot, content, &root.snapshot.keys)?;
        let content = json!({"meta": {"snapshot.json": versioned(&snapshot, self.snapshot)}});
        let timestamp = publisher.signed("timestamp", self.timestamp, content, &root.timestamp.keys)?;
        published.insert(format!("{}.targets.json", self.targets.version), targets);
        published.insert(format!("{}.snapshot.json", self.snapshot.version), snapshot);
        published.insert("timestamp.json".to_owned(), timestamp);
        Ok(published)
    }
}

impl TufRoot {
    /// One key for every role.
    #[must_use]
    pub fn new(expires: Timestamp, key: &str) -> Self {
        let role = TufRole {
            keys: vec![key.to_owned()],
            threshold: 1,
        };
        Self {
            expires,
            root: role.clone(),
            timestamp: role.clone(),
            snapshot: role.clone(),
            targets: role,
        }
    }

    fn roles(&self) -> [(&'static str, &TufRole); 4] {
        [
            ("root", &self.root),
            ("targets", &self.targets),
            ("snapshot", &self.snapshot),
            ("timestamp", &self.timestamp),
        ]
    }
}

/// The files of the sandbox's own repository.
pub(crate) fn repository(keys: &Keys, files: BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    TufPlan::new(end(keys.created())?, files).publish(keys)
}

/// Its first root, which a client is given out of band.
pub(crate) fn root(keys: &Keys) -> Result<Vec<u8>, Error> {
    let root = TufRoot::new(end(keys.created())?, KEY);
    Publisher { keys }.root(1, &root, None)
}

struct Publisher<'a> {
    keys: &'a Keys,
}

impl Publisher<'_> {
    fn root(&self, version: usize, root: &TufRoot, before: Option<&TufRoot>) -> Result<Vec<u8>, Error> {
        let mut listed = Map::new();
        let mut roles = Map::new();
        for (name, role) in root.roles() {
            let mut ids = Vec::new();
            for key in &role.keys {
                let (id, public) = self.public(key)?;
                ids.push(id.clone());
                listed.insert(id, public);
            }
            roles.insert(name.to_owned(), json!({"keyids": ids, "threshold": role.threshold}));
        }
        let content = json!({"consistent_snapshot": true, "keys": listed, "roles": roles});
        let mut signers = root.root.keys.clone();
        let before = before.map(|before| before.root.keys.clone()).unwrap_or_default();
        signers.extend(before.into_iter().filter(|key| !root.root.keys.contains(key)));
        let edition = TufEdition {
            version: version as u64,
            expires: root.expires,
        };
        self.signed("root", edition, content, &signers)
    }

    fn signed(&self, role: &str, edition: TufEdition, content: Value, signers: &[String]) -> Result<Vec<u8>, Error> {
        let mut signed = json!({
            "_type": role,
            "spec_version": "1.0.31",
            "version": edition.version,
            "expires": edition.expires.to_string(),
        });
        if let (Value::Object(signed), Value::Object(content)) = (&mut signed, content) {
            signed.extend(content);
        }
        let mut signatures = Vec::new();
        for signer in signers {
            let (id, _) = self.public(signer)?;
            let signature = p256_signature(&self.keys.p256(signer), canonical(&signed).as_bytes());
            signatures.push(json!({"keyid": id, "sig": hex::encode(signature)}));
        }
        let document = json!({"signed": signed, "signatures": signatures});
        serde_json::to_vec(&document).map_err(|error| Error::internal("TUF metadata", error))
    }

    /// A key by its name, as the root lists it.
    fn public(&self, name: &str) -> Result<(String, Value), Error> {
        let public = json!({
            "keytype": "ecdsa",
            "scheme": "ecdsa-sha2-nistp256",
            "keyval": {"public": pem("PUBLIC KEY", &p256_spki(&self.keys.p256(name))?)?},
        });
        Ok((hex::encode(Sha256::digest(canonical(&public))), public))
    }
}

fn described(content: &[u8]) -> Value {
    json!({
        "length": content.len(),
        "hashes": {"sha256": hex::encode(Sha256::digest(content)), "sha512": hex::encode(Sha512::digest(content))},
    })
}

fn versioned(content: &[u8], edition: TufEdition) -> Value {
    let mut described = described(content);
    described["version"] = edition.version.into();
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
