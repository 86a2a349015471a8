use std::borrow::Cow;

use serde::Deserialize;

use super::loose::Loose;
use crate::Gap;
use crate::cyclonedx::{ExternalReference, LicenceChoice, ReferenceKind};
use crate::licence;
use crate::reference::external;
use crate::scan::Scan;

pub(super) const MANIFEST: &str = "package.json";

/// The largest manifests, of applications with their settings inside, take some 100 kB.
pub(super) const MANIFEST_LIMIT: u64 = 4 << 20;

/// How a licence begins that stands in a file of the package.
const IN_FILE: &str = "SEE LICENSE IN ";

/// What a package says of itself, in `package.json` or as npm's lock files repeat it.
///
/// Source: <https://docs.npmjs.com/cli/v11/configuring-npm/package-json>.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct Manifest<'a> {
    pub(super) name: Loose<'a>,
    pub(super) version: Loose<'a>,
    pub(super) license: Loose<'a>,
    pub(super) licenses: Loose<'a>,
    pub(super) repository: Loose<'a>,
    pub(super) dependencies: Loose<'a>,
    pub(super) dev_dependencies: Loose<'a>,
    pub(super) optional_dependencies: Loose<'a>,
    pub(super) peer_dependencies: Loose<'a>,
    pub(super) workspaces: Loose<'a>,
    pub(super) resolutions: Loose<'a>,
    /// What follows is in lock files only, but for the systems.
    pub(super) resolved: Loose<'a>,
    pub(super) integrity: Loose<'a>,
    pub(super) link: Loose<'a>,
    pub(super) dev: Loose<'a>,
    pub(super) os: Loose<'a>,
    pub(super) cpu: Loose<'a>,
    pub(super) libc: Loose<'a>,
}

/// How much one package needs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// It does not run without.
    Required,
    /// It may be missing: an optional dependency, or one that whoever uses the package brings along.
    Optional,
    /// Whoever works on the package needs it.
    Development,
}

impl<'a> Manifest<'a> {
    pub(super) fn parse(text: &'a str, path: &str) -> Result<Self, Gap> {
        if !text.trim_start().starts_with('{') {
            return Err(Gap::new("damaged", path, "expected a table of JSON"));
        }
        serde_json::from_str(text).map_err(|error| Gap::new("damaged", path, error.to_string()))
    }

    /// The names of what is needed, with the range, in the order of the names; each once.
    ///
    /// A package that stands in several tables counts as npm counts it: what is optional is optional although it is needed,
    /// and what is needed is needed although it is for development, too.
    pub(super) fn needs(&self, with_development: bool) -> Vec<(&str, &str, Need)> {
        let mut tables = self.without_peers();
        tables.retain(|(_, need)| with_development || *need != Need::Development);
        tables.push((&self.peer_dependencies, Need::Optional));
        each_once(tables)
    }

    /// The same without what whoever uses the package brings along.
    pub(super) fn needs_without_peers(&self) -> Vec<(&str, &str, Need)> {
        each_once(self.without_peers())
    }

    fn without_peers(&self) -> Vec<(&Loose<'a>, Need)> {
        vec![
            (&self.optional_dependencies, Need::Optional),
            (&self.dependencies, Need::Required),
            (&self.dev_dependencies, Need::Development),
        ]
    }

    /// The licence as declared, in the forms of today and of the time before npm 2.
    pub(super) fn licences(&self) -> Vec<LicenceChoice> {
        let mut names = Vec::new();
        for declared in [&self.license, &self.licenses] {
            if names.is_empty() {
                collect_licences(declared, &mut names);
            }
        }
        match names.as_slice() {
            [one] if one.strip_prefix(IN_FILE).is_some_and(leads_out) => {
                licence::declared(None, Some(one[IN_FILE.len()..].trim()))
            }
            // A list stood for a choice before there were expressions: npm's documentation makes `OR` of it.
            names => licence::declared(Some(&names.join(" OR ")), None),
        }
    }

    /// Where its sources lie, if anybody may look.
    pub(super) fn repository(&self) -> Option<ExternalReference> {
        let address = self.repository.text().or_else(|| self.repository.at("url").text())?;
        let address = address.strip_prefix("git+").unwrap_or(address);
        let address: Cow<'_, str> = match address.strip_prefix("github:").unwrap_or(address) {
            short if is_short(short) => format!("https://github.com/{short}").into(),
            _ => address.into(),
        };
        external(ReferenceKind::Vcs, Some(&address))
    }

    /// The patterns of the folders of a workspace.
    pub(super) fn workspaces(&self) -> impl Iterator<Item = &str> {
        let list = match self.workspaces.list() {
            [] => self.workspaces.at("packages").list(),
            list => list,
        };
        list.iter().filter_map(Loose::text)
    }
}

fn each_once<'m>(tables: Vec<(&'m Loose<'_>, Need)>) -> Vec<(&'m str, &'m str, Need)> {
    let mut needs = Vec::new();
    for (table, need) in tables {
        needs.extend(table.texts().map(|(name, range)| (name, range, need)));
    }
    // Sorting keeps the order of those with one name: the first one counts.
    needs.sort_by(|a, b| a.0.cmp(b.0));
    needs.dedup_by(|later, first| later.0 == first.0);
    needs
}

/// `owner/name`.
fn is_short(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    text.matches('/').count() == 1 && text.chars().all(allowed) && !text.starts_with(['/', '.']) && !text.ends_with('/')
}

fn collect_licences<'l>(declared: &'l Loose<'_>, names: &mut Vec<&'l str>) {
    let one = |value: &'l Loose<'_>| {
        let named = ["type", "name"].into_iter().find_map(|key| value.at(key).text());
        value.text().or(named)
    };
    names.extend(one(declared));
    names.extend(declared.list().iter().filter_map(one));
}

/// The text of a manifest; nothing if there is none. What is wrong with it is a gap.
pub(super) fn text(scan: &Scan<'_>, path: &str) -> Result<Option<String>, Gap> {
    scan.text(path, MANIFEST_LIMIT)
}

/// Whether a path is of the machine on which somebody wrote it, and not of the package.
fn leads_out(path: &str) -> bool {
    let path = path.trim();
    path.starts_with(['/', '~', '\\']) || path.contains(':') || path.split(['/', '\\']).any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cyclonedx::{LicenceChoice, NamedLicence};

    fn licence_of(text: &str) -> Option<String> {
        match Manifest::parse(text, MANIFEST).unwrap().licences().pop()? {
            LicenceChoice::Expression { expression, .. } => Some(expression),
            LicenceChoice::Named {
                license: NamedLicence { name, .. },
            } => Some(format!("named {name}")),
        }
    }

    #[test]
    fn a_licence_is_read_in_every_form_that_npm_ever_had() {
        for (text, expected) in [
            (r#"{"license": "MIT"}"#, Some("MIT")),
            (
                r#"{"license": {"type": "MIT", "url": "https://example.com"}}"#,
                Some("MIT"),
            ),
            (
                r#"{"licenses": [{"type": "MIT"}, {"type": "Apache-2.0"}]}"#,
                Some("MIT OR Apache-2.0"),
            ),
            (r#"{"licenses": ["MIT", "ISC"]}"#, Some("MIT OR ISC")),
            (
                r#"{"licenses": [{"type": "MIT"}, {"type": "my own"}]}"#,
                Some("named MIT OR my own"),
            ),
            (r#"{"license": "(MIT OR CC0-1.0)"}"#, Some("(MIT OR CC0-1.0)")),
            (
                r#"{"license": "SEE LICENSE IN legal/COPYING"}"#,
                Some("named SEE LICENSE IN legal/COPYING"),
            ),
            (
                r#"{"license": "SEE LICENSE IN ../../home/x/COPYING"}"#,
                Some("named see COPYING"),
            ),
            (
                r#"{"license": "SEE LICENSE IN /home/x/COPYING"}"#,
                Some("named see COPYING"),
            ),
            (r#"{"license": "UNLICENSED"}"#, Some("named UNLICENSED")),
            (r#"{"license": 1, "licenses": {}}"#, None),
        ] {
            assert_eq!(licence_of(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_needed_is_listed_once() {
        let text = r#"{"dependencies": {"b": "1", "a": "1", "c": "1"}, "optionalDependencies": {"a": "2"},
            "devDependencies": {"b": "2", "d": "1"}, "peerDependencies": {"d": "2", "e": "1"}}"#;
        let manifest = Manifest::parse(text, MANIFEST).unwrap();
        let expected = [
            ("a", "2", Need::Optional),
            ("b", "1", Need::Required),
            ("c", "1", Need::Required),
            ("d", "1", Need::Development),
            ("e", "1", Need::Optional),
        ];
        assert_eq!(manifest.needs(true), expected);
        assert_eq!(manifest.needs(false)[3], ("d", "2", Need::Optional));
    }

    #[test]
    fn a_repository_is_public_or_not_said() {
        for (text, expected) in [
            (r#"{"repository": "owner/name"}"#, Some("https://github.com/owner/name")),
            (
                r#"{"repository": "github:owner/name"}"#,
                Some("https://github.com/owner/name"),
            ),
            (
                r#"{"repository": {"type": "git", "url": "git+https://user:secret@example.com/a.git"}}"#,
                Some("https://example.com/a.git"),
            ),
            (r#"{"repository": "../somewhere"}"#, None),
            (r#"{"repository": {"url": "git@example.com:a/b"}}"#, None),
        ] {
            let found = Manifest::parse(text, MANIFEST).unwrap().repository();
            assert_eq!(found.map(|reference| reference.url).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_manifest_that_is_no_table_is_damaged() {
        for text in ["[]", "1", "", "{", "\"a\""] {
            let gap = Manifest::parse(text, "a/package.json").unwrap_err();
            assert_eq!((gap.code(), gap.place()), ("damaged", "a/package.json"), "{text}");
        }
    }

    #[test]
    fn the_folders_of_a_workspace_stand_in_a_list_or_in_a_table() {
        for text in [
            r#"{"workspaces": ["a/*", 1]}"#,
            r#"{"workspaces": {"packages": ["a/*"], "nohoist": ["b"]}}"#,
        ] {
            let manifest = Manifest::parse(text, MANIFEST).unwrap();
            assert_eq!(manifest.workspaces().collect::<Vec<_>>(), ["a/*"]);
        }
    }
}
