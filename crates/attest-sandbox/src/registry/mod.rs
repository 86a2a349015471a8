//! Blobs, manifests and tags in, the same bytes by digest or tag out: an OCI registry on a directory, with referrers.
//!
//! Nothing lies in memory: a directory that is kept holds the same registry at the next start. Every file is written under
//! another name and then renamed, so that whatever is there is whole.
//!
//! Source: OCI distribution specification 1.1.

mod digest;
mod error;
mod manifest;
mod name;
mod occupation;
mod upload;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use digest::Digest;
pub use error::RegistryError;
pub use manifest::{Descriptor, Manifest};
pub use name::{Name, Reference, Tag};
pub use upload::Upload;

use occupation::Occupation;

/// Largest manifest, as other registries have it.
pub const MAX_MANIFEST_BYTES: usize = 4 << 20;

/// Where the bytes of every digest lie, and what each repository has of them.
const BLOBS: &str = "blobs";
const REPOSITORIES: &str = "repositories";

/// A registry below a directory.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use attest_sandbox::registry::{Digest, Registry};
///
/// let directory = tempfile::tempdir()?;
/// let registry = Registry::open(directory.path())?;
/// let name = "team/app".parse()?;
/// let digest = Digest::sha256(b"content");
/// let mut upload = registry.begin(&name)?;
/// upload.append(b"content")?;
/// registry.finish(&name, upload, &digest)?;
/// assert_eq!(registry.blob(&name, &digest)?.metadata()?.len(), 7);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Registry {
    root: PathBuf,
    /// Held while a tag is compared and moved, so that of two writers with one expectation only one succeeds.
    moving: Mutex<()>,
    uploads: Mutex<u64>,
    _occupation: Occupation,
}

/// A manifest as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its bytes, as they were sent.
    pub bytes: Vec<u8>,
    /// The media type that it was sent with.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
}

/// Where a tag must be now for a manifest to be put below it. Source: RFC 9110, section 13.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected<'a> {
    /// At this digest.
    At(&'a str),
    /// Nowhere.
    Absent,
}

impl Registry {
    /// Opens a directory; it is made if it is not there. Uploads that an earlier run did not finish are gone. Nobody else can open it
    /// until this value is dropped.
    ///
    /// # Errors
    /// [`RegistryError::InUse`] while it is open elsewhere; what the system says.
    pub fn open(root: &Path) -> Result<Self, RegistryError> {
        fs::create_dir_all(root)?;
        let registry = Self {
            _occupation: Occupation::of(root)?,
            root: root.to_owned(),
            moving: Mutex::new(()),
            uploads: Mutex::new(0),
        };
        found(fs::remove_dir_all(registry.uploads_directory()))?;
        fs::create_dir(registry.uploads_directory())?;
        Ok(registry)
    }

    /// The same, and what it held is gone.
    ///
    /// # Errors
    /// As for [`Registry::open`].
    pub fn open_empty(root: &Path) -> Result<Self, RegistryError> {
        let registry = Self::open(root)?;
        for held in [REPOSITORIES, BLOBS] {
            found(fs::remove_dir_all(root.join(held)))?;
        }
        Ok(registry)
    }

    /// A blob of a repository.
    ///
    /// # Errors
    /// [`RegistryError::BlobUnknown`] when the repository does not have it, even if another one does.
    pub fn blob(&self, name: &Name, digest: &Digest) -> Result<File, RegistryError> {
        let unknown = || RegistryError::BlobUnknown(digest.clone());
        found(fs::metadata(self.mark(name, "blobs", digest)))?.ok_or_else(unknown)?;
        found(File::open(self.content(digest)))?.ok_or_else(unknown)
    }

    /// Takes a blob of another repository; `false` when that one does not have it.
    ///
    /// # Errors
    /// What the system says.
    pub fn mount(&self, name: &Name, from: &Name, digest: &Digest) -> Result<bool, RegistryError> {
        match self.blob(from, digest) {
            Ok(_) => self.write(&self.mark(name, "blobs", digest), b"").map(|()| true),
            Err(RegistryError::BlobUnknown(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Forgets a blob.
    ///
    /// # Errors
    /// [`RegistryError::BlobUnknown`].
    pub fn delete_blob(&self, name: &Name, digest: &Digest) -> Result<(), RegistryError> {
        let removed = found(fs::remove_file(self.mark(name, "blobs", digest)))?;
        removed.ok_or_else(|| RegistryError::BlobUnknown(digest.clone()))
    }

    /// A manifest by tag or digest.
    ///
    /// # Errors
    /// [`RegistryError::ManifestUnknown`].
    pub fn manifest(&self, name: &Name, reference: &Reference) -> Result<Served, RegistryError> {
        let unknown = || RegistryError::ManifestUnknown(reference.to_string());
        let digest = match reference {
            Reference::Digest(digest) => digest.clone(),
            Reference::Tag(tag) => self.tagged(name, tag)?.ok_or_else(unknown)?,
        };
        let media_type = found(fs::read_to_string(self.mark(name, "manifests", &digest)))?.ok_or_else(unknown)?;
        let bytes = found(fs::read(self.content(&digest)))?.ok_or_else(unknown)?;
        Ok(Served {
            bytes,
            media_type,
            digest,
        })
    }

    /// Stores a manifest, and moves the tag if the reference is one, from where it is expected.
    ///
    /// # Errors
    /// When it is no manifest, names content that is not there, has another digest than asked, or the tag was moved meanwhile.
    pub fn put_manifest(
        &self,
        name: &Name,
        reference: &Reference,
        media_type: &str,
        bytes: &[u8],
        expected: Option<Expected<'_>>,
    ) -> Result<(Digest, Manifest), RegistryError> {
        let manifest = Manifest::parse(bytes, media_type)?;
        self.refuse_missing(name, &manifest)?;
        let digest = match reference {
            Reference::Digest(digest) => digest.clone(),
            Reference::Tag(_) => Digest::sha256(bytes),
        };
        digest.check(bytes)?;
        let moving = self.lock();
        if let (Reference::Tag(tag), Some(expected)) = (reference, expected) {
            let now = self.tagged(name, tag)?.map(|digest| digest.to_string());
            let is_as_expected = match expected {
                Expected::At(digest) => now.as_deref() == Some(digest),
                Expected::Absent => now.is_none(),
            };
            if !is_as_expected {
                return Err(RegistryError::TagMoved(tag.to_string()));
            }
        }
        self.write(&self.content(&digest), bytes)?;
        if let Some(subject) = &manifest.subject {
            self.write(&self.referrers_directory(name, subject).join(digest.file_name()), b"")?;
        }
        self.write(&self.mark(name, "manifests", &digest), media_type.as_bytes())?;
        if let Reference::Tag(tag) = reference {
            self.write(
                &self.tags_directory(name).join(tag.as_str()),
                digest.to_string().as_bytes(),
            )?;
        }
        drop(moving);
        Ok((digest, manifest))
    }

    fn refuse_missing(&self, name: &Name, manifest: &Manifest) -> Result<(), RegistryError> {
        for digest in &manifest.blobs {
            self.blob(name, digest)?;
        }
        for digest in &manifest.manifests {
            let unknown = || RegistryError::ManifestUnknown(digest.to_string());
            found(fs::metadata(self.mark(name, "manifests", digest)))?.ok_or_else(unknown)?;
        }
        Ok(())
    }

    /// Forgets a tag, or a manifest with every tag that is at it.
    ///
    /// # Errors
    /// [`RegistryError::ManifestUnknown`].
    pub fn delete_manifest(&self, name: &Name, reference: &Reference) -> Result<(), RegistryError> {
        let _moving = self.lock();
        let unknown = || RegistryError::ManifestUnknown(reference.to_string());
        match reference {
            Reference::Tag(tag) => {
                found(fs::remove_file(self.tags_directory(name).join(tag.as_str())))?.ok_or_else(unknown)
            }
            Reference::Digest(digest) => {
                let served = self.manifest(name, reference)?;
                fs::remove_file(self.mark(name, "manifests", digest))?;
                if let Ok(Manifest {
                    subject: Some(subject), ..
                }) = Manifest::parse(&served.bytes, &served.media_type)
                {
                    found(fs::remove_file(
                        self.referrers_directory(name, &subject).join(digest.file_name()),
                    ))?;
                }
                for tag in self.tags(name)? {
                    let tag: Tag = tag.parse()?;
                    if self.tagged(name, &tag)?.as_ref() == Some(digest) {
                        fs::remove_file(self.tags_directory(name).join(tag.as_str()))?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Every tag, in the order of their bytes.
    ///
    /// # Errors
    /// [`RegistryError::NameUnknown`] for a repository that holds nothing.
    pub fn tags(&self, name: &Name) -> Result<Vec<String>, RegistryError> {
        let unknown = || RegistryError::NameUnknown(name.to_string());
        found(fs::metadata(self.repository(name)))?.ok_or_else(unknown)?;
        Ok(file_names(&self.tags_directory(name))?)
    }

    /// Who names a manifest as subject, in the order of their digests.
    ///
    /// # Errors
    /// What the system says; a repository or a manifest that is not there has no referrers.
    pub fn referrers(&self, name: &Name, subject: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        let mut referrers = Vec::new();
        for file in file_names(&self.referrers_directory(name, subject))? {
            let Some(digest) = Digest::of_file_name(&file) else {
                continue;
            };
            let served = self.manifest(name, &Reference::Digest(digest.clone()))?;
            let manifest = Manifest::parse(&served.bytes, &served.media_type)?;
            referrers.push(manifest.descriptor(digest, served.bytes.len()));
        }
        Ok(referrers)
    }

    /// Begins an upload.
    ///
    /// # Errors
    /// What the system says.
    pub fn begin(&self, name: &Name) -> Result<Upload, RegistryError> {
        let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        *uploads += 1;
        Ok(Upload::create(&self.upload_path(name, &uploads.to_string()))?)
    }

    /// An upload that was begun.
    ///
    /// # Errors
    /// [`RegistryError::UploadUnknown`].
    pub fn upload(&self, name: &Name, identifier: &str) -> Result<Upload, RegistryError> {
        let unknown = || RegistryError::UploadUnknown(identifier.to_owned());
        if identifier.is_empty() || !identifier.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(unknown());
        }
        found(Upload::open(&self.upload_path(name, identifier)))?.ok_or_else(unknown)
    }

    /// Makes an upload a blob.
    ///
    /// # Errors
    /// [`RegistryError::DigestInvalid`] when the content has another digest; then the upload is gone.
    pub fn finish(&self, name: &Name, upload: Upload, digest: &Digest) -> Result<(), RegistryError> {
        let content = self.content(digest);
        create_parent(&content)?;
        upload.rename(digest, &content)?;
        self.write(&self.mark(name, "blobs", digest), b"")
    }

    fn tagged(&self, name: &Name, tag: &Tag) -> Result<Option<Digest>, RegistryError> {
        let text = found(fs::read_to_string(self.tags_directory(name).join(tag.as_str())))?;
        text.map(|text| text.parse()).transpose()
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        // It guards no value that could be half changed.
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn content(&self, digest: &Digest) -> PathBuf {
        self.root.join(BLOBS).join(digest.file_name())
    }

    /// A name of its own for each repository: `/` of its name becomes a character that names cannot have.
    fn repository(&self, name: &Name) -> PathBuf {
        self.root.join(REPOSITORIES).join(name.file_name())
    }

    fn mark(&self, name: &Name, kind: &str, digest: &Digest) -> PathBuf {
        self.repository(name).join(kind).join(digest.file_name())
    }

    fn tags_directory(&self, name: &Name) -> PathBuf {
        self.repository(name).join("tags")
    }

    fn referrers_directory(&self, name: &Name, subject: &Digest) -> PathBuf {
        self.repository(name).join("referrers").join(subject.file_name())
    }

    fn uploads_directory(&self) -> PathBuf {
        self.root.join("uploads")
    }

    fn upload_path(&self, name: &Name, identifier: &str) -> PathBuf {
        self.uploads_directory()
            .join(format!("{identifier}-{}", name.file_name()))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), RegistryError> {
        create_parent(path)?;
        let mut file = tempfile::NamedTempFile::new_in(self.uploads_directory())?;
        file.write_all(bytes)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

fn create_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// What is not there is nothing; what cannot be read is an error.
fn found<T>(result: io::Result<T>) -> Result<Option<T>, RegistryError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn file_names(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests;
