//! Layout archives, hostile ones among them: what opening one may cost.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

use attest_archive::image::{Error, Layout};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

const GIB: u64 = 1024 * 1024 * 1024;

/// An archive that is being made.
struct Archive {
    directory: TempDir,
    tar: Builder<File>,
}

impl Archive {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let tar = Builder::new(File::create(directory.path().join("a.tar")).unwrap());
        Self { directory, tar }
    }

    /// The same with what makes a layout of it.
    fn of_layout() -> Self {
        let mut archive = Self::new();
        archive.file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#);
        archive.file("index.json", br#"{"schemaVersion":2,"manifests":[]}"#);
        archive
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("a.tar")
    }

    fn file(&mut self, name: &str, content: &[u8]) {
        let mut header = Header::new_gnu();
        // A type of its own: of one that is NUL, a name that was cut off behind a slash makes a directory for some.
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        self.tar.append_data(&mut header, name, content).unwrap();
    }

    fn directory(&mut self, name: &str) {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        header.set_size(0);
        self.tar.append_data(&mut header, name, &b""[..]).unwrap();
    }

    /// A header, and as many zeros as it claims, which take no room on the disk.
    fn hollow(&mut self, name: &str, kind: EntryType, size: u64) {
        let mut header = Header::new_gnu();
        header.set_path(name).unwrap();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_cksum();
        let file = self.tar.get_mut();
        file.write_all(header.as_bytes()).unwrap();
        let end = file.metadata().unwrap().len() + size.next_multiple_of(512);
        file.set_len(end).unwrap();
        std::io::Seek::seek(file, std::io::SeekFrom::End(0)).unwrap();
    }

    fn open(&mut self) -> Result<Layout, Error> {
        self.tar.finish().unwrap();
        Layout::open(&self.path())
    }

    fn refusal(&mut self) -> String {
        let path = self.path().display().to_string();
        self.open().unwrap_err().to_string().replace(&path, "PATH")
    }
}

#[test]
fn an_archive_that_is_compressed_or_names_a_file_twice_is_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.tar");
    fs::write(&path, b"\x1f\x8b\x08\0\0\0\0\0\0\x03").unwrap();
    let error = Layout::open(&path).unwrap_err();
    assert!(matches!(error, Error::NotALayout { found, .. } if found == "something compressed"));
    let mut tar = tar::Builder::new(fs::File::create(&path).unwrap());
    for _ in 0..2 {
        let mut header = tar::Header::new_ustar();
        header.set_size(0);
        tar.append_data(&mut header, "index.json", &b""[..]).unwrap();
    }
    tar.finish().unwrap();
    let error = Layout::open(&path).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected files and directories, each once, found twice `index.json`"
    );
}

#[test]
fn a_blob_of_any_size_is_skipped_and_one_that_is_cut_off_is_rejected() {
    let mut archive = Archive::of_layout();
    // Above what is read of a member of other archives; reading it would take minutes.
    archive.hollow("blobs/sha256/0", EntryType::Regular, 17 * GIB);
    assert!(archive.open().unwrap().index().manifests().is_empty());
    let file = File::options().write(true).open(archive.path()).unwrap();
    file.set_len(16 * GIB).unwrap();
    let found = Layout::open(&archive.path()).unwrap_err().to_string();
    assert!(
        found.ends_with("`blobs/sha256/0` has 18253611008 bytes, expected at most 17179869184"),
        "{found}"
    );
}

#[test]
fn a_long_name_or_an_extended_header_of_gigabytes_is_not_read() {
    for kind in [
        EntryType::GNULongName,
        EntryType::GNULongLink,
        EntryType::XHeader,
        EntryType::XGlobalHeader,
    ] {
        let mut archive = Archive::of_layout();
        archive.hollow("long", kind, 3 * GIB);
        archive.file("x", b"");
        assert_eq!(
            archive.refusal(),
            "expected an OCI layout directory or archive at `PATH`, found something else: an extended header has more than \
             1048576 bytes"
        );
    }
}

#[test]
fn a_long_name_that_is_not_needed_is_accepted_and_one_that_is_no_path_is_rejected() {
    let mut archive = Archive::of_layout();
    archive.directory(&"n/".repeat(1500));
    archive.file(&format!("{}x", "m/".repeat(1500)), b"x");
    assert!(archive.open().is_ok());
    let mut archive = Archive::of_layout();
    archive.hollow("long", EntryType::GNULongName, 5000);
    archive.file("x", b"");
    let found = archive.refusal();
    assert!(found.contains("found something else: "), "{found}");
}

#[test]
fn directories_count_too_also_those_that_are_only_named_in_a_path() {
    let mut archive = Archive::of_layout();
    let deep = |n: usize| format!("{n}/{}x", "d/".repeat(500));
    for n in 0..180 {
        archive.directory(&deep(n));
    }
    assert!(archive.open().is_ok());
    let mut archive = Archive::of_layout();
    for n in 0..210 {
        archive.directory(&deep(n));
    }
    assert_eq!(
        archive.refusal(),
        "expected at most 100000 files and directories in a layout archive"
    );
}

#[test]
fn whatever_is_there_twice_or_is_no_file_is_rejected() {
    let mut archive = Archive::of_layout();
    archive.directory("blobs/");
    assert!(archive.open().is_ok());
    let mut archive = Archive::of_layout();
    archive.directory("blobs/");
    archive.directory("./blobs");
    assert_eq!(
        archive.refusal(),
        "expected files and directories, each once, found twice `blobs`"
    );
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Fifo,
        EntryType::GNUSparse,
    ] {
        let mut archive = Archive::of_layout();
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        archive.tar.append_link(&mut header, "x", "index.json").unwrap();
        let expected = "expected files and directories, each once, found something else, called `x`";
        assert_eq!(archive.refusal(), expected);
    }
}
