//! What hung on a manifest in one repository in, the same on it in another one out.

use serde_json::Value;
use serde_json::value::RawValue;

use super::attach::{AttachError, Attaching, Stored, entry};
use super::contest::{Contest, Settled};
use super::shared::Kind;
use super::stored::StoredManifest;
use super::{Condition, Place, TagPut, Writer, fallback_tag, kind_of};

impl<W: Writer> Attaching<'_, W> {
    /// Hangs on the manifest what hung on it elsewhere, byte for byte. All that it names is in the repository already. Below a tag of
    /// cosign 2 that holds something else by now, its layers are added.
    ///
    /// # Errors
    /// [`AttachError`]; [`AttachError::Taken`] for a list of contents below a tag that has another one.
    pub fn attach_again(&self, stored: &StoredManifest) -> Result<Stored, AttachError<W::Error>> {
        let settled = match &stored.place {
            Place::Referrer => self.referrer_again(stored)?,
            Place::Tag(tag) => self.tag_again(tag, stored)?,
        };
        Ok(Stored {
            manifest: settled.document,
            place: stored.place.clone(),
            was_there: settled.was_there,
        })
    }

    fn referrer_again(&self, stored: &StoredManifest) -> Result<Settled, AttachError<W::Error>> {
        let found = self.repository.manifest(&stored.digest);
        let mut was_there = found.map_err(AttachError::Repository)?.is_some();
        let put = self.repository.put_manifest(&kind_of(&stored.bytes), &stored.bytes);
        let (digest, is_listed) = put.map_err(AttachError::Repository)?;
        if !is_listed && !self.lists(&digest)? {
            let tag = fallback_tag(self.subject.digest());
            let listed = serde_json::to_string(&stored.descriptor()).unwrap_or_default();
            let settled = Contest::new(self.repository, &tag, Kind::Referrers, entry(&tag, listed)?).run()?;
            was_there &= settled.was_there;
        }
        Ok(Settled {
            was_there,
            document: digest,
        })
    }

    fn tag_again(&self, tag: &str, stored: &StoredManifest) -> Result<Settled, AttachError<W::Error>> {
        let found = self.repository.versioned(tag).map_err(AttachError::Repository)?;
        let settled = |was_there| Settled {
            was_there,
            document: stored.digest.clone(),
        };
        match found {
            Some(found) if found.bytes == stored.bytes => return Ok(settled(true)),
            None if self.make(tag, stored)? => return Ok(settled(false)),
            _ if tag.ends_with(".sbom") => {
                return Err(AttachError::Taken {
                    tag: tag.to_owned(),
                    expected: "the list of contents that is attached",
                    found: "another one".to_owned(),
                });
            }
            _ => {}
        }
        let mut all = settled(true);
        for layer in layers(&stored.bytes) {
            let entry = entry(tag, layer.get().to_owned())?;
            let one = Contest::new(self.repository, tag, Kind::Layers, entry).run()?;
            all = Settled {
                was_there: all.was_there && one.was_there,
                document: one.document,
            };
        }
        Ok(all)
    }

    /// False when somebody was first.
    fn make(&self, tag: &str, stored: &StoredManifest) -> Result<bool, AttachError<W::Error>> {
        let media_type = kind_of(&stored.bytes);
        let put = |condition| self.repository.put_tag(tag, &media_type, &stored.bytes, condition);
        let made = match put(Some(&Condition::Absent)).map_err(AttachError::Repository)? {
            TagPut::NoConditions => put(None).map_err(AttachError::Repository)?,
            made => made,
        };
        match made {
            TagPut::Moved => Ok(true),
            TagPut::Unsure(error) => Err(AttachError::Repository(error)),
            TagPut::Changed | TagPut::NoConditions => Ok(false),
        }
    }
}

/// The layers of a manifest as they are written.
fn layers(manifest: &[u8]) -> Vec<Box<RawValue>> {
    #[derive(serde::Deserialize)]
    struct Layers {
        #[serde(default)]
        layers: Vec<Box<RawValue>>,
    }
    let read = serde_json::from_slice::<Layers>(manifest);
    read.map(|read| read.layers).unwrap_or_default()
}

impl StoredManifest {
    /// What a registry says of it that lists referrers (OCI distribution specification 1.1, "Listing Referrers").
    #[must_use]
    pub fn descriptor(&self) -> attest_archive::image::Descriptor {
        let media_type = kind_of(&self.bytes);
        let size = self.bytes.len() as u64;
        let bare = attest_archive::image::Descriptor::new(&media_type, self.digest.clone(), size);
        let value: Value = serde_json::from_slice(&self.bytes).unwrap_or_default();
        let annotations = serde_json::from_value(value["annotations"].clone()).unwrap_or_default();
        let bare = bare.with_annotations(annotations);
        match &self.document.artifact_type {
            Some(artifact_type) => bare.with_artifact_type(artifact_type),
            None => bare,
        }
    }
}
