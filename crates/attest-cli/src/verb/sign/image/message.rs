use std::collections::BTreeMap;
use std::time::SystemTime;

use attestation::{Payload, Statement, Subject};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::target::Target;
use crate::failure::Failure;
use crate::image::Content;
use crate::verb::sign::Arguments;
use crate::verb::sign::predicate::Predicate;
use crate::verb::sign::request::{Scheme, check_size, read_statement};

/// What is to be said of images.
pub(crate) enum Message {
    /// That they were signed, and perhaps these annotations.
    Signed(Map<String, Value>),
    /// This, of each of them.
    Predicate(Predicate),
    /// What stands in a finished statement.
    Statement {
        payload: Payload,
        statement: Box<Statement>,
    },
}

impl Message {
    pub(super) fn new(arguments: &Arguments, now: SystemTime) -> Result<Self, Failure> {
        let annotations = arguments.image.annotations()?;
        match (&arguments.statement, &arguments.predicate) {
            (Some(path), _) => {
                let (payload, statement) = read_statement(path)?;
                let statement = Box::new(statement);
                Ok(Self::Statement { payload, statement })
            }
            (None, Some(path)) => {
                let now = Timestamp::try_from(now).unwrap_or_default();
                Predicate::load(path, &arguments.predicate_type, now).map(Self::Predicate)
            }
            (None, None) => Ok(Self::Signed(annotations)),
        }
    }

    /// Whether the images of an index are spoken of as well, unless it is said: whoever runs an image may ask for a signature of that
    /// very image, while what an attestation says is true of what it was made for.
    pub(super) fn recursive(&self, said: Option<bool>) -> Result<bool, Failure> {
        match (self, said) {
            (Self::Signed(_), said) => Ok(said.unwrap_or(true)),
            (Self::Predicate(_), said) => Ok(said.unwrap_or(false)),
            (Self::Statement { .. }, Some(true)) => Err(Failure::usage(
                "recursive-unsupported",
                "expected `--predicate` beside `--recursive`: a finished statement names its subjects itself",
            )
            .hint("leave out `--recursive`, or name each image: `attest sign --statement FILE oci://NAME@DIGEST…`")),
            (Self::Statement { .. }, _) => Ok(false),
        }
    }

    pub(super) fn is_signature(&self) -> bool {
        matches!(self, Self::Signed(_))
    }

    /// The statement about one image.
    pub(super) fn about(&self, target: &Target<'_>) -> Result<Content, Failure> {
        let digest = [target.subject.digest().clone()];
        let (predicate, name, annotations) = match self {
            Self::Signed(annotations) => (&Predicate::signed(), None, annotations.clone()),
            Self::Predicate(predicate) => (predicate, target.repository.clone(), Map::new()),
            Self::Statement { payload, statement } => {
                check_subject(statement, target)?;
                return Ok(Content::Statement {
                    payload: payload.clone(),
                    statement: statement.clone(),
                });
            }
        };
        let subject = Subject::claimed(name, digest).map_err(|error| Failure::usage("statement-invalid", error))?;
        let subjects = vec![subject.with_annotations(annotations)];
        let statement = Statement::of_type(subjects, &predicate.type_uri, predicate.body.clone())
            .map_err(|error| Failure::usage("statement-invalid", error))?;
        let payload = statement.to_payload();
        check_size(&payload)?;
        let statement = Box::new(statement);
        Ok(Content::Statement { payload, statement })
    }

    /// The same in the form of cosign 2, where there is one.
    pub(super) fn in_simple_signing(&self, target: &Target<'_>, scheme: Scheme) -> Result<Option<Content>, Failure> {
        let Self::Signed(annotations) = self else {
            return Ok(None);
        };
        let reference = target
            .docker_reference
            .as_deref()
            .ok_or_else(|| reference_missing(target))?;
        let optional: BTreeMap<String, String> = annotations
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect();
        let digest = target.subject.digest();
        Ok(Some(Content::simple_signing(
            reference,
            digest,
            &optional,
            &scheme.digests(),
        )))
    }
}

/// What is signed beside an image has to be about it: nobody would find it to say anything.
fn check_subject(statement: &Statement, target: &Target<'_>) -> Result<(), Failure> {
    let digest = target.subject.digest();
    let mut subjects = statement.subjects().iter();
    match subjects.any(|subject| subject.digests().of(digest.algorithm()) == Some(digest)) {
        true => Ok(()),
        false => {
            let message = format_args!("expected the statement to have a subject with {digest}, found none");
            Err(Failure::usage("not-a-subject", message).at(&target.name))
        }
    }
}

fn reference_missing(target: &Target<'_>) -> Failure {
    Failure::usage(
        "image-name-missing",
        "expected a name beside `--legacy`: signatures of that form name the repository of the image, and a layout has none",
    )
    .at(&target.name)
    .hint("add `--sign-container-identity registry.example.org/team/app`")
}
