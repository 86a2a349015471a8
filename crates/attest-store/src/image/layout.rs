use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::io::Read as _;

use attest_archive::image::{Descriptor, Error, Layout};
use attest_digest::Digest;

use super::document::Document;
use super::{CosignTag, Listed, MAX_DOCUMENT_BYTES, Repository};

/// By which `cosign save` says what an entry of a layout is. It keeps no tags.
const SAVED_KIND: &str = "kind";
const SAVED_IMAGE: [&str; 2] = ["dev.cosignproject.cosign/image", "dev.cosignproject.cosign/imageIndex"];
const SAVED_SIGNATURES: &str = "dev.cosignproject.cosign/sigs";
const SAVED_ATTESTATIONS: &str = "dev.cosignproject.cosign/atts";

/// The most blobs without a name that are looked into, of those that may be manifests. A layout of a hundred images with signatures has some thousands.
const MAX_UNNAMED: usize = 10_000;

/// A layout as a repository: what its `index.json` names by `org.opencontainers.image.ref.name` are its tags, and what of it has a
/// subject are referrers.
#[derive(Debug)]
pub struct LayoutRepository<L> {
    layout: L,
    referrers: Vec<(Digest, Digest)>,
    /// What is named, and is not what its name says or not there: it may be about anything.
    unreadable: Vec<Digest>,
    /// Whether there are more blobs without a name than are looked into.
    is_cut: bool,
}

impl<L: Borrow<Layout>> LayoutRepository<L> {
    /// Looks through what a layout names.
    ///
    /// # Errors
    /// What the layout says of an entry that cannot be read.
    pub fn new(layout: L) -> Result<Self, Error> {
        let (mut referrers, mut unreadable) = (Vec::new(), Vec::new());
        let entries = layout.borrow().index().manifests().iter();
        for entry in entries.filter(|entry| entry.is_manifest() || entry.is_index()) {
            let bytes = match layout.borrow().document(entry) {
                Ok(bytes) => bytes,
                Err(error) if Self::missing(&error).is_some() || Self::misnamed(&error).is_some() => {
                    unreadable.push(entry.digest().clone());
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some(subject) = Document::parse(&bytes).ok().and_then(|document| document.subject) {
                referrers.push((subject, entry.digest().clone()));
            }
        }
        Ok(Self {
            layout,
            referrers,
            unreadable,
            is_cut: false,
        })
    }

    /// The same with the referrers among the blobs that `index.json` does not name, which is how cosign 3 saves them. Each says itself
    /// what it is about.
    ///
    /// # Errors
    /// What the layout says of a blob that cannot be read.
    pub fn with_unnamed(mut self) -> Result<Self, Error> {
        let entries = self.layout().index().manifests().iter();
        let named: BTreeSet<&Digest> = entries.map(Descriptor::digest).collect();
        let blobs = self.layout().blobs()?.into_iter();
        let unnamed = blobs.filter(|(digest, size)| *size <= MAX_DOCUMENT_BYTES as u64 && !named.contains(digest));
        let blobs = unnamed.map(|(digest, size)| Descriptor::new("", digest, size));
        let mut objects = blobs.filter(|blob| self.is_object(blob));
        let mut found = Vec::new();
        for blob in objects.by_ref().take(MAX_UNNAMED) {
            if let Some(subject) = self.subject_of(&blob)? {
                found.push((subject, blob.digest().clone()));
            }
        }
        let is_cut = objects.next().is_some();
        drop(objects);
        self.is_cut = is_cut;
        self.referrers.extend(found);
        Ok(self)
    }

    fn is_object(&self, blob: &Descriptor) -> bool {
        let mut first = Vec::new();
        let begins = self.layout().read_unverified(blob).map(|reader| reader.take(1));
        begins.is_ok_and(|mut reader| reader.read_to_end(&mut first).is_ok() && first == b"{")
    }

    /// What a blob is about, if it is a manifest of something that is about something.
    fn subject_of(&self, blob: &Descriptor) -> Result<Option<Digest>, Error> {
        match self.layout().document(blob) {
            Ok(bytes) => Ok(Document::parse(&bytes).ok().and_then(|document| document.subject)),
            // Nobody named it; what it should be, nobody knows.
            Err(error) if Self::misnamed(&error).is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The layout.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        self.layout.borrow()
    }

    pub(super) fn entry(&self, tag: &str) -> Result<Option<&Descriptor>, Error> {
        let entries = self.layout().index().manifests().iter();
        match only(tag, entries.filter(|entry| entry.reference_name() == Some(tag)))? {
            Some(named) => Ok(Some(named)),
            None => only(tag, self.saved(tag)),
        }
    }

    /// What `cosign save` kept of a tag: that of the image that it saved, and of no other, such as those of an index.
    fn saved(&self, tag: &str) -> impl Iterator<Item = &Descriptor> {
        let kept = match tag.rsplit_once('.') {
            Some((_, "sig")) => Some((SAVED_SIGNATURES, CosignTag::Signatures)),
            Some((_, "att")) => Some((SAVED_ATTESTATIONS, CosignTag::Attestations)),
            _ => None,
        };
        let entries = || self.layout().index().manifests().iter();
        entries().filter(move |entry| {
            let Some((kind, of)) = kept else { return false };
            let is_beside = |image: &&Descriptor| {
                let name = entry.reference_name();
                saved_kind(image).is_some_and(|kind| SAVED_IMAGE.contains(&kind))
                    && (name.is_none() || image.reference_name() == name)
            };
            let mut images = entries().filter(is_beside).peekable();
            saved_kind(entry) == Some(kind)
                && images.peek().is_some()
                && images.all(|image| of.of(image.digest()) == tag)
        })
    }
}

/// Of several with one name, one tool takes the first and another one the last.
fn only<'e>(tag: &str, entries: impl Iterator<Item = &'e Descriptor>) -> Result<Option<&'e Descriptor>, Error> {
    let entries: Vec<&Descriptor> = entries.collect();
    let digests: BTreeSet<&Digest> = entries.iter().map(|entry| entry.digest()).collect();
    match digests.len() {
        0 | 1 => Ok(entries.first().copied()),
        _ => Err(Error::AmbiguousReference {
            asked: tag.to_owned(),
            found: digests.into_iter().cloned().collect(),
        }),
    }
}

fn saved_kind(entry: &Descriptor) -> Option<&str> {
    entry.annotations().get(SAVED_KIND).map(String::as_str)
}

impl<L: Borrow<Layout>> Repository for LayoutRepository<L> {
    type Error = Error;

    fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        self.layout().document_of(digest)
    }

    fn tagged(&self, tag: &str) -> Result<Option<Vec<u8>>, Error> {
        self.entry(tag)?.map(|entry| self.layout().document(entry)).transpose()
    }

    fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Vec<u8>>, Error> {
        let blob = match self.layout().blob(&Descriptor::new("", digest.clone(), size)) {
            Ok(blob) => blob,
            Err(Error::MissingBlob { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        // A list of contents that somebody signed is larger than any document. Who asks has looked at the size.
        let mut bytes = Vec::new();
        blob.copy_to(&mut bytes).map(|()| Some(bytes))
    }

    fn referrers(&self, subject: &Digest) -> Result<Listed, Error> {
        let cut = Error::TooMany {
            what: "documents that no index names in a layout",
            limit: MAX_UNNAMED,
        };
        let of_it = self.referrers.iter().filter(|(about, _)| about == subject);
        let of_it = of_it.map(|(_, referrer)| referrer);
        Ok(Listed {
            digests: of_it.chain(&self.unreadable).cloned().collect(),
            cut: self.is_cut.then(|| cut.to_string()),
        })
    }

    fn missing(error: &Error) -> Option<Digest> {
        match error {
            Error::MissingBlob { digest } => Some(digest.clone()),
            _ => None,
        }
    }

    fn misnamed(error: &Error) -> Option<String> {
        match error {
            Error::BlobSize { .. } | Error::BlobDigest { .. } | Error::TooLarge { .. } => Some(error.to_string()),
            _ => None,
        }
    }
}
