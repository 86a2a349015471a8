use std::collections::BTreeMap;
use std::path::PathBuf;

use attest_digest::{Digest, Measured};
use attest_store::image::{
    Attached, Attachment, InvalidDocument, InvalidPayload, Place as StoredAt, SimpleSigning, StoredEvidence,
};
use attest_verify::{Artifact, AtHand, Expectation, Rejection, VerifiedBundle, Verifier};
use attestation::foreign::{EvidenceError, Format};
use attestation::{Bundle, BundleErrorKind, Statement};

use super::super::build::Admitted;
use super::super::evidence::Origin;
use super::super::finding::{Finding, Proven};
use super::super::problem::Problem;
use super::demand::{Demands, Kind, Sound, annotation_of};

/// How evidence of images is verified.
pub(super) struct Examiner<'a> {
    pub(super) verifier: Verifier<'a>,
    pub(super) expectation: &'a Expectation,
    pub(super) demands: &'a Demands<'a>,
}

/// A piece of evidence, and what it is worth.
pub(super) struct Piece {
    pub(super) finding: Finding,
    pub(super) worth: Worth,
}

/// What a piece of evidence does for a manifest.
#[derive(Debug)]
pub(super) enum Worth {
    /// It meets these demands, one at least.
    Meets(Vec<usize>),
    /// It might have met these demands, and does not.
    Fails { demands: Vec<usize>, nearness: Nearness },
    /// It is certain to be nothing that was asked for.
    Nothing,
    /// Nobody knows what it is.
    Unknown,
}

/// How far evidence came that does not count. The nearest tells why there is none that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nearness {
    /// Its signature does not verify, or it is about another image.
    OfTheKind,
    /// It is by somebody else.
    BySomebodyElse,
    /// It is by the right one, and in no log.
    Unlogged,
    /// It is by the right one, and says something else.
    SaysSomethingElse,
}

type Judged = Result<(Proven, Vec<usize>), (Nearness, Problem)>;

impl Examiner<'_> {
    /// Every piece about one manifest of a repository.
    pub(super) fn examine_all(&self, (repository, image): (&str, &Digest), stored: Vec<StoredEvidence>) -> Vec<Piece> {
        let paths = numbered(stored.iter().map(|one| path(repository, image, one)));
        let pieces = stored.into_iter().zip(paths);
        pieces.map(|(one, place)| self.examine(image, one, place)).collect()
    }

    fn examine(&self, image: &Digest, stored: StoredEvidence, (path, place): (PathBuf, Option<usize>)) -> Piece {
        let piece = |worth, result| Piece {
            worth,
            finding: Finding {
                place,
                ..Finding::new(path, Origin::Attached, result)
            },
        };
        let attached = match stored.attachment {
            Attachment::Evidence(Ok(attached)) => attached,
            other => {
                let (worth, problem) = self.no_evidence(other);
                return piece(worth, Err(problem.into_passed_over()));
            }
        };
        let kind = kind(&attached);
        let concerned: Vec<usize> = (0..self.demands.len())
            .filter(|demand| self.demands.concerns(*demand, &kind))
            .collect();
        if concerned.is_empty() {
            let problem = self.demands.of_another_kind(&kind);
            return piece(Worth::Nothing, Err(problem.into_passed_over()));
        }
        match self.verify(image, &attached, (&kind, &concerned)) {
            Ok((proven, met)) => piece(Worth::Meets(met), Ok(proven)),
            Err((nearness, problem)) => {
                let demands = concerned;
                piece(Worth::Fails { demands, nearness }, Err(problem.into_passed_over()))
            }
        }
    }

    fn verify(&self, image: &Digest, attached: &Attached, (kind, concerned): (&Kind, &[usize])) -> Judged {
        match attached {
            Attached::Bundle(bundle) => self.verify_statement(image, bundle, (kind, concerned)),
            Attached::SimpleSigning { bundle, payload } => self.verify_payload(image, bundle, payload, concerned),
        }
    }

    fn verify_statement(&self, image: &Digest, bundle: &Bundle, (kind, concerned): (&Kind, &[usize])) -> Judged {
        let verified = self.verified(bundle, AtHand::Nothing)?;
        let about = verified.artifact(&Artifact::by_digest(image.clone()));
        let about = about.map_err(|rejection| (Nearness::OfTheKind, Problem::from(&rejection)))?;
        let sound = Sound {
            kind,
            bundle: &verified,
            annotations: &|name| annotation_of(&about, name),
        };
        let (admitted, met) = self.admit(&sound, concerned)?;
        let mut proven = Proven::admitted(Format::SigstoreBundle.code(), &verified, &admitted);
        if *kind == Kind::Signature {
            // It is empty: there is nothing in it to be looked at.
            proven.not_checked.retain(|check| *check != "predicate");
        }
        Ok((proven, met))
    }

    /// The signature is over the payload, and the payload is about the image.
    fn verify_payload(&self, image: &Digest, bundle: &Bundle, payload: &[u8], concerned: &[usize]) -> Judged {
        if bundle.peek_unverified().envelope().is_some() {
            let format = Format::DsseEnvelope;
            let problem = Problem::from(&EvidenceError::NotEvidence { format });
            return Err((Nearness::OfTheKind, problem));
        }
        let verified = self.verified(bundle, AtHand::Bytes(payload))?;
        let measured = Measured::of_bytes(payload, &verified.algorithms());
        let about = verified.artifact(&Artifact::nameless(&measured));
        about.map_err(|rejection| (Nearness::OfTheKind, Problem::from(&rejection)))?;
        let signed = SimpleSigning::parse_about(payload, image);
        let signed = signed.map_err(|error| (Nearness::OfTheKind, of_payload(&error)))?;
        let sound = Sound {
            kind: &Kind::Signature,
            bundle: &verified,
            annotations: &|name| signed.annotations().get(name).cloned(),
        };
        let (admitted, met) = self.admit(&sound, concerned)?;
        let mut proven = Proven::admitted("simple-signing", &verified, &admitted);
        proven.image_name = Some(signed.reference().to_owned());
        Ok((proven, met))
    }

    fn verified(&self, bundle: &Bundle, at_hand: AtHand<'_>) -> Result<VerifiedBundle, (Nearness, Problem)> {
        let verified = self.verifier.verify_bundle_with(bundle, self.expectation, at_hand);
        verified.map_err(|rejection| (self.nearness(&rejection, bundle, at_hand), Problem::from(&rejection)))
    }

    /// The log is asked about before the signature is. Whether a log entry is all that is missing, only the rest tells.
    fn nearness(&self, rejection: &Rejection, bundle: &Bundle, at_hand: AtHand<'_>) -> Nearness {
        if *rejection != Rejection::NoLogEntry {
            return nearness(rejection);
        }
        // What comes of it is told to nobody as verified.
        let rest = self.verifier.without_log_unsafe().without_signed_time_unsafe();
        match rest.verify_bundle_with(bundle, self.expectation, at_hand) {
            Ok(_) => Nearness::Unlogged,
            Err(rejection) => nearness(&rejection),
        }
    }

    /// What hangs on an image and is no evidence, or none that can be looked at.
    fn no_evidence(&self, attachment: Attachment) -> (Worth, Problem) {
        match attachment {
            // It may have been anything that was asked for.
            Attachment::Invalid(InvalidDocument::Misnamed { reason }) => {
                let demands = (0..self.demands.len()).collect();
                let nearness = Nearness::OfTheKind;
                (
                    Worth::Fails { demands, nearness },
                    Problem::rejected("blob-mismatch", reason),
                )
            }
            Attachment::Evidence(Err(error)) if error.kind() == BundleErrorKind::TooLarge => {
                (Worth::Unknown, Problem::undecided(error.code(), error))
            }
            Attachment::Evidence(Err(error)) => (Worth::Nothing, Problem::from(&error)),
            Attachment::Invalid(error @ InvalidDocument::TooLarge { .. }) => {
                (Worth::Unknown, Problem::undecided("evidence-too-large", error))
            }
            Attachment::Invalid(error) => (Worth::Nothing, Problem::rejected("manifest-invalid", error)),
            Attachment::TooLarge { limit, found } => {
                let message = format_args!("expected at most {limit} bytes of evidence, found {found}");
                (Worth::Unknown, Problem::undecided("evidence-too-large", message))
            }
            Attachment::Missing(digest) => {
                let message = format_args!("expected `{digest}`, which is listed, found nothing");
                (Worth::Unknown, Problem::undecided("evidence-missing", message))
            }
            Attachment::NotOpened { count } => {
                let message = format_args!("{count} more are listed than are opened");
                (Worth::Unknown, Problem::undecided("evidence-too-many", message))
            }
            Attachment::NotListed { reason } => (Worth::Unknown, Problem::undecided("evidence-too-many", reason)),
            Attachment::Other { media_types } => {
                let message = format_args!("expected evidence of Sigstore, found `{}`", media_types.join("`, `"));
                (Worth::Nothing, Problem::rejected("not-evidence", message))
            }
            Attachment::Evidence(Ok(_)) => (Worth::Nothing, Problem::rejected("not-evidence", "expected evidence")),
        }
    }

    /// Which demands are met, and what was found out for the first of them; else why the first is not.
    fn admit(&self, sound: &Sound<'_>, concerned: &[usize]) -> Result<(Admitted, Vec<usize>), (Nearness, Problem)> {
        let mut met = Vec::new();
        let mut found = None;
        let mut refused = None;
        for &demand in concerned {
            match self.demands.admit(demand, sound) {
                Ok(admitted) => {
                    met.push(demand);
                    found.get_or_insert(admitted);
                }
                Err(problem) => drop(refused.get_or_insert(problem)),
            }
        }
        match (found, refused) {
            (Some(admitted), _) => Ok((admitted, met)),
            (None, refused) => {
                let problem = refused.unwrap_or_else(|| self.demands.of_another_kind(sound.kind));
                Err((Nearness::SaysSomethingElse, problem))
            }
        }
    }
}

/// Where a piece is, so that somebody else finds it.
fn path(repository: &str, image: &Digest, stored: &StoredEvidence) -> PathBuf {
    let text = match (&stored.place, &stored.manifest) {
        (StoredAt::Tag(tag), _) => format!("{repository}:{tag}"),
        (StoredAt::Referrer, Some(manifest)) => format!("{repository}@{manifest}"),
        (StoredAt::Referrer, None) => format!("{repository}@{image}"),
    };
    PathBuf::from(text)
}

/// What lies in the same place as another is told from it by its number.
fn numbered(paths: impl Iterator<Item = PathBuf>) -> Vec<(PathBuf, Option<usize>)> {
    let paths: Vec<PathBuf> = paths.collect();
    let mut counts: BTreeMap<&PathBuf, usize> = BTreeMap::new();
    let numbers = paths.iter().map(|path| {
        let count = counts.entry(path).or_default();
        *count += 1;
        *count
    });
    let numbers: Vec<usize> = numbers.collect();
    let numbers = paths
        .iter()
        .zip(numbers)
        .map(|(path, number)| (counts[path] > 1).then_some(number));
    let numbers: Vec<Option<usize>> = numbers.collect();
    paths.into_iter().zip(numbers).collect()
}

/// What evidence says that it is, before anything of it is verified.
fn kind(attached: &Attached) -> Kind {
    let bundle = match attached {
        Attached::SimpleSigning { .. } => return Kind::Signature,
        Attached::Bundle(bundle) => bundle.peek_unverified(),
    };
    let Some(envelope) = bundle.envelope() else {
        return Kind::Bytes;
    };
    match Statement::parse(envelope.payload().as_bytes()) {
        Ok(statement) => Kind::of_statement(statement.predicate_type()),
        Err(_) => Kind::Unreadable,
    }
}

fn nearness(rejection: &Rejection) -> Nearness {
    match rejection {
        Rejection::IdentityMismatch { .. }
        | Rejection::IssuerMismatch { .. }
        | Rejection::ClaimMismatch { .. }
        | Rejection::KeyHintMismatch { .. }
        | Rejection::KeyMaterialMismatch { .. } => Nearness::BySomebodyElse,
        _ => Nearness::OfTheKind,
    }
}

fn of_payload(error: &InvalidPayload) -> Problem {
    match error {
        InvalidPayload::OtherImage { .. } => Problem::rejected("digest-mismatch", error),
        _ => Problem::rejected("payload-invalid", error),
    }
}
