use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::log::Tree;

/// A signed note (C2SP) that commits a log to its size and its root.
///
/// `sign` gets the text with its last line break; the line of the signature carries the first four bytes of `key_id`.
pub(crate) fn checkpoint(
    origin: &str,
    name: &str,
    tree: &Tree,
    key_id: &[u8; 32],
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    let body = format!("{origin}\n{}\n{}\n", tree.size(), BASE64_STANDARD.encode(tree.root()));
    let mut signature = key_id[..4].to_vec();
    signature.extend(sign(body.as_bytes()));
    format!("{body}\n\u{2014} {name} {}\n", BASE64_STANDARD.encode(signature))
}
