use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use attest_digest::checksums::{ChecksumError, ChecksumReader, Entry, LineProblem, tag};
use attest_digest::{Algorithm, Algorithms, Digest, MeasureError, Measured, Threads};

use super::PROGRAM;
use super::check_document::{CheckDocument, EntryDocument, ListDocument, Status};
use super::list::json_text;
use super::measure::{Batch, InOrder};
use super::place::{quoted, reason, system_words};
use super::sources::Source;
use super::tally::Tally;
use super::verdict::Verdict;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::process::stdout_failed;

/// Lines that are held at once: enough to keep every thread busy, and memory stays flat however long a list is.
const LINES_AT_ONCE: usize = 4096;

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
    pub(super) threads: Threads,
}

impl Check {
    pub(super) fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Failure> {
        let mut verdict = Verdict::Accepted;
        let mut lists = Vec::new();
        for list in &self.lists {
            let mut run = ListRun::new(self, list)?;
            verdict = verdict.max(run.check(context)?);
            lists.push(run.document);
        }
        if self.json {
            let json = json_text(&CheckDocument::new(verdict, lists))?;
            context.stdout.write_all(&json).map_err(|error| stdout_failed(&error))?;
        }
        Ok(verdict.into())
    }
}

/// One list while it is checked.
struct ListRun<'a> {
    check: &'a Check,
    source: Source,
    /// As it is shown in messages.
    shown: String,
    tally: Tally,
    document: ListDocument,
}

/// One line of a list: a file to measure, or none.
enum Line {
    Entry(Item),
    Malformed(u64, LineProblem),
}

struct Item {
    entry: Entry,
    source: Source,
    algorithms: Algorithms,
}

impl<'a> ListRun<'a> {
    fn new(check: &'a Check, list: &Path) -> Result<Self, Failure> {
        let source = Source::of(list.to_owned());
        let shown = match source {
            Source::Stdin => b"standard input".to_vec(),
            Source::File(_) => list.as_os_str().as_encoded_bytes().to_vec(),
        };
        Ok(Self {
            check,
            shown: quoted(&shown),
            source,
            tally: Tally::default(),
            document: ListDocument::new(list)?,
        })
    }

    fn check(&mut self, context: &mut Context<'_>) -> Result<Verdict, Failure> {
        let input: Box<dyn BufRead> = match &self.source {
            Source::Stdin => Box::new(io::stdin().lock()),
            Source::File(path) => match File::open(path) {
                Ok(file) => Box::new(BufReader::new(file)),
                Err(error) => return Ok(self.unreadable(context, &system_words(&error))),
            },
        };
        let mut reader = ChecksumReader::new(input, self.check.expected);
        loop {
            let (lines, error) = self.read_lines(&mut reader);
            self.check_lines(&lines, context)?;
            if error.is_some() {
                return Ok(self.unreadable(context, "read error"));
            }
            if lines.len() < LINES_AT_ONCE {
                break;
            }
        }
        Ok(self.conclude(context))
    }

    fn unreadable(&mut self, context: &mut Context<'_>, reason: &str) -> Verdict {
        context.say(format_args!("{PROGRAM}: {}: {reason}", self.shown));
        self.document.error = Some(reason.to_owned());
        // What has been found to differ before the list broke off stays found.
        Verdict::when(self.tally.mismatched > 0, Verdict::Rejected).max(Verdict::Undecided)
    }

    fn read_lines<R: BufRead>(&self, reader: &mut ChecksumReader<R>) -> (Vec<Line>, Option<io::Error>) {
        let mut lines = Vec::new();
        while lines.len() < LINES_AT_ONCE
            && let Some(read) = reader.next()
        {
            lines.push(match read {
                Ok(entry) => self.line_of(entry, reader.line()),
                Err(ChecksumError::Malformed { line, problem }) => Line::Malformed(line, problem),
                Err(ChecksumError::Io(error)) => return (lines, Some(error)),
                Err(other) => return (lines, Some(io::Error::other(other))),
            });
        }
        (lines, None)
    }

    fn line_of(&self, entry: Entry, line: u64) -> Line {
        let source = Source::of(entry.name.to_path());
        match (&self.source, &source) {
            // The list itself comes from there.
            (Source::Stdin, Source::Stdin) => Line::Malformed(line, LineProblem::NoDigest),
            _ => Line::Entry(Item {
                algorithms: Algorithms::one(entry.digest.algorithm()),
                source,
                entry,
            }),
        }
    }

    fn check_lines(&mut self, lines: &[Line], context: &mut Context<'_>) -> Result<(), Failure> {
        let items = lines.iter().filter_map(|line| match line {
            Line::Entry(item) => Some((&item.source, &item.algorithms)),
            Line::Malformed(..) => None,
        });
        let sources: Vec<_> = items.collect();
        let batch = Batch {
            sources: &sources,
            threads: self.check.threads,
        };
        batch.measure(context.interactive, |results| {
            lines.iter().try_for_each(|line| match line {
                Line::Entry(item) => self.check_item(item, results, context),
                Line::Malformed(line, problem) => {
                    self.note_malformed(*line, problem, results, context);
                    Ok(())
                }
            })
        })
    }

    fn note_malformed(&mut self, line: u64, problem: &LineProblem, results: &InOrder<'_>, context: &mut Context<'_>) {
        self.tally.malformed += 1;
        self.document.note_malformed(line, problem);
        if self.check.report.warn {
            let kind = self
                .check
                .expected
                .map(|algorithm| format!("{} ", tag(algorithm)))
                .unwrap_or_default();
            let shown = &self.shown;
            results.say(
                context,
                format_args!("{PROGRAM}: {shown}: {line}: improperly formatted {kind}checksum line\n"),
            );
        }
    }

    fn check_item(&mut self, item: &Item, results: &mut InOrder<'_>, context: &mut Context<'_>) -> Result<(), Failure> {
        let found = results.take(&item.source, &item.algorithms);
        let status = self.status_of(&item.entry.digest, &found);
        self.tally.count(status);
        if let (Status::Unreadable, Err(error)) = (status, &found) {
            let name = quoted(item.entry.name.as_bytes());
            results.say(context, format_args!("{PROGRAM}: {name}: {}\n", reason(error)));
        }
        if self.check.json {
            self.document
                .entries
                .push(EntryDocument::new(&item.entry, &found, status));
            return Ok(());
        }
        match self.words(status) {
            Some(words) => results.print(context, &report_line(&item.entry, words)),
            None => Ok(()),
        }
    }

    fn status_of(&self, expected: &Digest, found: &Result<Measured, MeasureError>) -> Status {
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

    fn conclude(&mut self, context: &mut Context<'_>) -> Verdict {
        if !self.tally.has_entries() {
            context.say(format_args!(
                "{PROGRAM}: {}: no properly formatted checksum lines found",
                self.shown
            ));
        } else if !self.check.report.status {
            for warning in self.tally.warnings() {
                context.say(format_args!("{PROGRAM}: WARNING: {warning}"));
            }
            if self.check.report.ignore_missing && self.tally.matched == 0 {
                context.say(format_args!("{PROGRAM}: {}: no file was verified", self.shown));
            }
        }
        self.tally.verdict(&self.check.report)
    }
}

/// `name: OK`, with the name escaped as it is in lists.
fn report_line(entry: &Entry, words: &str) -> Vec<u8> {
    let prefix: &[u8] = if entry.name.needs_escape() { b"\\" } else { b"" };
    [prefix, &entry.name.escaped(), b": ", words.as_bytes(), b"\n"].concat()
}
