//! Every code of `attest verify` stands in docs/REJECTIONS.md.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where codes stand, and what stands before them there.
const PLACES: &[(&str, &[&str])] = &[
    ("crates/attest-verify/src/rejection.rs", &["=>"]),
    ("crates/attest-detached/src/error.rs", &["=>"]),
    ("crates/attest-provenance/src/verification/mismatch.rs", &["=>"]),
    (
        "crates/attest-cli/src/verb/verify",
        &["rejected(", "undecided(", "usage(", "passed_over("],
    ),
];

fn sources(place: &Path, found: &mut Vec<PathBuf>) {
    if place.is_dir() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(place)
            .expect("a directory of sources can be listed")
            .map(|entry| entry.expect("an entry can be read").path())
            .collect();
        entries.sort();
        entries.iter().for_each(|entry| sources(entry, found));
    } else {
        found.push(place.to_owned());
    }
}

/// Words with a hyphen in quotes, behind what stands before codes; not those of tests.
fn codes(text: &str, before: &[&str]) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let quoted: Vec<&str> = text.split('"').collect();
    let is_code = |word: &str| word.contains('-') && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase());
    quoted
        .windows(2)
        .filter(|pair| before.iter().any(|mark| pair[0].trim_end().ends_with(mark)))
        .map(|pair| pair[1].to_owned())
        .filter(|word| is_code(word))
        .collect()
}

#[test]
fn every_code_of_a_verdict_is_documented() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documented = std::fs::read_to_string(top.join("docs/REJECTIONS.md")).expect("the document can be read");
    let mut all = BTreeSet::new();
    for (place, before) in PLACES {
        let mut files = Vec::new();
        sources(&top.join(place), &mut files);
        for file in files {
            all.extend(codes(
                &std::fs::read_to_string(&file).expect("a source can be read"),
                before,
            ));
        }
    }
    assert!(all.len() > 70, "the codes are found: {all:?}");
    let missing: Vec<&String> = all
        .iter()
        .filter(|code| !documented.contains(&format!("`{code}`")))
        .collect();
    assert!(missing.is_empty(), "not in docs/REJECTIONS.md: {missing:?}");
}
