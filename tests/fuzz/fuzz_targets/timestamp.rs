//! An RFC 3161 timestamp. Whatever is accepted says the time that the authority signed.
#![no_main]

use libfuzzer_sys::fuzz_target;

const PLACE: &str = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";

fuzz_target!(|data: &[u8]| {
    let (document, before) = attest_fuzz::with_bytes(PLACE, data);
    if let Some(verified) = attest_fuzz::judge(&document) {
        let (good, _) = attest_fuzz::with_bytes(PLACE, &before);
        let good = attest_fuzz::judge(&good).expect("the fixture is accepted");
        assert_eq!(verified.times(), good.times(), "another time");
    }
});
