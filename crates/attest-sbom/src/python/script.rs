//! Scripts that say in a comment what they need.
//!
//! Source: PyPA "Inline script metadata" (PEP 723).

use std::collections::BTreeSet;

use serde::Deserialize;

use super::project::Projects;
use super::release;
use super::requirement::Requirement;
use super::requirements::unsettled_gap;
use crate::Gap;
use crate::cyclonedx::{Component, ComponentKind};
use crate::inventory::Inventory;
use crate::scan::Scan;

const START: &str = "# /// script";

#[derive(Deserialize)]
struct ScriptWire {
    #[serde(default)]
    dependencies: Vec<String>,
}

/// Whether the first bytes of a file hold such a comment.
pub(super) fn is_script(name: &str, head: &[u8]) -> bool {
    name.ends_with(".py") && head.windows(START.len()).any(|window| window == START.as_bytes())
}

/// Reads every script that is part of no package and has no lock file. Those of a project with a lock file are returned.
pub(super) fn read(scan: &Scan<'_>, projects: &Projects, inventory: &mut Inventory) -> Vec<String> {
    let mut others = Vec::new();
    let entries = scan.listing().entries();
    let modules = entries.iter().filter(|entry| entry.name() == "__init__.py");
    let packages: BTreeSet<&str> = modules.map(|entry| entry.parent()).collect();
    for entry in entries
        .iter()
        .filter(|entry| entry.is_file() && entry.name().ends_with(".py"))
    {
        let is_locked = scan.listing().at(&format!("{}.lock", entry.path)).is_some();
        if is_locked || packages.contains(entry.parent()) || super::is_data(scan, &entry.path) {
            continue;
        }
        let head = scan.head(entry);
        if !is_script(entry.name(), &head) {
            continue;
        }
        if projects.is_locked(&entry.path) {
            others.push(entry.path.clone());
        } else {
            list(&String::from_utf8_lossy(&head), &entry.path, inventory);
        }
    }
    others
}

fn list(text: &str, path: &str, inventory: &mut Inventory) {
    let Some(block) = block(text) else { return };
    let wire: ScriptWire = match toml::from_str(&block) {
        Ok(wire) => wire,
        Err(error) => return inventory.gap(Gap::new("damaged", path, error.message())),
    };
    let script = inventory.add(Component::new(ComponentKind::File, path).found_at(path));
    let mut unsettled = Vec::new();
    for text in &wire.dependencies {
        let Some(requirement) = Requirement::parse(text) else {
            inventory.gap(Gap::new(
                "damaged",
                path,
                format!("expected a requirement, found `{text}`"),
            ));
            continue;
        };
        if requirement.pinned().is_none() {
            unsettled.push(requirement.name.clone());
        }
        match release::component(&requirement.name, requirement.pinned(), &requirement.origin(), path) {
            Ok(component) => {
                let key = inventory.add(component);
                inventory.incomplete(key);
                inventory.depends(script, key);
            }
            Err(gap) => inventory.gap(gap),
        }
    }
    if !unsettled.is_empty() {
        inventory.gap(unsettled_gap(path, &unsettled));
    }
}

/// The lines between the first and the last one of the comment, without the marks.
fn block(text: &str) -> Option<String> {
    let mut lines = text.lines().skip_while(|line| line.trim_end() != START);
    lines.next()?;
    let mut block = String::new();
    for line in lines {
        if line.trim_end() == "# ///" {
            return Some(block);
        }
        let content = line.strip_prefix("# ").or_else(|| line.strip_prefix('#'))?;
        block.push_str(content);
        block.push('\n');
    }
    None
}
