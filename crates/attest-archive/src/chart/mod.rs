//! A chart's directory in, the members of its package out; packages in, the index of a repository out.
//!
//! What Helm would not load is refused here, by name, before anything is written: [`Chart::from_directory`] follows
//! `.helmignore`, checks `Chart.yaml`, `values.yaml`, the schema and every chart in `charts/`, and holds the dependencies
//! against the lock file. The bytes of a file stay as they are, but for the versions that a [`Stamp`] puts into `Chart.yaml`.
//! [`Index`] is the `index.yaml` of a repository, [`provenance_text`] what a `.prov` file says before it is signed.
//!
//! The rules are those of Helm 4 (<https://helm.sh/docs/topics/charts/>, <https://helm.sh/docs/topics/chart_repository/>),
//! stricter where readers of YAML or of archives differ: docs/CHARTS.md has each of them.

mod archived;
pub mod artifact;
mod dependency;
mod directory;
mod error;
mod fields;
mod glob;
mod go_json;
mod ignore;
mod index;
mod lock;
mod metadata;
mod package;
mod provenance;
mod range;
mod repository;
mod stamp;
mod subchart;
mod version;

pub use crate::yaml::YamlError;
pub use archived::ArchivedChart;
pub use artifact::ChartArtifact;
pub use dependency::Dependency;
pub use error::ChartError;
pub use glob::Glob;
pub use index::{Added, Index, IndexEntry, NewEntry, RepositoryUrl};
pub use metadata::{ApiVersion, Metadata};
pub use package::{Chart, ChartRequest, FoundDependency, Warning};
pub use provenance::provenance_text;
pub use range::VersionRange;
pub use repository::{Package, Repository};
pub use stamp::Stamp;
pub use version::{LooseVersion, StrictVersion};

/// The largest file that Helm reads (`MaxDecompressedFileSize`): what is larger would pack, and never install.
pub const MAX_FILE_BYTES: u64 = 5 << 20;

/// The most bytes that Helm reads of all files of a chart together (`MaxDecompressedChartSize`).
pub const MAX_CHART_BYTES: u64 = 100 << 20;

/// The most files of a chart: far above any, and bounds what a hostile directory can make us hold.
pub const MAX_FILES: usize = 10_000;
