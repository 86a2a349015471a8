use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use attest_archive::{Format, Members, SourceDate, write_archive_to};

use crate::tree::{SECONDS, large, pack, recipe, tiny};

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    let members = large();
    for format in Format::ALL {
        let (one, packed) = pack(format, members.clone(), 1);
        for threads in [2, 3, 8] {
            let (more, packed_by_more) = pack(format, members.clone(), threads);
            assert!(more == one, "{format} with {threads} threads");
            assert_eq!(packed_by_more, packed);
        }
    }
}

#[test]
fn the_order_of_the_members_does_not_change_a_byte() {
    let mut members: Vec<_> = tiny().iter().cloned().collect();
    members.reverse();
    let reversed = Members::new(members).unwrap();
    for format in Format::ALL {
        assert!(pack(format, reversed.clone(), 1).0 == pack(format, tiny(), 1).0);
    }
}

#[test]
fn a_member_in_memory_and_one_in_a_file_are_the_same() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("d")).unwrap();
    fs::write(directory.path().join("d/f"), "bytes").unwrap();
    let read = Members::from_directory(directory.path(), Some(&"p".parse().unwrap())).unwrap();
    let made = Members::new([crate::tree::file("p/d/f", "bytes", false)]).unwrap();
    for format in Format::ALL {
        assert!(pack(format, read.clone(), 2) == pack(format, made.clone(), 1));
    }
}

#[test]
fn what_was_measured_is_what_was_written() {
    for format in Format::ALL {
        let (bytes, packed) = pack(format, tiny(), 2);
        let algorithms = "sha256,blake3".parse().unwrap();
        assert_eq!(packed.measured, attest_digest::Measured::of_bytes(&bytes, &algorithms));
        let (path, measured) = &packed.members[0];
        assert_eq!(path.as_str(), "app-1.0/README.md");
        assert_eq!(*measured, attest_digest::Measured::of_bytes(b"# app\n", &algorithms));
        assert_eq!(packed.members.len(), 6);
    }
}

#[test]
fn another_source_date_changes_the_archive() {
    for format in Format::ALL {
        let mut later = recipe(format, tiny(), 1);
        later.source_date = SourceDate::from_seconds(SECONDS + 2).unwrap();
        let (bytes, _) = write_archive_to(&later, Vec::new(), Path::new(".")).unwrap();
        assert!(bytes != pack(format, tiny(), 1).0);
    }
}

/// Two trees with equal content: made in another order, with other modes, times and hard links.
#[cfg(unix)]
#[test]
fn order_of_creation_age_mode_and_hard_links_do_not_change_a_byte() {
    use std::os::unix::fs::PermissionsExt;
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for name in ["a", "b", "c"] {
        fs::write(one.path().join(name), "same").unwrap();
    }
    fs::write(two.path().join("c"), "same").unwrap();
    fs::hard_link(two.path().join("c"), two.path().join("b")).unwrap();
    fs::write(two.path().join("a"), "same").unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(5);
    let file = fs::File::options().write(true).open(two.path().join("a")).unwrap();
    file.set_modified(old).unwrap();
    fs::set_permissions(two.path().join("a"), fs::Permissions::from_mode(0o600)).unwrap();
    for (directory, name, mode) in [(&one, "b", 0o744), (&two, "b", 0o4711), (&one, "c", 0o755)] {
        fs::set_permissions(directory.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    for format in Format::ALL {
        let members = |directory: &tempfile::TempDir| Members::from_directory(directory.path(), None).unwrap();
        assert!(
            pack(format, members(&one), 1) == pack(format, members(&two), 3),
            "{format}"
        );
    }
}
