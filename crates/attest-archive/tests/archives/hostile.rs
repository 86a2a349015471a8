#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use attest_archive::{Content, Error, Format, Kind, Members};

use crate::tree::pack;

fn members(fill: impl FnOnce(&Path)) -> Result<Members, Error> {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    Members::from_directory(directory.path(), None)
}

#[test]
fn a_named_pipe_is_rejected_by_name_and_not_waited_for() {
    let error = members(|directory| {
        fs::create_dir(directory.join("d")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(directory.join("d/pipe"))
            .status();
        assert!(made.unwrap().success());
    })
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`d/pipe` is a named pipe; only files, directories and symbolic links can be packed"
    );
}

#[test]
fn a_socket_is_rejected_by_name() {
    let error = members(|directory| drop(UnixListener::bind(directory.join("s")).unwrap())).unwrap_err();
    assert!(matches!(error, Error::SpecialFile { path, kind: "a socket" } if path.as_str() == "s"));
}

#[test]
fn a_device_is_no_content() {
    let member = attest_archive::Member::file("null".parse().unwrap(), Content::Path("/dev/null".into()), false);
    let recipe = crate::tree::recipe(Format::Tar, Members::new([member]).unwrap(), 1);
    let error = attest_archive::write_archive_to(&recipe, Vec::new(), Path::new(".")).unwrap_err();
    assert_eq!(error.to_string(), "`/dev/null` is not a regular file");
}

#[test]
fn a_name_that_is_not_utf8_is_rejected_and_shown_escaped() {
    let error = members(|directory| {
        let name = directory.join(OsStr::from_bytes(b"caf\xe9\n"));
        // Some file systems do not take such a name at all; then there is nothing to reject.
        fs::write(name, "").unwrap();
    })
    .unwrap_err();
    assert!(matches!(error, Error::NotUtf8 { escaped, .. } if escaped == "caf\\xe9\\n"));
}

#[test]
fn a_link_whose_target_is_not_utf8_is_rejected() {
    let error = members(|directory| symlink(OsStr::from_bytes(b"\xff"), directory.join("link")).unwrap()).unwrap_err();
    assert!(matches!(error, Error::NotUtf8 { escaped, .. } if escaped == "\\xff"));
}

#[test]
fn a_link_that_leaves_the_directory_is_rejected_and_one_that_stays_is_kept() {
    let escapes = members(|directory| symlink("../etc", directory.join("link")).unwrap()).unwrap_err();
    assert!(matches!(escapes, Error::LinkEscapes { target, .. } if target == "../etc"));
    let absolute = members(|directory| symlink("/etc", directory.join("link")).unwrap()).unwrap_err();
    assert!(matches!(absolute, Error::InvalidLink { target, .. } if target == "/etc"));
    let stays = members(|directory| {
        fs::create_dir(directory.join("d")).unwrap();
        symlink("../d", directory.join("d/self")).unwrap();
    })
    .unwrap();
    let link = stays.at(&"d/self".parse().unwrap()).unwrap();
    assert!(matches!(link.kind(), Kind::Symlink { target } if target.as_str() == "../d"));
}

#[test]
fn a_link_that_leaves_the_directory_but_not_the_prefix_is_judged_by_the_archive() {
    let directory = tempfile::tempdir().unwrap();
    symlink("../README", directory.path().join("link")).unwrap();
    let prefix = "app".parse().unwrap();
    assert!(Members::from_directory(directory.path(), Some(&prefix)).is_ok());
    assert!(matches!(
        Members::from_directory(directory.path(), None).unwrap_err(),
        Error::LinkEscapes { .. }
    ));
}

#[test]
fn a_name_with_a_line_break_is_packed() {
    let members = members(|directory| fs::create_dir(directory.join("a\nb")).unwrap()).unwrap();
    let (bytes, _) = pack(Format::Tar, members, 1);
    let mut archive = tar::Archive::new(&bytes[..]);
    let entry = archive.entries().unwrap().next().unwrap().unwrap();
    assert_eq!(entry.path_bytes().as_ref(), b"a\nb/");
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let error = Members::from_directory(Path::new("no/such/directory"), None).unwrap_err();
    assert_eq!(error.to_string(), "cannot read `no/such/directory`");
}
