use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use attest_archive::image::{Descriptor, Manifest, Platform};
use attest_digest::Digest;
use attest_store::image::{
    MAX_ATTACHMENTS, MAX_DOCUMENT_BYTES, NodeKind, Repository as _, StoredEvidence, Tree, evidence_of,
};

use super::attached::AttachedDocument;
use super::manifest::ManifestDocument;
use crate::image::{MAX_HANGING_DEPTH, Place, PlaceError, for_each};

/// A tree, and what each image of it runs on.
pub(super) struct Survey<'a> {
    place: &'a Place,
    tree: &'a Tree,
    platforms: Vec<Option<Platform>>,
    /// On how many that hang on something it was looked for what hangs there.
    followed: AtomicUsize,
    /// On how many it was not looked for that.
    not_followed: AtomicUsize,
}

impl<'a> Survey<'a> {
    /// Asks the configuration of an image what it runs on where no index says so.
    pub(super) fn of(place: &'a Place, tree: &'a Tree) -> Result<Self, PlaceError> {
        let asked = for_each(tree.nodes(), |node| match (&node.kind, node.platform()) {
            (NodeKind::Image(manifest), None) if manifest.is_image() => of_configuration(place, manifest.config()),
            (_, platform) => Ok(platform.cloned()),
        });
        Ok(Self {
            place,
            tree,
            platforms: asked?,
            followed: AtomicUsize::new(0),
            not_followed: AtomicUsize::new(0),
        })
    }

    /// What is about one of the platforms, with the indexes above it; everything without any.
    pub(super) fn kept(&self, platforms: &[Platform]) -> Vec<usize> {
        let all = 0..self.tree.nodes().len();
        if platforms.is_empty() {
            return all.collect();
        }
        let is_wanted = |place: &usize| {
            let found = self.platforms[*place].as_ref();
            let is_image = matches!(self.tree.nodes()[*place].kind, NodeKind::Image(_));
            is_image && found.is_some_and(|found| platforms.iter().any(|wanted| found.is_same_as(wanted)))
        };
        let images: BTreeSet<usize> = all.clone().filter(is_wanted).collect();
        let above = images.iter().flat_map(|place| self.tree.ancestors(*place));
        let mut kept: BTreeSet<usize> = above.chain(images.iter().copied()).collect();
        kept.extend(all.filter(|place| self.is_about_one_of(*place, &images)));
        kept.into_iter().collect()
    }

    fn is_about_one_of(&self, place: usize, images: &BTreeSet<usize>) -> bool {
        match &self.tree.nodes()[place].kind {
            NodeKind::BuildAttestation { about: Some(about), .. } => {
                images.iter().any(|image| self.tree.nodes()[*image].digest() == about)
            }
            _ => false,
        }
    }

    /// The platforms that there are, for people.
    pub(super) fn platforms(&self) -> String {
        let named: BTreeSet<String> = self.platforms.iter().flatten().map(ToString::to_string).collect();
        match named.is_empty() {
            true => "none that says what it runs on".to_owned(),
            false => named.into_iter().collect::<Vec<_>>().join(", "),
        }
    }

    /// Each manifest with what hangs on it.
    pub(super) fn documents(&self, kept: &[usize]) -> Result<Vec<ManifestDocument>, PlaceError> {
        for_each(kept, |place| {
            let mut document = ManifestDocument::new(self.tree, *place, self.platforms[*place].as_ref());
            document.attached = self.attached(*place)?;
            Ok(document)
        })
    }

    /// On how many that hang somewhere it was not looked for what hangs there, once there are [`Survey::documents`].
    pub(super) fn not_followed(&self) -> usize {
        self.not_followed.load(Ordering::Relaxed)
    }

    fn attached(&self, place: usize) -> Result<Vec<AttachedDocument>, PlaceError> {
        let node = &self.tree.nodes()[place];
        if matches!(node.kind, NodeKind::Other | NodeKind::LeftOut | NodeKind::Missing) {
            return Ok(Vec::new());
        }
        self.attached_to(node.digest(), MAX_HANGING_DEPTH)
    }

    /// With what hangs on that in turn. Nothing can lead back: a referrer names its subject by its digest.
    fn attached_to(&self, subject: &Digest, depth: usize) -> Result<Vec<AttachedDocument>, PlaceError> {
        let stored = evidence_of(self.place, subject)?;
        let is_referrer = |one: &StoredEvidence| one.place == attest_store::image::Place::Referrer;
        let listed = match stored.iter().any(is_referrer) {
            true => self.place.referrers(subject)?.digests,
            false => Vec::new(),
        };
        let document = |one: &StoredEvidence| {
            let mut document = AttachedDocument::new(one, subject);
            if is_referrer(one) && one.manifest.as_ref().is_some_and(|manifest| !listed.contains(manifest)) {
                document.below_fallback_tag();
            }
            if let (Some(manifest), true) = (&one.manifest, document.is_of_another_kind()) {
                let bytes = self.place.manifest(manifest)?.unwrap_or_default();
                let read = Manifest::from_json(&bytes).ok();
                document.annotate(read.map(|manifest| manifest.annotations().clone()).unwrap_or_default());
            }
            Ok(document)
        };
        let documents: Result<Vec<AttachedDocument>, PlaceError> = stored.iter().map(document).collect();
        // They come by digest, and stay so within a kind.
        let mut documents = documents?;
        documents.sort_by_key(|document| document.kind);
        self.follow(&mut documents, depth - 1)?;
        Ok(documents)
    }

    /// What a manifest of several pieces carries is shown with the first of them.
    fn follow(&self, documents: &mut [AttachedDocument], depth: usize) -> Result<(), PlaceError> {
        let mut seen = BTreeSet::new();
        let digest = |document: &AttachedDocument| document.manifest.as_deref()?.parse::<Digest>().ok();
        let subjects: Vec<Option<Digest>> = documents
            .iter()
            .map(|document| digest(document).filter(|subject| seen.insert(subject.clone())))
            .collect();
        let followed = for_each(&subjects, |subject| match subject {
            Some(subject) if depth > 0 && self.followed.fetch_add(1, Ordering::Relaxed) < MAX_ATTACHMENTS => {
                self.attached_to(subject, depth)
            }
            Some(_) => {
                self.not_followed.fetch_add(1, Ordering::Relaxed);
                Ok(Vec::new())
            }
            None => Ok(Vec::new()),
        })?;
        for (document, attached) in documents.iter_mut().zip(followed) {
            document.attached = attached;
        }
        Ok(())
    }
}

/// A configuration that is none has no platform.
fn of_configuration(place: &Place, config: &Descriptor) -> Result<Option<Platform>, PlaceError> {
    if config.size() > MAX_DOCUMENT_BYTES as u64 {
        return Ok(None);
    }
    let bytes = place.blob(config.digest(), config.size())?.unwrap_or_default();
    Ok(serde_json::from_slice(&bytes).ok())
}
