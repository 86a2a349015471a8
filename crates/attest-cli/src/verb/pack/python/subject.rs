use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use attest_archive::SourceDate;
use attest_archive::python::{Distribution, DistributionKind, Normalisation, NormaliseError, Normalised, Problem};
use attest_archive::read::{Limits, ReadError};
use tempfile::SpooledTempFile;

use super::super::date::{self, Origin};
use crate::causes::with_causes;
use crate::context::Environment;
use crate::failure::Failure;
use crate::output_file::directory_of;

/// What of an output stays in memory until all are there.
const IN_MEMORY: usize = 1024 * 1024;

/// Where outputs go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outputs<'a> {
    pub(super) directory: Option<&'a Path>,
    pub(super) check: bool,
}

/// A file, and what was found out about it.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) path: PathBuf,
    pub(super) state: State,
    pub(super) kind: Option<&'static str>,
    pub(super) project: Option<(String, String)>,
    pub(super) date: Option<(SourceDate, &'static str)>,
    pub(super) findings: Vec<Finding>,
    pub(super) normalised: Option<Normalised>,
    pub(super) sboms: Vec<String>,
    pub(super) signatures: Vec<String>,
    /// What to write, and where.
    pub(super) output: Option<(PathBuf, SpooledTempFile)>,
    pub(super) written: Option<PathBuf>,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// It is as it would be written.
    Normal,
    /// Nothing is wrong with it, and it is written anew.
    Changed,
    /// Nothing is wrong with it, and it would be written anew.
    NotNormal,
    /// Something is wrong with it.
    Rejected,
}

/// A problem or a warning.
#[derive(Debug, serde::Serialize)]
pub(super) struct Finding {
    pub(super) code: &'static str,
    pub(super) severity: &'static str,
    pub(super) message: String,
}

impl Outputs<'_> {
    pub(super) fn place(&self, path: &Path) -> PathBuf {
        match (self.directory, path.file_name()) {
            (Some(directory), Some(name)) => directory.join(name),
            _ => path.to_owned(),
        }
    }

    /// Where temporary files without a name may lie: what is written next to them is renamed, not copied.
    fn scratch(&self, path: &Path) -> PathBuf {
        match self.check {
            true => std::env::temp_dir(),
            false => directory_of(&self.place(path)).to_owned(),
        }
    }
}

/// Reads, checks and writes anew, into a temporary file.
pub(super) fn judge(
    path: &Path,
    outputs: &Outputs<'_>,
    threads: NonZeroUsize,
    environment: &Environment,
) -> Result<Judged, Failure> {
    let mut file = open(path)?;
    let scratch = outputs.scratch(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut judged = Judged::of(path);
    let distribution = match Distribution::read(&mut file, &name, &Limits::default(), &scratch) {
        Ok(distribution) => distribution,
        Err(ReadError::Io { source }) => return Err(unreadable(path, &source)),
        Err(error) => {
            judged.reject("archive-refused", with_causes(&error));
            return Ok(judged);
        }
    };
    judged.describe(&distribution);
    if distribution.is_rejected() {
        return Ok(judged);
    }
    let (source_date, origin) = find_date(path, outputs, &distribution, environment)?;
    judged.date = Some((source_date, origin));
    let how = Normalisation {
        source_date,
        threads,
        scratch: &scratch,
    };
    let output = tempfile::spooled_tempfile_in(IN_MEMORY, &scratch);
    match distribution.normalise(&how, &mut file, output) {
        Ok((output, normalised)) => judged.take(outputs, output, normalised),
        Err(error @ NormaliseError::Signed { .. }) => judged.reject("signature-would-break", error.to_string()),
        Err(error) => return Err(not_written(path, &error)),
    }
    Ok(judged)
}

impl Judged {
    fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            state: State::Rejected,
            kind: None,
            project: None,
            date: None,
            findings: Vec::new(),
            normalised: None,
            sboms: Vec::new(),
            signatures: Vec::new(),
            output: None,
            written: None,
        }
    }

    fn describe(&mut self, distribution: &Distribution) {
        self.kind = match distribution.kind() {
            DistributionKind::Wheel => Some("wheel"),
            DistributionKind::Sdist => Some("sdist"),
            _ => None,
        };
        let file_name = distribution.file_name();
        self.project = file_name.map(|name| (name.name.normalised(), name.version.to_string()));
        self.findings = distribution.problems().iter().map(Finding::of).collect();
        self.sboms = distribution.sboms().iter().map(ToString::to_string).collect();
        self.signatures = distribution.signatures().iter().map(ToString::to_string).collect();
    }

    fn reject(&mut self, code: &'static str, message: String) {
        self.state = State::Rejected;
        self.findings.insert(
            0,
            Finding {
                code,
                severity: "error",
                message,
            },
        );
    }

    /// In place, what would not change is not written; elsewhere it is.
    fn take(&mut self, outputs: &Outputs<'_>, output: SpooledTempFile, normalised: Normalised) {
        let is_normal = normalised.before == normalised.after;
        self.state = match (is_normal, outputs.check) {
            (true, _) => State::Normal,
            (false, false) => State::Changed,
            (false, true) => State::NotNormal,
        };
        let is_written = !outputs.check && (!is_normal || outputs.directory.is_some());
        self.output = is_written.then(|| (outputs.place(&self.path), output));
        self.normalised = Some(normalised);
    }
}

impl Finding {
    fn of(problem: &Problem) -> Self {
        Self {
            code: problem.code(),
            severity: if problem.is_warning() { "warning" } else { "error" },
            message: problem.to_string(),
        }
    }
}

/// `--check` asks whether a file is as it would be written at any date, unless one is given.
fn find_date(
    path: &Path,
    outputs: &Outputs<'_>,
    distribution: &Distribution,
    environment: &Environment,
) -> Result<(SourceDate, &'static str), Failure> {
    let found = date::find(directory_of(path), environment)?;
    if let (true, Some(own)) = (
        outputs.check && found.origin != Origin::SourceDateEpoch,
        distribution.date(),
    ) {
        return Ok((own, "members"));
    }
    let origin = match found.origin {
        Origin::SourceDateEpoch => "source-date-epoch",
        Origin::Commit => "commit",
        Origin::Default => "default",
    };
    Ok((found.value, origin))
}

/// Looked at before it is opened, because opening a named pipe waits for a writer.
fn open(path: &Path) -> Result<File, Failure> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        return Err(
            Failure::usage("file-expected", "expected a wheel or an sdist, found no regular file").at(path.display()),
        );
    }
    File::open(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::undecided("distribution-unreadable", format_args!("cannot read: {error}")).at(path.display())
}

/// What happened to a temporary file.
pub(super) fn temporary_failed(error: &io::Error, path: &Path) -> Failure {
    Failure::undecided(
        "archive-not-written",
        format_args!("cannot read a temporary file: {error}"),
    )
    .at(path.display())
}

fn not_written(path: &Path, error: &NormaliseError) -> Failure {
    Failure::undecided("archive-not-written", with_causes(error)).at(path.display())
}
