use std::path::PathBuf;

use attest_digest::checksums::{Entry, Form, Name};
use attest_digest::{Algorithms, FileKind, MeasureError, Measured, Threads};
use serde::Serialize;

use super::measure::{Batch, InOrder};
use super::place::{JsonName, reason};
use super::sources::{Source, Sources};
use super::verdict::Verdict;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::process::stdout_failed;

/// Digests of files, written as a list.
pub(super) struct Listing {
    pub(super) files: Vec<PathBuf>,
    pub(super) recursive: bool,
    pub(super) algorithms: Algorithms,
    pub(super) style: Style,
    pub(super) output: Option<PathBuf>,
    pub(super) threads: Threads,
}

/// How the list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Lines { form: Form, zero: bool },
    Json,
}

const SCHEMA: &str = "https://attest.dev/schema/hash/v1";

#[derive(Default, Serialize)]
struct Document {
    schema: &'static str,
    files: Vec<FileDocument>,
    skipped: Vec<SkippedDocument>,
    errors: Vec<ErrorDocument>,
}

#[derive(Serialize)]
struct FileDocument {
    #[serde(flatten)]
    name: JsonName,
    size: u64,
    digests: std::collections::BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct SkippedDocument {
    #[serde(flatten)]
    name: JsonName,
    reason: String,
}

#[derive(Serialize)]
struct ErrorDocument {
    #[serde(flatten)]
    name: JsonName,
    code: &'static str,
    message: String,
}

impl Listing {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Outcome, Failure> {
        let files = self.files.clone();
        let sources = match self.recursive {
            true => Sources::recursive(files, self.output.as_deref()),
            false => Sources::plain(files),
        };
        let mut writer = Writer::open(&self)?;
        writer.note_unmeasured(&sources, context)?;
        let batch: Vec<_> = sources.found.iter().map(|source| (source, &self.algorithms)).collect();
        let batch = Batch {
            sources: &batch,
            threads: self.threads,
        };
        batch.measure(context.interactive, |results| {
            for source in &sources.found {
                let found = results.take(source, &self.algorithms);
                writer.take(source, found, results, context)?;
            }
            Ok(())
        })?;
        writer.finish(context)
    }
}

/// Where the list goes, and what has gone there.
struct Writer {
    style: Style,
    output: Option<OutputFile>,
    output_path: Option<PathBuf>,
    document: Document,
    failures: usize,
}

impl Writer {
    fn open(listing: &Listing) -> Result<Self, Failure> {
        Ok(Self {
            style: listing.style,
            output: listing.output.as_deref().map(OutputFile::create).transpose()?,
            output_path: listing.output.clone(),
            document: Document {
                schema: SCHEMA,
                ..Document::default()
            },
            failures: 0,
        })
    }

    fn note_unmeasured(&mut self, sources: &Sources, context: &mut Context<'_>) -> Result<(), Failure> {
        for link in &sources.links {
            let name = name_of(link)?;
            context.say(not_followed(&name));
            self.document.skipped.push(SkippedDocument {
                name: JsonName::of(&name),
                reason: FileKind::SymbolicLink.to_string(),
            });
        }
        for (path, failure) in &sources.refused {
            let _ = write!(context.stderr, "{failure}");
            self.note(&name_of(path)?, failure);
        }
        Ok(())
    }

    fn take(
        &mut self,
        source: &Source,
        found: Result<Measured, MeasureError>,
        results: &InOrder<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), Failure> {
        let name = name_of(source.path())?;
        let measured = match found {
            Ok(measured) => measured,
            Err(error) => {
                let failure = failure_of(&error, &name);
                results.say(context, &failure);
                self.note(&name, &failure);
                return Ok(());
            }
        };
        match (self.style, &mut self.output) {
            (Style::Json, _) => self.document.files.push(file_document(&name, &measured)),
            (Style::Lines { form, zero }, Some(output)) => output.write(&lines(&name, &measured, form, zero))?,
            (Style::Lines { form, zero }, None) => results.print(context, &lines(&name, &measured, form, zero))?,
        }
        Ok(())
    }

    fn note(&mut self, name: &Name, failure: &Failure) {
        self.failures += 1;
        self.document.errors.push(ErrorDocument {
            name: JsonName::of(name),
            code: failure.code(),
            message: failure.message().to_owned(),
        });
    }

    fn finish(mut self, context: &mut Context<'_>) -> Result<Outcome, Failure> {
        if let (1.., Some(path)) = (self.failures, &self.output_path) {
            let message = format!(
                "{} of the files could not be measured; nothing was written",
                self.failures
            );
            return Err(Failure::undecided("incomplete-list", message).at(path.display()));
        }
        if self.style == Style::Json {
            self.write_document(context)?;
        }
        if let Some(output) = self.output {
            output.commit()?;
        }
        Ok(Verdict::when(self.failures > 0, Verdict::Undecided).into())
    }

    fn write_document(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let json = json_text(&self.document)?;
        match &mut self.output {
            Some(output) => output.write(&json),
            None => context.stdout.write_all(&json).map_err(|error| stdout_failed(&error)),
        }
    }
}

/// One JSON document, with a newline at its end.
pub(super) fn json_text(document: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let mut json = serde_json::to_vec_pretty(document)
        .map_err(|error| Failure::undecided("json-failed", format_args!("cannot write the document: {error}")))?;
    json.push(b'\n');
    Ok(json)
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

fn file_document(name: &Name, measured: &Measured) -> FileDocument {
    let digests = measured.digests().iter();
    FileDocument {
        name: JsonName::of(name),
        size: measured.size(),
        digests: digests
            .map(|digest| (digest.algorithm().name(), digest.to_hex()))
            .collect(),
    }
}

fn name_of(path: &std::path::Path) -> Result<Name, Failure> {
    Name::from_path(path).map_err(|error| Failure::usage("invalid-name", error).at(path.display()))
}

fn not_followed(name: &Name) -> String {
    format!(
        "{}: {}: symbolic link, not followed",
        super::PROGRAM,
        super::place::quoted(name.as_bytes())
    )
}

fn failure_of(error: &MeasureError, name: &Name) -> Failure {
    let failure = Failure::undecided(error.code(), message_of(error)).at(name);
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
