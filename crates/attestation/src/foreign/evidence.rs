use serde_json::value::RawValue;

use super::shape::{self, Shape};
use super::{EvidenceError, Format, cosign, dsse, lists, model_signing, pypi};
use crate::{Bundle, BundleError, limits};

/// How much of a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes.
    pub bytes: u64,
    /// The most signatures.
    pub signatures: usize,
}

impl Default for Limits {
    /// [`limits::MAX_BUNDLE_FILE_BYTES`] and [`limits::MAX_BUNDLES`]: other formats are no larger than what they amount to.
    fn default() -> Self {
        Self {
            bytes: limits::MAX_BUNDLE_FILE_BYTES,
            signatures: limits::MAX_BUNDLES,
        }
    }
}

/// One signature of a file, with the format it was kept in.
type Item = Result<(Format, Bundle), EvidenceError>;

/// Reads every signature of a file, each as a bundle, with the format it was kept in.
///
/// Never empty, and in the order of the file: what cannot be read is an error in its place and hides none of the others.
/// Formats may be mixed from line to line. Where the text itself breaks off, the last item says so.
#[must_use]
pub fn read_evidence(bytes: &[u8], limits: &Limits) -> Vec<Item> {
    let found = bytes.len() as u64;
    if found > limits.bytes {
        let limit = limits.bytes;
        return vec![Err(EvidenceError::TooLarge { limit, found })];
    }
    // Windows writes a byte order mark where there is no order.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if !matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return vec![Err(without_documents(bytes))];
    }
    let mut read = Read {
        items: Vec::new(),
        limit: limits.signatures,
    };
    for document in serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>() {
        let complete = match document {
            Ok(document) => read.document(document),
            Err(error) => read.push(Err(BundleError::from(error).into())),
        };
        if !complete {
            break;
        }
    }
    read.items
}

/// Why bytes that are no JSON are no evidence either.
fn without_documents(bytes: &[u8]) -> EvidenceError {
    match Format::recognise(bytes) {
        Some(format) if format.is_detached() => EvidenceError::Detached { format },
        Some(format) => EvidenceError::NotEvidence { format },
        None => EvidenceError::Unrecognised,
    }
}

struct Read {
    items: Vec<Item>,
    limit: usize,
}

impl Read {
    /// One document, or each of a list of them. Whether there is room for more.
    fn document(&mut self, document: &RawValue) -> bool {
        match shape::items(document) {
            Some(items) if items.is_empty() => self.push(Err(EvidenceError::Unrecognised)),
            Some(items) => items.into_iter().all(|item| self.object(item)),
            None => self.object(document),
        }
    }

    fn object(&mut self, document: &RawValue) -> bool {
        let Some(format) = Shape::of(document).and_then(|shape| shape.format()) else {
            return self.push(Err(EvidenceError::Unrecognised));
        };
        let json = document.get();
        match read_object(json, format) {
            Ok(bundles) => bundles
                .into_iter()
                .all(|bundle| self.push(bundle.map(|bundle| (format, bundle)))),
            Err(error) => self.push(Err(error)),
        }
    }

    fn push(&mut self, item: Item) -> bool {
        let room = self.items.len() < self.limit;
        let limit = self.limit;
        self.items.push(match room {
            true => item,
            false => Err(EvidenceError::TooMany { limit }),
        });
        room
    }
}

fn read_object(json: &str, format: Format) -> Result<Vec<Result<Bundle, EvidenceError>>, EvidenceError> {
    match format {
        Format::SigstoreBundle => Ok(vec![Bundle::parse(json.as_bytes()).map_err(EvidenceError::from)]),
        Format::CosignBlobBundle => Ok(vec![cosign::read(json)]),
        Format::GithubAttestations | Format::NpmAttestations => lists::read(json, format),
        Format::PypiAttestation => Ok(vec![pypi::read(json)]),
        Format::PypiProvenance => pypi::read_provenance(json),
        Format::ModelSigningBundle => Ok(vec![model_signing::read(json)]),
        Format::DsseEnvelope => Ok(vec![dsse::read(json)]),
        _ => Err(EvidenceError::NotEvidence { format }),
    }
}
