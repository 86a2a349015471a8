//! `attest.toml` in, a [`Config`] that cannot be wrong out, or everything that is wrong with it at once.

mod binary;
mod chart;
mod file_set;
mod image;
pub mod keys;
mod output;
mod problem;
mod project;
mod publish;
mod python;
mod reader;
mod value;

use std::path::Path;

use toml::de::DeTable;

pub use binary::{Binary, BuildSteps, Cargo, Command, Environment, Go, Prebuilt, ToolVersion};
pub use chart::Chart;
pub use file_set::{FileSet, FileSetContents};
pub use image::{Image, ImageBase};
pub(crate) use output::checksums_file_name;
pub use output::{
    Archive, ArchiveFormat, Checksums, ExpectedSigner, Provenance, RekorVersion, Sbom, Sign, SourceArchive,
};
pub use problem::{Problem, ProblemKind};
pub use project::{Build, Project, VersionSource};
pub use python::Python;
pub use value::{Pattern, ProjectPath};

use crate::Error;
use reader::{Section, Source};

/// The format of `attest.toml` that this version reads and writes.
pub const FORMAT: u64 = 1;

/// What the file is called.
pub const FILE_NAME: &str = "attest.toml";

/// The largest configuration file, in bytes. The longest that anybody would write by hand has some ten thousand.
pub const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// A release, as its project describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// `[project]`.
    pub project: Project,
    /// `[build]`.
    pub build: Build,
    /// `[[binary]]`, in the order of the file.
    pub binaries: Vec<Binary>,
    /// `[archive]`.
    pub archive: Archive,
    /// `[source]`; none when it is switched off.
    pub source: Option<SourceArchive>,
    /// `[[files]]`, in the order of the file.
    pub file_sets: Vec<FileSet>,
    /// `[[chart]]`, in the order of the file.
    pub charts: Vec<Chart>,
    /// `[python]`; none when there is no such table.
    pub python: Option<Python>,
    /// `[[image]]`, in the order of the file.
    pub images: Vec<Image>,
    /// `[checksums]`; none when they are switched off.
    pub checksums: Option<Checksums>,
    /// `[sbom]`; none when they are switched off.
    pub sbom: Option<Sbom>,
    /// `[provenance]`.
    pub provenance: Provenance,
    /// `[sign]`; none when it is switched off.
    pub sign: Option<Sign>,
}

impl Config {
    /// Reads `text`; `file` is what problems call it.
    ///
    /// ```
    /// use attest_release::Config;
    /// let config = Config::parse("attest.toml", "format = 1\n[[binary]]\nname = \"app\"\ncargo = {}\n").unwrap();
    /// assert_eq!(config.binaries.len(), 1);
    ///
    /// let error = Config::parse("attest.toml", "format = 1\n[projet]\n").unwrap_err();
    /// assert_eq!(error.to_string(), "attest.toml:2:2: unknown key `projet`, did you mean `project`?");
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`] with every problem, in the order of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        if text.len() as u64 > MAX_CONFIG_BYTES {
            return Err(Error::ConfigurationTooLarge {
                file: file.to_owned(),
                limit: MAX_CONFIG_BYTES,
            });
        }
        let (document, syntax) = DeTable::parse_recoverable(text);
        let source = Source::new(file, text);
        for error in syntax {
            let detail = error.message().lines().collect::<Vec<_>>().join(", ");
            source.report(
                error.span().map_or(0, |span| span.start),
                ProblemKind::Syntax { detail },
            );
        }
        // A file from the future may well have keys that we do not know: only its format is worth a word.
        let config = match source.is_clean() && accept_format(&source, document.get_ref()) {
            true => Some(read(&source, document.get_ref())),
            false => None,
        };
        match config {
            Some(config) if source.is_clean() => Ok(config),
            _ => Err(Error::Configuration {
                problems: source.into_problems(),
            }),
        }
    }

    /// Keeps only `targets`.
    ///
    /// # Errors
    /// [`Error::ForeignTarget`] when one is not among the configured ones.
    pub fn narrow_to(&mut self, targets: &[crate::Target]) -> Result<(), Error> {
        match targets.iter().find(|target| !self.build.targets.contains(target)) {
            Some(target) => Err(Error::ForeignTarget { target: *target }),
            None => {
                self.build.targets.retain(|target| targets.contains(target));
                Ok(())
            }
        }
    }

    /// Reads the file at `path`, which problems call by that name.
    ///
    /// # Errors
    /// As [`Self::parse`]; [`Error::ConfigurationMissing`] when there is no such file; [`Error::Io`] when it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = crate::read_text(path, MAX_CONFIG_BYTES)?.ok_or_else(|| Error::ConfigurationMissing {
            file: path.display().to_string(),
        })?;
        Self::parse(&path.display().to_string(), &text)
    }
}

fn read<'a>(source: &'a Source<'a>, document: &'a DeTable<'a>) -> Config {
    let top = Section::new(source, Some((document, 0..0)), keys::TOP);
    let mut build = project::build(&top.table("build", keys::BUILD));
    let binaries = binary::binaries(&top, &mut build);
    Config {
        project: project::project(&top.table("project", keys::PROJECT)),
        archive: output::archive(&top.table("archive", keys::ARCHIVE), &build),
        source: output::source(&top.table("source", keys::SOURCE)),
        file_sets: file_set::file_sets(&top),
        charts: chart::charts(&top),
        python: python::python(&top),
        images: image::images(&top, &binaries),
        checksums: output::checksums(&top.table("checksums", keys::CHECKSUMS)),
        sbom: output::sbom(&top.table("sbom", keys::SBOM)),
        provenance: output::provenance(&top.table("provenance", keys::PROVENANCE)),
        sign: output::sign(&top.table("sign", keys::SIGN)),
        build,
        binaries,
    }
}

/// Whether the file says that it has the format that is read here.
fn accept_format<'a>(source: &'a Source<'a>, document: &'a DeTable<'a>) -> bool {
    let Some(value) = document.get("format") else {
        let key = "format".to_owned();
        source.report(0, ProblemKind::MissingKey { key });
        return true;
    };
    let offset = value.span().start;
    let found = value
        .get_ref()
        .as_integer()
        .and_then(|integer| integer.as_str().parse::<u64>().ok());
    match found {
        Some(FORMAT) => return true,
        Some(found) if found > FORMAT => source.report(
            offset,
            ProblemKind::FromTheFuture {
                supported: FORMAT,
                found,
            },
        ),
        _ => source.report(
            offset,
            ProblemKind::UnknownFormat {
                supported: FORMAT,
                found: source.excerpt(value.span()).to_owned(),
            },
        ),
    }
    false
}

#[cfg(test)]
mod tests;
