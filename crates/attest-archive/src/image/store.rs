use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use attest_digest::{Algorithms, Digest, Measured, MeasuringWriter};

use super::layout::blob_path;
use super::{Annotations, Descriptor, Error, Index, Layout, MAX_DOCUMENT_BYTES};
use crate::draft::Unplaced;

const MARKER: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// Blobs that are kept for later, in the shape of a layout whose `index.json` names none of them: each lies under its digest, and
/// came to be there whole and checked. Several processes may put blobs into one store.
///
/// What was put in may have been spoiled since: whoever reads holds it to its digest, as with any layout.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
}

impl Store {
    /// Opens a store, and makes it if it is not there.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let store = Self {
            directory: directory.to_owned(),
        };
        fs::create_dir_all(directory).map_err(Error::write)?;
        let index = Index::new(Vec::new(), Annotations::new()).to_json();
        for (name, bytes) in [("index.json", &index[..]), ("oci-layout", MARKER)] {
            let path = directory.join(name);
            if !path.is_file() {
                let mut file = store.temporary_file()?;
                file.write_all(bytes).map_err(Error::write)?;
                persist(file, &path).map_err(Error::write)?;
            }
        }
        Ok(store)
    }

    /// The blobs to be read.
    ///
    /// # Errors
    /// As for [`Layout::open`].
    pub fn layout(&self) -> Result<Layout, Error> {
        Layout::open(&self.directory)
    }

    /// Whether a blob is here, and still is what it was.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn holds(&self, descriptor: &Descriptor) -> Result<bool, Error> {
        let path = self.path(descriptor.digest());
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            file => file.map_err(Error::read(&path))?,
        };
        let mut writer = MeasuringWriter::new(io::sink(), &Algorithms::one(descriptor.digest().algorithm()));
        io::copy(&mut file, &mut writer).map_err(Error::read(&path))?;
        Ok(is_it(&writer.finish().1, descriptor.digest(), descriptor.size()))
    }

    /// An index, a manifest or a configuration by its digest alone, if it is here and still is what it was.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(digest);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(Error::read(&path))?,
        };
        let mut bytes = Vec::new();
        let read = file.take(MAX_DOCUMENT_BYTES + 1).read_to_end(&mut bytes);
        let size = read.map_err(Error::read(&path))? as u64;
        let measured = Measured::of_bytes(&bytes, &Algorithms::one(digest.algorithm()));
        let is_whole = size <= MAX_DOCUMENT_BYTES && is_it(&measured, digest, size);
        Ok(is_whole.then_some(bytes))
    }

    /// Puts a blob in. What `write` writes must be that blob; otherwise nothing is kept.
    ///
    /// # Errors
    /// What `write` says; [`Error::BlobSize`], [`Error::BlobDigest`], [`Error::Write`].
    pub fn insert<E: From<Error>>(
        &self,
        digest: &Digest,
        size: u64,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let file = self.temporary_file()?;
        let mut writer = MeasuringWriter::new(file, &Algorithms::one(digest.algorithm()));
        write(&mut writer)?;
        let (file, measured) = writer.finish();
        if measured.size() != size {
            return Err(E::from(Error::BlobSize {
                digest: digest.clone(),
                expected: size,
                found: measured.size(),
            }));
        }
        if !is_it(&measured, digest, size) {
            let found = measured.digest(digest.algorithm()).unwrap_or(digest).clone();
            let expected = digest.clone();
            return Err(E::from(Error::BlobDigest { expected, found }));
        }
        let path = self.path(digest);
        let kept = match path.parent() {
            Some(parent) => fs::create_dir_all(parent).and_then(|()| persist(file, &path)),
            None => persist(file, &path),
        };
        Ok(kept.map_err(Error::write)?)
    }

    /// Without a name, where the system knows such files: of what is broken off nothing is left. What a registry shows to one user
    /// is not for the others.
    fn temporary_file(&self) -> Result<Unplaced, Error> {
        Unplaced::of_owner(&self.directory).map_err(Error::write)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.directory.join(blob_path(digest))
    }
}

fn is_it(measured: &Measured, digest: &Digest, size: u64) -> bool {
    measured.size() == size && measured.digest(digest.algorithm()) == Some(digest)
}

fn persist(file: Unplaced, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.place(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(bytes: &[u8]) -> Descriptor {
        let measured = Measured::of_bytes(bytes, &"sha256".parse().unwrap());
        let digest = measured.digests().iter().next().unwrap().clone();
        Descriptor::new("a/b", digest, measured.size())
    }

    fn insert(store: &Store, claimed: &Descriptor, bytes: &[u8]) -> Result<(), Error> {
        store.insert(claimed.digest(), claimed.size(), |file| {
            file.write_all(bytes).map_err(Error::write)
        })
    }

    fn files(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn what_was_put_in_is_held_and_read_as_a_layout() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        let blob = descriptor(b"content");
        assert!(!store.holds(&blob).unwrap());
        assert_eq!(store.document(blob.digest()).unwrap(), None);
        insert(&store, &blob, b"content").unwrap();
        let again = Store::open(&directory.path().join("store")).unwrap();
        assert!(again.holds(&blob).unwrap());
        assert_eq!(again.document(blob.digest()).unwrap().unwrap(), b"content");
        assert_eq!(again.layout().unwrap().document(&blob).unwrap(), b"content");
    }

    #[test]
    fn what_is_not_that_blob_is_not_kept() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let blob = descriptor(b"content");
        let before = files(directory.path());
        assert!(matches!(
            insert(&store, &blob, b"CONTENT"),
            Err(Error::BlobDigest { .. })
        ));
        assert!(matches!(
            insert(&store, &blob, b"conten"),
            Err(Error::BlobSize { found: 6, .. })
        ));
        assert!(!store.holds(&blob).unwrap());
        assert_eq!(files(directory.path()), before);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_broken_off_leaves_nothing_and_what_is_kept_is_for_its_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let blob = descriptor(b"content");
        let before = files(directory.path());
        let inserted = store.insert(blob.digest(), blob.size(), |file| {
            file.write_all(b"content").map_err(Error::write)?;
            assert_eq!(files(directory.path()), before);
            Ok::<_, Error>(())
        });
        inserted.unwrap();
        let mode = fs::metadata(store.path(blob.digest())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_was_spoiled_is_not_held() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let blob = descriptor(b"content");
        insert(&store, &blob, b"content").unwrap();
        fs::write(store.path(blob.digest()), b"CONTENT").unwrap();
        assert!(!store.holds(&blob).unwrap());
        assert_eq!(store.document(blob.digest()).unwrap(), None);
        insert(&store, &blob, b"content").unwrap();
        assert!(store.holds(&blob).unwrap());
    }
}
