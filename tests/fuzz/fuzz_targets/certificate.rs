//! A certificate with its extensions. Only the one that the authority signed is accepted.
#![no_main]

use attest_verify::UnverifiedSigner;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = UnverifiedSigner::peek(data);
    let (document, before) = attest_fuzz::with_bytes("/verificationMaterial/certificate/rawBytes", data);
    if attest_fuzz::judge(&document).is_some() {
        assert_eq!(data, before, "another certificate");
    }
});
