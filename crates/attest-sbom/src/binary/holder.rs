//! The packages of npm in which programs lie: `node_modules/@esbuild/linux-x64/bin/esbuild` is there because of that package.

use std::collections::HashMap;

use crate::cyclonedx::Component;
use crate::inventory::Inventory;
use crate::javascript;
use crate::scan::Scan;

/// What others listed of npm, by whole names: as much of each package as makes it known again.
#[derive(Default)]
pub(crate) struct Holders(HashMap<String, Vec<Component>>);

/// In what a program lies.
pub(super) enum Holder<'a> {
    Nothing,
    Package(&'a Component),
    /// In a package that does not end up in what is shipped.
    Unshipped,
}

impl Holders {
    pub(crate) fn of(found: &[Inventory]) -> Self {
        let mut holders = Self::default();
        let packages = found.iter().flat_map(Inventory::packages);
        let is_of_npm = |purl: &String| purl.starts_with("pkg:npm/");
        for package in packages.filter(|package| package.purl.as_ref().is_some_and(is_of_npm)) {
            let name = match &package.group {
                Some(group) => format!("{group}/{}", package.name),
                None => package.name.clone(),
            };
            holders.0.entry(name).or_default().push(Component {
                group: package.group.clone(),
                version: package.version.clone(),
                purl: package.purl.clone(),
                scope: package.scope,
                ..Component::new(package.kind, package.name.as_str())
            });
        }
        holders
    }

    /// A package that nobody lists holds nothing, unless its manager says what is shipped and leaves it out.
    pub(super) fn holder(&self, scan: &Scan<'_>, path: &str) -> Holder<'_> {
        let Some((name, version)) = javascript::installed_around(scan, path) else {
            return Holder::Nothing;
        };
        match self.0.get(&name) {
            Some(listed) => {
                let package = listed.iter().find(|package| package.version == version);
                package.map_or(Holder::Nothing, Holder::Package)
            }
            None if scan.options.shipped.is_some() && javascript::is_settled(scan, path) => Holder::Unshipped,
            None => Holder::Nothing,
        }
    }
}
