use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use super::ConformanceCase as Case;
use super::material::{ENTRY, Material, with};

const NAME: &str = "witness.example.com";

/// The type of a cosignature (C2SP tlog-cosignature).
const COSIGNATURE: u8 = 4;

/// When the witness saw the checkpoint.
const TIME: u64 = 1_740_830_400;

/// Checkpoints with the lines of a witness. No trust root names witnesses, so a line of theirs counts for nothing, and stands
/// in for nothing.
pub(super) fn cases(material: &Material) -> Vec<Case> {
    let pointer = format!("{ENTRY}/inclusionProof/checkpoint/envelope");
    let good = &material.artifact_v2;
    let note = good.pointer(&pointer).and_then(Value::as_str).unwrap_or_default();
    let (body, lines) = note.split_once("\n\n").unwrap_or_default();
    let signed = format!("{body}\n");
    let case = |note: String| with(good, &pointer, json!(note));
    let cosigned = line(NAME, &cosignature(&signed));
    let origin = body.lines().next().unwrap_or_default();
    let hint = hint(lines);
    let own = format!("{signed}\n{}", line(origin, &forged(&hint)));
    vec![
        Case::accepted(
            "cosigned",
            "A witness has signed behind the log.",
            case(format!("{note}{cosigned}")),
        ),
        Case::accepted(
            "cosigned-before",
            "A witness has signed before the log.",
            case(format!("{signed}\n{cosigned}{lines}")),
        ),
        Case::accepted(
            "cosigned-by-fifteen",
            "Fifteen witnesses have signed; readers take sixteen lines (C2SP signed-note).",
            case(format!("{note}{}", cosigned.repeat(15))),
        ),
        Case::accepted(
            "cosigned-by-a-stranger",
            "The line is nobody's signature. Whose it would be is not known, so it is not looked at.",
            case(format!("{note}{}", line(NAME, &[7; 76]))),
        ),
        Case::rejected(
            "witness-instead-of-log",
            "The log has not signed; a witness does not stand in for it.",
            case(format!("{signed}\n{cosigned}")),
        ),
        Case::rejected(
            "witness-in-the-name-of-the-log",
            "The line bears the name of the log and the key of a witness.",
            case(format!("{signed}\n{}", line(origin, &cosignature(&signed)))),
        ),
        Case::rejected(
            "forged-line-of-the-log",
            "The line bears the name and the key of the log.",
            case(own),
        ),
    ]
}

/// What the lines of a note begin with, decoded: which key it is.
fn hint(lines: &str) -> Vec<u8> {
    let encoded = lines.split_whitespace().next_back().unwrap_or_default();
    STANDARD
        .decode(encoded)
        .unwrap_or_default()
        .into_iter()
        .take(4)
        .collect()
}

fn forged(hint: &[u8]) -> Vec<u8> {
    [hint, &[7; 64]].concat()
}

fn line(name: &str, bytes: &[u8]) -> String {
    format!("\u{2014} {name} {}\n", STANDARD.encode(bytes))
}

fn cosignature(signed: &str) -> Vec<u8> {
    let key = SigningKey::from_bytes(&[9; 32]);
    let message = format!("cosignature/v1\ntime {TIME}\n{signed}");
    let public = key.verifying_key();
    let id = [NAME.as_bytes(), &[b'\n', COSIGNATURE], public.as_bytes()].concat();
    let signature = key.sign(message.as_bytes());
    [&crate::sha256(&id)[..4], &TIME.to_be_bytes(), &signature.to_bytes()].concat()
}
