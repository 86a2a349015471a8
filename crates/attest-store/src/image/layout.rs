use attest_archive::image::{Descriptor, Error, Layout};
use attest_digest::Digest;

use super::Repository;
use super::document::Document;

/// By which `cosign save` says what an entry of a layout is. It keeps no tags.
const SAVED_KIND: &str = "kind";
const SAVED_SIGNATURES: &str = "dev.cosignproject.cosign/sigs";
const SAVED_ATTESTATIONS: &str = "dev.cosignproject.cosign/atts";

/// A layout as a repository: what its `index.json` names by `org.opencontainers.image.ref.name` are its tags, and what of it has a
/// subject are referrers.
#[derive(Debug)]
pub struct LayoutRepository<'a> {
    layout: &'a Layout,
    referrers: Vec<(Digest, Digest)>,
}

impl<'a> LayoutRepository<'a> {
    /// Looks through what a layout names.
    ///
    /// # Errors
    /// What the layout says of an entry that cannot be read.
    pub fn new(layout: &'a Layout) -> Result<Self, Error> {
        let mut referrers = Vec::new();
        let entries = layout.index().manifests().iter();
        for entry in entries.filter(|entry| entry.is_manifest() || entry.is_index()) {
            let document = Document::parse(&layout.document(entry)?);
            if let Some(subject) = document.ok().and_then(|document| document.subject) {
                referrers.push((subject, entry.digest().clone()));
            }
        }
        Ok(Self { layout, referrers })
    }

    fn entry(&self, tag: &str) -> Option<&Descriptor> {
        let entries = || self.layout.index().manifests().iter();
        let named = entries().find(|entry| entry.reference_name() == Some(tag));
        named.or_else(|| {
            let saved = match tag.rsplit_once('.') {
                Some((_, "sig")) => SAVED_SIGNATURES,
                Some((_, "att")) => SAVED_ATTESTATIONS,
                _ => return None,
            };
            entries().find(|entry| entry.annotations().get(SAVED_KIND).is_some_and(|kind| kind == saved))
        })
    }
}

impl Repository for LayoutRepository<'_> {
    type Error = Error;

    fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        self.layout.document_of(digest)
    }

    fn tagged(&self, tag: &str) -> Result<Option<Vec<u8>>, Error> {
        self.entry(tag).map(|entry| self.layout.document(entry)).transpose()
    }

    fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Vec<u8>>, Error> {
        let blob = Descriptor::new("", digest.clone(), size);
        match self.layout.document(&blob) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Error::MissingBlob { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Digest>, Error> {
        let of_it = self.referrers.iter().filter(|(about, _)| about == subject);
        Ok(of_it.map(|(_, referrer)| referrer.clone()).collect())
    }
}
