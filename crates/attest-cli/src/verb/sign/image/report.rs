use std::path::Path;

use attest_store::image::Place;
use serde_json::{Value, json};

use super::target::Named;
use super::task::{Errand, Kept, Task};
use crate::context::Context;
use crate::failure::Failure;
use crate::image::Content;
use crate::verb::sign::check::Signer;
use crate::verb::sign::report::{Format, print, signer_to_json};
use crate::visible::visible;

/// What was signed, by whom, and where it is.
pub(super) struct Report<'a> {
    pub(super) signer: &'a Signer<'a>,
    pub(super) named: &'a [Named],
    pub(super) tasks: &'a [Task<'a>],
    /// The file that the bundles were written to.
    pub(super) bundle: Option<&'a Path>,
    pub(super) is_signature: bool,
}

impl Report<'_> {
    pub(super) fn print(&self, format: Format, context: &mut Context<'_>) -> Result<(), Failure> {
        print(format, || self.to_text(), || self.to_json(), context)
    }

    fn to_text(&self) -> String {
        let verb = if self.is_signature { "signed" } else { "attested" };
        let lines = self.errands().map(|(_, errand)| {
            let place = match &errand.kept {
                Some(kept) => shown(kept),
                None => self.bundle.map(|path| path.display().to_string()).unwrap_or_default(),
            };
            let already = errand.kept.as_ref().is_some_and(|kept| kept.was_there);
            let already = if already { "already " } else { "" };
            format!("{already}{verb} {}: {}", subject(errand), visible(&place))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn errands(&self) -> impl Iterator<Item = (&Task<'_>, &Errand<'_>)> {
        self.tasks
            .iter()
            .flat_map(|task| task.errands.iter().map(move |errand| (task, errand)))
    }

    fn to_json(&self) -> Value {
        let images = self
            .named
            .iter()
            .map(|named| json!({ "name": named.text, "digest": named.opened.digest.to_string() }));
        json!({
            "schema": "https://attest.dev/schema/sign-images/v1",
            "signer": signer_to_json(self.signer),
            "images": images.collect::<Vec<_>>(),
            "signatures": self.errands().map(|(task, errand)| signature(task, errand)).collect::<Vec<_>>(),
            "bundle": self.bundle.map(|path| path.display().to_string()),
        })
    }
}

/// Which image, for a person.
pub(super) fn subject(errand: &Errand<'_>) -> String {
    let platform = errand.target.platform.as_ref();
    let platform = platform.map(|platform| format!(" ({})", visible(platform)));
    format!("{}{}", visible(&errand.target.name), platform.unwrap_or_default())
}

/// Where something is, for a person.
pub(super) fn shown(kept: &Kept) -> String {
    match (&kept.place, &kept.manifest) {
        (Place::Tag(tag), _) => tag.clone(),
        (Place::Referrer, Some(manifest)) => manifest.to_string(),
        (Place::Referrer, None) => "a referrer".to_owned(),
    }
}

fn signature(task: &Task<'_>, errand: &Errand<'_>) -> Value {
    let (kind, predicate_type) = match &task.content {
        Content::SimpleSigning { .. } => ("simple-signing", None),
        Content::Statement { statement, .. } => ("statement", Some(statement.predicate_type())),
    };
    let evidence = task.bundle.as_ref().map(|bundle| bundle.peek_unverified());
    json!({
        "name": errand.target.name,
        "digest": errand.target.subject.digest().to_string(),
        "platform": errand.target.platform,
        "kind": kind,
        "predicateType": predicate_type,
        "stored": errand.kept.as_ref().map(stored),
        "logEntries": evidence.map(|evidence| evidence.log_entries.len()),
        "timestamps": evidence.map(|evidence| evidence.timestamps.len()),
    })
}

fn stored(kept: &Kept) -> Value {
    let tag = match &kept.place {
        Place::Tag(tag) => Some(tag),
        Place::Referrer => None,
    };
    json!({
        "tag": tag,
        "manifest": kept.manifest.as_ref().map(ToString::to_string),
        "wasThere": kept.was_there,
    })
}
