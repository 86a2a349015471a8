//! `META-INF/MANIFEST.MF` in, its attributes out.
//!
//! Source: JAR File Specification, section "JAR Manifest": names in any case, lines of at most 72 bytes, the rest of a
//! longer one after a blank.

use std::collections::BTreeMap;

/// The main section: names in lower case. Who made the jar is taken from a section of one of its packages where the main
/// one does not say it.
#[derive(Debug, Default)]
pub(super) struct Manifest(BTreeMap<String, String>);

/// What is of use; the rest, such as lists of all packages, is not kept.
const KEPT: [&str; 13] = [
    "automatic-module-name",
    "bundle-license",
    "bundle-symbolicname",
    "bundle-vendor",
    "bundle-version",
    "implementation-title",
    "implementation-vendor",
    "implementation-vendor-id",
    "implementation-version",
    "main-class",
    "rsrc-main-class",
    "specification-vendor",
    "start-class",
];

/// What old jars say of each package.
const OF_PACKAGES: [&str; 2] = ["implementation-vendor", "specification-vendor"];

impl Manifest {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut attributes = BTreeMap::new();
        for (number, section) in sections(bytes).iter().enumerate() {
            for line in section {
                let line = String::from_utf8_lossy(line);
                let Some((name, value)) = line.split_once(':') else {
                    continue;
                };
                let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
                let counts = number == 0 || OF_PACKAGES.contains(&name.as_str());
                if counts && KEPT.contains(&name.as_str()) && !value.is_empty() && !attributes.contains_key(&name) {
                    attributes.insert(name, value.to_owned());
                }
            }
        }
        Self(attributes)
    }

    /// An attribute, by its name in lower case.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The first of some attributes that is there, and was filled in when the jar was made.
    pub(super) fn first(&self, names: &[&str]) -> Option<&str> {
        let mut values = names.iter().filter_map(|name| self.attribute(name));
        values.find(|value| !value.contains("${") && !value.contains("@@"))
    }
}

/// The lines of each section, put together: one may end inside of a character.
fn sections(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut sections: Vec<Vec<Vec<u8>>> = vec![Vec::new()];
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let section = sections.last_mut().expect("there is always one");
        match (line.first(), section.last_mut()) {
            (None, None) => {}
            (None, Some(_)) => sections.push(Vec::new()),
            (Some(b' '), Some(before)) => before.extend_from_slice(&line[1..]),
            _ => section.push(line.to_vec()),
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_put_together_and_other_sections_are_not_read() {
        let text = "Manifest-Version: 1.0\r\nBundle-License: https://example.com/a\r\n b;description=\"caf\u{e9}\"\r\nBundle-Version: \r\n\r\n\
                    Name: x/\r\nImplementation-Title: other\r\nImplementation-Vendor: Example\r\n";
        let manifest = Manifest::parse(text.as_bytes());
        assert_eq!(
            manifest.attribute("bundle-license"),
            Some("https://example.com/ab;description=\"caf\u{e9}\"")
        );
        assert_eq!(manifest.attribute("implementation-title"), None);
        assert_eq!(manifest.attribute("implementation-vendor"), Some("Example"));
        assert_eq!(manifest.attribute("bundle-version"), None);
    }

    #[test]
    fn what_was_never_filled_in_is_nothing() {
        let manifest = Manifest::parse(b"Implementation-Vendor: ${vendor}\nBundle-Vendor: Example\n");
        assert_eq!(
            manifest.first(&["implementation-vendor", "bundle-vendor"]),
            Some("Example")
        );
        assert_eq!(manifest.first(&["implementation-vendor"]), None);
    }
}
