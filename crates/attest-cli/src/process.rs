use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal};
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;
use crate::context::{Context, Environment};
use crate::failure::{Failure, FailureClass};

/// Runs the process: `verb` is the one that this binary stands for, or none for `attest` itself.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads clock and environment"
)]
#[must_use]
pub fn main(verb: Option<&'static str>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(with_verb(std::env::args_os(), verb)) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let mut stdout = BufWriter::new(io::stdout().lock());
    let mut stderr = io::stderr().lock();
    let mut context = Context {
        interactive: stderr.is_terminal(),
        person: stderr.is_terminal() && io::stdin().is_terminal(),
        stdout: &mut stdout,
        stderr: &mut stderr,
        program: program(std::env::args_os().next()),
        arguments: std::env::args_os().skip(1).collect(),
        environment: std::env::vars_os().collect::<Environment>(),
        now: std::time::SystemTime::now(),
        started: std::time::Instant::now(),
    };
    let result = arguments.verb.run(&mut context);
    let flushed = context.stdout.flush().map_err(|error| stdout_failed(&error));
    let code = match result.and_then(|outcome| flushed.map(|()| outcome)) {
        Ok(outcome) => outcome.code(),
        Err(failure) => {
            let _ = write!(context.stderr, "{failure}");
            failure.class().code()
        }
    };
    ExitCode::from(code)
}

/// The front door as the person reached it: by name, or by a path as long as that is not on `PATH`.
fn program(called: Option<OsString>) -> String {
    let called = called.and_then(|called| called.into_string().ok()).unwrap_or_default();
    let is_front_door = called.rsplit('/').next() == Some("attest");
    if is_front_door { called } else { "attest".to_owned() }
}

/// The failure for a stdout that takes no more.
pub(crate) fn stdout_failed(error: &io::Error) -> Failure {
    Failure::undecided(
        "stdout-failed",
        format_args!("cannot write the result to stdout: {error}"),
    )
}

/// `attest-hash X` is `attest hash X`, and says so in its usage.
fn with_verb(arguments: impl Iterator<Item = OsString>, verb: Option<&'static str>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    if let Some(verb) = verb {
        arguments.splice(..arguments.len().min(1), ["attest".into(), verb.into()]);
    }
    arguments
}

/// Help and version go to stdout with 0; anything else is wrong usage.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.use_stderr() {
        true => ExitCode::from(FailureClass::Usage.code()),
        false => ExitCode::SUCCESS,
    }
}
