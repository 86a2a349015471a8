//! What stands in the way, and what breaks in the middle.

use super::*;

fn fallback() -> String {
    fallback_tag(image().digest())
}

fn attach(shelf: &Shelf, number: usize) -> Result<Stored, AttachError<String>> {
    let subject = image();
    attaching(shelf, &subject).attach(&NewEvidence::Bundle(&bundle(number)))
}

/// An index with an entry of somebody else's.
fn index(seed: usize) -> Vec<u8> {
    let entry =
        json!({ "digest": sha256(&seed.to_le_bytes()).to_string(), "size": 1, "mediaType": media_type::MANIFEST });
    let index = json!({ "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": [entry] });
    index.to_string().into_bytes()
}

fn with_conditions() -> Shelf {
    Shelf::fast(Manners {
        versions: true,
        conditions: true,
        ..Manners::default()
    })
}

#[test]
fn the_same_bundle_is_stored_once_whenever_it_was_made() {
    for lists in [true, false] {
        let shelf = Shelf::fast(Manners {
            lists,
            ..Manners::default()
        });
        let subject = image();
        let first = Attaching {
            created: Some("2026-01-01T00:00:00Z".to_owned()),
            ..attaching(&shelf, &subject)
        };
        let first = first.attach(&NewEvidence::Bundle(&bundle(1))).unwrap();
        let requests = shelf.state().log.len();
        let again = attach(&shelf, 1).unwrap();
        assert_eq!((again.manifest, again.was_there), (first.manifest, true));
        assert_eq!(shelf.count("manifest"), 1);
        assert_eq!(
            shelf.state().log[requests..]
                .iter()
                .filter(|line| !line.starts_with("read"))
                .count(),
            0
        );
        assert!(!attach(&shelf, 2).unwrap().was_there);
    }
}

#[test]
fn what_others_hang_there_is_looked_through_up_to_a_limit() {
    let shelf = with_conditions();
    let bundle = bundle(1);
    shelf.put_blob(bundle.as_json()).unwrap();
    let entries = (0..MAX_ATTACHMENTS + 9).map(|number| {
        let digest = sha256(&number.to_le_bytes()).to_string();
        json!({ "digest": digest, "size": 1, "mediaType": media_type::MANIFEST })
    });
    let index = json!({ "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": entries.collect::<Vec<_>>() });
    let index = index.to_string().into_bytes();
    shelf.state().tags.insert(fallback(), index);
    assert!(!attach(&shelf, 1).unwrap().was_there);
    assert_eq!(shelf.count("read sha256:"), MAX_ATTACHMENTS);
}

#[test]
fn what_was_begun_and_not_listed_is_finished() {
    let shelf = with_conditions();
    shelf.state().meanwhile = vec![Meanwhile::Denies];
    let error = attach(&shelf, 1).unwrap_err();
    assert!(
        matches!(&error, AttachError::Repository(reason) if reason == "denied"),
        "{error}"
    );
    let stored = attach(&shelf, 1).unwrap();
    assert!(!stored.was_there);
    assert_eq!(listed(&shelf), [stored.manifest.to_string()]);
}

#[test]
fn what_stands_below_the_tag_and_is_no_list_is_not_touched() {
    let image = json!({
        "schemaVersion": 2, "mediaType": media_type::MANIFEST, "layers": [],
        "config": { "mediaType": media_type::CONFIG, "digest": sha256(b"x").to_string(), "size": 1 },
    });
    let twins = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[],"Manifests":[]}}"#,
        media_type::INDEX
    );
    for (content, is_taken) in [(image.to_string(), true), (twins, false)] {
        let shelf = with_conditions();
        shelf.state().tags.insert(fallback(), content.clone().into_bytes());
        match attach(&shelf, 1).unwrap_err() {
            AttachError::Taken { tag, expected, found } if is_taken => {
                assert_eq!((tag, expected), (fallback(), "an index of referrers"));
                assert_eq!(found, media_type::MANIFEST);
            }
            AttachError::Unreadable { tag, .. } if !is_taken => assert_eq!(tag, fallback()),
            error => panic!("{error}"),
        }
        assert_eq!(shelf.state().tags[&fallback()], content.as_bytes());
        assert_eq!(shelf.count("move"), 0);
    }
}

#[test]
fn a_list_that_would_be_too_large_is_told_and_stays() {
    let shelf = with_conditions();
    let padding = "x".repeat(MAX_DOCUMENT_BYTES - 200);
    let full = json!({
        "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": [], "annotations": { "a": padding },
    });
    let full = full.to_string().into_bytes();
    assert!(full.len() <= MAX_DOCUMENT_BYTES);
    shelf.state().tags.insert(fallback(), full.clone());
    let error = attach(&shelf, 1).unwrap_err();
    assert!(
        matches!(&error, AttachError::Full { limit: MAX_DOCUMENT_BYTES, found, .. } if *found > MAX_DOCUMENT_BYTES),
        "{error}"
    );
    assert_eq!(shelf.state().tags[&fallback()], full);
}

#[test]
fn whoever_was_first_is_merged_with() {
    let shelf = with_conditions();
    shelf.state().tags.insert(fallback(), index(1));
    // The probe, and the first attempt.
    shelf.state().meanwhile = vec![Meanwhile::Moves(index(3)), Meanwhile::Moves(index(2))];
    let stored = attach(&shelf, 1).unwrap();
    let theirs = sha256(&3_usize.to_le_bytes()).to_string();
    assert_eq!(listed(&shelf), [theirs, stored.manifest.to_string()]);
}

#[test]
fn a_tag_that_others_move_each_time_is_given_up_within_the_budget() {
    let shelf = with_conditions();
    shelf.state().tags.insert(fallback(), index(0));
    shelf.state().meanwhile = (0..2000).map(|seed| Meanwhile::Moves(index(seed))).collect();
    let error = attach(&shelf, 1).unwrap_err();
    assert!(
        matches!(&error, AttachError::Contended { tag, .. } if *tag == fallback()),
        "{error}"
    );
    let paused = shelf.state().paused;
    assert!(
        (Duration::from_secs(150)..Duration::from_secs(200)).contains(&paused),
        "{paused:?}"
    );
}

#[test]
fn a_version_that_is_never_the_right_one_makes_no_condition() {
    // Only the version that is offered differs from the one that is compared.
    let shelf = Shelf::fast(Manners {
        versions: true,
        conditions: true,
        ..Manners::default()
    });
    struct Weak(Shelf);
    impl Repository for Weak {
        type Error = String;
        fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, String> {
            self.0.manifest(digest)
        }
        fn tagged(&self, tag: &str) -> Result<Option<Vec<u8>>, String> {
            self.0.tagged(tag)
        }
        fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Vec<u8>>, String> {
            self.0.blob(digest, size)
        }
        fn referrers(&self, subject: &Digest) -> Result<Listed, String> {
            self.0.referrers(subject)
        }
    }
    impl Writer for Weak {
        fn put_blob(&self, bytes: &[u8]) -> Result<(Digest, u64), String> {
            self.0.put_blob(bytes)
        }
        fn put_manifest(&self, media_type: &str, bytes: &[u8]) -> Result<(Digest, bool), String> {
            self.0.put_manifest(media_type, bytes)
        }
        fn versioned(&self, tag: &str) -> Result<Option<Versioned>, String> {
            let found = self.0.versioned(tag)?;
            Ok(found.map(|found| Versioned {
                version: found.version.map(|version| format!("W/{version}")),
                ..found
            }))
        }
        fn put_tag(
            &self,
            tag: &str,
            media_type: &str,
            bytes: &[u8],
            condition: Option<&Condition>,
        ) -> Result<TagPut<String>, String> {
            self.0.put_tag(tag, media_type, bytes, condition)
        }
        fn elapsed(&self) -> Duration {
            self.0.elapsed()
        }
        fn pause(&self, duration: Duration) {
            self.0.pause(duration);
        }
    }
    shelf.state().tags.insert(fallback(), index(1));
    let weak = Weak(shelf);
    let subject = image();
    let attaching = Attaching {
        repository: &weak,
        subject: &subject,
        created: None,
        above: &[],
    };
    let stored = attaching.attach(&NewEvidence::Bundle(&bundle(1))).unwrap();
    assert!(listed(&weak.0).contains(&stored.manifest.to_string()));
    assert_eq!(listed(&weak.0).len(), 2);
}

#[test]
fn what_breaks_in_the_middle_is_done_once() {
    let manners = |conditions| Manners {
        versions: true,
        conditions,
        ..Manners::default()
    };
    for conditions in [true, false] {
        for first in [Meanwhile::LosesAnswer, Meanwhile::Breaks] {
            let shelf = Shelf::fast(manners(conditions));
            shelf.state().tags.insert(fallback(), index(1));
            shelf.state().meanwhile = vec![Meanwhile::Breaks, first];
            let stored = attach(&shelf, 1).unwrap();
            let theirs = sha256(&1_usize.to_le_bytes()).to_string();
            assert_eq!(listed(&shelf), [theirs, stored.manifest.to_string()]);
        }
    }
    let shelf = Shelf::fast(manners(true));
    shelf.state().meanwhile = (0..20).map(|_| Meanwhile::Breaks).collect();
    let error = attach(&shelf, 1).unwrap_err();
    assert!(
        matches!(&error, AttachError::Repository(reason) if reason == "broken"),
        "{error}"
    );
}

#[test]
fn a_repository_that_refuses_conditions_is_written_to_without_any() {
    let shelf = Shelf::fast(Manners {
        versions: true,
        refuses_conditions: true,
        ..Manners::default()
    });
    for number in 0..3 {
        attach(&shelf, number).unwrap();
    }
    assert_eq!(listed(&shelf).len(), 3);
}

#[test]
fn conditions_that_are_kept_need_no_waiting_and_others_do() {
    let paused = |conditions, versions| {
        let shelf = Shelf::fast(Manners {
            versions,
            conditions,
            ..Manners::default()
        });
        [1, 2].map(|number| {
            let before = shelf.elapsed();
            attach(&shelf, number).unwrap();
            shelf.elapsed() - before
        })
    };
    let settling = Duration::from_secs(2);
    assert_eq!(paused(true, true), [Duration::ZERO; 2]);
    assert_eq!(paused(false, true), [settling; 2]);
    assert_eq!(paused(false, false), [settling; 2]);
}
