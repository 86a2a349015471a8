//! Trust roots, signing configurations, and TUF metadata. Source: protobuf-specs, `sigstore_trustroot.proto`; TUF 1.0.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::certificate;

pub(super) fn root(root: &Value) -> Value {
    json!({
        "certificateAuthorities": each(&root["certificateAuthorities"], authority),
        "timestampAuthorities": each(&root["timestampAuthorities"], authority),
        "transparencyLogs": each(&root["tlogs"], log),
        "certificateTransparencyLogs": each(&root["ctlogs"], log),
    })
}

pub(super) fn signing_config(config: &Value) -> Value {
    json!({
        "certificateAuthorities": each(&config["caUrls"], service),
        "identityProviders": each(&config["oidcUrls"], service),
        "transparencyLogs": each(&config["rekorTlogUrls"], service),
        "transparencyLogSelector": selector(&config["rekorTlogConfig"]),
        "timestampAuthorities": each(&config["tsaUrls"], service),
        "timestampAuthoritySelector": selector(&config["tsaConfig"]),
    })
}

pub(super) fn client_config(config: &Value) -> Value {
    json!({
        "trustedRoot": root(&config["trustedRoot"]),
        "signingConfig": signing_config(&config["signingConfig"]),
    })
}

pub(super) fn tuf(metadata: &Value) -> Value {
    let signed = &metadata["signed"];
    let role = |(name, role): (&String, &Value)| {
        let keys = role["keyids"].as_array().map_or(0, Vec::len);
        json!({ "role": name, "keys": keys, "threshold": role["threshold"] })
    };
    let target = |(name, target): (&String, &Value)| json!({ "name": name, "length": target["length"], "digests": target["hashes"].as_object().cloned().unwrap_or_default() });
    let meta = |(name, meta): (&String, &Value)| json!({ "name": name, "version": meta["version"] });
    json!({
        "type": signed["_type"],
        "version": signed["version"],
        "expires": signed["expires"],
        "roles": fields(&signed["roles"]).map(role).collect::<Vec<_>>(),
        "targets": fields(&signed["targets"]).map(target).collect::<Vec<_>>(),
        "metadata": fields(&signed["meta"]).map(meta).collect::<Vec<_>>(),
        "signatures": metadata["signatures"].as_array().map_or(0, Vec::len),
    })
}

fn log(log: &Value) -> Value {
    let key = bytes(&log["publicKey"]["rawBytes"]).map(|key| certificate::key(&key)["key"].clone());
    json!({
        "url": log["baseUrl"],
        "key": key,
        "from": log["publicKey"]["validFor"]["start"],
        "until": log["publicKey"]["validFor"]["end"],
        "id": bytes(&log["logId"]["keyId"]).map(hex::encode),
        "operator": log["operator"],
    })
}

fn authority(authority: &Value) -> Value {
    let chain = authority["certChain"]["certificates"].as_array();
    let first = chain.and_then(|chain| bytes(&chain.first()?["rawBytes"]));
    json!({
        "name": authority["subject"]["commonName"],
        "organization": authority["subject"]["organization"],
        "uri": authority["uri"],
        "from": authority["validFor"]["start"],
        "until": authority["validFor"]["end"],
        "certificates": chain.map_or(0, Vec::len),
        "sha256": first.map(|der| certificate::sha256(&der)),
        "operator": authority["operator"],
    })
}

fn service(service: &Value) -> Value {
    json!({
        "url": service["url"],
        "version": service["majorApiVersion"],
        "from": service["validFor"]["start"],
        "until": service["validFor"]["end"],
        "operator": service["operator"],
    })
}

fn selector(config: &Value) -> Value {
    match (config["selector"].as_str(), config["count"].as_u64()) {
        (Some(selector), Some(count)) => format!("{selector} {count}").into(),
        (selector, _) => selector.into(),
    }
}

fn each(list: &Value, describe: impl Fn(&Value) -> Value) -> Value {
    list.as_array().into_iter().flatten().map(describe).collect()
}

fn fields(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flat_map(Map::iter)
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(value.as_str()?).ok()
}
