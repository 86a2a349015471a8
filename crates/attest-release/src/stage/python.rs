use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;

use attest_archive::Format;
use attest_archive::python::{Distribution, DistributionKind, Normalisation};
use attest_archive::read::Limits;
use attest_digest::{Algorithm, Measured, measure_file};

use super::{StageError, Staging};
use crate::plan::{FileKind, PlannedDistribution};

impl Staging {
    /// Checks a wheel or an sdist, and writes it in the form that comes out the same everywhere. Says what is worth a warning.
    ///
    /// # Errors
    /// When something is wrong with it, it changes meanwhile, or it cannot be read or written.
    pub fn normalise(&mut self, planned: &PlannedDistribution, project: &Path) -> Result<Vec<String>, StageError> {
        let scratch = self.scratch()?;
        let input = project.join(&planned.path);
        let mut original = File::open(&input).map_err(io(planned, "read"))?;
        let found = read(&mut original, planned, scratch.path())?;
        original.rewind().map_err(io(planned, "read"))?;
        let before = self.write_normal(&found, planned, &mut original, scratch.path())?;
        let input = self.measured(planned, &input)?;
        if input.digest(Algorithm::Sha256) != before.digest(Algorithm::Sha256) {
            let path = planned.path.to_string();
            return Err(StageError::InputChanged { path });
        }
        let packed = self.measured(planned, &self.path_of(&planned.file))?;
        self.inputs.insert(planned.path.to_string(), input);
        self.note_compressor(match found.kind() {
            DistributionKind::Wheel => Format::Zip,
            _ => Format::TarGz,
        });
        self.record(&planned.file, FileKind::of_distribution(&planned.file), packed);
        self.list(&planned.file, planned.sbom.as_ref())?;
        Ok(found.problems().iter().map(ToString::to_string).collect())
    }

    /// Says what was read, as it was measured meanwhile.
    fn write_normal(
        &self,
        found: &Distribution,
        planned: &PlannedDistribution,
        original: &mut File,
        scratch: &Path,
    ) -> Result<Measured, StageError> {
        let how = Normalisation {
            source_date: self.settings.source_date,
            threads: self.settings.threads.count(),
            scratch,
        };
        let path = self.path_of(&planned.file);
        let output = File::options().read(true).write(true).create_new(true).open(&path);
        let output = output.map_err(io(planned, "write"))?;
        let written = found.normalise(&how, original, output);
        let (output, normalised) = written.map_err(|problem| StageError::Normalise {
            path: planned.path.to_string(),
            problem: Box::new(problem),
        })?;
        output.sync_all().map_err(io(planned, "write"))?;
        Ok(normalised.before)
    }

    fn measured(&self, planned: &PlannedDistribution, path: &Path) -> Result<Measured, StageError> {
        let measured = measure_file(path, &self.algorithms);
        measured.map_err(|error| io(planned, "measure")(io::Error::other(error)))
    }
}

fn read(original: &mut File, planned: &PlannedDistribution, scratch: &Path) -> Result<Distribution, StageError> {
    let found = Distribution::read(original, planned.file.as_str(), &Limits::default(), scratch);
    let found = found.map_err(|problem| StageError::DistributionUnreadable {
        path: planned.path.to_string(),
        problem: Box::new(problem),
    })?;
    match found.is_rejected() {
        false => Ok(found),
        true => {
            let problems = found.problems().iter().filter(|problem| !problem.is_warning());
            Err(StageError::Distribution {
                path: planned.path.to_string(),
                problems: problems.map(ToString::to_string).collect(),
            })
        }
    }
}

fn io(planned: &PlannedDistribution, action: &str) -> impl FnOnce(io::Error) -> StageError {
    let action = format!("{action} `{}`", planned.path);
    move |source| StageError::Io { action, source }
}
