use attest_digest::Digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::unsupported;
use crate::Rejection;
use crate::crypto::Hash;

/// That a digest is of an envelope with this payload and this signature, as the programs wrote it that recorded such entries.
///
/// An entry of kind `intoto` 0.0.1 names no signature. Its hash covers the whole envelope, as JSON and to the byte: written again
/// in the same way it has the same hash, and then nothing else can have been recorded. Members stand in the order of the fields
/// in Go, or in that of the alphabet, with an empty key id or none.
///
/// Source: Rekor, `pkg/types/intoto/v0.0.1/entry.go` and `intoto_v0_0_1_schema.json`.
pub(super) fn check(found: &Digest, payload_type: &str, payload: &[u8], signature: &[u8]) -> Result<(), Rejection> {
    let hash = Hash::of_algorithm(found.algorithm());
    let hash = hash.ok_or_else(|| unsupported("a log entry without a SHA-2 digest"))?;
    let (kind, payload) = (quoted(payload_type), quoted(&STANDARD.encode(payload)));
    let signature = quoted(&STANDARD.encode(signature));
    let bodies = [
        format!(r#""payloadType":{kind},"payload":{payload}"#),
        format!(r#""payload":{payload},"payloadType":{kind}"#),
    ];
    let is_found = bodies.iter().any(|body| {
        [r#""keyid":"","#, ""].iter().any(|key_id| {
            let json = format!(r#"{{{body},"signatures":[{{{key_id}"sig":{signature}}}]}}"#);
            hash.of(json.as_bytes()).as_ref() == found.as_bytes()
        })
    });
    match is_found {
        true => Ok(()),
        false => Err(unsupported(
            "a log entry of kind intoto/0.0.1 whose hash is not that of this envelope in any form that is known",
        )),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
