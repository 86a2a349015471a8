//! `attest verify`: artifacts and evidence in, one verdict each out. Offline.
//!
//! `input` tells artifacts from evidence, `evidence` finds and verifies the evidence, `judgement` holds each artifact
//! against it, `batch` does that for thousands, and `output` writes what came of it.

mod arguments;
mod batch;
mod build;
mod evidence;
mod expectation;
mod finding;
mod input;
mod judgement;
mod listing;
mod output;
mod problem;
mod progress;
mod report;

use attest_verify::{VerificationTime, Verifier};

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::trust::Roots;
pub(crate) use arguments::Arguments;
use batch::{Batch, Verdicts};
use evidence::Judge;
use input::Input;
use progress::Progress;
use report::Report;

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let threads = arguments.threads.resolve(&context.environment)?;
    let time = now(context)?;
    let input = Input::read(&arguments.subjects)?;
    arguments.output.check(arguments.reads(&input))?;
    let expected = expectation::read(&arguments, &input, context)?;
    let roots = Roots::load(&arguments.trust, context)?;
    let references = roots.references();
    let batch = Batch {
        input: &input,
        judge: &Judge {
            verifier: arguments.relaxations.relax(Verifier::with_roots(&references, time)),
            expectation: &expected.expectation,
            wanted: &expected.wanted,
            threads,
        },
        progress: &Progress::new(context.interactive, input.subjects.len()),
    };
    let Verdicts { judgements, findings } = batch.run();
    let report = Report {
        time,
        trusted_root: roots.shown(),
        trust_roots: roots.to_json(time.moment()),
        expected: expected.shown,
        judgements,
        findings,
    };
    output::write(&report, &arguments.output, context)?;
    Ok(report.outcome())
}

fn now(context: &Context<'_>) -> Result<VerificationTime, Failure> {
    jiff::Timestamp::try_from(context.now)
        .map(VerificationTime::at)
        .map_err(|error| Failure::undecided("clock-unusable", format_args!("the clock cannot be used: {error}")))
}
