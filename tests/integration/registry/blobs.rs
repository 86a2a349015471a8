//! Blobs that come whole, in parts, late, or wrong.

use std::num::NonZeroUsize;
use std::sync::Mutex;

use attest_digest::Algorithm;
use attest_net::registry::{BlobAddress, Error, Missing, concurrently};

use super::server::{Door, Fault, Registry};
use super::wire::Answer;
use super::{address, client, digest, noise, repository, sha256};

fn fetch(registry: &Registry, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let (repository, digest) = (repository(registry), sha256(bytes));
    let mut sink = Vec::new();
    client()
        .fetch_blob(address(&repository, &digest, bytes), &mut sink)
        .map(|()| sink)
}

#[test]
fn a_blob_comes_as_it_is_also_an_empty_one() {
    let registry = Registry::start();
    for bytes in [noise(3_000_000), Vec::new()] {
        registry.blob(&bytes);
        assert!(fetch(&registry, &bytes).unwrap() == bytes);
    }
}

#[test]
fn what_broke_off_is_asked_for_from_there_on() {
    let registry = Registry::start();
    let bytes = noise(3_000_000);
    registry.blob(&bytes);
    registry.fault("GET", "/blobs/", Fault::CutAnswer(1_000_000));
    registry.fault("GET", "/blobs/", Fault::CutAnswer(500_000));
    assert!(fetch(&registry, &bytes).unwrap() == bytes);
    let state = registry.state();
    let ranges: Vec<usize> = state
        .log
        .iter()
        .filter_map(|request| request.header("range"))
        .map(|range| {
            range
                .strip_prefix("bytes=")
                .unwrap()
                .trim_end_matches('-')
                .parse()
                .unwrap()
        })
        .collect();
    assert_eq!(ranges.len(), 2);
    assert!(
        ranges[0] > 0 && ranges[0] <= 1_000_000 && ranges[1] > ranges[0],
        "{ranges:?}"
    );
}

#[test]
fn a_registry_that_knows_no_ranges_sends_all_again() {
    let registry = Registry::start();
    registry.state().without_ranges = true;
    let bytes = noise(2_000_000);
    registry.blob(&bytes);
    registry.fault("GET", "/blobs/", Fault::CutAnswer(1_500_000));
    assert!(fetch(&registry, &bytes).unwrap() == bytes);
}

#[test]
fn another_range_than_was_asked_for_is_refused() {
    let registry = Registry::start();
    let bytes = noise(2_000_000);
    registry.blob(&bytes);
    registry.fault("GET", "/blobs/", Fault::CutAnswer(1_500_000));
    let other = Answer::new(206)
        .with("content-range", "bytes 0-9/2000000")
        .body(&bytes[..10]);
    registry.fault("GET", "/blobs/sha256:", Fault::Instead(other));
    let error = fetch(&registry, &bytes).unwrap_err();
    assert!(matches!(error, Error::Answer { .. }), "{error}");
}

#[test]
fn a_blob_that_is_another_one_is_refused() {
    let registry = Registry::start();
    let bytes = noise(100_000);
    registry.blob(&bytes);
    registry.fault("GET", "/blobs/", Fault::Flip);
    let mut flipped = bytes.clone();
    flipped[0] ^= 1;
    let expected = Error::OtherDigest {
        url: format!("http://{}/v2/team/app/blobs/{}", registry.host(), sha256(&bytes)),
        expected: sha256(&bytes),
        found: sha256(&flipped),
    };
    assert_eq!(fetch(&registry, &bytes), Err(expected));
    // Nobody who lies is asked again.
    assert_eq!(registry.count("GET", "/blobs/"), 1);
}

#[test]
fn a_blob_that_is_shorter_or_longer_is_refused() {
    let registry = Registry::start();
    let bytes = noise(100_000);
    registry.blob(&bytes);
    registry.fault("GET", "/blobs/", Fault::Shorten(99_999));
    let error = fetch(&registry, &bytes).unwrap_err();
    assert!(
        matches!(
            error,
            Error::OtherSize {
                expected: 100_000,
                found: 99_999,
                ..
            }
        ),
        "{error}"
    );
    let (repository, digest) = (repository(&registry), sha256(&bytes));
    let address = BlobAddress {
        repository: &repository,
        digest: &digest,
        size: 99_999,
    };
    let error = client().fetch_blob(address, &mut Vec::new()).unwrap_err();
    assert!(
        matches!(
            error,
            Error::OtherSize {
                expected: 99_999,
                found: 100_000,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_blob_that_is_not_there_is_told() {
    let registry = Registry::start();
    let Err(Error::NotFound { missing, message, .. }) = fetch(&registry, b"x") else {
        panic!("expected the blob not to be found")
    };
    assert_eq!(
        (missing, &*message),
        (Missing::Blob, "BLOB_UNKNOWN: blob unknown to registry")
    );
}

#[test]
fn a_blob_may_be_asked_for_by_sha512() {
    let registry = Registry::start();
    let bytes = noise(1000);
    let digest = digest(Algorithm::Sha512, &bytes);
    registry.state().blobs.insert(digest.to_string(), bytes.clone());
    let repository = repository(&registry);
    let mut sink = Vec::new();
    client()
        .fetch_blob(address(&repository, &digest, &bytes), &mut sink)
        .unwrap();
    assert!(sink == bytes);
}

#[test]
fn a_sink_that_is_full_is_told() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("no space"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let registry = Registry::start();
    registry.blob(b"content");
    let (repository, digest) = (repository(&registry), sha256(b"content"));
    let error = client()
        .fetch_blob(address(&repository, &digest, b"content"), &mut Full)
        .unwrap_err();
    let problem = "no space".to_owned();
    assert_eq!(error, Error::Sink { digest, problem });
}

#[test]
fn many_blobs_come_at_once_over_one_client() {
    let registry = Registry::start();
    registry.state().door = Door::Bearer("user:password");
    let blobs: Vec<Vec<u8>> = (1..=12).map(|count| noise(count * 100_000)).collect();
    for blob in &blobs {
        registry.blob(blob);
    }
    let (client, repository) = (client(), repository(&registry));
    let found = Mutex::new(0);
    concurrently(&blobs, NonZeroUsize::new(4).unwrap(), |blob| {
        let (digest, mut sink) = (sha256(blob), Vec::new());
        client.fetch_blob(address(&repository, &digest, blob), &mut sink)?;
        assert!(sink == *blob);
        *found.lock().unwrap() += 1;
        Ok::<(), Error>(())
    })
    .unwrap();
    assert_eq!(found.into_inner().unwrap(), 12);
}
