//! Names, passwords and tokens.

use attest_net::registry::{BlobAddress, Client, Error, Keychain, Upload};
use tempfile::TempDir;

use super::server::{Door, Fault, MANIFEST, Registry};
use super::wire::Answer;
use super::{address, client, client_with, repository, sha256, tag};

/// A file that has `user:password` for a registry, as long as the directory is there.
pub(super) fn keychain(host: &str, pair: &str) -> (TempDir, Keychain) {
    use base64::Engine as _;
    let auth = base64::engine::general_purpose::STANDARD.encode(pair);
    of_json(&format!(r#"{{"auths":{{"{host}":{{"auth":"{auth}"}}}}}}"#))
}

fn of_json(json: &str) -> (TempDir, Keychain) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    std::fs::write(&path, json).unwrap();
    (directory, Keychain::of_files(vec![path]))
}

fn behind(door: Door) -> Registry {
    let registry = Registry::start();
    registry.manifest("v1", MANIFEST, b"{}");
    registry.state().door = door;
    registry
}

fn upload(client: &Client, registry: &Registry, bytes: &[u8]) -> Result<Upload, Error> {
    let (repository, digest) = (repository(registry), sha256(bytes));
    let address: BlobAddress<'_> = address(&repository, &digest, bytes);
    client.upload(address, None, &|| Ok(Box::new(bytes)))
}

#[test]
fn a_password_is_sent_when_it_is_asked_for_and_from_then_on() {
    let registry = behind(Door::Basic("user:password"));
    let (_directory, keychain) = keychain(registry.host(), "user:password");
    let client = client_with(keychain);
    for _ in 0..3 {
        assert_eq!(
            client.manifest(&repository(&registry), &tag("v1")).unwrap().bytes,
            b"{}"
        );
    }
    assert_eq!(registry.count("GET", "/manifests/v1"), 4);
    assert_eq!(upload(&client, &registry, b"blob").unwrap(), Upload::Sent);
}

#[test]
fn a_wrong_password_and_none_are_told_apart() {
    let registry = behind(Door::Basic("user:password"));
    let (_directory, wrong) = keychain(registry.host(), "user:guess");
    for (keychain, expected) in [(wrong, "as `user`"), (Keychain::default(), "without credentials")] {
        let error = client_with(keychain)
            .manifest(&repository(&registry), &tag("v1"))
            .unwrap_err();
        let Error::Unauthorized { who, message, .. } = error else {
            panic!("unexpected: {error}")
        };
        assert_eq!(who, expected);
        assert_eq!(message, "UNAUTHORIZED: authentication required");
    }
}

#[test]
fn anybody_gets_a_token_that_may_read_and_one_token_serves_many() {
    let registry = behind(Door::Bearer("user:password"));
    let client = client();
    for _ in 0..3 {
        client.manifest(&repository(&registry), &tag("v1")).unwrap();
    }
    assert_eq!(registry.count("GET", "/token"), 1);
    let requests = registry.requests();
    let token = requests.iter().find(|request| request.contains("/token")).unwrap();
    assert!(
        token.contains("service=test&scope=repository%3Ateam%2Fapp%3Apull"),
        "{token}"
    );
    let error = upload(&client, &registry, b"blob").unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
}

#[test]
fn a_password_goes_to_the_token_service_alone() {
    let registry = behind(Door::Bearer("user:password"));
    let (_directory, keychain) = keychain(registry.host(), "user:password");
    assert_eq!(
        upload(&client_with(keychain), &registry, b"blob").unwrap(),
        Upload::Sent
    );
    let state = registry.state();
    for request in &state.log {
        let given = request.header("authorization").unwrap_or_default();
        assert_eq!(given.starts_with("Basic"), request.path() == "/token", "{request:?}");
    }
}

#[test]
fn an_identity_token_is_posted_and_exchanged() {
    let registry = behind(Door::Bearer("user:password"));
    let host = registry.host();
    let json = format!(r#"{{"auths":{{"{host}":{{"auth":"","identitytoken":"identity"}}}}}}"#);
    let (_directory, keychain) = of_json(&json);
    assert_eq!(
        upload(&client_with(keychain), &registry, b"blob").unwrap(),
        Upload::Sent
    );
    assert_eq!(
        (registry.count("POST", "/token"), registry.count("GET", "/token")),
        (1, 0)
    );
}

#[test]
fn a_token_that_is_for_less_is_a_no_and_one_that_is_not_valid_wants_another() {
    let registry = behind(Door::Bearer("user:password"));
    let host = registry.host();
    let json = format!(r#"{{"auths":{{"{host}":{{"identitytoken":"reader"}}}}}}"#);
    let (_directory, keychain) = of_json(&json);
    let client = client_with(keychain);
    client.manifest(&repository(&registry), &tag("v1")).unwrap();
    let Error::Denied { who, message, .. } = upload(&client, &registry, b"blob").unwrap_err() else {
        panic!("expected a no")
    };
    assert_eq!(who, "with an identity token");
    let expected = "UNAUTHORIZED: authentication required (the token that its service gave does not allow this)";
    assert_eq!(message, expected);
    let challenge = format!(r#"Bearer realm="http://{host}/token",service="test",error="invalid_token""#);
    for _ in 0..2 {
        let refused = Answer::error(401, "UNAUTHORIZED", "no").with("www-authenticate", &challenge);
        registry.fault("GET", "/manifests/v1", Fault::Instead(refused));
    }
    let error = client.manifest(&repository(&registry), &tag("v1")).unwrap_err();
    let Error::Unauthorized { message, .. } = error else {
        panic!("unexpected: {error}")
    };
    assert_eq!(
        message,
        "UNAUTHORIZED: no (the token that its service gave is not valid there)"
    );
}

#[test]
fn a_token_that_ran_out_in_the_middle_of_an_upload_is_asked_for_anew() {
    let registry = behind(Door::Bearer("user:password"));
    let (_directory, keychain) = keychain(registry.host(), "user:password");
    let client = client_with(keychain);
    upload(&client, &registry, b"one").unwrap();
    registry.forget_tokens();
    assert_eq!(upload(&client, &registry, b"two").unwrap(), Upload::Sent);
    assert_eq!(registry.count("GET", "/token"), 2);
    let refused = Answer::error(401, "UNAUTHORIZED", "expired");
    let host = registry.host();
    let challenge =
        format!(r#"Bearer realm="http://{host}/token",service="test",scope="repository:team/app:pull,push""#);
    registry.fault(
        "PUT",
        "/blobs/uploads/",
        Fault::Instead(refused.with("www-authenticate", challenge)),
    );
    assert_eq!(upload(&client, &registry, b"three").unwrap(), Upload::Sent);
    assert_eq!(registry.count("GET", "/token"), 3);
}

#[test]
fn a_token_service_that_says_no_is_told() {
    let registry = behind(Door::Bearer("user:password"));
    let (_directory, keychain) = keychain(registry.host(), "user:guess");
    let error = client_with(keychain)
        .manifest(&repository(&registry), &tag("v1"))
        .unwrap_err();
    let expected = Error::Unauthorized {
        url: format!("http://{}/token", registry.host()),
        who: "as `user`".to_owned(),
        message: "incorrect username or password".to_owned(),
    };
    assert_eq!(error, expected);
}

#[test]
fn a_password_is_not_sent_to_a_token_service_in_the_clear() {
    let registry = behind(Door::Open);
    let challenge = r#"Bearer realm="http://auth.example.com/token",service="x""#;
    let refused = Answer::error(401, "UNAUTHORIZED", "no").with("www-authenticate", challenge);
    registry.fault("GET", "/manifests/v1", Fault::Instead(refused));
    let (_directory, keychain) = keychain(registry.host(), "user:password");
    let error = client_with(keychain)
        .manifest(&repository(&registry), &tag("v1"))
        .unwrap_err();
    assert!(
        matches!(&error, Error::Elsewhere { to, .. } if to == "http://auth.example.com/token"),
        "{error}"
    );
}

#[test]
fn many_at_once_wait_for_one_token() {
    let registry = behind(Door::Bearer("user:password"));
    let (repository, client) = (repository(&registry), client());
    client.manifest(&repository, &tag("v1")).unwrap();
    registry.forget_tokens();
    let eight = std::num::NonZeroUsize::new(8).unwrap();
    attest_net::registry::concurrently(&[(); 8], eight, |()| {
        client.manifest(&repository, &tag("v1")).map(|_| ())
    })
    .unwrap();
    assert_eq!(registry.count("GET", "/token"), 2);
}
