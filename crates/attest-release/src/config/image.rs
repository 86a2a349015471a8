use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use attest_archive::image::{Assignment, Settings, Tag, Word};

use super::binary::Binary;
use super::keys;
use super::output::template;
use super::problem::{ProblemKind, nearest};
use super::publish::{Place, publish};
use super::reader::Section;
use super::value::ProjectPath;
use crate::template::{Scope, Template, Values};

/// One `[[image]]`: binaries of the release for every Linux target, as one OCI image layout.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Image {
    /// The file's name without its extension.
    pub name: Template,
    /// The binaries in it; all of them when nobody named any.
    pub binaries: Option<Vec<String>>,
    /// What has an image of the same platform that lies below.
    pub base: Option<ImageBase>,
    /// What the base is called.
    pub base_name: Option<Word>,
    /// How containers are started. Without an entrypoint, it is the only binary.
    pub settings: Settings,
    /// Said of every manifest, and of the index, beside what the project says of itself.
    pub annotations: BTreeMap<String, String>,
    /// The names of the image in the layout, and in a registry.
    pub tags: Vec<Template>,
    /// The repository that it is published in.
    pub publish: Option<Template>,
}

/// Where the base of an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageBase {
    /// A layout in the project, a directory or an archive.
    Layout(ProjectPath),
    /// An image of a registry, as it was written. Whoever fetches it reads what stands there.
    Registry(String),
}

impl ImageBase {
    /// The path, if it is one.
    #[must_use]
    pub fn layout(&self) -> Option<&ProjectPath> {
        match self {
            Self::Layout(path) => Some(path),
            Self::Registry(_) => None,
        }
    }
}

impl FromStr for ImageBase {
    type Err = ProblemKind;

    /// What has a digest, or says so, is of a registry: no name of a layout is taken for one.
    fn from_str(text: &str) -> Result<Self, ProblemKind> {
        let is_pinned = text.contains("@sha256:") || text.contains("@sha512:");
        match (is_pinned || text.starts_with("oci://")) && !text.contains(char::is_whitespace) {
            true => Ok(Self::Registry(text.to_owned())),
            false => text.parse().map(Self::Layout),
        }
    }
}

impl fmt::Display for ImageBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(path) => path.fmt(f),
            Self::Registry(reference) => f.write_str(reference),
        }
    }
}

pub(super) fn images(top: &Section<'_>, binaries: &[Binary]) -> Vec<Image> {
    let sections = top.tables("image", keys::IMAGE);
    sections.iter().map(|section| image(section, binaries)).collect()
}

fn image(section: &Section<'_>, binaries: &[Binary]) -> Image {
    Image {
        name: template(section, "name", Scope::Release, "{name}-{version}-image"),
        binaries: all(section, "binaries", |text| known_binary(text, binaries)),
        base: section.parsed("base", str::parse::<ImageBase>),
        base_name: one(section, "base-name"),
        settings: settings(section),
        annotations: texts(section, "annotations"),
        tags: all(section, "tags", tag).unwrap_or_else(|| vec![tag("{version}").expect("our own tag is a tag")]),
        publish: publish(section, Place::Repository),
    }
}

fn settings(section: &Section<'_>) -> Settings {
    Settings {
        entrypoint: all(section, "entrypoint", argument),
        command: all(section, "command", argument),
        environment: environment(section),
        user: one(section, "user"),
        directory: one(section, "directory"),
        labels: texts(section, "labels"),
        ports: several(section, "ports"),
        volumes: several(section, "volumes"),
        stop_signal: one(section, "stop-signal"),
    }
}

fn known_binary(text: &str, binaries: &[Binary]) -> Result<String, ProblemKind> {
    let names = binaries.iter().map(|binary| binary.name.as_str());
    match names.clone().any(|name| name == text) {
        true => Ok(text.to_owned()),
        false => Err(ProblemKind::UnknownWord {
            key: "image.binaries".to_owned(),
            expected: names.clone().map(str::to_owned).collect(),
            found: text.escape_debug().to_string(),
            nearest: nearest(text, names),
        }),
    }
}

/// What some values of a release make of it is found while planning.
fn tag(text: &str) -> Result<Template, ProblemKind> {
    let template = Template::parse(text, Scope::Release)?;
    let values = Values {
        name: "name",
        version: "1",
        target: None,
    };
    of_image("image.tags", template.render(&values).parse::<Tag>())?;
    Ok(template)
}

fn argument(text: &str) -> Result<String, ProblemKind> {
    match text.contains('\0') {
        false => Ok(text.to_owned()),
        true => Err(ProblemKind::Unusable {
            key: "image.entrypoint".to_owned(),
            expected: "an argument without NUL",
            found: text.escape_debug().to_string(),
        }),
    }
}

fn environment(section: &Section<'_>) -> Vec<Assignment> {
    let variables = section.entries("environment").into_iter().filter_map(|(name, value)| {
        let is_name = !name.value.contains('=');
        let assignment = match is_name {
            true => format!("{}={}", name.value, value.value).parse::<Assignment>(),
            // What stands before the first equals sign would be another name.
            false => "".parse(),
        };
        let assignment = of_image("image.environment", assignment).map_err(|kind| match kind {
            ProblemKind::Unusable { key, .. } => ProblemKind::Unusable {
                key,
                expected: "the name of a variable",
                found: name.value.escape_debug().to_string(),
            },
            other => other,
        });
        section.accept(name.offset, assignment)
    });
    variables.collect()
}

fn texts(section: &Section<'_>, key: &str) -> BTreeMap<String, String> {
    let entries = section.entries(key).into_iter().filter_map(|(name, value)| {
        let key = match name.value.is_empty() {
            false => Ok(name.value.to_owned()),
            true => Err(ProblemKind::Unusable {
                key: section.key_path(key),
                expected: "a key that is not empty",
                found: String::new(),
            }),
        };
        Some((section.accept(name.offset, key)?, value.value.to_owned()))
    });
    entries.collect()
}

fn all<T>(section: &Section<'_>, key: &str, parse: impl Fn(&str) -> Result<T, ProblemKind>) -> Option<Vec<T>> {
    let located = section.all_parsed(key, parse)?;
    Some(located.into_iter().map(|item| item.value).collect())
}

fn one<T: FromStr<Err = attest_archive::image::Error>>(section: &Section<'_>, key: &str) -> Option<T> {
    section.parsed(key, |text| of_image(&section.key_path(key), text.parse()))
}

fn several<T: FromStr<Err = attest_archive::image::Error> + Ord>(section: &Section<'_>, key: &str) -> BTreeSet<T> {
    let found = all(section, key, |text| of_image(&section.key_path(key), text.parse()));
    found.unwrap_or_default().into_iter().collect()
}

fn of_image<T>(key: &str, result: Result<T, attest_archive::image::Error>) -> Result<T, ProblemKind> {
    result.map_err(|error| match error {
        attest_archive::image::Error::Setting { expected, found } => ProblemKind::Unusable {
            key: key.to_owned(),
            expected,
            found: found.escape_debug().to_string(),
        },
        other => ProblemKind::Syntax {
            detail: other.to_string(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_of_a_registry_if_it_says_so_or_has_a_digest() {
        for text in ["oci://debian", "docker.io/library/debian:12@sha256:00", "a@sha512:00"] {
            assert_eq!(text.parse::<ImageBase>().unwrap(), ImageBase::Registry(text.to_owned()));
        }
        for text in ["base", "base/debian.oci", "docker.io/library/debian"] {
            let base: ImageBase = text.parse().unwrap();
            assert_eq!(base.layout().map(ProjectPath::as_str), Some(text));
        }
        assert!("../base".parse::<ImageBase>().is_err());
        assert!("a b@sha256:00\n".parse::<ImageBase>().is_err());
    }
}
