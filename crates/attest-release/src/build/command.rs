use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use attest_digest::{Algorithm, Algorithms, Measured, measure_file};

use super::{BuildError, Built, Missing, Workshop};
use crate::config::Command;
use crate::plan::{PlannedArchive, PlannedBinary, PlannedSteps};
use crate::target::Target;

/// Whether the program that is named first can be found.
pub(super) fn missing(workshop: &Workshop, command: &Command) -> Option<Missing> {
    let program = command.run.first()?.to_string();
    // A path is relative to the project and may be made by a step before; what has placeholders is known only later.
    let is_plain = !program.contains(|c| std::path::is_separator(c) || c == '{');
    (is_plain && workshop.variables.find_program(&program).is_none()).then(|| Missing {
        what: format!("the program `{program}` is not installed"),
        remedy: format!("install `{program}`, which this project builds with"),
    })
}

/// Runs the project's own command, which finds the target in its variables too.
pub(super) fn build(
    workshop: &Workshop,
    archive: &PlannedArchive,
    binary: &PlannedBinary,
    built: &mut Built,
) -> Result<PathBuf, BuildError> {
    let PlannedSteps::Command {
        run,
        output,
        environment,
        tools,
    } = &binary.steps
    else {
        unreachable!("only binaries of a command come here");
    };
    let (program, arguments) = run.split_first().expect("a command names at least its program");
    let mut invocation = workshop.invocation(OsStr::new(program), &workshop.variables);
    invocation.arguments = arguments.iter().map(OsString::from).collect();
    let target = archive.target;
    invocation
        .settings
        .extend(variables(target).map(|(name, value)| (name.into(), value.into())));
    let given = environment.iter().map(|(name, value)| (name.into(), value.into()));
    invocation.settings.extend(given);
    for (name, version) in tools {
        if !built.tools.contains_key(name) {
            built.tools.insert(name.clone(), workshop.version_by(version.words())?);
        }
    }
    let output = workshop.project.join(output);
    let before = Trace::of(&output)?;
    workshop.run(&invocation, workshop.talk)?;
    match before.is_some() && before == Trace::of(&output)? {
        true => Err(BuildError::NotMade {
            path: output.strip_prefix(&workshop.project).unwrap_or(&output).to_owned(),
            target,
        }),
        false => Ok(output),
    }
}

/// What a command is told of what it makes.
fn variables(target: Target) -> [(&'static str, String); 3] {
    [
        ("ATTEST_TARGET", target.to_string()),
        ("ATTEST_OS", target.os().name().to_owned()),
        ("ATTEST_ARCH", target.arch().name().to_owned()),
    ]
}

/// What tells a file that was written anew from one that lay there before, even when both hold the same bytes.
#[derive(PartialEq, Eq)]
struct Trace {
    measured: Measured,
    modified: Option<SystemTime>,
    /// The number of the file, and when anything about it changed: no program can set that back.
    #[cfg(unix)]
    changed: (u64, i64, i64),
}

impl Trace {
    fn of(path: &Path) -> Result<Option<Self>, BuildError> {
        let Ok(metadata) = path.symlink_metadata() else {
            return Ok(None);
        };
        if !metadata.is_file() {
            return Ok(None);
        }
        let measured = measure_file(path, &Algorithms::one(Algorithm::Sha256));
        Ok(Some(Self {
            measured: measured.map_err(|error| BuildError::Io {
                path: path.to_owned(),
                source: io::Error::other(error),
            })?,
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            changed: {
                use std::os::unix::fs::MetadataExt;
                (metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
            },
        }))
    }
}
