use attestation::LogEntry;
use attestation::foreign::Detached;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier};
use der::asn1::{AnyRef, GeneralizedTime, Int, ObjectIdentifier, OctetString};
use der::{Decode as _, Encode as _, Reader as _, SliceReader};
use serde_json::{Map, Value, json};

use super::item::Problem;
use super::time;

/// How a line of a signed note begins (C2SP, `signed-note.md`).
const SIGNATURE_LINE: &str = "\u{2014} ";

/// A signature that stands for any, to read an entry that came without its own.
const ANY_SIGNATURE: &[u8] = b"MAYCAQUCAQY=";

/// One entry of a log.
pub(super) fn entry(entry: &LogEntry) -> Value {
    let mut fields = Map::new();
    fields.insert("index".to_owned(), entry.log_index.into());
    fields.insert("log".to_owned(), hex::encode(&entry.log_id).into());
    fields.insert("kind".to_owned(), format!("{}/{}", entry.kind, entry.version).into());
    fields.insert(
        "loggedAt".to_owned(),
        entry.integrated_time.map_or(Value::Null, time::of_seconds),
    );
    fields.insert("promise".to_owned(), entry.promise.is_some().into());
    fields.insert("proof".to_owned(), entry.proof.is_some().into());
    if let Some(proof) = &entry.proof {
        fields.insert("treeSize".to_owned(), proof.tree_size.into());
        fields.insert("checkpoint".to_owned(), checkpoint(&proof.checkpoint));
    }
    Value::Object(fields)
}

/// The origin of a checkpoint, the names that signed it, and the same for cosigning witnesses: a name that is not the
/// origin's. Nobody checks them.
fn checkpoint(note: &str) -> Value {
    let Some(origin) = note.lines().next().filter(|origin| !origin.is_empty()) else {
        return Value::Null;
    };
    let names = note
        .lines()
        .filter_map(|line| line.strip_prefix(SIGNATURE_LINE)?.split(' ').next());
    // Rekor v1 puts the id of the tree behind the name.
    let own = |name: &&str| origin == *name || origin.strip_prefix(*name).is_some_and(|rest| rest.starts_with(" - "));
    let (own, witnesses): (Vec<&str>, Vec<&str>) = names.partition(own);
    json!({ "origin": origin, "signedBy": own, "witnesses": witnesses })
}

/// An RFC 3161 response.
pub(super) fn timestamp(response: &[u8]) -> Value {
    peek(response).unwrap_or_else(|| json!({ "unreadable": true }))
}

/// A file that holds a response, in DER or as cosign keeps it.
pub(super) fn timestamp_file(bytes: &[u8]) -> Result<Value, Problem> {
    let bundle = Detached::new(ANY_SIGNATURE)?.with_timestamp(bytes)?.into_bundle()?;
    let responses = bundle.peek_unverified().timestamps.first();
    Ok(responses.map_or(Value::Null, |response| timestamp(response)))
}

/// A log entry that lies in a file of its own.
pub(super) fn answer(bytes: &[u8]) -> Result<Value, Problem> {
    let bundle = Detached::new(ANY_SIGNATURE)?.with_log_entry(bytes)?.into_bundle()?;
    let contents = bundle.peek_unverified();
    let mut fields = Map::new();
    if let Some(certificate) = contents.certificate() {
        fields.insert("signer".to_owned(), super::certificate::signer(certificate, &[]));
    }
    let entries: Vec<Value> = contents.log_entries.iter().map(entry).collect();
    fields.insert("logEntries".to_owned(), entries.into());
    Ok(Value::Object(fields))
}

/// Source: RFC 3161, section 2.4.2, and RFC 5652, section 5.1.
fn peek(response: &[u8]) -> Option<Value> {
    let token = match SliceReader::new(response).ok()?.sequence(|reader| {
        reader.decode::<AnyRef<'_>>()?;
        reader.decode::<ContentInfo>()
    }) {
        Ok(token) => token,
        Err(_) => ContentInfo::from_der(response).ok()?,
    };
    let signed = SignedData::from_der(&token.content.to_der().ok()?).ok()?;
    let content = signed
        .encap_content_info
        .econtent
        .as_ref()?
        .decode_as::<OctetString>()
        .ok()?;
    let (policy, time) = content_of(content.as_bytes()).ok()?;
    let authority = signed
        .signer_infos
        .0
        .as_slice()
        .first()
        .map(|signer| match &signer.sid {
            SignerIdentifier::IssuerAndSerialNumber(signer) => {
                let serial = hex::encode(signer.serial_number.as_bytes());
                format!("issued by {}, serial {serial}", signer.issuer)
            }
            SignerIdentifier::SubjectKeyIdentifier(signer) => format!("key {}", STANDARD.encode(signer.0.as_bytes())),
        });
    Some(json!({ "time": time.to_date_time().to_string(), "authority": authority, "policy": policy.to_string() }))
}

/// The policy and the time of a `TSTInfo`. What stands behind them is passed over.
fn content_of(bytes: &[u8]) -> der::Result<(ObjectIdentifier, GeneralizedTime)> {
    SliceReader::new(bytes)?.sequence(|reader| {
        reader.decode::<Int>()?;
        let policy = reader.decode()?;
        reader.decode::<AnyRef<'_>>()?;
        reader.decode::<Int>()?;
        let time = reader.decode()?;
        while !reader.is_finished() {
            reader.decode::<AnyRef<'_>>()?;
        }
        Ok((policy, time))
    })
}
