use attest_digest::Digest;
use attest_store::image::Place;
use attest_verify::Artifact;
use attestation::Bundle;

use super::message::Message;
use super::target::Target;
use crate::failure::Failure;
use crate::image::{Content, Form};
use crate::verb::sign::check::Candidate;
use crate::verb::sign::request::Scheme;

/// Something to be signed, and where it goes.
pub(crate) struct Task<'a> {
    pub(crate) content: Content,
    pub(crate) errands: Vec<Errand<'a>>,
    /// Once it is signed.
    pub(crate) bundle: Option<Bundle>,
}

/// One place for a bundle.
pub(crate) struct Errand<'a> {
    pub(crate) target: &'a Target<'a>,
    pub(crate) form: Form,
    /// Once it is there.
    pub(crate) kept: Option<Kept>,
}

/// Where a bundle is.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// The manifest that holds it, if that is known.
    pub(crate) manifest: Option<Digest>,
    pub(crate) place: Place,
    /// Whether it was there before.
    pub(crate) was_there: bool,
}

/// What is said, and in which forms.
pub(crate) struct Plan<'a> {
    pub(crate) message: &'a Message,
    /// How the form of cosign 2 is signed, if it is asked for.
    pub(crate) legacy: Option<Scheme>,
}

impl Plan<'_> {
    /// What is to be signed for these.
    pub(crate) fn tasks<'a>(&self, targets: &'a [Target<'a>]) -> Result<Vec<Task<'a>>, Failure> {
        let mut tasks = Vec::new();
        for target in targets {
            let content = self.message.about(target)?;
            let errands = self.errands(target);
            match (&mut tasks[..], self.message) {
                // One statement, one signature, however many it is about.
                ([first, ..], Message::Statement { .. }) => Task::extend(first, errands),
                _ => tasks.push(Task::new(content, errands)),
            }
            if let Some(scheme) = self.legacy {
                let simple = self.message.in_simple_signing(target, scheme)?;
                tasks.extend(simple.map(|content| Task::new(content, vec![Errand::new(target, Form::Tag)])));
            }
        }
        Ok(tasks)
    }

    fn errands<'a>(&self, target: &'a Target<'a>) -> Vec<Errand<'a>> {
        let mut errands = vec![Errand::new(target, Form::Referrer)];
        if self.legacy.is_some() && !self.message.is_signature() {
            errands.push(Errand::new(target, Form::Tag));
        }
        errands
    }
}

impl<'a> Task<'a> {
    fn new(content: Content, errands: Vec<Errand<'a>>) -> Self {
        let bundle = None;
        Self {
            content,
            errands,
            bundle,
        }
    }

    fn extend(&mut self, errands: Vec<Errand<'a>>) {
        self.errands.extend(errands);
    }

    /// Whether it is a statement, and no payload that is kept elsewhere.
    pub(super) fn is_statement(&self) -> bool {
        matches!(self.content, Content::Statement { .. })
    }

    /// Whether it is not everywhere yet.
    pub(crate) fn is_needed(&self) -> bool {
        self.errands.iter().any(|errand| errand.kept.is_none())
    }

    /// A bundle of this, as those will see it who verify.
    pub(super) fn candidate<'b>(&'b self, bundle: &'b Bundle) -> Candidate<'b> {
        let images = self.errands.iter().map(|errand| errand.target.subject.digest().clone());
        let artifacts = match &self.content {
            Content::Statement { .. } => images.map(Artifact::by_digest).collect(),
            Content::SimpleSigning { measured, .. } => vec![Artifact::nameless(measured)],
        };
        Candidate {
            bundle,
            artifacts,
            place: self
                .errands
                .first()
                .map(|errand| errand.target.name.clone())
                .unwrap_or_default(),
        }
    }
}

impl<'a> Errand<'a> {
    fn new(target: &'a Target<'a>, form: Form) -> Self {
        let kept = None;
        Self { target, form, kept }
    }
}
