use std::path::Path;

use attest_archive::chart::{Chart, ChartRequest, Warning};

use super::{StageError, Staging};
use crate::config::ArchiveFormat;
use crate::plan::{FileKind, PlannedChart};

impl Staging {
    /// Packs a Helm chart, and says what may surprise somebody who installs it.
    ///
    /// # Errors
    /// When Helm would not load it, or it cannot be read or written.
    pub fn pack_chart(&mut self, chart: &PlannedChart, project: &Path) -> Result<Vec<Warning>, StageError> {
        let request = ChartRequest {
            directory: &project.join(&chart.directory),
            stamp: chart.stamp.clone(),
            destination: None,
        };
        let found = Chart::from_directory(&request).map_err(|problem| StageError::Chart {
            path: chart.directory.to_string(),
            problem: Box::new(problem),
        })?;
        self.output_is_outside(project, chart.directory.as_str())?;
        if found.file_name() != chart.file.as_str() {
            let path = chart.directory.to_string();
            return Err(StageError::InputChanged { path });
        }
        let members = found.members().clone();
        let packed = self.write_archive(&chart.file, ArchiveFormat::TarGz, members)?;
        self.record(&chart.file, FileKind::Chart, packed.measured);
        self.list(&chart.file, chart.sbom.as_ref())?;
        Ok(found.warnings().to_vec())
    }
}
