use attest_archive::image::{Descriptor, Layout};
use attest_net::registry::{Client, Reference};
use attest_store::image::{Attaching, LayoutRepository, StoredManifest, kind_of, manifests_of};

use crate::context::Context;
use crate::failure::Failure;
use crate::image::{Place, attach_failure, require_few};
use crate::registry::{Content, Document, Pushing, Transfer};
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
        let kept = LayoutRepository::new(self.layout).and_then(LayoutRepository::with_unnamed);
        let kept = kept.map_err(|error| self.unreadable(&error))?;
        let found = self.content.documents.iter().map(|document| {
            let found = manifests_of(&kept, document.descriptor.digest());
            let found = found.map_err(|error| self.unreadable(&error))?;
            require_few(&found, self.layout.path().display())?;
            Ok((document, found))
        });
        let found = found.collect::<Result<Vec<_>, Failure>>()?;
        let (mut attached, mut there, mut left_out) = (0, 0, 0);
        for (document, stored) in &found {
            left_out += stored.unreadable;
            for manifest in &stored.manifests {
                match self.hang(document, manifest)? {
                    true => there += 1,
                    false => attached += 1,
                }
            }
        }
        if left_out > 0 {
            context.say(format_args!(
                "warning: {left_out} manifests that hang on the image are left out: they are none, or the layout lacks them"
            ));
        }
        context.say(format_args!("{attached} manifests attached; {there} were there"));
        Ok(())
    }

    /// Whether it hung there before.
    fn hang(&self, on: &Document, manifest: &StoredManifest) -> Result<bool, Failure> {
        self.send_blobs(manifest)?;
        let attaching = Attaching {
            repository: self.place,
            subject: &on.descriptor,
            created: None,
            above: &[],
        };
        let stored = attaching.attach_again(manifest);
        Ok(stored.map_err(|error| attach_failure(&error, self.place))?.was_there)
    }

    fn send_blobs(&self, manifest: &StoredManifest) -> Result<(), Failure> {
        let size = manifest.bytes.len() as u64;
        let top = Descriptor::new(&kind_of(&manifest.bytes), manifest.digest.clone(), size);
        let content = Content::of_layout(self.layout, &top).map_err(|error| self.unreadable(&error))?;
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

    fn unreadable(&self, error: &attest_archive::image::Error) -> Failure {
        image_refusal(error, self.layout.path(), self.layout.path())
    }
}
