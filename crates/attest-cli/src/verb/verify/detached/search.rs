use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use attest_detached::{ClearSigned, DetachedSignature, Format};
use attestation::foreign as evidence;

use super::super::evidence::Origin;
use super::super::finding::Finding;
use super::super::input::{Input, Subject};
use super::super::problem::Problem;

/// What some call their OpenPGP signatures, and what is as often no signature: it is one when it lies beside a file whose
/// name it bears.
const MORE_ENDINGS: [&str; 2] = ["gpg", "sign"];

/// Which files are artifacts, and which are signatures.
pub(super) struct Search<'a> {
    input: &'a Input,
    pub(super) subjects: Vec<Subject>,
    /// Signatures of the call, by what they hold.
    signatures: BTreeSet<&'a Path>,
    /// Bundles of the call, by what they hold.
    bundles: Vec<&'a Path>,
}

/// A file that may be the signature of an artifact.
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) origin: Origin,
    /// Whether it was said to be the signature, so that nothing else will do.
    pub(super) is_named: bool,
}

impl<'a> Search<'a> {
    /// A name makes no file evidence here: one that holds no signature is an artifact, and needs one.
    pub(super) fn new(input: &'a Input) -> Self {
        let given = input.given.iter().map(PathBuf::as_path);
        let (bundles, mut artifacts): (Vec<&Path>, Vec<&Path>) = given.partition(|path| holds_bundle(path));
        let signatures = input.given_signatures.iter().map(PathBuf::as_path);
        let (signatures, others): (BTreeSet<&Path>, BTreeSet<&Path>) =
            signatures.partition(|path| is_looked_at(input, path) && holds_signature(path));
        artifacts.extend(others);
        let named: BTreeSet<&Path> = input.subjects.iter().filter_map(Subject::file).collect();
        let is_artifact = |subject: &&Subject| subject.file().is_none_or(|path| !is_signature(path, &named));
        let found = artifacts.into_iter().map(|path| Subject::File(path.to_owned()));
        Self {
            input,
            subjects: input
                .subjects
                .iter()
                .filter(is_artifact)
                .cloned()
                .chain(found)
                .collect(),
            signatures,
            bundles,
        }
    }

    /// The signatures of an artifact, in the order in which they are looked for.
    pub(super) fn candidates(&self, artifact: Option<&Path>) -> Vec<Candidate> {
        if let Some(signature) = &self.input.signature {
            return vec![Candidate {
                path: signature.path.clone(),
                origin: Origin::Given,
                is_named: true,
            }];
        }
        let beside = artifact.filter(|_| self.input.look_beside).map(beside);
        let origin = |path: &PathBuf| match self.signatures.contains(path.as_path()) {
            true => Origin::Given,
            false => Origin::Beside,
        };
        let candidates = beside.unwrap_or_default().into_iter();
        candidates
            .map(|path| Candidate {
                origin: origin(&path),
                path,
                is_named: false,
            })
            .collect()
    }

    /// Bundles among the files of the call: evidence for whoever expects a signer of Sigstore.
    pub(super) fn of_another_world(&self, keys: Format) -> impl Iterator<Item = Finding> {
        self.bundles.iter().map(move |path| {
            let message = format_args!("expected a signature by a key of {keys}, found a bundle of Sigstore");
            let problem = Problem::passed_over("signature-of-another-world", message);
            Finding::new(path.to_path_buf(), Origin::Given, Err(problem))
        })
    }

    /// Signatures of the call whose artifacts are not in it: it would look as if they had been held against something.
    pub(super) fn without_artifact(&self) -> impl Iterator<Item = Finding> {
        let artifacts: BTreeSet<&Path> = self.subjects.iter().filter_map(Subject::file).collect();
        let is_alone = move |path: &&&Path| {
            let artifact = attest_store::artifact_of(path);
            !artifact.is_some_and(|artifact| artifacts.contains(artifact.as_path()))
        };
        self.signatures.iter().filter(is_alone).map(|path| {
            let message = "expected the artifact of the signature in the same call, found only the signature";
            let problem = Problem::rejected("signature-without-artifact", message);
            Finding::new(path.to_path_buf(), Origin::Given, Err(problem))
        })
    }
}

fn beside(artifact: &Path) -> Vec<PathBuf> {
    let known = attest_store::evidence_beside(artifact).signatures.into_iter();
    let more = MORE_ENDINGS.iter().map(|ending| {
        let mut name = OsString::from(artifact);
        name.push(".");
        name.push(ending);
        PathBuf::from(name)
    });
    known
        .map(|signature| signature.signature)
        .chain(more.filter(|path| path.is_file()))
        .collect()
}

/// Where one signature is named, no other is looked at.
fn is_looked_at(input: &Input, path: &Path) -> bool {
    let named = input.signature.as_ref();
    named.is_none_or(|named| named.path == path)
}

/// Whether it is a signature over a file of the call, by its name and by what it holds.
fn is_signature(path: &Path, named: &BTreeSet<&Path>) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| MORE_ENDINGS.contains(&ending))
        && named.contains(path.with_extension("").as_path())
        && holds_signature(path)
}

fn holds_signature(path: &Path) -> bool {
    super::world::read(path).is_ok_and(|bytes| {
        ClearSigned::recognise(&bytes)
            || DetachedSignature::recognise(&bytes).is_some()
            || evidence::Format::recognise(&bytes).is_some_and(evidence::Format::is_detached)
    })
}

/// Whether it holds signatures of Sigstore, with what belongs to them, and nothing else: a good first line does not make
/// what follows it evidence.
fn holds_bundle(path: &Path) -> bool {
    attest_store::read_bundle_file(path).is_ok_and(|bytes| {
        let pieces = evidence::read_evidence(bytes.peek_unverified(), &evidence::Limits::default());
        !pieces.is_empty() && pieces.iter().all(Result::is_ok)
    })
}
