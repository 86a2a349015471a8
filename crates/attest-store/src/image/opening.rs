use attest_digest::Digest;

use super::asking::{Answer, Asking, Question};
use super::document::{Blob, Document, InvalidDocument};
use super::evidence::{Attachment, Place, StoredEvidence};
use super::layer::{attachments, is_evidence, limit_of};
use super::{MAX_ATTACHMENTS, MAX_EVIDENCE_BYTES};

/// Of how many layers that are no evidence the types are told. What notation, Helm and others store has one or two.
const MAX_TOLD: usize = 16;

/// A manifest that hangs on another one.
pub(super) struct Item {
    origin: Origin,
    /// What the repository said of it, if it was asked.
    answer: Option<Answer>,
}

impl Item {
    pub(super) fn referrer(manifest: Digest) -> Self {
        Self {
            origin: Origin::new(Place::Referrer, Some(manifest)),
            answer: None,
        }
    }

    pub(super) fn tagged(tag: String, answer: Answer) -> Self {
        Self {
            origin: Origin::new(Place::Tag(tag), None),
            answer: Some(answer),
        }
    }

    fn question(&self) -> Option<Question<'_>> {
        let manifest = self.origin.manifest.as_ref().filter(|_| self.answer.is_none());
        manifest.map(Question::Manifest)
    }
}

/// Where something comes from.
#[derive(Clone)]
pub(super) struct Origin {
    place: Place,
    manifest: Option<Digest>,
    artifact_type: Option<String>,
}

impl Origin {
    pub(super) fn new(place: Place, manifest: Option<Digest>) -> Self {
        Self {
            place,
            manifest,
            artifact_type: None,
        }
    }

    pub(super) fn stored(&self, attachment: Attachment) -> StoredEvidence {
        StoredEvidence {
            place: self.place.clone(),
            manifest: self.manifest.clone(),
            artifact_type: self.artifact_type.clone(),
            attachment,
        }
    }
}

/// Something of a manifest, before its layers are fetched.
enum Planned {
    Told(StoredEvidence),
    Layer(Origin, Blob),
}

/// How much more is read for one subject. It is counted by what manifests say, in their order, so that the same is left out
/// however many are fetched together.
struct Allowance {
    layers: usize,
    /// Pieces of evidence: a layer may hold many.
    pieces: usize,
    bytes: u64,
}

impl Allowance {
    fn take(&mut self, bytes: u64) -> bool {
        let fits = self.layers > 0 && bytes <= self.bytes;
        if fits {
            self.layers -= 1;
            self.bytes -= bytes;
        }
        fits
    }
}

/// Everything that hangs on a manifest, as far as it is opened.
pub(super) struct Opening<'a, E> {
    asking: &'a Asking<'a, E>,
    subject: &'a Digest,
    allowance: Allowance,
    stored: Vec<StoredEvidence>,
}

impl<'a, E> Opening<'a, E> {
    pub(super) fn new(asking: &'a Asking<'a, E>, subject: &'a Digest) -> Self {
        Self {
            asking,
            subject,
            allowance: Allowance {
                layers: MAX_ATTACHMENTS,
                pieces: MAX_ATTACHMENTS,
                bytes: MAX_EVIDENCE_BYTES,
            },
            stored: Vec::new(),
        }
    }

    pub(super) fn into_stored(self) -> Vec<StoredEvidence> {
        self.stored
    }

    pub(super) fn tell(&mut self, told: StoredEvidence) {
        self.stored.push(told);
    }

    /// Opens some manifests: all of them together, then all of their layers.
    pub(super) fn open(&mut self, items: Vec<Item>) -> Result<(), E> {
        let questions: Vec<Question<'_>> = items.iter().filter_map(Item::question).collect();
        let mut answers = self.asking.each(&questions)?.into_iter();
        let mut planned = Vec::new();
        for Item { origin, answer } in items {
            // What was not answered is not there: never nothing at all.
            let answer = answer.or_else(|| answers.next()).unwrap_or(Answer::Nothing);
            self.plan(origin, answer, &mut planned);
        }
        self.fetch(planned)
    }

    fn plan(&mut self, mut origin: Origin, answer: Answer, planned: &mut Vec<Planned>) {
        let read = match (answer, &origin.manifest) {
            (Answer::Found(bytes), _) => Document::parse(&bytes).map_err(Attachment::Invalid),
            (Answer::Misnamed(reason), _) => Err(Attachment::Invalid(InvalidDocument::Misnamed { reason })),
            (Answer::Missing(named), _) => Err(Attachment::Missing(named)),
            (_, Some(manifest)) => Err(Attachment::Missing(manifest.clone())),
            (_, None) => return,
        };
        let document = match read {
            Ok(document) => document,
            Err(attachment) => return planned.push(Planned::Told(origin.stored(attachment))),
        };
        // A list may name what is about something else.
        if origin.place == Place::Referrer && document.subject.as_ref() != Some(self.subject) {
            return;
        }
        origin.artifact_type = document.artifact_type;
        self.plan_layers(&origin, document.layers, planned);
    }

    fn plan_layers(&mut self, origin: &Origin, layers: Vec<Blob>, planned: &mut Vec<Planned>) {
        let mut tell = |attachment| planned.push(Planned::Told(origin.stored(attachment)));
        if !layers.iter().any(|layer| is_evidence(&layer.media_type)) {
            let media_types = layers.into_iter().map(|layer| layer.media_type);
            let media_types = media_types.take(MAX_TOLD).collect();
            return tell(Attachment::Other { media_types });
        }
        let mut left = 0;
        for layer in layers.into_iter().filter(|layer| is_evidence(&layer.media_type)) {
            let (limit, found) = (limit_of(&layer), layer.size);
            let is_too_large = found > limit;
            if !self.allowance.take(if is_too_large { 0 } else { found }) {
                left += 1;
            } else if is_too_large {
                planned.push(Planned::Told(origin.stored(Attachment::TooLarge { limit, found })));
            } else {
                planned.push(Planned::Layer(origin.clone(), layer));
            }
        }
        if left > 0 {
            planned.push(Planned::Told(origin.stored(Attachment::NotOpened { count: left })));
        }
    }

    fn fetch(&mut self, planned: Vec<Planned>) -> Result<(), E> {
        let layers = planned.iter().filter_map(|one| match one {
            Planned::Told(_) => None,
            Planned::Layer(_, layer) => Some(Question::Blob(layer)),
        });
        let questions: Vec<Question<'_>> = layers.collect();
        let mut answers = self.asking.each(&questions)?.into_iter();
        for one in planned {
            match one {
                Planned::Told(told) => self.stored.push(told),
                Planned::Layer(origin, layer) => {
                    let answer = answers.next().unwrap_or(Answer::Nothing);
                    let found = attachments(&layer, answer, self.allowance.pieces);
                    self.allowance.pieces = self.allowance.pieces.saturating_sub(found.len());
                    self.stored.extend(found.into_iter().map(|found| origin.stored(found)));
                }
            }
        }
        Ok(())
    }
}
