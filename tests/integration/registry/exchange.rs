//! What holds for every request: patience, errors, and who is told what.

use std::time::{Duration, Instant};

use attest_net::registry::{Error, Repository};

use super::server::{Fault, MANIFEST, Registry};
use super::wire::Answer;
use super::{address, client, repository, sha256, tag};

#[test]
fn a_registry_that_is_busy_is_asked_again_after_the_pause_that_it_names() {
    let registry = Registry::start();
    registry.manifest("v1", MANIFEST, b"{}");
    let busy = Answer::error(429, "TOOMANYREQUESTS", "slow down").with("retry-after", 1);
    registry.fault("GET", "/manifests/v1", Fault::Instead(busy));
    let begin = Instant::now();
    let found = client().manifest(&repository(&registry), &tag("v1")).unwrap();
    assert_eq!(found.bytes, b"{}");
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert_eq!(registry.count("GET", "/manifests/v1"), 2);
}

#[test]
fn a_registry_that_stays_broken_is_given_up_and_its_words_are_told() {
    let registry = Registry::start();
    for _ in 0..3 {
        let broken = Answer::error(503, "UNAVAILABLE", "the store is away");
        registry.fault("GET", "/manifests/v1", Fault::Instead(broken));
    }
    let error = client().manifest(&repository(&registry), &tag("v1")).unwrap_err();
    let expected = Error::Status {
        url: format!("http://{}/v2/team/app/manifests/v1", registry.host()),
        status: 503,
        attempts: 3,
        message: "UNAVAILABLE: the store is away".to_owned(),
    };
    assert_eq!(error, expected);
}

#[test]
fn a_pause_beyond_the_budget_is_not_waited_for() {
    let registry = Registry::start();
    let busy = Answer::error(429, "TOOMANYREQUESTS", "tomorrow").with("retry-after", 86400);
    registry.fault("GET", "/manifests/v1", Fault::Instead(busy));
    let error = client().manifest(&repository(&registry), &tag("v1")).unwrap_err();
    assert!(matches!(error, Error::Status { status: 429, .. }), "{error}");
    let told = "answered 429 (tried once): TOOMANYREQUESTS: tomorrow (it asks to wait for 86400 seconds)";
    assert!(error.to_string().ends_with(told), "{error}");
    assert_eq!(registry.count("GET", "/manifests/v1"), 1);
}

#[test]
fn what_may_not_be_looked_at_is_never_what_is_not_there() {
    let registry = Registry::start();
    let repository = repository(&registry);
    let digest = sha256(b"blob");
    let denied = || Fault::Instead(Answer::error(403, "DENIED", "not for you"));
    let nobody = || Fault::Instead(Answer::error(401, "UNAUTHORIZED", "who are you"));
    for (fault, status) in [(denied as fn() -> Fault, 403), (nobody, 401)] {
        registry.fault("GET", "/manifests/v1", fault());
        registry.fault("HEAD", "/manifests/", fault());
        registry.fault("HEAD", "/blobs/", fault());
        registry.fault("GET", "/blobs/", fault());
        registry.fault("GET", "/tags/list", fault());
        let client = client();
        let errors = [
            client.find_manifest(&repository, &tag("v1")).unwrap_err(),
            client.has_manifest(&repository, &digest).unwrap_err(),
            client.has_blob(address(&repository, &digest, b"blob")).unwrap_err(),
            client
                .fetch_blob(address(&repository, &digest, b"blob"), &mut Vec::new())
                .unwrap_err(),
            client.tags(&repository).unwrap_err(),
        ];
        for error in errors {
            match status {
                403 => assert!(matches!(error, Error::Denied { .. }), "{error}"),
                _ => assert!(matches!(error, Error::Unauthorized { .. }), "{error}"),
            }
        }
    }
    let client = client();
    assert_eq!(client.find_manifest(&repository, &tag("v1")).unwrap(), None);
    assert!(!client.has_manifest(&repository, &digest).unwrap());
    assert!(!client.has_blob(address(&repository, &digest, b"blob")).unwrap());
}

#[test]
fn whoever_is_led_to_another_host_tells_it_nothing() {
    let (registry, storage) = (Registry::start(), Registry::start());
    registry.state().door = super::server::Door::Basic("user:password");
    let digest = storage.blob(b"content");
    let elsewhere = format!("http://{}/v2/x/blobs/{digest}?signature=1", storage.host());
    let led = Answer::new(307).with("location", elsewhere);
    registry.fault("GET", "/blobs/", Fault::Instead(led.clone()));
    registry.fault("GET", "/blobs/", Fault::Instead(led));
    let (_directory, keychain) = super::auth::keychain(registry.host(), "user:password");
    let client = super::client_with(keychain);
    // Now the registry has told that it wants a password, so that the next request carries one.
    assert_eq!(client.find_manifest(&repository(&registry), &tag("v1")).unwrap(), None);
    let mut sink = Vec::new();
    let (repository, digest) = (repository(&registry), sha256(b"content"));
    client
        .fetch_blob(address(&repository, &digest, b"content"), &mut sink)
        .unwrap();
    assert_eq!(sink, b"content");
    let carried = |registry: &Registry| {
        let state = registry.state();
        let last = state.log.last().unwrap();
        last.header("authorization").map(str::to_owned)
    };
    assert!(carried(&registry).is_some());
    assert_eq!(carried(&storage), None);
}

#[test]
fn a_registry_that_leads_in_circles_or_out_of_the_machine_leads_nowhere() {
    let registry = Registry::start();
    let repository = repository(&registry);
    for _ in 0..20 {
        let round = Answer::new(307).with("location", "/v2/team/app/manifests/v1");
        registry.fault("GET", "/manifests/v1", Fault::Instead(round));
    }
    let error = client().manifest(&repository, &tag("v1")).unwrap_err();
    assert!(matches!(error, Error::Status { status: 307, .. }), "{error}");
    assert_eq!(registry.count("GET", "/manifests/v1"), 6);
    let out = Answer::new(302).with("location", "http://storage.example.com/v1");
    registry.fault("GET", "/manifests/v2", Fault::Instead(out));
    let error = client().manifest(&repository, &tag("v2")).unwrap_err();
    assert!(matches!(error, Error::Elsewhere { .. }), "{error}");
}

#[test]
fn nobody_listening_is_told_with_the_number_of_attempts() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let repository = Repository::new(&host, "app").unwrap();
    let error = client().manifest(&repository, &tag("v1")).unwrap_err();
    assert!(matches!(error, Error::Unreachable { attempts: 3, .. }), "{error}");
}
