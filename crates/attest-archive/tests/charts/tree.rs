use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use attest_archive::chart::{Chart, ChartError, ChartRequest, Stamp};
use attest_archive::{Content, Format, Kind, Member, Members, Recipe, write_archive_to};
use tempfile::TempDir;

pub(super) const CHART: &str = "apiVersion: v2\nname: app\nversion: 1.0.0\n";

/// A chart's directory in a directory of its own.
pub(super) struct Tree(TempDir);

impl Tree {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        fs::create_dir(tree.path()).unwrap();
        tree.write("Chart.yaml", CHART.as_bytes());
        for (path, text) in files {
            tree.write(path, text.as_bytes());
        }
        tree
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.0.path().join("chart")
    }

    pub(super) fn outside(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn write(&self, path: &str, bytes: &[u8]) {
        let file = self.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }

    pub(super) fn chart(&self) -> Result<Chart, ChartError> {
        self.stamped(Stamp::default())
    }

    pub(super) fn stamped(&self, stamp: Stamp) -> Result<Chart, ChartError> {
        Chart::from_directory(&ChartRequest {
            directory: &self.path(),
            stamp,
            destination: None,
        })
    }

    /// The files of its package, without the directory on top.
    pub(super) fn names(&self) -> Vec<String> {
        names(&self.chart().unwrap())
    }

    pub(super) fn refusal(&self) -> ChartError {
        self.chart().unwrap_err()
    }
}

pub(super) fn names(chart: &Chart) -> Vec<String> {
    let files = chart
        .members()
        .iter()
        .filter(|member| matches!(member.kind(), Kind::File { .. }));
    files
        .map(|member| member.path().as_str().split_once('/').unwrap().1.to_owned())
        .collect()
}

pub(super) fn package(members: &Members) -> Vec<u8> {
    let recipe = Recipe {
        format: Format::TarGz,
        members: members.clone(),
        source_date: "1700000000".parse().unwrap(),
        threads: NonZeroUsize::MIN,
        algorithms: "sha256".parse().unwrap(),
    };
    write_archive_to(&recipe, Vec::new(), Path::new(".")).unwrap().0
}

/// The package of a chart of nothing but its `Chart.yaml`.
pub(super) fn package_of(name: &str, version: &str) -> Vec<u8> {
    let text = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
    let path = format!("{name}/Chart.yaml").parse().unwrap();
    package(&Members::new([Member::file(path, Content::Bytes(text.into_bytes()), false)]).unwrap())
}
