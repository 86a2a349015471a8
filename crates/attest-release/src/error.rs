use std::io;
use std::path::{Path, PathBuf};

use crate::config::Problem;
use crate::{FileName, InvalidFileName, InvalidVersion, Target};

/// Why a release does not come about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is wrong; there is at least one problem.
    #[error("{}", list(problems))]
    Configuration {
        /// Everything that is wrong with it, in the order of the file.
        problems: Vec<Problem>,
    },
    /// There is no configuration.
    #[error("expected a configuration at `{file}`, found none")]
    ConfigurationMissing {
        /// Where it was looked for.
        file: String,
    },
    /// The configuration is larger than any honest one.
    #[error("expected `{file}` to have at most {limit} bytes")]
    ConfigurationTooLarge {
        /// The file.
        file: String,
        /// The bound.
        limit: u64,
    },
    /// A file that should be text is not UTF-8.
    #[error("expected `{file}` to be UTF-8 text")]
    NotText {
        /// The file.
        file: String,
    },
    /// A file that a pattern means has a name that is not UTF-8, so that archives of it could not be read everywhere alike.
    #[error("expected names in UTF-8, found `{path}`, which a pattern of files means")]
    NameNotText {
        /// The path inside the project, with what is not UTF-8 replaced.
        path: String,
    },
    /// Neither the configuration nor a manifest names the project.
    #[error("expected a name for the project: `project.name` is not set, and no manifest names it")]
    NoName,
    /// A manifest has a name that cannot be part of a file name.
    #[error("the project's name cannot be part of a file name: {problem}")]
    UnusableName {
        /// What is wrong with it.
        problem: InvalidFileName,
    },
    /// No version was found where it should come from.
    #[error("expected a version from {place}, found none")]
    NoVersion {
        /// Where it should come from.
        place: &'static str,
    },
    /// The version that was found cannot be used.
    #[error("the version from {place} cannot be used: {problem}")]
    UnusableVersion {
        /// Where it came from.
        place: &'static str,
        /// What is wrong with it.
        problem: InvalidVersion,
    },
    /// A source archive is wanted, but there is no commit.
    #[error("expected a git commit to pack the source from, found none")]
    NoCommit,
    /// A target cannot be built here, and nobody allowed to leave it out.
    #[error("target `{target}` cannot be built here: {reason}")]
    Unavailable {
        /// The target.
        target: Target,
        /// Why, and what to install.
        reason: String,
    },
    /// Targets were asked for by argument that the configuration does not have.
    #[error("expected a target of the configuration, found `{target}`")]
    ForeignTarget {
        /// The target.
        target: Target,
    },
    /// Nothing is left to be released.
    #[error("expected at least one archive to make, found none: no binary can be built and source archives are off")]
    NothingToRelease,
    /// The base of an image is not there.
    #[error("expected an OCI layout at `{path}` of `image.base`, found nothing")]
    BaseMissing {
        /// The path inside the project.
        path: String,
    },
    /// A path leads out of the project by a symbolic link.
    #[error("expected `{path}` to lie in the project, found a symbolic link that leads out of it")]
    OutsideProject {
        /// The path inside the project.
        path: String,
    },
    /// A directory of `[[chart]]` holds no chart.
    #[error("expected a chart at `{path}`, found no `Chart.yaml`")]
    ChartMissing {
        /// The path inside the project.
        path: String,
    },
    /// A chart cannot be read.
    #[error("chart `{path}`: {problem}")]
    Chart {
        /// The path inside the project.
        path: String,
        /// Why.
        problem: Box<attest_archive::chart::ChartError>,
    },
    /// With name and version filled in, the version of a chart is none.
    #[error("expected a version such as `1.2.0` (SemVer 2) for chart `{path}`, found `{version}`")]
    UnusableChartVersion {
        /// The path of the chart inside the project.
        path: String,
        /// The version.
        version: String,
    },
    /// No target has every binary of an image.
    #[error("expected a Linux target with every binary of image `{file}`, found none")]
    NothingForImage {
        /// The image.
        file: String,
    },
    /// With name and version filled in, a tag of an image is none.
    #[error("expected a tag of an image such as `1.2.0`, found `{tag}`")]
    UnusableTag {
        /// The tag.
        tag: String,
    },
    /// A directory of `[[files]]` is not there.
    #[error("expected `{path}` of `files.directory` to be a directory, found none")]
    DirectoryMissing {
        /// The path inside the project.
        path: String,
    },
    /// A pattern of files matches nothing.
    #[error("expected a file that matches `{pattern}`, found none")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// A pattern of files matches more than anybody means.
    #[error("expected at most {limit} files that match `{pattern}`")]
    TooManyMatches {
        /// The pattern.
        pattern: String,
        /// The bound.
        limit: usize,
    },
    /// A build command would leave its binary outside the project.
    #[error("expected a path inside the project for the output of a command, found `{path}`")]
    UnusableOutput {
        /// The path.
        path: String,
    },
    /// Two build commands would leave their binaries at one path.
    #[error(
        "expected every build command to have an output of its own, but those for `{first}` and `{second}` leave `{path}`"
    )]
    SameOutput {
        /// The path inside the project.
        path: String,
        /// The target of one.
        first: Target,
        /// The target of the other.
        second: Target,
    },
    /// Two files would have one name in a registry.
    #[error("expected every place in a registry once, but `{first}` and `{second}` are both published as `{place}`")]
    SamePlace {
        /// The repository with the tag.
        place: String,
        /// One of the files.
        first: String,
        /// The other.
        second: String,
    },
    /// A prebuilt file is not there.
    #[error("expected the prebuilt file `{path}` for target `{target}`, found none")]
    PrebuiltMissing {
        /// The path inside the project.
        path: String,
        /// The target it is for.
        target: Target,
    },
    /// Two files would have one name, or one that some file systems take for the same.
    #[error("expected every file to have its own name, but `{first}` and `{second}` are one on some file systems")]
    SameFileName {
        /// One file.
        first: String,
        /// The other one.
        second: String,
    },
    /// A template gives something that is no file name.
    #[error("`{template}` gives no usable file name: {problem}")]
    UnusableFileName {
        /// The template.
        template: String,
        /// What is wrong with what it gives.
        problem: InvalidFileName,
    },
    /// A file is there already that nobody allowed to overwrite.
    #[error("`{}` exists already", path.display())]
    AlreadyThere {
        /// The file.
        path: PathBuf,
    },
    /// A file or directory cannot be read or written.
    #[error("cannot access `{}`: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { path, source }
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

impl From<(&str, InvalidFileName)> for Error {
    fn from((template, problem): (&str, InvalidFileName)) -> Self {
        Self::UnusableFileName {
            template: template.to_owned(),
            problem,
        }
    }
}

pub(crate) fn same_name(first: &FileName, second: &FileName) -> Error {
    Error::SameFileName {
        first: first.to_string(),
        second: second.to_string(),
    }
}
