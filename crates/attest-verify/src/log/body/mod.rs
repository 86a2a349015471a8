//! What is logged: which signature, by whom, over what.

mod envelope;
mod wire;

use attest_digest::Digest;
use attestation::LogEntry;

use crate::Rejection;
use crate::crypto::Scheme;

/// The body of an entry, whatever its kind.
#[derive(Debug)]
pub(crate) struct Body {
    logged: Logged,
    /// None where the digest is that of the whole envelope, and covers the signature.
    signature: Option<Vec<u8>>,
    verifier: LoggedVerifier,
    /// In which form logs verify Ed25519 before they record such an entry.
    ed25519: Ed25519Form,
}

/// A form of Ed25519. The signature of one is no signature of the other (RFC 8032, section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ed25519Form {
    /// Envelopes in Rekor v1.
    Plain,
    /// Whatever is recorded by its digest.
    Prehashed,
    Either,
}

/// Over what the logged signature is.
#[derive(Debug)]
enum Logged {
    /// Anything of this digest: an artifact, or the pre-authentication encoding of an envelope.
    Hashed(Digest),
    /// An envelope whose payload has this digest, and this type if the log says so.
    Payload(Digest, Option<String>),
    /// An envelope whose JSON has this digest, signature and all; and its payload this one, if the log says so.
    Envelope(Digest, Option<Digest>),
}

/// By whom the logged signature is.
#[derive(Debug, PartialEq, Eq)]
enum LoggedVerifier {
    Certificate(Vec<u8>),
    Key(Vec<u8>),
}

/// What an entry has to be about.
pub(crate) struct About<'a> {
    pub(crate) signature: &'a [u8],
    pub(crate) verifier: Verifier<'a>,
    pub(crate) signed: SignedAs<'a>,
}

/// By whom.
#[derive(Clone, Copy)]
pub(crate) enum Verifier<'a> {
    /// A certificate, DER.
    Certificate(&'a [u8]),
    /// A `SubjectPublicKeyInfo`, DER.
    Key(&'a [u8]),
}

/// Over what.
#[derive(Clone, Copy)]
pub(crate) enum SignedAs<'a> {
    Artifact(&'a Digest),
    Envelope {
        encoding: &'a [u8],
        payload: &'a [u8],
        payload_type: &'a str,
    },
}

impl Body {
    /// Reads the body of an entry, whose kind has to be the one that the entry says.
    pub(crate) fn read(entry: &LogEntry) -> Result<Self, Rejection> {
        let kind = wire::kind(&entry.body)?;
        if kind.kind != entry.kind || kind.api_version != entry.version {
            return Err(mismatch(&format!(
                "expected kind {}/{}, found {}/{}",
                entry.kind, entry.version, kind.kind, kind.api_version
            )));
        }
        wire::body(entry)
    }

    /// The digest that was signed, when it is that of an artifact.
    pub(crate) fn artifact_digest(&self) -> Option<&Digest> {
        match &self.logged {
            Logged::Hashed(digest) => Some(digest),
            Logged::Payload(..) | Logged::Envelope(..) => None,
        }
    }

    /// Whether a signature of this kind can have got into the log as such an entry.
    pub(crate) fn allows(&self, scheme: Scheme) -> bool {
        match scheme {
            Scheme::Ed25519 => self.ed25519 != Ed25519Form::Prehashed,
            Scheme::Ed25519Prehashed => self.ed25519 != Ed25519Form::Plain,
            _ => true,
        }
    }

    /// That the entry is about this signature, by the same key, over the same thing.
    pub(crate) fn check(&self, about: &About<'_>) -> Result<(), Rejection> {
        let logged = self.signature.as_deref();
        if logged.is_some_and(|logged| logged != about.signature) {
            return Err(mismatch("it has another signature"));
        }
        self.verifier.check(about.verifier)?;
        match (&self.logged, about.signed) {
            (logged, SignedAs::Artifact(expected)) => logged.check_artifact(expected),
            (Logged::Hashed(found), SignedAs::Envelope { encoding, .. }) => check_digest_of(found, encoding),
            (
                Logged::Payload(found, logged_type),
                SignedAs::Envelope {
                    payload, payload_type, ..
                },
            ) => {
                if logged_type.as_deref().is_some_and(|logged| logged != payload_type) {
                    return Err(mismatch("it has another type of payload"));
                }
                check_digest_of(found, payload)
            }
            (
                Logged::Envelope(found, logged_payload),
                SignedAs::Envelope {
                    payload, payload_type, ..
                },
            ) => {
                if let Some(logged) = logged_payload {
                    check_digest_of(logged, payload)?;
                }
                envelope::check(found, payload_type, payload, about.signature)
            }
        }
    }
}

impl LoggedVerifier {
    fn check(&self, expected: Verifier<'_>) -> Result<(), Rejection> {
        let same = match (expected, self) {
            (Verifier::Certificate(expected), Self::Certificate(found)) => expected == found,
            (Verifier::Key(expected), Self::Key(found)) => expected == found,
            _ => false,
        };
        match same {
            true => Ok(()),
            false => Err(mismatch("it has another certificate or key")),
        }
    }
}

impl Logged {
    fn check_artifact(&self, expected: &Digest) -> Result<(), Rejection> {
        match self {
            Self::Hashed(found) if found.algorithm() == expected.algorithm() => {
                check_digest(found, expected.as_bytes())
            }
            Self::Hashed(found) => Err(unsupported(&format!(
                "a log entry with a {} digest for a signature with a {} digest",
                found.algorithm(),
                expected.algorithm()
            ))),
            Self::Payload(..) | Self::Envelope(..) => Err(mismatch("it is about an envelope")),
        }
    }
}

fn check_digest_of(found: &Digest, bytes: &[u8]) -> Result<(), Rejection> {
    let hash = crate::crypto::Hash::of_algorithm(found.algorithm());
    let hash = hash.ok_or_else(|| unsupported(&format!("a log entry with a {} digest", found.algorithm())))?;
    check_digest(found, hash.of(bytes).as_ref())
}

fn check_digest(found: &Digest, expected: &[u8]) -> Result<(), Rejection> {
    match found.as_bytes() == expected {
        true => Ok(()),
        false => Err(mismatch("it has another digest")),
    }
}

fn mismatch(detail: &str) -> Rejection {
    Rejection::LogEntryMismatch {
        detail: detail.to_owned(),
    }
}

fn unsupported(detail: &str) -> Rejection {
    Rejection::Unsupported {
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use attestation::{Bundle, LogEntry};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::*;
    use crate::crypto::Hash;

    const SIGNATURE: &[u8] = b"signature";
    const KEY: &[u8] = b"key";
    const PAYLOAD: &[u8] = b"payload";
    const ENCODING: &[u8] = b"encoding";
    const TYPE: &str = "application/vnd.in-toto+json";

    /// An entry as a bundle would have it, with this body.
    fn entry(kind: &str, version: &str, body: &Value) -> LogEntry {
        let fixture = include_bytes!("../../../../../fixtures/accept/artifact-rekor-v2/bundle.sigstore.json");
        let mut bundle: Value = serde_json::from_slice(fixture).unwrap();
        let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
        entry["kindVersion"] = json!({ "kind": kind, "version": version });
        entry["canonicalizedBody"] = json!(base64(body.to_string().as_bytes()));
        let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
        bundle.peek_unverified().log_entries[0].clone()
    }

    fn base64(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
    }

    fn pem() -> String {
        base64(
            format!(
                "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
                base64(KEY)
            )
            .as_bytes(),
        )
    }

    fn hex_of(hash: Hash, bytes: &[u8]) -> String {
        hex::encode(hash.of(bytes).as_ref())
    }

    fn verifier() -> Value {
        json!({ "keyDetails": "PKIX_ECDSA_P256_SHA_256", "publicKey": { "rawBytes": base64(KEY) } })
    }

    /// Every kind of entry about the same envelope.
    fn envelopes() -> Vec<(&'static str, &'static str, Value)> {
        let payload = json!({ "algorithm": "sha256", "value": hex_of(Hash::Sha256, PAYLOAD) });
        let digest = |bytes| json!({ "algorithm": "SHA2_512", "digest": base64(Hash::Sha512.of(bytes).as_ref()) });
        let signature = json!({ "content": base64(SIGNATURE), "verifier": verifier() });
        let envelope = format!(
            r#"{{"payloadType":"{TYPE}","payload":"{}","signatures":[{{"keyid":"","sig":"{}"}}]}}"#,
            base64(PAYLOAD),
            base64(SIGNATURE)
        );
        let envelope = json!({ "algorithm": "sha256", "value": hex_of(Hash::Sha256, envelope.as_bytes()) });
        let twice = base64(base64(SIGNATURE).as_bytes());
        vec![
            (
                "hashedrekord",
                "0.0.1",
                json!({
                    "data": { "hash": { "algorithm": "sha384", "value": hex_of(Hash::Sha384, ENCODING) } },
                    "signature": { "content": base64(SIGNATURE), "publicKey": { "content": pem() } },
                }),
            ),
            (
                "hashedrekord",
                "0.0.2",
                json!({ "hashedRekordV002": { "data": digest(ENCODING), "signature": signature } }),
            ),
            (
                "dsse",
                "0.0.1",
                json!({
                    "envelopeHash": { "algorithm": "sha256", "value": "00" },
                    "payloadHash": payload,
                    "signatures": [{ "signature": base64(SIGNATURE), "verifier": pem() }],
                }),
            ),
            (
                "dsse",
                "0.0.2",
                json!({ "dsseV002": { "payloadHash": digest(PAYLOAD), "signatures": [signature] } }),
            ),
            (
                "intoto",
                "0.0.1",
                json!({ "content": { "hash": envelope, "payloadHash": payload }, "publicKey": pem() }),
            ),
            (
                "intoto",
                "0.0.2",
                json!({ "content": {
                    "envelope": { "payloadType": TYPE, "signatures": [{ "sig": twice, "publicKey": pem() }] },
                    "hash": payload,
                    "payloadHash": payload,
                } }),
            ),
        ]
    }

    fn check(kind: &str, version: &str, body: &Value, about: &About<'_>) -> Result<(), &'static str> {
        Body::read(&entry(kind, version, body))
            .and_then(|body| body.check(about))
            .map_err(|rejection| rejection.code())
    }

    fn about<'a>(signature: &'a [u8], key: &'a [u8], encoding: &'a [u8], payload: &'a [u8]) -> About<'a> {
        About {
            signature,
            verifier: Verifier::Key(key),
            signed: SignedAs::Envelope {
                encoding,
                payload,
                payload_type: TYPE,
            },
        }
    }

    fn whole(kind: &str, version: &str, spec: &Value) -> Value {
        json!({ "apiVersion": version, "kind": kind, "spec": spec })
    }

    #[test]
    fn every_kind_of_entry_is_about_its_own_envelope_alone() {
        for (kind, version, spec) in envelopes() {
            let body = whole(kind, version, &spec);
            let check = |about: &About<'_>| check(kind, version, &body, about);
            assert_eq!(
                check(&about(SIGNATURE, KEY, ENCODING, PAYLOAD)),
                Ok(()),
                "{kind}/{version}"
            );
            for other in [
                about(b"other", KEY, ENCODING, PAYLOAD),
                about(SIGNATURE, b"other", ENCODING, PAYLOAD),
                about(SIGNATURE, KEY, b"other", b"other"),
                About {
                    verifier: Verifier::Certificate(KEY),
                    ..about(SIGNATURE, KEY, ENCODING, PAYLOAD)
                },
            ] {
                // Here the hash covers signature and payload together, and does not say which of them is another one.
                let covered = (kind, version) == ("intoto", "0.0.1") && other.signature != SIGNATURE;
                let expected = if covered { "unsupported" } else { "log-entry-mismatch" };
                assert_eq!(check(&other), Err(expected), "{kind}/{version}");
            }
        }
    }

    #[test]
    fn an_entry_that_has_the_hash_of_the_envelope_alone_is_about_every_byte_of_it() {
        let (kind, version, mut spec) = envelopes().remove(4);
        spec["content"].as_object_mut().unwrap().remove("payloadHash");
        let good = about(SIGNATURE, KEY, ENCODING, PAYLOAD);
        let written = |envelope: &str| {
            let mut spec = spec.clone();
            spec["content"]["hash"]["value"] = json!(hex_of(Hash::Sha256, envelope.as_bytes()));
            check(kind, version, &whole(kind, version, &spec), &good)
        };
        assert_eq!(check(kind, version, &whole(kind, version, &spec), &good), Ok(()));
        let (payload, signature) = (base64(PAYLOAD), base64(SIGNATURE));
        let sorted =
            format!(r#"{{"payload":"{payload}","payloadType":"{TYPE}","signatures":[{{"sig":"{signature}"}}]}}"#);
        assert_eq!(written(&sorted), Ok(()));
        assert_eq!(written(&format!("{sorted}\n")), Err("unsupported"));
        for other in [
            about(b"other", KEY, ENCODING, PAYLOAD),
            about(SIGNATURE, KEY, ENCODING, b"other"),
            About {
                signed: SignedAs::Envelope {
                    encoding: ENCODING,
                    payload: PAYLOAD,
                    payload_type: "text/plain",
                },
                ..about(SIGNATURE, KEY, ENCODING, PAYLOAD)
            },
        ] {
            let found = check(kind, version, &whole(kind, version, &spec), &other);
            assert_eq!(found, Err("unsupported"));
        }
    }

    #[test]
    fn every_kind_of_entry_allows_the_form_of_ed25519_that_its_log_verifies() {
        let forms = envelopes().into_iter().map(|(kind, version, spec)| {
            let body = Body::read(&entry(kind, version, &whole(kind, version, &spec))).unwrap();
            assert!(body.allows(Scheme::Ecdsa(Hash::Sha256)));
            [Scheme::Ed25519, Scheme::Ed25519Prehashed].map(|scheme| body.allows(scheme))
        });
        let (plain, prehashed, either) = ([true, false], [false, true], [true, true]);
        assert_eq!(
            forms.collect::<Vec<_>>(),
            [prehashed, prehashed, plain, either, plain, plain]
        );
    }

    #[test]
    fn an_entry_about_an_envelope_is_not_about_an_artifact() {
        let digest = Digest::from_bytes(attest_digest::Algorithm::Sha256, Hash::Sha256.of(PAYLOAD).as_ref()).unwrap();
        for (kind, version, spec) in envelopes().into_iter().skip(2) {
            let about = About {
                signed: SignedAs::Artifact(&digest),
                ..about(SIGNATURE, KEY, ENCODING, PAYLOAD)
            };
            let found = check(kind, version, &whole(kind, version, &spec), &about);
            assert_eq!(found, Err("log-entry-mismatch"), "{kind}/{version}");
        }
    }

    #[test]
    fn a_body_of_another_kind_than_its_entry_is_rejected() {
        let envelopes = envelopes();
        for (kind, version, spec) in &envelopes {
            for (other, other_version, _) in envelopes.iter().filter(|other| (other.0, other.1) != (kind, version)) {
                let body = whole(kind, version, spec);
                let found = check(other, other_version, &body, &about(SIGNATURE, KEY, ENCODING, PAYLOAD));
                assert_eq!(found, Err("log-entry-mismatch"));
            }
        }
    }

    #[test]
    fn kinds_that_are_not_read_are_unsupported() {
        for (kind, version) in [("intoto", "0.0.3"), ("hashedrekord", "0.0.3"), ("rekord", "0.0.1")] {
            let body = whole(kind, version, &json!({}));
            let found = check(kind, version, &body, &about(SIGNATURE, KEY, ENCODING, PAYLOAD));
            assert_eq!(found, Err("unsupported"));
        }
    }

    #[test]
    fn an_entry_with_two_signatures_is_rejected() {
        for (kind, version, mut spec) in envelopes().into_iter().skip(2) {
            let pointer = match (kind, version) {
                ("intoto", _) => "/content/envelope/signatures",
                (_, "0.0.1") => "/signatures",
                _ => "/dsseV002/signatures",
            };
            // What is recorded by one hash lists no signatures.
            let Some(signatures) = spec.pointer_mut(pointer).and_then(Value::as_array_mut) else {
                assert_eq!((kind, version), ("intoto", "0.0.1"));
                continue;
            };
            signatures.push(signatures[0].clone());
            let found = check(
                kind,
                version,
                &whole(kind, version, &spec),
                &about(SIGNATURE, KEY, ENCODING, PAYLOAD),
            );
            assert_eq!(found, Err("log-entry-mismatch"), "{kind}/{version}");
        }
    }

    #[test]
    fn another_type_of_payload_is_rejected() {
        let (kind, version, spec) = envelopes().pop().unwrap();
        let mut about = about(SIGNATURE, KEY, ENCODING, PAYLOAD);
        about.signed = SignedAs::Envelope {
            encoding: ENCODING,
            payload: PAYLOAD,
            payload_type: "text/plain",
        };
        assert_eq!(
            check(kind, version, &whole(kind, version, &spec), &about),
            Err("log-entry-mismatch")
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let mut entry = entry("dsse", "0.0.1", &json!({}));
            entry.body = bytes;
            proptest::prop_assert!(Body::read(&entry).is_err());
        }
    }
}
