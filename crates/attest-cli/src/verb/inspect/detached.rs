use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::item::Problem;

/// What kind of signature it is, as far as its form tells.
pub(super) fn kind(signature: &[u8]) -> String {
    match signature.len() {
        64 => "Ed25519".to_owned(),
        256 | 384 | 512 => format!("RSA {}", signature.len() * 8),
        length if signature.first() == Some(&0x30) => format!("ECDSA, {length} bytes"),
        length => format!("{length} bytes"),
    }
}

/// A signature that stands alone.
pub(super) fn signature(bytes: &[u8]) -> Result<Value, Problem> {
    let text: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let decoded = STANDARD.decode(text);
    let encoding = if decoded.is_ok() { "base64" } else { "raw" };
    let signature = decoded.unwrap_or_else(|_| bytes.to_vec());
    Ok(json!({ "signature": kind(&signature), "encoding": encoding, "says": "neither by whom nor about what it is" }))
}

/// A signature or key of minisign. Source: minisign, "Signature format" and "Public key format".
pub(super) fn minisign(bytes: &[u8]) -> Result<Value, Problem> {
    let malformed = || Problem::malformed("the lines of minisign");
    let text = std::str::from_utf8(bytes).map_err(|_| malformed())?;
    let mut lines = text.lines();
    let comment = lines.next().and_then(|line| line.strip_prefix("untrusted comment:"));
    let decoded = lines
        .next()
        .and_then(|line| STANDARD.decode(line.trim()).ok())
        .ok_or_else(malformed)?;
    let trusted = lines.next().and_then(|line| line.strip_prefix("trusted comment:"));
    let id = decoded.get(2..10).ok_or_else(malformed)?;
    // Printed as a number, which minisign stores with the lowest byte first.
    let id: String = id.iter().rev().map(|byte| format!("{byte:02X}")).collect();
    let over = match (decoded.get(..2), decoded.len()) {
        (Some(b"ED"), _) => Value::from("BLAKE2b digest"),
        (Some(b"Ed"), 74) => Value::from("the whole file"),
        _ => Value::Null,
    };
    Ok(json!({
        "keyId": id,
        "algorithm": "Ed25519",
        "signedOver": over,
        "untrustedComment": comment.map(str::trim),
        "trustedComment": trusted.map(str::trim),
    }))
}
