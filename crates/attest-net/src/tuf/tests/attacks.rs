use attest_sandbox::{TufPlan, TufRole, TufRoot};

use super::super::source::MAX_TIMESTAMP_BYTES;
use super::super::{TrustAnchor, TufError, TufVersions};
use super::repository::{MIRROR, World, files, published, with_signatures};
use super::{days, now};

#[test]
fn a_repository_that_holds_is_fetched_and_read_again() {
    let world = World::new();
    let updated = world.update().unwrap();
    assert_eq!(updated.before, None);
    let material = world.read().unwrap().unwrap();
    assert_eq!(material, updated.after);
    assert_eq!(material.trusted_root(), "first");
    assert_eq!(material.signing_config(), Some("config of first"));
    let versions = TufVersions {
        root: 1,
        timestamp: 1,
        snapshot: 1,
        targets: 1,
    };
    assert_eq!(material.versions(), versions);
    assert_eq!((material.fetched(), material.expires()), (now(), days(30)));
    assert_eq!(material.mirror(), MIRROR);
}

#[test]
fn without_news_two_files_are_asked_for() {
    let world = World::new();
    world.update().unwrap();
    let updated = world.update_at(days(1)).unwrap();
    assert_eq!(*world.asked.borrow(), ["2.root.json", "timestamp.json"]);
    assert_eq!(updated.before.unwrap().fetched(), now());
    assert_eq!(updated.after.fetched(), days(1));
}

#[test]
fn news_is_fetched() {
    let mut world = World::new();
    world.update().unwrap();
    world.publish("second");
    let updated = world.update().unwrap();
    assert_eq!(updated.before.unwrap().trusted_root(), "first");
    assert_eq!(updated.after.trusted_root(), "second");
}

#[test]
fn a_repository_without_a_signing_config_is_one_too() {
    let mut world = World::new();
    world.plan.files.remove("signing_config.v0.2.json");
    assert_eq!(world.update().unwrap().after.signing_config(), None);
}

#[test]
fn a_repository_without_a_trusted_root_is_of_no_use() {
    let mut world = World::new();
    world.plan.files.remove("trusted_root.json");
    let file = "trusted_root.json".to_owned();
    assert_eq!(world.update(), Err(TufError::Missing { file }));
}

#[test]
fn no_version_goes_back() {
    type Back = fn(&mut TufPlan);
    let cases: [(Back, &str); 3] = [
        (|plan| plan.timestamp.version = 1, "timestamp"),
        (|plan| plan.snapshot.version = 1, "snapshot (via timestamp)"),
        (|plan| plan.targets.version = 1, "targets.json (via snapshot)"),
    ];
    for (back, role) in cases {
        let mut world = World::new();
        world.publish("second");
        world.update().unwrap();
        world.publish("third");
        back(&mut world.plan);
        let (expected, found, role) = (2, 1, role.to_owned());
        assert_eq!(world.update(), Err(TufError::Rollback { role, expected, found }));
        assert_eq!(world.read().unwrap().unwrap().trusted_root(), "second");
    }
}

#[test]
fn versions_do_not_go_back_after_the_known_ones_ran_out() {
    let mut world = World::new();
    let old = world.plan.clone();
    world.publish("second");
    world.update().unwrap();
    world.plan = old;
    for edition in [
        &mut world.plan.timestamp,
        &mut world.plan.snapshot,
        &mut world.plan.targets,
    ] {
        edition.expires = days(90);
    }
    world.plan.roots[0].expires = days(90);
    let anchor = TrustAnchor::new(MIRROR, &world.files()["1.root.json"]).unwrap();
    let world = world.with_anchor(anchor);
    let error = world.update_at(days(60)).unwrap_err();
    let (role, expected, found) = ("timestamp".to_owned(), 2, 1);
    assert_eq!(error, TufError::Rollback { role, expected, found });
}

#[test]
fn a_repository_that_is_frozen_is_found_out_when_it_runs_out() {
    type Expire = fn(&mut TufPlan);
    let expiring: [(Expire, &str); 4] = [
        (|plan| plan.roots[0].expires = days(3), "root"),
        (|plan| plan.timestamp.expires = days(3), "timestamp"),
        (|plan| plan.snapshot.expires = days(3), "snapshot"),
        (|plan| plan.targets.expires = days(3), "targets"),
    ];
    for (expire, role) in expiring {
        let mut plan = TufPlan::new(days(30), files("first"));
        expire(&mut plan);
        let world = World::anchored(plan);
        world.update_at(days(3)).unwrap();
        let later = days(3) + jiff::SignedDuration::from_secs(1);
        let expired = TufError::Expired {
            role: role.to_owned(),
            expires: days(3),
            now: later,
        };
        assert_eq!(world.update_at(later), Err(expired.clone()), "known");
        world.cache().remove().unwrap();
        assert_eq!(world.update_at(later), Err(expired), "new");
    }
}

#[test]
fn what_ran_out_is_read_and_says_so() {
    let world = World::new();
    world.update().unwrap();
    let material = world.read().unwrap().unwrap();
    assert_eq!(material.as_of(), now());
    world.update_at(days(30)).unwrap();
    assert_eq!(world.read().unwrap().unwrap().as_of(), days(30));
}

#[test]
fn the_root_of_another_repository_vouches_for_nothing() {
    let other = {
        let mut plan = TufPlan::new(days(30), files("first"));
        plan.roots[0] = TufRoot::new(days(30), "somebody else");
        published(&plan).remove("1.root.json").unwrap()
    };
    let world = World::new().with_anchor(TrustAnchor::new(MIRROR, &other).unwrap());
    let error = world.update().unwrap_err();
    assert_eq!(error, threshold("timestamp.json", "timestamp", 1, 0));
    assert!(!world.path().exists());
}

#[test]
fn a_target_has_its_hash_and_its_length() {
    let mut world = World::new();
    let files = world.files();
    let targets: Vec<&String> = files
        .keys()
        .filter(|name| name.contains(".trusted_root.json"))
        .collect();
    assert_eq!(targets.len(), 2);
    for name in &targets {
        world.replace(name, "First");
    }
    let error = world.update().unwrap_err();
    assert!(
        matches!(&error, TufError::Mismatch { file, detail } if file == "trusted_root.json" && detail.starts_with("expected sha256 ")),
        "{error}"
    );
    for name in &targets {
        world.replace(name, "firs");
    }
    let detail = "expected 5 bytes, found 4".to_owned();
    let file = "trusted_root.json".to_owned();
    assert_eq!(world.update(), Err(TufError::Mismatch { file, detail }));
    assert!(!world.path().exists());
}

#[test]
fn too_few_signatures_do_not_make_a_threshold() {
    let both = TufRole {
        keys: vec!["one".to_owned(), "two".to_owned()],
        threshold: 2,
    };
    let mut plan = TufPlan::new(days(30), files("first"));
    plan.roots[0].timestamp = both;
    let mut world = World::anchored(plan);
    let good = world.files()["timestamp.json"].clone();
    world.replace(
        "timestamp.json",
        with_signatures(&good, |signatures| drop(signatures.pop())),
    );
    assert_eq!(world.update(), Err(threshold("timestamp.json", "timestamp", 2, 1)));
    let twice = |signatures: &mut Vec<serde_json::Value>| signatures[1] = signatures[0].clone();
    world.replace("timestamp.json", with_signatures(&good, twice));
    assert!(matches!(world.update(), Err(TufError::Malformed { .. })));
    world.replace("timestamp.json", good);
    world.update().unwrap();
}

#[test]
fn old_and_new_files_are_not_mixed() {
    let mut world = World::new();
    let old = world.files();
    world.publish("second");
    world.replace("2.snapshot.json", old["1.snapshot.json"].clone());
    assert!(matches!(&world.update(), Err(TufError::Mismatch { file, .. }) if file == "2.snapshot.json"));
    world.replaced.clear();
    world.replace("2.targets.json", old["1.targets.json"].clone());
    assert!(matches!(&world.update(), Err(TufError::Mismatch { file, .. }) if file == "2.targets.json"));
}

#[test]
fn another_content_under_the_same_version_is_no_news() {
    let mut world = World::new();
    world.update().unwrap();
    world.publish("second");
    world.plan.timestamp.version = 1;
    assert_eq!(world.update().unwrap().after.trusted_root(), "first");
    assert_eq!(*world.asked.borrow(), ["2.root.json", "timestamp.json"]);
}

#[test]
fn sizes_are_bounded_before_anything_is_read() {
    let mut world = World::new();
    world.replace("timestamp.json", vec![b' '; MAX_TIMESTAMP_BYTES + 1]);
    let file = "timestamp.json".to_owned();
    let limit = MAX_TIMESTAMP_BYTES;
    assert_eq!(world.update(), Err(TufError::TooLarge { file, limit }));
    let mut world = World::new();
    let large = vec![b'x'; (4 << 20) + 1];
    world.plan.files.insert("trusted_root.json".to_owned(), large);
    let (file, limit) = ("trusted_root.json".to_owned(), 4 << 20);
    assert_eq!(world.update(), Err(TufError::TooLarge { file, limit }));
    assert!(!world.asked.borrow().iter().any(|name| name.starts_with("targets/")));
}

#[test]
fn what_is_missing_is_named() {
    for name in ["timestamp.json", "1.snapshot.json", "1.targets.json"] {
        let mut world = World::new();
        world.replaced.insert(name.to_owned(), None);
        let file = name.to_owned();
        assert_eq!(world.update(), Err(TufError::Missing { file }));
    }
}

#[test]
fn a_page_in_place_of_metadata_is_malformed() {
    let mut world = World::new();
    world.replace("timestamp.json", "<html>");
    assert!(matches!(&world.update(), Err(TufError::Malformed { file, .. }) if file == "timestamp.json"));
    world.replace("timestamp.json", *b"\xff\xfe");
    assert!(matches!(&world.update(), Err(TufError::Malformed { file, .. }) if file == "timestamp.json"));
}

pub(super) fn threshold(file: &str, role: &str, expected: usize, found: usize) -> TufError {
    TufError::Threshold {
        file: file.to_owned(),
        role: role.to_owned(),
        expected,
        found,
    }
}
