//! Manifests: as they are, in the types that are asked for, and written under a condition.

use attest_digest::{Algorithm, Digest};
use attest_net::registry::{ETag, Error, Missing, Pointer, Precondition, Put};

use super::server::{Fault, INDEX, MANIFEST, Registry};
use super::wire::Answer;
use super::{client, digest, repository, sha256, tag};

/// Bytes that nobody who parses and writes JSON would give back.
const ODD: &[u8] = b"{ \"schemaVersion\":2,\t\"manifests\": [] }\n";

fn by(digest: Digest) -> Pointer {
    Pointer::Digest(digest)
}

#[test]
fn an_index_comes_byte_for_byte_because_it_was_asked_for() {
    let registry = Registry::start();
    registry.manifest("v1", INDEX, ODD);
    let client = client();
    for pointer in [tag("v1"), by(sha256(ODD))] {
        let found = client.manifest(&repository(&registry), &pointer).unwrap();
        assert_eq!((&*found.media_type, &*found.bytes), (INDEX, ODD));
        assert_eq!(found.digest, sha256(ODD));
        assert_eq!(found.etag, None);
    }
    assert!(client.has_manifest(&repository(&registry), &sha256(ODD)).unwrap());
}

#[test]
fn a_manifest_that_is_another_one_is_refused() {
    let registry = Registry::start();
    registry.manifest("v1", INDEX, ODD);
    for pointer in [tag("v1"), by(sha256(ODD))] {
        for fault in [Fault::Flip, Fault::Shorten(5)] {
            registry.fault("GET", "/manifests/", fault);
            let error = client().manifest(&repository(&registry), &pointer).unwrap_err();
            assert!(
                matches!(&error, Error::OtherDigest { expected, .. } if *expected == sha256(ODD)),
                "{error}"
            );
        }
    }
}

#[test]
fn a_manifest_that_breaks_off_is_asked_for_again_and_then_given_up() {
    let registry = Registry::start();
    registry.manifest("v1", INDEX, ODD);
    registry.fault("GET", "/manifests/", Fault::CutAnswer(5));
    let found = client().manifest(&repository(&registry), &tag("v1")).unwrap();
    assert_eq!(found.bytes, ODD);
    for _ in 0..3 {
        registry.fault("GET", "/manifests/", Fault::CutAnswer(5));
    }
    let error = client().manifest(&repository(&registry), &tag("v1")).unwrap_err();
    assert!(matches!(error, Error::Unreachable { attempts: 3, .. }), "{error}");
}

#[test]
fn a_manifest_that_is_too_large_is_not_read() {
    let registry = Registry::start();
    registry.manifest("v1", INDEX, &vec![b' '; (4 << 20) + 1]);
    let error = client().manifest(&repository(&registry), &tag("v1")).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 4_194_304, .. }), "{error}");
    registry.manifest("v2", INDEX, &vec![b' '; 4 << 20]);
    assert!(client().manifest(&repository(&registry), &tag("v2")).is_ok());
}

#[test]
fn a_manifest_that_is_not_there_is_told() {
    let registry = Registry::start();
    let error = client().manifest(&repository(&registry), &tag("v9")).unwrap_err();
    let expected = Error::NotFound {
        missing: Missing::Manifest,
        name: format!("{}/team/app:v9", registry.host()),
        message: "MANIFEST_UNKNOWN: manifest unknown".to_owned(),
    };
    assert_eq!(error, expected);
}

#[test]
fn a_manifest_is_written_by_digest_and_by_tag() {
    let registry = Registry::start();
    let (client, repository) = (client(), repository(&registry));
    for pointer in [by(sha256(ODD)), tag("v1")] {
        let put = client.put_manifest(&repository, &pointer, INDEX, ODD, None).unwrap();
        let Put::Stored(stored) = put else {
            panic!("expected it to be stored")
        };
        assert_eq!((stored.digest, stored.lists_referrers), (sha256(ODD), false));
        assert_eq!(client.manifest(&repository, &pointer).unwrap().bytes, ODD);
    }
    let about = format!(r#"{{"subject":{{"digest":"{}"}}}}"#, sha256(ODD));
    let pointer = by(sha256(about.as_bytes()));
    let put = client.put_manifest(&repository, &pointer, MANIFEST, about.as_bytes(), None);
    assert!(matches!(put.unwrap(), Put::Stored(stored) if stored.lists_referrers));
}

#[test]
fn what_is_written_has_to_be_what_it_is_called() {
    let registry = Registry::start();
    let (client, repository) = (client(), repository(&registry));
    let error = client
        .put_manifest(&repository, &by(sha256(b"other")), INDEX, ODD, None)
        .unwrap_err();
    assert!(matches!(error, Error::OtherDigest { .. }), "{error}");
    assert!(registry.requests().is_empty());
    // A registry that knows one algorithm stores it under another name than was asked for.
    let error = client
        .put_manifest(&repository, &by(digest(Algorithm::Sha512, ODD)), INDEX, ODD, None)
        .unwrap_err();
    assert!(
        matches!(&error, Error::OtherDigest { found, .. } if *found == sha256(ODD)),
        "{error}"
    );
}

#[test]
fn under_a_condition_only_the_first_of_two_writers_writes() {
    let registry = Registry::start();
    registry.state().etags = true;
    let (client, repository, latest) = (client(), repository(&registry), tag("latest"));
    let put = |bytes: &[u8], condition: &Precondition| {
        client
            .put_manifest(&repository, &latest, INDEX, bytes, Some(condition))
            .unwrap()
    };
    assert!(matches!(put(b"{}", &Precondition::Absent), Put::Stored(_)));
    assert_eq!(put(ODD, &Precondition::Absent), Put::Changed);
    let etag: ETag = client.manifest(&repository, &latest).unwrap().etag.unwrap();
    assert!(matches!(
        put(ODD, &Precondition::Unchanged(etag.clone())),
        Put::Stored(_)
    ));
    assert_eq!(put(b"{ }", &Precondition::Unchanged(etag)), Put::Changed);
    assert_eq!(client.manifest(&repository, &latest).unwrap().bytes, ODD);
}

#[test]
fn writing_is_tried_again_and_a_refusal_is_told() {
    let registry = Registry::start();
    let (client, repository) = (client(), repository(&registry));
    let broken = Answer::error(502, "X", "away");
    registry.fault("PUT", "/manifests/", Fault::Instead(broken));
    assert!(client.put_manifest(&repository, &tag("v1"), INDEX, ODD, None).is_ok());
    // It takes a while until the registry knows what it has just taken.
    let ahead = Answer::error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
    registry.fault("PUT", "/manifests/", Fault::Instead(ahead));
    assert!(client.put_manifest(&repository, &tag("v1"), INDEX, ODD, None).is_ok());
    let invalid = Answer::error(400, "MANIFEST_INVALID", "manifest invalid");
    registry.fault("PUT", "/manifests/", Fault::Instead(invalid));
    let error = client
        .put_manifest(&repository, &tag("v1"), INDEX, ODD, None)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("answered 400 (tried once): MANIFEST_INVALID: manifest invalid"),
        "{error}"
    );
}
