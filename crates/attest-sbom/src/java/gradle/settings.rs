//! `settings.gradle` and `gradle.properties` in, what the build is called out. Both are read as text: only what is written
//! out is known, and nothing is run.

use super::{SCRIPT_LIMIT, Scan, properties};
use crate::cyclonedx::{Component, ComponentKind};
use crate::inventory::Inventory;
use crate::java::coordinates::Coordinates;
use crate::scan::beside;

pub(super) const NAMES: [&str; 2] = ["settings.gradle", "settings.gradle.kts"];
pub(super) const PROPERTIES: &str = "gradle.properties";

/// A build.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) path: String,
    name: Option<String>,
    group: Option<String>,
    version: Option<String>,
}

impl Settings {
    /// The settings of every build of a tree. A build that Maven describes as well is called as Maven calls it.
    pub(super) fn read_all(scan: &Scan<'_>, inventory: &mut Inventory) -> Vec<Self> {
        let entries = super::files(scan, |entry| NAMES.contains(&entry.name()));
        let entries = entries.filter(|entry| scan.listing().at(&beside(&entry.path, "pom.xml")).is_none());
        let mut all = Vec::new();
        for entry in entries {
            match scan.text(&entry.path, SCRIPT_LIMIT) {
                Ok(text) => all.push(Self::parse(scan, &entry.path, &text.unwrap_or_default())),
                Err(gap) => inventory.gap(gap),
            }
        }
        all
    }

    fn parse(scan: &Scan<'_>, path: &str, text: &str) -> Self {
        let written = scan.text(&beside(path, PROPERTIES), SCRIPT_LIMIT).ok().flatten();
        let written = properties::parse(&written.unwrap_or_default());
        let literal = |name: &str| written.get(name).map(|value| value.trim().to_owned());
        Self {
            path: path.to_owned(),
            name: root_name(text),
            group: literal("group"),
            version: literal("version"),
        }
    }

    /// The build as a component; nothing if it has no name.
    pub(super) fn component(&self) -> Option<Component> {
        let name = self.name.as_deref()?;
        let coordinates = Coordinates::new(self.group.as_deref().unwrap_or_default(), name, self.version.as_deref());
        let described = coordinates.and_then(|coordinates| coordinates.component(ComponentKind::Application).ok());
        Some(described.unwrap_or_else(|| Component {
            version: self.version.clone().filter(|version| !version.is_empty()),
            ..Component::new(ComponentKind::Application, name)
        }))
    }
}

/// `rootProject.name = "NAME"`, in Groovy or Kotlin.
fn root_name(text: &str) -> Option<String> {
    let text = without_comments(text);
    let names = text.lines().filter_map(|line| {
        let rest = line.trim().strip_prefix("rootProject.name")?.trim_start();
        let rest = rest.strip_prefix('=')?.trim();
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let name = &rest[1..][..rest[1..].find(quote)?];
        let is_literal = !name.is_empty() && !name.contains(['$', '\\']);
        is_literal.then(|| name.to_owned())
    });
    let names: Vec<String> = names.collect();
    match names.as_slice() {
        [name] => Some(name.clone()),
        // Set more than once: which one counts is decided when it runs.
        _ => None,
    }
}

/// A script without its comments. A `//` in an address is none.
pub(super) fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("/*") {
        out.push_str(&rest[..at]);
        let after = &rest[at + 2..];
        rest = after.find("*/").map_or("", |end| &after[end + 2..]);
    }
    out.push_str(rest);
    let lines = out.lines().map(|line| match line.trim_start().starts_with("//") {
        true => "",
        false => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_written_out_is_read() {
        for (text, expected) in [
            ("rootProject.name = 'app'\ninclude 'a'", Some("app")),
            (
                "/* rootProject.name = 'no' */\n  rootProject.name=\"app\" // ours",
                Some("app"),
            ),
            ("// rootProject.name = 'app'", None),
            ("rootProject.name = \"$x\"", None),
            ("rootProject.name = name()", None),
            ("rootProject.name = 'a'\nrootProject.name = 'b'", None),
            ("rootProject.name = 'a", None),
            ("/* never ends", None),
        ] {
            assert_eq!(root_name(text).as_deref(), expected, "{text}");
        }
    }
}
