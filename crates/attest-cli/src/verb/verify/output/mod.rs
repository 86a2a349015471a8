//! The report, in every form it can have.

mod image;
mod json;
mod junit;
mod sarif;
mod text;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use attest_store::EvidenceKind;

use super::report::Report;
use crate::context::Context;
use crate::failure::Failure;
use crate::output_file::{OutputFile, without_links};

/// How the verdicts are written, and where.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is told")]
pub(super) struct OutputArguments {
    /// How the verdicts are written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Where they are written instead of standard output
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// The verdicts in one more form, in a file, for example `json=verdicts.json`; may be given several times
    #[arg(long, short, value_name = "FORMAT=FILE")]
    output: Vec<Output>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One line an artifact, then who signed
    Text,
    /// One document, as docs/schema-verify.md says
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit, for test reports
    Junit,
}

/// A form, and the file it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Output {
    format: Format,
    path: PathBuf,
}

impl OutputArguments {
    /// A report never takes the place of what is verified, of what it is verified with, or of another report.
    pub(super) fn check<'a>(&self, inputs: impl Iterator<Item = &'a Path>) -> Result<(), Failure> {
        let outputs: Vec<&Path> = self.files().collect();
        if outputs.is_empty() {
            return Ok(());
        }
        let mut places = BTreeSet::new();
        if let Some(path) = outputs.iter().find(|path| !places.insert(place(path))) {
            let message = "expected every report to go to a file of its own, found one for two";
            return Err(Failure::usage("output-named-twice", message).at(path.display()));
        }
        let inputs: BTreeSet<PathBuf> = inputs.filter_map(|path| path.canonicalize().ok()).collect();
        let is_input = |path: &&&Path| {
            EvidenceKind::of_name(&place(path)).is_some()
                || path.canonicalize().is_ok_and(|path| inputs.contains(&path))
        };
        match outputs.iter().find(is_input) {
            None => Ok(()),
            Some(path) => {
                let message = "expected a report to go to a file of its own, found one that is read";
                Err(Failure::usage("output-is-input", message).at(path.display()))
            }
        }
    }

    /// Nor does it become one file more of a directory that has to be as it was signed.
    pub(super) fn check_outside<'a>(&self, mut trees: impl Iterator<Item = &'a Path>) -> Result<(), Failure> {
        let places: Vec<(&Path, PathBuf)> = self.files().map(|path| (path, place(path))).collect();
        let inside = trees.find_map(|root| {
            let root = root.canonicalize().ok()?;
            places.iter().find(|(_, place)| place.starts_with(&root))
        });
        match inside {
            None => Ok(()),
            Some((path, _)) => {
                let message = "expected a place for the report outside of the directory, found one in it";
                Err(Failure::usage("output-in-tree", message)
                    .at(path.display())
                    .hint("write it elsewhere"))
            }
        }
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        let several = self.output.iter().map(|output| output.path.as_path());
        several.chain(self.output_file.as_deref())
    }
}

/// Where a file is or will be, in one spelling of its directory: a link is written through.
fn place(path: &Path) -> PathBuf {
    let path = without_links(path).unwrap_or_else(|_| path.to_owned());
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    directory.join(path.file_name().unwrap_or_default())
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected FORMAT=FILE with one of the formats of --format, found `{text}`");
        let (format, path) = text.split_once('=').ok_or_else(expected)?;
        let format = <Format as clap::ValueEnum>::from_str(format, false).map_err(|_| expected())?;
        match path.is_empty() {
            true => Err(expected()),
            false => Ok(Self {
                format,
                path: path.into(),
            }),
        }
    }
}

/// Writes the report everywhere it was asked for. The files are written whatever the verdict: a report of what was rejected
/// is what it is for.
pub(super) fn write(report: &Report, arguments: &OutputArguments, context: &mut Context<'_>) -> Result<(), Failure> {
    let main = arguments.output_file.iter().map(|path| Output {
        format: arguments.format,
        path: path.clone(),
    });
    for Output { format, path } in arguments.output.iter().cloned().chain(main) {
        let mut file = OutputFile::create(&path)?;
        file.write(render(report, format).as_bytes())?;
        file.write(b"\n")?;
        file.commit()?;
    }
    if arguments.output_file.is_some() {
        return Ok(());
    }
    context
        .print(render(report, arguments.format))
        .map_err(|error| Failure::undecided("stdout-failed", error))
}

fn render(report: &Report, format: Format) -> String {
    let text = match format {
        Format::Text => text::render(report),
        Format::Json => json::render(report),
        Format::Sarif => sarif::render(report),
        Format::Junit => junit::render(report),
    };
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_a_form_and_a_file() {
        let output = Output {
            format: Format::Json,
            path: "a=b".into(),
        };
        assert_eq!("json=a=b".parse(), Ok(output));
        for wrong in ["json", "json=", "yaml=x", "=x"] {
            assert!(wrong.parse::<Output>().unwrap_err().contains(wrong));
        }
    }
}
