//! The list that cargo-auditable puts into a program in, its packages and what needs what out.
//!
//! Source: the specification in cargo-auditable, `PARSING.md`.

use auditable_serde::{DependencyKind, Package, Source, VersionInfo};

use super::image::Image;
use super::layout::{Malformed, Span};
use crate::cyclonedx::{Component, ComponentKind, Property, Scope};
use crate::inventory::{Inventory, Key};
use crate::registry::Origin;
use crate::{Error, Gap, purl};

/// The limit of cargo-auditable's own reader; a program with a thousand packages takes about 30 kB, compressed.
const MAX_TEXT: usize = 8 << 20;

pub(super) fn read(image: &Image<'_>, span: Span) -> Result<VersionInfo, Malformed> {
    if span.size > MAX_TEXT as u64 {
        return Err(Malformed(format!(
            "expected at most {MAX_TEXT} bytes, found {}",
            span.size
        )));
    }
    let compressed = image.bytes(span.offset, span.size)?;
    // A section may be filled up with zeros.
    let text = attest_archive::read::inflate_zlib(&compressed, MAX_TEXT)?;
    serde_json::from_slice(&text).map_err(|error| Malformed(error.to_string()))
}

/// Adds every package, or only what runs in the program; and says which one it is, if that is marked.
pub(super) fn add(info: &VersionInfo, path: &str, only_shipped: bool, inventory: &mut Inventory) -> Option<Key> {
    let mut keys: Vec<Option<Key>> = Vec::with_capacity(info.packages.len());
    for package in &info.packages {
        if only_shipped && package.kind == DependencyKind::Build {
            keys.push(None);
            continue;
        }
        match component(package, path) {
            Ok(component) => keys.push(Some(inventory.add(component))),
            Err(error) => {
                inventory.gap(Gap::new("damaged", path, error.to_string()));
                return None;
            }
        }
    }
    for (package, key) in info.packages.iter().zip(&keys) {
        let Some(key) = *key else {
            continue;
        };
        let needed = package
            .dependencies
            .iter()
            .filter_map(|place| keys.get(*place).copied().flatten());
        for needed in needed {
            inventory.depends(key, needed);
        }
        if package.source == Source::Local {
            inventory.own(key);
        }
    }
    let root = info.packages.iter().position(|package| package.root);
    root.and_then(|place| keys[place])
}

fn component(package: &Package, path: &str) -> Result<Component, Error> {
    let version = package.version.to_string();
    let kind = match package.root {
        true => ComponentKind::Application,
        false => ComponentKind::Library,
    };
    let mut component = Component {
        purl: Some(purl::cargo(&package.name, &version, None)?),
        version: Some(version),
        scope: (package.kind == DependencyKind::Build).then_some(Scope::Excluded),
        ..Component::new(kind, package.name.as_str())
    };
    // Which registry or repository it was is not recorded.
    let source = match &package.source {
        Source::Git => Some("git"),
        Source::Registry => Some("another registry"),
        _ => None,
    };
    component.origin = match package.source {
        Source::CratesIo => Origin::Unsaid,
        _ => Origin::Elsewhere,
    };
    component.properties.extend(source.map(|source| Property {
        name: "attest:cargo:source",
        value: source.to_owned(),
    }));
    Ok(component.found_at(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_the_build_are_excluded_and_the_root_is_marked() {
        let text = r#"{"packages":[
            {"name":"app","version":"1.0.0","source":"local","root":true,"dependencies":[1,2]},
            {"name":"a","version":"1.0.0","source":"crates.io"},
            {"name":"b","version":"1.0.0","source":"git","kind":"build"}]}"#;
        let info: VersionInfo = text.parse().unwrap();
        let mut inventory = Inventory::default();
        let root = add(&info, "app", false, &mut inventory).unwrap();
        assert_eq!(
            inventory.packages()[root.place()].purl.as_deref(),
            Some("pkg:cargo/app@1.0.0")
        );
        assert_eq!(inventory.edges().len(), 2);
        let build = &inventory.packages()[2];
        assert_eq!(build.scope, Some(Scope::Excluded));
        assert_eq!(build.properties[0].value, "git");
        let mut shipped = Inventory::default();
        add(&info, "app", true, &mut shipped).unwrap();
        assert_eq!((shipped.len(), shipped.edges().len()), (2, 1));
    }
}
