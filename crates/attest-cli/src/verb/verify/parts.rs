use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use attest_store::SignatureFiles;
use attestation::foreign::Format;

use super::batch::Verdicts;
use super::finding::Finding;
use super::judgement::Judgement;

/// Takes the certificates, log entries and timestamps from the artifacts that were read as parts of a signature that covers
/// something. No name does that: one that no signature was verified with is a file like any other, and needs evidence.
pub(super) fn set_used_aside(verdicts: &mut Verdicts) {
    let Verdicts { judgements, findings } = verdicts;
    let used: BTreeSet<PathBuf> = findings.iter().flat_map(used).collect();
    if used.is_empty() {
        return;
    }
    judgements.retain(|judgement| !(is_unclaimed(judgement, findings) && is_among(judgement, &used)));
}

fn used(finding: &Finding) -> Vec<PathBuf> {
    let verified = finding.result.as_ref().ok().filter(|_| finding.covers > 0);
    let is_bare = verified.is_some_and(|proven| proven.format == Format::Signature.code());
    let artifact = attest_store::artifact_of(&finding.path).filter(|_| is_bare);
    let beside = artifact.map(|artifact| attest_store::evidence_beside(&artifact).signatures);
    let own = beside.unwrap_or_default().into_iter();
    own.filter(|files| files.signature == finding.path)
        .flat_map(parts)
        .filter_map(|path| path.canonicalize().ok())
        .collect()
}

fn parts(files: SignatureFiles) -> impl Iterator<Item = PathBuf> {
    [files.certificate, files.log_entry, files.timestamp]
        .into_iter()
        .flatten()
}

fn is_among(judgement: &Judgement, used: &BTreeSet<PathBuf>) -> bool {
    let path = judgement.subject.file().map(Path::canonicalize);
    path.is_some_and(|path| path.is_ok_and(|path| used.contains(&path)))
}

/// Whether nothing vouches for an artifact, and nothing that verifies contradicts it.
fn is_unclaimed(judgement: &Judgement, findings: &[Finding]) -> bool {
    let says_nothing = |place: usize| findings.get(place).is_some_and(|finding| finding.result.is_err());
    !judgement.is_accepted()
        && judgement
            .problems
            .iter()
            .all(|problem| problem.is_lack_of_evidence() || problem.evidence.is_some_and(says_nothing))
}
