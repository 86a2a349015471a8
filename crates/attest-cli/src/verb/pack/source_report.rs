use std::io;
use std::path::Path;

use attest_archive::{CaseCollision, Format};
use attest_digest::Measured;
use attest_release::git::{PointerRule, Revision, SourceRules, Unpacked};
use serde::Serialize;

use super::date::Date;
use super::report::{Archive, DateDocument, Figures, FileDocument, pair, print_checksums, warn_of_case};
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;
use crate::visible::visible;

const SCHEMA: &str = "https://attest.dev/schema/pack-source/v1";

/// What was measured while a source archive was written.
pub(super) struct Made {
    pub(super) measured: Measured,
    pub(super) files: Vec<(String, Measured)>,
    pub(super) compressor: String,
    pub(super) case_collisions: Vec<CaseCollision>,
}

/// What is said about a source archive.
pub(super) struct Report<'a> {
    pub(super) file: &'a Path,
    pub(super) format: Format,
    pub(super) rules: SourceRules,
    pub(super) date: &'a Date,
    pub(super) revision: &'a Revision,
    pub(super) unpacked: &'a Unpacked,
    pub(super) made: &'a Made,
}

impl Report<'_> {
    /// Says what may surprise whoever unpacks it.
    pub(super) fn warn(&self, context: &mut Context<'_>) {
        warn_of_case(&self.made.case_collisions, context);
        if self.rules.pointers == PointerRule::Pointer {
            for path in &self.unpacked.pointers {
                let path = visible(path);
                context.say(format_args!(
                    "warning: `{path}` is a Git LFS pointer; the archive holds the pointer"
                ));
            }
        }
    }

    pub(super) fn print(&self, format: AnswerFormat, context: &mut Context<'_>) -> Result<(), Failure> {
        match format {
            AnswerFormat::Text => print_checksums(self.file, &self.made.measured, context),
            AnswerFormat::Json => self.print_document(context),
        }
        .map_err(|error| stdout_failed(&error))
    }

    fn print_document(&self, context: &mut Context<'_>) -> io::Result<()> {
        let files = self.made.files.iter();
        let submodules = self.unpacked.submodules.iter();
        let document = Document {
            schema: SCHEMA,
            archive: Archive {
                path: self.file.to_string_lossy().into_owned(),
                format: self.format.extension(),
                compressor: &self.made.compressor,
                measured: Figures::of(&self.made.measured),
            },
            source: SourceDocument {
                commit: self.revision.commit.as_ref().map(|commit| commit.id.as_str()),
                tree: &self.unpacked.tree,
                tag: self.revision.tag.as_deref(),
                profile: self.rules.profile.name(),
                submodules: self.rules.submodules.name(),
                lfs: self.rules.pointers.name(),
            },
            source_date: DateDocument::of(self.date),
            submodules: submodules
                .map(|submodule| SubmoduleDocument {
                    path: &submodule.path,
                    commit: &submodule.commit,
                })
                .collect(),
            pointers: &self.unpacked.pointers,
            substituted: &self.unpacked.substituted,
            files: files
                .map(|(path, measured)| FileDocument {
                    path,
                    measured: Figures::of(measured),
                })
                .collect(),
            case_collisions: self.made.case_collisions.iter().map(pair).collect(),
        };
        serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
        context.print("")
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    archive: Archive<'a>,
    source: SourceDocument<'a>,
    source_date: DateDocument,
    submodules: Vec<SubmoduleDocument<'a>>,
    pointers: &'a [String],
    substituted: &'a [String],
    files: Vec<FileDocument<'a>>,
    case_collisions: Vec<[String; 2]>,
}

#[derive(Serialize)]
struct SourceDocument<'a> {
    commit: Option<&'a str>,
    tree: &'a str,
    tag: Option<&'a str>,
    profile: &'static str,
    submodules: &'static str,
    lfs: &'static str,
}

#[derive(Serialize)]
struct SubmoduleDocument<'a> {
    path: &'a str,
    commit: &'a str,
}
