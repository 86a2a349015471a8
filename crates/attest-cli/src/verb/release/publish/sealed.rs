use std::fs;

use attest_archive::image::Descriptor;
use attest_digest::Digest;
use attest_release::FileName;
use attest_release::stage::Staging;
use attest_sign::Session;
use attest_verify::{Artifact, Expectation, TrustRoot, VerificationTime, Verifier};
use attestation::{Bundle, Payload, Statement, Subject};
use serde_json::{Map, Value};

use super::Publishing;
use super::item::Item;
use crate::failure::Failure;
use crate::keyless;
use crate::predicate_type::IMAGE_SIGNATURE;
use crate::registry::Content;
use crate::verb::push::Source;

/// What a CycloneDX document is signed as.
const CYCLONEDX: &str = "https://cyclonedx.org/bom";

/// What is signed of one manifest or index.
pub(in crate::verb::release) struct Sealed {
    /// Which of the items.
    pub(super) item: usize,
    pub(super) subject: Descriptor,
    pub(super) bundles: Vec<Bundle>,
}

/// Against what everything is held before it is stored, and again where it is stored.
pub(in crate::verb::release) struct Judge<'a> {
    pub(in crate::verb::release) root: &'a TrustRoot,
    pub(in crate::verb::release) expectation: &'a Expectation,
    pub(in crate::verb::release) time: VerificationTime,
}

impl Judge<'_> {
    /// The type of the statement that a bundle makes about a manifest, if it may be believed.
    pub(super) fn judge(&self, bundle: &Bundle, subject: &Digest, name: &str) -> Result<String, Failure> {
        let rejected = |rejection: attest_verify::Rejection| Failure::rejected(rejection.code(), rejection).at(name);
        let verifier = Verifier::new(self.root, self.time);
        let verified = verifier.verify_bundle(bundle, self.expectation).map_err(rejected)?;
        verified
            .artifact(&Artifact::by_digest(subject.clone()))
            .map_err(rejected)?;
        let statement = verified.statement().map(Statement::predicate_type);
        Ok(statement.unwrap_or_default().to_owned())
    }
}

/// Signs every image, every index and every chart, and says of what was asked for by name how it was made and what is in it.
pub(in crate::verb::release) fn seal(
    publishing: &Publishing<'_>,
    sources: &[Source],
    provenance: &Payload,
    staging: &Staging,
    session: &Session<'_>,
) -> Result<Vec<Sealed>, Failure> {
    let provenance = Statement::parse(provenance.as_bytes()).map_err(|error| unusable(&error))?;
    let mut sealed = Vec::new();
    for (number, (item, source)) in publishing.items.iter().zip(sources).enumerate() {
        let content = source.content(None, None)?;
        let top = content.top().map(|top| top.digest().clone());
        for subject in manifests(&content) {
            let mut statements = vec![signature(subject.digest())?];
            if Some(subject.digest()) == top.as_ref() {
                statements.push(about(
                    item,
                    subject.digest(),
                    provenance.predicate_type(),
                    provenance.predicate(),
                )?);
                if let Some(sbom) = item.published.sbom {
                    statements.push(about(item, subject.digest(), CYCLONEDX, &contents(staging, sbom)?)?);
                }
            }
            let of_platform = subject
                .platform()
                .and_then(|platform| item.published.sbom_for(platform));
            if let Some(sbom) = of_platform {
                statements.push(about(item, subject.digest(), CYCLONEDX, &contents(staging, sbom)?)?);
            }
            let bundles = statements.iter().map(|statement| {
                let signed = session.sign_statement(&statement.to_payload());
                signed.map_err(|error| keyless::failure(&error))
            });
            sealed.push(Sealed {
                item: number,
                subject: subject.clone(),
                bundles: bundles.collect::<Result<_, _>>()?,
            });
        }
    }
    Ok(sealed)
}

/// What is signed, the top first.
fn manifests<'a>(content: &'a Content<'_>) -> impl Iterator<Item = &'a Descriptor> {
    content.documents.iter().rev().map(|document| &document.descriptor)
}

fn signature(digest: &Digest) -> Result<Statement, Failure> {
    statement(None, digest, IMAGE_SIGNATURE, &Map::new())
}

fn about(
    item: &Item<'_>,
    digest: &Digest,
    predicate_type: &str,
    predicate: &Map<String, Value>,
) -> Result<Statement, Failure> {
    statement(Some(item.name().to_owned()), digest, predicate_type, predicate)
}

fn statement(
    name: Option<String>,
    digest: &Digest,
    predicate_type: &str,
    predicate: &Map<String, Value>,
) -> Result<Statement, Failure> {
    let subject = Subject::claimed(name, [digest.clone()]).map_err(|error| unusable(&error))?;
    Statement::of_type(vec![subject], predicate_type, predicate.clone()).map_err(|error| unusable(&error))
}

fn contents(staging: &Staging, sbom: &FileName) -> Result<Map<String, Value>, Failure> {
    let path = staging.path_of(sbom);
    let unreadable = |error: std::io::Error| Failure::undecided("sbom-document-unreadable", error).at(sbom);
    let bytes = fs::read(path).map_err(unreadable)?;
    serde_json::from_slice(&bytes).map_err(|error| unreadable(error.into()))
}

fn unusable(error: &dyn std::fmt::Display) -> Failure {
    Failure::usage("statement-invalid", error)
}
