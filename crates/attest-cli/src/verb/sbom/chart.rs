//! A chart of a registry or a layout in, a tree with its package as the one file that was named out.

use std::io;
use std::path::Path;

use attest_archive::image::{Descriptor, Layout};
use attest_sbom::Options;
use attest_sbom::tree::{Content, Listing, Tree};
use tempfile::TempDir;

use super::scan::{Others, one_tree};
use crate::failure::Failure;
use crate::image::ChartLayers;

/// The package of a chart, which is listed as any other one.
pub(super) struct Chart {
    file: Box<dyn Tree>,
    /// Holds the file as long as it is read.
    _directory: TempDir,
}

impl Chart {
    /// The chart that a descriptor points to; nothing of anything else. What is wrong with a manifest is told by whoever lists images.
    pub(super) fn find(layout: &Layout, descriptor: &Descriptor, options: &Options) -> Result<Option<Self>, Failure> {
        let manifest = match descriptor.is_manifest() {
            true => layout.manifest(descriptor).ok(),
            false => None,
        };
        let layers = manifest.as_ref().map(ChartLayers::of).transpose()?.flatten();
        layers.map(|layers| Self::open(&layers, layout, options)).transpose()
    }

    /// The only thing in a layout, if it is a chart.
    pub(super) fn of_path(path: &Path, options: &Options) -> Result<Option<Self>, Failure> {
        let layout = Layout::open(path).ok();
        let found = layout.and_then(|layout| layout.find(None).ok().map(|descriptor| (layout, descriptor)));
        match found {
            Some((layout, descriptor)) => {
                Self::find(&layout, &descriptor, options).map_err(|failure| failure.at(path.display()))
            }
            None => Ok(None),
        }
    }

    fn open(layers: &ChartLayers, layout: &Layout, options: &Options) -> Result<Self, Failure> {
        let package = layers.package(layout)?;
        let failed = |error: io::Error| {
            let message = format_args!("cannot put the package of the chart into a temporary file: {error}");
            Failure::undecided("scratch-not-made", message).hint("set TMPDIR to a directory that can be written to")
        };
        let directory = tempfile::tempdir().map_err(failed)?;
        let path = directory.path().join(&package.name);
        std::fs::write(&path, &package.bytes).map_err(failed)?;
        Ok(Self {
            file: one_tree(&path, options, Others::None)?,
            _directory: directory,
        })
    }
}

impl Tree for Chart {
    fn listing(&self) -> &Listing {
        self.file.listing()
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Content + '_>> {
        self.file.open(path)
    }

    fn is_named_file(&self) -> bool {
        self.file.is_named_file()
    }
}
