use std::collections::BTreeMap;

use attest_digest::Digest;
use attest_store::image::{Attached, Attachment, Place, SimpleSigning, StoredEvidence};
use attestation::Bundle;
use serde::Serialize;
use serde_json::Value;

use crate::predicate_type::IMAGE_SIGNATURE;
use crate::verb::inspect::bundle;

/// When a manifest was made, as it says itself.
const CREATED: &str = attest_archive::image::annotation::CREATED;

/// What hangs on a manifest.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttachedDocument {
    pub(super) kind: Kind,
    pub(super) stored: Stored,
    pub(super) tag: Option<String>,
    /// The manifest that holds it.
    pub(super) manifest: Option<String>,
    pub(super) artifact_type: Option<String>,
    pub(super) predicate_type: Option<String>,
    /// Whether somebody signed it.
    pub(super) signed: bool,
    pub(super) identity: Option<String>,
    pub(super) issuer: Option<String>,
    /// The hint of a key, where there is no certificate.
    pub(super) key: Option<String>,
    /// When it was made, as a log, a timestamp or the manifest says.
    pub(super) time: Option<String>,
    /// The image as a signature of cosign 2 calls it.
    pub(super) reference: Option<String>,
    /// The digest of the image that a signature of cosign 2 is about, if it is another one.
    pub(super) about: Option<String>,
    /// The media types of what is not looked into.
    pub(super) media_types: Vec<String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) error: Option<ErrorDocument>,
    /// What hangs on it in turn.
    pub(super) attached: Vec<AttachedDocument>,
    /// As of a file that holds the same.
    contents: Option<Value>,
}

/// In the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Signature,
    Attestation,
    Sbom,
    Other,
    Unreadable,
}

/// How it is kept beside the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Stored {
    Referrer,
    FallbackTag,
    CosignTag,
}

#[derive(Debug, Serialize)]
pub(super) struct ErrorDocument {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl AttachedDocument {
    pub(super) fn new(evidence: &StoredEvidence, subject: &Digest) -> Self {
        let mut document = Self::unread(evidence);
        match &evidence.attachment {
            Attachment::Evidence(Ok(Attached::Bundle(bundle))) => document.bundle(bundle),
            Attachment::Evidence(Ok(Attached::SimpleSigning { bundle, payload })) => {
                document.bundle(bundle);
                document.kind = Kind::Signature;
                match SimpleSigning::parse(payload) {
                    Ok(payload) => document.payload(&payload, subject),
                    Err(error) => document.fail("payload-invalid", &error),
                }
            }
            Attachment::Evidence(Err(error)) => document.fail(error.code(), error),
            Attachment::Invalid(error) => document.fail("manifest-invalid", error),
            Attachment::TooLarge { limit, found } => {
                let message = format!("expected at most {limit} bytes, found {found}");
                document.fail("evidence-too-large", &message);
            }
            Attachment::Missing(digest) => {
                let message = format!("expected blob `{digest}`, found none");
                document.fail("blob-missing", &message);
            }
            Attachment::NotOpened { count } => {
                document.fail("too-many", &format!("{count} more were not opened"));
            }
            Attachment::NotListed { reason } => document.fail("too-many", reason),
            Attachment::Other { media_types } => {
                document.media_types.clone_from(media_types);
                document.kind = match document.names_a_list() {
                    true => Kind::Sbom,
                    false => Kind::Other,
                };
            }
        }
        document
    }

    fn unread(evidence: &StoredEvidence) -> Self {
        let (stored, tag) = match &evidence.place {
            Place::Referrer => (Stored::Referrer, None),
            Place::Tag(tag) => (Stored::CosignTag, Some(tag.clone())),
        };
        Self {
            kind: Kind::Unreadable,
            stored,
            tag,
            manifest: evidence.manifest.as_ref().map(ToString::to_string),
            artifact_type: evidence.artifact_type.clone(),
            predicate_type: None,
            signed: false,
            identity: None,
            issuer: None,
            key: None,
            time: None,
            reference: None,
            about: None,
            media_types: Vec::new(),
            annotations: BTreeMap::new(),
            error: None,
            attached: Vec::new(),
            contents: None,
        }
    }

    /// The registry does not list it.
    pub(super) fn below_fallback_tag(&mut self) {
        self.stored = Stored::FallbackTag;
    }

    pub(super) fn is_of_another_kind(&self) -> bool {
        !self.signed && self.error.is_none()
    }

    /// What the manifest of something unsigned says of it.
    pub(super) fn annotate(&mut self, annotations: BTreeMap<String, String>) {
        self.time = annotations.get(CREATED).cloned();
        self.annotations = annotations;
    }

    fn bundle(&mut self, bundle: &Bundle) {
        let contents = bundle::describe(bundle);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let signer = &contents["signer"];
        self.signed = true;
        self.identity = text(&signer["identity"]);
        self.issuer = text(&signer["issuer"]);
        self.key = text(&signer["keyHint"]);
        self.time = time(&contents);
        self.predicate_type = text(&contents["statement"]["predicateType"]);
        self.kind = match self.predicate_type.as_deref() {
            None | Some(IMAGE_SIGNATURE) => Kind::Signature,
            Some(list) if is_list(list) => Kind::Sbom,
            Some(_) => Kind::Attestation,
        };
        self.contents = Some(contents);
    }

    fn payload(&mut self, payload: &SimpleSigning, subject: &Digest) {
        self.reference = Some(payload.reference().to_owned());
        self.about = (payload.image() != subject).then(|| payload.image().to_string());
    }

    fn fail(&mut self, code: &'static str, message: &dyn ToString) {
        self.kind = Kind::Unreadable;
        let message = message.to_string();
        self.error = Some(ErrorDocument { code, message });
    }

    fn names_a_list(&self) -> bool {
        let is_of_cosign = self.tag.as_deref().is_some_and(|tag| tag.ends_with(".sbom"));
        let mut types = self.media_types.iter().chain(&self.artifact_type);
        is_of_cosign || types.any(|media_type| is_list(media_type))
    }
}

/// Whether a media type, or the type of a predicate, is that of a list of contents.
fn is_list(name: &str) -> bool {
    ["cyclonedx", "spdx", "syft"].iter().any(|kind| name.contains(kind))
}

/// When a log has it, else when a timestamp says.
fn time(contents: &Value) -> Option<String> {
    let first = |list: &str, field: &str| {
        let list = contents[list].as_array()?;
        list.iter().find_map(|one| one[field].as_str().map(str::to_owned))
    };
    first("logEntries", "loggedAt").or_else(|| first("timestamps", "time"))
}
