use std::fs;
use std::io::{self, Write};
use std::path::Path;

use attest_archive::{Content, Error, Format, Member, Members, write_archive, write_archive_to};

use crate::tree::{file, noise, recipe, tiny};

/// A disk with little room.
struct Disk {
    room: usize,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.room);
        self.room -= taken;
        match taken {
            0 if !bytes.is_empty() => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A megabyte, so that several blocks are on their way when something fails.
fn some_blocks() -> Members {
    Members::new([
        file("a", noise(900_000, 0xff), false),
        file("b", noise(300_000, 7), false),
    ])
    .unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_full_disk_is_an_error_wherever_it_fills_up() {
    for format in Format::ALL {
        let members = some_blocks();
        for threads in [1, 3] {
            let recipe = recipe(format, members.clone(), threads);
            let (_, packed) = write_archive_to(&recipe, io::sink(), Path::new(".")).unwrap();
            let size = packed.measured.size() as usize;
            for room in [0, 5, 100_000, size / 2, size - 1] {
                let result = write_archive_to(&recipe, Disk { room }, Path::new(".")).map(|_| ());
                let full = |source: &io::Error| source.kind() == io::ErrorKind::StorageFull;
                assert!(
                    matches!(&result, Err(Error::Write { source }) if full(source)),
                    "{format} {threads} {room}: {result:?}"
                );
            }
            assert!(write_archive_to(&recipe, Disk { room: size }, Path::new(".")).is_ok());
        }
    }
}

#[test]
fn an_archive_stands_alone_in_its_directory_and_replaces_the_one_before() {
    let directory = tempfile::tempdir().unwrap();
    let destination = directory.path().join("app.zip");
    fs::write(&destination, "before").unwrap();
    let packed = write_archive(&recipe(Format::Zip, tiny(), 2), &destination).unwrap();
    assert_eq!(names(directory.path()), ["app.zip"]);
    let bytes = fs::read(&destination).unwrap();
    let algorithms = "sha256,blake3".parse().unwrap();
    assert_eq!(packed.measured, attest_digest::Measured::of_bytes(&bytes, &algorithms));
}

#[test]
fn a_member_that_cannot_be_read_leaves_the_directory_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let destination = directory.path().join("app.out");
    let missing = Member::file("z".parse().unwrap(), Content::Path("no/such/file".into()), false);
    for format in Format::ALL {
        let members = some_blocks().with([missing.clone()]).unwrap();
        fs::write(&destination, "before").unwrap();
        let error = write_archive(&recipe(format, members, 2), &destination).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `no/such/file`");
        assert_eq!(names(directory.path()), ["app.out"]);
        assert_eq!(fs::read(&destination).unwrap(), b"before");
    }
}

#[test]
fn a_destination_that_is_a_directory_is_rejected_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let destination = directory.path().join("app.zip");
    fs::create_dir(&destination).unwrap();
    let error = write_archive(&recipe(Format::Zip, tiny(), 1), &destination).unwrap_err();
    assert!(matches!(error, Error::NotAFile { path } if path == destination));
    assert_eq!(names(directory.path()), ["app.zip"]);
}

#[test]
fn a_destination_in_a_directory_that_is_not_there_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let destination = directory.path().join("missing/app.zip");
    let error = write_archive(&recipe(Format::Zip, tiny(), 1), &destination).unwrap_err();
    assert!(matches!(error, Error::Write { source } if source.kind() == io::ErrorKind::NotFound));
}

/// Reading this file from its beginning fails, although it can be opened.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_fails_while_it_is_read_is_named() {
    let member = Member::file("memory".parse().unwrap(), Content::Path("/proc/self/mem".into()), false);
    let recipe = recipe(Format::TarGz, Members::new([member]).unwrap(), 1);
    let error = write_archive_to(&recipe, io::sink(), Path::new(".")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read `/proc/self/mem`");
}
