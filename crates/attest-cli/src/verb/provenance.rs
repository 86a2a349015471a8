//! `attest provenance`: an unsigned in-toto statement that says how files were made.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, MeasureError, measure_files};
use attest_provenance::{Environment, Error, Files, Provenance, Run, Source, Uri};
use attest_release::Variables;
use attest_release::git::{Checkout, GitError};
use attestation::{Statement, Subject};
use serde_json::Map;

use crate::builder_note;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::threads::ThreadsArgument;

const EXAMPLES: &str = "\
Examples:
  attest provenance dist/app.tar.gz dist/app.zip -o app.provenance.json
  attest provenance app.tar.gz --external-parameter profile=release
  attest provenance app.tar.gz --build-type https://example.com/build/v1 --external-parameter version=1.2.0
  attest sign app.tar.gz --statement app.provenance.json --bundle app.sigstore.json

What is said comes from the environment (GitHub Actions, GitLab CI, else a local build) and from
the git checkout. What cannot be known is left out.

Exit codes:
  0  the statement was written
  2  wrong usage: parameters that the build type does not have, two files of one name
  3  a file could not be read, or the CI system does not say what it has to say";

/// Say how files were made: SLSA provenance v1, unsigned
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The files that were made; each becomes a subject, by its name without directories
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Write the statement here instead of to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The build type, when it is none of those that attest describes
    #[arg(long, value_name = "URI")]
    build_type: Option<String>,

    /// A parameter of the build that you vouch for; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = parameter)]
    external_parameter: Vec<(String, String)>,

    /// The builder, when it is none that attest recognises
    #[arg(long, value_name = "URI")]
    builder_id: Option<String>,

    /// The checkout that the files were made in; when it is none, no commit is named
    #[arg(long, value_name = "DIR", default_value = ".")]
    git_dir: PathBuf,

    /// Algorithms of the subjects' digests, separated by commas
    #[arg(short, long, value_name = "LIST", default_value = "sha256")]
    algorithm: Algorithms,

    #[command(flatten)]
    threads: ThreadsArgument,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let environment = Environment::from_variables(&variables(context)).map_err(|error| environment_failed(&error))?;
    let subjects = subjects(&arguments, context)?;
    let files = Files {
        build_type: uri("the build type", arguments.build_type.as_deref())?,
        parameters: parameters(&arguments.external_parameter)?,
        source: source(&arguments, context)?,
        run: Run {
            builder_id: uri("the builder", arguments.builder_id.as_deref())?,
            attest_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            ..Run::default()
        },
    };
    builder_note::say(&environment, files.run.builder_id.as_ref(), "`--builder-id`", context);
    let provenance = Provenance::of_files(&environment, files).map_err(|error| provenance_failed(&error))?;
    let statement = Statement::new(subjects, provenance).map_err(|error| {
        Failure::usage("provenance-subjects", error).hint("name each file once; subjects have no directories")
    })?;
    let mut bytes = statement.to_payload().as_bytes().to_vec();
    bytes.push(b'\n');
    write(arguments.output.as_deref(), &bytes, context)?;
    Ok(Outcome::Accepted)
}

fn write(output: Option<&Path>, bytes: &[u8], context: &mut Context<'_>) -> Result<(), Failure> {
    match output {
        Some(path) => {
            let mut file = OutputFile::create(path)?;
            file.write(bytes)?;
            file.commit()
        }
        None => {
            let written = context.stdout.write_all(bytes);
            written.map_err(|error| crate::process::stdout_failed(&error))
        }
    }
}

/// What is not UTF-8 says nothing about a CI system.
fn variables(context: &Context<'_>) -> BTreeMap<String, String> {
    let variables = context.environment.iter();
    let text = variables.filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned())));
    text.collect()
}

fn subjects(arguments: &Arguments, context: &Context<'_>) -> Result<Vec<Subject>, Failure> {
    if arguments
        .algorithm
        .iter()
        .all(|algorithm| algorithm == Algorithm::Blake3)
    {
        let message = "expected sha256, sha384 or sha512 among the algorithms, found only blake3";
        return Err(Failure::usage("provenance-algorithm", message));
    }
    let threads = arguments.threads.resolve(&context.environment)?;
    let measured = measure_files(&arguments.files, &arguments.algorithm, threads);
    let subjects = arguments.files.iter().zip(measured).map(|(path, measured)| {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
            let message = "expected a file whose name is UTF-8 text";
            Failure::usage("provenance-name", message).at(path.display())
        })?;
        Ok(Subject::measured(name, &measured.map_err(|error| unreadable(&error))?))
    });
    subjects.collect()
}

fn source(arguments: &Arguments, context: &mut Context<'_>) -> Result<Option<Source>, Failure> {
    let variables = context
        .environment
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let variables: Variables = variables.collect();
    let facts = Checkout::open(&arguments.git_dir, &variables).and_then(|checkout| checkout.facts(&made(arguments)));
    let facts = match facts {
        Ok(facts) => facts,
        Err(GitError::NotACheckout { .. } | GitError::NoCommit | GitError::ProgramMissing) => {
            context.say("note: no git commit was found, so the provenance names none");
            return Ok(None);
        }
        Err(error) => return Err(Failure::undecided("git-failed", error).at(arguments.git_dir.display())),
    };
    let mut source = Source::of_commit(facts.commit.id.as_str())
        .map_err(|error| Failure::undecided("git-failed", error))?
        .with_changes(facts.is_dirty());
    if let Some(remote) = &facts.remote {
        source = source.from_remote(remote);
    }
    // No version is known here, so only a single tag, or the branch, names the commit.
    if let Some(reference) = facts.reference("") {
        source = source.at_reference(reference);
    }
    Ok(Some(source))
}

/// What was made in the checkout is no change to it.
fn made(arguments: &Arguments) -> Vec<&str> {
    if arguments.git_dir != Path::new(".") {
        return Vec::new();
    }
    let paths = arguments.files.iter().chain(&arguments.output);
    let inside = paths.filter_map(|path| path.strip_prefix(".").unwrap_or(path).to_str());
    inside
        .filter(|path| !path.starts_with('/') && !path.split('/').any(|part| part == ".."))
        .collect()
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected `key=value`".to_owned()),
    }
}

fn parameters(given: &[(String, String)]) -> Result<Map<String, serde_json::Value>, Failure> {
    let mut parameters = Map::new();
    for (key, value) in given {
        if parameters.insert(key.clone(), value.as_str().into()).is_some() {
            let message = format_args!("expected each external parameter once, found `{key}` twice");
            return Err(Failure::usage("provenance-parameter", message));
        }
    }
    Ok(parameters)
}

fn uri(what: &'static str, text: Option<&str>) -> Result<Option<Uri>, Failure> {
    let uri = text.map(|text| Uri::new(what, text)).transpose();
    uri.map_err(|error| Failure::usage("provenance-uri", error))
}

fn environment_failed(error: &Error) -> Failure {
    Failure::undecided("provenance-environment", error)
        .hint("run `attest provenance` in the job itself, where the CI system sets its variables")
}

fn provenance_failed(error: &Error) -> Failure {
    match error {
        Error::ForeignParameter { .. } => Failure::usage("provenance-parameter", error)
            .hint("give parameters of your own with a build type of your own: `--build-type URI`"),
        Error::ForeignBuildType { .. } => Failure::usage("provenance-build-type", error),
        _ => Failure::undecided("provenance-failed", error),
    }
}

fn unreadable(error: &MeasureError) -> Failure {
    let reason = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    Failure::undecided(error.code(), format_args!("{error}{reason}")).at(error.path().display())
}
