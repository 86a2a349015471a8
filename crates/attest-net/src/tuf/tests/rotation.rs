use attest_sandbox::{TufPlan, TufRoot};

use super::super::material::chain;
use super::super::{TrustAnchor, TufError};
use super::attacks::threshold;
use super::days;
use super::repository::{World, files, published, with_signatures};

/// What an attacker with the keys of the lower roles would count up to.
const FAR: u64 = 1 << 40;

#[test]
fn the_keys_are_replaced_and_the_next_root_is_signed_by_the_old_and_the_new() {
    let mut world = World::new();
    world.update().unwrap();
    world.plan.roots.push(TufRoot::new(days(30), "next"));
    world.publish("second");
    let after = world.update().unwrap().after;
    assert_eq!((after.versions().root, after.trusted_root()), (2, "second"));
    assert_eq!(world.read().unwrap().unwrap().versions().root, 2);
    world.plan.roots.push(TufRoot::new(days(30), "third"));
    world.publish("third");
    assert_eq!(world.update().unwrap().after.versions().root, 3);
}

#[test]
fn the_embedded_root_of_the_public_good_instance_follows_the_one_before_it() {
    let before = include_bytes!("public-good.15.root.json");
    let anchor = TrustAnchor::new("https://tuf-repo-cdn.sigstore.dev", before).unwrap();
    let embedded = TrustAnchor::public_good();
    let set = chain(&anchor, &[embedded.root().to_owned()]).unwrap();
    assert_eq!(set.root().version, 16);
}

#[test]
fn a_client_that_slept_follows_every_root() {
    let mut plan = TufPlan::new(days(30), files("first"));
    // The ones between may have run out long ago.
    for name in ["a", "b", "c"] {
        plan.roots.push(TufRoot::new(days(-300), name));
    }
    plan.roots.push(TufRoot::new(days(30), "d"));
    assert_eq!(World::anchored(plan).update().unwrap().after.versions().root, 5);
}

#[test]
fn a_root_that_the_old_keys_did_not_sign_is_rejected() {
    let mut world = World::new();
    world.update().unwrap();
    world.plan.roots.push(TufRoot::new(days(30), "next"));
    let root = world.files()["2.root.json"].clone();
    world.replace(
        "2.root.json",
        with_signatures(&root, |signatures| drop(signatures.pop())),
    );
    assert_eq!(world.update(), Err(threshold("2.root.json", "root", 1, 0)));
    world.replace(
        "2.root.json",
        with_signatures(&root, |signatures| drop(signatures.remove(0))),
    );
    assert_eq!(world.update(), Err(threshold("2.root.json", "root", 1, 0)));
    assert_eq!(world.read().unwrap().unwrap().versions().root, 1);
}

#[test]
fn no_root_is_skipped() {
    let mut world = World::new();
    world.plan.roots.push(TufRoot::new(days(30), "next"));
    world.plan.roots.push(TufRoot::new(days(30), "tuf"));
    let third = world.files()["3.root.json"].clone();
    world.replace("2.root.json", third);
    let (expected, found) = (2, 3);
    assert_eq!(world.update(), Err(TufError::RootVersion { expected, found }));
}

#[test]
fn roots_do_not_go_on_for_ever() {
    let mut plan = TufPlan::new(days(30), files("first"));
    plan.roots = vec![TufRoot::new(days(30), "tuf"); 258];
    let files = published(&plan);
    let mut world = World::new();
    for (name, content) in files {
        world.replace(&name, content);
    }
    assert_eq!(world.update(), Err(TufError::TooManyRoots { limit: 256 }));
}

#[test]
fn versions_that_were_counted_up_with_stolen_keys_go_back_with_new_keys() {
    for counted_up in [
        (|plan: &mut TufPlan| plan.timestamp.version = FAR) as fn(&mut TufPlan),
        |plan| plan.snapshot.version = FAR,
        |plan| plan.targets.version = FAR,
    ] {
        let mut world = World::new();
        let healthy = world.plan.clone();
        counted_up(&mut world.plan);
        world.update().unwrap();
        world.plan = healthy;
        world.publish("without new keys");
        assert!(matches!(world.update(), Err(TufError::Rollback { expected: FAR, .. })));
        let mut root = TufRoot::new(days(30), "tuf");
        root.snapshot.keys = vec!["fresh snapshot".to_owned()];
        world.plan.roots.push(root);
        world.publish("recovered");
        assert_eq!(world.update().unwrap().after.trusted_root(), "recovered");
    }
}

#[test]
fn a_key_that_is_added_does_not_let_versions_go_back() {
    let mut world = World::new();
    world.publish("second");
    world.update().unwrap();
    let mut root = TufRoot::new(days(30), "tuf");
    root.timestamp.keys.push("another".to_owned());
    world.plan.roots.push(root);
    world.plan.timestamp.version = 1;
    let (role, expected, found) = ("timestamp".to_owned(), 2, 1);
    assert_eq!(world.update(), Err(TufError::Rollback { role, expected, found }));
}

#[test]
fn revoked_keys_stay_revoked_when_the_update_fails_below_the_root() {
    let mut world = World::new();
    world.update().unwrap();
    let old = world.files();
    let mut root = TufRoot::new(days(30), "tuf");
    root.timestamp.keys = vec!["fresh".to_owned()];
    world.plan.roots.push(root);
    world.replaced.insert("timestamp.json".to_owned(), None);
    let file = "timestamp.json".to_owned();
    assert_eq!(world.update(), Err(TufError::Missing { file }));
    let mirror = super::repository::MIRROR.to_owned();
    assert_eq!(world.read(), Err(TufError::Superseded { mirror }));
    // Whoever has the old key, and holds the new root back, gets nowhere.
    world.replaced = old.into_iter().map(|(name, content)| (name, Some(content))).collect();
    world.replaced.insert("2.root.json".to_owned(), None);
    assert_eq!(world.update(), Err(threshold("timestamp.json", "timestamp", 1, 0)));
    world.replaced.clear();
    assert_eq!(world.update().unwrap().after.versions().root, 2);
}

#[test]
fn a_new_root_that_still_vouches_for_what_is_known_does_not_take_it_away() {
    let mut world = World::new();
    world.update().unwrap();
    world.plan.roots.push(TufRoot::new(days(30), "tuf"));
    world.replaced.insert("timestamp.json".to_owned(), None);
    world.update().unwrap_err();
    assert_eq!(world.read().unwrap().unwrap().versions().root, 2);
}
