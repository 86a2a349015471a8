use std::fs;
use std::path::{Path, PathBuf};

use attest_digest::Algorithm;
use attest_sign::{Pending, TransparencyLog, Verifier};
use attest_verify::Artifact;
use attestation::{Bundle, Statement};
use rayon::prelude::*;

use super::check::{Candidate, Root, Signer, Terms, until_logged};
use super::evidence::{Evidence, Log};
use super::report::Resumed;
use super::{Arguments, changed, output, threads_pool, wait};
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::input_file::InputFile;
use crate::keyless::failure;

/// What a pending signature is called: its bundle's name, and this.
pub(super) const ENDING: &str = ".pending";

/// A bundle, its quotation marks escaped, and a key.
const MAX_PENDING_BYTES: u64 = attestation::limits::MAX_BUNDLE_BYTES + (64 << 10);

/// One file, and what became of it before anything is sent.
struct Task {
    pending: PathBuf,
    bundle: PathBuf,
    state: State,
}

enum State {
    /// The bundle is there already: an earlier call has done it.
    Done,
    Waiting(Box<Pending>),
}

/// Publishes what was signed before. A signature that the log has stays published, so that each bundle is written as soon as
/// it is made; the files that failed can be given again.
pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let threads = arguments.threads.resolve(&context.environment)?;
    let root = Root::load(arguments, true, &context.environment)?;
    let tasks = arguments
        .files
        .iter()
        .map(|path| Task::read(path))
        .collect::<Result<Vec<_>, _>>()?;
    let evidence = Evidence {
        log: Log::Now,
        timestamp: false,
    };
    let reach = arguments
        .keyless
        .reach(evidence.wanted(false), context)?
        .knowing_logs(&root.log_ids());
    let logs = reach.logs();
    let waiting: Vec<&Task> = tasks.iter().filter(|task| task.waiting().is_some()).collect();
    let pool = threads_pool(threads, waiting.len())?;
    let recorded: Vec<Result<Bundle, Failure>> =
        pool.install(|| waiting.par_iter().map(|task| task.record(&logs)).collect());
    let made = recorded.iter().filter_map(|bundle| bundle.as_ref().ok());
    wait(until_logged(made, reach.now()), context);
    let terms = Terms {
        now: reach.now(),
        logged: true,
    };
    let (mut failures, mut signed) = (Vec::new(), Vec::new());
    for (task, bundle) in waiting.iter().zip(recorded) {
        match bundle.and_then(|bundle| task.finish(&root, terms, &bundle)) {
            Ok(()) => signed.extend(task.signed()),
            Err(failure) => failures.push((task.pending.clone(), failure)),
        }
    }
    report(&tasks, &failures, arguments, context)?;
    let different = changed::differences(signed, threads);
    // That a file is another one now is known; what could not be logged may still be.
    let first = failures.into_iter().next().map(|(_, failure)| failure);
    end(different.into_iter().chain(first), context)
}

/// Says everything, and the first as the reason of the end.
fn end(mut failures: impl Iterator<Item = Failure>, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let Some(first) = failures.next() else {
        return Ok(Outcome::Accepted);
    };
    for failure in failures {
        context.say(format_args!("{failure}"));
    }
    Err(first)
}

fn report(
    tasks: &[Task],
    failures: &[(PathBuf, Failure)],
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let failed = |task: &Task| failures.iter().any(|(path, _)| *path == task.pending);
    let done = tasks
        .iter()
        .filter(|task| !failed(task))
        .map(|task| task.bundle.as_path());
    if let Some((_, others)) = failures.split_first() {
        for (path, failure) in others {
            context.say(format_args!(
                "{}: {failure}",
                crate::visible::visible(&path.to_string_lossy())
            ));
        }
    }
    Resumed(&done.collect::<Vec<_>>()).print(arguments.format, context)
}

impl Task {
    fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.to_str().and_then(|name| name.strip_suffix(ENDING));
        let bundle = PathBuf::from(name.ok_or_else(|| {
            let message = "expected a pending signature, whose name ends in `.pending`";
            Failure::usage("pending-invalid", message).at(path.display())
        })?);
        if !path.exists() && bundle_is_logged(&bundle) {
            return Ok(Self {
                pending: path.to_owned(),
                bundle,
                state: State::Done,
            });
        }
        let file = InputFile {
            path,
            unreadable: "pending-unreadable",
            limit: MAX_PENDING_BYTES,
        };
        let pending = Pending::parse(&file.read()?)
            .map_err(|error| Failure::usage("pending-invalid", error).at(path.display()))?;
        output::check_place(&bundle)?;
        Ok(Self {
            pending: path.to_owned(),
            bundle,
            state: State::Waiting(Box::new(pending)),
        })
    }

    fn waiting(&self) -> Option<&Pending> {
        match &self.state {
            State::Done => None,
            State::Waiting(pending) => Some(pending),
        }
    }

    fn record(&self, logs: &[&dyn TransparencyLog]) -> Result<Bundle, Failure> {
        let State::Waiting(pending) = &self.state else {
            unreachable!("what is done is not recorded again");
        };
        pending
            .record(logs)
            .map_err(|error| failure(&error).at(self.pending.display()))
    }

    /// The files beside the bundle that were signed, if they are still what they were.
    fn signed(&self) -> Vec<changed::Signed> {
        let pending = self.waiting();
        pending.map_or_else(Vec::new, |pending| changed::beside(pending, &self.bundle))
    }

    /// Checks the bundle, gives it its name, and only then forgets what was pending.
    fn finish(&self, root: &Root, terms: Terms, bundle: &Bundle) -> Result<(), Failure> {
        let State::Waiting(pending) = &self.state else {
            return Ok(());
        };
        let signer = match pending.verifier() {
            Verifier::Certificate(certificate) => Signer::Certificate {
                identity: certificate.identity(),
                issuer: certificate.issuer(),
            },
            Verifier::PublicKey(key) => Signer::Key(key),
        };
        let candidate = Candidate {
            bundle,
            artifacts: artifacts(pending)?,
            place: self.bundle.display().to_string(),
        };
        root.check(&signer, terms, &candidate)?;
        output::write_one(&self.bundle, bundle.as_json())?;
        fs::remove_file(&self.pending).map_err(|error| {
            Failure::undecided(
                "output-failed",
                format_args!("cannot remove what is no longer pending: {error}"),
            )
            .at(self.pending.display())
        })
    }
}

/// What the bundle is for, by the digests that were signed: the files themselves are not needed any more.
fn artifacts(pending: &Pending) -> Result<Vec<Artifact>, Failure> {
    if let Some(digest) = pending.artifact() {
        return Ok(vec![Artifact::by_digest(digest.clone())]);
    }
    let Some(envelope) = pending.envelope() else {
        return Ok(Vec::new());
    };
    let statement =
        Statement::parse(envelope.payload().as_bytes()).map_err(|error| Failure::usage("statement-invalid", error))?;
    let digests = statement
        .subjects()
        .iter()
        .filter_map(|subject| subject.digests().of(Algorithm::Sha256));
    Ok(digests.cloned().map(Artifact::by_digest).collect())
}

fn bundle_is_logged(path: &Path) -> bool {
    let file = InputFile {
        path,
        unreadable: "pending-unreadable",
        limit: attestation::limits::MAX_BUNDLE_BYTES,
    };
    let bundle = file.read().ok().and_then(|json| Bundle::parse(&json).ok());
    bundle.is_some_and(|bundle| !bundle.peek_unverified().log_entries.is_empty())
}
