use jiff::SignedDuration;
use serde_json::{Value, json};

use super::ConformanceCase as Case;
use super::material::{Material, TIMES, with};
use crate::{Error, World};

const BEFORE: &str = "2025-02-28T12:00:00Z";
const EARLIER: &str = "2025-02-28T13:00:00Z";

/// A world with the same names and other keys.
const SEED_OF_ANOTHER: u8 = 4;

/// One bundle, several trust roots.
pub(super) fn cases(material: &Material) -> Result<Vec<Case>, Error> {
    let root = material.root()?;
    let foreign: Value = serde_json::from_str(&World::new(SEED_OF_ANOTHER)?.trusted_root()?)?;
    let doubled = |field: &str| {
        let list = json!([foreign[field][0], root[field][0]]);
        with(&root, &format!("/{field}"), list)
    };
    let (authorities, stamps) = ("certificateAuthorities", "timestampAuthorities");
    let good = |name, readme, root| Case::accepted(name, readme, material.artifact_v2.clone()).with_root(root);
    let bad = |name, readme, root| Case::rejected(name, readme, material.artifact_v2.clone()).with_root(root);
    Ok(vec![
        good(
            "authority-of-the-same-name",
            "Another authority of the same names stands first: the issuer in a certificate timestamp is that of the path, not \
             the first of that name (Trail of Bits on sigstore-rust).",
            doubled(authorities),
        ),
        good(
            "timestamp-authority-of-the-same-name",
            "Another timestamp authority of the same names stands first.",
            doubled(stamps),
        ),
        bad(
            "timestamp-in-the-time-of-another-authority",
            "The authority that signed was believed only earlier; the one that is believed has not signed (TOB-11).",
            believed_earlier(&doubled(stamps), stamps, 1),
        ),
        bad(
            "authority-no-longer-believed",
            "The certificate authority was believed only earlier.",
            believed_earlier(&root, authorities, 0),
        ),
        bad(
            "authority-no-longer-believed-beside-another",
            "The same, where another authority of the same names is still believed.",
            believed_earlier(&doubled(authorities), authorities, 1),
        ),
        Case::rejected(
            "second-timestamp-of-a-stranger",
            "One timestamp is good; the other is of an authority that the trust root does not have, over this signature.",
            with(&material.artifact_v2, TIMES, stranger_beside(material)?),
        ),
    ])
}

fn believed_earlier(root: &Value, field: &str, place: usize) -> Value {
    let window = json!({ "start": BEFORE, "end": EARLIER });
    with(root, &format!("/{field}/{place}/validFor"), window)
}

fn stranger_beside(material: &Material) -> Result<Value, Error> {
    let own = material.timestamp(&material.artifact_v2, SignedDuration::ZERO)?;
    let stranger = material.timestamp_of(SEED_OF_ANOTHER, &material.artifact_v2, SignedDuration::ZERO)?;
    Ok(json!({ "rfc3161Timestamps": [own, stranger] }))
}
