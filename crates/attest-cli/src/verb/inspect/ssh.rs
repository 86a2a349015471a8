//! Signatures and keys of OpenSSH. Source: OpenSSH, `PROTOCOL.sshsig`; RFC 4251, section 5; `ssh-keygen(1)`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::{Value, json};

use super::certificate::sha256;
use super::item::Problem;

/// What an SSH signature begins with.
const MAGIC: &[u8] = b"SSHSIG";

/// The most lines of a list of keys that are read; a list of allowed signers has as many as a project has people.
const MAX_KEYS: usize = 10_000;

/// A signature of `ssh-keygen -Y sign`.
pub(super) fn signature(bytes: &[u8]) -> Result<Value, Problem> {
    peek(bytes).ok_or_else(|| Problem::malformed("the fields of an SSH signature"))
}

/// Public keys, or a list of allowed signers.
pub(super) fn keys(bytes: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::malformed("text"))?;
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Vec<Value> = lines.take(MAX_KEYS).map(key).collect();
    Ok(json!({ "keys": keys }))
}

fn peek(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let armoured = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("-----"));
    let blob = STANDARD.decode(armoured.collect::<String>()).ok()?;
    let rest = blob.strip_prefix(MAGIC)?;
    let (version, rest) = rest.split_at_checked(4)?;
    let (key, rest) = string(rest)?;
    let (namespace, rest) = string(rest)?;
    let (_reserved, rest) = string(rest)?;
    let (hash, _) = string(rest)?;
    Some(json!({
        "version": u32::from_be_bytes(version.try_into().ok()?),
        "namespace": String::from_utf8_lossy(namespace),
        "hash": String::from_utf8_lossy(hash),
        "key": String::from_utf8_lossy(string(key)?.0),
        "fingerprint": fingerprint(key),
    }))
}

/// Everything before the type of a key is about whom and for what it is allowed; everything behind the key is a comment.
fn key(line: &str) -> Value {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_key = |pair: &[&str]| {
        let blob = STANDARD.decode(pair[1]).unwrap_or_default();
        string(&blob).is_some_and(|(type_, _)| type_ == pair[0].as_bytes())
    };
    let Some(place) = words.windows(2).position(is_key) else {
        return json!({ "unreadable": line });
    };
    let blob = STANDARD.decode(words[place + 1]).unwrap_or_default();
    json!({
        "key": words[place],
        "fingerprint": fingerprint(&blob),
        "allowed": words[..place].join(" "),
        "comment": words[place + 2..].join(" "),
    })
}

/// As `ssh-keygen -l` shows it.
fn fingerprint(key: &[u8]) -> String {
    let digest = hex::decode(sha256(key)).unwrap_or_default();
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest))
}

/// A string with its length before it, and what follows.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(4)?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    rest.split_at_checked(usize::try_from(length).ok()?)
}
