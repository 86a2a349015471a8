//! A project and a target in, its binaries out: built by the project's own tools, or taken as they are.
//!
//! | step | what is run | what makes it repeatable |
//! |---|---|---|
//! | `cargo` | `cargo build --locked --target T` in a target directory of its own | paths remapped, `SOURCE_DATE_EPOCH` |
//! | `go` | `go build -trimpath -buildvcs=false` with `GOOS`, `GOARCH` | no C compiler unless asked for |
//! | `command` | what the configuration says, without a shell | whatever the command does |
//! | `prebuilt` | nothing | the file is the input |
//!
//! [`Workshop::missing`] says beforehand what a target lacks, and how to install it.

mod cargo;
mod command;
mod error;
mod go;
mod rust;
mod rustflags;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;

pub use cargo::CargoRecords;
pub use error::BuildError;
pub use rust::Missing;

use crate::config::{BuildSteps, Config};
use crate::plan::{PlannedArchive, PlannedSteps};
use crate::process::{Finished, Invocation, Talk, Variables};
use crate::{FileName, Target};

/// The most that a build may print to its stdout, in bytes. Cargo writes about 1 KiB for each crate and some for warnings.
const MAX_OUTPUT_BYTES: u64 = 256 << 20;

/// Where a project is built, and what its tools may see.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// The project's directory, absolute.
    pub project: PathBuf,
    /// Where build tools keep what they make; it belongs to releases alone.
    pub scratch: PathBuf,
    /// What the tools inherit.
    pub variables: Variables,
    /// The time that stands in what is built, in seconds since 1970.
    pub source_date: u64,
    /// Whether tools talk to the person, or only when they fail.
    pub talk: Talk,
    /// How many jobs a build tool may run at once; none leaves it to the tool.
    pub jobs: Option<usize>,
}

/// What was built for a target.
#[derive(Debug, Clone, Default)]
pub struct Built {
    /// Where each binary lies, by its name in the archive.
    pub binaries: BTreeMap<FileName, PathBuf>,
    /// What cargo said about its builds, one for each run.
    pub records: Vec<CargoRecords>,
    /// What built it, by name: `rustc` and `rustc 1.95.0 (…)`.
    pub tools: BTreeMap<String, String>,
}

impl Workshop {
    /// What is lacking to build what `config` describes for `target`, if anything is.
    ///
    /// # Errors
    /// When a tool that is there cannot be run.
    pub fn missing(&self, config: &Config, target: Target) -> Result<Option<Missing>, BuildError> {
        for binary in config.binaries.iter().filter(|binary| binary.targets.contains(&target)) {
            let missing = match &binary.steps {
                BuildSteps::Cargo(_) => rust::missing(self, config.build.triple(target).unwrap_or_default())?,
                BuildSteps::Go(_) => go::missing(self),
                BuildSteps::Command(command) => command::missing(self, command),
                BuildSteps::Prebuilt(_) => None,
            };
            if missing.is_some() {
                return Ok(missing);
            }
        }
        Ok(None)
    }

    /// Builds the binaries of an archive.
    ///
    /// # Errors
    /// [`BuildError`] with what the tool said.
    pub fn build(&self, archive: &PlannedArchive) -> Result<Built, BuildError> {
        let mut built = Built::default();
        cargo::build(self, archive, &mut built)?;
        for binary in &archive.binaries {
            let path = match &binary.steps {
                PlannedSteps::Cargo { .. } => continue,
                PlannedSteps::Go { .. } => go::build(self, archive, binary, &mut built)?,
                PlannedSteps::Command { .. } => command::build(self, archive, binary, &mut built)?,
                PlannedSteps::Prebuilt { path } => self.project.join(path),
            };
            built
                .binaries
                .insert(binary.file.clone(), self.regular(path, archive.target)?);
        }
        Ok(built)
    }

    /// A binary is a file: a link would pack what lies who knows where.
    fn regular(&self, path: PathBuf, target: Target) -> Result<PathBuf, BuildError> {
        let shown = path.strip_prefix(&self.project).unwrap_or(&path).to_owned();
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => Ok(path),
            Ok(_) => Err(BuildError::NotAFile { path: shown, target }),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
                Err(BuildError::NoOutput { path: shown, target })
            }
            Err(source) => Err(BuildError::Io { path: shown, source }),
        }
    }

    fn invocation<'a>(&'a self, program: &'a OsStr, variables: &'a Variables) -> Invocation<'a> {
        Invocation {
            program,
            arguments: Vec::new(),
            directory: &self.project,
            variables,
            settings: vec![("SOURCE_DATE_EPOCH".into(), self.source_date.to_string().into())],
        }
    }

    /// Runs a tool that has to succeed.
    fn run(&self, invocation: &Invocation<'_>, talk: Talk) -> Result<Finished, BuildError> {
        let program = || invocation.program.to_string_lossy().into_owned();
        let variables = invocation.variables.without(is_of_the_signer);
        let invocation = &Invocation {
            variables: &variables,
            arguments: invocation.arguments.clone(),
            settings: invocation.settings.clone(),
            ..*invocation
        };
        let finished = match invocation.run(MAX_OUTPUT_BYTES, talk) {
            Ok(finished) => finished,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(BuildError::ProgramMissing { program: program() });
            }
            Err(source) => {
                return Err(BuildError::NotRun {
                    program: program(),
                    source,
                });
            }
        };
        match finished.status.success() {
            true => Ok(finished),
            false => Err(BuildError::Failed {
                command: invocation.line(),
                status: finished.status.to_string(),
                talk: finished.talk,
            }),
        }
    }

    /// The first line that a tool says about its version.
    fn version(&self, program: &str, argument: &str) -> Result<String, BuildError> {
        self.version_by(&[program.to_owned(), argument.to_owned()])
    }

    /// The first line that a command prints.
    fn version_by(&self, command: &[String]) -> Result<String, BuildError> {
        let (program, arguments) = command.split_first().expect("a command names at least its program");
        let mut invocation = self.invocation(OsStr::new(program), &self.variables);
        invocation.arguments.extend(arguments.iter().map(Into::into));
        let finished = self.run(&invocation, Talk::Kept)?;
        let text = String::from_utf8_lossy(&finished.stdout);
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }
}

/// Variables with which one can sign as whoever releases, or that steer attest itself. A build script is foreign code: it may
/// shape what is signed, but not sign.
fn is_of_the_signer(name: &str) -> bool {
    ["SIGSTORE_", "COSIGN_", "ACTIONS_ID_TOKEN_", "ATTEST_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
