use std::path::Path;

use attest_archive::chart::{Chart, ChartRequest, Warning, provenance_text};
use attest_digest::{Algorithm, Measured};

use super::{StageError, Staging};
use crate::config::ArchiveFormat;
use crate::gpg::ClearSigning;
use crate::plan::{FileKind, PlannedChart};
use crate::process::Variables;

/// With whose keys gpg signs charts.
#[derive(Debug, Clone, Copy)]
pub struct GpgKeys<'a> {
    /// A file of exported secret keys, instead of the user's own keys.
    pub keyring: Option<&'a Path>,
    /// A file whose first line unlocks the key.
    pub passphrase_file: Option<&'a Path>,
    /// The environment that gpg sees.
    pub variables: &'a Variables,
}

impl Staging {
    /// Packs a Helm chart, signs it where that is planned, and says what may surprise somebody who installs it.
    ///
    /// # Errors
    /// When Helm would not load it, gpg does not sign it, or it cannot be read or written.
    pub fn pack_chart(
        &mut self,
        chart: &PlannedChart,
        project: &Path,
        keys: GpgKeys<'_>,
    ) -> Result<Vec<Warning>, StageError> {
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
        self.sign_chart(chart, &found, &packed.measured, keys)?;
        self.record(&chart.file, FileKind::Chart, packed.measured);
        self.list(&chart.file, chart.sbom.as_ref())?;
        Ok(found.warnings().to_vec())
    }

    fn sign_chart(
        &mut self,
        chart: &PlannedChart,
        found: &Chart,
        package: &Measured,
        keys: GpgKeys<'_>,
    ) -> Result<(), StageError> {
        let (Some(signature), Some(digest)) = (&chart.signature, package.digest(Algorithm::Sha256)) else {
            return Ok(());
        };
        let signing = ClearSigning {
            text: &provenance_text(found.metadata(), chart.file.as_str(), digest),
            key: &signature.key,
            keyring: keys.keyring,
            passphrase_file: keys.passphrase_file,
            directory: Path::new("."),
            variables: keys.variables,
        };
        let signed = signing.sign().map_err(|problem| StageError::Gpg {
            file: signature.file.clone(),
            problem,
        })?;
        self.write(&signature.file, FileKind::Signature, &signed)
    }
}
