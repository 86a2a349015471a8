use std::collections::BTreeSet;

use super::name::{InvalidName, ProjectName};
use super::tag::{InvalidTag, Tag};
use super::version::{InvalidVersion, Version};
use crate::error::visible;

/// What the file name of a wheel or an sdist says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// The project.
    pub name: ProjectName,
    /// Its version.
    pub version: Version,
    /// What there is only for a wheel; none for an sdist.
    pub wheel: Option<WheelTags>,
}

/// What the file name of a wheel says beyond name and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelTags {
    /// The build tag, which begins with a digit.
    pub build: Option<String>,
    /// The tags, expanded.
    pub tags: BTreeSet<Tag>,
    /// The tags as they are written.
    pub compressed: String,
}

/// Why a file name is that of no wheel and no sdist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFileName {
    /// It has another ending.
    #[error("expected a name ending in .whl or .tar.gz, found `{}`", visible(.found))]
    Ending {
        /// The file name.
        found: String,
    },
    /// There are too few parts or too many.
    #[error("expected {expected}, found `{}`", visible(.found))]
    Parts {
        /// The form of such a name.
        expected: &'static str,
        /// The file name.
        found: String,
    },
    /// The build tag does not begin with a digit.
    #[error("expected a build tag that begins with a digit, found `{}`", visible(.found))]
    Build {
        /// The build tag.
        found: String,
    },
    /// The name of the project is none.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The version is none.
    #[error(transparent)]
    Version(#[from] InvalidVersion),
    /// The tags are none.
    #[error(transparent)]
    Tag(#[from] InvalidTag),
}

const WHEEL: &str = "NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl";
const SDIST: &str = "NAME-VERSION.tar.gz";

impl FileName {
    /// Reads the name of a file, without directories.
    ///
    /// Upper case and full stops in the name, which older tools write, are accepted; [`FileName::normal`] says how it should be.
    ///
    /// Source: PyPA binary distribution format, "File name convention"; source distribution format (PEP 625).
    ///
    /// # Errors
    /// [`InvalidFileName`].
    pub fn parse(file_name: &str) -> Result<Self, InvalidFileName> {
        if let Some(stem) = file_name.strip_suffix(".whl") {
            return wheel(file_name, stem);
        }
        match file_name.strip_suffix(".tar.gz") {
            Some(stem) => sdist(file_name, stem),
            None => Err(InvalidFileName::Ending {
                found: file_name.to_owned(),
            }),
        }
    }

    /// The file name as the specification wants it.
    #[must_use]
    pub fn normal(&self) -> String {
        let stem = self.stem();
        match &self.wheel {
            None => format!("{stem}.tar.gz"),
            Some(WheelTags {
                build: None,
                compressed,
                ..
            }) => format!("{stem}-{compressed}.whl"),
            Some(WheelTags {
                build: Some(build),
                compressed,
                ..
            }) => format!("{stem}-{build}-{compressed}.whl"),
        }
    }

    /// Name and version, normalised: what the directories inside are called.
    #[must_use]
    pub fn stem(&self) -> String {
        format!("{}-{}", self.name.escaped(), self.version)
    }
}

fn wheel(file_name: &str, stem: &str) -> Result<FileName, InvalidFileName> {
    let parts: Vec<&str> = stem.split('-').collect();
    let (name, version, build) = match parts[..] {
        [name, version, _, _, _] => (name, version, None),
        [name, version, build, _, _, _] => (name, version, Some(build)),
        _ => {
            let (expected, found) = (WHEEL, file_name.to_owned());
            return Err(InvalidFileName::Parts { expected, found });
        }
    };
    if let Some(build) = build.filter(|build| !is_build(build)) {
        return Err(InvalidFileName::Build {
            found: build.to_owned(),
        });
    }
    let compressed = parts[parts.len() - 3..].join("-");
    Ok(FileName {
        name: name.parse()?,
        version: version.parse()?,
        wheel: Some(WheelTags {
            build: build.map(str::to_owned),
            tags: Tag::expand(&compressed)?,
            compressed,
        }),
    })
}

fn is_build(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
}

/// Older file names have hyphens in the project's name: the last one ends it, because a normal version has none.
fn sdist(file_name: &str, stem: &str) -> Result<FileName, InvalidFileName> {
    let Some((name, version)) = stem.rsplit_once('-') else {
        let (expected, found) = (SDIST, file_name.to_owned());
        return Err(InvalidFileName::Parts { expected, found });
    };
    Ok(FileName {
        name: name.parse()?,
        version: version.parse()?,
        wheel: None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wheel_name_is_taken_apart() {
        let name = FileName::parse("beagle_vote-1.0-1a-py2.py3-none-any.whl").unwrap();
        assert_eq!(name.name.as_str(), "beagle_vote");
        assert_eq!(name.version.to_string(), "1.0");
        let wheel = name.wheel.as_ref().unwrap();
        assert_eq!(wheel.build.as_deref(), Some("1a"));
        assert_eq!(wheel.tags.len(), 2);
        assert_eq!(name.stem(), "beagle_vote-1.0");
    }

    #[test]
    fn older_spellings_are_accepted_and_have_a_normal_form() {
        for (found, normal) in [
            (
                "Zope.Interface-5.0.0-py3-none-any.whl",
                "zope_interface-5.0.0-py3-none-any.whl",
            ),
            ("a-1.0.RC1-2-py3-none-any.whl", "a-1.0rc1-2-py3-none-any.whl"),
            ("zope.interface-5.0.0.tar.gz", "zope_interface-5.0.0.tar.gz"),
            ("my-app-1.0.tar.gz", "my_app-1.0.tar.gz"),
            ("a-1.0-py3-none-any.whl", "a-1.0-py3-none-any.whl"),
        ] {
            assert_eq!(FileName::parse(found).unwrap().normal(), normal);
        }
    }

    #[test]
    fn each_way_to_be_wrong_has_its_own_error() {
        let error = |name: &str| FileName::parse(name).unwrap_err();
        let found = |text: &str| text.to_owned();
        for name in ["a-1.0.zip", "a-1.0.tar.bz2", "", "whl"] {
            assert_eq!(error(name), InvalidFileName::Ending { found: found(name) });
        }
        for name in ["a-1.0-py3-none.whl", "a-1.0-1-2-py3-none-any.whl", ".whl"] {
            let expected = WHEEL;
            assert_eq!(
                error(name),
                InvalidFileName::Parts {
                    expected,
                    found: found(name)
                }
            );
        }
        let expected = SDIST;
        let name = "a.tar.gz";
        assert_eq!(
            error(name),
            InvalidFileName::Parts {
                expected,
                found: found(name)
            }
        );
        assert_eq!(
            error("a-1.0-x1-py3-none-any.whl"),
            InvalidFileName::Build { found: found("x1") }
        );
        assert_eq!(
            error("a/b-1.0.tar.gz"),
            InvalidFileName::Name(InvalidName { found: found("a/b") })
        );
        assert_eq!(
            error("a-x.tar.gz"),
            InvalidFileName::Version(InvalidVersion { found: found("x") })
        );
        let tag = InvalidTag::Parts {
            found: found("py3-none-"),
        };
        assert_eq!(error("a-1.0-py3-none-.whl"), InvalidFileName::Tag(tag));
    }

    proptest! {
        #[test]
        fn a_normal_name_is_its_own(name in "[a-z][a-z0-9._-]{0,6}[a-z]", version in "[0-9]{1,2}(\\.[0-9]{1,2}){0,2}(rc[0-9])?") {
            let written = name.replace('-', "_");
            for file_name in [format!("{written}-{version}-py3-none-any.whl"), format!("{name}-{version}.tar.gz")] {
                let normal = FileName::parse(&file_name).unwrap().normal();
                let again = FileName::parse(&normal).unwrap();
                prop_assert_eq!(&again.normal(), &normal);
                prop_assert_eq!(again, FileName::parse(&file_name).unwrap());
            }
        }

        #[test]
        fn no_name_makes_it_panic(stem in "[a-z0-9._+!-]{0,20}") {
            let _ = FileName::parse(&format!("{stem}.whl"));
            let _ = FileName::parse(&format!("{stem}.tar.gz"));
        }
    }
}
