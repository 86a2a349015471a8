//! Blobs on their way in: sent, mounted, resumed, refused.

use std::io::Read;
use std::time::{Duration, Instant};

use attest_digest::Algorithm;
use attest_net::registry::{BlobAddress, Error, Repository, Upload};

use super::proxy::Proxy;
use super::server::{Fault, Registry};
use super::wire::Answer;
use super::{address, client, digest, noise, repository, sha256};

/// Larger than one piece.
const LARGE: usize = 20 << 20;

fn upload(registry: &Registry, bytes: &[u8]) -> Result<Upload, Error> {
    upload_from(registry, bytes, None)
}

fn upload_from(registry: &Registry, bytes: &[u8], from: Option<&Repository>) -> Result<Upload, Error> {
    let (repository, digest) = (repository(registry), sha256(bytes));
    client().upload(address(&repository, &digest, bytes), from, &|| Ok(Box::new(bytes)))
}

#[track_caller]
fn is_there(registry: &Registry, bytes: &[u8]) {
    let state = registry.state();
    assert!(
        state
            .blobs
            .get(&sha256(bytes).to_string())
            .is_some_and(|found| found == bytes)
    );
}

#[test]
fn a_blob_is_sent_once_in_one_request() {
    let registry = Registry::start();
    for bytes in [noise(3_000_000), Vec::new()] {
        assert_eq!(upload(&registry, &bytes).unwrap(), Upload::Sent);
        is_there(&registry, &bytes);
        assert_eq!(upload(&registry, &bytes).unwrap(), Upload::Present);
    }
    assert_eq!(
        (registry.count("POST", "uploads"), registry.count("PUT", "uploads")),
        (2, 2)
    );
    assert_eq!(registry.count("PATCH", ""), 0);
}

#[test]
fn what_another_repository_has_is_mounted() {
    let registry = Registry::start();
    registry.state().mounts = true;
    let from = repository(&registry).sibling("team/base").unwrap();
    registry.blob(b"layer");
    registry.fault("HEAD", "/blobs/", Fault::Instead(Answer::new(404)));
    assert_eq!(upload_from(&registry, b"layer", Some(&from)).unwrap(), Upload::Mounted);
    let requests = registry.requests();
    let mount = format!(
        "mount={}&from=team%2Fbase",
        sha256(b"layer").to_string().replace(':', "%3A")
    );
    assert!(requests.last().unwrap().ends_with(&mount), "{requests:?}");
}

#[test]
fn a_mount_that_is_not_done_goes_on_as_an_upload() {
    let registry = Registry::start();
    let from = repository(&registry).sibling("team/base").unwrap();
    assert_eq!(upload_from(&registry, b"layer", Some(&from)).unwrap(), Upload::Sent);
    assert_eq!(registry.count("POST", "uploads"), 1);
    for status in [400, 403, 404, 405] {
        let registry = Registry::start();
        registry.fault("POST", "mount=", Fault::Instead(Answer::error(status, "X", "no")));
        let from = repository(&registry).sibling("team/base").unwrap();
        assert_eq!(
            upload_from(&registry, b"layer", Some(&from)).unwrap(),
            Upload::Sent,
            "{status}"
        );
        is_there(&registry, b"layer");
    }
    let elsewhere = Repository::new("registry.example.org", "team/base").unwrap();
    upload_from(&registry, b"other", Some(&elsewhere)).unwrap();
    assert!(
        registry
            .requests()
            .iter()
            .filter(|request| request.contains("mount"))
            .count()
            == 1
    );
}

#[test]
fn an_upload_that_broke_off_goes_on_in_pieces() {
    let registry = Registry::start();
    let bytes = noise(LARGE);
    registry.fault("PUT", "uploads", Fault::CutRequest(5_000_000));
    assert_eq!(upload(&registry, &bytes).unwrap(), Upload::Sent);
    is_there(&registry, &bytes);
    assert_eq!(registry.count("PATCH", "uploads"), 3);
}

#[test]
fn a_piece_that_broke_off_is_resumed_where_the_registry_is() {
    let registry = Registry::start();
    let bytes = noise(LARGE);
    registry.fault("PUT", "uploads", Fault::CutRequest(10));
    registry.fault("PATCH", "uploads", Fault::CutRequest(3_000_000));
    registry.fault("PATCH", "uploads", Fault::CutRequest(1_000_000));
    assert_eq!(upload(&registry, &bytes).unwrap(), Upload::Sent);
    is_there(&registry, &bytes);
    assert_eq!(registry.count("GET", "uploads"), 2);
    let state = registry.state();
    let ranges: Vec<&str> = state
        .log
        .iter()
        .filter_map(|request| request.header("content-range"))
        .collect();
    assert_eq!(ranges[..3], ["0-8388607", "3000000-8388607", "4000000-8388607"]);
}

#[test]
fn a_registry_that_is_out_of_step_is_asked_where_it_is() {
    let registry = Registry::start();
    let bytes = noise(LARGE);
    registry.fault("PUT", "uploads", Fault::CutRequest(10));
    let out_of_step = Answer::error(416, "RANGE_INVALID", "out of order");
    registry.fault("PATCH", "uploads", Fault::Instead(out_of_step));
    assert_eq!(upload(&registry, &bytes).unwrap(), Upload::Sent);
    is_there(&registry, &bytes);
    assert_eq!(registry.count("GET", "uploads"), 1);
}

#[test]
fn an_upload_that_the_registry_forgot_begins_anew() {
    let registry = Registry::start();
    let bytes = noise(LARGE);
    registry.fault("PUT", "uploads", Fault::CutRequest(10));
    let unknown = || Fault::Instead(Answer::error(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown"));
    registry.fault("PATCH", "uploads", unknown());
    assert_eq!(upload(&registry, &bytes).unwrap(), Upload::Sent);
    is_there(&registry, &bytes);
    registry.fault("PATCH", "uploads", Fault::Instead(Answer::error(500, "X", "oops")));
    registry.fault("GET", "uploads", unknown());
    registry.fault("PUT", "uploads", Fault::CutRequest(10));
    let other: Vec<u8> = bytes.iter().rev().copied().collect();
    assert_eq!(upload(&registry, &other).unwrap(), Upload::Sent);
    is_there(&registry, &other);
}

#[test]
fn pieces_are_as_long_as_the_registry_wants_them() {
    let registry = Registry::start();
    registry.state().least_piece = Some(16 << 20);
    let bytes = noise(LARGE);
    registry.fault("PUT", "uploads", Fault::CutRequest(10));
    assert_eq!(upload(&registry, &bytes).unwrap(), Upload::Sent);
    assert_eq!(registry.count("PATCH", "uploads"), 2);
}

#[test]
fn a_blob_whose_answer_was_lost_is_not_sent_again() {
    let registry = Registry::start();
    registry.fault("PUT", "uploads", Fault::Instead(Answer::new(504)));
    let bytes = noise(1000);
    registry.fault("HEAD", "/blobs/", Fault::Instead(Answer::new(404)));
    registry.blob(&bytes);
    assert_eq!(upload(&registry, &bytes).unwrap(), Upload::Sent);
    assert_eq!(registry.count("PUT", "uploads"), 1);
}

#[test]
fn what_has_other_bytes_than_it_should_never_arrives_whole() {
    let registry = Registry::start();
    let (repository, bytes) = (repository(&registry), noise(1_000_000));
    let digest = sha256(&bytes);
    let address = address(&repository, &digest, &bytes);
    let mut other = bytes.clone();
    other[500_000] ^= 1;
    let longer = [&bytes[..], b"x"].concat();
    for (source, problem) in [
        (&other, "its bytes are others".to_owned()),
        (&longer, "expected 1000000 bytes, found more".to_owned()),
        (&bytes[..10].to_vec(), "expected 1000000 bytes, found 10".to_owned()),
    ] {
        let error = client()
            .upload(address, None, &|| Ok(Box::new(&source[..])))
            .unwrap_err();
        let digest = digest.clone();
        assert_eq!(error, Error::OtherSource { digest, problem });
    }
    assert!(registry.state().blobs.is_empty());
}

#[test]
fn a_source_that_cannot_be_opened_is_told() {
    let registry = Registry::start();
    let (repository, digest) = (repository(&registry), sha256(b"x"));
    let open = || Err::<Box<dyn Read>, _>(std::io::Error::other("gone"));
    let error = client()
        .upload(address(&repository, &digest, b"x"), None, &open)
        .unwrap_err();
    let problem = "gone".to_owned();
    assert_eq!(error, Error::Source { digest, problem });
}

#[test]
fn a_registry_that_stores_under_another_digest_is_refused() {
    let registry = Registry::start();
    let (repository, bytes) = (repository(&registry), noise(1000));
    let digest = digest(Algorithm::Sha512, &bytes);
    let address = BlobAddress {
        repository: &repository,
        digest: &digest,
        size: 1000,
    };
    let error = client()
        .upload(address, None, &|| Ok(Box::new(&bytes[..])))
        .unwrap_err();
    assert!(
        matches!(&error, Error::OtherDigest { found, .. } if *found == sha256(&bytes)),
        "{error}"
    );
}

#[test]
fn a_refusal_in_the_middle_is_told_as_the_registry_says_it() {
    let registry = Registry::start();
    let denied = Answer::error(403, "DENIED", "quota exceeded");
    registry.fault("PUT", "uploads", Fault::Instead(denied));
    let error = upload(&registry, &noise(3_000_000)).unwrap_err();
    assert!(
        matches!(&error, Error::Denied { message, .. } if message == "DENIED: quota exceeded"),
        "{error}"
    );
    assert_eq!(registry.count("POST", "uploads"), 1);
}

#[test]
fn an_upload_that_goes_to_another_host_takes_no_password_there() {
    let (registry, storage) = (Registry::start(), Registry::start());
    registry.state().door = super::server::Door::Basic("user:password");
    let there = format!("http://{}/v2/team/app/blobs/uploads/x?signature=1", storage.host());
    registry.fault(
        "POST",
        "uploads",
        Fault::Instead(Answer::new(202).with("location", there)),
    );
    storage.fault("PUT", "uploads", Fault::Instead(Answer::new(201)));
    let (_directory, keychain) = super::auth::keychain(registry.host(), "user:password");
    let (repository, digest) = (repository(&registry), sha256(b"blob"));
    let client = super::client_with(keychain);
    let sent = client.upload(address(&repository, &digest, b"blob"), None, &|| {
        Ok(Box::new(&b"blob"[..]))
    });
    assert_eq!(sent.unwrap(), Upload::Sent);
    let state = storage.state();
    let request = state.log.last().unwrap();
    assert_eq!((request.header("authorization"), &*request.body), (None, &b"blob"[..]));
    assert!(request.target.contains("signature=1&digest=sha256"));
}

#[test]
fn a_registry_that_is_busy_while_something_is_sent_is_sent_to_again_after_the_pause_that_it_names() {
    let bytes = noise(100_000);
    for (method, count) in [("POST", 2), ("PUT", 2), ("PATCH", 2)] {
        let registry = Registry::start();
        let busy = Answer::error(429, "TOOMANYREQUESTS", "slow down").with("retry-after", 1);
        registry.fault(method, "uploads", Fault::Instead(busy));
        if method == "PATCH" {
            registry.fault("PUT", "uploads", Fault::CutRequest(10));
        }
        let begin = Instant::now();
        assert_eq!(upload(&registry, &bytes).unwrap(), Upload::Sent);
        assert!(begin.elapsed() >= Duration::from_secs(1), "{method}");
        is_there(&registry, &bytes);
        assert_eq!(registry.count(method, "uploads"), count, "{method}");
    }
}

#[test]
fn a_registry_that_takes_nothing_is_given_up_and_its_words_are_told() {
    let registry = Registry::start();
    for _ in 0..3 {
        registry.fault(
            "POST",
            "uploads",
            Fault::Instead(Answer::error(503, "UNAVAILABLE", "the store is away")),
        );
    }
    let error = upload(&registry, b"blob").unwrap_err();
    let expected = Error::Status {
        url: format!("http://{}/v2/team/app/blobs/uploads/", registry.host()),
        status: 503,
        attempts: 3,
        message: "UNAVAILABLE: the store is away".to_owned(),
    };
    assert_eq!(error, expected);
    for _ in 0..3 {
        registry.fault("PUT", "uploads", Fault::CutRequest(0));
        registry.fault("PATCH", "uploads", Fault::CutRequest(0));
    }
    let error = upload(&registry, b"blob").unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(registry.state().blobs.is_empty());
}

#[test]
fn an_upload_that_leads_out_of_this_machine_or_nowhere_is_not_sent() {
    let registry = Registry::start();
    let out = Answer::new(202).with("location", "http://storage.example.com/upload");
    registry.fault("POST", "uploads", Fault::Instead(out));
    let error = upload(&registry, b"blob").unwrap_err();
    assert!(matches!(error, Error::Elsewhere { .. }), "{error}");
    registry.fault("POST", "uploads", Fault::Instead(Answer::new(202)));
    let error = upload(&registry, b"blob").unwrap_err();
    let expected = "a `Location` for the upload";
    assert!(
        matches!(&error, Error::Answer { expected: found, .. } if *found == expected),
        "{error}"
    );
    assert_eq!(registry.count("PUT", ""), 0);
}

#[test]
fn a_slow_line_is_waited_for() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.host());
    proxy.slow(Duration::from_millis(5));
    let (bytes, client) = (noise(3_000_000), client());
    let (repository, digest) = (Repository::new(proxy.host(), "team/app").unwrap(), sha256(&bytes));
    let sent = client.upload(address(&repository, &digest, &bytes), None, &|| {
        Ok(Box::new(&bytes[..]))
    });
    assert_eq!(sent.unwrap(), Upload::Sent);
    is_there(&registry, &bytes);
    assert_eq!((registry.count("POST", "uploads"), registry.count("PATCH", "")), (1, 0));
}
