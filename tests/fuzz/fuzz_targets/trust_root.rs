//! A trust root: keys and certificates of authorities and logs.
#![no_main]

use attest_verify::TrustRoot;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = TrustRoot::parse(data);
});
