use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use attest_archive::{CaseCollision, MemberPath, Packed, Recipe};
use attest_digest::checksums::{Entry, Form, InvalidName, Name};
use attest_digest::{Algorithm, Measured};
use serde::Serialize;

use super::date::{Date, Origin};
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;

const SCHEMA: &str = "https://attest.dev/schema/pack/v1";

/// What is said about an archive that was written.
pub(super) struct Report<'a> {
    pub(super) file: &'a Path,
    pub(super) recipe: &'a Recipe,
    pub(super) date: &'a Date,
    pub(super) packed: &'a Packed,
}

impl Report<'_> {
    /// Says what may surprise somebody later.
    pub(super) fn warn(&self, context: &mut Context<'_>) {
        warn_of_case(&self.recipe.members.case_collisions(), context);
        if let Some(git) = self
            .recipe
            .members
            .iter()
            .find(|member| member.path().file_name() == ".git")
        {
            context.say(format_args!("warning: `{}` is packed too", shown(git.path())));
        }
    }

    pub(super) fn print(&self, format: AnswerFormat, context: &mut Context<'_>) -> Result<(), Failure> {
        match format {
            AnswerFormat::Text => self.print_lines(context),
            AnswerFormat::Json => self.print_document(context),
        }
        .map_err(|error| stdout_failed(&error))
    }

    /// As `sha256sum` would, once for each algorithm.
    pub(super) fn print_lines(&self, context: &mut Context<'_>) -> io::Result<()> {
        print_checksums(self.file, &self.packed.measured, context)
    }

    fn print_document(&self, context: &mut Context<'_>) -> io::Result<()> {
        let document = Document {
            schema: SCHEMA,
            archive: Archive::of(self),
            contents: Contents::of(self),
        };
        serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
        context.print("")
    }
}

/// As `sha256sum` would, once for each algorithm.
pub(super) fn print_checksums(file: &Path, measured: &Measured, context: &mut Context<'_>) -> io::Result<()> {
    let name = Name::from_path(file).map_err(|error: InvalidName| io::Error::other(error))?;
    for digest in measured.digests().iter() {
        let entry = Entry {
            digest: digest.clone(),
            name: name.clone(),
            form: Form::Text,
        };
        context.stdout.write_all(&entry.to_line())?;
    }
    Ok(())
}

/// Says which names are one where case is ignored.
pub(super) fn warn_of_case(collisions: &[CaseCollision], context: &mut Context<'_>) {
    for CaseCollision { first, second } in collisions {
        context.say(format_args!(
            "warning: `{}` and `{}` are one name where case is ignored (Windows, macOS)",
            shown(first),
            shown(second)
        ));
    }
}

/// A name with a line break must not look like two lines.
fn shown(path: &MemberPath) -> String {
    path.as_str().escape_debug().to_string()
}

pub(super) fn pair(collision: &CaseCollision) -> [String; 2] {
    [collision.first.to_string(), collision.second.to_string()]
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    archive: Archive<'a>,
    #[serde(flatten)]
    contents: Contents<'a>,
}

/// What is said of an archive in JSON.
#[derive(Serialize)]
pub(super) struct Archive<'a> {
    pub(super) path: String,
    pub(super) format: &'static str,
    pub(super) compressor: &'a str,
    #[serde(flatten)]
    pub(super) measured: Figures,
}

impl<'a> Archive<'a> {
    pub(super) fn of(report: &Report<'a>) -> Self {
        Self {
            path: report.file.to_string_lossy().into_owned(),
            format: report.recipe.format.extension(),
            compressor: &report.packed.compressor,
            measured: Figures::of(&report.packed.measured),
        }
    }
}

/// What is said in JSON of what was packed.
#[derive(Serialize)]
pub(super) struct Contents<'a> {
    source_date: DateDocument,
    files: Vec<FileDocument<'a>>,
    case_collisions: Vec<[String; 2]>,
}

impl<'a> Contents<'a> {
    pub(super) fn of(report: &Report<'a>) -> Self {
        Self {
            source_date: DateDocument::of(report.date),
            files: report.packed.members.iter().map(FileDocument::of).collect(),
            case_collisions: report.recipe.members.case_collisions().iter().map(pair).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct DateDocument {
    seconds: u64,
    origin: Origin,
}

impl DateDocument {
    pub(super) fn of(date: &Date) -> Self {
        Self {
            seconds: date.value.seconds(),
            origin: date.origin,
        }
    }
}

#[derive(Serialize)]
pub(super) struct FileDocument<'a> {
    pub(super) path: &'a str,
    #[serde(flatten)]
    pub(super) measured: Figures,
}

impl<'a> FileDocument<'a> {
    fn of((path, measured): &'a (MemberPath, Measured)) -> Self {
        Self {
            path: path.as_str(),
            measured: Figures::of(measured),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Figures {
    size: u64,
    digests: BTreeMap<&'static str, String>,
}

impl Figures {
    pub(super) fn of(measured: &Measured) -> Self {
        Self {
            size: measured.size(),
            digests: measured
                .digests()
                .iter()
                .map(|digest| (Algorithm::name(digest.algorithm()), digest.to_hex()))
                .collect(),
        }
    }
}
