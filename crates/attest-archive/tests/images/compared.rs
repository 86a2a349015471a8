#![cfg(unix)]

use std::fs;

use attest_archive::compare::{Findings, compare};

use crate::building::{root_directory, two_roots, write};

/// A layout of two platforms, of a root with these notes, at this time.
fn layout(scene: &std::path::Path, name: &str, notes: &str, seconds: u64) {
    let root = root_directory();
    fs::write(root.path().join("home/app/notes"), notes).unwrap();
    let mut recipe = two_roots(root.path());
    recipe.source_date = attest_archive::SourceDate::from_seconds(seconds).unwrap();
    write(&recipe, &scene.join(name)).unwrap();
}

fn causes(found: &Findings) -> Vec<(&'static str, u64, String)> {
    let row = |(cause, tally): (attest_archive::compare::Cause, &attest_archive::compare::Tally)| {
        (cause.code(), tally.count, tally.examples[0].place.join(" > "))
    };
    found.tallies().map(row).collect()
}

#[test]
fn two_layouts_are_followed_from_their_index_to_the_layer_and_the_member_that_differ() {
    let scene = tempfile::tempdir().unwrap();
    let at = |name: &str| scene.path().join(name);
    layout(scene.path(), "one", "one\n", 1_700_000_000);
    layout(scene.path(), "again", "one\n", 1_700_000_000);
    layout(scene.path(), "two", "two\n", 1_700_000_000);
    layout(scene.path(), "later", "one\n", 1_700_000_060);
    assert!(compare(&at("one"), &at("again"), scene.path()).unwrap().is_equal());
    let found = causes(&compare(&at("one"), &at("two"), scene.path()).unwrap());
    let (cause, count, place) = found.iter().find(|(cause, ..)| *cause == "text").unwrap();
    assert_eq!((*cause, *count), ("text", 2), "{found:?}");
    assert!(place.contains("linux/amd64 > layer 1 > home/app/notes"), "{found:?}");
    let found = causes(&compare(&at("one"), &at("later"), scene.path()).unwrap());
    assert!(found.iter().any(|(cause, ..)| *cause == "time"), "{found:?}");
    assert!(found.iter().all(|(.., place)| !place.contains("blobs")), "{found:?}");
    // One that is no layout any more is compared by name.
    fs::remove_file(at("two").join("oci-layout")).unwrap();
    let found = causes(&compare(&at("one"), &at("two"), scene.path()).unwrap());
    assert!(found.iter().any(|(.., place)| place.contains("blobs")), "{found:?}");
}
