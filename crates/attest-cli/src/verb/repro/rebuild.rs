use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use attest_archive::compare::{Findings, compare_named};
use attestation::{Bundle, Statement, Subject};
use jiff::Timestamp;
use serde_json::Value;

use crate::context::Context;
use crate::failure::Failure;
use crate::verb::release::{Again, make_again};
use crate::visible::visible;

/// The largest statement or bundle that is looked at, in bytes; with a subject for each of some thousand files it has 1 MiB.
const MAX_STATEMENT_BYTES: u64 = 16 << 20;

/// What the names of bundles end in. Each signature has a time of its own.
const BUNDLE: &str = ".sigstore.json";

/// What was compared, and how many files those are.
pub(super) struct Rebuilt {
    pub(super) findings: Findings,
    pub(super) files: usize,
}

/// Makes the release in `dist` again and compares every file that it names, and every other on either side.
pub(super) fn rebuild(dist: &Path, config: &Path, context: &mut Context<'_>) -> Result<Rebuilt, Failure> {
    let earlier = Earlier::find(dist)?;
    let scratch = tempfile::Builder::new()
        .prefix("attest-repro-")
        .tempdir()
        .map_err(|error| Failure::undecided("compare-failed", format_args!("cannot make a directory: {error}")))?;
    let output = scratch.path().join("dist");
    context.say(format_args!(
        "making the release again, of commit {}",
        earlier.commit.as_deref().unwrap_or("unknown")
    ));
    make_again(
        &Again {
            config,
            commit: earlier.commit.as_deref(),
            targets: &earlier.targets,
            source_date: earlier.source_date,
            output: &output,
        },
        context,
    )?;
    let mut names: BTreeSet<OsString> = earlier.names.iter().map(Into::into).collect();
    names.extend(repeatable(dist)?);
    names.extend(repeatable(&output)?);
    let findings = compare_named(names.iter().map(Path::new), dist, &output, scratch.path());
    let findings = findings.map_err(|error| super::failure(&error))?;
    let files = names.len();
    Ok(Rebuilt { findings, files })
}

fn names(directory: &Path) -> Result<Vec<OsString>, Failure> {
    let unreadable = |error| {
        Failure::undecided("file-unreadable", format_args!("cannot read the directory: {error}"))
            .at(directory.display())
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name());
    }
    names.sort();
    Ok(names)
}

/// Everything in a release but its bundles and its provenance, which say when it was made and by whom.
fn repeatable(directory: &Path) -> Result<Vec<OsString>, Failure> {
    let mut names = names(directory)?;
    let of_release = find_statement(directory, &names).map(|(name, _)| name.to_owned());
    names.retain(|name| Some(name) != of_release.as_ref() && !is_bundle(directory, name));
    Ok(names)
}

fn is_bundle(directory: &Path, name: &OsStr) -> bool {
    name.to_string_lossy().ends_with(BUNDLE)
        && read(&directory.join(name)).is_some_and(|bytes| Bundle::parse(&bytes).is_ok())
}

/// The first statement of a release in a directory, and the name of its file.
fn find_statement<'n>(directory: &Path, names: &'n [OsString]) -> Option<(&'n OsString, Statement)> {
    names
        .iter()
        .filter(|name| name.to_string_lossy().ends_with(".json"))
        .find_map(|name| Some((name, release_statement(&read(&directory.join(name))?)?)))
}

/// What a release says of itself. Nobody verified it: it only says what is to be made again.
struct Earlier {
    names: Vec<String>,
    commit: Option<String>,
    targets: Vec<String>,
    source_date: Option<i64>,
}

impl Earlier {
    fn find(dist: &Path) -> Result<Self, Failure> {
        let names = names(dist)?;
        let Some((name, statement)) = find_statement(dist, &names) else {
            return Err(
                Failure::usage("release-not-found", "expected the provenance of a release, found none")
                    .at(dist.display())
                    .hint("name a directory that `attest release` made"),
            );
        };
        let unusable = |found: String| {
            let message = format_args!("expected names of files in the provenance, found {found}");
            Failure::usage("subject-unusable", message)
                .at(dist.join(name).display())
                .hint("look at it with `attest inspect`; what `attest release` made names every file")
        };
        Self::of_statement(&statement).map_err(unusable)
    }

    /// What a statement says, or in words what it calls a file.
    fn of_statement(statement: &Statement) -> Result<Self, String> {
        let names: Result<Vec<String>, String> = statement.subjects().iter().map(name_of).collect();
        let names = names?;
        if names.is_empty() {
            return Err("none".to_owned());
        }
        let definition = statement.predicate().get("buildDefinition").unwrap_or(&Value::Null);
        let dependencies = definition.get("resolvedDependencies");
        let commit = dependencies
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .find_map(|dependency| dependency.pointer("/digest/gitCommit")?.as_str());
        let targets = definition
            .pointer("/externalParameters/targets")
            .and_then(Value::as_array);
        let date = definition
            .pointer("/internalParameters/sourceDate")
            .and_then(Value::as_str);
        Ok(Self {
            names,
            commit: commit.map(str::to_owned),
            targets: targets
                .into_iter()
                .flatten()
                .filter_map(|target| Some(target.as_str()?.to_owned()))
                .collect(),
            source_date: date
                .and_then(|date| date.parse::<Timestamp>().ok())
                .map(Timestamp::as_second),
        })
    }
}

/// The name of a file, which stays in its directory.
fn name_of(subject: &Subject) -> Result<String, String> {
    let name = subject.name().ok_or("a file without a name")?;
    let is_plain = !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0']);
    match is_plain {
        true => Ok(name.to_owned()),
        false => Err(format!("`{}`", visible(name))),
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(MAX_STATEMENT_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MAX_STATEMENT_BYTES).then_some(bytes)
}

/// The statement of a release, signed or not.
fn release_statement(bytes: &[u8]) -> Option<Statement> {
    let statement = match Bundle::parse(bytes) {
        Ok(bundle) => Statement::parse(bundle.peek_unverified().envelope()?.payload().as_bytes()).ok()?,
        Err(_) => Statement::parse(bytes).ok()?,
    };
    let build_type = statement.predicate().get("buildDefinition")?.get("buildType")?;
    (build_type == attest_provenance::RELEASE).then_some(statement)
}
