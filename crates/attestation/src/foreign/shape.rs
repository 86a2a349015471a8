//! Tells a JSON document by its fields, before anything in it is read.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Format, model_signing};

/// What stands at the top of a document, each value as it was written.
pub(super) struct Shape<'a>(BTreeMap<String, &'a RawValue>);

/// The shape of the first document of a text, or of the first item when that is a list.
pub(super) fn first(text: &[u8]) -> Option<Shape<'_>> {
    let mut documents = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    let document = documents.next()?.ok()?;
    match items(document) {
        Some(items) => Shape::of(items.first()?),
        None => Shape::of(document),
    }
}

/// The items of a list.
pub(super) fn items(document: &RawValue) -> Option<Vec<&RawValue>> {
    match document.get().starts_with('[') {
        true => serde_json::from_str(document.get()).ok(),
        false => None,
    }
}

impl<'a> Shape<'a> {
    /// Nothing when it is no object.
    pub(super) fn of(document: &'a RawValue) -> Option<Self> {
        serde_json::from_str(document.get()).ok().map(Self)
    }

    pub(super) fn format(&self) -> Option<Format> {
        if let Some(format) = self.text("mediaType").as_deref().and_then(of_media_type) {
            return Some(match format {
                Format::SigstoreBundle if model_signing::is_one(self) => Format::ModelSigningBundle,
                format => format,
            });
        }
        if self.has(&["signed", "signatures"]) {
            return Some(Format::TufMetadata);
        }
        if self.has(&["attestations"]) {
            return Some(self.of_list());
        }
        let by_fields: [(&[&str], Format); 16] = [
            (&["base64Signature"], Format::CosignBlobBundle),
            (&["attestation"], Format::GithubAttestations),
            (&["attestation_bundles"], Format::PypiProvenance),
            (&["verification_material", "envelope"], Format::PypiAttestation),
            (&["payload", "payloadType", "signatures"], Format::DsseEnvelope),
            (&["SignedEntryTimestamp", "Payload"], Format::LogEntry),
            (&["canonicalizedBody", "logId"], Format::LogEntry),
            (&["SignedRFC3161Timestamp"], Format::Timestamp),
            (&["_type", "subject"], Format::Statement),
            (&["buildDefinition", "runDetails"], Format::SlsaProvenance),
            (&["builder", "buildType"], Format::SlsaProvenance),
            (&["tlogs"], Format::TrustedRoot),
            (&["certificateAuthorities"], Format::TrustedRoot),
            (&["timestampAuthorities"], Format::TrustedRoot),
            (&["trustedRoot", "signingConfig"], Format::ClientTrustConfig),
            (&["verificationMaterial"], Format::SigstoreBundle),
        ];
        let found = by_fields.iter().find(|(fields, _)| self.has(fields));
        found.map(|(_, format)| *format).or_else(|| self.of_log_answer())
    }

    /// npm says the predicate type beside each bundle, GitHub does not.
    fn of_list(&self) -> Format {
        let list = self.0.get("attestations").and_then(|list| items(list));
        let first = list.as_deref().unwrap_or_default().first().copied();
        match first.and_then(Shape::of) {
            Some(first) if first.has(&["predicateType"]) => Format::NpmAttestations,
            _ => Format::GithubAttestations,
        }
    }

    /// Rekor v1 answers with an object whose one key is the id of the entry: 64 hexadecimal digits, or 80 with the tree.
    fn of_log_answer(&self) -> Option<Format> {
        let (id, entry) = self.0.first_key_value()?;
        let is_id = matches!(id.len(), 64 | 80) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let has_body = Shape::of(entry).is_some_and(|entry| entry.has(&["body", "logID"]));
        (self.0.len() == 1 && is_id && has_body).then_some(Format::LogEntry)
    }

    /// A value as it was written.
    pub(super) fn get(&self, field: &str) -> Option<&'a RawValue> {
        self.0.get(field).copied()
    }

    pub(super) fn has(&self, fields: &[&str]) -> bool {
        fields.iter().all(|field| self.0.contains_key(*field))
    }

    fn text(&self, field: &str) -> Option<String> {
        serde_json::from_str(self.0.get(field)?.get()).ok()
    }
}

fn of_media_type(media_type: &str) -> Option<Format> {
    let kind = media_type.strip_prefix("application/vnd.dev.sigstore.")?;
    [
        ("bundle", Format::SigstoreBundle),
        ("trustedroot", Format::TrustedRoot),
        ("signingconfig", Format::SigningConfig),
        ("clienttrustconfig", Format::ClientTrustConfig),
    ]
    .into_iter()
    .find_map(|(name, format)| kind.starts_with(name).then_some(format))
}
