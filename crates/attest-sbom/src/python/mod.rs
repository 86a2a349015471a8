//! Lock files, manifests, environments, wheels and sdists of Python in, packages and what needs what out. Nothing is run.
//!
//! A lock file is true for every platform: all of its packages are listed, with all of its edges. An environment is true for
//! itself: what it needs is what its markers say there.

pub(crate) mod conda;
mod constraint;
mod described;
mod direct_url;
mod distribution;
mod embedded;
mod environment;
mod files;
mod indexes;
mod installed;
mod known;
mod licence_names;
mod lock;
mod lock_tables;
mod manifest;
mod marker;
mod owners;
mod pdm;
mod pipfile;
mod poetry;
mod project;
mod published;
mod pylock;
mod release;
mod requirement;
mod requirements;
mod requirements_text;
mod script;
mod uv;

pub(crate) use owners::owners;
pub(crate) use published::{is_same_name, is_same_version, published};
pub(crate) use release::normalised;

use crate::cyclonedx::Property;
use crate::inventory::Inventory;
use crate::reference::requirement as requirement_of;
use crate::registry::settings;
use crate::scan::{Candidate, Kind, Reader, Scan};

pub(crate) const READER: Reader = Reader {
    kind: Kind::Python,
    wants,
    recognises,
    read,
};

fn wants(file: &Candidate<'_>) -> bool {
    let is_lock = project::format(file.name()).is_some() || project::is_manifest(file.name());
    is_lock
        || settings::is_of_python(file.name())
        || requirements::is_requirements(file.path)
        || installed::is_wanted(file.path)
        || distribution::is_read(file.name(), file.size)
        || script::is_script(file.name(), file.head)
        || conda::is_record(file.path)
}

fn recognises(file: &Candidate<'_>) -> Option<&'static str> {
    let head = String::from_utf8_lossy(file.head);
    project::recognised(&head)
        .or_else(|| requirements::is_like_requirements(whole_lines(&head)).then_some("requirements.txt"))
}

/// The last line of a head may be cut.
fn whole_lines(head: &str) -> &str {
    match head.len() < crate::HEAD {
        true => head,
        false => &head[..head.rfind('\n').unwrap_or(0)],
    }
}

fn read(scan: &Scan<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let mut known = known::Known::default();
    let mut projects = project::Projects::read(scan, &mut inventory);
    projects.read_locks(scan, &mut known, &mut inventory);
    installed::read(scan, &projects, &mut known, &mut inventory);
    let mut others = requirements::read(scan, &projects, &mut known, &mut inventory);
    distribution::read(scan, &mut inventory);
    others.extend(script::read(scan, &projects, &mut inventory));
    conda::read(scan, &mut inventory);
    projects.settle(&mut known, &mut inventory);
    projects.name_others(scan, &known, &mut inventory);
    projects.not_listed(others, &mut inventory);
    inventory
}

/// What is asked for in place of a version.
fn asked_for(versions: &str) -> impl Iterator<Item = Property> + use<> {
    (!versions.is_empty()).then(|| requirement_of(versions)).into_iter()
}

/// Whether a path lies where packages are installed: what lies there is no project.
fn is_installed(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "site-packages" | "dist-packages" | "node_modules"))
}

/// Whether a manifest, a list or a script is no project's, but part of a package.
fn is_data(scan: &Scan<'_>, path: &str) -> bool {
    is_installed(path) || scan.is_brought_along(path, Kind::Python)
}

/// The directory of a path, empty at the top.
fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// A path that a file names, relative to the directory of the file.
fn join(file: &str, path: &str) -> String {
    join_directory(directory(file), path)
}

/// A path relative to a directory, without `.` and `..`; what leads out of the tree ends at its top.
fn join_directory(directory: &str, path: &str) -> String {
    let path = path.strip_prefix("file:").unwrap_or(path).replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
