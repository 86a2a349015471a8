use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use attest_digest::{Algorithm, Digest, Measured, Threads};
use attest_sign::{KeyAlgorithm, Pending, Session, SignatureAlgorithm};
use attestation::manifest::TreeManifest;
use attestation::{Payload, Statement, Subject};
use jiff::Timestamp;

use super::artifact::{Artifact, measure};
use super::evidence::Log;
use super::manifest::ManifestToBe;
use super::output::Made;
use super::predicate::Predicate;
use super::{Arguments, output, resume};
use crate::failure::Failure;
use crate::input_file::{InputFile, MAX_PAYLOAD_BYTES, too_large};
use crate::visible::visible;

/// What the arguments ask for, before any artifact is read.
pub(super) struct Wanted {
    files: Vec<PathBuf>,
    /// What else is read, and must not be written over.
    inputs: Vec<PathBuf>,
    kind: Kind,
    log: Log,
}

enum Kind {
    Each {
        bundle: Option<PathBuf>,
    },
    /// Nothing is said about the files but that they were signed, in one statement.
    Together {
        bundle: PathBuf,
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
    Manifest(ManifestToBe),
}

/// One bundle to be made.
pub(super) struct Request {
    /// Where it goes, or what is pending until it can be made.
    pub(super) place: PathBuf,
    pub(super) artifacts: Vec<Artifact>,
    pub(super) statement: Option<Payload>,
}

/// How files are to be signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scheme {
    pub(super) key: KeyAlgorithm,
    pub(super) algorithm: Option<SignatureAlgorithm>,
}

impl Scheme {
    /// What may be signed: which of it is, the log decides.
    pub(super) fn digests(self) -> Vec<Algorithm> {
        let all = self.key.signature_algorithms().iter().copied();
        let meant = all.filter(|candidate| self.algorithm.is_none_or(|algorithm| algorithm == *candidate));
        meant.filter_map(SignatureAlgorithm::digest).collect()
    }

    /// Whether such a key signs statements alone, as it signs whole messages.
    pub(super) fn is_stated(self) -> bool {
        self.key == KeyAlgorithm::Ed25519 && self.algorithm != Some(SignatureAlgorithm::Ed25519Prehashed)
    }
}

impl Wanted {
    pub(super) fn new(arguments: &Arguments, now: SystemTime) -> Result<Self, Failure> {
        Ok(Self {
            files: arguments.files.clone(),
            inputs: inputs(arguments),
            kind: Kind::of(arguments, now)?,
            log: arguments.evidence.evidence().log,
        })
    }

    /// Reads the artifacts. An Ed25519 key signs a statement about each file instead of its digest, unless its prehashed form
    /// is asked for: files are not kept in memory, and hardly any program verifies that form by a key.
    pub(super) fn measure(self, scheme: Scheme, threads: Threads) -> Result<Vec<Request>, Failure> {
        let digests = match self.kind {
            Kind::Each { .. } => scheme.digests(),
            _ => Vec::new(),
        };
        let stated = scheme.is_stated();
        let artifacts = measure(&self.files, &digests, threads)?;
        let mut requests = match self.kind {
            Kind::Each { bundle } => {
                let each = artifacts.into_iter();
                let each = each.map(|artifact| Request::each(artifact, bundle.clone(), stated));
                each.collect::<Result<Vec<_>, _>>()?
            }
            Kind::Together { bundle } => vec![Request::about(artifacts, Predicate::signed(), bundle)?],
            Kind::Predicate { predicate, bundle } => vec![Request::about(artifacts, predicate, bundle)?],
            Kind::Statement {
                payload,
                statement,
                bundle,
            } => {
                check_subjects(&statement, &artifacts)?;
                vec![Request {
                    place: bundle,
                    artifacts,
                    statement: Some(payload),
                }]
            }
            Kind::Manifest(manifest) => vec![manifest.hash(threads)?],
        };
        if self.log == Log::Later {
            requests.iter_mut().for_each(Request::put_off);
        }
        output::check_places(&self.inputs, &requests)?;
        Ok(requests)
    }
}

impl Kind {
    fn of(arguments: &Arguments, now: SystemTime) -> Result<Self, Failure> {
        let Arguments { files, bundle, .. } = arguments;
        match (&arguments.statement, &arguments.predicate) {
            (None, None) if arguments.tree.manifest.is_some() => {
                Ok(Self::Manifest(ManifestToBe::new(&arguments.tree, bundle.clone())?))
            }
            (None, None) => Ok(match bundle.clone() {
                Some(bundle) if files.len() > 1 => Self::Together { bundle },
                bundle => Self::Each { bundle },
            }),
            (Some(path), _) => {
                let (payload, statement) = read_statement(path)?;
                Ok(Self::Statement {
                    payload,
                    statement,
                    bundle: output::bundle_of_statement(bundle.clone(), files)?,
                })
            }
            (None, Some(path)) => {
                let now = Timestamp::try_from(now).unwrap_or_default();
                Ok(Self::Predicate {
                    predicate: Predicate::load(path, &arguments.predicate_type, now)?,
                    bundle: output::bundle_of_statement(bundle.clone(), files)?,
                })
            }
        }
    }
}

/// A finished statement, as its exact bytes and as what they say.
pub(super) fn read_statement(path: &Path) -> Result<(Payload, Statement), Failure> {
    let file = InputFile {
        path,
        unreadable: "statement-unreadable",
        limit: MAX_PAYLOAD_BYTES,
    };
    let bytes = file.read()?;
    let statement = parsed(&bytes).map_err(|failure| failure.at(path.display()))?;
    Ok((Payload::in_toto(bytes), statement))
}

/// Everything but the artifacts that is read. A token that is no path names no file that is there.
pub(super) fn inputs(arguments: &Arguments) -> Vec<PathBuf> {
    let inputs = [
        &arguments.statement,
        &arguments.predicate,
        &arguments.trusted_root,
        &arguments.keyless.signing_config,
    ];
    let token = arguments.keyless.identity_token.iter().map(PathBuf::from);
    let inputs = inputs.into_iter().flatten().cloned().chain(token);
    inputs.chain(arguments.own.inputs()).collect()
}

impl Request {
    fn each(artifact: Artifact, bundle: Option<PathBuf>, stated: bool) -> Result<Self, Failure> {
        let place = bundle.unwrap_or_else(|| output::beside(&artifact.path));
        match stated {
            true => Self::about(vec![artifact], Predicate::signed(), place),
            false => Ok(Self {
                place,
                artifacts: vec![artifact],
                statement: None,
            }),
        }
    }

    /// What waits for its log is no bundle yet, and does not have the name of one.
    fn put_off(&mut self) {
        self.place.as_mut_os_string().push(resume::ENDING);
    }

    fn about(artifacts: Vec<Artifact>, predicate: Predicate, place: PathBuf) -> Result<Self, Failure> {
        let subjects = artifacts
            .iter()
            .map(|artifact| Subject::measured(artifact.name.as_str(), &artifact.measured));
        let statement = Statement::of_type(subjects.collect(), &predicate.type_uri, predicate.body)
            .map_err(|error| Failure::usage("statement-invalid", error))?;
        let payload = statement.to_payload();
        // Subjects and escapes come on top of the predicate that was read.
        check_size(&payload)?;
        Ok(Self {
            place,
            artifacts,
            statement: Some(payload),
        })
    }

    pub(super) fn sign(&self, session: &Session<'_>, log: Log) -> Result<Made, attest_sign::Error> {
        let signed = match (&self.statement, self.artifacts.as_slice()) {
            (None, [artifact]) => Signed::Artifact(&artifact.measured),
            (None, _) => unreachable!("without a statement there is one request an artifact"),
            (Some(statement), _) => Signed::Statement(statement),
        };
        match (log, signed) {
            (Log::Later, Signed::Artifact(artifact)) => pending(&session.begin_artifact(artifact)?),
            (Log::Later, Signed::Statement(statement)) => pending(&session.begin_statement(statement)?),
            (_, Signed::Artifact(artifact)) => session.sign_artifact(artifact).map(Made::Bundle),
            (_, Signed::Statement(statement)) => session.sign_statement(statement).map(Made::Bundle),
        }
    }
}

enum Signed<'a> {
    Artifact(&'a Measured),
    Statement(&'a Payload),
}

fn pending(pending: &Pending) -> Result<Made, attest_sign::Error> {
    Ok(Made::Pending {
        unlogged: pending.unrecorded()?,
        document: pending.to_json()?.to_string().into_bytes(),
    })
}

pub(super) fn check_size(payload: &Payload) -> Result<(), Failure> {
    let size = payload.as_bytes().len() as u64;
    match size > MAX_PAYLOAD_BYTES {
        true => Err(too_large(MAX_PAYLOAD_BYTES, size).at("the statement")),
        false => Ok(()),
    }
}

/// A manifest that nobody could verify is not signed.
fn parsed(bytes: &[u8]) -> Result<Statement, Failure> {
    let statement = Statement::parse(bytes).map_err(|error| Failure::usage("statement-invalid", error))?;
    if TreeManifest::is_type(statement.predicate_type()) {
        let manifest = TreeManifest::of_statement(&statement);
        manifest.map_err(|error| Failure::usage("statement-invalid", visible(&error.to_string())))?;
    }
    Ok(statement)
}

/// Files beside a finished statement are there to be held against it before it is signed.
fn check_subjects(statement: &Statement, artifacts: &[Artifact]) -> Result<(), Failure> {
    let subjects = statement.subjects().iter();
    let signed: HashSet<&Digest> = subjects
        .filter_map(|subject| subject.digests().of(Algorithm::Sha256))
        .collect();
    for artifact in artifacts {
        let digest = artifact.measured.digest(Algorithm::Sha256);
        if !digest.is_some_and(|digest| signed.contains(digest)) {
            let found = digest.map(ToString::to_string).unwrap_or_default();
            let message = format!("expected the statement to have a subject with {found}, found none");
            return Err(Failure::usage("not-a-subject", message).at(artifact.path.display()));
        }
    }
    Ok(())
}
