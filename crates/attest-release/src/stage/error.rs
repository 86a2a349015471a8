use std::io;
use std::path::PathBuf;

use crate::FileName;

/// Why a release was not staged or published. Whatever it is, the output directory is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The output directory holds what no release of ours put there.
    #[error("expected an empty output directory or an earlier release in it, found `{foreign}`")]
    ForeignFile {
        /// The output directory.
        output: PathBuf,
        /// What does not belong there.
        foreign: String,
    },
    /// The output is there and is no directory.
    #[error("expected the output to be a directory, found something else")]
    OutputNotADirectory {
        /// The output.
        output: PathBuf,
    },
    /// The output cannot be replaced as a whole.
    #[error("expected an output directory with a name, found none")]
    OutputUnusable {
        /// The output.
        output: PathBuf,
    },
    /// An archive cannot be written.
    #[error("cannot pack `{file}`")]
    Archive {
        /// The archive.
        file: FileName,
        /// Why.
        #[source]
        problem: attest_archive::Error,
    },
    /// A prebuilt file was packed twice, and was another one the second time.
    #[error("expected `{path}` to stay as it is while it is packed, found it changed")]
    InputChanged {
        /// The path inside the project.
        path: String,
    },
    /// The commit holds no file of the project.
    #[error("expected committed files to pack into `{file}`, found none: nothing of this directory is committed")]
    NothingCommitted {
        /// The archive.
        file: FileName,
    },
    /// A chart is none that Helm would load.
    #[error("chart `{path}` cannot be packed")]
    Chart {
        /// The path inside the project.
        path: String,
        /// Why.
        #[source]
        problem: Box<attest_archive::chart::ChartError>,
    },
    /// A chart is not signed.
    #[error("cannot sign `{file}`")]
    Gpg {
        /// The provenance file.
        file: FileName,
        /// Why.
        #[source]
        problem: crate::gpg::GpgError,
    },
    /// A wheel or an sdist cannot be read.
    #[error("`{path}` cannot be read")]
    DistributionUnreadable {
        /// The path inside the project.
        path: String,
        /// Why.
        #[source]
        problem: Box<attest_archive::read::ReadError>,
    },
    /// A wheel or an sdist is not what the specifications want.
    #[error("`{path}`: {}", problems.join("; "))]
    Distribution {
        /// The path inside the project.
        path: String,
        /// What is wrong with it, at least one thing.
        problems: Vec<String>,
    },
    /// A wheel or an sdist cannot be written.
    #[error("`{path}` cannot be normalised")]
    Normalise {
        /// The path inside the project.
        path: String,
        /// Why.
        #[source]
        problem: Box<attest_archive::python::NormaliseError>,
    },
    /// An image cannot be built.
    #[error("cannot build image `{file}`")]
    Image {
        /// The image.
        file: FileName,
        /// The base, if it has one, else the image.
        place: String,
        /// Why.
        #[source]
        problem: attest_archive::image::Error,
    },
    /// A set of files is empty.
    #[error("expected files to pack into `{file}`, found none")]
    NoFiles {
        /// The archive.
        file: FileName,
    },
    /// The output lies in what is packed.
    #[error("expected an output outside `{directory}`, which is packed, found `{}`", output.display())]
    OutputPacked {
        /// The output directory.
        output: PathBuf,
        /// The directory that is packed, inside the project.
        directory: String,
    },
    /// A list of contents cannot be written.
    #[error("cannot list the contents of `{file}`")]
    Sbom {
        /// The archive.
        file: FileName,
        /// Why.
        #[source]
        problem: attest_sbom::Error,
    },
    /// The statement cannot be made.
    #[error("cannot state how the release was made")]
    Statement {
        /// Why.
        #[source]
        problem: attestation::StatementError,
    },
    /// The release cannot be signed.
    #[error("cannot sign the release")]
    Sign {
        /// Why.
        #[source]
        problem: attest_sign::Error,
    },
    /// The certificate names no issuer, so nobody could ask for it.
    #[error("expected a certificate that names its OIDC issuer, found none")]
    NoIssuer,
    /// What lies on disk does not pass verification.
    #[error("`{file}` does not verify: {rejection}")]
    Rejected {
        /// The file.
        file: String,
        /// Why.
        rejection: attest_verify::Rejection,
    },
    /// A bundle on disk cannot be read.
    #[error("`{file}` is no bundle")]
    Unreadable {
        /// The bundle.
        file: String,
        /// Why.
        #[source]
        problem: attestation::BundleError,
    },
    /// A file lies among those of the release that nobody put there, or one is missing.
    #[error("expected the files of the release on disk, found `{file}` {found}")]
    Differs {
        /// The file.
        file: String,
        /// What is wrong with it.
        found: &'static str,
    },
    /// A file cannot be measured.
    #[error("cannot measure `{file}`")]
    Measure {
        /// The file.
        file: String,
        /// Why.
        #[source]
        problem: attest_digest::MeasureError,
    },
    /// A file or directory cannot be read or written.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: String,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
}

impl StageError {
    pub(super) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}
