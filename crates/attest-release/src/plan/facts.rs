use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use attest_archive::chart::{MAX_FILE_BYTES, Metadata};

use crate::config::{BuildSteps, Config, FileSetContents, ImageBase, Pattern, ProjectPath};
use crate::manifest::Manifests;
use crate::{Error, Target};

/// The most paths that one pattern may match. An archive takes a handful of texts; more is a mistake in the pattern.
pub const MAX_MATCHES: usize = 10_000;

/// What a plan has to know about the project's directory and its history.
///
/// [`Facts::of_directory`] finds what lies in the directory; whoever asks git, or looks for toolchains, adds what it found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// What the manifests in the directory say.
    pub manifests: Manifests,
    /// The git tags of the commit, without `refs/tags/`.
    pub tags: Vec<String>,
    /// The git commit, in hexadecimal; none outside a checkout.
    pub commit: Option<String>,
    /// Whether there are changes that are not committed.
    pub dirty: bool,
    /// The regular files that the configuration's patterns and prebuilt paths meet, with `/` between the parts.
    pub files: BTreeSet<String>,
    /// The directories among those that the configuration speaks of.
    pub directories: BTreeSet<String>,
    /// The Helm charts that the configuration speaks of, by their directories, as far as they are there.
    pub charts: BTreeMap<String, ChartFacts>,
    /// The targets that cannot be built here, each with the reason and what to install.
    pub unavailable: BTreeMap<Target, String>,
}

/// What the `Chart.yaml` of a chart says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartFacts {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Facts {
    /// Finds what lies in `directory`: manifests, and the files that `config` speaks of. Follows no symbolic link to a file.
    ///
    /// # Errors
    /// When a file cannot be read, or a pattern matches more than [`MAX_MATCHES`] paths.
    pub fn of_directory(directory: &Path, config: &Config) -> Result<Self, Error> {
        refuse_outside(directory, config)?;
        refuse_missing_base(directory, config)?;
        let (mut files, mut directories) = (BTreeSet::new(), BTreeSet::new());
        for pattern in &config.archive.files {
            files.extend(matches(directory, pattern)?);
        }
        for set in &config.file_sets {
            match &set.contents {
                FileSetContents::Directory(path) if directory.join(path).is_dir() => {
                    directories.insert(path.to_string());
                }
                FileSetContents::Directory(_) => {}
                FileSetContents::Files(patterns) => {
                    for pattern in patterns {
                        files.extend(matches(directory, pattern)?);
                    }
                }
            }
        }
        for pattern in config.python.iter().flat_map(|python| &python.files) {
            files.extend(matches(directory, pattern)?);
        }
        let prebuilt = config.binaries.iter().filter_map(|binary| match &binary.steps {
            BuildSteps::Prebuilt(prebuilt) => Some(prebuilt.paths.values()),
            _ => None,
        });
        for path in prebuilt.flatten().filter(|path| is_regular_file(&directory.join(path))) {
            files.insert(path.as_str().to_owned());
        }
        Ok(Self {
            manifests: Manifests::of_directory(directory)?,
            files,
            directories,
            charts: charts(directory, config)?,
            ..Self::default()
        })
    }
}

/// A link would pack what lies who knows where: another project, or somebody's keys.
fn refuse_outside(project: &Path, config: &Config) -> Result<(), Error> {
    let sets = config.file_sets.iter().filter_map(|set| match &set.contents {
        FileSetContents::Directory(path) => Some(path),
        FileSetContents::Files(_) => None,
    });
    let charts = config.charts.iter().map(|chart| &chart.directory);
    let bases = layouts(config);
    let root = project.canonicalize().map_err(|error| Error::io(project, error))?;
    for path in sets.chain(charts).chain(bases) {
        // What is not there is told by whoever needs it.
        let found = project.join(path).canonicalize();
        if found.is_ok_and(|found| !found.starts_with(&root)) {
            let path = path.to_string();
            return Err(Error::OutsideProject { path });
        }
    }
    Ok(())
}

fn refuse_missing_base(project: &Path, config: &Config) -> Result<(), Error> {
    match layouts(config).find(|base| !project.join(base).exists()) {
        Some(base) => Err(Error::BaseMissing { path: base.to_string() }),
        None => Ok(()),
    }
}

/// The layouts in the project that images are built upon.
fn layouts(config: &Config) -> impl Iterator<Item = &ProjectPath> {
    let bases = config.images.iter().filter_map(|image| image.base.as_ref());
    bases.filter_map(ImageBase::layout)
}

fn charts(directory: &Path, config: &Config) -> Result<BTreeMap<String, ChartFacts>, Error> {
    let mut charts = BTreeMap::new();
    for chart in &config.charts {
        let path = chart.directory.to_string();
        let Some(text) = crate::read_text(&directory.join(&path).join("Chart.yaml"), MAX_FILE_BYTES)? else {
            continue;
        };
        let metadata = Metadata::parse(text.as_bytes()).map_err(|problem| Error::Chart {
            path: path.clone(),
            problem: Box::new(problem),
        })?;
        let facts = ChartFacts {
            name: metadata.name().to_owned(),
            version: metadata.version().as_str().to_owned(),
        };
        charts.insert(path, facts);
    }
    Ok(charts)
}

/// The regular files that `pattern` means. Symbolic links are not followed.
fn matches(directory: &Path, pattern: &Pattern) -> Result<Vec<String>, Error> {
    let mut search = Search {
        pattern,
        parts: pattern.as_str().split('/').map(glob::Pattern::new).collect(),
        found: Vec::new(),
    };
    search.look(directory, "", 0)?;
    Ok(search.found)
}

struct Search<'a> {
    pattern: &'a Pattern,
    /// What each part of a path has to match; brackets around a slash make a part that is no pattern, and matches anything.
    parts: Vec<Result<glob::Pattern, glob::PatternError>>,
    found: Vec<String>,
}

impl Search<'_> {
    fn look(&mut self, directory: &Path, inside: &str, depth: usize) -> Result<(), Error> {
        let unreadable = |error| Error::io(directory, error);
        for entry in directory.read_dir().map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            let name = entry.file_name();
            let shown = name.to_string_lossy();
            if !self.is_part(&shown, depth) {
                continue;
            }
            let path = format!("{inside}{shown}");
            if kind.is_dir() && depth + 1 < self.parts.len() {
                self.look(&entry.path(), &format!("{path}/"), depth + 1)?;
            } else if kind.is_file() && self.pattern.matches(&path) {
                self.take(path, name.to_str().is_some())?;
            }
        }
        Ok(())
    }

    fn is_part(&self, name: &str, depth: usize) -> bool {
        let part = self.parts.get(depth).and_then(|part| part.as_ref().ok());
        part.is_none_or(|part| part.matches_with(name, self.pattern.options()))
    }

    fn take(&mut self, path: String, is_text: bool) -> Result<(), Error> {
        if !is_text {
            return Err(Error::NameNotText { path });
        }
        if self.found.len() == MAX_MATCHES {
            return Err(Error::TooManyMatches {
                pattern: self.pattern.as_str().to_owned(),
                limit: MAX_MATCHES,
            });
        }
        self.found.push(path);
        Ok(())
    }
}

fn is_regular_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file())
}
