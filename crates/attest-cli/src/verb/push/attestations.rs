use std::collections::BTreeMap;

use attest_archive::image::{Descriptor, Error, Layout};
use attest_digest::Digest;
use attest_net::registry::{Client, Reference};
use attest_store::image::{Attaching, LayoutRepository, StoredManifest, kind_of, manifests_of};

use crate::context::Context;
use crate::failure::Failure;
use crate::image::{Hanging, Place, attach_failure};
use crate::registry::{Content, Pushing, Transfer};
use crate::verb::pack::image_refusal;

/// What hangs on an image of a layout, on its way to where the image is already.
pub(super) struct Attestations<'a> {
    pub(super) client: &'a Client,
    pub(super) place: &'a Place,
    pub(super) destination: &'a Reference,
    pub(super) layout: &'a Layout,
    /// The image.
    pub(super) content: &'a Content<'a>,
}

impl Attestations<'_> {
    /// Hangs all of it on what was pushed.
    pub(super) fn run(&self, context: &mut Context<'_>) -> Result<(), Failure> {
        let hanging = hanging(self.layout, self.content)?;
        if let Some(warning) = hanging.warning() {
            context.say(warning);
        }
        let documents = self.content.documents.iter().map(|document| &document.descriptor);
        let mut known: BTreeMap<Digest, Descriptor> =
            documents.map(|known| (known.digest().clone(), known.clone())).collect();
        let (mut attached, mut there) = (0, 0);
        for (subject, manifest) in &hanging.manifests {
            let Some(on) = known.get(subject).cloned() else {
                continue;
            };
            match self.hang(&on, manifest)? {
                true => there += 1,
                false => attached += 1,
            }
            known.insert(manifest.digest.clone(), described(manifest));
        }
        if hanging.unreadable > 0 {
            let left_out = hanging.unreadable;
            context.say(format_args!(
                "warning: {left_out} manifests that hang on the image are left out: they are none, or the layout lacks them"
            ));
        }
        context.say(format_args!("{attached} manifests attached; {there} were there"));
        Ok(())
    }

    /// Whether it hung there before.
    fn hang(&self, on: &Descriptor, manifest: &StoredManifest) -> Result<bool, Failure> {
        self.send_blobs(manifest)?;
        let attaching = Attaching {
            repository: self.place,
            subject: on,
            created: None,
            above: &[],
        };
        let stored = attaching.attach_again(manifest);
        Ok(stored.map_err(|error| attach_failure(&error, self.place))?.was_there)
    }

    fn send_blobs(&self, manifest: &StoredManifest) -> Result<(), Failure> {
        let content = Content::of_layout(self.layout, &described(manifest)).map_err(|error| self.unreadable(&error))?;
        let below = Pushing {
            client: self.client,
            repository: self.destination.repository(),
            content: &Content {
                documents: Vec::new(),
                ..content
            },
            mount_from: &[],
            is_dry: false,
            transfer: &Transfer::new(false, 0),
        };
        let sent = below.run(&[]);
        sent.map(drop)
            .map_err(|problem| problem.told(self.destination, self.layout.path()))
    }

    fn unreadable(&self, error: &Error) -> Failure {
        image_refusal(error, self.layout.path(), self.layout.path())
    }
}

/// Everything that hangs on an image in a layout, and on what hangs there.
pub(super) fn hanging(layout: &Layout, content: &Content<'_>) -> Result<Hanging, Failure> {
    let unreadable = |error: Error| image_refusal(&error, layout.path(), layout.path());
    let kept = LayoutRepository::new(layout).and_then(LayoutRepository::with_unnamed);
    let kept = kept.map_err(unreadable)?;
    let documents = content.documents.iter();
    let subjects: Vec<Digest> = documents.map(|document| document.descriptor.digest().clone()).collect();
    Hanging::on(&subjects, &layout.path().display(), |level| {
        let found = level.iter().map(|subject| manifests_of(&kept, subject));
        found.map(|found| found.map_err(unreadable)).collect()
    })
}

fn described(manifest: &StoredManifest) -> Descriptor {
    let size = manifest.bytes.len() as u64;
    Descriptor::new(&kind_of(&manifest.bytes), manifest.digest.clone(), size)
}
