use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use attest_archive::image::{Annotations, Descriptor, Error, Layout, MAX_DEPTH, MAX_MANIFESTS, Manifest, annotation};
use attest_digest::Digest;

/// What goes into a registry: blobs, and the manifests and indexes that name them.
#[derive(Default)]
pub(crate) struct Content<'a> {
    /// Configurations and layers, each once.
    pub(crate) blobs: Vec<Blob<'a>>,
    /// Manifests and indexes, each once, what is named before what names it; the last is the top.
    pub(crate) documents: Vec<Document>,
    /// Images of which some blobs may be: what annotations say that they were built upon or came from.
    pub(crate) origins: BTreeSet<String>,
}

/// A blob, and where its bytes are.
pub(crate) struct Blob<'a> {
    pub(crate) descriptor: Descriptor,
    pub(crate) bytes: BlobBytes<'a>,
}

/// Where the bytes of a blob are. Whoever sends them holds them to the digest.
pub(crate) enum BlobBytes<'a> {
    Layout(&'a Layout),
    File(PathBuf),
    Memory(Vec<u8>),
}

/// An index or a manifest, as it is.
pub(crate) struct Document {
    pub(crate) descriptor: Descriptor,
    pub(crate) bytes: Vec<u8>,
}

impl Blob<'_> {
    /// Opens it at its beginning.
    pub(crate) fn open(&self) -> Result<Box<dyn Read + Send + '_>, Error> {
        match &self.bytes {
            BlobBytes::Layout(layout) => layout.read_unverified(&self.descriptor),
            BlobBytes::Memory(bytes) => Ok(Box::new(&bytes[..])),
            BlobBytes::File(path) => match File::open(path) {
                Ok(file) => Ok(Box::new(file)),
                Err(source) => Err(unreadable(path.clone(), source)),
            },
        }
    }
}

fn unreadable(path: PathBuf, source: io::Error) -> Error {
    Error::Read { path, source }
}

impl<'a> Content<'a> {
    /// Everything that a descriptor of a layout leads to.
    pub(crate) fn of_layout(layout: &'a Layout, top: &Descriptor) -> Result<Self, Error> {
        let mut collecting = Collecting {
            layout,
            blobs: BTreeMap::new(),
            documents: Vec::new(),
            origins: BTreeSet::new(),
        };
        collecting.origins.extend(top.reference_name().map(str::to_owned));
        collecting.document(top, MAX_DEPTH)?;
        let bytes = |descriptor| Blob {
            descriptor,
            bytes: BlobBytes::Layout(layout),
        };
        Ok(Self {
            blobs: collecting.blobs.into_values().map(bytes).collect(),
            documents: collecting.documents,
            origins: collecting.origins,
        })
    }

    /// How many bytes its blobs have together.
    pub(crate) fn size(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.descriptor.size()).sum()
    }

    /// What tags are to name.
    pub(crate) fn top(&self) -> Option<&Descriptor> {
        self.documents.last().map(|document| &document.descriptor)
    }
}

struct Collecting<'a> {
    layout: &'a Layout,
    blobs: BTreeMap<Digest, Descriptor>,
    documents: Vec<Document>,
    origins: BTreeSet<String>,
}

impl Collecting<'_> {
    fn document(&mut self, descriptor: &Descriptor, depth: usize) -> Result<(), Error> {
        if self
            .documents
            .iter()
            .any(|known| known.descriptor.digest() == descriptor.digest())
        {
            return Ok(());
        }
        if self.documents.len() >= MAX_MANIFESTS {
            let (what, limit) = ("manifests and indexes", MAX_MANIFESTS);
            return Err(Error::TooMany { what, limit });
        }
        let bytes = self.layout.document(descriptor)?;
        if descriptor.is_index() {
            if depth == 0 {
                let (what, limit) = ("indexes in each other", MAX_DEPTH);
                return Err(Error::TooMany { what, limit });
            }
            let index = self.layout.nested_index(descriptor)?;
            self.origin(index.annotations());
            for child in index.manifests() {
                self.child(child, depth - 1)?;
            }
        } else {
            let manifest = self.layout.manifest(descriptor)?;
            self.origin(manifest.annotations());
            self.blobs_of(&manifest)?;
        }
        self.documents.push(Document {
            descriptor: descriptor.clone(),
            bytes,
        });
        Ok(())
    }

    fn origin(&mut self, annotations: &Annotations) {
        self.origins.extend(annotations.get(annotation::BASE_NAME).cloned());
    }

    /// What an index names is an index, a manifest, or, rarely, a blob.
    fn child(&mut self, child: &Descriptor, depth: usize) -> Result<(), Error> {
        match child.is_index() || child.is_manifest() {
            true => self.document(child, depth),
            false => {
                self.blobs.insert(child.digest().clone(), child.clone());
                Ok(())
            }
        }
    }

    /// A layer that may not be passed on, and is not here, stays at its URLs.
    fn blobs_of(&mut self, manifest: &Manifest) -> Result<(), Error> {
        for blob in manifest.layers().iter().chain([manifest.config()]) {
            match self.layout.read_unverified(blob) {
                Ok(_) => drop(self.blobs.insert(blob.digest().clone(), blob.clone())),
                Err(Error::MissingBlob { .. }) if !blob.urls().is_empty() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
