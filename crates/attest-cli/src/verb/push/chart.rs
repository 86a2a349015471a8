use std::io::Cursor;
use std::path::{Path, PathBuf};

use attest_archive::SourceDate;
use attest_archive::chart::{
    ArchivedChart, ChartArtifact, ChartError, MAX_CHART_BYTES, MAX_FILE_BYTES, Metadata, artifact,
};
use attest_archive::image::{Descriptor, media_type};

use super::source::require_file;
use crate::failure::Failure;
use crate::image::is_provenance_of;
use crate::input_file::InputFile;
use crate::registry::{Blob, BlobBytes, Content, Document};
use crate::verb::pack::chart_refusal;

/// The package of a chart, in memory as Helm has it, and what is beside it.
pub(crate) struct ChartPackage {
    path: PathBuf,
    package: Vec<u8>,
    metadata: Metadata,
    provenance: Option<Vec<u8>>,
}

impl ChartPackage {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        require_file(path)?;
        let unreadable = "chart-not-read";
        let limit = MAX_CHART_BYTES;
        let package = InputFile {
            path,
            unreadable,
            limit,
        }
        .read()?;
        let refuse = |error: ChartError| chart_refusal(&error, path);
        let chart = ArchivedChart::read(Cursor::new(&package)).map_err(refuse)?;
        let metadata = chart.metadata_with_requirements().map_err(refuse)?;
        let provenance = provenance(path, &package)?;
        Ok(Self {
            path: path.to_owned(),
            package,
            metadata,
            provenance,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn name(&self) -> &str {
        self.metadata.name()
    }

    pub(super) fn tag(&self) -> String {
        self.artifact(None).tag()
    }

    pub(super) fn content(&self, created: Option<SourceDate>) -> Content<'static> {
        let artifact = self.artifact(created);
        let (config, manifest) = (artifact.config(), artifact.manifest());
        let provenance = self
            .provenance
            .as_ref()
            .map(|bytes| blob(artifact::PROVENANCE, bytes.clone()));
        let package = blob(artifact::CONTENT, self.package.clone());
        Content {
            blobs: provenance
                .into_iter()
                .chain([package, blob(artifact::CONFIG, config)])
                .collect(),
            documents: vec![Document {
                descriptor: Descriptor::of_bytes(media_type::MANIFEST, &manifest),
                bytes: manifest,
            }],
            ..Content::default()
        }
    }

    fn artifact(&self, created: Option<SourceDate>) -> ChartArtifact<'_> {
        ChartArtifact {
            metadata: &self.metadata,
            package: &self.package,
            provenance: self.provenance.as_deref(),
            created,
        }
    }
}

fn blob(media_type: &str, bytes: Vec<u8>) -> Blob<'static> {
    Blob {
        descriptor: Descriptor::of_bytes(media_type, &bytes),
        bytes: BlobBytes::Memory(bytes),
    }
}

/// The `.prov` beside a package. One of another package would go along and verify nothing.
fn provenance(path: &Path, package: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".prov");
    let beside = Path::new(&beside);
    if !beside.exists() {
        return Ok(None);
    }
    let file = InputFile {
        path: beside,
        unreadable: "chart-not-read",
        limit: MAX_FILE_BYTES,
    };
    let text = file.read()?;
    let package = Descriptor::of_bytes(artifact::CONTENT, package);
    let digest = package.digest();
    match is_provenance_of(&text, digest) {
        true => Ok(Some(text)),
        false => {
            let message = format_args!("expected `{digest}`, which the package has, found none of it");
            Err(Failure::rejected("chart-provenance-mismatch", message)
                .at(beside.display())
                .hint("`attest pack chart DIR -d DIR --sign --key NAME` writes the package and its .prov anew"))
        }
    }
}
