//! What hung on a manifest in one repository in, the same on it in another one out.

use serde_json::Value;
use serde_json::value::RawValue;

use super::attach::{AttachError, Attaching, Stored, entry};
use super::contest::{Contest, Settled};
use super::shared::{Kind, Shared};
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
            let settled = Contest::new(self.repository, &tag, Kind::Referrers, vec![entry(&tag, listed)?]).run()?;
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
        let made = match found {
            Some(found) if found.bytes == stored.bytes => return Ok(settled(true)),
            Some(_) => None,
            None => self.make(tag, stored)?,
        };
        let is_list = !tag.ends_with(".sbom") && Shared::read(Kind::Layers, Some(&stored.bytes)).is_ok();
        match made {
            _ if is_list => self.layers_again(tag, stored, made),
            Some(_) if self.stands(tag, stored)? => Ok(settled(false)),
            _ => Err(AttachError::Taken {
                tag: tag.to_owned(),
                expected: "the manifest that is attached",
                found: "another one".to_owned(),
            }),
        }
    }

    /// Brings every layer there, and looks whether all stay.
    fn layers_again(
        &self,
        tag: &str,
        stored: &StoredManifest,
        made: Option<Made>,
    ) -> Result<Settled, AttachError<W::Error>> {
        let layers = layers(&stored.bytes).into_iter();
        let entries = layers.map(|layer| entry(tag, layer.get().to_owned()));
        let entries = entries.collect::<Result<_, _>>()?;
        let contest = Contest::new(self.repository, tag, Kind::Layers, entries);
        match made {
            Some(made) => contest.begun(made == Made::UnlessThere).run(),
            None => contest.run(),
        }
    }

    fn stands(&self, tag: &str, stored: &StoredManifest) -> Result<bool, AttachError<W::Error>> {
        let found = self.repository.versioned(tag).map_err(AttachError::Repository)?;
        Ok(found.is_some_and(|found| found.bytes == stored.bytes))
    }

    /// None when somebody was first.
    fn make(&self, tag: &str, stored: &StoredManifest) -> Result<Option<Made>, AttachError<W::Error>> {
        let media_type = kind_of(&stored.bytes);
        let put = |condition| self.repository.put_tag(tag, &media_type, &stored.bytes, condition);
        let (put, made) = match put(Some(&Condition::Absent)).map_err(AttachError::Repository)? {
            TagPut::NoConditions => (put(None).map_err(AttachError::Repository)?, Made::Always),
            put => (put, Made::UnlessThere),
        };
        match put {
            TagPut::Moved => Ok(Some(made)),
            TagPut::Unsure(error) => Err(AttachError::Repository(error)),
            TagPut::Changed | TagPut::NoConditions => Ok(None),
        }
    }
}

/// How a tag was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// Under the condition that there is none, which may have been passed over.
    UnlessThere,
    /// Whatever was there.
    Always,
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
