//! An image in a registry in, everything that hangs on it out: referrers and what lies below cosign's tags, for each index and
//! each manifest, and for what hangs on those.

use attest_archive::image::{Annotations, Descriptor, annotation};
use attest_digest::Digest;
use attest_net::registry::Reference;
use attest_store::image::{NodeKind, Place as StoredPlace, StoredManifest, Tree, manifests_of};

use crate::context::Context;
use crate::failure::Failure;
use crate::image::{Hanging, Place, for_each};
use crate::registry::Bases;

/// What would say of an entry of a layout what it is called; only a layout's own writer says that.
const NAMES: [&str; 3] = [annotation::REF_NAME, "io.containerd.image.name", "kind"];

/// Where what hangs on an image is asked for, and where it is kept.
pub(super) struct Asking<'a> {
    pub(super) place: &'a Place,
    pub(super) bases: &'a Bases,
    pub(super) reference: &'a Reference,
}

/// Every index and manifest at or below the top.
pub(super) fn subjects(tree: &Tree) -> Vec<Digest> {
    let nodes = tree.nodes().iter();
    let manifests = nodes.filter(|node| node.kind != NodeKind::Other);
    manifests.map(|node| node.digest().clone()).collect()
}

impl Asking<'_> {
    /// What is to be written beside the image: the entries of `index.json`, in the order of their subjects. All that they
    /// name is kept by then.
    pub(super) fn fetch(&self, subjects: &[Digest], context: &mut Context<'_>) -> Result<Vec<Descriptor>, Failure> {
        let hanging = Hanging::on(subjects, self.reference, |level| {
            for_each(level, |subject| {
                let found = manifests_of(self.place, subject);
                found.map_err(|error| self.place.failure(&error).at(self.reference))
            })
        })?;
        if let Some(warning) = hanging.warning() {
            context.say(warning);
        }
        let kept = for_each(&hanging.manifests, |(_, stored)| {
            let entry = entry(stored);
            let is_whole = self.bases.keep(self.reference, &entry, &stored.bytes)?;
            Ok::<_, Failure>(is_whole.then_some(entry))
        })?;
        let left_out = hanging.unreadable + kept.iter().filter(|entry| entry.is_none()).count();
        if left_out > 0 {
            context.say(format_args!(
                "warning: {left_out} manifests that hang on the image are left out: they are none, or the registry lacks what they name or has something else in its place"
            ));
        }
        Ok(kept.into_iter().flatten().collect())
    }
}

/// A referrer as a registry lists it; what lay below a tag keeps that.
fn entry(stored: &StoredManifest) -> Descriptor {
    let listed = stored.descriptor();
    match &stored.place {
        StoredPlace::Tag(tag) => {
            let name = (annotation::REF_NAME.to_owned(), tag.clone());
            let bare = Descriptor::new(listed.media_type(), listed.digest().clone(), listed.size());
            bare.with_annotations(Annotations::from([name]))
        }
        StoredPlace::Referrer => {
            let mut annotations = listed.annotations().clone();
            annotations.retain(|name, _| !NAMES.contains(&name.as_str()));
            listed.with_annotations(annotations)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(place: StoredPlace, bytes: &[u8]) -> StoredManifest {
        let digest = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
        let document = attest_store::image::Document::parse(bytes).unwrap();
        StoredManifest {
            place,
            digest,
            document,
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn a_referrer_cannot_name_itself_and_a_tag_is_kept() {
        let manifest = br#"{"artifactType":"a/b","config":{"mediaType":"c","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0},"annotations":{"kind":"x","org.opencontainers.image.ref.name":"v1","title":"t"}}"#;
        let referrer = entry(&stored(StoredPlace::Referrer, manifest));
        assert_eq!(referrer.artifact_type(), Some("a/b"));
        assert_eq!(referrer.reference_name(), None);
        assert_eq!(referrer.annotations().keys().collect::<Vec<_>>(), ["title"]);
        let tagged = entry(&stored(StoredPlace::Tag("sha256-00.sig".to_owned()), manifest));
        assert_eq!(
            (tagged.artifact_type(), tagged.reference_name()),
            (None, Some("sha256-00.sig"))
        );
    }
}
