use std::fmt;
use std::str::FromStr;

use attest_digest::{Algorithm, Measured};

use crate::cyclonedx::{Component, ComponentKind, Contact, Hash, OrganizationalEntity, Property};
use crate::{Error, Profile, contact};

/// What a document is about, as far as the records do not say it themselves.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// Name of the package, or `name@version`. Without it: the root package, else the only member with a binary.
    pub package: Option<String>,
    /// The binaries that came out of the build.
    pub files: Vec<File>,
}

/// A file that was measured, under the name it is shipped with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    name: String,
    measured: Measured,
}

impl File {
    /// Takes a file by its name, which may hold folders separated by `/`.
    ///
    /// # Errors
    /// [`Error::InvalidFileName`] unless the name is relative, without `..` and control characters;
    /// [`Error::NoDigest`] when SHA-256 was not measured.
    pub fn new(name: impl Into<String>, measured: Measured) -> Result<Self, Error> {
        let name = name.into();
        if name.chars().any(char::is_control) || name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(Error::InvalidFileName { found: name });
        }
        if measured.digest(Algorithm::Sha256).is_none() {
            return Err(Error::NoDigest { name });
        }
        Ok(Self { name, measured })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn hashes(&self) -> Vec<Hash> {
        let measured = self.measured.digests().iter();
        measured
            .filter_map(|digest| {
                let alg = hash_name(digest.algorithm())?;
                let content = digest.to_hex();
                Some(Hash { alg, content })
            })
            .collect()
    }

    /// The file as a component; `owner` makes its reference unique.
    pub(crate) fn component(&self, owner: &str) -> Component {
        Component {
            bom_ref: Some(format!("{owner}#{}", self.name)),
            hashes: self.hashes(),
            properties: vec![self.size_property()],
            ..Component::new(ComponentKind::File, self.name.as_str())
        }
    }

    fn size_property(&self) -> Property {
        size_property(self.measured.size())
    }

    /// The files in the order of their names, each name once.
    pub(crate) fn sorted(files: &[Self]) -> Result<Vec<&Self>, Error> {
        let mut sorted: Vec<_> = files.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        match sorted.windows(2).find(|pair| pair[0].name == pair[1].name) {
            Some(pair) => Err(Error::DuplicateFile {
                name: pair[0].name.clone(),
            }),
            None => Ok(sorted),
        }
    }
}

/// The property of a file that says how many bytes it has.
pub(crate) const SIZE: &str = "attest:size";

pub(crate) fn size_property(size: u64) -> Property {
    Property {
        name: SIZE,
        value: size.to_string(),
    }
}

/// One file is the thing itself; several are its parts.
pub(crate) fn with_files(mut root: Component, files: &[File]) -> Result<Component, Error> {
    let owner = root.bom_ref.clone().unwrap_or_default();
    match File::sorted(files)?.as_slice() {
        [] => {}
        [only] => {
            root.hashes = only.hashes();
            root.properties.retain(|property| property.name != SIZE);
            root.properties.push(only.size_property());
            root.file = Some(only.name.clone());
        }
        several => root
            .components
            .extend(several.iter().map(|file| file.component(&owner))),
    }
    Ok(root)
}

/// The name that CycloneDX has for an algorithm, if it has one.
fn hash_name(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::Sha256 => Some("SHA-256"),
        Algorithm::Sha384 => Some("SHA-384"),
        Algorithm::Sha512 => Some("SHA-512"),
        Algorithm::Blake3 => Some("BLAKE3"),
        _ => None,
    }
}

/// What the maker of a document says of it. All of it is optional, and nothing is made up.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    /// The moment that the document stands for: `SOURCE_DATE_EPOCH` or the time of the commit, never the clock.
    pub timestamp: Option<Timestamp>,
    /// The organization that made the document.
    pub manufacturer: Option<Organization>,
    /// The people who made the document.
    pub authors: Vec<Author>,
    /// Who supplies the thing that it describes.
    pub supplier: Option<Organization>,
    /// Whose wishes the document meets.
    pub profile: Profile,
    /// What is known of the thing itself; what its own manifest says goes before.
    pub about: About,
}

/// What a project says of itself, as it would stand in a manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// What it is, in a sentence.
    pub description: Option<String>,
    /// Its licence: an SPDX expression, or a name.
    pub license: Option<String>,
    /// Where its sources are published.
    pub repository: Option<String>,
    /// The project that it is of: it is supplied by the account of the repository, else by the project.
    pub project: Option<String>,
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its name.
    pub name: String,
    /// Its address on the web.
    pub url: Option<String>,
    /// Its address for mail.
    pub email: Option<String>,
}

impl Organization {
    /// One of which nothing but the name is known; nothing for an empty text, or one with control characters.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let name = text.trim();
        let is_name = !name.is_empty() && !name.chars().any(char::is_control);
        is_name.then(|| Self {
            name: name.to_owned(),
            url: None,
            email: None,
        })
    }
}

impl From<&Organization> for OrganizationalEntity {
    fn from(organization: &Organization) -> Self {
        let contact = |email: &String| Contact {
            name: None,
            email: Some(email.clone()),
        };
        Self {
            name: organization.name.clone(),
            url: organization.url.iter().cloned().collect(),
            contact: organization.email.iter().map(contact).collect(),
        }
    }
}

/// Somebody who made a document: `Name <mail>`, or either of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author(Contact);

impl Author {
    /// Nothing for an empty text.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        contact::author(text).map(Self)
    }

    pub(crate) fn contact(&self) -> Contact {
        self.0.clone()
    }
}

/// A moment in whole seconds, shown as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Takes seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`Error::InvalidTimestamp`] before 1970 or after the year 9999.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, Error> {
        let invalid = || Error::InvalidTimestamp {
            found: seconds.to_string(),
        };
        if seconds < 0 {
            return Err(invalid());
        }
        jiff::Timestamp::from_second(seconds).map(Self).map_err(|_| invalid())
    }
}

impl Timestamp {
    /// Takes a moment as documents have it, without its fraction of a second.
    ///
    /// # Errors
    /// [`Error::InvalidTimestamp`] for another form, and before 1970.
    pub fn from_rfc3339(text: &str) -> Result<Self, Error> {
        let moment: jiff::Timestamp = text
            .parse()
            .map_err(|_| Error::InvalidTimestamp { found: text.to_owned() })?;
        Self::from_unix_seconds(moment.as_second())
    }
}

/// Reads the text of `SOURCE_DATE_EPOCH`.
impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || Error::InvalidTimestamp { found: text.to_owned() };
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        Self::from_unix_seconds(text.parse().map_err(|_| invalid())?)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use attest_digest::Algorithms;

    use super::*;

    #[test]
    fn a_timestamp_is_shown_in_utc_without_fractions() {
        let timestamp: Timestamp = "1700000000".parse().unwrap();
        assert_eq!(timestamp.to_string(), "2023-11-14T22:13:20Z");
    }

    #[test]
    fn a_timestamp_that_is_no_plain_number_is_rejected() {
        for found in ["", "-1", "+1", "1.5", " 1", "253402300800000", "99999999999999999999"] {
            let expected = Error::InvalidTimestamp { found: found.into() };
            assert_eq!(found.parse::<Timestamp>(), Err(expected));
        }
    }

    #[test]
    fn a_file_name_that_leaves_its_folder_is_rejected() {
        let algorithms = Algorithms::one(Algorithm::Sha256);
        let measured = Measured::of_bytes(b"x", &algorithms);
        for found in ["", "/app", "../app", "a//b", "a/./b", "a\nb"] {
            let expected = Error::InvalidFileName { found: found.into() };
            assert_eq!(File::new(found, measured.clone()), Err(expected));
        }
        assert_eq!(File::new("bin/app", measured).unwrap().name(), "bin/app");
    }

    #[test]
    fn a_file_without_sha256_is_rejected() {
        let measured = Measured::of_bytes(b"x", &Algorithms::one(Algorithm::Sha512));
        let expected = Error::NoDigest { name: "app".into() };
        assert_eq!(File::new("app", measured), Err(expected));
    }
}
