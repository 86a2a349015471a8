//! Configurations and addresses are foreign: nothing may make a reader panic.

use attest_net::{Endpoint, SigningConfig};
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_bytes_make_the_configuration_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(SigningConfig::parse(&bytes).is_err());
    }

    #[test]
    fn no_change_of_a_configuration_makes_the_reader_panic(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut json = br#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","caUrls":[{"url":"https://ca.example.com","majorApiVersion":1,"validFor":{"start":"2022-04-13T20:06:15.000Z"}}]}"#.to_vec();
        prop_assert!(SigningConfig::parse(&json).is_ok());
        let place = place.index(json.len());
        json[place] = byte;
        let _ = SigningConfig::parse(&json);
    }

    #[test]
    fn no_text_makes_the_address_reader_panic(text in ".{0,80}") {
        let _ = Endpoint::parse(&text);
    }

    #[test]
    fn an_address_that_is_shown_is_read_back(host in "[a-z]{1,10}\\.example\\.com", port in 1_u16.., path in "(/[a-z0-9]{0,5}){0,3}") {
        let endpoint = Endpoint::parse(&format!("https://{host}:{port}{path}")).unwrap();
        prop_assert_eq!(Endpoint::parse(&endpoint.to_string()), Ok(endpoint));
    }
}
