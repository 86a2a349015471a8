use std::path::{Path, PathBuf};
use std::sync::Arc;

use attest_digest::checksums::{Entry, Form, Name};
use attest_digest::{Algorithms, FileKind, MeasureError, Measured, Progress};

use super::counts::Counts;
use super::list_document::Document;
use super::machine::Machine;
use super::place::{JsonName, quoted, reason};
use super::screen::Screen;
use super::sink::Sink;
use super::sources::{Item, Request, Source};
use super::statistics::Statistics;
use super::stream::Stream;
use super::valve::Valve;
use super::verdict::Verdict;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::{Failure, FailureClass};

/// Digests of files, written as a list.
pub(super) struct Listing {
    pub(super) request: Request,
    pub(super) algorithms: Algorithms,
    pub(super) style: Style,
    pub(super) output: Option<PathBuf>,
    pub(super) machine: Machine,
    pub(super) statistics: bool,
}

/// How the list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Lines { form: Form, zero: bool },
    Json,
}

impl Listing {
    pub(super) fn run(mut self, context: &mut Context<'_>) -> Result<Outcome, Failure> {
        let sink = Sink::open(self.output.as_deref())?;
        self.request.excluded = self.output.clone().into_iter().chain(sink.written()).collect();
        let (progress, screen, valve) = (Progress::new(), Screen::new(context.interactive), Valve::default());
        let expected = screen.is_watched().then(|| self.request.expected()).flatten();
        let algorithms = Arc::new(self.algorithms);
        let items = self.request.open(&valve)?.map(|source| Item {
            source,
            algorithms: Arc::clone(&algorithms),
        });
        let stream = Stream {
            engine: self.machine.engine(),
            progress: &progress,
            screen: &screen,
            valve: &valve,
        };
        let mut writer = Writer::new(self.style, sink, &screen);
        writer.begin(context)?;
        stream.run(items, expected, |item, found| writer.take(&item.source, found, context))?;
        let files = writer.counts.files;
        let statistics = || self.machine.statistics(&progress, files, context.started.elapsed());
        let statistics = self.statistics.then(statistics);
        writer.finish(self.output.as_deref(), statistics.as_ref(), context)
    }
}

/// Writes the list, and counts what goes into it.
struct Writer<'a> {
    style: Style,
    sink: Sink,
    screen: &'a Screen,
    document: Option<Document>,
    counts: Counts,
    verdict: Verdict,
}

impl<'a> Writer<'a> {
    fn new(style: Style, sink: Sink, screen: &'a Screen) -> Self {
        Self {
            style,
            sink,
            screen,
            document: None,
            counts: Counts::default(),
            verdict: Verdict::Accepted,
        }
    }

    fn begin(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        if self.style != Style::Json {
            return Ok(());
        }
        let (document, beginning) = Document::begin();
        self.document = Some(document);
        self.sink.write(&beginning, self.screen, context)
    }

    fn take(
        &mut self,
        source: &Source,
        found: Result<Measured, MeasureError>,
        context: &mut Context<'_>,
    ) -> Result<(), Failure> {
        match source {
            Source::Link(path) => self.note_link(path, context),
            Source::Refused(path, failure) => self.note(path, failure, context),
            Source::Stdin { .. } => self.take_found(Path::new("-"), found, context),
            Source::File(path) | Source::Pipe(path) => self.take_found(path, found, context),
        }
    }

    fn take_found(
        &mut self,
        path: &Path,
        found: Result<Measured, MeasureError>,
        context: &mut Context<'_>,
    ) -> Result<(), Failure> {
        let name = match Name::from_path(path) {
            Ok(name) => name,
            Err(error) => {
                return self.note(
                    path,
                    &Failure::rejected("name-invalid", error).at(path.display()),
                    context,
                );
            }
        };
        match found {
            Ok(measured) => self.take_measured(&name, &measured, context),
            Err(error) => self.note(path, &failure_of(&error, &name), context),
        }
    }

    fn take_measured(&mut self, name: &Name, measured: &Measured, context: &mut Context<'_>) -> Result<(), Failure> {
        self.counts.files += 1;
        self.counts.bytes += measured.size();
        let piece = match (self.style, &mut self.document) {
            (Style::Lines { form, zero }, _) => lines(name, measured, form, zero),
            (Style::Json, Some(document)) => document.file(name, measured)?,
            (Style::Json, None) => return Ok(()),
        };
        self.sink.write(&piece, self.screen, context)
    }

    fn note_link(&mut self, path: &Path, context: &mut Context<'_>) -> Result<(), Failure> {
        self.counts.skipped += 1;
        let shown = quoted(path.as_os_str().as_encoded_bytes());
        let program = super::PROGRAM;
        let line = format_args!("{program}: {shown}: symbolic link, not followed\n");
        self.screen.say(context, line);
        match &mut self.document {
            Some(document) => document.link(JsonName::of_path(path)),
            None => Ok(()),
        }
    }

    /// What could not be read is said, counted, and left out.
    fn note(&mut self, path: &Path, failure: &Failure, context: &mut Context<'_>) -> Result<(), Failure> {
        self.counts.errors += 1;
        self.counts.directories += u64::from(is_of_directory(failure));
        self.verdict = self.verdict.max(match failure.class() {
            FailureClass::Rejected => Verdict::Rejected,
            FailureClass::Usage | FailureClass::Undecided => Verdict::Undecided,
        });
        self.screen.say(context, failure);
        match &mut self.document {
            Some(document) => document.error(JsonName::of_path(path), failure),
            None => Ok(()),
        }
    }

    fn finish(
        mut self,
        output: Option<&Path>,
        statistics: Option<&Statistics>,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Failure> {
        let problems = self.counts.problems();
        if let (false, Some(path)) = (problems.is_empty(), output) {
            let message = format!("{}; nothing was written", problems.join(", "));
            return Err(match self.verdict {
                Verdict::Rejected => Failure::rejected("incomplete-list", message),
                Verdict::Accepted | Verdict::Undecided => Failure::undecided("incomplete-list", message),
            }
            .at(path.display()));
        }
        for problem in problems {
            self.screen
                .say(context, format_args!("{}: {problem}\n", super::PROGRAM));
        }
        if let Some(document) = self.document.take() {
            document.end(self.counts, statistics, |piece| {
                self.sink.write(piece, self.screen, context)
            })?;
        }
        self.sink.commit()?;
        if let Some(statistics) = statistics {
            self.screen
                .say(context, format_args!("{}: {statistics}\n", super::PROGRAM));
        }
        Ok(self.verdict.into())
    }
}

/// Whether a whole directory is missing, and not a single file.
fn is_of_directory(failure: &Failure) -> bool {
    matches!(failure.code(), "cannot-list-directory" | "temporary-file-failed")
}

/// One line for each algorithm, in their order.
fn lines(name: &Name, measured: &Measured, form: Form, zero: bool) -> Vec<u8> {
    let line = |digest: &attest_digest::Digest| {
        let entry = Entry {
            digest: digest.clone(),
            name: name.clone(),
            form,
        };
        if zero {
            entry.to_nul_terminated()
        } else {
            entry.to_line()
        }
    };
    measured.digests().iter().flat_map(line).collect()
}

fn failure_of(error: &MeasureError, name: &Name) -> Failure {
    let failure = Failure::rejected(error.code(), message_of(error)).at(name);
    match error {
        MeasureError::NotRegular {
            found: FileKind::Directory,
            ..
        } => failure.hint("to hash the files in a directory, run `attest hash --recursive …`"),
        MeasureError::NotRegular {
            found: FileKind::NamedPipe | FileKind::CharacterDevice,
            ..
        } => failure.hint("to hash what a program writes, run `… | attest hash -`"),
        MeasureError::ChangedWhileReading { .. } => {
            failure.hint("let whatever writes the file finish, then run `attest hash …` again")
        }
        _ => failure,
    }
}

fn message_of(error: &MeasureError) -> String {
    match error {
        MeasureError::NotRegular { found, .. } => format!("expected a regular file, found {found}"),
        MeasureError::ChangedWhileReading { .. } => reason(error),
        _ => format!("cannot read the file: {}", reason(error)),
    }
}
