use std::fs::{self, File};
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, Measured, measure_reader};

use super::{ArchivedChart, ChartError, MAX_FILES, Metadata};
use crate::Error;

/// The packages that lie in a directory and in those right below it, where Helm looks for them.
#[derive(Debug)]
pub struct Repository {
    /// The packages, sorted by path.
    pub packages: Vec<Package>,
    /// Files named `.tgz` that hold no chart, by their path below the directory.
    pub others: Vec<String>,
}

/// A package, measured and read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Package {
    /// Where it lies, below the directory, parted by `/`.
    pub path: String,
    /// What its `Chart.yaml` says.
    pub metadata: Metadata,
    /// Its SHA-256.
    pub measured: Measured,
}

impl Repository {
    /// Reads every file whose name ends in `.tgz`.
    ///
    /// # Errors
    /// [`ChartError::Package`] with the path of a package that cannot be read or whose `Chart.yaml` is refused,
    /// [`ChartError::TooManyFiles`], or what the file system says.
    pub fn read(directory: &Path) -> Result<Self, ChartError> {
        let mut repository = Self {
            packages: Vec::new(),
            others: Vec::new(),
        };
        for (path, file) in archives(directory)? {
            match package(&path, &file) {
                Ok(package) => repository.packages.push(package),
                // Archives of other kinds have that ending too.
                Err(ChartError::NotAChart { .. } | ChartError::FileMissing { .. }) => repository.others.push(path),
                Err(error) => return Err(error.in_package(path)),
            }
        }
        Ok(repository)
    }
}

fn package(path: &str, file: &Path) -> Result<Package, ChartError> {
    let open = || File::open(file).map_err(ChartError::reading(file));
    let chart = ArchivedChart::read(open()?)?;
    let algorithms = Algorithms::one(Algorithm::Sha256);
    Ok(Package {
        path: path.to_owned(),
        metadata: chart.metadata()?,
        measured: measure_reader(open()?, &algorithms).map_err(ChartError::reading(file))?,
    })
}

/// Paths below the directory and where they are, sorted.
fn archives(directory: &Path) -> Result<Vec<(String, PathBuf)>, ChartError> {
    let mut found = Vec::new();
    for (name, path) in list(directory)? {
        if path.is_dir() {
            let below = list(&path)?.into_iter();
            found.extend(below.map(|(below, path)| (format!("{name}/{below}"), path)));
        } else {
            found.push((name, path));
        }
    }
    found.retain(|(name, path)| name.ends_with(".tgz") && path.is_file());
    match found.len() > MAX_FILES {
        true => Err(ChartError::TooManyFiles { limit: MAX_FILES }),
        false => {
            found.sort();
            Ok(found)
        }
    }
}

fn list(directory: &Path) -> Result<Vec<(String, PathBuf)>, ChartError> {
    let entries = fs::read_dir(directory).map_err(ChartError::reading(directory))?;
    entries
        .map(|entry| {
            let entry = entry.map_err(ChartError::reading(directory))?;
            let name = entry.file_name().into_string().map_err(|name| Error::NotUtf8 {
                directory: directory.to_owned(),
                escaped: name.as_encoded_bytes().escape_ascii().to_string(),
            });
            Ok((name?, entry.path()))
        })
        .collect()
}
