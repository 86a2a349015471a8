use std::io::Read;
use std::path::Path;

use attest_digest::Digest;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::blob::Blob;
use super::storage::Storage;
use super::{Descriptor, Error, Index, MAX_DOCUMENT_BYTES, Manifest, keys};

/// How deep indexes may lie in each other: an index, that of a tool that wraps it, and one more.
pub const MAX_DEPTH: usize = 4;

/// The most manifests that are looked at in a layout: each costs reading a document, and no release comes near.
pub const MAX_MANIFESTS: usize = 1000;

const MARKER: &str = "oci-layout";
const INDEX: &str = "index.json";
const VERSION: &str = "1.0.0";

/// An OCI image layout: a directory, or a tar archive of one, which is not unpacked.
///
/// Every blob is held to the digest and the size of what points to it.
///
/// Source: OCI image-spec 1.1, `image-layout.md`.
#[derive(Debug)]
pub struct Layout {
    storage: Storage,
    index: Index,
}

/// An image of a layout, and what points to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What points to the manifest, in the innermost index.
    pub descriptor: Descriptor,
    /// The manifest.
    pub manifest: Manifest,
}

#[derive(Deserialize)]
struct MarkerWire {
    #[serde(rename = "imageLayoutVersion")]
    version: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Layout {
    /// Opens a layout directory or a layout archive, which must not be compressed.
    ///
    /// # Errors
    /// [`Error::NotALayout`], [`Error::Read`], [`Error::ArchiveEntry`], [`Error::TooMany`], [`Error::TooLarge`]; [`Error::Document`]
    /// with what [`Index::from_json`] says of `index.json`.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let storage = Storage::open(path)?;
        let not = |found: String| Error::NotALayout {
            path: path.to_owned(),
            found,
        };
        let marker = storage
            .document(MARKER)?
            .ok_or_else(|| not(format!("no `{MARKER}` in it")))?;
        match serde_json::from_slice::<MarkerWire>(&marker) {
            Ok(marker) if marker.version == VERSION => {
                keys::refuse_twins(marker.rest.keys(), &["imageLayoutVersion"]).map_err(Error::document(MARKER))?;
            }
            Ok(marker) => {
                return Err(not(format!(
                    "one of version {}",
                    crate::error::visible(&marker.version)
                )));
            }
            Err(error) => return Err(not(format!("`{MARKER}` with something else: {error}"))),
        }
        let index = storage
            .document(INDEX)?
            .ok_or_else(|| not(format!("no `{INDEX}` in it")))?;
        let index = Index::from_json(&index).map_err(Error::document(INDEX))?;
        Ok(Self { storage, index })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.storage.path()
    }

    /// What `index.json` says.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The blob that a descriptor points to. Reading it to its end fails when it is not that one.
    ///
    /// # Errors
    /// [`Error::MissingBlob`], [`Error::BlobSize`] when the size is another one already, [`Error::Read`].
    pub fn blob(&self, descriptor: &Descriptor) -> Result<Blob, Error> {
        self.read_unverified(descriptor)
            .map(|reader| Blob::new(reader, descriptor))
    }

    /// The digest and the size of everything that lies among the blobs, whether something names it or not. Nothing of it was read.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::TooMany`] above a hundred thousand.
    pub fn blobs(&self) -> Result<Vec<(Digest, u64)>, Error> {
        let mut blobs = Vec::new();
        for algorithm in ["sha256", "sha512"] {
            let files = self.storage.files_in(&format!("blobs/{algorithm}"))?;
            let digest = |name: &str| format!("{algorithm}:{name}").parse().ok();
            blobs.extend(
                files
                    .into_iter()
                    .filter_map(|(name, size)| Some((digest(&name)?, size))),
            );
        }
        Ok(blobs)
    }

    /// A blob for who holds the bytes to the digest: only the size was looked at.
    ///
    /// # Errors
    /// As for [`Layout::blob`].
    pub fn read_unverified(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, Error> {
        let (reader, found) =
            self.storage
                .file(&blob_path(descriptor.digest()))?
                .ok_or_else(|| Error::MissingBlob {
                    digest: descriptor.digest().clone(),
                })?;
        match found == descriptor.size() {
            true => Ok(reader),
            false => Err(Error::BlobSize {
                digest: descriptor.digest().clone(),
                expected: descriptor.size(),
                found,
            }),
        }
    }

    /// An index or a manifest by its digest alone, if it is here. What points to it may be anywhere.
    ///
    /// # Errors
    /// As for [`Layout::document`].
    pub fn document_of(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        match self.storage.file(&blob_path(digest))? {
            None => Ok(None),
            Some((_, size)) => self.document(&Descriptor::new("", digest.clone(), size)).map(Some),
        }
    }

    /// A blob that fits into memory: an index, a manifest or a configuration.
    ///
    /// # Errors
    /// As for [`Layout::blob`]; [`Error::BlobDigest`]; [`Error::TooLarge`] above [`MAX_DOCUMENT_BYTES`].
    pub fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        if descriptor.size() > MAX_DOCUMENT_BYTES {
            return Err(Error::TooLarge {
                what: format!("blob `{}`", descriptor.digest()),
                limit: MAX_DOCUMENT_BYTES,
                found: descriptor.size(),
            });
        }
        let mut bytes = Vec::new();
        let mut blob = self.blob(descriptor)?;
        match blob.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(blob.refusal(error)),
        }
    }

    /// The index that a descriptor points to.
    ///
    /// # Errors
    /// As for [`Layout::document`]; [`Error::Document`] with what [`Index::pointed_to`] says.
    pub fn nested_index(&self, descriptor: &Descriptor) -> Result<Index, Error> {
        Index::pointed_to(descriptor, &self.document(descriptor)?).map_err(Error::document(descriptor.digest()))
    }

    /// The manifest that a descriptor points to.
    ///
    /// # Errors
    /// As for [`Layout::document`]; [`Error::Document`] with what [`Manifest::pointed_to`] says.
    pub fn manifest(&self, descriptor: &Descriptor) -> Result<Manifest, Error> {
        Manifest::pointed_to(descriptor, &self.document(descriptor)?).map_err(Error::document(descriptor.digest()))
    }

    /// Every image at or below a descriptor, in the order of their indexes; each digest once. What is neither an index nor a
    /// manifest is left out.
    ///
    /// # Errors
    /// As for [`Layout::manifest`]; [`Error::TooMany`] beyond [`MAX_DEPTH`] or [`MAX_MANIFESTS`].
    pub fn images(&self, descriptor: &Descriptor) -> Result<Vec<Image>, Error> {
        self.images_where(descriptor, &mut |_| true)
    }

    /// The same, but for what is not wanted, by what points to it: its manifest need not be there.
    pub(super) fn images_where(
        &self,
        descriptor: &Descriptor,
        is_wanted: &mut dyn FnMut(&Descriptor) -> bool,
    ) -> Result<Vec<Image>, Error> {
        let mut images = Vec::new();
        self.collect(descriptor, MAX_DEPTH, &mut 0, &mut images, is_wanted)?;
        Ok(images)
    }

    fn collect(
        &self,
        descriptor: &Descriptor,
        depth: usize,
        seen: &mut usize,
        images: &mut Vec<Image>,
        is_wanted: &mut dyn FnMut(&Descriptor) -> bool,
    ) -> Result<(), Error> {
        let too_many = |what, limit| Err(Error::TooMany { what, limit });
        *seen += 1;
        if *seen > MAX_MANIFESTS {
            return too_many("manifests and indexes", MAX_MANIFESTS);
        }
        if descriptor.is_index() {
            if depth == 0 {
                return too_many("indexes in each other", MAX_DEPTH);
            }
            for child in self.nested_index(descriptor)?.manifests() {
                self.collect(child, depth - 1, seen, images, is_wanted)?;
            }
        } else if descriptor.is_manifest()
            && images.iter().all(|image| !image.is_at(descriptor.digest()))
            && is_wanted(descriptor)
        {
            images.push(Image {
                descriptor: descriptor.clone(),
                manifest: self.manifest(descriptor)?,
            });
        }
        Ok(())
    }
}

impl Image {
    fn is_at(&self, digest: &Digest) -> bool {
        self.descriptor.digest() == digest
    }
}

/// Where a blob lies in a layout.
pub(super) fn blob_path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm(), digest.to_hex())
}
