//! A finished document in, the bytes of a format out.

mod lower;
mod spdx;
mod xml;

use std::fmt;
use std::str::FromStr;

use crate::document::Document;
use crate::{Bom, Error};

/// A format in which a document is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// CycloneDX 1.4 as JSON.
    CycloneDx14,
    /// CycloneDX 1.5 as JSON.
    CycloneDx15,
    /// CycloneDX 1.6 as JSON, in which nothing is lost.
    #[default]
    CycloneDx16,
    /// CycloneDX 1.7 as JSON.
    CycloneDx17,
    /// CycloneDX 1.4 as XML.
    CycloneDxXml14,
    /// CycloneDX 1.5 as XML.
    CycloneDxXml15,
    /// SPDX 2.3 as JSON.
    Spdx23,
}

/// The names of the formats. One without a version stands for the first of its kind.
const NAMES: &[(Format, &str)] = &[
    (Format::CycloneDx16, "cyclonedx-json@1.6"),
    (Format::CycloneDx14, "cyclonedx-json@1.4"),
    (Format::CycloneDx15, "cyclonedx-json@1.5"),
    (Format::CycloneDx17, "cyclonedx-json@1.7"),
    (Format::CycloneDxXml15, "cyclonedx-xml@1.5"),
    (Format::CycloneDxXml14, "cyclonedx-xml@1.4"),
    (Format::Spdx23, "spdx-json@2.3"),
];

impl Format {
    /// Every format, each default before the other versions of its kind.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        NAMES.iter().map(|(format, _)| *format)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = NAMES.iter().find(|(format, _)| format == self);
        f.write_str(found.map_or("", |(_, name)| name))
    }
}

/// Reads a name as syft writes them: `cyclonedx-json`, `cyclonedx-json@1.5`, `spdx-json`.
impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_meant = |name: &&str| *name == text || name.split('@').next() == Some(text);
        let found = NAMES.iter().find(|(_, name)| is_meant(name));
        found
            .map(|(format, _)| *format)
            .ok_or_else(|| Error::UnknownFormat { found: text.to_owned() })
    }
}

impl Bom {
    /// The document in a format. What a format has no place for is moved to properties, or left out: see `docs/SBOM.md`.
    ///
    /// # Errors
    /// [`Error::Unwritable`] when a value cannot stand in the format, such as a control character in XML.
    pub fn write(&self, format: Format) -> Result<Vec<u8>, Error> {
        let lowered = |version| {
            let document = serde_json::from_slice(&self.to_json()).expect("what was written here is JSON");
            lower::lower(document, version)
        };
        Ok(match format {
            Format::CycloneDx16 => self.to_json(),
            Format::CycloneDx14 => crate::bom::in_lines(&lowered(lower::Version::V1_4)),
            Format::CycloneDx15 => crate::bom::in_lines(&lowered(lower::Version::V1_5)),
            Format::CycloneDx17 => crate::bom::in_lines(&lowered(lower::Version::V1_7)),
            Format::CycloneDxXml14 => xml::write(lowered(lower::Version::V1_4), xml::Version::V1_4)?,
            Format::CycloneDxXml15 => xml::write(lowered(lower::Version::V1_5), xml::Version::V1_5)?,
            Format::Spdx23 => spdx::write(&Document::read(&self.to_json())?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_named_once_and_read_back() {
        for format in Format::all() {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        for (name, expected) in [
            ("cyclonedx-json", Format::CycloneDx16),
            ("cyclonedx-xml", Format::CycloneDxXml15),
            ("spdx-json", Format::Spdx23),
        ] {
            assert_eq!(name.parse(), Ok(expected));
        }
    }

    #[test]
    fn a_format_that_nobody_writes_is_refused_by_name() {
        for found in ["", "cyclonedx-json@", "cyclonedx-json@1.3", "cyclonedx-xml@1.6", "@1.6"] {
            let expected = Error::UnknownFormat {
                found: found.to_owned(),
            };
            assert_eq!(found.parse::<Format>(), Err(expected));
        }
    }
}
