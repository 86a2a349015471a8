use super::keys;
use super::output::own_template;
use super::publish::{Place, publish};
use super::reader::Section;
use super::value::ProjectPath;
use crate::template::{Scope, Template};

/// One `[[chart]]`: the directory of a Helm chart.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chart {
    /// Where its `Chart.yaml` lies.
    pub directory: ProjectPath,
    /// Its version, when it is not the one in `Chart.yaml`.
    pub version: Option<Template>,
    /// The version of what it installs, when it is not the one in `Chart.yaml`.
    pub app_version: Option<Template>,
    /// The OpenPGP key whose signature Helm verifies, as gpg takes it.
    pub key: Option<String>,
    /// What `NAME:VERSION` lies below in a registry.
    pub publish: Option<Template>,
}

pub(super) fn charts(top: &Section<'_>) -> Vec<Chart> {
    let sections = top.tables("chart", keys::CHART);
    sections.iter().filter_map(chart).collect()
}

fn chart(section: &Section<'_>) -> Option<Chart> {
    if section.value("directory").is_none() {
        section.missing("directory");
    }
    Some(Chart {
        version: own_template(section, "version", Scope::Release),
        app_version: own_template(section, "app-version", Scope::Release),
        key: section.text("key").map(|key| key.value.to_owned()),
        publish: publish(section, Place::Parent),
        directory: section.parsed("directory", str::parse::<ProjectPath>)?,
    })
}
