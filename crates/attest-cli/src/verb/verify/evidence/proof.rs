use attest_digest::{Algorithm, Digest};
use attest_verify::{Artifact, Rejection, VerifiedBundle};
use attestation::foreign::Format;

use super::super::build::Admitted;
use super::super::problem::Problem;

/// Evidence that passed every check which does not need the artifact. One variant a world of signatures.
pub(in super::super) enum Proof {
    /// A Sigstore bundle, or what was read as one.
    Sigstore {
        /// What it was kept in.
        format: Format,
        bundle: VerifiedBundle,
        /// What it turned out to be.
        admitted: Admitted,
        /// Why it covers nothing although it verifies: it is not of the type that was asked for.
        aside: Option<Problem>,
    },
}

/// What a proof says about an artifact that it covers.
pub(in super::super) struct Covering {
    /// The name under which the artifact was signed, where that is another one.
    pub(in super::super) signed_as: Option<String>,
}

/// Why a proof does not cover an artifact.
pub(in super::super) struct Refusal {
    pub(in super::super) problem: Problem,
    /// Whether the proof knows the name of the artifact as that of other bytes. Another proof cannot heal that.
    pub(in super::super) contradicts: bool,
}

impl Proof {
    /// What an artifact has to be measured with to be held against it.
    pub(in super::super) fn algorithms(&self) -> Vec<Algorithm> {
        match self {
            Self::Sigstore { bundle, .. } => bundle.algorithms().iter().collect(),
        }
    }

    /// Holds an artifact against the proof.
    pub(in super::super) fn covers(&self, artifact: &Artifact) -> Result<Covering, Refusal> {
        match self {
            Self::Sigstore { bundle, aside, .. } => {
                let verified = bundle.artifact(artifact).map_err(|rejection| Refusal {
                    contradicts: bundle.statement().is_some() && is_about_other_bytes(&rejection),
                    problem: Problem::from(&rejection),
                })?;
                if let Some(problem) = aside.clone() {
                    let contradicts = false;
                    return Err(Refusal { problem, contradicts });
                }
                let renamed = verified.subject().filter(|_| verified.is_renamed());
                Ok(Covering {
                    signed_as: renamed.and_then(attestation::Subject::name).map(str::to_owned),
                })
            }
        }
    }

    /// Why it covers nothing although it verifies.
    pub(in super::super) fn aside(&self) -> Option<&Problem> {
        match self {
            Self::Sigstore { aside, .. } => aside.as_ref(),
        }
    }

    /// The digests that it can cover or contradict: an artifact with none of them is not covered.
    pub(super) fn digests(&self) -> Vec<&Digest> {
        match self {
            Self::Sigstore { bundle, .. } => match bundle.statement() {
                Some(statement) => statement
                    .subjects()
                    .iter()
                    .flat_map(|subject| subject.digests().iter())
                    .collect(),
                None => bundle.signed_digest().into_iter().collect(),
            },
        }
    }

    /// The names that it knows.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let Self::Sigstore { bundle, .. } = self;
        let subjects = bundle.statement().map(|statement| statement.subjects());
        let subjects = subjects.unwrap_or_default().iter();
        subjects.filter_map(|subject| subject.name())
    }
}

fn is_about_other_bytes(rejection: &Rejection) -> bool {
    matches!(
        rejection,
        Rejection::DigestMismatch { .. } | Rejection::SubjectSwapped { .. }
    )
}
