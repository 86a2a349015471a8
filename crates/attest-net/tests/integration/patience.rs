//! What is tried again, how often, and what is said in the end.

use std::sync::Arc;
use std::time::Duration;

use attest_net::{Endpoint, Error, Http, HttpOptions, Identity, IdentitySource, Service};
use attest_sign::IdentityProvider as _;

use crate::identity::{clock, jwt, net};
use crate::stub::{Answer, Stub, http};

/// The simplest request there is: a GET for a token.
fn ask(stub: &Stub, http: &Arc<Http>) -> Result<String, Error> {
    let source = IdentitySource::GithubActions {
        request_url: Endpoint::parse(stub.url()).unwrap(),
        request_token: attest_net::Secret::new("bearer"),
    };
    let identity = Identity::new(source, http, clock());
    identity
        .token()
        .map(|token| token.expose_secret().to_owned())
        .map_err(|error| net(&error))
}

fn token() -> Answer {
    Answer::ok(serde_json::json!({ "value": jwt("sigstore", 2_000_000_000) }).to_string())
}

#[test]
fn a_busy_service_is_asked_again() {
    let busy = |status| Answer::new(status, &[("retry-after", "0")], "");
    for status in [429, 500, 502, 503, 504] {
        let stub = Stub::start([busy(status), busy(status), token()]);
        assert_eq!(ask(&stub, &http()), Ok(jwt("sigstore", 2_000_000_000)));
        assert_eq!(stub.requests().len(), 3);
    }
}

#[test]
fn a_service_that_stays_busy_is_reported_with_its_words() {
    let busy = Answer::new(503, &[], r#"{"code":14,"message":"no healthy upstream"}"#);
    let stub = Stub::start(vec![busy; 9]);
    let expected = Error::Status {
        service: Service::IdentityProvider,
        url: format!("{}/", stub.url()),
        status: 503,
        attempts: 3,
        message: "no healthy upstream".to_owned(),
    };
    assert_eq!(ask(&stub, &http()), Err(expected));
}

#[test]
fn a_refusal_is_final() {
    for status in [302, 400, 401, 403, 404, 501] {
        let answer = Answer::new(status, &[("location", "http://127.0.0.1:1/")], "go away");
        let stub = Stub::start([answer, token()]);
        let error = ask(&stub, &http()).unwrap_err();
        assert!(
            matches!(&error, Error::Status { status: found, attempts: 1, .. } if *found == status),
            "{error}"
        );
        assert_eq!(stub.requests().len(), 1);
    }
}

#[test]
fn a_pause_beyond_the_budget_is_not_waited_for() {
    let stub = Stub::start([Answer::new(429, &[("retry-after", "3600")], ""), token()]);
    let error = ask(&stub, &http()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "identity provider at {}/ answered 429 (tried once): no message",
            stub.url()
        )
    );
}

#[test]
fn a_connection_that_ends_in_the_middle_is_tried_again() {
    let stub = Stub::start([token().cut(5), token().cut(200), token()]);
    assert_eq!(ask(&stub, &http()), Ok(jwt("sigstore", 2_000_000_000)));
    let dead = Stub::start([]);
    let error = ask(&dead, &http()).unwrap_err();
    assert!(matches!(&error, Error::Unreachable { attempts: 3, .. }), "{error}");
    assert_eq!(dead.requests().len(), 3);
}

#[test]
fn a_service_that_does_not_answer_runs_into_the_timeout() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let options = HttpOptions {
        timeout: Duration::from_millis(50),
        attempts: 1,
        ..HttpOptions::default()
    };
    let source = IdentitySource::GithubActions {
        request_url: Endpoint::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap(),
        request_token: attest_net::Secret::new("bearer"),
    };
    let http = Arc::new(Http::new(options).unwrap());
    let error = net(&Identity::new(source, &http, clock()).token().unwrap_err());
    assert!(
        matches!(&error, Error::Unreachable { attempts: 1, detail, .. } if detail.contains("timed out")),
        "{error}"
    );
}

#[test]
fn an_endless_answer_is_cut_off() {
    let stub = Stub::start([Answer::ok(vec![b'x'; 1 << 20])]);
    let expected = Error::TooLarge {
        service: Service::IdentityProvider,
        url: format!("{}/", stub.url()),
        limit: 128 << 10,
    };
    assert_eq!(ask(&stub, &http()), Err(expected));
}
