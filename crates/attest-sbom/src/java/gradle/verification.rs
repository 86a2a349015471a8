//! `gradle/verification-metadata.xml` in, the digests of the files of packages out.
//!
//! Source: Gradle user guide, "Verifying dependencies", and `dependency-verification-1.3.xsd`.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::xml;
use crate::Gap;
use crate::cyclonedx::Hash;
use crate::java::coordinates::Coordinates;

pub(super) const NAME: &str = "verification-metadata.xml";

/// The digests that Gradle knows, and what CycloneDX calls them, with the length in hexadecimal digits.
const ALGORITHMS: [(&str, &str, usize); 4] = [
    ("md5", "MD5", 32),
    ("sha1", "SHA-1", 40),
    ("sha256", "SHA-256", 64),
    ("sha512", "SHA-512", 128),
];

/// The digests of the jar of each package. A package whose file has several is left out: one of them is wrong.
#[derive(Debug, Default)]
pub(super) struct Checksums(BTreeMap<Coordinates, BTreeMap<&'static str, Option<String>>>);

impl Checksums {
    pub(super) fn of(&self, coordinates: &Coordinates) -> Vec<Hash> {
        let digests = self.0.get(coordinates).into_iter().flatten();
        let hash = |(alg, digest): (&&'static str, &Option<String>)| {
            let content = digest.clone()?;
            Some(Hash { alg, content })
        };
        digests.filter_map(hash).collect()
    }

    pub(super) fn add(&mut self, path: &str, bytes: &[u8]) -> Result<(), Gap> {
        let text = xml::text(bytes);
        let mut reader = Reader::from_str(&text);
        let damaged = |error: &dyn std::fmt::Display| Gap::new("damaged", path, format!("no XML: {error}"));
        let mut place = Place::default();
        loop {
            match reader.read_event().map_err(|error| damaged(&error))? {
                Event::Eof => return Ok(()),
                Event::Start(tag) | Event::Empty(tag) => self.tag(&tag, &mut place),
                _ => {}
            }
        }
    }

    fn tag(&mut self, tag: &BytesStart<'_>, place: &mut Place) {
        match tag.local_name().as_ref() {
            b"component" => {
                let text = |name: &str| attribute(tag, name).unwrap_or_default();
                place.component = Coordinates::new(&text("group"), &text("name"), Some(&text("version")));
                place.is_jar = false;
            }
            b"artifact" => {
                let jar = place
                    .component
                    .as_ref()
                    .and_then(|package| Some(format!("{}-{}.jar", package.artifact(), package.version()?)));
                place.is_jar = jar.is_some() && attribute(tag, "name") == jar;
            }
            name => {
                let found = ALGORITHMS.iter().find(|(known, _, _)| known.as_bytes() == name);
                if let (Some((_, alg, length)), Some(component), true) = (found, &place.component, place.is_jar) {
                    let digest = attribute(tag, "value").map(|value| value.to_ascii_lowercase());
                    if let Some(digest) = digest.filter(|digest| is_hex(digest, *length)) {
                        self.put(component, alg, digest);
                    }
                }
            }
        }
    }

    fn put(&mut self, component: &Coordinates, alg: &'static str, digest: String) {
        let digests = self.0.entry(component.clone()).or_default();
        match digests.get_mut(alg) {
            None => drop(digests.insert(alg, Some(digest))),
            Some(known) if known.as_ref() != Some(&digest) => *known = None,
            Some(_) => {}
        }
    }
}

/// Inside of what the reader is.
#[derive(Default)]
struct Place {
    component: Option<Coordinates>,
    is_jar: bool,
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.try_get_attribute(name).ok().flatten()?;
    let value = found.unescape_value().ok()?;
    Some(value.into_owned())
}
