use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use attest_sbom::cargo::{self, Resolution};

use super::build::{BuildArguments, CargoArguments};
use super::program::Program;
use super::project::Project;
use super::refusal::refusal;
use crate::context::Context;
use crate::failure::Failure;

/// The limit of the library for its largest input; more is read of none.
const RECORD_LIMIT: u64 = 1 << 30;

/// What is known of the project.
pub(super) enum Records {
    /// Records of a build, and the binaries that came out of it.
    Build {
        records: cargo::Records,
        binaries: Vec<PathBuf>,
    },
    /// What cargo resolved, without a build.
    Resolution(Resolution),
}

/// Reads or makes the records that the arguments ask for.
pub(super) fn collect(
    arguments: &CargoArguments,
    project: &Project,
    context: &mut Context<'_>,
) -> Result<Records, Failure> {
    let cargo = program("CARGO", "cargo", project, context);
    let only_shipped = arguments.shipped.is_some();
    let wanted = arguments.wanted_target()?;
    let host = match (&wanted, &arguments.messages) {
        (Some(target), _) if arguments.metadata.is_some() => target.clone(),
        _ => host(project, context)?,
    };
    let target = wanted.unwrap_or_else(|| host.clone());
    let metadata = match &arguments.metadata {
        Some(path) => read(path)?,
        None => say_and_ask(&cargo, &metadata_arguments(&arguments.build, &target, &host), context)?,
    };
    let package = cargo::package(&metadata, arguments.package.as_deref()).map_err(refusal)?;
    let lock = lock(&package, project)?;
    if arguments.is_resolved_only() {
        return Ok(Records::Resolution(Resolution {
            metadata,
            lock,
            target,
            only_shipped,
        }));
    }
    let records = cargo::Records {
        messages: messages(arguments, &cargo, (&package, &target), context)?,
        metadata,
        lock,
        target,
        only_shipped,
    };
    let binaries = match &arguments.messages {
        Some(_) => arguments.binary.clone(),
        None => executables(&records, arguments)?,
    };
    Ok(Records::Build { records, binaries })
}

/// What the compiler says of a build, which is made if there is no record of one.
fn messages(
    arguments: &CargoArguments,
    cargo: &Program<'_>,
    (package, target): (&cargo::Package, &str),
    context: &mut Context<'_>,
) -> Result<Vec<u8>, Failure> {
    let Some(path) = &arguments.messages else {
        let jobs = jobs(arguments, context)?;
        return say_and_ask(
            cargo,
            &build_arguments(&arguments.build, target, package, jobs),
            context,
        );
    };
    read(path)
}

fn program<'a>(variable: &str, name: &str, project: &'a Project, context: &Context<'_>) -> Program<'a> {
    Program {
        name: context.environment.text(variable).unwrap_or(name).into(),
        directory: &project.directory,
        limit: RECORD_LIMIT,
    }
}

/// The triple of the machine: build scripts and procedural macros run here whatever the target.
fn host(project: &Project, context: &Context<'_>) -> Result<String, Failure> {
    let answer = program("RUSTC", "rustc", project, context).ask(&["-vV".to_owned()])?;
    let text = String::from_utf8_lossy(&answer);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| {
        Failure::undecided(
            "rustc-host-unknown",
            "expected a line `host: …` from `rustc -vV`, found none",
        )
    })
}

fn say_and_ask(program: &Program<'_>, arguments: &[String], context: &mut Context<'_>) -> Result<Vec<u8>, Failure> {
    context.say(format_args!("running `{}`", program.line(arguments)));
    program.ask(arguments)
}

fn metadata_arguments(build: &BuildArguments, target: &str, host: &str) -> Vec<String> {
    let mut arguments = words(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        target,
    ]);
    if target != host {
        arguments.extend(words(&["--filter-platform", host]));
    }
    arguments.extend(build.for_cargo());
    arguments
}

fn build_arguments(build: &BuildArguments, target: &str, package: &cargo::Package, jobs: Option<usize>) -> Vec<String> {
    let package = format!("{}@{}", package.name, package.version);
    let format = "--message-format=json-render-diagnostics";
    let mut arguments = words(&[
        "build",
        "--release",
        "--locked",
        format,
        "--target",
        target,
        "--package",
        &package,
    ]);
    arguments.extend(jobs.map(|jobs| format!("--jobs={jobs}")));
    arguments.extend(build.for_cargo());
    arguments
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

impl BuildArguments {
    fn for_cargo(&self) -> Vec<String> {
        let features = self.features.iter().map(|list| format!("--features={list}"));
        let switches = [
            (self.all_features, "--all-features"),
            (self.no_default_features, "--no-default-features"),
            (self.offline, "--offline"),
        ];
        let switches = switches.into_iter().filter(|(is_set, _)| *is_set);
        features.chain(switches.map(|(_, switch)| switch.to_owned())).collect()
    }
}

/// Cargo's own variable for this wins over rayon's.
fn jobs(arguments: &CargoArguments, context: &Context<'_>) -> Result<Option<usize>, Failure> {
    let threads = arguments.threads.resolve(&context.environment)?;
    let is_set = context.environment.text("CARGO_BUILD_JOBS").is_some();
    Ok((!is_set).then(|| threads.count().get()))
}

fn executables(records: &cargo::Records, arguments: &CargoArguments) -> Result<Vec<PathBuf>, Failure> {
    let executables = cargo::executables(records, arguments.package.as_deref()).map_err(refusal)?;
    Ok(executables.into_iter().map(PathBuf::from).collect())
}

/// The lock file lies beside the workspace; saved metadata may name a workspace that is elsewhere now.
fn lock(package: &cargo::Package, project: &Project) -> Result<Option<Vec<u8>>, Failure> {
    let places = [Path::new(&package.workspace_root), &project.directory];
    let path = places
        .map(|place| place.join("Cargo.lock"))
        .into_iter()
        .find(|path| path.is_file());
    path.map(|path| read(&path)).transpose()
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = match path == Path::new("-") {
        true => io::stdin().lock().take(RECORD_LIMIT + 1).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(RECORD_LIMIT + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|error| {
        Failure::undecided(
            "sbom-record-unreadable",
            format_args!("cannot read the record: {error}"),
        )
        .at(path.display())
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build() -> BuildArguments {
        BuildArguments {
            target: None,
            features: Some("a,b".to_owned()),
            all_features: false,
            no_default_features: true,
            offline: true,
        }
    }

    #[test]
    fn both_commands_get_the_same_features() {
        let package = cargo::Package {
            name: "app".to_owned(),
            version: "1.0.0".to_owned(),
            workspace_root: String::new(),
        };
        let features = ["--features=a,b", "--no-default-features", "--offline"];
        assert!(metadata_arguments(&build(), "t", "t").ends_with(&words(&features)));
        let arguments = build_arguments(&build(), "t", &package, Some(2));
        assert!(arguments.ends_with(&words(&features)));
        assert!(arguments.contains(&"app@1.0.0".to_owned()) && arguments.contains(&"--locked".to_owned()));
    }

    #[test]
    fn a_foreign_target_keeps_what_runs_on_the_machine() {
        let arguments = metadata_arguments(&build(), "target", "machine").join(" ");
        assert!(arguments.contains("--filter-platform target --filter-platform machine"));
    }
}
