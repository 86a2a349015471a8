//! The bytes of an answer in, the licence that it names out.

use serde::Deserialize;

use super::{Question, Registry};
use crate::cyclonedx::LicenceChoice;
use crate::{Error, javascript, licence, python};

/// What a registry says of the licence of a package; it may say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Licence(pub(super) Vec<LicenceChoice>);

/// All licences are held at once; names and expressions have some hundred bytes, and whole texts are told by their names.
const LICENCE_LIMIT: usize = 16 << 10;

pub(super) fn read(question: &Question, answer: &[u8]) -> Result<Licence, Error> {
    let described = match question.registry {
        Registry::Cargo => of_cargo(answer),
        Registry::Npm => javascript::published(answer),
        Registry::PyPi => python::published(answer),
    };
    let described = described.map_err(|found| Error::RegistryAnswer {
        expected: "JSON about a package",
        found,
    })?;
    match described.is(question) {
        true if described.length() > LICENCE_LIMIT => Err(Error::RegistryAnswer {
            expected: "a licence of at most 16384 bytes",
            found: format!("one of {}", described.length()),
        }),
        true => Ok(Licence(described.licences)),
        false => Err(Error::RegistryAnswer {
            expected: "the package that was asked for",
            found: "another one".to_owned(),
        }),
    }
}

/// What an answer is about, and the licence in it.
pub(crate) struct Published {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licences: Vec<LicenceChoice>,
}

impl Published {
    /// How many bytes the licences have together.
    fn length(&self) -> usize {
        let length = |licence: &LicenceChoice| match licence {
            LicenceChoice::Expression { expression, .. } => expression.len(),
            LicenceChoice::Named { license } => license.name.len(),
        };
        self.licences.iter().map(length).sum()
    }

    /// An index of Python writes names and versions in other forms than were asked for.
    fn is(&self, question: &Question) -> bool {
        match question.registry {
            Registry::PyPi => {
                python::is_same_name(&self.name, &question.name)
                    && python::is_same_version(&self.version, &question.version)
            }
            _ => self.name == question.name && self.version == question.version,
        }
    }
}

#[derive(Deserialize)]
struct CrateWire {
    version: VersionWire,
}

#[derive(Deserialize)]
struct VersionWire {
    #[serde(rename = "crate")]
    name: String,
    num: String,
    license: Option<String>,
}

fn of_cargo(answer: &[u8]) -> Result<Published, String> {
    let CrateWire { version } = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    Ok(Published {
        licences: licence::declared(version.license.as_deref(), None),
        name: version.name,
        version: version.num,
    })
}
