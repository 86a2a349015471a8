use std::io;
use std::path::Path;

use attest_archive::chart::{Chart, FoundDependency, Stamp};
use serde::Serialize;

use super::super::report::{Archive, Contents, Report as PackReport};
use super::provenance::path_beside;
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;

const SCHEMA: &str = "https://attest.dev/schema/pack-chart/v1";

/// What is said about the package of a chart that was written.
pub(super) struct Report<'a> {
    pub(super) pack: PackReport<'a>,
    pub(super) chart: &'a Chart,
    pub(super) stamp: &'a Stamp,
    pub(super) provenance: Option<&'a Path>,
}

impl Report<'_> {
    /// Says what may surprise somebody later.
    pub(super) fn warn(&self, context: &mut Context<'_>) {
        self.pack.warn(context);
        for warning in self.chart.warnings() {
            context.say(format_args!("warning: {warning}"));
        }
        let old = path_beside(self.pack.file);
        if self.provenance.is_none() && old.exists() {
            let (old, file) = (old.display(), self.pack.file.display());
            context.say(format_args!(
                "warning: `{old}` was signed for another `{file}`, perhaps; sign anew with --sign"
            ));
        }
    }

    pub(super) fn print(&self, format: AnswerFormat, context: &mut Context<'_>) -> Result<(), Failure> {
        match format {
            AnswerFormat::Text => self.pack.print_lines(context),
            AnswerFormat::Json => self.print_document(context),
        }
        .map_err(|error| stdout_failed(&error))
    }

    fn print_document(&self, context: &mut Context<'_>) -> io::Result<()> {
        let document = Document {
            schema: SCHEMA,
            archive: Archive::of(&self.pack),
            contents: Contents::of(&self.pack),
            chart: ChartDocument::of(self.chart),
            stamped: Stamped {
                version: self.stamp.version.as_ref().map(ToString::to_string),
                app_version: self.stamp.app_version.as_deref(),
            },
            dependencies: self.chart.dependencies().iter().map(DependencyDocument::of).collect(),
            provenance: self.provenance.map(|path| path.to_string_lossy().into_owned()),
            warnings: self.chart.warnings().iter().map(ToString::to_string).collect(),
        };
        serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
        context.print("")
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    archive: Archive<'a>,
    #[serde(flatten)]
    contents: Contents<'a>,
    chart: ChartDocument<'a>,
    stamped: Stamped<'a>,
    dependencies: Vec<DependencyDocument<'a>>,
    provenance: Option<String>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct ChartDocument<'a> {
    api_version: &'static str,
    name: &'a str,
    version: &'a str,
    app_version: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> ChartDocument<'a> {
    fn of(chart: &'a Chart) -> Self {
        let metadata = chart.metadata();
        Self {
            api_version: metadata.api_version().as_str(),
            name: metadata.name(),
            version: metadata.version().as_str(),
            app_version: metadata.app_version(),
            kind: if metadata.is_library() {
                "library"
            } else {
                "application"
            },
        }
    }
}

/// What was asked to be written instead of what the source says.
#[derive(Serialize)]
struct Stamped<'a> {
    version: Option<String>,
    app_version: Option<&'a str>,
}

#[derive(Serialize)]
struct DependencyDocument<'a> {
    name: &'a str,
    alias: Option<&'a str>,
    version: &'a str,
    path: &'a str,
}

impl<'a> DependencyDocument<'a> {
    fn of(found: &'a FoundDependency) -> Self {
        Self {
            name: &found.name,
            alias: found.alias.as_deref(),
            version: found.version.as_str(),
            path: &found.path,
        }
    }
}
