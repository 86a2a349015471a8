//! Charts as they are found, and together a graph.

use std::collections::{BTreeMap, BTreeSet};

use attest_archive::yaml::Node;

use super::app_version::AppVersions;
use super::dependency::{self, Dependency};
use super::image::Image;
use super::images::{Template, Values};
use super::node::{self, child, items, text};
use super::{CHART, LOCKS, REQUIREMENTS, VALUES, is_template};
use crate::Gap;
use crate::cyclonedx::{Component, OrganizationalEntity, Scope};
use crate::inventory::{Inventory, Key};
use crate::reference::requirement;
use crate::scan::Scan;

/// Every chart, by the directory that it lies in.
#[derive(Default)]
pub(super) struct Charts(BTreeMap<String, Chart>);

struct Chart {
    component: Component,
    name: String,
    depends: Vec<Dependency>,
    locked: Vec<Dependency>,
    /// The files that these two stand in.
    files: [&'static str; 2],
    /// With the places where they are named, and whether only tests use them.
    images: BTreeMap<Image, Named>,
    /// Who hands it out where nobody says which repository it is from.
    maintainers: Option<OrganizationalEntity>,
    /// The directory of the chart that holds this one, if it is not told by the path.
    above: Option<String>,
}

#[derive(Default)]
struct Named {
    places: Vec<String>,
    runs: bool,
}

/// Annotations of a chart that list its images.
const ANNOTATIONS: [&str; 2] = ["images", "artifacthub.io/images"];

/// How many names a message lists.
const SHOWN: usize = 5;

/// The longest templates of charts.
const TEMPLATE_LIMIT: u64 = 5 << 20;

impl Charts {
    /// Reads the chart in a directory; `place` stands before the paths of an archive.
    pub(super) fn read(&mut self, scan: &Scan<'_>, place: &str, directory: &str, inventory: &mut Inventory) {
        let read = Files { scan, place, directory };
        match read.chart(inventory) {
            Ok(Some(chart)) => drop(self.0.insert(format!("{place}{directory}"), chart)),
            Ok(None) => {}
            Err(gap) => inventory.gap(gap),
        }
    }

    /// Says in which `charts` directory the package lies whose chart this is.
    pub(super) fn packaged(&mut self, directory: &str, charts: &str) {
        if let Some(chart) = self.0.get_mut(directory) {
            chart.above = charts
                .strip_suffix("charts")
                .map(|above| above.trim_end_matches('/').to_owned());
        }
    }

    /// Lists all charts, what they depend on and the images that they name.
    pub(super) fn list(self, inventory: &mut Inventory) {
        let (mut keys, mut own) = (BTreeMap::new(), BTreeSet::new());
        for (directory, chart) in &self.0 {
            let manifest = join(directory, CHART);
            let holder = self.holder(directory, chart);
            let supplier = holder.and_then(|holder| self.0[holder].asks_for(&chart.name)?.supplier());
            // What was not packed, lies in an own chart and comes from no repository was written here.
            let is_own =
                supplier.is_none() && chart.above.is_none() && holder.is_none_or(|holder| own.contains(holder));
            let maintainers = || chart.maintainers.clone().filter(|_| !is_own);
            let component = Component {
                supplier: supplier.or_else(maintainers),
                ..chart.component.clone()
            };
            let key = inventory.add(component.found_at(manifest.as_str()));
            if is_own {
                own.insert(directory.as_str());
                inventory.own(key);
            }
            if holder.is_none() {
                inventory.project(&manifest, key);
            }
            keys.insert(directory.as_str(), key);
        }
        let mut held: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (directory, chart) in &self.0 {
            if let Some(holder) = self.holder(directory, chart) {
                inventory.depends(keys[holder], keys[directory.as_str()]);
                held.entry(holder).or_default().insert(&chart.name);
            }
        }
        for (directory, chart) in &self.0 {
            let key = keys[directory.as_str()];
            let held = held.remove(directory.as_str()).unwrap_or_default();
            chart.dependencies(directory, key, &held, inventory);
            chart.list_images(key, inventory);
        }
    }

    /// The directory of the chart in whose `charts` another one lies.
    fn holder(&self, directory: &str, chart: &Chart) -> Option<&str> {
        let above = match &chart.above {
            Some(above) => above.as_str(),
            None => {
                let (charts, _) = directory.rsplit_once('/')?;
                charts.strip_suffix("charts")?.trim_end_matches('/')
            }
        };
        self.0.get_key_value(above).map(|(directory, _)| directory.as_str())
    }
}

impl Chart {
    /// What it depends on and does not hold. A lock says which version; without one, only an exact one is known.
    fn dependencies(&self, directory: &str, from: Key, held: &BTreeSet<&str>, inventory: &mut Inventory) {
        let mut unknown = Vec::new();
        for dependency in &self.depends {
            if held.contains(dependency.name.as_str()) {
                continue;
            }
            let locked = self.locked_for(dependency);
            if let Some(other) = locked
                .and_then(Dependency::exact)
                .filter(|version| !dependency.takes(version))
            {
                let asked = dependency.version.as_deref().unwrap_or_default();
                let detail = format!("expected `{asked}` of `{}`, found `{other}`", dependency.name);
                inventory.gap(Gap::new("mismatch", &join(directory, self.files[1]), detail));
            }
            let version = locked.and_then(Dependency::exact).or_else(|| dependency.exact());
            let Some(component) = dependency::component(&dependency.name, version) else {
                continue;
            };
            if version.is_none() {
                unknown.push(dependency.name.as_str());
            }
            let asked = dependency.version.iter().filter(|_| version.is_none());
            let component = Component {
                properties: asked.map(|range| requirement(range)).collect(),
                supplier: locked.and_then(Dependency::supplier).or_else(|| dependency.supplier()),
                ..component
            };
            let place = self.files[usize::from(locked.is_some())];
            let key = inventory.add(component.found_at(join(directory, place)));
            inventory.depends(from, key);
            inventory.incomplete(key);
            if version.is_some() {
                let detail = format!(
                    "the chart `{}` is not there: what is in it is not listed",
                    dependency.name
                );
                inventory.gap(Gap::new("unresolved", &join(directory, place), detail));
            }
        }
        if !unknown.is_empty() {
            inventory.gap(unlocked(&unknown, &join(directory, self.files[0])));
        }
    }

    /// What it says of a chart that it depends on: with the repository, if any of its files has it.
    fn asks_for(&self, name: &str) -> Option<&Dependency> {
        let mut named = self.locked.iter().chain(&self.depends).filter(|one| one.name == name);
        named.find(|one| one.supplier().is_some())
    }

    /// What was chosen for a dependency. One chart may be asked for twice, in two versions under two names.
    fn locked_for(&self, dependency: &Dependency) -> Option<&Dependency> {
        let named = || self.locked.iter().filter(|locked| locked.name == dependency.name);
        let taken = named().find(|locked| locked.exact().is_some_and(|version| dependency.takes(version)));
        taken.or_else(|| named().next())
    }

    fn list_images(&self, from: Key, inventory: &mut Inventory) {
        for (image, named) in &self.images {
            let scope = (!named.runs).then_some(Scope::Excluded);
            let mut component = Component {
                scope,
                ..image.component()
            };
            for place in &named.places {
                component = component.found_at(place.as_str());
            }
            if !image.is_named_exactly() {
                let detail = format!(
                    "no tag is known of the image `{}`: a template decides",
                    image.repository()
                );
                inventory.gap(Gap::new("unresolved", &named.places[0], detail));
            }
            let key = inventory.add(component);
            inventory.depends(from, key);
            inventory.incomplete(key);
        }
    }
}

/// The files of one chart.
struct Files<'a> {
    scan: &'a Scan<'a>,
    place: &'a str,
    directory: &'a str,
}

impl Files<'_> {
    fn path(&self, name: &str) -> String {
        join(self.directory, name)
    }

    fn yaml(&self, name: &str) -> Result<Option<Node>, Gap> {
        node::read(self.scan, self.place, &self.path(name))
    }

    /// Nothing if there is no chart after all.
    fn chart(&self, inventory: &mut Inventory) -> Result<Option<Chart>, Gap> {
        let Some(node) = self.yaml(CHART)? else {
            return Ok(None);
        };
        let name = text(&node, "name").filter(|name| dependency::is_name(name));
        let version = text(&node, "version").filter(|version| is_loose(version));
        let component = name.and_then(|name| dependency::component(name, version));
        let (Some(name), Some(component)) = (name, component) else {
            let shown = format!("{}{}", self.place, self.path(CHART));
            return Err(Gap::new("damaged", &shown, "expected the name of a chart"));
        };
        let mut chart = Chart {
            component,
            name: name.to_owned(),
            depends: Dependency::list(&node),
            locked: Vec::new(),
            files: [CHART, LOCKS[0]],
            images: BTreeMap::new(),
            maintainers: dependency::maintainers(&node),
            above: None,
        };
        self.dependencies(&mut chart, inventory);
        self.images(&mut chart, &node, inventory);
        Ok(Some(chart))
    }

    fn dependencies(&self, chart: &mut Chart, inventory: &mut Inventory) {
        match self.yaml(REQUIREMENTS) {
            Ok(Some(node)) => {
                chart.depends.extend(Dependency::list(&node));
                chart.files[0] = REQUIREMENTS;
            }
            Ok(None) => {}
            Err(gap) => inventory.gap(gap),
        }
        for lock in LOCKS {
            match self.yaml(lock) {
                Ok(Some(node)) => {
                    chart.locked.extend(Dependency::list(&node));
                    chart.files[1] = lock;
                }
                Ok(None) => {}
                Err(gap) => inventory.gap(gap),
            }
        }
        // What is locked is asked for, even where the chart itself was left out.
        for locked in chart.locked.clone() {
            if !chart.depends.iter().any(|dependency| dependency.name == locked.name) {
                chart.depends.push(locked);
            }
        }
    }

    fn images(&self, chart: &mut Chart, node: &Node, inventory: &mut Inventory) {
        for image in annotated(node) {
            self.name(chart, image, CHART, true);
        }
        let values = match self.yaml(VALUES) {
            Ok(node) => node.as_ref().map(Values::read).unwrap_or_default(),
            Err(gap) => {
                inventory.gap(gap);
                Values::default()
            }
        };
        if let Some(first) = values.unread.first() {
            let detail = format!(
                "{} values are shaped like images and name none that is understood, the first at `{first}`",
                values.unread.len()
            );
            let place = format!("{}{}", self.place, self.path(VALUES));
            inventory.gap(Gap::new("unresolved", &place, detail));
        }
        for image in values.images {
            self.name(chart, image, VALUES, true);
        }
        let versions = self.templates(chart, &values.paths, inventory);
        for (path, image) in values.untagged {
            let tag = text(node, "appVersion").and_then(|version| versions.tag(&path, version));
            if let Some(image) = tag.and_then(|tag| image.tagged(&tag)) {
                self.name(chart, image, VALUES, true);
            }
        }
        // An image whose tag is known somewhere is not listed without one.
        let tagged: BTreeSet<String> = chart
            .images
            .keys()
            .filter(|image| image.is_named_exactly())
            .map(|image| image.canonical().to_owned())
            .collect();
        chart
            .images
            .retain(|image, _| image.is_named_exactly() || !tagged.contains(image.canonical()));
    }

    fn templates(&self, chart: &mut Chart, known: &BTreeSet<String>, inventory: &mut Inventory) -> AppVersions {
        let mut unknown = 0;
        let mut versions = AppVersions::default();
        let templates = self.path("templates");
        let entries = self.scan.listing().below(&templates).iter();
        for entry in entries.filter(|entry| entry.is_file() && is_template(&entry.path)) {
            let text = match self.scan.read(&entry.path, TEMPLATE_LIMIT) {
                Ok(bytes) => String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned(),
                Err(gap) => {
                    inventory.gap(gap);
                    continue;
                }
            };
            versions.read(&text);
            let template = Template::read(&text, known);
            unknown += template.unknown;
            let below = entry.path[templates.len()..].trim_start_matches('/');
            for image in template.images {
                self.name(
                    chart,
                    image,
                    &format!("templates/{below}"),
                    !below.starts_with("tests/"),
                );
            }
        }
        if unknown > 0 {
            let place = format!("{}{templates}", self.place);
            let detail = format!(
                "templates are not run, and {unknown} of their images are put together in ways that are not read"
            );
            inventory.gap(Gap::new("unresolved", &place, detail));
        }
        versions
    }

    fn name(&self, chart: &mut Chart, image: Image, file: &str, runs: bool) {
        let named = chart.images.entry(image).or_default();
        let place = format!("{}{}", self.place, self.path(file));
        named.runs |= runs;
        if !named.places.contains(&place) {
            named.places.push(place);
        }
    }
}

/// The images that a chart lists of itself, as text that is YAML again.
fn annotated(node: &Node) -> Vec<Image> {
    let Some(annotations) = child(node, "annotations") else {
        return Vec::new();
    };
    let texts = ANNOTATIONS.iter().filter_map(|name| text(annotations, name));
    let lists = texts.filter_map(|text| node::parse(text.as_bytes()).ok().flatten());
    let images = lists.flat_map(|list| {
        let images = items(&list)
            .iter()
            .filter_map(|item| Image::parse(text(item, "image")?));
        images.collect::<Vec<_>>()
    });
    images.collect()
}

/// What charts of others have as their version: a number first, and nothing that a version does not have.
fn is_loose(text: &str) -> bool {
    let digits = text.strip_prefix('v').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))
}

/// Charts of which nobody says which version is taken.
fn unlocked(names: &[&str], place: &str) -> Gap {
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    let detail = format!("no lock says which version is taken of {} charts: {shown}", names.len());
    Gap::new("no-lock", place, detail)
}

fn join(directory: &str, name: &str) -> String {
    match directory {
        "" => name.to_owned(),
        directory if directory.ends_with("!/") => format!("{directory}{name}"),
        directory => format!("{directory}/{name}"),
    }
}
