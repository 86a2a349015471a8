//! A whole bundle. Nothing is accepted for bytes that nobody signed, and what is read is read the same again.
#![no_main]

use attestation::Bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(bundle) = Bundle::parse(data) {
        let again = Bundle::parse(bundle.as_json()).expect("what was read can be read");
        assert_eq!(again.as_json(), bundle.as_json());
        attest_fuzz::reject(data);
    }
});
