//! Lists of contents that a wheel brings along (PEP 770): what is compiled into it.

use std::collections::{BTreeMap, HashSet};

use packageurl::PackageUrl;
use serde::Deserialize;

use super::normalised;
use crate::cyclonedx::{Component, ComponentKind, Hash, LicenceChoice, Scope};
use crate::inventory::{Inventory, Key};
use crate::scan::Scan;
use crate::{Gap, licence, reference};

/// The largest ones, of wheels with a thousand crates, take about 2 MB.
const SBOM_LIMIT: u64 = 16 << 20;

/// The most components of one list.
const MAX_COMPONENTS: usize = 100_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListWire {
    bom_format: Option<String>,
    #[serde(default)]
    metadata: MetadataWire,
    #[serde(default)]
    components: Vec<ComponentWire>,
    #[serde(default)]
    dependencies: Vec<DependencyWire>,
}

#[derive(Deserialize, Default)]
struct MetadataWire {
    component: Option<ComponentWire>,
}

#[derive(Deserialize)]
struct ComponentWire {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(rename = "bom-ref")]
    reference: Option<String>,
    group: Option<String>,
    name: String,
    version: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    hashes: Vec<HashWire>,
    #[serde(default)]
    licenses: Vec<LicenceWire>,
    purl: Option<String>,
    #[serde(default)]
    components: Vec<ComponentWire>,
}

#[derive(Deserialize)]
struct HashWire {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
struct LicenceWire {
    expression: Option<String>,
    license: Option<NamedWire>,
}

#[derive(Deserialize)]
struct NamedWire {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DependencyWire {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    depends_on: Vec<String>,
}

/// The package that brings lists along.
pub(super) struct Owner {
    pub(super) key: Key,
    /// The normalised names of what its metadata ask for.
    pub(super) needs: HashSet<String>,
}

impl Owner {
    /// Whether a component is no part of the package, but repeats what its metadata ask for: which version that is, the environment
    /// decides.
    fn asks_for(&self, component: &Component) -> bool {
        let is_of_index = component
            .purl
            .as_deref()
            .is_some_and(|purl| purl.starts_with("pkg:pypi/"));
        is_of_index && component.version.is_none() && self.needs.contains(&normalised(&component.name))
    }

    /// A component of a list. Where only development needs the package, nothing else needs what is in it.
    fn part(&self, component: ComponentWire, inventory: &Inventory) -> Component {
        let mut part = adopted(component);
        if inventory.packages()[self.key.place()].scope == Some(Scope::Excluded) {
            part.scope = Some(Scope::Excluded);
        }
        part
    }
}

/// Adds what the lists in a directory name, below the package that brings them along.
pub(super) fn read(scan: &Scan<'_>, directory: &str, owner: &Owner, inventory: &mut Inventory) {
    for entry in scan.listing().below(directory).iter().filter(|entry| entry.is_file()) {
        let bytes = scan.read(&entry.path, SBOM_LIMIT).map(Option::unwrap_or_default);
        let added = bytes.and_then(|bytes| add(&bytes, &entry.path, owner, inventory));
        if let Err(gap) = added {
            inventory.gap(gap);
            inventory.incomplete(owner.key);
        }
    }
}

/// Adds what one list names. Its root is the package itself, and so is what has its package URL: the file that was installed, and
/// the parts of it that were compiled.
fn add(bytes: &[u8], place: &str, owner: &Owner, inventory: &mut Inventory) -> Result<(), Gap> {
    let damaged = |error: serde_json::Error| Gap::new("damaged", place, error.to_string());
    let list: ListWire = serde_json::from_slice(bytes).map_err(damaged)?;
    if list.bom_format.as_deref() != Some("CycloneDX") {
        return Err(Gap::new("unsupported", place, "expected CycloneDX in JSON"));
    }
    let mut keys: BTreeMap<String, Key> = BTreeMap::new();
    if let Some(reference) = list.metadata.component.and_then(|root| root.reference) {
        keys.insert(reference, owner.key);
    }
    let added = add_components(list.components, (place, owner), &mut keys, inventory)?;
    let mut needed = HashSet::new();
    for dependency in &list.dependencies {
        let Some(from) = keys.get(&dependency.reference) else {
            continue;
        };
        for to in dependency.depends_on.iter().filter_map(|reference| keys.get(reference)) {
            inventory.depends(*from, *to);
            needed.insert(*to);
        }
    }
    for key in added.into_iter().filter(|key| !needed.contains(key)) {
        inventory.depends(owner.key, key);
    }
    Ok(())
}

/// Adds the components of a list that was found at a place in a package, those inside of others, too.
fn add_components(
    mut left: Vec<ComponentWire>,
    (place, owner): (&str, &Owner),
    keys: &mut BTreeMap<String, Key>,
    inventory: &mut Inventory,
) -> Result<Vec<Key>, Gap> {
    let whole = inventory.packages()[owner.key.place()].purl.as_deref();
    let whole = whole.map(|purl| of_whole(purl).to_owned());
    // The directory tells it, and is shorter: there are many components.
    let directory = super::directory(place);
    let mut added = Vec::new();
    while let Some(mut component) = left.pop() {
        left.append(&mut component.components);
        if added.len() >= MAX_COMPONENTS {
            let detail = format!("expected at most {MAX_COMPONENTS} components");
            return Err(Gap::new("too-large", place, detail));
        }
        let reference = component.reference.clone();
        let component = owner.part(component, inventory);
        if owner.asks_for(&component) {
            continue;
        }
        let key = match component.purl.as_deref().map(of_whole) {
            Some(purl) if whole.as_deref() == Some(purl) => owner.key,
            _ => {
                if let Some(gap) = without_version(&component, place) {
                    inventory.gap(gap);
                }
                inventory.add(component.found_at(directory))
            }
        };
        keys.extend(reference.map(|reference| (reference, key)));
        added.push(key);
    }
    Ok(added)
}

/// Nobody can tell which package is meant by a name alone. Files and systems need none.
fn without_version(component: &Component, place: &str) -> Option<Gap> {
    let is_package = !matches!(component.kind, ComponentKind::File | ComponentKind::OperatingSystem);
    let detail = || format!("the list has no version of `{}`", component.name);
    (is_package && component.version.is_none()).then(|| Gap::new("unresolved", place, detail()))
}

/// A package URL without the file and the place in it that it is about.
fn of_whole(purl: &str) -> &str {
    purl.split(['?', '#']).next().unwrap_or(purl)
}

fn adopted(component: ComponentWire) -> Component {
    let hashes = component.hashes.into_iter();
    let hashes = hashes.filter_map(|hash| super::files::parse_hash(&format!("{}:{}", plain(&hash.alg), hash.content)));
    let hashes: Vec<Hash> = hashes.collect();
    let kind = match component.kind.as_str() {
        "application" => ComponentKind::Application,
        "framework" => ComponentKind::Framework,
        "operating-system" => ComponentKind::OperatingSystem,
        "file" => ComponentKind::File,
        _ => ComponentKind::Library,
    };
    let purl = component.purl.as_deref().and_then(public_purl);
    // Some writers leave out what the package URL says.
    let version = component.version.filter(|version| !version.is_empty());
    let version = version.or_else(|| Some(purl.as_deref()?.parse::<PackageUrl<'_>>().ok()?.version()?.to_owned()));
    Component {
        group: component.group.filter(|group| !group.is_empty()),
        version,
        scope: match component.scope.as_deref() {
            Some("excluded") => Some(Scope::Excluded),
            Some("optional") => Some(Scope::Optional),
            _ => None,
        },
        licenses: licences(&component.licenses),
        purl,
        hashes,
        ..Component::new(kind, component.name)
    }
}

/// `SHA-256` as `sha256`.
fn plain(algorithm: &str) -> String {
    match algorithm {
        "BLAKE2b-512" => "blake2b".to_owned(),
        _ => algorithm
            .to_ascii_lowercase()
            .replace("sha3-", "sha3_")
            .replace("sha-", "sha"),
    }
}

fn licences(licences: &[LicenceWire]) -> Vec<LicenceChoice> {
    let named = |named: &NamedWire| named.id.clone().or(named.name.clone());
    let text = |one: &LicenceWire| one.expression.clone().or(one.license.as_ref().and_then(named));
    let texts: Vec<String> = licences.iter().filter_map(text).collect();
    match &texts[..] {
        [only] => licence::declared(Some(only), None),
        _ => {
            let choices = texts.iter().flat_map(|text| licence::declared(Some(text), None));
            let named = choices.map(licence::as_name);
            named.collect()
        }
    }
}

/// The package URL in its canonical form, without places on the machine that built the wheel; nothing for one that is none.
fn public_purl(text: &str) -> Option<String> {
    let parsed: PackageUrl<'_> = text.parse().ok()?;
    let mut clean = PackageUrl::new(parsed.ty().to_owned(), parsed.name().to_owned()).ok()?;
    if let Some(namespace) = parsed.namespace() {
        clean.with_namespace(namespace.to_owned()).ok()?;
    }
    if let Some(version) = parsed.version() {
        clean.with_version(version.to_owned()).ok()?;
    }
    if let Some(subpath) = parsed.subpath() {
        clean.with_subpath(subpath.to_owned()).ok()?;
    }
    for (key, value) in parsed.qualifiers() {
        let is_place = value.starts_with("file:") || value.starts_with('/');
        if !is_place {
            clean
                .add_qualifier(key.to_string(), reference::public_text(value))
                .ok()?;
        }
    }
    Some(clean.to_string())
}
