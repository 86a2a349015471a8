//! Charts of Helm in, the charts that they depend on and the images that they name out.
//!
//! Templates are programs and are not run: what stands in `values.yaml`, in the annotations of a chart and, written out, in
//! its templates is listed, and it is said where a template puts an image together.

mod app_version;
mod archive;
mod charts;
mod dependency;
mod image;
mod images;
mod node;

use self::charts::Charts;
use crate::inventory::Inventory;
use crate::scan::{Candidate, Kind, Reader, Scan};
use crate::tree::Entry;

pub(crate) const READER: Reader = Reader {
    kind: Kind::Helm,
    wants: |file| is_read(file.path),
    recognises,
    read,
};

const CHART: &str = "Chart.yaml";
const VALUES: &str = "values.yaml";

/// Where a chart says what it depends on and what was chosen: beside it since Helm 3, in files of their own before.
const REQUIREMENTS: &str = "requirements.yaml";
const LOCKS: [&str; 2] = ["Chart.lock", "requirements.lock"];

fn is_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, CHART | VALUES | REQUIREMENTS)
        || LOCKS.contains(&name)
        || is_template(path)
        || archive::is_package(path)
}

/// Files that Helm renders.
fn is_template(path: &str) -> bool {
    let endings = [".yaml", ".yml", ".tpl"];
    (path.starts_with("templates/") || path.contains("/templates/"))
        && endings.iter().any(|ending| path.ends_with(ending))
}

fn recognises(file: &Candidate<'_>) -> Option<&'static str> {
    // What only a chart has on lines of their own.
    let head = String::from_utf8_lossy(file.head);
    let has = |start: &str| head.lines().any(|line| line.starts_with(start));
    let is_chart = (has("apiVersion: v1") || has("apiVersion: v2")) && has("name:") && has("version:") && !has("kind:");
    is_chart.then_some(CHART)
}

fn read(scan: &Scan<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let mut charts = Charts::default();
    let is_own = |entry: &Entry| !scan.is_brought_along(&entry.path, Kind::Helm);
    for entry in scan
        .named(CHART)
        .filter(|entry| !is_template(&entry.path) && is_own(entry))
    {
        charts.read(scan, "", entry.parent(), &mut inventory);
    }
    for entry in scan.listing().entries() {
        if entry.is_file() && archive::is_package(&entry.path) && is_own(entry) {
            archive::read(scan, &entry.path, &mut charts, &mut inventory);
        }
    }
    charts.list(&mut inventory);
    inventory
}

#[cfg(test)]
mod tests;
