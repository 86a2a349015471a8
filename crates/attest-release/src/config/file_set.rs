use super::keys;
use super::output::{self, ArchiveFormat};
use super::problem::ProblemKind;
use super::reader::Section;
use super::value::{Pattern, ProjectPath};
use crate::template::{Scope, Template};

/// One `[[files]]`: any files of the project, packed under a name of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileSet {
    /// The file's name without its extension.
    pub name: Template,
    /// What goes in.
    pub contents: FileSetContents,
    /// One archive for each.
    pub formats: Vec<ArchiveFormat>,
    /// Whether everything lies in one directory that has the archive's name.
    pub wrap: bool,
}

/// What goes into an archive of files.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileSetContents {
    /// Everything below a directory, by paths relative to it.
    Directory(ProjectPath),
    /// The files that match, by their paths in the project.
    Files(Vec<Pattern>),
}

pub(super) fn file_sets(top: &Section<'_>) -> Vec<FileSet> {
    let sections = top.tables("files", keys::FILES);
    sections.iter().filter_map(file_set).collect()
}

fn file_set(section: &Section<'_>) -> Option<FileSet> {
    if section.value("name").is_none() {
        section.missing("name");
    }
    let formats = section.all_parsed("formats", output::format);
    let formats = formats.map(|formats| formats.into_iter().map(|format| format.value).collect());
    Some(FileSet {
        name: output::template(section, "name", Scope::Release, "{name}-{version}-files"),
        contents: contents(section)?,
        formats: formats.unwrap_or_else(|| vec![ArchiveFormat::TarGz]),
        wrap: section.boolean("wrap").unwrap_or(true),
    })
}

/// Either a directory or patterns: with both, nobody could tell what a path in the archive is relative to.
fn contents(section: &Section<'_>) -> Option<FileSetContents> {
    let places = ["directory", "files"].map(|key| section.value(key));
    match places {
        [Some(_), None] => section.parsed("directory", directory).map(FileSetContents::Directory),
        [None, Some(_)] => {
            let patterns = section.all_parsed("files", |text| Pattern::required("files.files", text))?;
            Some(FileSetContents::Files(
                patterns.into_iter().map(|pattern| pattern.value).collect(),
            ))
        }
        _ => {
            section.source().report(section.offset(), ProblemKind::FileSetContents);
            None
        }
    }
}

fn directory(text: &str) -> Result<ProjectPath, ProblemKind> {
    text.parse()
}
