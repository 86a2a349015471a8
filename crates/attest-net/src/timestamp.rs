use std::sync::Arc;

use attest_sign::{Port, TimestampAuthority, TimestampToken};
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use const_oid::ObjectIdentifier;
use der::asn1::{Int, Null, OctetString, Uint};
use der::{Any, Decode, Encode, Sequence, Tag, Tagged};

use crate::http::{Exchange, Http, Request};
use crate::{Endpoint, Error, Service};

/// The largest answer that is read, in bytes. With a whole chain inside they are about 6 KiB.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// `id-sha256` (RFC 5754) and `id-ct-TSTInfo` (RFC 3161, section 2.4.2).
const ID_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const ID_CT_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// A timestamp authority at the full URL that it is asked at.
#[derive(Debug)]
pub(crate) struct Rfc3161 {
    http: Arc<Http>,
    endpoint: Endpoint,
}

/// RFC 3161, section 2.4.1. `certReq` is false by being left out: the certificate is in the trust root already, and inside
/// the token nothing would authenticate it.
#[derive(Sequence)]
struct TimeStampReq {
    version: u8,
    message_imprint: MessageImprint,
    nonce: Int,
}

#[derive(Sequence, Clone, PartialEq, Eq)]
struct MessageImprint {
    hash_algorithm: HashAlgorithm,
    hashed_message: OctetString,
}

#[derive(Sequence, Clone, PartialEq, Eq)]
struct HashAlgorithm {
    algorithm: ObjectIdentifier,
    #[asn1(optional = "true")]
    parameters: Option<Null>,
}

/// What was asked for, to be found again in the answer.
struct Asked {
    digest: OctetString,
    nonce: Int,
}

/// Why an answer is not the one that was asked for.
struct Wrong(&'static str, String);

impl Rfc3161 {
    pub(crate) fn new(http: Arc<Http>, endpoint: &Endpoint) -> Self {
        let endpoint = endpoint.clone();
        Self { http, endpoint }
    }

    fn ask(&self, signature: &[u8]) -> Result<Vec<u8>, Error> {
        let asked = Asked::about(signature).map_err(|wrong| self.wrong(wrong))?;
        let query = asked.to_der().map_err(|wrong| self.wrong(wrong))?;
        let exchange = Exchange {
            service: Service::TimestampAuthority,
            endpoint: &self.endpoint,
            limit: MAX_ANSWER_BYTES,
            request: Request::PostBytes {
                media_type: "application/timestamp-query",
                body: &query,
            },
        };
        let answer = self.http.exchange(&exchange, &[])?;
        asked.check(&answer.body).map_err(|wrong| self.wrong(wrong))
    }

    fn wrong(&self, Wrong(expected, found): Wrong) -> Error {
        Error::Answer {
            service: Service::TimestampAuthority,
            url: self.endpoint.to_string(),
            expected,
            found,
        }
    }
}

impl TimestampAuthority for Rfc3161 {
    fn timestamp(&self, signature: &[u8]) -> Result<TimestampToken, attest_sign::Error> {
        let der = self
            .ask(signature)
            .map_err(|error| attest_sign::Error::port(Port::Timestamps, error))?;
        TimestampToken::from_der(der)
    }
}

impl Asked {
    fn about(signature: &[u8]) -> Result<Self, Wrong> {
        let mut nonce = [0; 8];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| Wrong("randomness from the system", "none".to_owned()))?;
        let nonce = Uint::new(&nonce).map(Int::from).map_err(malformed("a nonce"))?;
        let digest = sigstore_crypto::sha256(signature);
        let digest = OctetString::new(digest.as_bytes()).map_err(malformed("a digest"))?;
        Ok(Self { digest, nonce })
    }

    fn to_der(&self) -> Result<Vec<u8>, Wrong> {
        let query = TimeStampReq {
            version: 1,
            message_imprint: MessageImprint {
                hash_algorithm: HashAlgorithm {
                    algorithm: ID_SHA_256,
                    parameters: Some(Null),
                },
                hashed_message: self.digest.clone(),
            },
            nonce: self.nonce.clone(),
        };
        query.to_der().map_err(malformed("a query"))
    }

    /// Checks status, imprint and nonce (RFC 3161, section 2.4.2), and returns the response without free text in its status:
    /// nothing authenticates that. That the token is signed by the right authority is for a verifier to say.
    fn check(&self, response: &[u8]) -> Result<Vec<u8>, Wrong> {
        let response: Vec<Any> = Vec::from_der(response).map_err(malformed("a timestamp response"))?;
        let status = response.first().ok_or_else(|| Wrong("a status", "none".to_owned()))?;
        granted(status)?;
        let token = response
            .get(1)
            .ok_or_else(|| Wrong("a timestamp token", "none".to_owned()))?;
        self.check_info(&info(token)?)?;
        let status = vec![Any::new(Tag::Integer, [0]).map_err(malformed("a status"))?];
        let status = Any::encode_from(&status).map_err(malformed("a status"))?;
        vec![status, token.clone()]
            .to_der()
            .map_err(malformed("a timestamp response"))
    }

    fn check_info(&self, info: &[Any]) -> Result<(), Wrong> {
        let imprint = info
            .get(2)
            .ok_or_else(|| Wrong("a message imprint", "none".to_owned()))?;
        let imprint: MessageImprint = imprint.decode_as().map_err(malformed("a message imprint"))?;
        if imprint.hash_algorithm.algorithm != ID_SHA_256 || imprint.hashed_message != self.digest {
            return Err(Wrong(
                "a timestamp over the signature that was sent",
                "one over something else".to_owned(),
            ));
        }
        // The first fields are mandatory and hold integers too: version, policy, imprint, serial number, time.
        let nonce = info.iter().skip(5).find(|field| field.tag() == Tag::Integer);
        let nonce: Option<Int> = nonce
            .map(|field| field.decode_as().map_err(malformed("a nonce")))
            .transpose()?;
        match nonce {
            Some(nonce) if nonce == self.nonce => Ok(()),
            Some(_) => Err(Wrong("the nonce that was sent", "another one".to_owned())),
            None => Err(Wrong("the nonce that was sent", "none".to_owned())),
        }
    }
}

/// `PKIStatusInfo`: granted (0), or granted with modifications (1).
fn granted(status: &Any) -> Result<(), Wrong> {
    let fields: Vec<Any> = status.decode_as().map_err(malformed("a status"))?;
    let number: Option<u8> = fields.first().and_then(|field| field.decode_as().ok());
    let text = fields
        .get(1)
        .map(|text| String::from_utf8_lossy(text.value()).into_owned());
    match number {
        Some(0 | 1) => Ok(()),
        Some(number) => Err(Wrong(
            "a granted timestamp",
            format!("status {number} {}", text.unwrap_or_default()),
        )),
        None => Err(Wrong("a status", "something else".to_owned())),
    }
}

/// The fields of the `TSTInfo` inside a token.
fn info(token: &Any) -> Result<Vec<Any>, Wrong> {
    let token: ContentInfo = token.decode_as().map_err(malformed("a timestamp token"))?;
    let signed: SignedData = token.content.decode_as().map_err(malformed("signed data"))?;
    let content = signed.encap_content_info;
    let octets = content.econtent.filter(|_| content.econtent_type == ID_CT_TST_INFO);
    let octets = octets.ok_or_else(|| Wrong("a TSTInfo", "something else".to_owned()))?;
    let octets: OctetString = octets.decode_as().map_err(malformed("a TSTInfo"))?;
    Vec::from_der(octets.as_bytes()).map_err(malformed("a TSTInfo"))
}

fn malformed(expected: &'static str) -> impl Fn(der::Error) -> Wrong {
    move |error| Wrong(expected, error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use attest_sandbox::{Claims, Config, Keys, ManualClock, Sigstore, TimestampRequest};
    use proptest::prelude::*;

    use super::*;

    /// An answer of a sandbox to what was asked.
    fn answer(asked: &Asked) -> Vec<u8> {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let sandbox = Sigstore::new(Config {
            keys: Keys::from_seed([5; 32], now),
            clock: Arc::new(ManualClock::new(now)),
            user: Claims::email("a@example.com"),
            issuers: Vec::new(),
        });
        let Ok(query) = asked.to_der() else {
            panic!("a query has a DER form")
        };
        let request = TimestampRequest::from_der(&query).unwrap();
        sandbox.unwrap().timestamp(&request).unwrap()
    }

    fn asked(signature: &[u8]) -> Asked {
        Asked::about(signature).ok().expect("the system has randomness")
    }

    fn why(result: Result<Vec<u8>, Wrong>) -> (&'static str, String) {
        let Err(Wrong(expected, found)) = result else {
            panic!("the answer was accepted")
        };
        (expected, found)
    }

    #[test]
    fn the_answer_to_another_request_is_told_apart() {
        let mine = asked(b"signature");
        let response = answer(&mine);
        assert_eq!(mine.check(&response).ok(), Some(response));
        let same_digest = why(mine.check(&answer(&asked(b"signature"))));
        assert_eq!(same_digest, ("the nonce that was sent", "another one".to_owned()));
        let other = why(mine.check(&answer(&asked(b"other"))));
        assert_eq!(other.0, "a timestamp over the signature that was sent");
    }

    #[test]
    fn free_text_in_the_status_is_left_out() {
        let mine = asked(b"signature");
        let response: Vec<Any> = Vec::from_der(&answer(&mine)).unwrap();
        let number = Any::new(Tag::Integer, [1]).unwrap();
        let text = Any::encode_from(&vec![Any::new(Tag::Utf8String, *b"be quick").unwrap()]).unwrap();
        let status = Any::encode_from(&vec![number, text]).unwrap();
        let talkative = vec![status, response[1].clone()].to_der().unwrap();
        assert_eq!(mine.check(&talkative).ok(), Some(answer(&mine)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(asked(b"signature").check(&bytes).is_err());
        }

        #[test]
        fn no_change_makes_the_reader_panic(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            static EXCHANGE: OnceLock<(Asked, Vec<u8>)> = OnceLock::new();
            let (mine, response) = EXCHANGE.get_or_init(|| {
                let mine = asked(b"signature");
                let response = answer(&mine);
                (mine, response)
            });
            let mut response = response.clone();
            let place = place.index(response.len());
            response[place] = byte;
            let _ = mine.check(&response);
        }
    }
}
