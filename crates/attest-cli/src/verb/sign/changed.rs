use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, Digest, Engine, FileJob, MeasureError, Measured, Progress, Threads};
use attest_sign::Pending;
use attestation::{Statement, Subject};

use crate::causes::with_causes;
use crate::failure::Failure;

/// What a bundle is called: its artifact's name, and this.
const ENDING: &str = ".sigstore.json";

/// A file that lies where the signed one would, and what was signed of it.
pub(super) struct Signed {
    path: PathBuf,
    digests: Vec<Digest>,
    algorithms: Algorithms,
}

/// The files that lie beside a bundle under the names of what was signed. One that is not there tells nothing: signatures may
/// be logged on another machine.
pub(super) fn beside(pending: &Pending, bundle: &Path) -> Vec<Signed> {
    let mut signed = match pending.artifact() {
        Some(digest) => artifact(digest, bundle).into_iter().collect(),
        None => subjects(pending, bundle),
    };
    signed.retain(|signed| signed.path.is_file());
    signed
}

/// Those that are not what was signed any more, in their order.
pub(super) fn differences(signed: Vec<Signed>, threads: Threads) -> Vec<Failure> {
    let mut different = Vec::new();
    Engine::new(threads).measure_stream(signed, &Progress::new(), |signed, measured| {
        different.extend(signed.difference(measured));
        ControlFlow::Continue(())
    });
    different
}

impl FileJob for Signed {
    fn path(&self) -> &Path {
        &self.path
    }

    fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }
}

fn artifact(digest: &Digest, bundle: &Path) -> Option<Signed> {
    let name = bundle.to_str().and_then(|name| name.strip_suffix(ENDING))?;
    Some(Signed::new(name.into(), vec![digest.clone()]))
}

fn subjects(pending: &Pending, bundle: &Path) -> Vec<Signed> {
    let payload = pending.envelope().map(|envelope| envelope.payload().as_bytes());
    let statement = payload.and_then(|payload| Statement::parse(payload).ok());
    let signed = |subject: &Subject| {
        // A name that leads elsewhere is no file beside the bundle.
        let name = Path::new(subject.name()?);
        let digests = || subject.digests().iter().cloned().collect();
        (name.file_name() == Some(name.as_os_str())).then(|| Signed::new(bundle.with_file_name(name), digests()))
    };
    let statement = statement.iter();
    statement
        .flat_map(|statement| statement.subjects().iter().filter_map(signed))
        .collect()
}

impl Signed {
    fn new(path: PathBuf, digests: Vec<Digest>) -> Self {
        let signed: Vec<Algorithm> = digests.iter().map(Digest::algorithm).collect();
        let algorithms = Algorithms::new(Algorithm::Sha256, &signed);
        Self {
            path,
            digests,
            algorithms,
        }
    }

    fn difference(&self, measured: Result<Measured, MeasureError>) -> Option<Failure> {
        let measured = match measured {
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
