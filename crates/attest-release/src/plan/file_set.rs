use super::{Draft, PlannedSbom, bare_name, file_name};
use crate::config::{ArchiveFormat, FileSet, FileSetContents};
use crate::{Error, FileName};

/// One archive of files that no target is about: documentation, examples, schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedFileSet {
    /// Its name, with extension.
    pub file: FileName,
    /// Its format.
    pub format: ArchiveFormat,
    /// The directory inside that everything lies in; none when it lies at the top.
    pub root: Option<FileName>,
    /// What goes in.
    pub contents: PlannedContents,
    /// The list of its contents.
    pub sbom: Option<PlannedSbom>,
    /// A bundle of its own.
    pub bundle: Option<FileName>,
}

/// What goes into an archive of files.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlannedContents {
    /// Everything below a directory of the project, by paths relative to it.
    Directory(String),
    /// These files of the project, sorted; they keep their paths.
    Files(Vec<String>),
}

impl Draft<'_> {
    pub(super) fn file_sets(&self) -> Result<Vec<PlannedFileSet>, Error> {
        let mut planned = Vec::new();
        for set in &self.config.file_sets {
            let contents = self.contents(&set.contents)?;
            for format in &set.formats {
                planned.push(self.file_set(set, *format, contents.clone())?);
            }
        }
        Ok(planned)
    }

    fn file_set(
        &self,
        set: &FileSet,
        format: ArchiveFormat,
        contents: PlannedContents,
    ) -> Result<PlannedFileSet, Error> {
        let values = self.values(None);
        let file = file_name(&set.name, &values, format.extension())?;
        Ok(PlannedFileSet {
            format,
            root: match set.wrap {
                true => Some(bare_name(&set.name, &values)?),
                false => None,
            },
            contents,
            sbom: self.sbom(&file)?,
            bundle: self.own_bundle(&file)?,
            file,
        })
    }

    fn contents(&self, contents: &FileSetContents) -> Result<PlannedContents, Error> {
        match contents {
            FileSetContents::Files(patterns) => Ok(PlannedContents::Files(self.matching(patterns)?)),
            FileSetContents::Directory(path) if self.facts.directories.contains(path.as_str()) => {
                Ok(PlannedContents::Directory(path.to_string()))
            }
            FileSetContents::Directory(path) => Err(Error::DirectoryMissing { path: path.to_string() }),
        }
    }
}
