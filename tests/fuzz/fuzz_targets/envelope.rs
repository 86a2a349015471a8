//! The payload of an envelope: a statement. What is read and written again is the same.
#![no_main]

use attestation::Statement;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(statement) = Statement::parse(data) {
        let written = statement.to_payload();
        let again = Statement::parse(written.as_bytes()).expect("what was written can be read");
        assert_eq!(again.to_payload().as_bytes(), written.as_bytes());
    }
    let (document, before) = attest_fuzz::with("/messageSignature", serde_json::Value::Null);
    let mut document: serde_json::Value = serde_json::from_slice(&document).expect("the fixture is JSON");
    let payload = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, data);
    document["dsseEnvelope"] = serde_json::json!({
        "payload": payload,
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{ "sig": before["signature"] }],
    });
    if let Some(fields) = document.as_object_mut() {
        fields.remove("messageSignature");
    }
    assert!(
        attest_fuzz::judge(document.to_string().as_bytes()).is_none(),
        "an envelope that nobody signed"
    );
});
