//! Lists of the packages that a jar was built with in, what they say of the licences of each out.

use super::maven::model::Licence;
use super::{Coordinates, licences};
use crate::cyclonedx::LicenceChoice;

/// The longest lists, of applications, name some hundreds.
const MAX_PACKAGES: usize = 5_000;

/// Whether a member of a jar is one of those lists: `DEPENDENCIES` of the projects of Apache, `THIRD-PARTY.txt` of others.
pub(super) fn is_list(name: &str) -> bool {
    let (directory, file) = name.rsplit_once('/').unwrap_or(("", name));
    match file {
        "DEPENDENCIES" | "DEPENDENCIES.txt" => matches!(directory, "" | "META-INF"),
        "THIRD-PARTY.txt" => true,
        _ => false,
    }
}

/// Every package of a list with its licences, if it names some.
///
/// Source: the template `DEPENDENCIES.vm` of Apache's resource bundle, and the default template of the plug-in
/// `license-maven-plugin`. Any text is one of these lists.
pub(super) fn parse(text: &str) -> Vec<(Coordinates, Vec<LicenceChoice>)> {
    let mut found: Vec<(Coordinates, Vec<Licence>)> = Vec::new();
    let mut is_open = false;
    for line in text.lines().map(str::trim) {
        if found.len() == MAX_PACKAGES {
            break;
        }
        if let Some(named) = line.strip_prefix("- ") {
            let package = named.rsplit(' ').next().and_then(coordinates);
            is_open = package.is_some();
            found.extend(package.map(|package| (package, Vec::new())));
        } else if let Some(named) = line.strip_prefix("License:") {
            if let (true, Some((_, licences))) = (is_open, found.last_mut()) {
                licences.push(licence(named));
            }
        } else if line.starts_with('(') {
            is_open = false;
            found.extend(third_party(line));
        }
    }
    let named = found
        .into_iter()
        .map(|(package, names)| (package, licences::of_pom(&names)));
    named.filter(|(_, licences)| !licences.is_empty()).collect()
}

/// `GROUP:ARTIFACT:TYPE:VERSION`, in front of the version a classifier or none.
fn coordinates(text: &str) -> Option<Coordinates> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        [group, artifact, _, version] | [group, artifact, _, _, version] => {
            Coordinates::new(group, artifact, Some(version))
        }
        _ => None,
    }
}

/// `NAME (ADDRESS)`; in a name there may be brackets, too.
fn licence(text: &str) -> Licence {
    let address = text.trim().strip_suffix(')').and_then(|text| text.rsplit_once('('));
    let address = address.filter(|(_, address)| address.contains("://"));
    let (name, url) = address.map_or((text, None), |(name, url)| (name, Some(url)));
    Licence {
        name: Some(name.trim().to_owned()).filter(|name| !name.is_empty()),
        url: url.map(str::to_owned),
    }
}

/// `(LICENCE) (LICENCE) NAME (GROUP:ARTIFACT:VERSION - ADDRESS)`.
fn third_party(line: &str) -> Option<(Coordinates, Vec<Licence>)> {
    let (before, package) = line.strip_suffix(')')?.rsplit_once('(')?;
    let package = package.split(" - ").next()?;
    let parts: Vec<&str> = package.split(':').collect();
    let [group, artifact, version] = parts.as_slice() else {
        return None;
    };
    let coordinates = Coordinates::new(group, artifact, Some(version))?;
    let mut licences = Vec::new();
    let mut rest = before;
    while let Some((name, after)) = bracketed(rest) {
        licences.push(licence(name));
        rest = after.trim_start();
    }
    Some((coordinates, licences))
}

/// What stands in the brackets at the beginning, which may hold others, and what comes after them.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with('(') {
        return None;
    }
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[1..at], &text[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let shown = parse(text).into_iter().map(|(package, licences)| {
            let licences = serde_json::to_value(licences).unwrap();
            let one = licences[0]["expression"].as_str();
            format!("{package} {}", one.or(licences[0]["license"]["name"].as_str()).unwrap())
        });
        shown.collect()
    }

    #[test]
    fn a_list_of_dependencies_names_a_package_and_then_its_licences() {
        let text = "// Transitive dependencies of this project\n\nFrom: 'Example' (http://example.org)\n  \
            - One API (http://example.org/one) org.example:one:jar:1.2\n    License: MIT License  (http://example.org/mit)\n\n  \
            - Two (http://example.org) org.example:two:jar:tests:3\n    License: EPL 2.0  (https://www.eclipse.org/legal/epl-2.0)\n    \
            License: Ours (and yours)\n  - no package\n    License: MIT\n  - None (x) org.example:none:jar:1\n";
        assert_eq!(shown(text), ["org.example:one:1.2 MIT", "org.example:two:3 EPL 2.0"]);
    }

    #[test]
    fn a_list_of_third_parties_names_the_licences_and_then_the_package() {
        let text = "Lists of 2 third-party dependencies.\n     (EPL 2.0) (GPL2 w/ CPE) A (a) thing (g:a:1.0 - https://example.org)\n     \
            (The Apache License (2.0), Version 2.0) B (g:b:2 - no url defined)\n     (MIT) nobody\n     (MIT (g:c:1 - x)\n";
        assert_eq!(
            shown(text),
            [
                "g:a:1.0 EPL-2.0 OR GPL-2.0-only WITH Classpath-exception-2.0",
                "g:b:2 The Apache License (2.0), Version 2.0"
            ]
        );
    }

    #[test]
    fn the_lists_are_known_by_their_names() {
        for name in [
            "META-INF/DEPENDENCIES",
            "DEPENDENCIES.txt",
            "WEB-INF/classes/THIRD-PARTY.txt",
        ] {
            assert!(is_list(name), "{name}");
        }
        for name in ["org/example/DEPENDENCIES", "META-INF/NOTICE", "THIRD-PARTY.html"] {
            assert!(!is_list(name), "{name}");
        }
    }
}
