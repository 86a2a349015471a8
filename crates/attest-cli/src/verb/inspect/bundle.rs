use attestation::{Bundle, KeyMaterial, SignedContent};
use serde_json::{Map, Value, json};

use super::{certificate, detached, log, statement};

/// Everything that a bundle says.
pub(super) fn describe(bundle: &Bundle) -> Value {
    let contents = bundle.peek_unverified();
    let mut fields = Map::new();
    fields.insert("bundleVersion".to_owned(), contents.version.to_string().into());
    fields.insert("signer".to_owned(), signer(&contents.key_material));
    match &contents.content {
        SignedContent::Envelope(envelope) => {
            let payload = envelope.payload();
            fields.insert("payloadType".to_owned(), payload.payload_type().into());
            fields.insert("signature".to_owned(), detached::kind(envelope.signature()).into());
            fields.insert("statement".to_owned(), statement::describe(payload.as_bytes()));
        }
        SignedContent::Message(message) => {
            fields.insert("signature".to_owned(), detached::kind(&message.signature).into());
            let digests = message
                .digest
                .iter()
                .map(|digest| (digest.algorithm().name().to_owned(), digest.to_hex().into()));
            fields.insert(
                "artifact".to_owned(),
                json!({ "digests": digests.collect::<Map<_, _>>() }),
            );
        }
        _ => {}
    }
    let entries: Vec<Value> = contents.log_entries.iter().map(log::entry).collect();
    fields.insert("logEntries".to_owned(), entries.into());
    let timestamps: Vec<Value> = contents
        .timestamps
        .iter()
        .map(|response| log::timestamp(response))
        .collect();
    fields.insert("timestamps".to_owned(), timestamps.into());
    Value::Object(fields)
}

fn signer(material: &KeyMaterial) -> Value {
    match material {
        KeyMaterial::Certificate(leaf) => certificate::signer(leaf, &[]),
        KeyMaterial::Chain(chain) => match chain.split_first() {
            Some((leaf, above)) => certificate::signer(leaf, above),
            None => Value::Null,
        },
        KeyMaterial::PublicKey { hint } if hint.is_empty() => json!({ "key": "one that is not named" }),
        KeyMaterial::PublicKey { hint } => json!({ "keyHint": hint }),
        _ => Value::Null,
    }
}
