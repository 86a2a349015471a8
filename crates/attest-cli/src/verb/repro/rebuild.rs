use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use attest_archive::compare::{Findings, compare_named};
use attestation::{Bundle, Statement};
use jiff::Timestamp;
use serde_json::Value;

use crate::context::Context;
use crate::failure::Failure;
use crate::verb::release::{Again, make_again};

/// The largest statement or bundle that is looked at, in bytes; with a subject for each of some thousand files it has 1 MiB.
const MAX_STATEMENT_BYTES: u64 = 16 << 20;

/// Makes the release in `dist` again and compares every file that it names.
pub(super) fn rebuild(dist: &Path, config: &Path, context: &mut Context<'_>) -> Result<Findings, Failure> {
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
    let names = earlier.names.iter().map(String::as_str);
    compare_named(names, dist, &output, scratch.path()).map_err(|error| super::failure(&error))
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
        let unreadable = |error| {
            Failure::undecided("file-unreadable", format_args!("cannot read the directory: {error}")).at(dist.display())
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(dist).map_err(unreadable)? {
            names.push(entry.map_err(unreadable)?.file_name());
        }
        names.sort();
        names
            .iter()
            .filter(|name| name.to_string_lossy().ends_with(".json"))
            .find_map(|name| Self::of_statement(&release_statement(&read(&dist.join(name))?)?))
            .ok_or_else(|| {
                Failure::usage("release-not-found", "expected the provenance of a release, found none")
                    .at(dist.display())
                    .hint("name a directory that `attest release` made")
            })
    }

    fn of_statement(statement: &Statement) -> Option<Self> {
        let definition = statement.predicate().get("buildDefinition")?;
        let dependencies = definition.get("resolvedDependencies").and_then(Value::as_array);
        let commit = dependencies
            .into_iter()
            .flatten()
            .find_map(|dependency| dependency.pointer("/digest/gitCommit")?.as_str());
        let targets = definition
            .pointer("/externalParameters/targets")
            .and_then(Value::as_array);
        let date = definition
            .pointer("/internalParameters/sourceDate")
            .and_then(Value::as_str);
        Some(Self {
            names: statement
                .subjects()
                .iter()
                .filter_map(|subject| safe_name(subject.name()?))
                .collect(),
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

/// A name that stays in its directory.
fn safe_name(name: &str) -> Option<String> {
    let is_plain = !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0']);
    is_plain.then(|| name.to_owned())
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
