use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use attest_archive::SourceDate;
use attest_digest::Threads;
use attest_release::build::Workshop;
use attest_release::git::{self, Checkout, GitError};
use attest_release::plan::{Facts, Plan, PlannedSteps};
use attest_release::{Config, Error, Talk, Variables};

use super::{Arguments, failure, places};
use crate::context::{Context, Environment};
use crate::failure::Failure;

/// What attest keeps in a project beside its output: build directories, the sandbox's keys.
pub(super) const OWN_DIRECTORY: &str = ".attest";

/// Where everything goes unless said otherwise.
const OUTPUT: &str = "dist";

/// Everything that is known before anything is made.
pub(super) struct Ground {
    pub(super) config_file: PathBuf,
    pub(super) config: Config,
    /// The directory of the configuration, absolute.
    pub(super) project: PathBuf,
    pub(super) output: PathBuf,
    pub(super) plan: Plan,
    pub(super) checkout: Option<(Checkout, git::Facts)>,
    pub(super) workshop: Workshop,
    pub(super) source_date: SourceDate,
    pub(super) threads: Threads,
}

impl Ground {
    /// Reads the configuration, asks git and the toolchains, and plans. Writes nothing.
    pub(super) fn survey(arguments: &Arguments, context: &Context<'_>) -> Result<Self, Failure> {
        let threads = arguments.threads.resolve(&context.environment)?;
        let config = configuration(arguments)?;
        let project = project(&arguments.config)?;
        let output = output(arguments, &project)?;
        let variables = variables(&context.environment);
        let checkout = checkout(&project, &output, &variables, &config)?;
        let workshop = Workshop {
            scratch: project.join(OWN_DIRECTORY).join("target"),
            project,
            variables,
            source_date: 0,
            talk: if arguments.verbose { Talk::Shown } else { Talk::Kept },
            jobs: Some(threads.count().get()),
        };
        let facts = facts(&config, &workshop, checkout.as_ref())?;
        let mut plan = Plan::new(&config, &facts).map_err(|error| failure::release(&error))?;
        places::settle(&mut plan, arguments)?;
        let source_date = source_date(&context.environment, checkout.as_ref())?;
        Ok(Self {
            config_file: arguments.config.clone(),
            project: workshop.project.clone(),
            workshop: Workshop {
                source_date: source_date.seconds(),
                ..workshop
            },
            config,
            output,
            plan,
            checkout,
            source_date,
            threads,
        })
    }

    /// What a person should know before it begins.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for skipped in &self.plan.skipped {
            lines.push(format!("left out {}: {}", skipped.target, skipped.reason));
        }
        if let Some((_, facts)) = self.checkout.as_ref().filter(|(_, facts)| facts.is_dirty()) {
            let first = facts.differences.first().map(String::as_str).unwrap_or_default();
            let others = match facts.differences.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            lines.push(format!(
                "warning: not committed: `{first}`{others}; source archives hold what is committed, binaries what is there, \
                 and the provenance says so"
            ));
        }
        lines
    }

    /// A path as it is named from the project's directory.
    pub(super) fn shown<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.project).unwrap_or(path)
    }

    /// Whether something is built: in our directory, or where a command of the project leaves it.
    pub(super) fn builds(&self) -> bool {
        let mut binaries = self.plan.archives.iter().flat_map(|archive| &archive.binaries);
        binaries.any(|binary| !matches!(binary.steps, PlannedSteps::Prebuilt { .. }))
    }

    /// Makes our directory. What is in it is for this machine alone: git is told to leave the whole of it out.
    pub(super) fn prepare_own_directory(&self) -> Result<(), Failure> {
        let own = self.project.join(OWN_DIRECTORY);
        let made = fs::create_dir_all(&own).and_then(|()| match fs::File::create_new(own.join(".gitignore")) {
            Ok(mut file) => file.write_all(b"*\n"),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        });
        made.map_err(|error| {
            Failure::undecided("own-directory-failed", format_args!("cannot write: {error}")).at(OWN_DIRECTORY)
        })
    }

    /// The trust root of the sandbox, which verifies what the sandbox signed.
    pub(super) fn sandbox_directory(&self) -> PathBuf {
        self.project.join(OWN_DIRECTORY).join("sandbox")
    }
}

fn configuration(arguments: &Arguments) -> Result<Config, Failure> {
    let mut config = Config::read(&arguments.config).map_err(|error| failure::release(&error))?;
    if let Some(target) = arguments
        .targets
        .iter()
        .find(|target| !config.build.targets.contains(target))
    {
        return Err(failure::release(&Error::ForeignTarget { target: *target }));
    }
    if !arguments.targets.is_empty() {
        config.build.targets.retain(|target| arguments.targets.contains(target));
    }
    config.build.skip_unavailable |= arguments.skip_unavailable;
    if arguments.skip_sign {
        config.sign = None;
    }
    if config.sign.is_none() && arguments.sandbox {
        return Err(Failure::usage(
            "signing-disabled",
            "expected something to sign with the sandbox: `sign.enabled` is false",
        )
        .at(arguments.config.display())
        .hint("leave out `--sandbox`, or set `sign.enabled = true`"));
    }
    if arguments.sandbox {
        // What a rehearsal signs proves nothing; what this key signs would.
        config.charts.iter_mut().for_each(|chart| chart.key = None);
    }
    if let Some(sign) = &mut config.sign {
        sign.per_archive |= arguments.per_archive;
    }
    Ok(config)
}

/// The directory that holds the configuration, as the build tools see it.
fn project(config: &Path) -> Result<PathBuf, Failure> {
    let directory = match config.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    directory
        .canonicalize()
        .map_err(|error| Failure::undecided("project-unreadable", error).at(directory.display()))
}

fn output(arguments: &Arguments, project: &Path) -> Result<PathBuf, Failure> {
    let Some(output) = &arguments.output else {
        return Ok(project.join(OUTPUT));
    };
    let unusable = |error| Failure::usage("output-unusable", error).at(output.display());
    let absolute = std::path::absolute(output).map_err(unusable)?;
    // The parent decides whether it lies in the project; the directory itself may not be there yet.
    match (
        absolute.parent().and_then(|parent| parent.canonicalize().ok()),
        absolute.file_name(),
    ) {
        (Some(parent), Some(name)) => Ok(parent.join(name)),
        _ => Ok(absolute),
    }
}

fn variables(environment: &Environment) -> Variables {
    environment
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect()
}

fn checkout(
    project: &Path,
    output: &Path,
    variables: &Variables,
    config: &Config,
) -> Result<Option<(Checkout, git::Facts)>, Failure> {
    let inside = output.strip_prefix(project).ok().and_then(Path::to_str);
    let own: Vec<&str> = inside
        .into_iter()
        .filter(|path| !path.is_empty())
        .chain([OWN_DIRECTORY])
        .collect();
    let found = Checkout::open(project, variables).and_then(|checkout| {
        let facts = checkout.facts(&own)?;
        Ok((checkout, facts))
    });
    match found {
        Ok(found) => Ok(Some(found)),
        Err(GitError::NotACheckout { .. } | GitError::NoCommit) => Ok(None),
        // Without sources to pack, a project that is under no version control needs no git.
        Err(GitError::ProgramMissing) if config.source.is_none() && !project.join(".git").exists() => Ok(None),
        Err(error) => Err(crate::git_failure::git_failure(&error)),
    }
}

fn facts(config: &Config, workshop: &Workshop, checkout: Option<&(Checkout, git::Facts)>) -> Result<Facts, Failure> {
    let mut facts = Facts::of_directory(&workshop.project, config).map_err(|error| failure::release(&error))?;
    if let Some((_, known)) = checkout {
        facts.commit = Some(known.commit.id.to_string());
        facts.dirty = known.is_dirty();
        let tags = known.tags.iter().filter_map(|tag| tag.strip_prefix("refs/tags/"));
        facts.tags = tags.map(str::to_owned).collect();
    }
    for target in &config.build.targets {
        let missing = workshop
            .missing(config, *target)
            .map_err(|error| failure::build(&error))?;
        if let Some(missing) = missing {
            facts.unavailable.insert(*target, missing.to_string());
        }
    }
    Ok(facts)
}

/// `SOURCE_DATE_EPOCH`, else the time of the commit.
fn source_date(environment: &Environment, checkout: Option<&(Checkout, git::Facts)>) -> Result<SourceDate, Failure> {
    const VARIABLE: &str = "SOURCE_DATE_EPOCH";
    if let Some((_, value)) = environment.iter().find(|(name, _)| *name == OsStr::new(VARIABLE)) {
        let parsed = value.to_str().unwrap_or_default().parse();
        return parsed.map_err(|error| Failure::usage("source-date-invalid", error).at(VARIABLE));
    }
    let Some((_, facts)) = checkout else {
        let message = "expected a commit or SOURCE_DATE_EPOCH to date the release by, found neither";
        return Err(Failure::usage("source-date-missing", message)
            .hint("commit the project with `git init && git add --all && git commit`, or set SOURCE_DATE_EPOCH"));
    };
    let seconds = u64::try_from(facts.commit.seconds).unwrap_or_default();
    SourceDate::from_seconds(seconds).map_err(|error| Failure::usage("source-date-invalid", error))
}
