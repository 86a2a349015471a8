use std::collections::BTreeMap;

use attest_archive::image::{Descriptor, Error, Layout, MAX_DEPTH, MAX_MANIFESTS, Manifest};
use attest_digest::Digest;

/// Everything that a descriptor of a layout leads to.
pub(super) struct Content {
    /// Configurations and layers, each once.
    pub(super) blobs: Vec<Descriptor>,
    /// Manifests and indexes, each once, what is named before what names it; the last is the top.
    pub(super) documents: Vec<Document>,
}

/// An index or a manifest, as it is.
pub(super) struct Document {
    pub(super) descriptor: Descriptor,
    pub(super) bytes: Vec<u8>,
}

impl Content {
    pub(super) fn collect(layout: &Layout, top: &Descriptor) -> Result<Self, Error> {
        let mut collecting = Collecting {
            layout,
            blobs: BTreeMap::new(),
            documents: Vec::new(),
        };
        collecting.document(top, MAX_DEPTH)?;
        Ok(Self {
            blobs: collecting.blobs.into_values().collect(),
            documents: collecting.documents,
        })
    }

    pub(super) fn size(&self) -> u64 {
        self.blobs.iter().map(Descriptor::size).sum()
    }

    pub(super) fn top(&self) -> Option<&Descriptor> {
        self.documents.last().map(|document| &document.descriptor)
    }
}

struct Collecting<'a> {
    layout: &'a Layout,
    blobs: BTreeMap<Digest, Descriptor>,
    documents: Vec<Document>,
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
            for child in self.layout.nested_index(descriptor)?.manifests() {
                self.child(child, depth - 1)?;
            }
        } else {
            let manifest = self.layout.manifest(descriptor)?;
            self.blobs_of(&manifest)?;
        }
        self.documents.push(Document {
            descriptor: descriptor.clone(),
            bytes,
        });
        Ok(())
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
            match self.layout.blob(blob) {
                Ok(_) => drop(self.blobs.insert(blob.digest().clone(), blob.clone())),
                Err(Error::MissingBlob { .. }) if !blob.urls().is_empty() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
