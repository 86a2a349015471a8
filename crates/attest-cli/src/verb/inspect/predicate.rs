//! What is said about subjects, for the predicate types that people meet.

use attestation::media_type;
use serde_json::{Map, Value, json};

/// How a predicate is shown that nothing is known about: its fields, and how much stands in them.
const LONGEST_VALUE: usize = 200;

/// A predicate, by its type.
pub(super) fn describe(predicate_type: &str, predicate: &Map<String, Value>) -> Value {
    if predicate_type == media_type::MODEL_SIGNATURE_V1 {
        return tree(predicate);
    }
    let whole = Value::Object(predicate.clone());
    match predicate_type {
        "https://slsa.dev/provenance/v1" | "https://slsa.dev/provenance/v0.2" | "https://slsa.dev/provenance/v0.1" => {
            provenance(&whole)
        }
        "https://slsa.dev/verification_summary/v1" | "https://slsa.dev/verification_summary/v0.2" => summary(&whole),
        other if other.starts_with("https://cyclonedx.org/bom") => cyclonedx(&whole),
        other if other.starts_with("https://spdx.dev/Document") => spdx(&whole),
        _ => rows("field", predicate),
    }
}

/// SLSA provenance of either generation.
pub(super) fn provenance(predicate: &Value) -> Value {
    match predicate.get("buildDefinition") {
        Some(_) => provenance_v1(predicate),
        None => provenance_v0_2(predicate),
    }
}

/// Source: SLSA 1.0, `provenance.md`.
fn provenance_v1(predicate: &Value) -> Value {
    let definition = &predicate["buildDefinition"];
    let details = &predicate["runDetails"];
    let resolved = &definition["resolvedDependencies"];
    json!({
        "builder": details["builder"]["id"],
        "buildType": definition["buildType"],
        "source": source(resolved.get(0)),
        "externalParameters": rows_of("parameter", &definition["externalParameters"]),
        "internalParameters": rows_of("parameter", &definition["internalParameters"]),
        "resolvedDependencies": resources(resolved),
        "invocation": details["metadata"]["invocationId"],
        "startedOn": details["metadata"]["startedOn"],
        "finishedOn": details["metadata"]["finishedOn"],
        "byproducts": resources(&details["byproducts"]),
    })
}

/// Source: SLSA 0.2, `provenance.md`.
fn provenance_v0_2(predicate: &Value) -> Value {
    let source_of_configuration = &predicate["invocation"]["configSource"];
    let metadata = &predicate["metadata"];
    json!({
        "builder": predicate["builder"]["id"],
        "buildType": predicate["buildType"],
        "source": source(Some(source_of_configuration)),
        "entryPoint": source_of_configuration["entryPoint"],
        "parameters": rows_of("parameter", &predicate["invocation"]["parameters"]),
        "materials": resources(&predicate["materials"]),
        "invocation": metadata["buildInvocationId"],
        "startedOn": metadata["buildStartedOn"],
        "finishedOn": metadata["buildFinishedOn"],
    })
}

/// Source: SLSA 1.2, `verification_summary.md`.
fn summary(predicate: &Value) -> Value {
    json!({
        "verifier": predicate["verifier"]["id"],
        "result": predicate["verificationResult"],
        "levels": predicate["verifiedLevels"],
        "resource": predicate["resourceUri"],
        "policy": predicate["policy"]["uri"],
        "timeVerified": predicate["timeVerified"],
        "slsaVersion": predicate["slsaVersion"],
    })
}

fn cyclonedx(predicate: &Value) -> Value {
    json!({
        "specVersion": predicate["specVersion"],
        "serialNumber": predicate["serialNumber"],
        "about": predicate["metadata"]["component"]["name"],
        "components": predicate["components"].as_array().map_or(0, Vec::len),
    })
}

fn spdx(predicate: &Value) -> Value {
    json!({
        "specVersion": predicate["spdxVersion"],
        "about": predicate["name"],
        "packages": predicate["packages"].as_array().map_or(0, Vec::len),
    })
}

/// How many files of a tree are shown; the rest is counted.
const FIRST_FILES: usize = 10;

/// Source: OMS specification 1.0, section 5.2. It may list a million files.
fn tree(predicate: &Map<String, Value>) -> Value {
    let field = |name: &str| predicate.get(name).unwrap_or(&Value::Null);
    let serialization = field("serialization");
    let resources = field("resources").as_array().map(Vec::as_slice).unwrap_or_default();
    let first = resources.iter().take(FIRST_FILES);
    json!({
        "method": serialization["method"],
        "hashType": serialization["hash_type"],
        "shardSize": serialization["shard_size"],
        "allowSymlinks": serialization["allow_symlinks"],
        "ignorePaths": serialization["ignore_paths"],
        "files": resources.len(),
        "firstFiles": first.map(|file| json!({ "name": file["name"], "digest": file["digest"] })).collect::<Vec<_>>(),
    })
}

/// A resource with its digests on one line.
fn source(resource: Option<&Value>) -> Value {
    let uri = resource.and_then(|resource| resource["uri"].as_str());
    let commit = resource.and_then(|resource| resource["digest"].as_object()?.values().next()?.as_str());
    match (uri, commit) {
        (Some(uri), Some(commit)) => format!("{uri} at {commit}").into(),
        (Some(uri), None) => uri.into(),
        (None, _) => Value::Null,
    }
}

/// Source: in-toto attestation v1, `resource_descriptor.md`.
fn resources(resources: &Value) -> Value {
    let described = resources.as_array().into_iter().flatten().map(|resource| {
        json!({
            "name": resource["name"],
            "uri": resource["uri"],
            "digests": resource["digest"].as_object().cloned().unwrap_or_default(),
        })
    });
    described.collect()
}

fn rows_of(column: &str, object: &Value) -> Value {
    object.as_object().map_or(Value::Null, |fields| rows(column, fields))
}

/// Foreign fields as rows: their names are not ours to reword.
fn rows(column: &str, fields: &Map<String, Value>) -> Value {
    fields
        .iter()
        .map(|(name, value)| json!({ column: name, "value": shortened(value) }))
        .collect()
}

fn shortened(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}
