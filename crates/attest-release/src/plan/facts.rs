use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::config::{BuildSteps, Config};
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
    /// The git tag of the commit, if there is one.
    pub tag: Option<String>,
    /// The git commit, in hexadecimal; none outside a checkout.
    pub commit: Option<String>,
    /// Whether there are changes that are not committed.
    pub dirty: bool,
    /// The regular files that the configuration's patterns and prebuilt paths meet, with `/` between the parts.
    pub files: BTreeSet<String>,
    /// The targets that cannot be built here, each with the reason and what to install.
    pub unavailable: BTreeMap<Target, String>,
}

impl Facts {
    /// Finds what lies in `directory`: manifests, and the files that `config` speaks of. Follows no symbolic link to a file.
    ///
    /// # Errors
    /// When a file cannot be read, or a pattern matches more than [`MAX_MATCHES`] paths.
    pub fn of_directory(directory: &Path, config: &Config) -> Result<Self, Error> {
        let mut files = BTreeSet::new();
        for pattern in &config.archive.files {
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
            ..Self::default()
        })
    }
}

fn matches(directory: &Path, pattern: &crate::config::Pattern) -> Result<Vec<String>, Error> {
    let unreadable = |error: glob::GlobError| {
        let path = error.path().to_owned();
        Error::io(&path, error.into())
    };
    let not_text = || Error::NotText {
        file: directory.display().to_string(),
    };
    let root = glob::Pattern::escape(directory.to_str().ok_or_else(not_text)?);
    let whole = PathBuf::from(root).join(pattern.as_str());
    // Both halves are patterns: the one was escaped, the other parsed.
    let Ok(found) = glob::glob_with(&whole.to_string_lossy(), pattern.options()) else {
        return Ok(Vec::new());
    };
    let mut paths = Vec::new();
    for path in found {
        let path = path.map_err(unreadable)?;
        if paths.len() == MAX_MATCHES {
            return Err(Error::TooManyMatches {
                pattern: pattern.as_str().to_owned(),
                limit: MAX_MATCHES,
            });
        }
        let inside = path.strip_prefix(directory).ok().and_then(Path::to_str);
        if let Some(inside) = inside.filter(|_| is_regular_file(&path)) {
            paths.push(inside.replace(std::path::MAIN_SEPARATOR, "/"));
        }
    }
    Ok(paths)
}

fn is_regular_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file())
}
