use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::de::IgnoredAny;

use super::dependency::{REQUIREMENTS, refuse_overrides, refuse_twins};
use super::directory::{Directory, read_inside};
use super::fields::Document;
use super::lock::Lock;
use super::metadata::{ApiVersion, LIMITS};
use super::subchart::{Subchart, is_passed_over, resolve, subcharts};
use super::{ChartError, Dependency, LooseVersion, MAX_FILE_BYTES, Metadata, Stamp};
use crate::yaml::{NodeContent, documents};
use crate::{Content, Error, Member, MemberPath, Members};

const CHART_YAML: &str = "Chart.yaml";

/// Which chart to pack, and how.
#[derive(Debug, Clone)]
pub struct ChartRequest<'a> {
    /// The directory with its `Chart.yaml`.
    pub directory: &'a Path,
    /// What `Chart.yaml` is to say instead of what it says.
    pub stamp: Stamp,
    /// The directory that the package will be written to. If that lies in the chart, neither the package nor a provenance
    /// file beside it is packed.
    pub destination: Option<&'a Path>,
}

/// A chart that Helm would load, ready to be packed.
#[derive(Debug, Clone)]
pub struct Chart {
    metadata: Metadata,
    members: Members,
    dependencies: Vec<FoundDependency>,
    warnings: Vec<Warning>,
}

/// A dependency, and the chart in `charts/` that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDependency {
    /// The name in its own `Chart.yaml`.
    pub name: String,
    /// The name that it goes by in this chart, if that is another.
    pub alias: Option<String>,
    /// The version that is there.
    pub version: LooseVersion,
    /// Where: below the directory of the chart.
    pub path: String,
}

/// What does not stop a chart from being packed, and may surprise somebody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// `Chart.yaml` has a field that Helm does not know.
    #[error("Helm knows no field `{field}` in `Chart.yaml`")]
    UnknownField {
        /// The field.
        field: String,
    },
    /// A chart in `charts/` is no dependency, and is installed all the same.
    #[error("`{path}` is no dependency of the chart, and Helm installs it all the same")]
    NotADependency {
        /// Its place below the chart's directory.
        path: String,
    },
    /// Helm looks at nothing in `charts/` whose name begins with a full stop or an underscore.
    #[error("`{path}` is left out: Helm passes over it")]
    PassedOver {
        /// Its place below the chart's directory.
        path: MemberPath,
    },
}

impl Chart {
    /// Reads and checks the directory of a chart. File names and their content are taken as they are; a symbolic link stands
    /// for what it leads to.
    ///
    /// # Errors
    /// [`ChartError`]: any of them but those about an index.
    pub fn from_directory(request: &ChartRequest<'_>) -> Result<Self, ChartError> {
        let root = fs::canonicalize(request.directory).map_err(ChartError::reading(request.directory))?;
        let missing = || ChartError::FileMissing {
            file: CHART_YAML.to_owned(),
        };
        let source = read_inside(&root, CHART_YAML, MAX_FILE_BYTES)?.ok_or_else(missing)?;
        let chart_yaml = request.stamp.apply(&source)?;
        let metadata = Metadata::parse(&chart_yaml)?;
        let directory = Directory::list(
            &root,
            &outputs_inside(&root, request.destination, &metadata.package_name()),
        )?;
        // The rules may leave it out.
        directory.read(CHART_YAML)?.ok_or_else(missing)?;
        let metadata = with_requirements(metadata, &directory)?;
        check_values(&directory)?;
        let subcharts = subcharts(&directory)?;
        let dependencies = found_dependencies(&metadata, &directory, &subcharts)?;
        Ok(Self {
            members: members(&directory, metadata.name(), chart_yaml)?,
            warnings: warnings(&metadata, &directory, &subcharts),
            dependencies,
            metadata,
        })
    }

    /// What its `Chart.yaml` says, stamps included.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What goes into the package: everything below a directory with the chart's name, nothing executable.
    #[must_use]
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// The dependencies, in their order.
    #[must_use]
    pub fn dependencies(&self) -> &[FoundDependency] {
        &self.dependencies
    }

    /// What may surprise somebody.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The name of the package: `NAME-VERSION.tgz`.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.metadata.package_name()
    }
}

/// Where the package and what is signed for it would stand in the chart, if they are written into it.
fn outputs_inside(root: &Path, destination: Option<&Path>, file_name: &str) -> BTreeSet<MemberPath> {
    let below = |name: String| {
        let file = fs::canonicalize(destination?).ok()?.join(name);
        let parts: Option<Vec<&str>> = file.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect();
        parts?.join("/").parse().ok()
    };
    [file_name.to_owned(), format!("{file_name}.prov")]
        .into_iter()
        .filter_map(below)
        .collect()
}

/// A chart of the older kind has its dependencies in a file of their own.
fn with_requirements(metadata: Metadata, directory: &Directory) -> Result<Metadata, ChartError> {
    let (api_version, own) = (metadata.api_version(), metadata.api_version().lock_files());
    let foreign = match api_version {
        ApiVersion::V1 => ["Chart.lock", "Chart.lock"],
        ApiVersion::V2 => [REQUIREMENTS, "requirements.lock"],
    };
    for what in foreign {
        if directory.read(what)?.is_some() {
            let api_version = api_version.as_str();
            return Err(ChartError::OtherApiVersion { what, api_version });
        }
    }
    if api_version == ApiVersion::V2 {
        return Ok(metadata);
    }
    let Some(bytes) = directory.read(own.dependencies)? else {
        return Ok(metadata);
    };
    refuse_overrides(&bytes)?;
    let document = Document { file: own.dependencies };
    let dependencies = Dependency::list(document, &document.parse(&bytes, LIMITS)?)?;
    refuse_twins(&dependencies)?;
    Ok(metadata.with_dependencies(dependencies))
}

/// Helm loads no chart whose values are no mapping, and packs none whose schema is no JSON.
fn check_values(directory: &Directory) -> Result<(), ChartError> {
    if let Some(bytes) = directory.read("values.yaml")? {
        let document = Document { file: "values.yaml" };
        // Several documents are laid over each other.
        for node in documents(&bytes, LIMITS).map_err(|problem| document.yaml(problem))? {
            if !matches!(node.content, NodeContent::Map(_)) && !node.is_null() {
                return Err(document.unexpected(&node, "", "a mapping"));
            }
        }
    }
    if let Some(bytes) = directory.read("values.schema.json")? {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| ChartError::Schema {
            problem: error.to_string(),
        })?;
    }
    Ok(())
}

fn found_dependencies(
    metadata: &Metadata,
    directory: &Directory,
    subcharts: &[Subchart],
) -> Result<Vec<FoundDependency>, ChartError> {
    let files = metadata.api_version().lock_files();
    let lock = directory.read(files.lock)?;
    let lock = lock.map(|bytes| Lock::parse(&bytes, files)).transpose()?;
    if let Some(lock) = &lock {
        lock.check(metadata.dependencies())?;
    }
    let chosen = |at| lock.as_ref()?.version_of(at).map(str::to_owned);
    resolve(metadata.dependencies(), chosen, subcharts)
}

fn members(directory: &Directory, name: &str, chart_yaml: Vec<u8>) -> Result<Members, ChartError> {
    let top: MemberPath = name.parse().map_err(Error::from)?;
    let mut chart_yaml = Some(chart_yaml);
    let mut members = Vec::new();
    for (path, real) in directory.files() {
        if is_passed_over(path) {
            continue;
        }
        let content = match chart_yaml.take_if(|_| path.as_str() == CHART_YAML) {
            Some(bytes) => Content::Bytes(bytes),
            None => Content::Path(real.clone()),
        };
        let place = top.join(path.as_str()).map_err(Error::from)?;
        members.push(Member::file(place, content, false));
    }
    Ok(Members::new(members)?)
}

fn warnings(metadata: &Metadata, directory: &Directory, subcharts: &[Subchart]) -> Vec<Warning> {
    let unknown = metadata.unknown_fields().iter().map(|field| Warning::UnknownField {
        field: crate::error::visible(field),
    });
    let is_dependency = |chart: &&Subchart| metadata.dependencies().iter().any(|wanted| wanted.name == chart.name);
    let extra = subcharts.iter().filter(|chart| !is_dependency(chart));
    let extra = extra.map(|chart| Warning::NotADependency {
        path: crate::error::visible(&chart.path),
    });
    let passed_over = directory.files().keys().filter(|path| is_passed_over(path));
    let passed_over = passed_over.map(|path| Warning::PassedOver { path: path.clone() });
    unknown.chain(extra).chain(passed_over).collect()
}
