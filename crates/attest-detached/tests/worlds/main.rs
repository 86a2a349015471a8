//! What the programs of other worlds write is read, verified, and refused where it is weak. The files are those of
//! `fixtures/detached`.

#![expect(clippy::unwrap_used, reason = "tests")]

mod hostile;
mod minisign;
mod openpgp;
mod ssh;
mod ssh_made;

use std::path::Path;

use attest_detached::{DetachedError, DetachedSignature, FILE_NAMESPACE, SignerKeys, Verification, VerifiedDetached};
use jiff::Timestamp;

/// After everything was signed, and after what runs out has run out.
const NOW: &str = "2020-06-01T00:00:00Z";

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/detached")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn keys(name: &str) -> SignerKeys {
    SignerKeys::parse(&fixture(name)).unwrap()
}

fn signature(name: &str) -> DetachedSignature {
    DetachedSignature::parse(&fixture(name)).unwrap()
}

/// The signature over the list, by the keys, now.
fn verify(signature_name: &str, keys_name: &str) -> Result<VerifiedDetached, DetachedError> {
    verify_over(&fixture("SHA256SUMS"), signature_name, keys_name, NOW)
}

fn verify_over(
    message: &[u8],
    signature_name: &str,
    keys_name: &str,
    now: &str,
) -> Result<VerifiedDetached, DetachedError> {
    Verification {
        signature: &signature(signature_name),
        keys: &keys(keys_name),
        moment: moment(now),
        namespace: FILE_NAMESPACE,
        principal: None,
    }
    .verify(message)
}
