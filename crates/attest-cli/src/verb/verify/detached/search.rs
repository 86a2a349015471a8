use std::ffi::OsString;
use std::path::{Path, PathBuf};

use attest_detached::Format;

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
    pub(super) subjects: Vec<&'a Subject>,
}

/// A file that may be the signature of an artifact.
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) origin: Origin,
    /// Whether it was said to be the signature, so that nothing else will do.
    pub(super) is_named: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(input: &'a Input) -> Self {
        let is_artifact = |subject: &&Subject| subject.file().is_none_or(|path| !is_signature(path));
        Self {
            input,
            subjects: input.subjects.iter().filter(is_artifact).collect(),
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
        let origin = |path: &PathBuf| match self.input.given_signatures.contains(path) {
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
        self.input.given.iter().map(move |path| {
            let message = format_args!("expected a signature by a key of {keys}, found a bundle of Sigstore");
            let problem = Problem::passed_over("signature-of-another-world", message);
            Finding::new(path.clone(), Origin::Given, Err(problem))
        })
    }

    /// Signatures of the call whose artifacts are not in it: it would look as if they had been held against something.
    pub(super) fn without_artifact(&self) -> impl Iterator<Item = Finding> {
        let is_alone = |path: &&PathBuf| {
            let artifact = attest_store::artifact_of(path).map(Subject::File);
            !artifact.is_some_and(|artifact| self.subjects.contains(&&artifact))
        };
        self.input.given_signatures.iter().filter(is_alone).map(|path| {
            let message = "expected the artifact of the signature in the same call, found only the signature";
            let problem = Problem::rejected("signature-without-artifact", message);
            Finding::new(path.clone(), Origin::Given, Err(problem))
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

fn is_signature(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| MORE_ENDINGS.contains(&ending)) && path.with_extension("").is_file()
}
