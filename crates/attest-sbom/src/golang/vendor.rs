//! `vendor/modules.txt` in, the modules of which packages were copied out.
//!
//! Source: `go help mod vendor`; the form is that of `cmd/go/internal/modload/vendor.go`.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::manifest::{Replacement, replace};
use super::module::{is_module_path, is_version};
use crate::cyclonedx::LicenceChoice;
use crate::scan::Scan;
use crate::{Gap, licence};

/// The list of a project with a thousand modules takes about 300 kB.
const LIST_LIMIT: u64 = 32 << 20;

/// More licence files than this below one module are those of what it contains.
const MAX_LICENCES: usize = 8;

/// What was copied.
#[derive(Debug, Default)]
pub(super) struct Vendor {
    /// Where the list lies.
    pub(super) list: String,
    pub(super) modules: BTreeMap<String, Vendored>,
}

/// A module of the list, by the path that imports name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Vendored {
    pub(super) version: String,
    pub(super) by: Option<Replacement>,
    /// How many packages of it are there.
    pub(super) packages: usize,
    pub(super) licence: Option<LicenceChoice>,
}

/// What lies in `vendor` below a directory; nothing if nothing was copied.
pub(super) fn read(scan: &Scan<'_>, directory: &str) -> Result<Option<Vendor>, Gap> {
    let list = super::read::inside(directory, "vendor/modules.txt");
    let Some(text) = scan.text(&list, LIST_LIMIT)? else {
        return Ok(None);
    };
    let mut modules = parse(&text).map_err(|line| super::read::damaged(&list, line))?;
    let vendor = super::read::inside(directory, "vendor");
    let copied: Vec<(&String, &mut Vendored)> = modules.iter_mut().filter(|(_, module)| module.packages > 0).collect();
    copied
        .into_par_iter()
        .for_each(|(path, module)| module.licence = licence_of(scan, &format!("{vendor}/{path}")));
    Ok(Some(Vendor { list, modules }))
}

/// The directories below `vendor` that a list says were copied there; none for a file of the name that lies beside no
/// `go.mod` or `go.work`, or is no list.
pub(crate) fn directories(scan: &Scan<'_>, list: &str) -> Vec<String> {
    let Some(project) = list.strip_suffix("vendor/modules.txt") else {
        return Vec::new();
    };
    let is_there = |name: &str| scan.listing().resolve(&format!("{project}{name}")).is_some();
    let is_below = project.is_empty() || project.ends_with('/');
    if !is_below || !(is_there("go.mod") || is_there("go.work")) {
        return Vec::new();
    }
    let Ok(Some(text)) = scan.text(list, LIST_LIMIT) else {
        return Vec::new();
    };
    let modules = parse(&text).unwrap_or_default().into_iter();
    let copied = modules.filter(|(_, module)| module.packages > 0);
    copied.map(|(path, _)| format!("{project}vendor/{path}")).collect()
}

/// The number of the first line that cannot be understood, or the modules.
fn parse(text: &str) -> Result<BTreeMap<String, Vendored>, usize> {
    let mut modules: BTreeMap<String, Vendored> = BTreeMap::new();
    let mut current: Option<String> = None;
    for (number, line) in (1_usize..).zip(text.lines()) {
        if line.starts_with("## ") || line.trim().is_empty() {
            continue;
        }
        let Some(rest) = line.strip_prefix("# ") else {
            let of_module = current.as_ref().filter(|path| is_in(line.trim(), path));
            let module = of_module.and_then(|path| modules.get_mut(path)).ok_or(number)?;
            module.packages += 1;
            continue;
        };
        let words: Vec<&str> = rest.split_whitespace().collect();
        // At the end, replacements of whatever version: they name no module that was copied.
        let is_of_all = matches!(words.as_slice(), [_, "=>", ..]);
        current = match is_of_all {
            true => None,
            false => {
                let (path, module) = module(&words).ok_or(number)?;
                modules.insert(path.clone(), module);
                Some(path)
            }
        };
    }
    Ok(modules)
}

/// Whether a package is one of a module.
fn is_in(package: &str, module: &str) -> bool {
    let rest = package.strip_prefix(module);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `PATH VERSION`, or `PATH VERSION => …`.
fn module(words: &[&str]) -> Option<(String, Vendored)> {
    if let [path, version] = words
        && is_module_path(path)
        && is_version(version)
    {
        let module = Vendored {
            version: (*version).to_owned(),
            ..Vendored::default()
        };
        return Some(((*path).to_owned(), module));
    }
    let replace = replace(words)?;
    let module = Vendored {
        version: replace.version.unwrap_or_default(),
        by: Some(replace.by),
        ..Vendored::default()
    };
    Some((replace.path, module))
}

/// Of the module's own directory; else, since only packages that are needed are copied, of those below.
fn licence_of(scan: &Scan<'_>, directory: &str) -> Option<LicenceChoice> {
    licence::of_directory(scan, directory).or_else(|| {
        let below = scan.listing().below(directory).iter();
        let files = below.filter(|entry| entry.is_file() && licence::is_licence_file(entry.name()));
        let places: std::collections::BTreeSet<&str> = files.take(MAX_LICENCES).map(|entry| entry.parent()).collect();
        places.into_iter().find_map(|place| licence::of_directory(scan, place))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_listed_with_their_packages_and_replacements() {
        let modules = parse(
            "## workspace\n# example.com/a v1.0.0\n## explicit; go 1.17\nexample.com/a\nexample.com/a/b\n# example.com/c v1.0.0\n\
             ## explicit\n# example.com/d v1.0.0 => example.org/d v1.0.1\nexample.com/d\n# example.com/e v0.0.0 => ./e\n\
             example.com/e\n# example.com/f => ../f\n",
        )
        .unwrap();
        let packages: Vec<_> = modules
            .iter()
            .map(|(path, module)| (path.as_str(), module.packages))
            .collect();
        assert_eq!(
            packages,
            [
                ("example.com/a", 2),
                ("example.com/c", 0),
                ("example.com/d", 1),
                ("example.com/e", 1)
            ]
        );
        assert_eq!(
            modules["example.com/e"].by,
            Some(Replacement::Directory("./e".to_owned()))
        );
    }

    #[test]
    fn a_package_of_no_module_and_a_module_without_a_version_are_damage() {
        assert_eq!(parse("example.com/a\n"), Err(1));
        assert_eq!(
            parse("# example.com/a v1.0.0\nexample.com/a\n# example.com/b\n"),
            Err(3)
        );
        assert_eq!(parse("# example.com/a => v1\nx\n"), Err(2));
    }
}
