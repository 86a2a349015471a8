use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, Digest, measure_file};
use attest_sign::Pending;
use attestation::{Statement, Subject};

use crate::causes::with_causes;
use crate::failure::Failure;

/// What a bundle is called: its artifact's name, and this.
const ENDING: &str = ".sigstore.json";

/// A file that lies where the signed one would, and what was signed of it.
struct Signed {
    path: PathBuf,
    digests: Vec<Digest>,
}

/// The files beside a bundle that are not what was signed any more. A file that is not there tells nothing: signatures may be
/// logged on another machine.
pub(super) fn since(pending: &Pending, bundle: &Path) -> Vec<Failure> {
    let signed = match pending.artifact() {
        Some(digest) => artifact(digest, bundle).into_iter().collect(),
        None => subjects(pending, bundle),
    };
    signed.iter().filter_map(Signed::difference).collect()
}

fn artifact(digest: &Digest, bundle: &Path) -> Option<Signed> {
    let name = bundle.to_str().and_then(|name| name.strip_suffix(ENDING))?;
    Some(Signed {
        path: name.into(),
        digests: vec![digest.clone()],
    })
}

fn subjects(pending: &Pending, bundle: &Path) -> Vec<Signed> {
    let payload = pending.envelope().map(|envelope| envelope.payload().as_bytes());
    let statement = payload.and_then(|payload| Statement::parse(payload).ok());
    let signed = |subject: &Subject| {
        // A name that leads elsewhere is no file beside the bundle.
        let name = Path::new(subject.name()?);
        (name.file_name() == Some(name.as_os_str())).then(|| Signed {
            path: bundle.with_file_name(name),
            digests: subject.digests().iter().cloned().collect(),
        })
    };
    let statement = statement.iter();
    statement
        .flat_map(|statement| statement.subjects().iter().filter_map(signed))
        .collect()
}

impl Signed {
    fn difference(&self) -> Option<Failure> {
        if !self.path.is_file() {
            return None;
        }
        let algorithms: Vec<Algorithm> = self.digests.iter().map(Digest::algorithm).collect();
        let measured = match measure_file(&self.path, &Algorithms::new(Algorithm::Sha256, &algorithms)) {
            Ok(measured) => measured,
            Err(error) => {
                return Some(Failure::undecided(error.code(), with_causes(&error)).at(self.path.display()));
            }
        };
        let differs = |signed: &&Digest| measured.digest(signed.algorithm()) != Some(*signed);
        let expected = self.digests.iter().find(differs)?;
        let message = match measured.digest(expected.algorithm()) {
            Some(found) => format!("expected the file that was signed, {expected}, found {found}"),
            None => format!("expected the file that was signed, {expected}, found another"),
        };
        let failure = Failure::rejected("artifact-changed", message).at(self.path.display());
        Some(failure.hint("the bundle is written, and is for the file as it was; sign the new one with `attest sign`"))
    }
}
