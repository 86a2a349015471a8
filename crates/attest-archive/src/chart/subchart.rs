use std::collections::BTreeMap;
use std::io::Cursor;

use super::archived::ArchivedChart;
use super::dependency::{REQUIREMENTS, refuse_overrides};
use super::directory::Directory;
use super::metadata::Identity;
use super::{ChartError, Dependency, FoundDependency, LooseVersion};
use crate::MemberPath;

/// A chart in `charts/`: a directory, or the package that it is kept in.
#[derive(Debug)]
pub(super) struct Subchart {
    /// Its place below the directory of the chart that holds it.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) version: LooseVersion,
}

/// What stands at one name in `charts/`.
enum Place {
    Package(MemberPath),
    Directory,
}

/// Whether a file lies where Helm looks for nothing: below a name in `charts/` that begins with a full stop or an underscore.
pub(super) fn is_passed_over(path: &MemberPath) -> bool {
    let mut rest = path.as_str();
    // `charts` means something at the top of a chart only, and charts lie in each other.
    while let Some(below) = rest.strip_prefix("charts/") {
        if below.starts_with(['.', '_']) {
            return true;
        }
        match below.split_once('/') {
            Some((_, deeper)) => rest = deeper,
            None => return false,
        }
    }
    false
}

/// Reads every chart that lies in `charts/`, those in these as well, and gives back the nearest.
pub(super) fn subcharts(directory: &Directory) -> Result<Vec<Subchart>, ChartError> {
    below(directory, "")
}

fn below(directory: &Directory, prefix: &str) -> Result<Vec<Subchart>, ChartError> {
    let charts = format!("{prefix}charts/");
    let mut places: BTreeMap<&str, Place> = BTreeMap::new();
    for path in directory.files().keys() {
        let Some(rest) = path.as_str().strip_prefix(&charts) else {
            continue;
        };
        match rest.split_once('/') {
            Some((name, _)) => {
                places.insert(name, Place::Directory);
            }
            None if rest.ends_with(".prov") || rest.starts_with(['.', '_']) => {}
            None => {
                places.insert(rest, Place::Package(path.clone()));
            }
        }
    }
    let places = places.into_iter().filter(|(name, _)| !name.starts_with(['.', '_']));
    places
        .map(|(name, place)| subchart(directory, &format!("{charts}{name}"), place))
        .collect()
}

fn subchart(directory: &Directory, path: &str, place: Place) -> Result<Subchart, ChartError> {
    let path = path.to_owned();
    let Identity { name, version } = match place {
        Place::Package(path) if !path.as_str().ends_with(".tgz") => return Err(ChartError::LooseFile { path }),
        Place::Package(_) => packed(directory, &path).map_err(|error| error.in_package(path.clone()))?,
        Place::Directory => unpacked(directory, &path).map_err(|error| error.in_chart(path.clone()))?,
    };
    Ok(Subchart { path, name, version })
}

fn packed(directory: &Directory, path: &str) -> Result<Identity, ChartError> {
    let bytes = directory.read(path)?.unwrap_or_default();
    ArchivedChart::read(Cursor::new(bytes))?.identity()
}

fn unpacked(directory: &Directory, path: &str) -> Result<Identity, ChartError> {
    let file = "Chart.yaml".to_owned();
    let bytes = directory.read(&format!("{path}/Chart.yaml"))?;
    let identity = Identity::parse(&bytes.ok_or(ChartError::FileMissing { file })?)?;
    if let Some(bytes) = directory.read(&format!("{path}/{REQUIREMENTS}"))? {
        refuse_overrides(&bytes)?;
    }
    below(directory, &format!("{path}/"))?;
    Ok(identity)
}

/// Finds each dependency among the charts that are there.
pub(super) fn resolve(
    dependencies: &[Dependency],
    chosen: impl Fn(usize) -> Option<String>,
    subcharts: &[Subchart],
) -> Result<Vec<FoundDependency>, ChartError> {
    let dependencies = dependencies.iter().enumerate();
    dependencies
        .map(|(at, dependency)| found(dependency, chosen(at), subcharts))
        .collect()
}

fn found(
    dependency: &Dependency,
    chosen: Option<String>,
    subcharts: &[Subchart],
) -> Result<FoundDependency, ChartError> {
    let name = dependency.name.clone();
    let named: Vec<&Subchart> = subcharts.iter().filter(|chart| chart.name == name).collect();
    if named.is_empty() {
        return Err(ChartError::DependencyMissing { name });
    }
    let range = dependency.range()?;
    // A lock may hold the range itself: then the range decides.
    let exact = chosen.as_deref().and_then(LooseVersion::parse);
    let is_it = |chart: &&&Subchart| {
        let is_chosen = exact
            .as_ref()
            .is_none_or(|version| version.precedence() == chart.version.precedence());
        is_chosen && range.as_ref().is_none_or(|range| range.contains(&chart.version))
    };
    match named.iter().find(is_it) {
        Some(chart) => Ok(FoundDependency {
            name,
            alias: Some(dependency.alias.clone()).filter(|alias| !alias.is_empty()),
            version: chart.version.clone(),
            path: chart.path.clone(),
        }),
        None => Err(ChartError::DependencyVersion {
            name,
            expected: exact.map_or(dependency.version.clone(), |version| version.to_string()),
            found: named
                .iter()
                .map(|chart| format!("`{}`", chart.version))
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}
