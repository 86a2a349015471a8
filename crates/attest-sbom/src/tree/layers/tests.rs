use std::io::Cursor;

use attest_digest::{Algorithm, Measured};

use super::*;
use crate::tree::tar::Tar;

/// Everything is wanted whose name a reader of systems knows; the last of equal names wins.
fn read(layers: &[(Vec<u8>, Option<Digest>)]) -> (Vec<(String, String)>, Vec<String>) {
    let named: Vec<Layer> = layers
        .iter()
        .zip(1..)
        .map(|((_, digest), number)| Layer {
            name: format!("layer {number}"),
            digest: digest.clone(),
        })
        .collect();
    let open = |number: usize| -> io::Result<Box<dyn Read>> { Ok(Box::new(Cursor::new(layers[number].0.clone()))) };
    let scratch = tempfile::tempdir().unwrap();
    let tree = Layers::read(&named, &open, &Options::default(), scratch.path());
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
    let content = |path: &str| {
        let mut text = String::new();
        tree.open(path).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let files = tree.listing().entries().iter();
    let files = files.filter(|entry| entry.is_file() && tree.is_kept(&entry.path));
    let files = files.map(|entry| (entry.path.clone(), content(&entry.path))).collect();
    (files, tree.listing().gaps().iter().map(Gap::to_string).collect())
}

fn file(path: &str, text: &str) -> (String, String) {
    (path.to_owned(), text.to_owned())
}

#[test]
fn the_upper_layer_wins_and_what_nobody_wants_is_not_there() {
    let lower = Tar::default()
        .file("etc/os-release", "lower")
        .file("bin/none", "x")
        .file("lib/apk/db/installed", "a");
    let upper = Tar::default()
        .file("/etc/os-release", "upper")
        .file("lib/apk/db/.wh.installed", "");
    let (files, gaps) = read(&[(lower.end(), None), (upper.end(), None)]);
    assert_eq!(files, [file("etc/os-release", "upper")]);
    assert_eq!(gaps, [] as [&str; 0]);
}

#[test]
fn a_hard_link_has_the_bytes_of_a_file_in_a_lower_layer() {
    let lower = Tar::default().file("usr/lib/os-release", "text");
    let upper = Tar::default()
        .hard_link("etc/os-release", "usr/lib/os-release")
        .file("usr/lib/.wh.os-release", "");
    let (files, _) = read(&[(lower.end(), None), (upper.end(), None)]);
    assert_eq!(files, [file("etc/os-release", "text")]);
}

#[test]
fn a_hard_link_to_nothing_and_a_name_that_leads_up_are_damage_of_their_layer() {
    let lower = Tar::default().file("bin/none", "x").hard_link("bin/other", "bin/none");
    let upper = Tar::default()
        .hard_link("var/lib/dpkg/status", "gone")
        .file("../etc/os-release", "x");
    let (files, gaps) = read(&[(lower.end(), None), (upper.end(), None)]);
    assert_eq!(files, [file("etc/os-release", "x")]);
    assert_eq!(
        gaps,
        [
            "layer 2: damaged: 1 names hold `..`, the first is that of `etc/os-release`",
            "layer 2: damaged: the hard link `var/lib/dpkg/status` names `gone`, which is in no layer",
        ]
    );
}

#[test]
fn a_layer_that_is_not_the_one_of_its_digest_has_a_gap() {
    let bytes = Tar::default().file("etc/os-release", "text").end();
    let measured = Measured::of_bytes(&bytes, &Algorithms::one(Algorithm::Sha256));
    let digest = measured.digest(Algorithm::Sha256).cloned();
    assert_eq!(read(&[(bytes.clone(), digest.clone())]).1, [] as [&str; 0]);
    let other = Tar::default().file("etc/os-release", "other").end();
    let (files, gaps) = read(&[(other, digest.clone())]);
    assert_eq!(files, [file("etc/os-release", "other")]);
    let [gap] = gaps.as_slice() else {
        panic!("expected one gap, found {gaps:?}")
    };
    let expected = format!("layer 1: damaged: expected a layer with digest `{}`", digest.unwrap());
    assert!(gap.starts_with(&expected), "{gap}");
}

#[test]
fn a_damaged_layer_does_not_hide_the_others() {
    let whole = Tar::default().file("etc/os-release", "text").end();
    let cut = Tar::default()
        .file("lib/apk/db/installed", "P:a")
        .file("a", &"x".repeat(2000))
        .end()[..1700]
        .to_vec();
    let (files, gaps) = read(&[(whole, None), (cut, None)]);
    assert_eq!(
        files,
        [file("etc/os-release", "text"), file("lib/apk/db/installed", "P:a")]
    );
    assert_eq!(gaps, ["layer 2: damaged: the archive ends inside a member"]);
}

#[test]
fn a_layer_that_is_not_there_has_a_gap() {
    let layers = [Layer {
        name: "missing".to_owned(),
        digest: None,
    }];
    let open = |_: usize| -> io::Result<Box<dyn Read>> { Err(io::ErrorKind::NotFound.into()) };
    let tree = Layers::read(&layers, &open, &Options::default(), Path::new("."));
    let gaps: Vec<&str> = tree.listing().gaps().iter().map(Gap::code).collect();
    assert_eq!(gaps, ["unreadable"]);
}

#[test]
fn files_in_too_many_directories_have_a_gap() {
    let deep = format!("{}etc/os-release", "d/".repeat(300));
    let (files, gaps) = read(&[(Tar::default().long(&deep, "x").file("etc/os-release", "y").end(), None)]);
    assert_eq!(files, [file("etc/os-release", "y")]);
    assert_eq!(
        gaps,
        ["layer 1: too-deep: expected at most 256 directories in each other; 1 files were passed over"]
    );
}

#[test]
fn a_layer_that_takes_everything_away_again_and_again_has_an_end() {
    let mut lower = Tar::default();
    for number in 0..20_000 {
        lower = lower.link(&format!("a/{number}"), "x");
    }
    let mut upper = Tar::default();
    for _ in 0..20_000 {
        upper = upper.file("a/.wh..wh..opq", "").link("a/b", "x");
    }
    let (files, gaps) = read(&[(lower.end(), None), (upper.end(), None)]);
    assert!(files.is_empty() && gaps.is_empty());
}
