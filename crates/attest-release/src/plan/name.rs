//! What the project is called, and which version of it this is.

use super::Facts;
use crate::config::{Config, VersionSource};
use crate::manifest::Ecosystem;
use crate::{Error, FileName, Version};

pub(super) fn name(config: &Config, facts: &Facts) -> Result<FileName, Error> {
    if let Some(name) = &config.project.name {
        return Ok(name.clone());
    }
    let found = facts.manifests.iter().find_map(|manifest| manifest.name.clone());
    FileName::new(found.ok_or(Error::NoName)?).map_err(|problem| Error::UnusableName { problem })
}

pub(super) fn version(config: &Config, facts: &Facts, name: &FileName) -> Result<Version, Error> {
    let cargo = || {
        let manifest = facts.manifests.of(Ecosystem::Cargo)?;
        Some((manifest.ecosystem.manifest(), manifest.version.clone()?))
    };
    let manifest = || {
        let mut manifests = facts.manifests.iter();
        manifests.find_map(|manifest| Some((manifest.ecosystem.manifest(), manifest.version.clone()?)))
    };
    match &config.project.version {
        VersionSource::Given(version) => Ok(version.clone()),
        VersionSource::FromCargo => parsed(cargo().ok_or(Error::NoVersion { place: "Cargo.toml" })?),
        VersionSource::FromTag => from_tag(facts, name, "a git tag"),
        VersionSource::Found => match manifest() {
            Some(found) => parsed(found),
            None => from_tag(facts, name, "a manifest, a git tag or `project.version`"),
        },
    }
}

fn parsed((place, text): (&'static str, String)) -> Result<Version, Error> {
    text.parse()
        .map_err(|problem| Error::UnusableVersion { place, problem })
}

fn from_tag(facts: &Facts, name: &FileName, place: &'static str) -> Result<Version, Error> {
    let versions = facts.tags.iter().map(|tag| Version::from_tag(tag, name.as_str()));
    let (versions, mut problems): (Vec<_>, Vec<_>) = versions.partition(Result::is_ok);
    // A commit may have been a candidate before it was the release.
    let latest = versions.into_iter().flatten().max_by(Version::precedence);
    match (latest, problems.pop()) {
        (Some(latest), _) => Ok(latest),
        (None, Some(Err(problem))) => Err(Error::UnusableVersion {
            place: "the git tag",
            problem,
        }),
        (None, _) => Err(Error::NoVersion { place }),
    }
}
