//! What comes from a port is foreign: no bytes may make a reader panic.

use attest_sign::{IdentityToken, LogEntry, SigningCertificate};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_text_makes_the_token_reader_panic(text in ".{0,200}") {
        let _ = IdentityToken::parse(&text);
    }

    #[test]
    fn what_a_token_claims_is_read_back(subject in "[a-z:/@]{1,40}", expiry in 0_i64..100_000_000_000) {
        let claims = serde_json::json!({ "iss": "https://issuer.example.com", "sub": subject, "exp": expiry });
        let jwt = format!("e30.{}.e30", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let token = IdentityToken::parse(&jwt).unwrap();
        prop_assert_eq!(token.subject_unverified(), subject.as_str());
        prop_assert_eq!(token.challenge(), subject.as_str());
        prop_assert_eq!(token.expiry_unverified().as_second(), expiry);
    }

    #[test]
    fn no_bytes_make_the_certificate_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(SigningCertificate::from_der(&bytes).is_err());
    }

    #[test]
    fn no_bytes_make_the_entry_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(LogEntry::from_json(&bytes).is_err());
    }
}
