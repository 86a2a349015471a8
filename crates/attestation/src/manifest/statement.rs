use std::borrow::Cow;

use attest_digest::{Algorithm, Digest};
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Serialize, Serializer};

use super::serialization::SerializationWire;
use super::{Method, Piece, Resource, Serialization, TreeManifest, TreeManifestError, TreePath};
use crate::{Payload, Statement, media_type};

/// What the subjects of the statement are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SubjectLayout {
    /// One subject, the root digest; the files stand in the predicate (OMS specification 1.0, section 5).
    #[default]
    Root,
    /// Every file is a subject, as before version 1.0. How the tree was read has no place in it.
    Files,
}

impl TreeManifest {
    /// Whether a predicate type is that of a tree manifest.
    #[must_use]
    pub fn is_type(predicate_type: &str) -> bool {
        matches!(
            predicate_type,
            media_type::MODEL_SIGNATURE_V1 | media_type::MODEL_DIGESTS_V0_1
        )
    }

    /// Whether the bytes of a statement say that it is a tree manifest. Nothing else in them is looked at.
    #[must_use]
    pub fn is_claimed_by(payload: &[u8]) -> bool {
        let type_ = serde_json::from_slice::<TypeWire<'_>>(payload);
        type_.is_ok_and(|type_| Self::is_type(&type_.predicate_type))
    }

    /// Reads the manifest that a statement is.
    ///
    /// # Errors
    /// [`TreeManifestError`]: every name has to be one below the root, stand once, and the root digest has to be right.
    pub fn of_statement(statement: &Statement) -> Result<Self, TreeManifestError> {
        match statement.predicate_type() {
            media_type::MODEL_SIGNATURE_V1 => of_predicate(statement),
            media_type::MODEL_DIGESTS_V0_1 => of_subjects(statement),
            found => Err(TreeManifestError::NotAManifest {
                found: found.to_owned(),
            }),
        }
    }

    /// The bytes to be signed: the same for the same manifest, wherever they are made.
    ///
    /// # Errors
    /// [`TreeManifestError::NotForSubjects`] when the layout has no place for how the tree was read.
    pub fn to_payload(&self, layout: SubjectLayout) -> Result<Payload, TreeManifestError> {
        let json = match layout {
            SubjectLayout::Root => to_json(&RootStatementWire::of(self)),
            SubjectLayout::Files => {
                self.check_for_subjects()?;
                to_json(&FilesStatementWire::of(self))
            }
        };
        Ok(Payload::in_toto(json))
    }

    fn check_for_subjects(&self) -> Result<(), TreeManifestError> {
        let serialization = &self.serialization;
        let expected = match (serialization.method(), serialization.algorithm()) {
            (Method::Shards { .. }, _) => "whole files",
            (_, algorithm) if algorithm != Algorithm::Sha256 => "digests by sha256",
            _ => return Ok(()),
        };
        Err(TreeManifestError::NotForSubjects { expected })
    }
}

fn to_json(statement: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(statement).expect("strings and numbers serialise to JSON")
}

#[derive(Deserialize)]
struct TypeWire<'a> {
    #[serde(rename = "predicateType", borrow)]
    predicate_type: Cow<'a, str>,
}

#[derive(Serialize)]
struct RootStatementWire<'a> {
    _type: &'static str,
    subject: [SubjectWire<'a>; 1],
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: RootPredicateWire<'a>,
}

#[derive(Serialize)]
struct RootPredicateWire<'a> {
    serialization: SerializationWire,
    resources: ResourcesWire<'a>,
}

#[derive(Serialize)]
struct FilesStatementWire<'a> {
    _type: &'static str,
    subject: SubjectsWire<'a>,
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: EmptyWire,
}

#[derive(Serialize)]
struct SubjectWire<'a> {
    name: &'a str,
    digest: Sha256Wire,
}

#[derive(Serialize)]
struct Sha256Wire {
    sha256: String,
}

/// An in-toto statement has to have a predicate, and this one says nothing.
#[derive(Serialize)]
struct EmptyWire {}

/// One after the other, so that a million need no memory of their own.
struct ResourcesWire<'a>(&'a TreeManifest);

struct SubjectsWire<'a>(&'a [Resource]);

#[derive(Serialize, Deserialize)]
struct ResourceWire<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    algorithm: Cow<'a, str>,
    #[serde(borrow)]
    digest: Cow<'a, str>,
}

impl<'a> RootStatementWire<'a> {
    fn of(manifest: &'a TreeManifest) -> Self {
        let sha256 = manifest.root_digest().to_hex();
        Self {
            _type: media_type::STATEMENT_V1,
            subject: [SubjectWire {
                name: &manifest.name,
                digest: Sha256Wire { sha256 },
            }],
            predicate_type: media_type::MODEL_SIGNATURE_V1,
            predicate: RootPredicateWire {
                serialization: SerializationWire::from(&manifest.serialization),
                resources: ResourcesWire(manifest),
            },
        }
    }
}

impl<'a> FilesStatementWire<'a> {
    fn of(manifest: &'a TreeManifest) -> Self {
        Self {
            _type: media_type::STATEMENT_V1,
            subject: SubjectsWire(&manifest.resources),
            predicate_type: media_type::MODEL_DIGESTS_V0_1,
            predicate: EmptyWire {},
        }
    }
}

impl Serialize for ResourcesWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(manifest) = self;
        let algorithm = manifest.serialization.resource_algorithm();
        let mut list = serializer.serialize_seq(Some(manifest.resources.len()))?;
        for resource in &manifest.resources {
            list.serialize_element(&ResourceWire {
                name: resource.piece().name().into(),
                algorithm: algorithm.as_str().into(),
                digest: hex::encode(resource.digest_bytes()).into(),
            })?;
        }
        list.end()
    }
}

impl Serialize for SubjectsWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for resource in self.0 {
            list.serialize_element(&SubjectWire {
                name: resource.piece().name(),
                digest: Sha256Wire {
                    sha256: hex::encode(resource.digest_bytes()),
                },
            })?;
        }
        list.end()
    }
}

/// Fields that are not known are passed over (OMS specification 1.0, section 5.2.1).
#[derive(Deserialize)]
struct PredicateWire<'a> {
    serialization: SerializationWire,
    #[serde(borrow)]
    resources: Vec<ResourceWire<'a>>,
}

fn of_predicate(statement: &Statement) -> Result<TreeManifest, TreeManifestError> {
    let (name, root) = root_subject(statement)?;
    let PredicateWire {
        serialization,
        resources,
    } = PredicateWire::deserialize(statement.predicate()).map_err(|error| TreeManifestError::Malformed {
        detail: error.to_string(),
    })?;
    super::check_count(resources.len())?;
    let serialization = Serialization::try_from(serialization)?;
    let resources = resources.iter().map(|wire| wire.read(&serialization));
    let resources = resources.collect::<Result<_, _>>()?;
    let manifest = TreeManifest::listed(name, serialization, resources)?;
    let found = manifest.root_digest();
    match found == root {
        true => Ok(manifest),
        false => Err(TreeManifestError::RootMismatch { expected: root, found }),
    }
}

fn root_subject(statement: &Statement) -> Result<(String, Digest), TreeManifestError> {
    let subject = |found: String| TreeManifestError::Subject { found };
    let [only] = statement.subjects() else {
        return Err(subject(format!("{} subjects", statement.subjects().len())));
    };
    let name = only.name().ok_or_else(|| subject("none with a name".to_owned()))?;
    let root = only.digests().of(Algorithm::Sha256);
    let root = root.ok_or_else(|| subject("one without sha256".to_owned()))?;
    Ok((name.to_owned(), root.clone()))
}

impl ResourceWire<'_> {
    fn read(&self, serialization: &Serialization) -> Result<Resource, TreeManifestError> {
        let piece = match serialization.method() {
            Method::Files => Piece::parse_file(&self.name)?,
            Method::Shards { .. } => Piece::parse_range(&self.name)?,
        };
        // The specification has the plain name, the reference implementation a longer one for ranges.
        let (plain, own) = (serialization.algorithm().name(), serialization.resource_algorithm());
        if self.algorithm != plain && self.algorithm != own {
            return Err(self.wrong_digest(format!("a digest by `{own}`")));
        }
        let digest = Digest::from_hex(serialization.algorithm(), &self.digest);
        let digest = digest.ok().and_then(|digest| digest.as_bytes().try_into().ok());
        let digest = digest.ok_or_else(|| self.wrong_digest("64 lower-case hexadecimal digits".to_owned()))?;
        Ok(Resource::new(piece, digest))
    }

    fn wrong_digest(&self, expected: String) -> TreeManifestError {
        TreeManifestError::Digest {
            name: self.name.clone().into_owned(),
            expected,
        }
    }
}

/// What the older layout leaves unsaid is what its only writer did: whole files, by SHA-256, those of git left out.
fn of_subjects(statement: &Statement) -> Result<TreeManifest, TreeManifestError> {
    super::check_count(statement.subjects().len())?;
    let ignored = Serialization::DEFAULT_IGNORED.iter();
    let ignored = ignored.map(|path| TreePath::parse(path)).collect::<Result<_, _>>()?;
    let serialization = Serialization::new(Method::Files, Algorithm::Sha256, false, ignored)?;
    let read = |subject: &crate::Subject| {
        let name = subject.name().unwrap_or_default();
        let digest = subject.digests().of(Algorithm::Sha256);
        let digest = digest.and_then(|digest| digest.as_bytes().try_into().ok());
        let digest = digest.ok_or_else(|| TreeManifestError::Digest {
            name: name.to_owned(),
            expected: "a digest by `sha256`".to_owned(),
        })?;
        Ok(Resource::new(Piece::parse_file(name)?, digest))
    };
    let resources = statement.subjects().iter().map(read);
    let resources = resources.collect::<Result<_, TreeManifestError>>()?;
    TreeManifest::listed("files".to_owned(), serialization, resources)
}
