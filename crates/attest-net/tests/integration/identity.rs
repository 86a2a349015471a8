//! Where tokens come from, and which are not used.

use std::fs;
use std::sync::Arc;

use attest_net::{Endpoint, Error, Identity, IdentitySource, Secret};
use attest_sign::{Clock, IdentityProvider as _, IdentityToken};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::stub::{Answer, Stub, http};

const NOW: i64 = 1_900_000_000;

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(|| Timestamp::from_second(NOW).unwrap())
}

pub(crate) fn jwt(audience: &str, expiry: i64) -> String {
    jwt_of(&serde_json::json!({ "iss": "https://issuer.example.com", "sub": "s", "aud": audience, "exp": expiry }))
}

pub(crate) fn jwt_of(claims: &serde_json::Value) -> String {
    format!("e30.{}.e30", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// What the client said, below what the port says.
pub(crate) fn net(error: &attest_sign::Error) -> Error {
    let source = std::error::Error::source(error).unwrap();
    source.downcast_ref::<Error>().unwrap().clone()
}

fn given(jwt: &str) -> Identity {
    let token = IdentityToken::parse(jwt).unwrap();
    Identity::new(IdentitySource::Given(token), &http(), clock())
}

#[test]
fn a_job_asks_its_platform_for_the_right_audience() {
    let answer = serde_json::json!({ "count": 1, "value": jwt("sigstore", NOW + 60) });
    let stub = Stub::start([Answer::ok(answer.to_string())]);
    let source = IdentitySource::GithubActions {
        request_url: Endpoint::parse(&format!("{}/token?api-version=2.0", stub.url())).unwrap(),
        request_token: Secret::new("s3cret"),
    };
    Identity::new(source, &http(), clock()).token().unwrap();
    let head = stub.requests()[0].head.to_lowercase();
    assert!(
        head.starts_with("get /token?api-version=2.0&audience=sigstore http/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nauthorization: bearer s3cret\r\n"), "{head}");
}

#[test]
fn a_platform_that_answers_something_else_is_reported() {
    let stub = Stub::start([Answer::ok(r#"{"token":"x"}"#)]);
    let source = IdentitySource::GithubActions {
        request_url: Endpoint::parse(&format!("{}/?secret=1", stub.url())).unwrap(),
        request_token: Secret::new(""),
    };
    let error = net(&Identity::new(source, &http(), clock()).token().unwrap_err());
    let expected = format!(
        "expected a token in a field `value` from identity provider at {}/, found none",
        stub.url()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_agent_interface_of_buildkite_is_asked_for_the_job() {
    let answer = serde_json::json!({ "token": jwt("sigstore", NOW + 60) });
    let stub = Stub::start([Answer::ok(answer.to_string())]);
    let source = IdentitySource::Buildkite {
        endpoint: Endpoint::parse(&format!("{}/v3", stub.url())).unwrap(),
        access_token: Secret::new("s3cret"),
        job: "0184990a-477b".to_owned(),
    };
    assert!(!format!("{source:?}").contains("s3cret"));
    Identity::new(source, &http(), clock()).token().unwrap();
    let asked = &stub.requests()[0];
    let head = asked.head.to_lowercase();
    assert!(
        head.starts_with("post /v3/jobs/0184990a-477b/oidc/tokens http/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nauthorization: token s3cret\r\n"), "{head}");
    assert_eq!(asked.body, br#"{"audience":"sigstore"}"#);
}

#[test]
fn a_metadata_server_is_asked_with_its_header() {
    let stub = Stub::start([Answer::ok(jwt("sigstore", NOW + 60))]);
    let host = stub.url().strip_prefix("http://").unwrap();
    let endpoint = Endpoint::metadata_server(host, "/computeMetadata/v1/identity").unwrap();
    Identity::new(IdentitySource::GoogleMetadata(endpoint), &http(), clock())
        .token()
        .unwrap();
    let head = stub.requests()[0].head.to_lowercase();
    assert!(
        head.starts_with("get /computemetadata/v1/identity?audience=sigstore&format=full http/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nmetadata-flavor: google\r\n"), "{head}");
}

#[test]
fn a_token_that_was_looked_at_is_the_next_one_and_only_once() {
    let answer = |expiry| Answer::ok(serde_json::json!({ "value": jwt("sigstore", expiry) }).to_string());
    let stub = Stub::start([answer(NOW + 1), answer(NOW + 2)]);
    let source = IdentitySource::GithubActions {
        request_url: Endpoint::parse(stub.url()).unwrap(),
        request_token: Secret::new("s3cret"),
    };
    let identity = Identity::new(source, &http(), clock());
    let seen = identity.look_ahead().unwrap();
    assert_eq!(identity.token().unwrap(), seen);
    assert_eq!(identity.token().unwrap().expiry_unverified().as_second(), NOW + 2);
    assert_eq!(stub.requests().len(), 2);
}

#[test]
fn a_login_names_its_client_as_the_audience() {
    let token = IdentityToken::parse(&jwt("app", NOW + 1)).unwrap();
    let identity = Identity::new(IdentitySource::Given(token), &http(), clock());
    identity.for_client("app").token().unwrap();
}

#[test]
fn a_token_file_is_read_whenever_a_token_is_needed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let identity = Identity::new(IdentitySource::File(file.path().to_owned()), &http(), clock());
    for expiry in [NOW + 60, NOW + 120] {
        fs::write(file.path(), format!("{}\n", jwt("sigstore", expiry))).unwrap();
        assert_eq!(identity.token().unwrap().expiry_unverified().as_second(), expiry);
    }
    fs::remove_file(file.path()).unwrap();
    assert!(matches!(net(&identity.token().unwrap_err()), Error::TokenFile { .. }));
}

#[test]
fn a_token_for_somebody_else_or_from_yesterday_is_not_sent() {
    given(&jwt("sigstore", NOW + 1)).token().unwrap();
    let error = net(&given(&jwt("pypi", NOW + 1)).token().unwrap_err());
    assert_eq!(
        error,
        Error::TokenAudience {
            expected: "sigstore".to_owned(),
            found: "pypi".to_owned()
        }
    );
    let error = net(&given(&jwt("sigstore", NOW)).token().unwrap_err());
    let now = Timestamp::from_second(NOW).unwrap();
    assert_eq!(error, Error::TokenExpired { now, expiry: now });
}
