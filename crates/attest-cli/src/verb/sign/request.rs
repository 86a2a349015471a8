use std::path::PathBuf;
use std::time::SystemTime;

use attest_digest::{Algorithm, Threads};
use attest_sign::Session;
use attestation::{Bundle, Payload, Statement, Subject};
use jiff::Timestamp;

use super::artifact::{Artifact, measure};
use super::predicate::Predicate;
use super::{Arguments, output};
use crate::failure::Failure;
use crate::input_file::{InputFile, MAX_PAYLOAD_BYTES, too_large};

/// What the arguments ask for, before any artifact is read.
pub(super) struct Wanted {
    files: Vec<PathBuf>,
    /// What else is read, and must not be written over.
    inputs: Vec<PathBuf>,
    kind: Kind,
}

enum Kind {
    Each {
        bundle: Option<PathBuf>,
    },
    Predicate {
        predicate: Predicate,
        bundle: PathBuf,
    },
    Statement {
        payload: Payload,
        statement: Statement,
        bundle: PathBuf,
    },
}

/// One bundle to be made.
pub(super) struct Request {
    pub(super) bundle: PathBuf,
    pub(super) artifacts: Vec<Artifact>,
    pub(super) statement: Option<Payload>,
}

impl Wanted {
    pub(super) fn new(arguments: &Arguments, now: SystemTime) -> Result<Self, Failure> {
        let files = arguments.files.clone();
        let bundle = arguments.bundle.clone();
        let kind = match (&arguments.statement, &arguments.predicate) {
            (None, None) if bundle.is_some() && files.len() > 1 => return Err(one_bundle_many_files()),
            (None, None) => Kind::Each { bundle },
            (Some(path), _) => {
                let file = InputFile {
                    path,
                    unreadable: "statement-unreadable",
                    limit: MAX_PAYLOAD_BYTES,
                };
                let bytes = file.read()?;
                let statement = Statement::parse(&bytes)
                    .map_err(|error| Failure::usage("statement-invalid", error).at(path.display()))?;
                Kind::Statement {
                    payload: Payload::in_toto(bytes),
                    statement,
                    bundle: output::bundle_of_statement(bundle, &files)?,
                }
            }
            (None, Some(path)) => {
                let now = Timestamp::try_from(now).unwrap_or_default();
                Kind::Predicate {
                    predicate: Predicate::load(path, &arguments.predicate_type, now)?,
                    bundle: output::bundle_of_statement(bundle, &files)?,
                }
            }
        };
        let inputs = [
            &arguments.statement,
            &arguments.predicate,
            &arguments.trusted_root,
            &arguments.keyless.signing_config,
        ];
        // A token that is no path names no file that is there.
        let token = arguments.keyless.identity_token.iter().map(PathBuf::from);
        let inputs = inputs.into_iter().flatten().cloned().chain(token).collect();
        Ok(Self { files, inputs, kind })
    }

    /// Reads the artifacts.
    pub(super) fn measure(self, threads: Threads) -> Result<Vec<Request>, Failure> {
        let artifacts = measure(&self.files, threads)?;
        let requests = match self.kind {
            Kind::Each { bundle } => artifacts
                .into_iter()
                .map(|artifact| Request::each(artifact, bundle.clone()))
                .collect(),
            Kind::Predicate { predicate, bundle } => vec![Request::about(artifacts, predicate, bundle)?],
            Kind::Statement {
                payload,
                statement,
                bundle,
            } => {
                check_subjects(&statement, &artifacts)?;
                vec![Request {
                    bundle,
                    artifacts,
                    statement: Some(payload),
                }]
            }
        };
        output::check_places(&self.inputs, &requests)?;
        Ok(requests)
    }
}

impl Request {
    fn each(artifact: Artifact, bundle: Option<PathBuf>) -> Self {
        Self {
            bundle: bundle.unwrap_or_else(|| output::beside(&artifact.path)),
            artifacts: vec![artifact],
            statement: None,
        }
    }

    fn about(artifacts: Vec<Artifact>, predicate: Predicate, bundle: PathBuf) -> Result<Self, Failure> {
        let subjects = artifacts
            .iter()
            .map(|artifact| Subject::measured(artifact.name.as_str(), &artifact.measured));
        let statement = Statement::of_type(subjects.collect(), &predicate.type_uri, predicate.body)
            .map_err(|error| Failure::usage("statement-invalid", error))?;
        let payload = statement.to_payload();
        // Subjects and escapes come on top of the predicate that was read.
        let size = payload.as_bytes().len() as u64;
        if size > MAX_PAYLOAD_BYTES {
            return Err(too_large(MAX_PAYLOAD_BYTES, size).at("the statement"));
        }
        Ok(Self {
            bundle,
            artifacts,
            statement: Some(payload),
        })
    }

    pub(super) fn sign(&self, session: &Session<'_>) -> Result<Bundle, attest_sign::Error> {
        match (&self.statement, self.artifacts.as_slice()) {
            (None, [artifact]) => session.sign_artifact(&artifact.measured),
            (None, _) => unreachable!("without a statement there is one request an artifact"),
            (Some(statement), _) => session.sign_statement(statement),
        }
    }
}

/// Files beside a finished statement are there to be held against it before it is signed.
fn check_subjects(statement: &Statement, artifacts: &[Artifact]) -> Result<(), Failure> {
    for artifact in artifacts {
        let digest = artifact.measured.digest(Algorithm::Sha256);
        let named = |subject: &&Subject| subject.digests().of(Algorithm::Sha256) == digest;
        if !statement.subjects().iter().any(|subject| named(&subject)) {
            let found = digest.map(ToString::to_string).unwrap_or_default();
            let message = format!("expected the statement to have a subject with {found}, found none");
            return Err(Failure::usage("not-a-subject", message).at(artifact.path.display()));
        }
    }
    Ok(())
}

fn one_bundle_many_files() -> Failure {
    Failure::usage(
        "bundle-for-several-files",
        "expected one file with --bundle, found several: a signature covers one file",
    )
    .hint("leave out --bundle to get one bundle beside each file, or sign one statement about all of them with `attest sign FILE… --predicate FILE --type TYPE --bundle OUT`")
}
