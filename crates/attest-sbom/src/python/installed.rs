//! Environments in which packages are installed: what is there, and what of it needs what.
//!
//! Source: PyPA "Recording installed projects", core metadata specifications.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use attest_archive::python::{Fields, Version};

use super::constraint::Constraint;
use super::described::{Described, described, repeated};
use super::direct_url::{DirectUrl, direct_url};
use super::embedded;
use super::environment::Environment;
use super::known::Known;
use super::project::Projects;
use super::release::{self, Origin, normalised};
use super::requirement::Requirement;
use crate::Gap;
use crate::cyclonedx::{Component, Property, Scope};
use crate::inventory::{Inventory, Key};
use crate::scan::Scan;

/// The largest metadata hold a whole book as description.
pub(super) const METADATA_LIMIT: u64 = attest_archive::python::MAX_FIELDS_BYTES as u64;

/// `WHEEL`, `INSTALLER`, `direct_url.json` and `pyvenv.cfg` have some lines.
pub(super) const RECORD_LIMIT: u64 = 256 << 10;

/// Which files a package consists of.
pub(super) const RECORD: &str = "RECORD";

/// The most extras of one package that are followed: large packages have some dozens.
const MAX_EXTRAS: usize = 64;

/// Where the metadata of an installed package stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `NAME-VERSION.dist-info/METADATA`
    DistInfo,
    /// `NAME-VERSION.egg-info/PKG-INFO`, or `NAME.egg/EGG-INFO/PKG-INFO`
    EggInfo,
    /// `NAME-VERSION.egg-info`, a file
    EggFile,
}

/// The form of metadata at a path.
pub(super) fn form(path: &str) -> Option<Form> {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    if is_leftover(parent, name) {
        return None;
    }
    if name == "METADATA" && parent.ends_with(".dist-info") {
        return Some(Form::DistInfo);
    }
    if name == "PKG-INFO" && (parent.ends_with(".egg-info") || parent.ends_with(".egg/EGG-INFO")) {
        // Beside sources, it is a leftover of a build.
        return super::is_installed(path).then_some(Form::EggInfo);
    }
    (name.ends_with(".egg-info") && super::is_installed(path)).then_some(Form::EggFile)
}

/// What pip moves aside while it replaces a package begins with a tilde; it stays behind where that fails.
fn is_leftover(parent: &str, name: &str) -> bool {
    name.starts_with('~') || parent.rsplit('/').take(2).any(|part| part.starts_with('~'))
}

/// Whether a file tells something of an installed package or an environment.
pub(super) fn is_wanted(path: &str) -> bool {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let beside = [RECORD, "WHEEL", "INSTALLER", "direct_url.json", "requires.txt"];
    let is_info = [".dist-info", ".egg-info", "/EGG-INFO"]
        .iter()
        .any(|ending| parent.ends_with(ending));
    form(path).is_some()
        || name == "pyvenv.cfg"
        || is_info && (beside.contains(&name) || crate::licence::is_licence_file(name))
        || parent.contains(".dist-info/licenses")
        || parent.contains(".dist-info/sboms")
}

/// An installed package.
pub(super) struct Installed {
    pub(super) key: Key,
    name: String,
    /// The path of its metadata.
    place: String,
    pub(super) requirements: Vec<Requirement>,
}

/// The packages of one environment.
#[derive(Default)]
struct Group {
    /// The directories with packages: `site-packages`.
    directories: BTreeSet<String>,
    packages: Vec<Installed>,
    by_name: HashMap<String, Key>,
    environment: Environment,
}

/// Reads every environment.
pub(super) fn read(scan: &Scan<'_>, projects: &Projects, known: &mut Known, inventory: &mut Inventory) {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for entry in scan.listing().entries() {
        let Some(form) = form(&entry.path).filter(|_| entry.is_file()) else {
            continue;
        };
        let directory = directory_of(&entry.path, form);
        if is_vendored(directory) || is_of_build(&entry.path, form, projects) {
            continue;
        }
        let group = groups.entry(prefix(directory).to_owned()).or_default();
        group.directories.insert(directory.to_owned());
        match read_package(scan, &entry.path, form, known, inventory) {
            Ok(installed) => group.packages.push(installed),
            Err(gap) => inventory.gap(gap),
        }
    }
    for (prefix, group) in &mut groups {
        group.settle(scan, prefix, inventory);
    }
    // What environments have that see what lies outside of them: the first one decides.
    let mut elsewhere: HashMap<String, Key> = HashMap::new();
    for group in groups.values().filter(|group| group.environment.sees_system) {
        for (name, key) in &group.by_name {
            elsewhere.entry(name.clone()).or_insert(*key);
        }
    }
    for group in groups.values() {
        group.tie(&elsewhere, inventory);
    }
    for (prefix, group) in groups {
        let names = group.by_name.into_iter().map(|(name, key)| (name, vec![key]));
        // An environment in a folder of a project is that of the project.
        if let Some((project, _)) = prefix.rsplit_once('/').or((!prefix.is_empty()).then_some(("", ""))) {
            known.learn(project, names.collect());
        }
    }
}

/// The directory in which a package is installed.
fn directory_of(path: &str, form: Form) -> &str {
    let information = match form {
        Form::DistInfo | Form::EggInfo => super::directory(path),
        Form::EggFile => path,
    };
    let information = information.strip_suffix("/EGG-INFO").unwrap_or(information);
    super::directory(information)
}

/// Below a package that is installed itself: a copy that the package brings along, which no manager knows.
fn is_vendored(directory: &str) -> bool {
    let inner = ["site-packages/", "dist-packages/"];
    inner.iter().any(|inner| directory.contains(inner))
}

/// Metadata of a project in one of its own directories: a build left them there.
fn is_of_build(path: &str, form: Form, projects: &Projects) -> bool {
    let name = of_directory(path, form).map(|(name, _)| name);
    !super::is_installed(path) && name.is_some_and(|name| projects.is_around(path, &name))
}

/// Where the environment begins whose packages lie in a directory.
fn prefix(directory: &str) -> &str {
    let Some(rest) = directory
        .strip_suffix("site-packages")
        .or(directory.strip_suffix("dist-packages"))
    else {
        return directory;
    };
    let rest = rest.trim_end_matches('/');
    let rest = match rest.rsplit_once('/').unwrap_or(("", rest)) {
        (before, last) if last.starts_with("python") || last.starts_with("pypy") => before,
        _ => rest,
    };
    match rest.rsplit_once('/').unwrap_or(("", rest)) {
        (before, "lib" | "lib64" | "Lib") => before,
        _ => rest,
    }
}

impl Group {
    fn settle(&mut self, scan: &Scan<'_>, prefix: &str, inventory: &mut Inventory) {
        let path = super::join_directory(prefix, "pyvenv.cfg");
        let configuration = scan.text(&path, RECORD_LIMIT).unwrap_or_else(|gap| {
            inventory.gap(gap);
            None
        });
        let directory = self.directories.first().map(String::as_str).unwrap_or_default();
        self.environment = Environment::new(configuration.as_deref(), directory);
        for directory in &self.directories {
            let entries = scan.listing().below(directory).iter();
            let wheels = entries.filter(|entry| entry.name() == "WHEEL" && entry.parent().ends_with(".dist-info"));
            for wheel in wheels {
                if let Ok(Some(text)) = scan.text(&wheel.path, RECORD_LIMIT)
                    && self.environment.learn(&text)
                {
                    break;
                }
            }
        }
        for package in &self.packages {
            self.by_name.entry(package.name.clone()).or_insert(package.key);
        }
    }

    /// The package of a name: of this environment, else of one that it sees.
    fn find(&self, name: &str, elsewhere: &HashMap<String, Key>) -> Option<Key> {
        let here = self.by_name.get(name).copied();
        let elsewhere = || elsewhere.get(name).copied();
        here.or_else(|| self.environment.sees_system.then(elsewhere).flatten())
    }

    fn tie(&self, elsewhere: &HashMap<String, Key>, inventory: &mut Inventory) {
        let requirements: HashMap<&str, &Installed> = self
            .packages
            .iter()
            .map(|package| (package.name.as_str(), package))
            .collect();
        let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for package in &self.packages {
            for requirement in &package.requirements {
                if !self.environment.holds(requirement.marker.as_ref(), "") {
                    continue;
                }
                let name = normalised(&requirement.name);
                match self.find(&name, elsewhere) {
                    Some(key) => {
                        inventory.depends(package.key, key);
                        self.compare(package, requirement, key, inventory);
                    }
                    None => self.miss(package, requirement, inventory),
                }
                let asked: &mut BTreeSet<String> = asked.entry(name).or_default();
                asked.extend(requirement.extras.iter().cloned());
            }
        }
        for (name, extras) in asked {
            let Some(package) = requirements.get(name.as_str()) else {
                continue;
            };
            if extras.len() > MAX_EXTRAS {
                let detail = format!("expected at most {MAX_EXTRAS} extras of `{name}` that are asked for");
                inventory.gap(Gap::new("too-large", &package.place, detail));
            }
            for extra in extras.iter().take(MAX_EXTRAS) {
                self.name_extra(package, extra, elsewhere, inventory);
            }
        }
    }

    /// Says that something is not there which a package needs here for certain.
    fn miss(&self, package: &Installed, requirement: &Requirement, inventory: &mut Inventory) {
        if self.environment.must_hold(requirement.marker.as_ref()) {
            let (by, name) = (&package.name, &requirement.name);
            let detail = format!("`{by}` needs `{name}`, which is not installed");
            inventory.gap(Gap::new("unresolved", &package.place, detail));
            inventory.incomplete(package.key);
        }
    }

    /// Says that a package needs another version than the one that is there.
    fn compare(&self, package: &Installed, requirement: &Requirement, found: Key, inventory: &mut Inventory) {
        let version = inventory.packages()[found.place()].version.clone();
        let Some(version) = version.filter(|version| version.parse::<Version>().is_ok()) else {
            return;
        };
        let fits = Constraint::parse(&requirement.versions).is_none_or(|versions| versions.allows(&version));
        if !fits && self.environment.must_hold(requirement.marker.as_ref()) {
            let (by, name, expected) = (&package.name, &requirement.name, &requirement.versions);
            let detail = format!("`{by}` needs `{name}`: expected `{expected}`, found `{version}`");
            inventory.gap(Gap::new("mismatch", &package.place, detail));
        }
    }

    /// What a package needs with an extra is no need of the package itself: it says which extra it is there for.
    fn name_extra(
        &self,
        package: &Installed,
        extra: &str,
        elsewhere: &HashMap<String, Key>,
        inventory: &mut Inventory,
    ) {
        for requirement in &package.requirements {
            let marker = requirement.marker.as_ref();
            let is_of_extra = self.environment.holds(marker, extra) && !self.environment.holds(marker, "");
            if let Some(key) = self
                .find(&normalised(&requirement.name), elsewhere)
                .filter(|_| is_of_extra)
            {
                let property = Property {
                    name: "attest:python:extra",
                    value: format!("{}[{extra}]", package.name),
                };
                let properties = &mut inventory.package_mut(key).properties;
                if !properties.contains(&property) {
                    properties.push(property);
                    properties.sort();
                }
            }
        }
    }
}

/// Reads the package of which metadata stand at a path.
pub(super) fn read_package(
    scan: &Scan<'_>,
    path: &str,
    form: Form,
    known: &mut Known,
    inventory: &mut Inventory,
) -> Result<Installed, Gap> {
    let information = super::directory(path);
    let mut described = read_metadata(scan, path, form, inventory)?;
    let (name, version) = match (described.name.take(), described.version.take()) {
        (Some(name), Some(version)) => (name, version),
        _ => of_directory(path, form).ok_or_else(|| Gap::new("damaged", path, "it names no package and no version"))?,
    };
    let direct = direct_url(scan, information, inventory);
    let origin = direct.as_ref().map_or(Origin::Index, DirectUrl::origin);
    let mut component = release::component(&name, Some(&version), &origin, path)?;
    let texts = described.licence_files.iter().map(String::as_str);
    let texts = || super::described::licence_texts(scan, information, texts);
    component.licenses = described.licence.resolve(texts);
    let key = add(component, direct.as_ref(), known, inventory);
    if form == Form::DistInfo {
        let names = described.requirements.iter();
        let owner = embedded::Owner {
            key,
            needs: names.map(|requirement| normalised(&requirement.name)).collect(),
        };
        embedded::read(scan, &format!("{information}/sboms"), &owner, inventory);
    }
    Ok(Installed {
        key,
        name: normalised(&name),
        place: path.to_owned(),
        requirements: described.requirements,
    })
}

/// The package, with where it was installed from: what lies in a folder is the project's own.
fn add(mut component: Component, direct: Option<&DirectUrl>, known: &mut Known, inventory: &mut Inventory) -> Key {
    component
        .external_references
        .extend(direct.and_then(DirectUrl::reference));
    component.scope = scope_of(component.purl.as_deref(), inventory);
    let is_own = direct.is_some_and(DirectUrl::is_own);
    let name = component.name.clone();
    let key = known
        .own(&name)
        .filter(|_| is_own)
        .unwrap_or_else(|| inventory.add(component));
    if is_own {
        inventory.own(key);
        known.learn_own(&name, key);
    }
    key
}

/// What the metadata say; nothing of damaged ones, since the name of their directory is left.
fn read_metadata(scan: &Scan<'_>, path: &str, form: Form, inventory: &mut Inventory) -> Result<Described, Gap> {
    let bytes = scan.read(path, METADATA_LIMIT)?.unwrap_or_default();
    let mut described = match Fields::parse(&bytes) {
        Ok(fields) => {
            for detail in repeated(&fields) {
                inventory.gap(Gap::new("damaged", path, detail));
            }
            described(&fields)
        }
        Err(error) => {
            inventory.gap(Gap::new("damaged", path, error.to_string()));
            Described::default()
        }
    };
    if form == Form::EggInfo && described.requirements.is_empty() {
        let text = scan.text(&format!("{}/requires.txt", super::directory(path)), METADATA_LIMIT)?;
        described.requirements = egg_requirements(&text.unwrap_or_default());
    }
    Ok(described)
}

/// An environment does not say what a package is there for; a lock file that lists it does.
fn scope_of(purl: Option<&str>, inventory: &Inventory) -> Option<Scope> {
    let key = inventory.by_purl(purl?)?;
    inventory.packages()[key.place()].scope
}

/// Name and version as the directory has them.
pub(super) fn of_directory(path: &str, form: Form) -> Option<(String, String)> {
    let information = match form {
        Form::DistInfo | Form::EggInfo => super::directory(path).trim_end_matches("/EGG-INFO"),
        Form::EggFile => path,
    };
    let name = information.rsplit('/').next()?;
    let stem = name.rsplit_once('.')?.0;
    let mut parts = stem.split('-');
    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
}

/// `requires.txt`: requirements, then sections of `[extra]`, `[:marker]` and `[extra:marker]`.
fn egg_requirements(text: &str) -> Vec<Requirement> {
    let mut condition = String::new();
    let mut requirements = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let (extra, marker) = section.split_once(':').unwrap_or((section, ""));
            let extra = (!extra.is_empty()).then(|| format!("extra == '{extra}'"));
            let marker = (!marker.is_empty()).then(|| format!("({marker})"));
            condition = extra.into_iter().chain(marker).collect::<Vec<_>>().join(" and ");
            continue;
        }
        let text = match condition.as_str() {
            "" => line.to_owned(),
            condition => format!("{line} ; {condition}"),
        };
        requirements.extend(Requirement::parse(&text));
    }
    requirements
}
