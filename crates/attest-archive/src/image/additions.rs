use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use serde_json::value::RawValue;

use super::layout::blob_path;
use super::{Descriptor, Edited, Error, Layout, MAX_DOCUMENT_BYTES, annotation};
use crate::draft::{sync_directory, temporary_file};

const MARKER: &str = "oci-layout";
const INDEX: &str = "index.json";
const MANIFESTS: &str = "manifests";

/// How long a layout is waited for that others write into. Each holds the lock while one small file is written and synced: two hundred
/// of them take some seconds, also on a slow disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait before the lock is tried again.
const PAUSE: Duration = Duration::from_millis(5);

/// A layout directory that gains blobs, and entries in its `index.json`. What it has stays: entries of others as they were written,
/// byte for byte. Several processes may add to one layout: whoever changes `index.json` holds a lock on `oci-layout` meanwhile.
#[derive(Debug, Clone)]
pub struct Additions {
    directory: PathBuf,
}

/// Which entry of `index.json` a blob gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPlace<'a> {
    /// One of its own, unless there is one.
    Own,
    /// The one that has this tag, in place of what has it.
    Tag(&'a str),
    /// The one of this digest, whose annotations stay.
    InPlaceOf(&'a Digest),
}

impl Additions {
    /// Opens a layout directory, and tries whether files can be written into it: whoever signs first would have nowhere to put it.
    ///
    /// # Errors
    /// [`Error::LayoutArchive`] for an archive, which is not changed; [`Error::Write`]; as for [`Layout::open`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        Layout::open(path)?;
        if !path.is_dir() {
            return Err(Error::LayoutArchive { path: path.to_owned() });
        }
        let blobs = path.join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(Error::write)?;
        for directory in [path, &blobs] {
            temporary_file(directory)
                .and_then(tempfile::NamedTempFile::close)
                .map_err(Error::write)?;
        }
        Ok(Self {
            directory: path.to_owned(),
        })
    }

    /// Puts a blob in, unless it is there, and says what it is.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn insert(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, Error> {
        let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
        let digest = measured.digest(Algorithm::Sha256).expect("it was asked for").clone();
        let path = self.directory.join(blob_path(&digest));
        if holds(&path, bytes) {
            return Ok(Descriptor::new(media_type, digest, bytes.len() as u64));
        }
        let parent = path.parent().unwrap_or(&self.directory);
        fs::create_dir_all(parent).map_err(Error::write)?;
        replace(&path, parent, bytes)?;
        Ok(Descriptor::new(media_type, digest, bytes.len() as u64))
    }

    /// Names a blob that was put in by an entry of `index.json`, if `is_still` says of the layout as it is then that it should;
    /// false when it does not.
    ///
    /// # Errors
    /// [`Error::Write`]; [`Error::Locked`] when others hold the lock for a minute; [`Error::TooLarge`] when `index.json` would be larger than it may be; what `is_still` says; as for
    /// [`Layout::open`].
    pub fn name(
        &self,
        descriptor: &Descriptor,
        place: EntryPlace<'_>,
        is_still: impl FnOnce(&Layout) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        let _lock = self.lock(PATIENCE)?;
        if !is_still(&Layout::open(&self.directory)?)? {
            return Ok(false);
        }
        let path = self.directory.join(INDEX);
        let before = fs::read(&path).map_err(Error::read(&path))?;
        let mut index = Edited::parse(&before).map_err(Error::document(INDEX))?;
        let mut entries = index.list(MANIFESTS).map_err(Error::document(INDEX))?;
        if !enter(&mut entries, descriptor, place)? {
            return Ok(true);
        }
        index.set(MANIFESTS, &entries)?;
        let after = index.to_json();
        require_size(&after)?;
        replace(&path, &self.directory, after.as_bytes())?;
        Ok(true)
    }

    /// Whether somebody holds the lock right now, who may be done in a moment.
    #[must_use]
    pub fn is_locked(path: &Path) -> bool {
        let marker = marker(&path.join(MARKER));
        marker.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Held until it is dropped. The marker is never replaced, so that all lock the same file.
    fn lock(&self, patience: Duration) -> Result<File, Error> {
        let path = self.directory.join(MARKER);
        let file = marker(&path)?;
        let begin = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(Error::write(error)),
                Err(TryLockError::WouldBlock) if begin.elapsed() < patience => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    let seconds = patience.as_secs();
                    return Err(Error::Locked { path, seconds });
                }
            }
        }
    }
}

fn marker(path: &Path) -> Result<File, Error> {
    // Some network file systems lock only what may be written.
    let file = OpenOptions::new().read(true).write(true).open(path);
    file.or_else(|_| File::open(path)).map_err(Error::read(path))
}

/// False when nothing is to be changed.
fn enter(entries: &mut Vec<Box<RawValue>>, new: &Descriptor, place: EntryPlace<'_>) -> Result<bool, Error> {
    let read = |entry: &RawValue| serde_json::from_str::<Descriptor>(entry.get()).ok();
    let at = entries.iter().position(|entry| {
        read(entry).is_some_and(|entry| match place {
            EntryPlace::Own => entry.digest() == new.digest(),
            EntryPlace::Tag(tag) => entry.reference_name() == Some(tag),
            EntryPlace::InPlaceOf(digest) => entry.digest() == digest,
        })
    });
    match (at, place) {
        (Some(_), EntryPlace::Own) => Ok(false),
        (Some(at), _) => {
            let mut entry = Edited::parse(entries[at].get().as_bytes())?;
            entry.set("mediaType", &new.media_type())?;
            entry.set("digest", &new.digest().to_string())?;
            entry.set("size", &new.size())?;
            entries[at] = raw(&entry.to_json())?;
            Ok(true)
        }
        (None, _) => {
            let mut annotations = new.annotations().clone();
            if let EntryPlace::Tag(tag) = place {
                annotations.insert(annotation::REF_NAME.to_owned(), tag.to_owned());
            }
            let entry = new.clone().with_annotations(annotations);
            let json = serde_json::to_string(&entry).expect("a descriptor is strings and numbers");
            entries.push(raw(&json)?);
            Ok(true)
        }
    }
}

fn raw(json: &str) -> Result<Box<RawValue>, Error> {
    RawValue::from_string(json.to_owned()).map_err(|error| Error::Json {
        expected: "an entry of an index",
        reason: error.to_string(),
    })
}

/// What has another size, or has none as a pipe and a device, is not read.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == bytes.len() as u64)
        && fs::read(path).is_ok_and(|there| there == bytes)
}

/// A layout that nobody reads any more is not written.
fn require_size(index: &str) -> Result<(), Error> {
    match index.len() as u64 {
        found if found > MAX_DOCUMENT_BYTES => Err(Error::TooLarge {
            what: format!("`{INDEX}` with what is added"),
            limit: MAX_DOCUMENT_BYTES,
            found,
        }),
        _ => Ok(()),
    }
}

/// Writes beside, syncs and renames.
fn replace(path: &Path, directory: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = temporary_file(directory).map_err(Error::write)?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(Error::write)?;
    file.persist(path).map_err(|error| Error::write(error.error))?;
    Ok(sync_directory(directory)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Annotations, Store};

    /// A layout with an entry that has fields of somebody else's.
    fn scene() -> tempfile::TempDir {
        let scene = tempfile::tempdir().unwrap();
        Store::open(scene.path()).unwrap();
        let additions = Additions::open(scene.path()).unwrap();
        let blob = additions.insert("a/b", b"image").unwrap();
        let entry = format!(
            r#"{{ "mediaType":"a/b", "size":5,"digest":"{}","x-new":[1.0, 2] }}"#,
            blob.digest()
        );
        let index = format!(r#"{{"schemaVersion":2,"x-top": {{"y":1e2}},"manifests":[{entry}]}}"#);
        fs::write(scene.path().join(INDEX), index).unwrap();
        scene
    }

    fn index(scene: &tempfile::TempDir) -> String {
        fs::read_to_string(scene.path().join(INDEX)).unwrap()
    }

    fn always(_: &Layout) -> Result<bool, Error> {
        Ok(true)
    }

    #[test]
    fn an_entry_is_added_and_those_of_others_stay_as_they_were_written() {
        let scene = scene();
        let before = index(&scene);
        let additions = Additions::open(scene.path()).unwrap();
        let annotations: Annotations = [("k".to_owned(), "v".to_owned())].into();
        let new = additions.insert("c/d", b"new").unwrap().with_annotations(annotations);
        assert!(additions.name(&new, EntryPlace::Own, always).unwrap());
        let entry = format!(
            r#",{{"mediaType":"c/d","digest":"{}","size":3,"annotations":{{"k":"v"}}}}]}}"#,
            new.digest()
        );
        let expected = format!("{}{entry}", before.strip_suffix("]}").unwrap());
        assert_eq!(index(&scene), expected.replace(r#""x-top": "#, r#""x-top":"#));
        assert!(additions.name(&new, EntryPlace::Own, always).unwrap());
        assert_eq!(Layout::open(scene.path()).unwrap().index().manifests().len(), 2);
        assert_eq!(Layout::open(scene.path()).unwrap().document(&new).unwrap(), b"new");
    }

    #[test]
    fn a_tag_moves_and_what_stands_in_the_place_of_another_keeps_its_annotations() {
        let scene = scene();
        let additions = Additions::open(scene.path()).unwrap();
        let old = additions.insert("a/b", b"image").unwrap();
        for content in [b"one", b"two"] {
            let new = additions.insert("c/d", content).unwrap();
            assert!(additions.name(&new, EntryPlace::Tag("v1"), always).unwrap());
            let found = Layout::open(scene.path()).unwrap().find(Some("v1")).unwrap();
            assert_eq!(found.digest(), new.digest());
        }
        let new = additions.insert("c/d", b"three").unwrap();
        additions
            .name(&new, EntryPlace::InPlaceOf(old.digest()), always)
            .unwrap();
        let entry = format!(
            r#"{{"mediaType":"c/d","size":5,"digest":"{}","x-new":[1.0, 2]}}"#,
            new.digest()
        );
        assert!(index(&scene).contains(&entry), "{}", index(&scene));
    }

    #[test]
    fn what_is_no_longer_so_changes_nothing() {
        let scene = scene();
        let before = index(&scene);
        let additions = Additions::open(scene.path()).unwrap();
        let new = additions.insert("c/d", b"new").unwrap();
        assert!(!additions.name(&new, EntryPlace::Own, |_| Ok(false)).unwrap());
        assert_eq!(index(&scene), before);
    }

    #[test]
    fn an_index_that_would_be_too_large_is_told_and_stays() {
        let scene = scene();
        let additions = Additions::open(scene.path()).unwrap();
        let size = usize::try_from(MAX_DOCUMENT_BYTES).unwrap() - index(&scene).len();
        let annotations = |length| Annotations::from([("k".to_owned(), "v".repeat(length))]);
        let fits = additions.insert("a/b", b"1").unwrap();
        let large = additions.insert("a/b", b"2").unwrap();
        let large = large.with_annotations(annotations(size));
        let before = index(&scene);
        let error = additions.name(&large, EntryPlace::Own, always).unwrap_err();
        assert!(
            matches!(&error, Error::TooLarge { found, .. } if *found > MAX_DOCUMENT_BYTES),
            "{error}"
        );
        assert_eq!(index(&scene), before);
        let fits = fits.with_annotations(annotations(size - 1000));
        assert!(additions.name(&fits, EntryPlace::Own, always).unwrap());
        Layout::open(scene.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_stands_in_the_place_of_a_blob_is_replaced_and_what_it_links_to_is_not_read() {
        let scene = scene();
        let additions = Additions::open(scene.path()).unwrap();
        let new = additions.insert("a/b", b"new").unwrap();
        let path = scene.path().join(blob_path(new.digest()));
        for target in ["/dev/zero", "nothing", "../../index.json"] {
            let before = index(&scene);
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink(target, &path).unwrap();
            additions.insert("a/b", b"new").unwrap();
            assert!(fs::symlink_metadata(&path).unwrap().is_file());
            assert_eq!(fs::read(&path).unwrap(), b"new");
            assert_eq!(index(&scene), before);
        }
        fs::write(&path, b"old").unwrap();
        additions.insert("a/b", b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_layout_that_cannot_be_written_is_told_before_anything_is_to_be_put_there() {
        let scene = scene();
        let blobs = scene.path().join("blobs/sha256");
        let names = || fs::read_dir(scene.path()).unwrap().count() + fs::read_dir(&blobs).map_or(0, Iterator::count);
        let before = names();
        Additions::open(scene.path()).unwrap();
        assert_eq!(names(), before);
        fs::remove_dir_all(&blobs).unwrap();
        fs::write(&blobs, "").unwrap();
        assert!(matches!(Additions::open(scene.path()), Err(Error::Write { .. })));
    }

    #[test]
    fn an_archive_of_a_layout_is_not_changed() {
        let scene = scene();
        let path = scene.path().join("layout.tar");
        let mut archive = tar::Builder::new(File::create(&path).unwrap());
        for name in [MARKER, INDEX] {
            archive.append_path_with_name(scene.path().join(name), name).unwrap();
        }
        archive.finish().unwrap();
        Layout::open(&path).unwrap();
        assert!(matches!(Additions::open(&path), Err(Error::LayoutArchive { path: found }) if found == path));
    }

    #[test]
    fn who_holds_the_lock_is_waited_for_and_not_for_ever() {
        let scene = scene();
        let additions = Additions::open(scene.path()).unwrap();
        let held = additions.lock(Duration::ZERO).unwrap();
        assert!(Additions::is_locked(scene.path()));
        let error = additions.lock(Duration::from_millis(20)).unwrap_err();
        assert!(matches!(error, Error::Locked { path, .. } if path == scene.path().join(MARKER)));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| additions.lock(PATIENCE).map(drop));
            std::thread::sleep(PAUSE);
            drop(held);
            waiting.join().unwrap().unwrap();
        });
        assert!(!Additions::is_locked(scene.path()));
    }

    #[test]
    fn two_hundred_writers_at_once_lose_no_entry() {
        let scene = scene();
        std::thread::scope(|scope| {
            for writer in 0..200_u32 {
                let additions = Additions::open(scene.path()).unwrap();
                scope.spawn(move || {
                    let new = additions.insert("c/d", &writer.to_le_bytes()).unwrap();
                    assert!(additions.name(&new, EntryPlace::Own, always).unwrap());
                });
            }
        });
        assert_eq!(Layout::open(scene.path()).unwrap().index().manifests().len(), 201);
        let left = fs::read_dir(scene.path()).unwrap().count();
        assert_eq!(left, 3, "only `blobs`, `index.json` and `oci-layout`");
    }
}
