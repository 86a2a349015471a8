//! Fulcio, Rekor and timestamp authorities that answer wrongly, and a sandbox that answers rightly.

use std::sync::Arc;

use attest_net::{Choice, Error, Identity, IdentitySource, RekorVersion, SigningConfig, Sigstore, Wanted};
use attest_sandbox::{Claims, Config, Keys, ManualClock, Server};
use attest_sign::{Clock, EphemeralKey, IdentityToken, Port, Session};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::identity::net;
use crate::stub::{Answer, Stub, http};

/// A sandbox at a time that stands still.
struct World {
    server: Server,
    clock: Arc<dyn Clock>,
}

impl World {
    fn new() -> Self {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let sigstore = attest_sandbox::Sigstore::new(Config {
            keys: Keys::from_seed([3; 32], now),
            clock: Arc::new(ManualClock::new(now)),
            user: Claims::email("a@example.com"),
            issuers: Vec::new(),
        });
        let server = Server::start(sigstore.unwrap(), 0).unwrap();
        let clock = Arc::new(move || now);
        Self { server, clock }
    }

    /// Signs one artifact; `service` of the configuration lies at `stub` instead, if there is one.
    fn sign(&self, rekor: RekorVersion, stub: Option<(&str, &Stub)>) -> Result<Value, attest_sign::Error> {
        let mut config: Value = serde_json::from_str(&self.server.sigstore().signing_config_json().unwrap()).unwrap();
        if let Some((service, stub)) = stub {
            for listed in config[service].as_array_mut().unwrap() {
                listed["url"] = stub.url().into();
            }
        }
        let choice = Choice {
            now: self.clock.now(),
            rekor: Some(rekor),
            wanted: Wanted::default(),
        };
        let services = SigningConfig::parse(config.to_string().as_bytes())
            .unwrap()
            .choose(&choice)
            .unwrap();
        let http = http();
        let sigstore = Sigstore::connect(&services, &http);
        let token = IdentityToken::parse(&self.server.sigstore().mint_user().unwrap()).unwrap();
        let identity = Identity::new(IdentitySource::Given(token), &http, Arc::clone(&self.clock));
        let ports = sigstore.ports(&identity, self.clock.as_ref());
        let session = Session::open(&ports, Box::new(EphemeralKey::generate().unwrap()))?;
        let algorithms = attest_digest::Algorithms::one(attest_digest::Algorithm::Sha256);
        let bundle = session.sign_artifact(&attest_digest::Measured::of_bytes(b"a", &algorithms))?;
        Ok(serde_json::from_slice(bundle.as_json()).unwrap())
    }

    fn failure(&self, service: &str, answers: impl IntoIterator<Item = Answer>) -> String {
        self.failure_v(RekorVersion::V2, service, answers)
    }

    /// How signing fails, with the address of the stub replaced by `URL`.
    fn failure_v(&self, rekor: RekorVersion, service: &str, answers: impl IntoIterator<Item = Answer>) -> String {
        let stub = Stub::start(answers);
        let error = self.sign(rekor, Some((service, &stub))).unwrap_err();
        let text = match &error {
            attest_sign::Error::Port { .. } => net(&error).to_string(),
            error => error.to_string(),
        };
        text.replace(stub.url(), "URL")
    }
}

#[test]
fn a_sandbox_signs_through_both_logs() {
    let world = World::new();
    for (rekor, version) in [(RekorVersion::V1, "0.0.1"), (RekorVersion::V2, "0.0.2")] {
        let bundle = world.sign(rekor, None).unwrap();
        let material = &bundle["verificationMaterial"];
        assert_eq!(material["tlogEntries"][0]["kindVersion"]["version"], version);
        assert_eq!(
            material["timestampVerificationData"]["rfc3161Timestamps"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
}

#[test]
fn an_authority_that_answers_no_chain_is_reported() {
    let world = World::new();
    let place = "Fulcio at URL/api/v2/signingCert";
    let cases = [
        ("", format!("expected JSON from {place}, found something else")),
        ("{}", format!("expected a certificate chain from {place}, found none")),
        (
            r#"{"signedCertificateEmbeddedSct":{"chain":{"certificates":["x"]}}}"#,
            format!("expected a certificate in PEM from {place}, found something else"),
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(world.failure("caUrls", [Answer::ok(body)]), expected);
    }
    let refused = Answer::new(
        400,
        &[],
        r#"{"code":3,"message":"error processing the identity token","details":[]}"#,
    );
    assert_eq!(
        world.failure("caUrls", [refused]),
        format!("{place} answered 400 (tried once): error processing the identity token").as_str()
    );
}

#[test]
fn the_authority_gets_token_key_and_proof() {
    let world = World::new();
    let stub = Stub::start([Answer::new(403, &[], "")]);
    let error = world.sign(RekorVersion::V2, Some(("caUrls", &stub))).unwrap_err();
    assert!(matches!(
        error,
        attest_sign::Error::Port {
            port: Port::Authority,
            ..
        }
    ));
    let asked = stub.requests();
    assert!(asked[0].head.starts_with("POST /api/v2/signingCert HTTP/1.1\r\n"));
    let body: Value = serde_json::from_slice(&asked[0].body).unwrap();
    assert_eq!(body["publicKeyRequest"]["publicKey"]["algorithm"], "ECDSA");
    let pem = body["publicKeyRequest"]["publicKey"]["content"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    assert!(
        body["credentials"]["oidcIdentityToken"]
            .as_str()
            .unwrap()
            .matches('.')
            .count()
            == 2
    );
}

#[test]
fn an_entry_that_the_log_has_already_is_fetched() {
    let world = World::new();
    let conflict = Answer::new(
        409,
        &[("location", "/api/v1/log/entries/abc")],
        r#"{"code":409,"message":"exists"}"#,
    );
    let stub = Stub::start([conflict.clone(), Answer::new(404, &[], "gone")]);
    let error = net(&world
        .sign(RekorVersion::V1, Some(("rekorTlogUrls", &stub)))
        .unwrap_err());
    assert!(matches!(&error, Error::Status { status: 404, url, .. } if url.ends_with("/api/v1/log/entries/abc")));
    let elsewhere = Answer::new(409, &[("location", "http://127.0.0.1:1/api/v1/log/entries/abc")], "");
    assert_eq!(
        world.failure_v(RekorVersion::V1, "rekorTlogUrls", [elsewhere]),
        "expected the place of the existing entry from Rekor at URL/api/v1/log/entries, found none on the same host"
    );
}

#[test]
fn a_conflict_in_the_second_version_makes_another_signature() {
    let world = World::new();
    let conflict = Answer::new(409, &[], r#"{"code":6,"message":"already exists"}"#);
    let stub = Stub::start([conflict.clone(), conflict]);
    let error = world
        .sign(RekorVersion::V2, Some(("rekorTlogUrls", &stub)))
        .unwrap_err();
    assert!(matches!(error, attest_sign::Error::AlreadyRecorded { .. }));
    let signatures: Vec<Value> = stub
        .requests()
        .iter()
        .map(|asked| serde_json::from_slice(&asked.body).unwrap())
        .collect();
    assert_eq!(signatures.len(), 2);
    assert_ne!(signatures[0], signatures[1]);
}

#[test]
fn a_log_that_answers_no_entry_is_reported() {
    let world = World::new();
    let failed = world.failure_v(RekorVersion::V1, "rekorTlogUrls", [Answer::new(201, &[], "{}")]);
    assert_eq!(
        failed,
        "expected exactly one log entry from Rekor at URL/api/v1/log/entries, found another number"
    );
    let failed = world.failure_v(
        RekorVersion::V1,
        "rekorTlogUrls",
        [Answer::new(201, &[], r#"{"a":{}}"#)],
    );
    assert!(
        failed.starts_with("expected a log entry from Rekor at URL/api/v1/log/entries, found missing field"),
        "{failed}"
    );
    let failed = world.failure("rekorTlogUrls", [Answer::new(201, &[], "{}")]);
    assert!(
        failed.starts_with("expected a log entry from the transparency log, found missing field"),
        "{failed}"
    );
}

#[test]
fn a_timestamp_that_was_not_granted_or_not_asked_for_is_reported() {
    let world = World::new();
    let place = "timestamp authority at URL/";
    // SEQUENCE { SEQUENCE { INTEGER 2 } }: rejection.
    let rejection = Answer::ok([0x30, 5, 0x30, 3, 2, 1, 2]);
    let failed = world.failure("tsaUrls", [rejection]);
    assert_eq!(
        failed,
        format!("expected a granted timestamp from {place}, found status 2 ")
    );
    let granted_nothing = Answer::ok([0x30, 5, 0x30, 3, 2, 1, 0]);
    let failed = world.failure("tsaUrls", [granted_nothing]);
    assert_eq!(failed, format!("expected a timestamp token from {place}, found none"));
    let failed = world.failure("tsaUrls", [Answer::ok("nonsense")]);
    assert!(
        failed.starts_with(&format!("expected a timestamp response from {place}, found ")),
        "{failed}"
    );
    // A real one, for something else.
    let request = attest_sandbox::TimestampRequest::sha256([9; 32]).unwrap();
    let other = world.server.sigstore().timestamp(&request).unwrap();
    let failed = world.failure("tsaUrls", [Answer::ok(other)]);
    let expected = "expected a timestamp over the signature that was sent";
    assert_eq!(
        failed,
        format!("{expected} from {place}, found one over something else")
    );
}

#[test]
fn a_truncated_timestamp_is_reported_and_never_a_panic() {
    let world = World::new();
    let request = attest_sandbox::TimestampRequest::sha256([9; 32]).unwrap();
    let whole = world.server.sigstore().timestamp(&request).unwrap();
    for length in [0, 1, 4, 9, 40, whole.len() / 2, whole.len() - 1] {
        let failed = world.failure("tsaUrls", [Answer::ok(&whole[..length])]);
        assert!(failed.starts_with("expected a timestamp response"), "{failed}");
    }
}

#[test]
fn a_signing_configuration_is_asked_for_what_it_lists() {
    let world = World::new();
    let config = json!({
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "rekorTlogUrls": [{ "url": "https://log.example.com", "majorApiVersion": 3 }],
        "caUrls": [{ "url": "https://ca.example.com", "majorApiVersion": 1 }],
    });
    let choice = Choice {
        now: world.clock.now(),
        rekor: None,
        wanted: Wanted::default(),
    };
    let error = SigningConfig::parse(config.to_string().as_bytes())
        .unwrap()
        .choose(&choice)
        .unwrap_err();
    assert!(matches!(error, Error::NoService { versions, .. } if versions == "1 or 2"));
}

/// The answer to the first attempt is lost, and the second one finds what that left behind.
#[test]
fn a_signature_that_the_second_version_has_already_is_shown_again_with_its_entry() {
    let world = World::new();
    let config = world.server.sigstore().signing_config_json().unwrap();
    let wanted = Wanted {
        certificate: false,
        ..Wanted::default()
    };
    let choice = Choice {
        now: world.clock.now(),
        rekor: Some(RekorVersion::V2),
        wanted,
    };
    let services = SigningConfig::parse(config.as_bytes())
        .unwrap()
        .choose(&choice)
        .unwrap();
    let root: Value = serde_json::from_str(&world.server.sigstore().trusted_root_json().unwrap()).unwrap();
    let logs = root["tlogs"].as_array().unwrap();
    let ids = logs.iter().map(|log| base64(log["logId"]["keyId"].as_str().unwrap()));
    let ids: Vec<Vec<u8>> = ids.collect();
    let http = http();
    let knowing = Sigstore::connect(&services, &http).knowing_logs(&ids);
    let session = Session::with_key(knowing.witnesses(), Box::new(EphemeralKey::generate().unwrap())).unwrap();
    let algorithms = attest_digest::Algorithms::one(attest_digest::Algorithm::Sha256);
    let measured = attest_digest::Measured::of_bytes(b"a", &algorithms);
    let pending = session.begin_artifact(&measured).unwrap();
    let logs: Vec<_> = knowing.logs().collect();
    let first = pending.record(&logs).unwrap();
    session.sign_artifact(&measured).unwrap();
    let again = pending.record(&logs).unwrap();
    let entry = |bundle: &attestation::Bundle| bundle.peek_unverified().log_entries[0].clone();
    let (first, again) = (entry(&first), entry(&again));
    assert_eq!((first.log_index, &first.body), (again.log_index, &again.body));
    assert_eq!(first.log_id, again.log_id);
    let size = |entry: &attestation::LogEntry| entry.proof.as_ref().unwrap().tree_size;
    assert!(size(&first) < size(&again), "a proof in the tree as it is now");
    let ignorant = Sigstore::connect(&services, &http);
    let refused = pending.record(&ignorant.logs().collect::<Vec<_>>());
    assert!(matches!(refused, Err(attest_sign::Error::AlreadyRecorded { .. })));
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}
