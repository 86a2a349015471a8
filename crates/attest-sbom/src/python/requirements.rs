//! `requirements.txt` and its like, with the files that they include.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::files;
use super::indexes::Indexes;
use super::known::Known;
use super::lock::{MAX_CANDIDATES, too_many};
use super::project::Projects;
use super::release::{self, normalised};
use super::requirements_text::{Line, MAX_LINES, Wanted, lines};
use crate::inventory::{Inventory, Key};
use crate::javascript::joined;
use crate::scan::Scan;
use crate::{Gap, Options};

/// The largest files, with hashes of every wheel of a thousand packages, take 5 MB.
pub(super) const REQUIREMENTS_LIMIT: u64 = 32 << 20;

/// The most names that one warning lists.
const MAX_NAMED: usize = 20;

/// Whether people and tools take a file of this path for one with requirements.
pub(super) fn is_requirements(path: &str) -> bool {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let Some(stem) = name.strip_suffix(".txt") else {
        return false;
    };
    let is_below = parent.rsplit('/').next() == Some("requirements");
    let mut words = stem.split(['-', '_', '.']);
    is_below || words.any(|word| word == "requirements")
}

/// Whether a text is one of requirements: every line can be one, and some version is settled.
pub(super) fn is_like_requirements(text: &str) -> bool {
    let lines = lines(text);
    let is_clear = |line: &Line| match line {
        Line::Unclear(_) => false,
        Line::Package(_) | Line::Include(_) | Line::Constraints(_) | Line::Folder(_) | Line::Place(_) => true,
    };
    let is_settled = |line: &Line| matches!(line, Line::Package(wanted) if wanted.version.is_some());
    lines.iter().all(is_clear) && lines.iter().any(is_settled)
}

/// Reads every such file, and what they include. Those of a project with a lock file are returned: the lock file decides there.
pub(super) fn read(scan: &Scan<'_>, projects: &Projects, known: &mut Known, inventory: &mut Inventory) -> Vec<String> {
    let entries = scan.listing().entries().iter();
    let found =
        entries.filter(|entry| entry.is_file() && is_requirements(&entry.path) && !super::is_data(scan, &entry.path));
    let (others, found): (Vec<_>, Vec<_>) = found.partition(|entry| projects.is_locked(&entry.path));
    let found = found.into_iter();
    let mut left: Vec<(String, BTreeSet<String>)> = found.map(|entry| (entry.path.clone(), BTreeSet::new())).collect();
    left.reverse();
    let indexes = Indexes::find(scan, left.iter().map(|(path, _)| path.clone()).collect());
    let mut seen = BTreeSet::new();
    let mut constraints = Constraints::default();
    while let Some((path, mut inherited)) = left.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let mut lines = read_lines(scan, &path, inventory);
        indexes.settle(&path, &mut lines);
        inherited.extend(lines.iter().filter_map(|line| match line {
            Line::Constraints(file) => included(scan, &path, file, inventory),
            _ => None,
        }));
        for line in &lines {
            match line {
                Line::Include(file) => {
                    let included = included(scan, &path, file, inventory);
                    left.extend(included.map(|included| (included, inherited.clone())));
                }
                Line::Folder(folder) if !is_there(scan, &path, folder) => {
                    let detail = format!("it asks for what lies in `{folder}`, which is not there");
                    inventory.gap(Gap::new("unresolved", &path, detail));
                }
                _ => {}
            }
        }
        constraints.read(scan, &inherited, inventory);
        File {
            path: &path,
            options: scan.options,
            constraints: &constraints,
            inherited: &inherited,
        }
        .list(&lines, known, inventory);
    }
    others.into_iter().map(|entry| entry.path.clone()).collect()
}

/// The path of a file that another one includes; one that is not there is a gap.
fn included(scan: &Scan<'_>, by: &str, file: &str, inventory: &mut Inventory) -> Option<String> {
    let path = included_path(scan, by, file);
    if path.is_none() {
        let place = match inside(by, file) {
            Some(_) => "is not there",
            None => "lies outside of what is read",
        };
        let detail = format!("it includes `{file}`, which {place}");
        inventory.gap(Gap::new("unresolved", by, detail));
    }
    path
}

/// The path of a file that another one includes, if it is there.
pub(super) fn included_path(scan: &Scan<'_>, by: &str, file: &str) -> Option<String> {
    let path = inside(by, file)?;
    let is_there = !file.contains("://") && scan.listing().resolve(&path).is_some();
    is_there.then_some(path)
}

/// The path that a file means by another one; nothing for one that leads out of what is read.
fn inside(by: &str, file: &str) -> Option<String> {
    let file = file.strip_prefix("file:").unwrap_or(file).replace('\\', "/");
    joined(super::directory(by), &file)
}

/// Whether there is such a folder. Unlike a file that is included, it is named relative to wherever pip is run: beside the file, or
/// above it.
fn is_there(scan: &Scan<'_>, by: &str, folder: &str) -> bool {
    let is_elsewhere = folder.starts_with(['/', '~']) || folder.contains(":/") || folder.contains(":\\");
    let directories = std::iter::successors(Some(super::directory(by)), |inner| {
        (!inner.is_empty()).then(|| super::directory(inner))
    });
    let is_at =
        |path: String| path.is_empty() || scan.listing().at(&path).is_some() || !scan.listing().below(&path).is_empty();
    let folder = folder.strip_prefix("file:").unwrap_or(folder).replace('\\', "/");
    let mut paths = directories.filter_map(|directory| joined(directory, &folder));
    !is_elsewhere && paths.any(is_at)
}

/// The lines of a file that is there. What lies beyond the limit is told.
fn read_lines(scan: &Scan<'_>, path: &str, inventory: &mut Inventory) -> Vec<Line> {
    let mut lines = lines(&text(scan, path, inventory));
    if lines.len() > MAX_LINES {
        lines.truncate(MAX_LINES);
        let detail = format!("expected at most {MAX_LINES} lines that ask for something; the rest was not looked at");
        inventory.gap(Gap::new("too-large", path, detail));
    }
    lines
}

/// The text of a file that is there.
fn text(scan: &Scan<'_>, path: &str, inventory: &mut Inventory) -> String {
    scan.text(path, REQUIREMENTS_LIMIT)
        .map(Option::unwrap_or_default)
        .unwrap_or_else(|gap| {
            inventory.gap(gap);
            String::new()
        })
}

/// Files of versions for what others ask for.
#[derive(Default)]
struct Constraints(BTreeMap<String, HashMap<String, String>>);

impl Constraints {
    fn read(&mut self, scan: &Scan<'_>, paths: &BTreeSet<String>, inventory: &mut Inventory) {
        for path in paths {
            if self.0.contains_key(path) {
                continue;
            }
            let lines = read_lines(scan, path, inventory).into_iter();
            let pinned = lines.filter_map(|line| match line {
                Line::Package(wanted) => Some((normalised(&wanted.name), wanted.version?)),
                _ => None,
            });
            self.0.insert(path.clone(), pinned.collect());
        }
    }

    fn version(&self, paths: &BTreeSet<String>, name: &str) -> Option<&String> {
        paths.iter().find_map(|path| self.0.get(path)?.get(name))
    }
}

struct File<'a> {
    path: &'a str,
    options: &'a Options,
    constraints: &'a Constraints,
    inherited: &'a BTreeSet<String>,
}

impl File<'_> {
    fn list(&self, lines: &[Line], known: &mut Known, inventory: &mut Inventory) {
        let mut listed: Vec<(&Wanted, Key)> = Vec::new();
        let mut unsettled = Vec::new();
        for line in lines {
            match line {
                Line::Package(wanted) => {
                    let keys = self.add(wanted, known, &mut unsettled, inventory);
                    listed.extend(keys.into_iter().map(|key| (&**wanted, key)));
                }
                Line::Unclear(text) => {
                    let detail = format!("expected a requirement, found `{text}`");
                    inventory.gap(Gap::new("damaged", self.path, detail));
                }
                Line::Include(_) | Line::Constraints(_) | Line::Folder(_) | Line::Place(_) => {}
            }
        }
        if !unsettled.is_empty() {
            inventory.gap(unsettled_gap(self.path, &unsettled));
        }
        self.tie(&listed, known, inventory);
    }

    /// Who needs whom, as comments say it.
    fn tie(&self, listed: &[(&Wanted, Key)], known: &mut Known, inventory: &mut Inventory) {
        let mut names: HashMap<String, Vec<Key>> = HashMap::new();
        for (wanted, key) in listed {
            names.entry(normalised(&wanted.name)).or_default().push(*key);
        }
        let says_needs = listed.iter().any(|(wanted, _)| wanted.needed_by.is_some());
        for (wanted, key) in listed {
            let needed_by = wanted.needed_by.iter().flatten().filter_map(|name| names.get(name));
            for from in needed_by.flat_map(|from| from.iter().take(MAX_CANDIDATES)) {
                inventory.depends(*from, *key);
            }
            if !says_needs {
                inventory.incomplete(*key);
            }
        }
        for (name, keys) in names
            .iter()
            .filter(|(_, keys)| says_needs && keys.len() > MAX_CANDIDATES)
        {
            inventory.gap(too_many(self.path, name));
            for key in keys {
                inventory.incomplete(*key);
            }
        }
        let directory = super::directory(self.path);
        // What lies in a folder of this name is about the folder above.
        if let Some(above) = directory.strip_suffix("requirements") {
            known.learn(above.trim_end_matches('/'), names.clone());
        }
        known.learn(directory, names);
    }

    /// The packages that are meant: without a version those that something else settled.
    fn add(&self, wanted: &Wanted, known: &Known, unsettled: &mut Vec<String>, inventory: &mut Inventory) -> Vec<Key> {
        let name = normalised(&wanted.name);
        let version = wanted
            .version
            .as_ref()
            .or_else(|| self.constraints.version(self.inherited, &name));
        if version.is_none() && !wanted.origin.is_settled() {
            let settled = known.of(super::directory(self.path), &name);
            if !settled.is_empty() {
                return settled.to_vec();
            }
            unsettled.push(wanted.name.clone());
        }
        match release::component(&wanted.name, version.map(String::as_str), &wanted.origin, self.path) {
            Ok(mut component) => {
                files::describe(&wanted.files, self.options, &mut component);
                vec![inventory.add(component)]
            }
            Err(gap) => {
                inventory.gap(gap);
                Vec::new()
            }
        }
    }
}

/// One warning for all packages of a file whose version nothing settles.
pub(super) fn unsettled_gap(path: &str, names: &[String]) -> Gap {
    let shown: Vec<String> = names.iter().take(MAX_NAMED).map(|name| format!("`{name}`")).collect();
    let more = match names.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Gap::new(
        "no-lock",
        path,
        format!("no version is settled for {}{more}", shown.join(", ")),
    )
}
