//! `attest verify`: artifacts and evidence in, one verdict each out. Offline, unless an image of a registry is named.
//!
//! `input` tells artifacts from evidence, `evidence` finds and verifies the evidence, `judgement` holds each artifact
//! against it, `batch` does that for thousands, a `chunk` at a time, `tree` does it for whole directories with a manifest, `image`
//! for images with everything below them, and `output` writes what came of it.

mod arguments;
mod batch;
mod build;
mod checksums;
mod chunk;
mod detached;
mod evidence;
mod expectation;
mod finding;
mod image;
mod input;
mod judgement;
mod listing;
mod output;
mod parts;
mod problem;
mod report;
mod tree;

use attest_digest::Threads;
use attest_verify::{VerificationTime, Verifier};

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::image::{layout_hint, refuse_bare_name};
use crate::progress::Progress;
use crate::trust::Roots;
use crate::visible::visible;
pub(crate) use arguments::Arguments;
use batch::{Batch, Verdicts};
use checksums::{Lists, Texts};
use detached::Detached;
use evidence::Judge;
use expectation::Shown;
use input::Input;
use report::{Report, Trusted};
use tree::Trees;

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    if image::are_named(&arguments)? {
        return image::run(&arguments, context);
    }
    let files = &arguments.subjects.files;
    files.iter().try_for_each(|file| refuse_bare_name(file))?;
    let threads = arguments.threads.resolve(&context.environment)?;
    let time = now(context)?;
    let keys = detached::keys(&arguments)?;
    let trees = match &keys {
        None => Trees::find(&arguments.subjects)?,
        // Keys of other worlds sign files.
        Some(_) => Trees::default(),
    };
    let input = Input::read(&arguments.subjects, keys.as_ref(), &trees)?;
    arguments.output.check(arguments.reads(&input).chain(trees.reads()))?;
    arguments.output.check_outside(trees.roots())?;
    let call = Call {
        arguments: &arguments,
        input: &input,
        trees: &trees,
        time,
        threads,
    };
    let verified = match &keys {
        Some(keys) => Detached { call: &call, keys }.run()?,
        None => call.run(context)?,
    };
    let report = call.report(verified);
    // By now it is known what checksum lists made the call read.
    arguments.output.check(report.read())?;
    output::write(&report, &arguments.output, context)?;
    if report.outcome() != Outcome::Accepted {
        for hint in files.iter().filter_map(|file| layout_hint(file)) {
            context.say(format_args!("hint: {}", visible(&hint)));
        }
    }
    Ok(report.outcome())
}

/// What is asked.
struct Call<'a> {
    arguments: &'a Arguments,
    input: &'a Input,
    trees: &'a Trees,
    time: VerificationTime,
    threads: Threads,
}

/// What was found out, before checksum lists are read.
struct Verified {
    verdicts: Verdicts,
    texts: Texts,
    expected: Shown,
    /// None where the given key alone counts.
    trust: Option<Trusted>,
}

impl Call<'_> {
    /// By evidence of Sigstore.
    fn run(&self, context: &mut Context<'_>) -> Result<Verified, Failure> {
        let expected = expectation::read(self.arguments, self.input, context)?;
        let roots = Roots::load(&self.arguments.trust, context)?;
        let references = roots.references();
        let relaxations = &self.arguments.relaxations;
        let judge = &Judge {
            verifier: relaxations.relax(Verifier::with_roots(&references, self.time)),
            expectation: &expected.expectation,
            wanted: &expected.wanted,
            threads: self.threads,
        };
        let batch = Batch {
            input: self.input,
            judge,
            progress: &Progress::new(context.interactive, self.input.subjects.len(), "artifacts"),
        };
        let mut verdicts = batch.run();
        verdicts.join(self.trees.judge(judge, relaxations.strictness()));
        Ok(Verified {
            verdicts,
            texts: Texts::new(),
            expected: expected.shown,
            trust: Some(Trusted {
                shown: roots.shown(),
                json: roots.to_json(self.time.moment()),
            }),
        })
    }

    /// Holds what checksum lists name against them, and puts everything together.
    fn report(&self, verified: Verified) -> Report {
        let Verified {
            mut verdicts,
            texts,
            expected,
            trust,
        } = verified;
        let lists = Lists {
            texts,
            arguments: &self.arguments.lists,
            walked: &self.input.walked,
            threads: self.threads,
        };
        lists.extend(&mut verdicts);
        parts::set_used_aside(&mut verdicts);
        Report {
            time: self.time,
            trust,
            expected,
            judgements: verdicts.judgements,
            findings: verdicts.findings,
        }
    }
}

fn now(context: &Context<'_>) -> Result<VerificationTime, Failure> {
    jiff::Timestamp::try_from(context.now)
        .map(VerificationTime::at)
        .map_err(|error| Failure::undecided("clock-unusable", format_args!("the clock cannot be used: {error}")))
}
