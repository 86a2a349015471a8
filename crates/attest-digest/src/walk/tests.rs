#![cfg(unix)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// So little memory that nearly every listing goes to disk, is read in pieces of a few bytes, and is merged often.
const TINY: Limits = Limits {
    memory: 40,
    buffer: 4,
    pieces: 2,
};

fn options(symlinks: SymlinkPolicy) -> WalkOptions {
    WalkOptions { symlinks }
}

fn tree(files: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in files {
        let path = directory.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    directory
}

/// What a walk finds, one word each, below the root.
fn walked(root: &Path, symlinks: SymlinkPolicy) -> Vec<String> {
    let below = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
    Walk::new(root, options(symlinks))
        .map(|found| match found {
            Ok(WalkEntry::File(path)) => below(&path),
            Ok(WalkEntry::Link(path)) => format!("link {}", below(&path)),
            Err(error) => format!("{} {}", error.code(), below(error.path())),
        })
        .collect()
}

/// The obvious way: collect everything, then sort by bytes.
fn collected(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => directories.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
    files
}

/// Names that sort around a slash, that are no text, and that break lines.
fn names() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop::sample::select(vec![b'a', b'b', b'-', b'.', b'0', b'\n', b' ', 0xff, 0x01]);
    prop::collection::vec(byte, 1..4).prop_filter("no name of a file", |name| !matches!(&name[..], b"." | b".."))
}

fn paths() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(names(), 1..5)
}

/// Makes what can be made: where a directory is in the way of a file, or the other way round, the first one stays.
fn plant(root: &Path, paths: &[Vec<Vec<u8>>]) {
    for path in paths {
        let (name, directories) = path.split_last().unwrap();
        let directory = directories
            .iter()
            .fold(root.to_owned(), |path, name| path.join(OsStr::from_bytes(name)));
        if fs::create_dir_all(&directory).is_ok() {
            let _ = fs::write(directory.join(OsStr::from_bytes(name)), "");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn a_walk_is_what_collecting_and_sorting_finds(paths in prop::collection::vec(paths(), 0..60)) {
        let directory = tempfile::tempdir().unwrap();
        plant(directory.path(), &paths);
        let expected = collected(directory.path());
        for limits in [TINY, Limits::USUAL] {
            let found: Vec<PathBuf> = Walk::within(directory.path(), WalkOptions::default(), limits)
                .map(|entry| entry.unwrap().path().to_owned())
                .collect();
            prop_assert_eq!(&found, &expected);
        }
    }
}

#[test]
fn a_listing_on_disk_is_merged_over_several_generations() {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..700 {
        fs::write(directory.path().join(format!("{}", number * 7919 % 700)), "").unwrap();
    }
    for memory in [1, 1000, 5000] {
        let limits = Limits { memory, ..TINY };
        let found = Walk::within(directory.path(), WalkOptions::default(), limits).map(|entry| entry.unwrap());
        let found: Vec<PathBuf> = found.map(|entry| entry.path().to_owned()).collect();
        assert_eq!(found, collected(directory.path()));
    }
}

#[test]
fn memory_is_bounded_while_outer_listings_wait() {
    let directory = tempfile::tempdir().unwrap();
    let mut path = directory.path().to_owned();
    for _ in 0..30 {
        for number in 0..20 {
            fs::write(path.join(format!("a file of some length {number}")), "").unwrap();
        }
        path.push("a");
        fs::create_dir(&path).unwrap();
    }
    let limits = Limits { memory: 2000, ..TINY };
    let mut walk = Walk::within(directory.path(), WalkOptions::default(), limits);
    let mut files = 0;
    while let Some(entry) = walk.next() {
        entry.unwrap();
        files += 1;
        let held: usize = walk.levels.iter().map(|level| level.listing.held()).sum();
        assert!(held <= 2 * limits.memory, "{held}");
    }
    assert_eq!(files, 600);
}

#[test]
fn a_directory_that_cannot_be_sorted_is_missing_as_a_whole_and_the_walk_goes_on() {
    let names: Vec<String> = (0..200).map(|number| format!("many/{number:040}")).collect();
    let files: Vec<&str> = names.iter().map(String::as_str).chain(["a", "z"]).collect();
    let directory = tree(&files);
    for (room, is_listed) in [(0, false), (3000, false), (1 << 20, true)] {
        let limits = Limits { memory: 1000, ..TINY };
        let mut walk = Walk::within(directory.path(), WalkOptions::default(), limits);
        walk.scratch.room = Some(room);
        let (found, missing): (Vec<_>, Vec<_>) = walk.partition(Result::is_ok);
        assert_eq!(
            (found.len(), missing.is_empty()),
            (if is_listed { 202 } else { 2 }, is_listed)
        );
        for error in missing.into_iter().map(Result::unwrap_err) {
            assert_eq!(
                (error.code(), error.path()),
                ("temporary-file-failed", &*directory.path().join("many"))
            );
        }
    }
}

#[test]
fn the_temporary_file_is_used_again_by_later_directories() {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..50 {
        let below = directory.path().join(number.to_string());
        fs::create_dir(&below).unwrap();
        for number in 0..30 {
            fs::write(below.join(format!("{number:040}")), "").unwrap();
        }
    }
    let mut walk = Walk::within(directory.path(), WalkOptions::default(), Limits { memory: 500, ..TINY });
    let mut most = 0;
    while let Some(entry) = walk.next() {
        entry.unwrap();
        most = most.max(walk.scratch.end());
    }
    // One directory has 30 records of 43 bytes, which two generations copy a few times.
    assert!((30 * 43..30 * 43 * 10).contains(&most), "{most}");
}

#[test]
fn a_link_is_reported_followed_or_refused_as_asked() {
    let directory = tree(&["a/x", "a-b", "c"]);
    symlink("a", directory.path().join("b")).unwrap();
    symlink("../c", directory.path().join("a/l")).unwrap();
    assert_eq!(
        walked(directory.path(), SymlinkPolicy::Report),
        ["a-b", "link a/l", "a/x", "link b", "c"]
    );
    assert_eq!(
        walked(directory.path(), SymlinkPolicy::Follow),
        ["a-b", "a/l", "a/x", "b/l", "b/x", "c"]
    );
    assert_eq!(
        walked(directory.path(), SymlinkPolicy::Refuse),
        ["a-b", "symbolic-link a/l", "a/x", "symbolic-link b", "c"]
    );
}

#[test]
fn a_loop_and_a_dangling_link_are_errors_in_their_place() {
    let directory = tree(&["a/x", "z"]);
    symlink(directory.path(), directory.path().join("a/up")).unwrap();
    symlink("nowhere", directory.path().join("a/gone")).unwrap();
    symlink("self", directory.path().join("self")).unwrap();
    assert_eq!(
        walked(directory.path(), SymlinkPolicy::Follow),
        [
            "cannot-open a/gone",
            "symbolic-link-loop a/up",
            "a/x",
            "cannot-open self",
            "z"
        ]
    );
    let error = Walk::new(directory.path(), options(SymlinkPolicy::Follow)).find_map(|found| match found {
        Err(WalkError::Loop { leads_to, .. }) => Some(leads_to),
        _ => None,
    });
    assert_eq!(error.as_deref(), Some(directory.path()));
}

#[test]
fn a_directory_that_two_links_lead_to_is_walked_under_both_names() {
    let directory = tree(&["real/x"]);
    symlink("real", directory.path().join("one")).unwrap();
    symlink("one", directory.path().join("two")).unwrap();
    assert_eq!(
        walked(directory.path(), SymlinkPolicy::Follow),
        ["one/x", "real/x", "two/x"]
    );
}

#[test]
fn a_root_that_is_a_link_is_followed_under_every_policy() {
    let directory = tree(&["real/x"]);
    let root = directory.path().join("link");
    symlink("real", &root).unwrap();
    for policy in [SymlinkPolicy::Report, SymlinkPolicy::Follow, SymlinkPolicy::Refuse] {
        assert_eq!(walked(&root, policy), ["x"]);
    }
}

#[test]
fn what_is_no_file_has_its_error_in_its_place() {
    let directory = tree(&["a", "c"]);
    let _socket = std::os::unix::net::UnixListener::bind(directory.path().join("b")).unwrap();
    assert_eq!(
        walked(directory.path(), SymlinkPolicy::Report),
        ["a", "not-a-regular-file b", "c"]
    );
}

#[test]
fn a_directory_that_vanishes_is_named_and_the_walk_goes_on() {
    let directory = tree(&["a", "b/x", "c"]);
    let mut walk = Walk::new(directory.path(), WalkOptions::default());
    assert_eq!(walk.next().unwrap().unwrap().path(), directory.path().join("a"));
    fs::remove_dir_all(directory.path().join("b")).unwrap();
    let error = walk.next().unwrap().unwrap_err();
    assert_eq!(
        (error.code(), error.path()),
        ("cannot-list-directory", &*directory.path().join("b"))
    );
    assert_eq!(walk.next().unwrap().unwrap().path(), directory.path().join("c"));
    assert!(walk.next().is_none());
}

#[test]
fn a_root_that_is_not_there_is_the_only_error() {
    let mut walk = Walk::new(Path::new("no/such/tree"), WalkOptions::default());
    let WalkError::List { path, source } = walk.next().unwrap().unwrap_err() else {
        panic!("expected a listing error")
    };
    assert_eq!(path, Path::new("no/such/tree"));
    assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
    assert!(walk.next().is_none());
}

#[test]
fn a_tree_as_deep_as_paths_can_be_is_walked_to_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut path = directory.path().to_owned();
    while path.as_os_str().len() < 4000 {
        path.push("d");
    }
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("f"), "").unwrap();
    let found: Vec<_> = Walk::within(directory.path(), WalkOptions::default(), TINY).collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].as_ref().unwrap().path(), path.join("f"));
}
