use std::fs;

use super::repository::{World, says};

#[test]
fn a_repository_of_somebody_else_is_rejected_and_leaves_nothing() {
    let world = World::new();
    let root = fs::read_to_string(world.path("1.root.json")).unwrap();
    world.replace("timestamp.json", root.as_bytes());
    let finished = world.init().expect_code(1);
    says(finished.stderr_text(), "error[trust-repository-rejected]");
    assert_eq!(finished.stdout_text(), "");
    assert!(!world.state().exists());
}

#[test]
fn a_root_that_nobody_signed_is_no_anchor() {
    let world = World::new();
    let root = fs::read_to_string(world.path("1.root.json")).unwrap();
    fs::write(
        world.path("1.root.json"),
        root.replacen("\"version\":1", "\"version\":2", 1),
    )
    .unwrap();
    let finished = world.init().expect_code(2);
    says(
        finished.stderr_text(),
        "error[trust-anchor-invalid]: expected 1 signatures for the role `root`",
    );
}

#[test]
fn a_root_with_another_checksum_is_refused() {
    let world = World::new();
    let init = [
        "init",
        "--mirror",
        world.url(),
        "--root",
        "1.root.json",
        "--root-checksum",
    ];
    let wrong = [init.as_slice(), &["00"]].concat();
    says(
        world.trust(&wrong).expect_code(1).stderr_text(),
        "error[trust-anchor-mismatch]",
    );
    let digest = world.attest().args(["hash", "1.root.json"]).run().expect_code(0);
    let digest = digest.stdout_text().split(' ').next().unwrap().to_uppercase();
    world.trust(&[init.as_slice(), &[&digest]].concat()).expect_code(0);
}

#[test]
fn a_mirror_in_the_clear_on_another_machine_is_refused() {
    let world = World::new();
    let init = ["init", "--mirror", "http://tuf.example.com", "--root", "1.root.json"];
    says(world.trust(&init).expect_code(2).stderr_text(), "error[url-unusable]");
}

#[test]
fn a_repository_that_goes_back_changes_nothing() {
    let mut world = World::new();
    world.plan.timestamp.version = 2;
    world.publish();
    world.init().expect_code(0);
    let before = fs::read(world.state()).unwrap();
    world.plan.timestamp.version = 1;
    world.publish();
    let finished = world.trust(&["update"]).expect_code(1);
    let expected = "error[trust-repository-rejected]: expected version 2 of timestamp or a later one, found version 1";
    says(finished.stderr_text(), expected);
    assert_eq!(fs::read(world.state()).unwrap(), before);
}

#[test]
fn a_cache_that_was_changed_is_not_believed_and_says_how_to_mend_it() {
    let world = World::new();
    world.init().expect_code(0);
    let state = fs::read_to_string(world.state()).unwrap();
    let changed = state.replacen("tlogs", "slogt", 1);
    assert_ne!(changed, state);
    fs::write(world.state(), changed).unwrap();
    for finished in [world.verify(&[]), world.trust(&["show"]), world.trust(&["update"])] {
        let finished = finished.expect_code(3);
        assert_eq!(finished.stdout_text(), "");
        says(finished.stderr_text(), "error[trust-cache-invalid]");
        says(finished.stderr_text(), "`attest trust remove private` forgets it");
    }
    world.trust(&["remove", "private"]).expect_code(0);
    world.init().expect_code(0);
    world.verify(&[]).expect_code(0);
}

#[test]
fn a_trusted_root_that_cannot_be_verified_against_does_not_take_the_place_of_one_that_can() {
    let mut world = World::new();
    world.init().expect_code(0);
    world.plan.files.insert("trusted_root.json".to_owned(), b"{}".to_vec());
    for edition in [
        &mut world.plan.timestamp,
        &mut world.plan.snapshot,
        &mut world.plan.targets,
    ] {
        edition.version = 2;
    }
    world.publish();
    says(
        world.trust(&["update"]).expect_code(3).stderr_text(),
        "error[trust-unusable]",
    );
    world.verify(&[]).expect_code(0);
}

#[test]
fn a_directory_that_cannot_be_written_is_told_and_verifying_goes_on() {
    let world = World::new();
    fs::write(world.path("trust"), "a file").unwrap();
    says(world.init().expect_code(3).stderr_text(), "error[trust-cache-unusable]");
    let finished = world.verify(&["--trusted-root", "trusted_root.json"]);
    finished.expect_code(0);
    world.trust(&["show"]).expect_code(0);
}
