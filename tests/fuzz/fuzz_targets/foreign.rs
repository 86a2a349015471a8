//! Evidence of any format: cosign's old bundles, PEP 740, npm, GitHub, DSSE lines, and files of its own for each part. Nothing
//! is accepted for bytes that nobody signed.
#![no_main]

use attestation::foreign::{Detached, Format, Limits, read_evidence};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Format::recognise(data);
    for (_, bundle) in read_evidence(data, &Limits::default()).into_iter().flatten() {
        attest_fuzz::reject(bundle.as_json());
    }
    let mut parts = data.splitn(4, |byte| *byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let detached = Detached::new(next()).and_then(|signature| signature.with_signer(next()));
    let detached = detached.and_then(|signature| signature.with_log_entry(next()));
    if let Ok(bundle) = detached.and_then(Detached::into_bundle) {
        attest_fuzz::reject(bundle.as_json());
    }
});
