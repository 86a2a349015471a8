use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;

use attest_archive::python::{Distribution, Normalisation};
use attest_archive::read::Limits;
use attest_digest::measure_file;

use super::{StageError, Staging};
use crate::plan::{FileKind, PlannedDistribution};

impl Staging {
    /// Checks a wheel or an sdist, and writes it in the form that comes out the same everywhere. Says what is worth a warning.
    ///
    /// # Errors
    /// When something is wrong with it, or it cannot be read or written.
    pub fn normalise(&mut self, planned: &PlannedDistribution, project: &Path) -> Result<Vec<String>, StageError> {
        let shown = planned.path.to_string();
        let io = |action: &str| {
            let action = format!("{action} `{shown}`");
            move |source: io::Error| StageError::Io { action, source }
        };
        let scratch = self.scratch()?;
        let mut original = File::open(project.join(&planned.path)).map_err(io("read"))?;
        let name = planned.file.as_str();
        let unreadable = |problem| StageError::DistributionUnreadable {
            path: shown.clone(),
            problem: Box::new(problem),
        };
        let found = Distribution::read(&mut original, name, &Limits::default(), scratch.path()).map_err(unreadable)?;
        if found.is_rejected() {
            let problems = found.problems().iter().filter(|problem| !problem.is_warning());
            return Err(StageError::Distribution {
                path: shown.clone(),
                problems: problems.map(ToString::to_string).collect(),
            });
        }
        original.rewind().map_err(io("read"))?;
        let path = self.path_of(&planned.file);
        let how = Normalisation {
            source_date: self.settings.source_date,
            threads: self.settings.threads.count(),
            scratch: scratch.path(),
        };
        let output = File::options().read(true).write(true).create_new(true).open(&path);
        let output = output.map_err(io("write"))?;
        let (output, _) = found
            .normalise(&how, &mut original, output)
            .map_err(|problem| StageError::Normalise {
                path: shown.clone(),
                problem: Box::new(problem),
            })?;
        output.sync_all().map_err(io("write"))?;
        let measured = |path: &Path| {
            let measured = measure_file(path, &self.algorithms);
            measured.map_err(|error| io("measure")(io::Error::other(error)))
        };
        let (input, packed) = (measured(&project.join(&planned.path))?, measured(&path)?);
        self.inputs.insert(shown.clone(), input);
        self.record(&planned.file, FileKind::of_distribution(&planned.file), packed);
        Ok(found.problems().iter().map(ToString::to_string).collect())
    }
}
