use std::io;

use attest_archive::MemberPath;
use attest_archive::python::{Change, Normalised};
use attest_digest::{Algorithm, Measured};
use serde::Serialize;

use super::super::report::Figures;
use super::subject::{Finding, Judged, State};
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;
use crate::visible::visible;

const SCHEMA: &str = "https://attest.dev/schema/pack-python/v1";

/// What is said about the files.
pub(super) struct Report<'a> {
    pub(super) check: bool,
    pub(super) files: &'a [Judged],
}

impl Report<'_> {
    pub(super) fn print(&self, format: AnswerFormat, context: &mut Context<'_>) -> Result<(), Failure> {
        match format {
            AnswerFormat::Text => self.files.iter().try_for_each(|judged| print_lines(judged, context)),
            AnswerFormat::Json => self.print_document(context),
        }
        .map_err(|error| stdout_failed(&error))
    }

    /// Says why there is nothing, or what to do.
    pub(super) fn talk(&self, context: &mut Context<'_>) {
        let count = |state| self.files.iter().filter(|judged| judged.state == state).count();
        let (rejected, not_normal) = (count(State::Rejected), count(State::NotNormal));
        if rejected > 0 {
            let nothing = if self.check { "" } else { "; nothing was written" };
            context.say(format_args!("{rejected} of {} rejected{nothing}", self.files.len()));
        }
        if not_normal > 0 {
            context.say(format_args!(
                "{not_normal} of {} not in the form that can be reproduced; `attest pack python FILE…` writes it",
                self.files.len()
            ));
        }
    }

    fn print_document(&self, context: &mut Context<'_>) -> io::Result<()> {
        let document = Document {
            schema: SCHEMA,
            check: self.check,
            files: self.files.iter().map(FileDocument::of).collect(),
        };
        serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
        context.print("")
    }
}

fn print_lines(judged: &Judged, context: &mut Context<'_>) -> io::Result<()> {
    let place = judged.written.as_ref().unwrap_or(&judged.path);
    let place = visible(&place.to_string_lossy());
    let state = match judged.state {
        State::Normal => "normal",
        State::Changed => "changed",
        State::NotNormal => "not normal",
        State::Rejected => "rejected",
    };
    context.print(format_args!("{:<10} {:<5} {place}", state, judged.kind.unwrap_or("?")))?;
    for Finding {
        code,
        severity,
        message,
    } in &judged.findings
    {
        context.print(format_args!("  {severity}[{code}]: {}", visible(message)))?;
    }
    let Some(Normalised {
        before, after, changes, ..
    }) = &judged.normalised
    else {
        return Ok(());
    };
    if changes.is_empty() {
        return context.print(format_args!("  sha256:{}", hexadecimal(after)));
    }
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    context.print(format_args!("  {}", changes.join(", ")))?;
    context.print(format_args!("  before sha256:{}", hexadecimal(before)))?;
    context.print(format_args!("  after  sha256:{}", hexadecimal(after)))
}

fn hexadecimal(measured: &Measured) -> String {
    measured
        .digest(Algorithm::Sha256)
        .map(|digest| digest.to_hex())
        .unwrap_or_default()
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    check: bool,
    files: Vec<FileDocument<'a>>,
}

#[derive(Serialize)]
struct FileDocument<'a> {
    path: String,
    state: State,
    kind: Option<&'static str>,
    name: Option<&'a str>,
    version: Option<&'a str>,
    source_date: Option<DateDocument>,
    findings: &'a [Finding],
    changes: Vec<ChangeDocument<'a>>,
    before: Option<Figures>,
    after: Option<Figures>,
    written: Option<String>,
    sboms: &'a [String],
    signatures: &'a [String],
}

#[derive(Serialize)]
struct DateDocument {
    seconds: u64,
    origin: &'static str,
}

#[derive(Serialize)]
struct ChangeDocument<'a> {
    cause: &'static str,
    members: usize,
    first: Option<&'a str>,
}

impl<'a> FileDocument<'a> {
    fn of(judged: &'a Judged) -> Self {
        let project = judged.project.as_ref();
        let normalised = judged.normalised.as_ref();
        Self {
            path: judged.path.to_string_lossy().into_owned(),
            state: judged.state,
            kind: judged.kind,
            name: project.map(|(name, _)| name.as_str()),
            version: project.map(|(_, version)| version.as_str()),
            source_date: judged.date.map(|(date, origin)| DateDocument {
                seconds: date.seconds(),
                origin,
            }),
            findings: &judged.findings,
            changes: normalised.map(changes).unwrap_or_default(),
            before: normalised.map(|normalised| Figures::of(&normalised.before)),
            after: normalised.map(|normalised| Figures::of(&normalised.after)),
            written: judged.written.as_ref().map(|path| path.to_string_lossy().into_owned()),
            sboms: &judged.sboms,
            signatures: &judged.signatures,
        }
    }
}

fn changes<'a>(normalised: &'a Normalised) -> Vec<ChangeDocument<'a>> {
    let document = |change: &'a Change| ChangeDocument {
        cause: change.cause.name(),
        members: change.members,
        first: change.first.as_ref().map(MemberPath::as_str),
    };
    normalised.changes.iter().map(document).collect()
}
