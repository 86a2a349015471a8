use std::borrow::Borrow;
use std::time::Duration;

use attest_archive::image::{Additions, Annotations, Descriptor, EntryPlace, Error, Layout};
use attest_digest::Digest;

use super::document::Document;
use super::written::sha256;
use super::{Condition, LayoutRepository, Listed, Repository as _, TagPut, Versioned, Writer, kind_of};

/// Writes into the layout directory as it is then; what the repository itself shows stays as it was when it was opened, but for
/// blobs and manifests by digest. Referrers become entries of `index.json` without a tag.
impl<L: Borrow<Layout>> Writer for LayoutRepository<L> {
    fn put_blob(&self, bytes: &[u8]) -> Result<(Digest, u64), Error> {
        let put = self.additions()?.insert("", bytes)?;
        Ok((put.digest().clone(), put.size()))
    }

    fn put_manifest(&self, media_type: &str, bytes: &[u8]) -> Result<(Digest, bool), Error> {
        let additions = self.additions()?;
        let put = additions.insert(media_type, bytes)?;
        let digest = put.digest().clone();
        let Some(entry) = as_referrer(put, bytes) else {
            return Ok((digest, false));
        };
        additions.name(&entry, EntryPlace::Own, |_| Ok(true))?;
        Ok((digest, true))
    }

    fn versioned(&self, tag: &str) -> Result<Option<Versioned>, Error> {
        let bytes = LayoutRepository::new(self.now()?)?.tagged(tag)?;
        Ok(bytes.map(|bytes| Versioned {
            version: Some(sha256(&bytes).to_string()),
            bytes,
        }))
    }

    fn put_tag(
        &self,
        tag: &str,
        media_type: &str,
        bytes: &[u8],
        condition: Option<&Condition>,
    ) -> Result<TagPut<Error>, Error> {
        let additions = self.additions()?;
        let put = additions.insert(media_type, bytes)?;
        // What `cosign save` wrote has no tags: its entry gains what is new, so that cosign reads it there.
        let now = LayoutRepository::new(self.now()?)?;
        let there = now.entry(tag)?.filter(|entry| entry.reference_name() != Some(tag));
        let place = there.map_or(EntryPlace::Tag(tag), |entry| EntryPlace::InPlaceOf(entry.digest()));
        let named = additions.name(&put, place, |layout| {
            let found = LayoutRepository::new(layout)?
                .entry(tag)?
                .map(|entry| entry.digest().to_string());
            Ok(match condition {
                None => true,
                Some(Condition::Unchanged(version)) => found.as_ref() == Some(version),
                Some(Condition::Absent) => found.is_none(),
                Some(Condition::Impossible) => false,
            })
        })?;
        Ok(if named { TagPut::Moved } else { TagPut::Changed })
    }

    fn referrers_now(&self, subject: &Digest) -> Result<Listed, Error> {
        LayoutRepository::new(self.now()?)?.referrers(subject)
    }

    fn keeps_conditions(&self) -> bool {
        true
    }

    /// None passes: whoever changes `index.json` holds a lock.
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn pause(&self, _: Duration) {}
}

impl<L: Borrow<Layout>> LayoutRepository<L> {
    fn additions(&self) -> Result<Additions, Error> {
        Additions::open(self.layout().path())
    }

    fn now(&self) -> Result<Layout, Error> {
        Layout::open(self.layout().path())
    }
}

/// The entry of what says that it is about something, with what it says of itself.
fn as_referrer(put: Descriptor, bytes: &[u8]) -> Option<Descriptor> {
    let document = Document::parse(bytes).ok()?;
    document.subject?;
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let annotations: Annotations = serde_json::from_value(value["annotations"].clone()).unwrap_or_default();
    let entry = put.with_media_type(&kind_of(bytes)).with_annotations(annotations);
    Some(match document.artifact_type {
        Some(artifact_type) => entry.with_artifact_type(&artifact_type),
        None => entry,
    })
}
