use std::io;
use std::path::PathBuf;

use attest_digest::checksums::{Entry, LineProblem, tag};
use attest_digest::{Algorithm, Digest, MeasureError, Measured, Progress};

use super::PROGRAM;
use super::check_document::{CheckDocument, Status};
use super::lines::{Line, Lines};
use super::machine::Machine;
use super::place::{quoted, reason};
use super::screen::Screen;
use super::sources::is_stdin;
use super::stream::Stream;
use super::tally::Tally;
use super::valve::Valve;
use super::verdict::Verdict;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;

type Found = Result<Measured, MeasureError>;

/// What a check says and what it insists on. Of the first three, the last one given holds, as with coreutils.
#[derive(Debug, clap::Args)]
pub(super) struct Report {
    /// With --check: print nothing for a file that matches
    #[arg(long, requires = "check", overrides_with_all = ["status", "warn"])]
    quiet: bool,

    /// With --check: print nothing at all, the exit code says it
    #[arg(long, requires = "check", overrides_with_all = ["quiet", "warn"])]
    status: bool,

    /// With --check: name every malformed line
    #[arg(short, long, requires = "check", overrides_with_all = ["quiet", "status"])]
    warn: bool,

    /// With --check: a malformed line is a rejection
    #[arg(long, requires = "check")]
    pub(super) strict: bool,

    /// With --check: pass over files that are not there; at least one has to match
    #[arg(long, requires = "check")]
    pub(super) ignore_missing: bool,
}

/// Lists of digests, and how to check them.
pub(super) struct Check {
    pub(super) lists: Vec<PathBuf>,
    pub(super) expected: Option<Algorithm>,
    pub(super) json: bool,
    pub(super) report: Report,
    pub(super) machine: Machine,
    pub(super) statistics: bool,
}

impl Check {
    /// Checks every list; files of one are read while those of the one before still are.
    pub(super) fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Failure> {
        let (progress, screen, valve) = (Progress::new(), Screen::new(context.interactive), Valve::default());
        let stream = Stream {
            engine: self.machine.engine(),
            progress: &progress,
            screen: &screen,
            valve: &valve,
        };
        let expected = screen.is_watched().then(|| Lines::expected(&self.lists, self.expected));
        let lines = Lines::new(&self.lists, self.expected, &valve);
        let mut checking = Checking::new(self, &screen, context)?;
        stream.run(lines, expected.flatten(), |line, found| {
            checking.take(line, &found, context)
        })?;
        let files = checking.total.measured();
        let statistics = || self.machine.statistics(&progress, files, context.started.elapsed());
        let statistics = self.statistics.then(statistics);
        if let Some(document) = &checking.document {
            let end = document.end(checking.verdict, &checking.total, statistics.as_ref())?;
            screen.print(context, &end)?;
        }
        if let Some(statistics) = statistics {
            screen.say(context, format_args!("{PROGRAM}: {statistics}\n"));
        }
        Ok(checking.verdict.into())
    }
}

/// What has come of the lists so far.
struct Checking<'a> {
    check: &'a Check,
    screen: &'a Screen,
    document: Option<CheckDocument>,
    /// The lists that have begun.
    begun: usize,
    /// The list of the moment, as it is shown in messages.
    shown: String,
    tally: Tally,
    is_broken: bool,
    total: Tally,
    verdict: Verdict,
}

impl<'a> Checking<'a> {
    fn new(check: &'a Check, screen: &'a Screen, context: &mut Context<'_>) -> Result<Self, Failure> {
        let mut document = None;
        if check.json {
            let (begun, beginning) = CheckDocument::begin();
            screen.print(context, &beginning)?;
            document = Some(begun);
        }
        Ok(Self {
            check,
            screen,
            document,
            begun: 0,
            shown: String::new(),
            tally: Tally::default(),
            is_broken: false,
            total: Tally::default(),
            verdict: Verdict::Accepted,
        })
    }

    fn take(&mut self, line: Line, found: &Found, context: &mut Context<'_>) -> Result<(), Failure> {
        match line {
            Line::Begin => self.begin(context),
            Line::Entry(line) => self.take_entry(&line.entry, found, context),
            Line::Malformed(line, problem) => self.note_malformed(line, &problem, context),
            Line::Broken(reason) => {
                self.note_broken(&reason, context);
                Ok(())
            }
            Line::End => self.end(context),
        }
    }

    fn begin(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Some(list) = self.check.lists.get(self.begun) else {
            return Ok(());
        };
        self.begun += 1;
        self.shown = quoted(match is_stdin(list) {
            true => b"standard input",
            false => list.as_os_str().as_encoded_bytes(),
        });
        match &mut self.document {
            Some(document) => self.screen.print(context, &document.begin_list(list)?),
            None => Ok(()),
        }
    }

    fn take_entry(&mut self, entry: &Entry, found: &Found, context: &mut Context<'_>) -> Result<(), Failure> {
        let status = self.status_of(&entry.digest, found);
        self.tally.count(status);
        if let (Status::Unreadable, Err(error)) = (status, found) {
            let name = quoted(entry.name.as_bytes());
            self.screen
                .say(context, format_args!("{PROGRAM}: {name}: {}\n", reason(error)));
        }
        if let Some(document) = &mut self.document {
            return self.screen.print(context, &document.entry(entry, found, status)?);
        }
        match self.words(status) {
            Some(words) => self.screen.print(context, &report_line(entry, words)),
            None => Ok(()),
        }
    }

    fn note_malformed(&mut self, line: u64, problem: &LineProblem, context: &mut Context<'_>) -> Result<(), Failure> {
        self.tally.malformed += 1;
        if self.check.report.warn {
            let kind = tag(self.check.expected.unwrap_or(Algorithm::Sha256));
            let shown = &self.shown;
            let text = format_args!("{PROGRAM}: {shown}: {line}: improperly formatted {kind} checksum line\n");
            self.screen.say(context, text);
        }
        match &mut self.document {
            Some(document) => document.malformed(line, problem),
            None => Ok(()),
        }
    }

    fn note_broken(&mut self, reason: &str, context: &mut Context<'_>) {
        self.is_broken = true;
        self.screen
            .say(context, format_args!("{PROGRAM}: {}: {reason}\n", self.shown));
        if let Some(document) = &mut self.document {
            document.broken(reason);
        }
    }

    fn end(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let tally = std::mem::take(&mut self.tally);
        let verdict = match std::mem::take(&mut self.is_broken) {
            // What has been found to differ before the list broke off stays found.
            true if tally.mismatched + tally.unreadable > 0 => Verdict::Rejected,
            true => Verdict::Undecided,
            false => {
                self.warn(&tally, context);
                tally.verdict(&self.check.report)
            }
        };
        self.verdict = self.verdict.max(verdict);
        self.total.add(&tally);
        match &mut self.document {
            Some(document) => document.end_list(|piece| self.screen.print(context, piece)),
            None => Ok(()),
        }
    }

    fn status_of(&self, expected: &Digest, found: &Found) -> Status {
        match found {
            Ok(measured) if measured.digest(expected.algorithm()) == Some(expected) => Status::Ok,
            Ok(_) => Status::Failed,
            Err(MeasureError::Open { source, .. })
                if self.check.report.ignore_missing && source.kind() == io::ErrorKind::NotFound =>
            {
                Status::Missing
            }
            Err(_) => Status::Unreadable,
        }
    }

    fn words(&self, status: Status) -> Option<&'static str> {
        match status {
            _ if self.check.report.status => None,
            Status::Missing => None,
            Status::Ok if self.check.report.quiet => None,
            Status::Ok => Some("OK"),
            Status::Failed => Some("FAILED"),
            Status::Unreadable => Some("FAILED open or read"),
        }
    }

    /// What coreutils says at the end of a list.
    fn warn(&self, tally: &Tally, context: &mut Context<'_>) {
        let shown = &self.shown;
        if !tally.has_entries() {
            let text = format_args!("{PROGRAM}: {shown}: no properly formatted checksum lines found\n");
            return self.screen.say(context, text);
        }
        if self.check.report.status {
            return;
        }
        for warning in tally.warnings() {
            self.screen
                .say(context, format_args!("{PROGRAM}: WARNING: {warning}\n"));
        }
        if self.check.report.ignore_missing && tally.matched == 0 {
            self.screen
                .say(context, format_args!("{PROGRAM}: {shown}: no file was verified\n"));
        }
    }
}

/// `name: OK`, with the name escaped as it is in lists.
fn report_line(entry: &Entry, words: &str) -> Vec<u8> {
    let prefix: &[u8] = if entry.name.needs_escape() { b"\\" } else { b"" };
    [prefix, &entry.name.escaped(), b": ", words.as_bytes(), b"\n"].concat()
}
