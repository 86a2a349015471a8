use std::io::Cursor;

use attest_archive::chart::{ArchivedChart, ChartError, MAX_CHART_BYTES, MAX_FILE_BYTES, artifact};
use attest_archive::image::{Descriptor, Layout, Manifest};
use attest_digest::Digest;

use crate::causes::with_causes;
use crate::failure::Failure;
use crate::verb::pack::image_refusal;

/// A chart as Helm keeps it in registries: what points to its package, and to what is signed of it.
pub(crate) struct ChartLayers {
    pub(crate) package: Descriptor,
    pub(crate) provenance: Option<Descriptor>,
}

/// A package that was read, under the name that Helm gives it.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl ChartLayers {
    /// Those of a manifest whose configuration is that of a chart; nothing of any other one.
    pub(crate) fn of(manifest: &Manifest) -> Result<Option<Self>, Failure> {
        if manifest.config().media_type() != artifact::CONFIG {
            return Ok(None);
        }
        let of_type = |kind: &str| {
            let layers = manifest.layers().iter().filter(|layer| layer.media_type() == kind);
            layers.collect::<Vec<_>>()
        };
        let (packages, provenances) = (of_type(artifact::CONTENT), of_type(artifact::PROVENANCE));
        let ([package], [] | [_]) = (&*packages, &*provenances) else {
            let message = format_args!(
                "expected a chart with one package and at most one `.prov`, found {} and {}",
                packages.len(),
                provenances.len()
            );
            return Err(Failure::rejected("chart-layers-invalid", message));
        };
        require_size("package", package, MAX_CHART_BYTES)?;
        let provenance = provenances.first().map(|provenance| (*provenance).clone());
        provenance
            .iter()
            .try_for_each(|provenance| require_size("`.prov`", provenance, MAX_FILE_BYTES))?;
        Ok(Some(Self {
            package: (*package).clone(),
            provenance,
        }))
    }

    /// The package, which has to be one.
    pub(crate) fn package(&self, layout: &Layout) -> Result<Package, Failure> {
        let invalid = |error: ChartError| Failure::rejected("package-invalid", with_causes(&error));
        let bytes = bytes(layout, &self.package)?;
        let chart = ArchivedChart::read(Cursor::new(&bytes)).map_err(invalid)?;
        let name = chart.metadata().map_err(invalid)?.package_name();
        Ok(Package { name, bytes })
    }

    /// What is signed of the package, which has to be of this one.
    pub(crate) fn provenance(&self, layout: &Layout) -> Result<Option<Vec<u8>>, Failure> {
        let Some(descriptor) = &self.provenance else {
            return Ok(None);
        };
        let (text, digest) = (bytes(layout, descriptor)?, self.package.digest());
        match is_provenance_of(&text, digest) {
            true => Ok(Some(text)),
            false => {
                let message =
                    format_args!("expected `{digest}`, which the package has, in its `.prov`, found none of it");
                Err(Failure::rejected("chart-provenance-mismatch", message))
            }
        }
    }
}

/// Whether a `.prov` names this package; whether its signature holds is another question.
pub(crate) fn is_provenance_of(text: &[u8], package: &Digest) -> bool {
    let digest = package.to_string();
    text.windows(digest.len()).any(|found| found == digest.as_bytes())
}

fn require_size(what: &str, descriptor: &Descriptor, limit: u64) -> Result<(), Failure> {
    match descriptor.size() {
        size if size > limit => {
            let message = format_args!("expected a {what} of at most {limit} bytes, found one of {size}");
            Err(Failure::rejected("chart-too-large", message))
        }
        _ => Ok(()),
    }
}

fn bytes(layout: &Layout, descriptor: &Descriptor) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = layout.blob(descriptor).and_then(|blob| blob.copy_to(&mut bytes));
    match read {
        Ok(()) => Ok(bytes),
        Err(error) => Err(image_refusal(&error, layout.path(), layout.path())),
    }
}
