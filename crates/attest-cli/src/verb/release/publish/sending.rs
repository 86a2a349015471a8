use std::collections::BTreeSet;

use attest_net::registry::{Pointer, Reference};
use attest_store::image::{Attached, Attaching, Attachment, evidence_of};
use attestation::{Bundle, SignedContent};

use super::item::Item;
use super::sealed::Piece;
use super::{Judge, Publishing, Sealed};
use crate::context::Context;
use crate::failure::Failure;
use crate::image::{Form, attach_failure};
use crate::registry::{Content, Document, Pushing, Transfer, failure};
use crate::verb::push::Source;

/// What is in registries without a name yet.
pub(in crate::verb::release) struct Sent<'a> {
    items: Vec<(&'a Item<'a>, Document, usize)>,
}

/// What is in a registry under its names.
pub(in crate::verb::release) struct Published {
    /// The file of the release.
    pub(in crate::verb::release) file: String,
    /// To deploy by.
    pub(in crate::verb::release) reference: String,
    pub(in crate::verb::release) digest: String,
    pub(in crate::verb::release) tags: Vec<String>,
    /// How many signatures and attestations hang on it, and on the images of its index.
    pub(in crate::verb::release) evidence: usize,
}

impl Publishing<'_> {
    /// Sends content and evidence, and reads the evidence back. No tag is touched.
    pub(in crate::verb::release) fn send(
        &self,
        sources: &[Source],
        sealed: &[Sealed],
        judge: Option<&Judge<'_>>,
        context: &mut Context<'_>,
    ) -> Result<Sent<'_>, Failure> {
        let mut items = Vec::new();
        for (number, (item, source)) in self.items.iter().zip(sources).enumerate() {
            let mut content = source.content(None, None)?;
            item.push(&content, source, context)?;
            let of_it: Vec<&Sealed> = sealed.iter().filter(|sealed| sealed.item == number).collect();
            for sealed in &of_it {
                let Some(judge) = judge else { continue };
                self.attach(item, sealed, judge)?;
                item.confirm(sealed, judge)?;
            }
            let evidence = of_it.iter().map(|sealed| sealed.pieces.len()).sum();
            if let Some(top) = content.documents.pop() {
                items.push((item, top, evidence));
            }
        }
        Ok(Sent { items })
    }

    fn attach(&self, item: &Item<'_>, sealed: &Sealed, judge: &Judge<'_>) -> Result<(), Failure> {
        for Piece { content, bundle, forms } in &sealed.pieces {
            let attaching = Attaching {
                repository: &item.place,
                subject: &sealed.subject,
                created: Some(self.created.clone()),
                above: &judge.above(bundle),
            };
            for form in *forms {
                let stored = attaching.attach(&content.evidence(*form, bundle));
                stored.map_err(|error| attach_failure(&error, &item.place))?;
            }
        }
        Ok(())
    }
}

impl Piece {
    /// Whether this is what was found. Below a tag of cosign 2 a bundle is kept in parts; its signature stays what it is.
    fn is(&self, found: &Bundle, form: Form) -> bool {
        match form {
            Form::Referrer => found.as_json() == self.bundle.as_json(),
            Form::Tag => signature(found).is_some_and(|found| Some(found) == signature(&self.bundle)),
        }
    }
}

fn signature(bundle: &Bundle) -> Option<&[u8]> {
    match &bundle.peek_unverified().content {
        SignedContent::Message(message) => Some(&message.signature),
        SignedContent::Envelope(envelope) => Some(envelope.signature()),
        _ => None,
    }
}

impl Item<'_> {
    fn push(&self, content: &Content<'_>, source: &Source, context: &mut Context<'_>) -> Result<(), Failure> {
        let (Some((client, repository)), Some(top)) = (self.registry(), content.top()) else {
            return Ok(());
        };
        let transfer = Transfer::new(context.interactive, content.size());
        let pushing = Pushing {
            client,
            repository,
            content,
            mount_from: &[],
            is_dry: false,
            transfer: &transfer,
        };
        let destination = Reference::new(repository.clone(), Pointer::Digest(top.digest().clone()));
        let pushed = pushing.run(&[]);
        pushed
            .map(drop)
            .map_err(|problem| problem.told(&destination, source.path()))
    }

    /// Looks as anybody would: what was signed is found beside the image, and verifies.
    fn confirm(&self, sealed: &Sealed, judge: &Judge<'_>) -> Result<(), Failure> {
        let subject = sealed.subject.digest();
        let found = evidence_of(&self.place, subject).map_err(|error| self.place.failure(&error))?;
        let wanted = || {
            let pieces = sealed.pieces.iter().enumerate();
            pieces.flat_map(|(number, piece)| piece.forms.iter().map(move |form| (number, piece, *form)))
        };
        let mut confirmed = BTreeSet::new();
        for one in &found {
            let Attachment::Evidence(Ok(attached)) = &one.attachment else {
                continue;
            };
            let (Attached::Bundle(bundle) | Attached::SimpleSigning { bundle, .. }) = attached;
            let form = Form::of(&one.place);
            let ours = wanted().find(|(_, piece, wanted)| *wanted == form && piece.is(bundle, form));
            if let Some((number, piece, form)) = ours {
                judge.judge(bundle, &piece.content, subject, self.name())?;
                confirmed.insert((number, form));
            }
        }
        let (expected, found) = (wanted().count(), confirmed.len());
        match found == expected {
            true => Ok(()),
            false => {
                let message = format_args!(
                    "expected {expected} signed statements beside `{subject}` in the registry, found {found}"
                );
                Err(Failure::undecided("evidence-not-found", message)
                    .at(self.name())
                    .hint("run the same command again; no tag was moved"))
            }
        }
    }

    fn name_it(&self, top: &Document) -> Result<(), Failure> {
        let Some((client, repository)) = self.registry() else {
            return Ok(());
        };
        for tag in &self.tags {
            let pointer = Pointer::Tag(tag.clone());
            let destination = Reference::new(repository.clone(), pointer.clone());
            let media_type = top.descriptor.media_type();
            let put = client.put_manifest(repository, &pointer, media_type, &top.bytes, None);
            put.map_err(|error| failure(&error).at(&destination))?;
        }
        Ok(())
    }
}

impl Sent<'_> {
    /// Gives everything its names, when all of it is in its place.
    pub(in crate::verb::release) fn name(self) -> Result<Vec<Published>, Failure> {
        let named = self.items.into_iter().map(|(item, top, evidence)| {
            item.name_it(&top)?;
            let digest = top.descriptor.digest();
            let repository = item.registry().map(|(_, repository)| repository.to_string());
            let repository = repository.unwrap_or_default();
            let first = item.tags.first().map(|tag| format!(":{tag}")).unwrap_or_default();
            Ok(Published {
                file: item.published.file.to_string(),
                reference: format!("oci://{repository}{first}@{digest}"),
                digest: digest.to_string(),
                tags: item.tags.iter().map(ToString::to_string).collect(),
                evidence,
            })
        });
        named.collect()
    }
}
