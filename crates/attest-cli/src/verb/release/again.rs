use std::ffi::OsString;
use std::io;
use std::path::Path;

use clap::{Args as _, FromArgMatches as _};

use super::made::Made;
use super::timing::Steps;
use super::{Arguments, Ground};
use crate::context::{Context, Environment};
use crate::failure::Failure;

/// What an earlier release says of itself, so that it can be made again.
pub(in crate::verb) struct Again<'a> {
    /// The configuration; its directory is the project.
    pub(in crate::verb) config: &'a Path,
    /// The commit that it was made of.
    pub(in crate::verb) commit: Option<&'a str>,
    /// The targets that were asked for.
    pub(in crate::verb) targets: &'a [String],
    /// The time that stands in its archives, in seconds since 1970.
    pub(in crate::verb) source_date: Option<i64>,
    /// Where it is made; not there yet.
    pub(in crate::verb) output: &'a Path,
}

/// Makes a release without signing it, of the commit and the time of an earlier one.
pub(in crate::verb) fn make_again(again: &Again<'_>, context: &mut Context<'_>) -> Result<(), Failure> {
    let arguments = arguments(again)?;
    let mut stdout = io::sink();
    let mut quiet = Context {
        stdout: &mut stdout,
        stderr: &mut *context.stderr,
        interactive: false,
        person: false,
        program: context.program.clone(),
        arguments: context.arguments.clone(),
        environment: environment(again, &context.environment),
        now: context.now,
        started: context.started,
    };
    let ground = Ground::survey(&arguments, &quiet)?;
    require_commit(again, &ground)?;
    for line in ground.warnings() {
        quiet.say(line);
    }
    Made::make(&ground, &arguments, &mut quiet, &mut Steps::begin())?;
    Ok(())
}

fn arguments(again: &Again<'_>) -> Result<Arguments, Failure> {
    let mut words: Vec<OsString> = ["release", "--skip-sign", "--skip-unavailable", "--config"]
        .map(Into::into)
        .into();
    words.push(again.config.into());
    words.extend(["--output".into(), again.output.into()]);
    words.extend(
        again
            .targets
            .iter()
            .flat_map(|target| ["--target".into(), target.into()]),
    );
    let command = Arguments::augment_args(clap::Command::new("release"));
    command
        .try_get_matches_from(words)
        .and_then(|matches| Arguments::from_arg_matches(&matches))
        .map_err(|error| Failure::usage("release-not-repeatable", error))
}

fn environment(again: &Again<'_>, environment: &Environment) -> Environment {
    let variables = environment
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let date = again
        .source_date
        .map(|seconds| ("SOURCE_DATE_EPOCH".into(), seconds.to_string().into()));
    variables.chain(date).collect()
}

/// Of another commit another release comes out, and every difference would be of no interest.
fn require_commit(again: &Again<'_>, ground: &Ground) -> Result<(), Failure> {
    let found = ground.checkout.as_ref().map(|(_, facts)| facts.commit.id.as_str());
    if again.commit == found {
        return Ok(());
    }
    let words = |commit: Option<&str>| commit.map_or("no commit".to_owned(), |commit| format!("commit `{commit}`"));
    let message = format!("expected {} checked out, found {}", words(again.commit), words(found));
    let failure = Failure::usage("commit-mismatch", message).at(ground.project.display());
    Err(match again.commit {
        Some(commit) => failure.hint(format_args!(
            "check it out in a work tree of its own: `git worktree add ../again {commit}`"
        )),
        None => failure.hint("the provenance names none: make the release again where it was made, without git"),
    })
}
