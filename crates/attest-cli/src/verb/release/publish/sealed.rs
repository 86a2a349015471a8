use std::collections::BTreeMap;
use std::fs;

use attest_archive::image::Descriptor;
use attest_digest::{Algorithm, Digest};
use attest_release::FileName;
use attest_release::stage::Staging;
use attest_sign::Session;
use attest_verify::{Artifact, Expectation, TrustRoot, VerificationTime, Verifier};
use attestation::{Bundle, Payload, Statement, Subject};
use serde_json::{Map, Value};

use super::Publishing;
use super::item::Item;
use crate::failure::Failure;
use crate::image::{Content, Form, docker_reference};
use crate::keyless;
use crate::predicate_type::IMAGE_SIGNATURE;
use crate::registry;
use crate::verb::push::Source;

/// What a CycloneDX document is signed as.
const CYCLONEDX: &str = "https://cyclonedx.org/bom";

/// What is signed of one manifest or index.
pub(in crate::verb::release) struct Sealed {
    /// Which of the items.
    pub(super) item: usize,
    pub(super) subject: Descriptor,
    pub(super) pieces: Vec<Piece>,
}

/// Something that was signed, and the forms in which it is stored.
pub(super) struct Piece {
    pub(super) content: Content,
    pub(super) bundle: Bundle,
    pub(super) forms: &'static [Form],
}

/// Against what everything is held before it is stored, and again where it is stored.
pub(in crate::verb::release) struct Judge<'a> {
    pub(in crate::verb::release) root: &'a TrustRoot,
    pub(in crate::verb::release) expectation: &'a Expectation,
    pub(in crate::verb::release) time: VerificationTime,
}

impl Judge<'_> {
    /// That a bundle over this content, about a manifest, may be believed.
    pub(super) fn judge(
        &self,
        bundle: &Bundle,
        content: &Content,
        subject: &Digest,
        name: &str,
    ) -> Result<(), Failure> {
        let rejected = |rejection: attest_verify::Rejection| Failure::rejected(rejection.code(), rejection).at(name);
        let verifier = Verifier::new(self.root, self.time);
        let verified = verifier.verify_bundle(bundle, self.expectation).map_err(rejected)?;
        let artifact = match content {
            Content::Statement { .. } => Artifact::by_digest(subject.clone()),
            Content::SimpleSigning { measured, .. } => Artifact::nameless(measured),
        };
        verified.artifact(&artifact).map(drop).map_err(rejected)
    }

    /// The certificates above that of a bundle, which cosign 2 keeps beside it.
    pub(super) fn above(&self, bundle: &Bundle) -> Vec<Vec<u8>> {
        let certificate = bundle.peek_unverified().certificate();
        certificate
            .map(|certificate| self.root.above(certificate))
            .unwrap_or_default()
    }
}

/// Of what statements are made.
pub(in crate::verb::release) struct Sealing<'a> {
    pub(in crate::verb::release) provenance: &'a Payload,
    pub(in crate::verb::release) staging: &'a Staging,
    /// Whether cosign 2 and those who read as it does are to find everything as well.
    pub(in crate::verb::release) is_legacy: bool,
}

impl Sealing<'_> {
    /// Signs every image, every index and every chart, and says of what was asked for by name how it was made and what is in it.
    pub(in crate::verb::release) fn seal(
        &self,
        publishing: &Publishing<'_>,
        sources: &[Source],
        session: &Session<'_>,
    ) -> Result<Vec<Sealed>, Failure> {
        let mut sealed = Vec::new();
        for (number, (item, source)) in publishing.items.iter().zip(sources).enumerate() {
            let content = source.content(None, None)?;
            let top = content.top().map(|top| top.digest().clone());
            for subject in manifests(&content) {
                let mut pieces = self.signatures(item, subject.digest(), session)?;
                for statement in self.statements(item, subject, top.as_ref())? {
                    pieces.push(piece(Content::statement(statement), self.forms(), session)?);
                }
                sealed.push(Sealed {
                    item: number,
                    subject: subject.clone(),
                    pieces,
                });
            }
        }
        Ok(sealed)
    }

    /// Those who read the form of cosign 2 read another signature, but the same attestations.
    fn signatures(&self, item: &Item<'_>, digest: &Digest, session: &Session<'_>) -> Result<Vec<Piece>, Failure> {
        let signature = statement(None, digest, IMAGE_SIGNATURE, &Map::new())?;
        let mut pieces = vec![piece(Content::statement(signature), &[Form::Referrer], session)?];
        if self.is_legacy {
            let algorithms: Vec<Algorithm> = session
                .public_key()
                .algorithm()
                .signature_algorithms()
                .iter()
                .filter_map(|algorithm| algorithm.digest())
                .collect();
            let content = Content::simple_signing(
                &docker_reference(&item.configured),
                digest,
                &BTreeMap::new(),
                &algorithms,
            );
            pieces.push(piece(content, &[Form::Tag], session)?);
        }
        Ok(pieces)
    }

    fn forms(&self) -> &'static [Form] {
        match self.is_legacy {
            true => &[Form::Referrer, Form::Tag],
            false => &[Form::Referrer],
        }
    }

    /// What is said of a manifest beside that it is signed.
    fn statements(
        &self,
        item: &Item<'_>,
        subject: &Descriptor,
        top: Option<&Digest>,
    ) -> Result<Vec<Statement>, Failure> {
        let about = |predicate_type: &str, predicate: &Map<String, Value>| {
            statement(
                Some(item.name().to_owned()),
                subject.digest(),
                predicate_type,
                predicate,
            )
        };
        let mut statements = Vec::new();
        let mut lists = Vec::new();
        if Some(subject.digest()) == top {
            let provenance = Statement::parse(self.provenance.as_bytes()).map_err(|error| unusable(&error))?;
            statements.push(about(provenance.predicate_type(), provenance.predicate())?);
            lists.extend(item.published.sbom);
        }
        lists.extend(
            subject
                .platform()
                .and_then(|platform| item.published.sbom_for(platform)),
        );
        for list in lists {
            statements.push(about(CYCLONEDX, &contents(self.staging, list)?)?);
        }
        Ok(statements)
    }
}

fn piece(content: Content, forms: &'static [Form], session: &Session<'_>) -> Result<Piece, Failure> {
    let bundle = content.sign(session).map_err(|error| keyless::failure(&error))?;
    Ok(Piece { content, bundle, forms })
}

/// What is signed, the top first.
fn manifests<'a>(content: &'a registry::Content<'_>) -> impl Iterator<Item = &'a Descriptor> {
    content.documents.iter().rev().map(|document| &document.descriptor)
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
