use std::collections::BTreeMap;
use std::path::Path;

use attest_digest::{Algorithm, Algorithms, DigestSet, measure_file};
use attest_provenance::{Environment, Provenance, Release, ResourceDescriptor, Run, Source, Uri};
use attest_release::plan::{FileKind, PlannedSteps};
use attest_release::stage::Staging;
use attestation::Payload;
use jiff::Timestamp;

use super::{Ground, failure};
use crate::builder_note;
use crate::context::Context;
use crate::failure::Failure;

/// Lock files that decide what goes into a build, where they are there.
const LOCK_FILES: [&str; 3] = ["Cargo.lock", "go.mod", "go.sum"];

/// Says how everything in `staging` was made, in the words of the release build type.
pub(super) fn statement(
    ground: &Ground,
    staging: &Staging,
    tools: BTreeMap<String, String>,
    context: &mut Context<'_>,
) -> Result<Payload, Failure> {
    let environment = environment(context)?;
    let release = Release {
        name: ground.plan.name.as_str(),
        version: ground.plan.version.as_str(),
        targets: ground.config.build.targets.iter().map(ToString::to_string).collect(),
        configuration: descriptor(&configuration_name(ground), &ground.config_file)?,
        source: source(ground)?,
        dependencies: dependencies(ground, staging)?,
        tools,
        compressors: staging.compressors().clone(),
        source_date: i64::try_from(ground.source_date.seconds())
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok()),
        byproducts: byproducts(staging),
        run: run(ground, context)?,
    };
    let set_by = "`provenance.builder-id` in the configuration";
    builder_note::say(&environment, release.run.builder_id.as_ref(), set_by, context);
    let provenance = Provenance::of_release(&environment, release).map_err(|error| unusable(&error))?;
    staging.state(provenance).map_err(|error| failure::stage(&error))
}

/// As it is named from the project's directory, which is the one that it lies in.
fn configuration_name(ground: &Ground) -> String {
    let name = ground.config_file.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn environment(context: &Context<'_>) -> Result<Environment, Failure> {
    let text = |(name, value): (&std::ffi::OsStr, &std::ffi::OsStr)| {
        Some((name.to_str()?.to_owned(), value.to_str()?.to_owned()))
    };
    let variables: BTreeMap<String, String> = context.environment.iter().filter_map(text).collect();
    Environment::from_variables(&variables).map_err(|error| unusable(&error))
}

fn run(ground: &Ground, context: &Context<'_>) -> Result<Run, Failure> {
    let builder = ground.config.provenance.builder_id.as_ref();
    let builder = builder.map(|id| Uri::new("provenance.builder-id", id.as_str()));
    let second = |moment: Timestamp| Timestamp::from_second(moment.as_second()).ok();
    Ok(Run {
        builder_id: builder.transpose().map_err(|error| unusable(&error))?,
        attest_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        started_on: Timestamp::try_from(context.now).ok().and_then(second),
        finished_on: None,
    })
}

fn source(ground: &Ground) -> Result<Option<Source>, Failure> {
    let Some((_, facts)) = &ground.checkout else {
        return Ok(None);
    };
    let mut source = Source::of_commit(facts.commit.id.as_str()).map_err(|error| unusable(&error))?;
    if let Some(remote) = &facts.remote {
        source = source.from_remote(remote);
    }
    if let Some(reference) = facts.reference(ground.plan.version.as_str()) {
        source = source.at_reference(reference);
    }
    Ok(Some(source.with_changes(facts.is_dirty())))
}

/// What was packed as it was, the lock file of cargo, and those that other tools may have obeyed.
fn dependencies(ground: &Ground, staging: &Staging) -> Result<Vec<ResourceDescriptor>, Failure> {
    let inputs = staging.inputs();
    let mut found: BTreeMap<&str, ResourceDescriptor> = BTreeMap::new();
    for (name, measured) in inputs {
        found.insert(name, ResourceDescriptor::file(name.as_str(), measured.digests()));
    }
    let says_nothing =
        |steps: &PlannedSteps| !matches!(steps, PlannedSteps::Prebuilt { .. } | PlannedSteps::Cargo { .. });
    let mut binaries = ground.plan.archives.iter().flat_map(|archive| &archive.binaries);
    if binaries.any(|binary| says_nothing(&binary.steps)) {
        let missing = LOCK_FILES.into_iter().filter(|name| !inputs.contains_key(*name));
        for name in missing.filter(|name| ground.project.join(name).is_file()) {
            found.insert(name, descriptor(name, &ground.project.join(name))?);
        }
    }
    for (name, digest) in staging.bases() {
        let digests = DigestSet::from_iter([digest.clone()]);
        found.insert(name, ResourceDescriptor::file(name.as_str(), &digests));
    }
    let submodules = staging.submodules().iter();
    let submodules = submodules.map(|module| ResourceDescriptor::commit(&module.commit).named(module.path.as_str()));
    Ok(found.into_values().chain(submodules).collect())
}

fn byproducts(staging: &Staging) -> Vec<ResourceDescriptor> {
    let lists = staging.files().iter().filter(|(_, file)| file.kind == FileKind::Sbom);
    lists
        .map(|(name, file)| {
            ResourceDescriptor::file(name.as_str(), file.measured.digests())
                .with_media_type("application/vnd.cyclonedx+json")
        })
        .collect()
}

fn descriptor(name: &str, path: &Path) -> Result<ResourceDescriptor, Failure> {
    let measured = measure_file(path, &Algorithms::one(Algorithm::Sha256));
    let measured = measured.map_err(|error| Failure::undecided(error.code(), error).at(path.display()))?;
    Ok(ResourceDescriptor::file(name, measured.digests()))
}

fn unusable(error: &attest_provenance::Error) -> Failure {
    Failure::usage("provenance-unusable", error)
}
