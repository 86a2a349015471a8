//! A checkpoint. Whatever is accepted begins with the text that the log signed, and has the line of that log.
#![no_main]

use libfuzzer_sys::fuzz_target;

const PLACE: &str = "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (document, before) = attest_fuzz::with(PLACE, text);
    let (signed, line) = before
        .as_str()
        .and_then(|note| note.split_once("\n\n"))
        .expect("the fixture has a note");
    if attest_fuzz::judge(&document).is_some() {
        assert!(text.starts_with(&format!("{signed}\n\n")), "another text");
        assert!(text.lines().any(|found| found == line.trim_end()), "no line of the log");
    }
});
