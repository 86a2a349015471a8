//! What a chart says of another chart.

use attest_archive::chart::{LooseVersion, StrictVersion, VersionRange};
use attest_archive::yaml::Node;
use packageurl::PackageUrl;

use super::node::{child, items, text};
use crate::cyclonedx::{Component, ComponentKind, OrganizationalEntity};
use crate::reference::host_and_path;
use crate::supplier;

/// A chart that another one depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// As it is written: a version or a range.
    pub(super) version: Option<String>,
    repository: Option<String>,
}

/// The most charts that one depends on: the largest have some dozens.
const MAX_DEPENDENCIES: usize = 1_000;

impl Dependency {
    /// Those that a file lists under `dependencies`.
    pub(super) fn list(node: &Node) -> Vec<Self> {
        let list = child(node, "dependencies").map_or(&[][..], items).iter();
        let dependencies = list.filter_map(|item| {
            Some(Self {
                name: text(item, "name").filter(|name| is_name(name))?.to_owned(),
                version: text(item, "version").map(str::to_owned),
                repository: text(item, "repository").map(str::to_owned),
            })
        });
        dependencies.take(MAX_DEPENDENCIES).collect()
    }

    /// The version, if what is written is one and no range.
    pub(super) fn exact(&self) -> Option<&str> {
        let version = self.version.as_deref()?;
        is_version(version).then_some(version)
    }

    /// Whether a version will do; any does where none is asked for, or nothing that Helm understands.
    pub(super) fn takes(&self, version: &str) -> bool {
        let range = self
            .version
            .as_deref()
            .and_then(|range| VersionRange::parse(range).ok());
        match (range, LooseVersion::parse(version)) {
            (Some(range), Some(version)) => range.contains(&version),
            _ => true,
        }
    }

    /// Who keeps the repository: its host, and the first part of its path.
    pub(super) fn supplier(&self) -> Option<OrganizationalEntity> {
        let (scheme, rest) = self.repository.as_deref()?.split_once("://")?;
        let (host, path) = host_and_path(rest);
        if scheme == "file" || host.is_empty() {
            return None;
        }
        let name = match path.split('/').nth(1).filter(|part| !part.is_empty()) {
            Some(account) => format!("{host}/{account}"),
            None => host.to_owned(),
        };
        Some(supplier::named(name))
    }
}

/// The most maintainers that are named together: beyond that nobody is.
const MAX_MAINTAINERS: usize = 8;

/// Whom a chart names as its maintainers, else the account of its first source.
pub(super) fn maintainers(node: &Node) -> Option<OrganizationalEntity> {
    let list = |key| child(node, key).map_or(&[][..], items).iter();
    let names: Vec<&str> = list("maintainers").filter_map(|item| text(item, "name")).collect();
    let named = (1..=MAX_MAINTAINERS).contains(&names.len()).then(|| names.join(", "));
    let source = || list("sources").find_map(|item| supplier::account(item.text()?));
    named.or_else(source).map(supplier::named)
}

/// Letters, digits and a few marks, as Helm takes them.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= 250
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// Whether it is a version of SemVer 2, with or without a `v`.
pub(super) fn is_version(text: &str) -> bool {
    text.strip_prefix('v').unwrap_or(text).parse::<StrictVersion>().is_ok()
}

/// A chart as a component. `pkg:helm` is among the types that the purl specification sets aside without defining them:
/// name and version, and nothing else, which is what all its readers agree on.
pub(super) fn component(name: &str, version: Option<&str>) -> Option<Component> {
    let mut purl = PackageUrl::new("helm", name).ok()?;
    if let Some(version) = version {
        purl.with_version(version).ok()?;
    }
    Some(Component {
        version: version.map(str::to_owned),
        purl: Some(purl.to_string()),
        ..Component::new(ComponentKind::Application, name)
    })
}
