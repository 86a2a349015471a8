use super::{Draft, PlannedSbom};
use crate::config::ProjectPath;
use crate::{Error, FileName};

/// One wheel or sdist.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedDistribution {
    /// Its name, which is the one it has.
    pub file: FileName,
    /// Where it lies in the project.
    pub path: ProjectPath,
    /// The list of its contents.
    pub sbom: Option<PlannedSbom>,
    /// A bundle of its own.
    pub bundle: Option<FileName>,
}

impl Draft<'_> {
    pub(super) fn distributions(&self) -> Result<Vec<PlannedDistribution>, Error> {
        let Some(python) = &self.config.python else {
            return Ok(Vec::new());
        };
        let planned = self.matching(&python.files)?.into_iter().map(|path| {
            let path: ProjectPath = path.parse().map_err(|_| Error::NameNotText { path: path.clone() })?;
            let name = path.file_name().to_owned();
            let file = FileName::new(name.clone()).map_err(|problem| Error::from((name.as_str(), problem)))?;
            Ok(PlannedDistribution {
                sbom: self.sbom(&file)?,
                bundle: self.own_bundle(&file)?,
                file,
                path,
            })
        });
        planned.collect()
    }
}
