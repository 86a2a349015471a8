use std::io;
use std::path::PathBuf;

use crate::error::visible;
use crate::yaml::YamlError;
use crate::{Error, MemberPath};

/// Why a directory or an archive is no chart that can be packed, or an index no index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChartError {
    /// A file that every chart has is not there, or left out by `.helmignore`.
    #[error("`{file}` is missing")]
    FileMissing {
        /// The file, below the chart's directory.
        file: String,
    },
    /// A file is no YAML that is read here.
    #[error("`{}`: {problem}", visible(.file))]
    Yaml {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: YamlError,
    },
    /// A file holds another number of documents than it may.
    #[error("`{}`: expected one YAML document, found {found}", visible(.file))]
    Documents {
        /// The file.
        file: String,
        /// How many there are.
        found: usize,
    },
    /// A field has another shape than it may have, or says what it may not.
    #[error("`{}` line {line}: expected {expected} as `{field}`, found {found}", visible(.file))]
    Field {
        /// The file.
        file: String,
        /// The line, from one.
        line: usize,
        /// The field, with those that it lies in.
        field: String,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// A field that must be there is not.
    #[error("`{}`: field `{field}` is missing", visible(.file))]
    FieldMissing {
        /// The file.
        file: String,
        /// The field.
        field: &'static str,
    },
    /// A key is no field to the letter, and Helm, which ignores case, takes it for one.
    #[error("`{}` line {line}: expected `{expected}`, found `{found}`, which Helm takes for it", visible(.file))]
    FieldCase {
        /// The file.
        file: String,
        /// The line, from one.
        line: usize,
        /// The field.
        expected: &'static str,
        /// The key, with those that it lies in.
        found: String,
    },
    /// A field belongs to another `apiVersion` than the chart's, or a file does.
    #[error("`{what}` has no meaning with apiVersion {api_version}")]
    OtherApiVersion {
        /// The field or file.
        what: &'static str,
        /// The chart's.
        api_version: &'static str,
    },
    /// A version is none of SemVer 2.
    #[error("expected a version of SemVer 2 such as `1.2.3`, found `{}`", visible(.found))]
    Version {
        /// The text that was found.
        found: String,
    },
    /// A range of versions is none.
    #[error("expected a range of versions such as `^1.2` or `>=1.2 <2`, found `{}`", visible(.found))]
    Range {
        /// The text that was found.
        found: String,
    },
    /// `values.schema.json` is no JSON.
    #[error("`values.schema.json` is no JSON: {problem}")]
    Schema {
        /// What the parser said.
        problem: String,
    },
    /// A rule of `.helmignore` is one that Helm refuses.
    #[error("`.helmignore` line {line}: `{}` is no rule", visible(.found))]
    IgnoreRule {
        /// The line, from one.
        line: usize,
        /// The rule.
        found: String,
    },
    /// A symbolic link leads out of the chart.
    #[error("symbolic link `{}` leads out of the chart, to `{}`", visible(.path.as_str()), visible(&.target.to_string_lossy()))]
    LinkEscapes {
        /// The link, below the chart's directory.
        path: MemberPath,
        /// Where it leads.
        target: PathBuf,
    },
    /// A symbolic link leads to a directory that it lies in.
    #[error("symbolic link `{}` leads back to a directory that it lies in", visible(.path.as_str()))]
    LinkLoop {
        /// The link.
        path: MemberPath,
    },
    /// Something in the chart is no file and no directory.
    #[error("`{}` is neither a file nor a directory", visible(.path.as_str()))]
    SpecialFile {
        /// Its place below the chart's directory.
        path: MemberPath,
    },
    /// Where a file of a chart should be, there is something else.
    #[error("expected a regular file at `{}`, found something else", visible(.path.as_str()))]
    NotAFile {
        /// Its place below the chart's directory.
        path: MemberPath,
    },
    /// A name has a backslash, which Helm takes for a `/`.
    #[error("the name `{}` has a backslash, at which Helm would part it", visible(.path.as_str()))]
    Backslash {
        /// The name.
        path: MemberPath,
    },
    /// Helm reads no file that is so large.
    #[error("`{}` has {found} bytes, and Helm reads no file of a chart with more than {limit}", visible(.path))]
    FileTooLarge {
        /// Its place below the chart's directory.
        path: String,
        /// The most bytes.
        limit: u64,
        /// The bytes that were found.
        found: u64,
    },
    /// Helm reads no chart that is so large.
    #[error("the files have more than {limit} bytes together, and Helm reads no such chart")]
    ChartTooLarge {
        /// The most bytes.
        limit: u64,
    },
    /// There are too many files.
    #[error("expected at most {limit} files")]
    TooManyFiles {
        /// The most that are accepted.
        limit: usize,
    },
    /// There are too many names in the directories.
    #[error("expected at most {limit} names in all directories, those that links repeat included")]
    TooManyNames {
        /// The most that are looked at.
        limit: usize,
    },
    /// Directories lie in each other too deeply.
    #[error("`{}` lies below more than {limit} directories", visible(.path.as_str()))]
    TooDeep {
        /// The directory.
        path: MemberPath,
        /// The most that are accepted.
        limit: usize,
    },
    /// A file lies in `charts/` that is no chart. Helm would not load what holds it.
    #[error("`{}` is no chart, and Helm loads no chart with such a file in `charts/`", visible(.path.as_str()))]
    LooseFile {
        /// Its place below the chart's directory.
        path: MemberPath,
    },
    /// Something is wrong with a package: with one in `charts/`, or with one that an index is to have.
    #[error("package `{}` is refused", visible(.path))]
    Package {
        /// Its place below the chart's directory, or below that of the index.
        path: String,
        /// What.
        source: Box<Self>,
    },
    /// Something is wrong with a chart in `charts/` that lies there as a directory.
    #[error("chart `{}` is refused", visible(.path))]
    Subchart {
        /// Its place below the chart's directory.
        path: String,
        /// What.
        source: Box<Self>,
    },
    /// A dependency is named in `Chart.yaml`, and no chart in `charts/` is it.
    #[error("dependency `{}` is not in `charts/`", visible(.name))]
    DependencyMissing {
        /// Its name.
        name: String,
    },
    /// The charts of that name in `charts/` have other versions.
    #[error("expected version `{}` of dependency `{}` in `charts/`, found {found}", visible(.expected), visible(.name))]
    DependencyVersion {
        /// Its name.
        name: String,
        /// The range of `Chart.yaml`, or the version of `Chart.lock`.
        expected: String,
        /// The versions that are there.
        found: String,
    },
    /// Two dependencies go by one name.
    #[error("two dependencies have the name or alias `{}`", visible(.name))]
    DependencyTwice {
        /// The name or alias.
        name: String,
    },
    /// `Chart.lock` was made from other dependencies than those of `Chart.yaml`.
    #[error("`{lock}` does not lock the dependencies that `{chart}` has: {problem}")]
    LockOutOfStep {
        /// The lock file.
        lock: &'static str,
        /// The file with the dependencies.
        chart: &'static str,
        /// In what way.
        problem: String,
    },
    /// A field cannot be stamped where it stands.
    #[error("`{field}` cannot be stamped: {problem}")]
    Stamp {
        /// The field.
        field: &'static str,
        /// Why.
        problem: &'static str,
    },
    /// The file is no archive of a chart.
    #[error("expected files below one directory with a `Chart.yaml`, found {found}")]
    NotAChart {
        /// What was found.
        found: String,
    },
    /// One name and version stand for two contents.
    #[error("`{}` {} is in the index with digest {expected}, found {found}", visible(.name), visible(.version))]
    Republished {
        /// The chart.
        name: String,
        /// The version.
        version: String,
        /// The digest that the index has.
        expected: String,
        /// The digest of the file.
        found: String,
    },
    /// An address is none that an index can have.
    #[error("expected an address such as `https://example.com/charts`, found `{}`", visible(.found))]
    Url {
        /// The text that was found.
        found: String,
    },
    /// Something that is no matter of charts.
    #[error(transparent)]
    Archive(#[from] Error),
    /// An archive cannot be read.
    #[error(transparent)]
    Read(#[from] crate::read::ReadError),
}

impl ChartError {
    pub(super) fn reading(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Error::Read { path, source }.into()
    }

    pub(super) fn in_chart(self, path: String) -> Self {
        let source = Box::new(self);
        Self::Subchart { path, source }
    }

    pub(super) fn in_package(self, path: String) -> Self {
        let source = Box::new(self);
        Self::Package { path, source }
    }
}
