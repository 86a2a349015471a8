//! The artifact, held against what was signed.

use attest_digest::{Algorithm, Algorithms, Digest, DigestSet};
use attestation::Subject;

use crate::subjects::Subjects;
use crate::token::token;
use crate::{Artifact, Rejection};

token! {
    /// The digest of the artifact is the one that was signed.
    SubjectMatched
}

/// What was signed.
#[derive(Debug)]
pub(crate) enum Content {
    Artifact(Digest),
    Statement(Subjects),
}

/// That the artifact is what was signed, or a subject of the statement that was, and which.
pub(crate) fn check<'a>(
    artifact: &Artifact,
    content: &'a Content,
) -> Result<(Option<&'a Subject>, SubjectMatched), Rejection> {
    let subject = match content {
        Content::Artifact(signed) => {
            compare(artifact, signed)?;
            None
        }
        Content::Statement(subjects) => Some(find_subject(artifact, subjects)?),
    };
    Ok((subject, SubjectMatched { _private: () }))
}

/// What an artifact has to be measured with to be held against the content.
pub(crate) fn algorithms(content: &Content) -> Algorithms {
    match content {
        Content::Artifact(digest) => Algorithms::one(digest.algorithm()),
        Content::Statement(subjects) => subjects.algorithms().clone(),
    }
}

fn compare(artifact: &Artifact, signed: &Digest) -> Result<(), Rejection> {
    match artifact.digests.of(signed.algorithm()) {
        Some(found) if found == signed => Ok(()),
        Some(found) => Err(Rejection::DigestMismatch {
            name: artifact.name.clone(),
            expected: signed.clone(),
            found: found.clone(),
        }),
        None => Err(not_measured(artifact, signed.algorithm().name())),
    }
}

fn find_subject<'a>(artifact: &Artifact, subjects: &'a Subjects) -> Result<&'a Subject, Rejection> {
    let named = artifact.name.as_deref().and_then(|name| subjects.named(name));
    let same = subjects.same(&artifact.digests);
    match (named, same) {
        (Some(named), _) if named.matches_digests(&artifact.digests) => Ok(named),
        (Some(named), same) => Err(wrong_bytes(artifact, named, same)),
        (None, Some(same)) => Ok(same),
        (None, None) => Err(missing(artifact, subjects)),
    }
}

/// `named` goes by the name of the artifact and has other digests.
fn wrong_bytes(artifact: &Artifact, named: &Subject, same: Option<&Subject>) -> Rejection {
    let pair = named
        .digests()
        .iter()
        .find_map(|signed| Some((signed, artifact.digests.of(signed.algorithm())?)).filter(|(a, b)| a != b));
    let Some((expected, found)) = pair else {
        return not_measured(artifact, &names(named.digests()));
    };
    let (expected, name) = (expected.clone(), artifact.name.clone());
    match (same, name) {
        (Some(same), Some(name)) => Rejection::SubjectSwapped {
            name,
            expected,
            signed_as: same.name().unwrap_or_default().to_owned(),
        },
        (_, name) => Rejection::DigestMismatch {
            name,
            expected,
            found: found.clone(),
        },
    }
}

fn missing(artifact: &Artifact, subjects: &Subjects) -> Rejection {
    let compared = artifact.digests.iter().find(|found| subjects.have(found.algorithm()));
    match compared {
        Some(found) => Rejection::SubjectMissing {
            name: artifact.name.clone(),
            found: found.clone(),
            subjects: subjects.count(),
        },
        None => {
            let expected: Vec<&str> = subjects.algorithms().iter().map(Algorithm::name).collect();
            not_measured(artifact, &expected.join(", "))
        }
    }
}

fn not_measured(artifact: &Artifact, expected: &str) -> Rejection {
    Rejection::NotMeasured {
        name: artifact.name.clone(),
        expected: expected.to_owned(),
        found: names(&artifact.digests),
    }
}

fn names(digests: &DigestSet) -> String {
    let names: Vec<&str> = digests.iter().map(|digest| digest.algorithm().name()).collect();
    names.join(", ")
}
