use std::collections::{BTreeMap, BTreeSet};

use super::problem::ProblemKind;
use super::reader::Section;
use crate::{FileName, Os, Target, Version};

/// `[project]`: what is released.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Project {
    /// The name; none when it is to be taken from a manifest.
    pub name: Option<FileName>,
    /// Where the version comes from.
    pub version: VersionSource,
    /// What it is, in a sentence.
    pub description: Option<String>,
    /// Its licence, as an SPDX expression.
    pub license: Option<String>,
    /// Where its sources are published, as a URL.
    pub repository: Option<String>,
}

/// Where the version of a release comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersionSource {
    /// The manifest if it has one, else the tag. The default.
    Found,
    /// `"from-cargo"`: `Cargo.toml`.
    FromCargo,
    /// `"from-tag"`: the git tag of the commit.
    FromTag,
    /// The version itself.
    Given(Version),
}

/// `[build]`: for what is built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Build {
    /// The targets, in the order of the file, each once; empty only when there is no binary.
    pub targets: Vec<Target>,
    /// Rust triples that replace the usual ones.
    pub triples: BTreeMap<Target, String>,
    /// Whether a target that cannot be built here is left out rather than an error.
    pub skip_unavailable: bool,
    /// Where the targets stand in the file; none when they are the default ones.
    pub(super) targets_given_at: Option<usize>,
}

impl Build {
    /// The Rust triple for `target`: the configured one, else the usual one.
    #[must_use]
    pub fn triple(&self, target: Target) -> Option<&str> {
        let configured = self.triples.get(&target).map(String::as_str);
        configured.or_else(|| target.default_triple())
    }
}

pub(super) fn project(section: &Section<'_>) -> Project {
    Project {
        name: section.parsed("name", str::parse::<FileName>),
        version: section.parsed("version", version).unwrap_or(VersionSource::Found),
        description: section.text("description").map(|text| text.value.to_owned()),
        license: section.text("license").map(|text| text.value.to_owned()),
        repository: section.parsed("repository", |text| url("project.repository", text)),
    }
}

fn version(text: &str) -> Result<VersionSource, ProblemKind> {
    match text {
        "from-cargo" => Ok(VersionSource::FromCargo),
        "from-tag" => Ok(VersionSource::FromTag),
        version => Ok(VersionSource::Given(version.parse()?)),
    }
}

/// A URL as far as it is looked at here: `https://` or another scheme, and something after it without spaces.
pub(super) fn url(key: &str, text: &str) -> Result<String, ProblemKind> {
    let is_url = text.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !rest.is_empty()
    });
    match is_url && !text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        true => Ok(text.to_owned()),
        false => Err(ProblemKind::Unusable {
            key: key.to_owned(),
            expected: "a URL",
            found: text.escape_debug().to_string(),
        }),
    }
}

pub(super) fn build(section: &Section<'_>) -> Build {
    let targets = targets(section);
    Build {
        targets_given_at: section.value("targets").map(|value| value.span().start),
        targets: targets.unwrap_or_default(),
        triples: triples(section),
        skip_unavailable: section.boolean("skip-unavailable").unwrap_or(false),
    }
}

/// The array `targets` of a table, each target once.
pub(super) fn targets(section: &Section<'_>) -> Option<Vec<Target>> {
    let located = section.all_parsed("targets", str::parse::<Target>)?;
    let mut seen = BTreeSet::new();
    let mut targets = Vec::new();
    for target in located {
        match seen.insert(target.value) {
            true => targets.push(target.value),
            false => section.source().report(
                target.offset,
                ProblemKind::Twice {
                    what: "target",
                    value: target.value.to_string(),
                },
            ),
        }
    }
    Some(targets)
}

fn triples(section: &Section<'_>) -> BTreeMap<Target, String> {
    section
        .entries("triples")
        .into_iter()
        .filter_map(|(target, text)| {
            let parsed = section.accept(target.offset, target.value.parse::<Target>())?;
            Some((parsed, section.accept(text.offset, triple(text.value))?))
        })
        .collect()
}

/// A triple becomes an argument of cargo and a part of paths.
fn triple(text: &str) -> Result<String, ProblemKind> {
    let is_triple = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    match is_triple {
        true => Ok(text.to_owned()),
        false => Err(ProblemKind::Unusable {
            key: "build.triples".to_owned(),
            expected: "a Rust target triple, such as x86_64-unknown-linux-musl,",
            found: text.escape_debug().to_string(),
        }),
    }
}

/// Operating systems as keys of a table.
pub(super) fn os_entries<'a, T>(
    section: &Section<'a>,
    key: &str,
    parse: impl Fn(&str) -> Result<T, ProblemKind>,
) -> BTreeMap<Os, T> {
    section
        .entries(key)
        .into_iter()
        .filter_map(|(os, text)| {
            let parsed = section.accept(os.offset, os.value.parse::<Os>())?;
            Some((parsed, section.accept(text.offset, parse(text.value))?))
        })
        .collect()
}
