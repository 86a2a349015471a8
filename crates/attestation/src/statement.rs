use serde::Serialize;
use serde_json::{Map, Value, json as json_value};

use crate::envelope::Payload;
use crate::{Subject, SubjectError, json, limits, media_type};
use attest_digest::{Algorithm, Digest};

/// What is said about subjects: a type URI and a body that serialises to a JSON object.
pub trait Predicate: Serialize {
    /// The predicate type URI.
    const TYPE: &'static str;
}

/// Subjects, and a predicate about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement<P = Map<String, Value>> {
    subjects: Vec<Subject>,
    predicate_type: String,
    predicate: P,
}

/// Why something is no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// There is no subject.
    #[error("expected at least one subject, found none")]
    NoSubject,
    /// There are more subjects than are read.
    #[error("expected at most {limit} subjects, found {found}")]
    TooManySubjects {
        /// The bound.
        limit: usize,
        /// What was found.
        found: usize,
    },
    /// Two subjects have the same name.
    #[error("expected every subject to have its own name, found `{name}` twice")]
    DuplicateSubject {
        /// The name that stands twice.
        name: String,
    },
    /// A subject is malformed.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// A field is missing or has another type.
    #[error("expected {expected} in field `{field}`")]
    Field {
        /// Which field, as a path.
        field: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// `_type` is something else.
    #[error("expected `_type` https://in-toto.io/Statement/v1 (or v0.1), found `{found}`")]
    NotAStatement {
        /// The type that was found.
        found: String,
    },
    /// The bytes are not JSON.
    #[error("expected JSON, found something else: {detail}")]
    NotJson {
        /// What the parser said.
        detail: String,
    },
}

impl<P: Predicate> Statement<P> {
    /// Says `predicate` about `subjects`.
    ///
    /// # Errors
    /// When there is no subject, too many, or two of one name.
    pub fn new(subjects: Vec<Subject>, predicate: P) -> Result<Self, StatementError> {
        check_subjects(&subjects)?;
        Ok(Self {
            subjects,
            predicate_type: P::TYPE.to_owned(),
            predicate,
        })
    }
}

impl<P: Serialize> Statement<P> {
    /// The exact bytes to be signed: JSON without insignificant white space, fields in the order of the specification.
    #[must_use]
    pub fn to_payload(&self) -> Payload {
        let statement = json_value!({
            "_type": media_type::STATEMENT_V1,
            "subject": self.subjects.iter().map(subject_to_json).collect::<Vec<_>>(),
            "predicateType": self.predicate_type,
            "predicate": serde_json::to_value(&self.predicate).expect("a predicate serialises to a JSON object"),
        });
        Payload::in_toto(statement.to_string().into_bytes())
    }
}

impl<P> Statement<P> {
    /// The subjects, at least one.
    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// The predicate type URI.
    #[must_use]
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// The predicate.
    #[must_use]
    pub fn predicate(&self) -> &P {
        &self.predicate
    }
}

impl Statement {
    /// Says something about `subjects` whose type is only known at run time.
    ///
    /// # Errors
    /// When there is no subject, too many, two of one name, or no type.
    pub fn of_type(
        subjects: Vec<Subject>,
        predicate_type: &str,
        predicate: Map<String, Value>,
    ) -> Result<Self, StatementError> {
        check_subjects(&subjects)?;
        if predicate_type.is_empty() {
            return Err(field("predicateType", "a URI"));
        }
        Ok(Self {
            subjects,
            predicate_type: predicate_type.to_owned(),
            predicate,
        })
    }

    /// Reads a statement, version 1 or 0.1. Digests by algorithms that are not understood are passed over, and so is a subject
    /// without a name that has no others, such as the tag of a release: it can be no artifact. With a name it is an error, so
    /// that no other subject passes for it.
    ///
    /// # Errors
    /// [`StatementError`] names the field.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let mut value = json::parse_unambiguous(bytes).map_err(|error| StatementError::NotJson {
            detail: error.to_string(),
        })?;
        let type_ = text(&value, "_type")?;
        if type_ != media_type::STATEMENT_V1 && type_ != media_type::STATEMENT_V0_1 {
            return Err(StatementError::NotAStatement {
                found: type_.to_owned(),
            });
        }
        let subjects = value["subject"]
            .as_array()
            .ok_or_else(|| field("subject", "an array"))?;
        let subjects: Vec<Subject> = subjects
            .iter()
            .enumerate()
            .filter_map(|(index, subject)| subject_from_json(index, subject).transpose())
            .collect::<Result<_, _>>()?;
        check_subjects(&subjects)?;
        let predicate = match value["predicate"].take() {
            Value::Object(predicate) => predicate,
            // PyPI's publish attestations carry null.
            Value::Null => Map::new(),
            _ => return Err(field("predicate", "an object")),
        };
        Ok(Self {
            subjects,
            predicate_type: text(&value, "predicateType")?.to_owned(),
            predicate,
        })
    }
}

fn check_subjects(subjects: &[Subject]) -> Result<(), StatementError> {
    if subjects.is_empty() {
        return Err(StatementError::NoSubject);
    }
    if subjects.len() > limits::MAX_SUBJECTS {
        return Err(StatementError::TooManySubjects {
            limit: limits::MAX_SUBJECTS,
            found: subjects.len(),
        });
    }
    let mut names: Vec<&str> = subjects.iter().filter_map(Subject::name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(StatementError::DuplicateSubject {
            name: pair[0].to_owned(),
        }),
        None => Ok(()),
    }
}

fn subject_to_json(subject: &Subject) -> Value {
    let digests: Map<String, Value> = subject
        .digests()
        .iter()
        .map(|digest| (digest.algorithm().name().to_owned(), digest.to_hex().into()))
        .collect();
    let mut value = match subject.name() {
        Some(name) => json_value!({ "name": name, "digest": digests }),
        None => json_value!({ "digest": digests }),
    };
    if !subject.annotations().is_empty() {
        value["annotations"] = subject.annotations().clone().into();
    }
    value
}

/// None for what can be no artifact.
fn subject_from_json(index: usize, value: &Value) -> Result<Option<Subject>, StatementError> {
    let place = |field: &str| format!("subject[{index}].{field}");
    let name = match &value["name"] {
        Value::Null => None,
        Value::String(name) if name.is_empty() => None,
        Value::String(name) => Some(name.clone()),
        _ => return Err(field(&place("name"), "a string")),
    };
    let digests = value["digest"]
        .as_object()
        .ok_or_else(|| field(&place("digest"), "an object"))?;
    let understood = digests
        .iter()
        .filter_map(|(algorithm, value)| Some((algorithm.parse::<Algorithm>().ok()?, value)))
        .map(|(algorithm, value)| {
            let hex = value.as_str().unwrap_or_default();
            Digest::from_hex(algorithm, hex)
                .map_err(|_| field(&place(&format!("digest.{algorithm}")), "a digest in hexadecimal"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let annotations = match &value["annotations"] {
        Value::Null => Map::new(),
        Value::Object(annotations) => annotations.clone(),
        _ => return Err(field(&place("annotations"), "an object")),
    };
    match (understood.is_empty() && !digests.is_empty(), &name) {
        (true, None) => Ok(None),
        _ => Ok(Some(Subject::claimed(name, understood)?.with_annotations(annotations))),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, StatementError> {
    value[name].as_str().ok_or_else(|| field(name, "a string"))
}

fn field(name: &str, expected: &'static str) -> StatementError {
    StatementError::Field {
        field: name.to_owned(),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attest_digest::{Algorithms, Measured};
    use proptest::prelude::*;

    #[derive(Debug, Serialize)]
    struct Note {
        text: &'static str,
    }

    impl Predicate for Note {
        const TYPE: &'static str = "https://example.com/note/v1";
    }

    fn subject(name: &str) -> Subject {
        Subject::measured(name, &Measured::of_bytes(b"", &Algorithms::one(Algorithm::Sha256)))
    }

    #[test]
    fn what_is_written_is_read_back() {
        let written = Statement::new(vec![subject("a"), subject("b")], Note { text: "x" }).unwrap();
        let read = Statement::parse(written.to_payload().as_bytes()).unwrap();
        assert_eq!(read.subjects(), written.subjects());
        assert_eq!(read.predicate_type(), Note::TYPE);
        assert_eq!(read.predicate()["text"], "x");
    }

    #[test]
    fn no_subject_and_two_of_one_name_are_errors() {
        let none = Statement::new(vec![], Note { text: "" }).unwrap_err();
        assert_eq!(none, StatementError::NoSubject);
        let twice = Statement::new(vec![subject("a"), subject("a")], Note { text: "" }).unwrap_err();
        assert_eq!(twice, StatementError::DuplicateSubject { name: "a".to_owned() });
    }

    #[test]
    fn a_subject_may_be_without_a_name_and_have_annotations() {
        let annotations = Map::from_iter([("build".to_owned(), Value::from("7"))]);
        let digest = subject("a").digests().iter().next().unwrap().clone();
        let image = Subject::claimed(None, [digest])
            .unwrap()
            .with_annotations(annotations.clone());
        let written = Statement::of_type(vec![image.clone()], "a:b", Map::new()).unwrap();
        let payload = written.to_payload();
        let read = Statement::parse(payload.as_bytes()).unwrap();
        assert_eq!(read.subjects(), [image]);
        assert_eq!(read.subjects()[0].annotations(), &annotations);
        let text = String::from_utf8(payload.as_bytes().to_vec()).unwrap();
        let changed = |to: &str| Statement::parse(text.replace(r#"{"build":"7"}"#, to).as_bytes());
        assert!(changed("{}").unwrap().subjects()[0].annotations().is_empty());
        assert!(changed("null").unwrap().subjects()[0].annotations().is_empty());
        assert_eq!(changed("[]"), Err(field("subject[0].annotations", "an object")));
    }

    #[test]
    fn a_subject_of_other_digests_is_passed_over_unless_it_has_a_name() {
        let statement = |subjects: &str| {
            let text = format!(
                r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{subjects}],"predicateType":"a:b","predicate":{{}}}}"#
            );
            Statement::parse(text.as_bytes())
        };
        let tag = r#"{"uri":"pkg:github/example/app@v1","digest":{"sha1":"43d0bd191f16d1fe3484a4b58aa69118f7692442"}}"#;
        let file = format!(r#"{{"name":"app","digest":{{"sha256":"{}"}}}}"#, "0a".repeat(32));
        let read = statement(&format!("{tag},{file}")).unwrap();
        assert_eq!(
            read.subjects().iter().map(Subject::name).collect::<Vec<_>>(),
            [Some("app")]
        );
        assert_eq!(statement(tag), Err(StatementError::NoSubject));
        let no_digest = |name: &str| {
            Err(StatementError::Subject(SubjectError::NoDigest {
                name: name.to_owned(),
            }))
        };
        assert_eq!(
            statement(&tag.replace("uri", "name")),
            no_digest("pkg:github/example/app@v1")
        );
        assert_eq!(statement(r#"{"digest":{}}"#), no_digest(""));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Statement::parse(&bytes);
        }

        #[test]
        fn no_changed_byte_of_a_good_statement_makes_it_panic(place in any::<usize>(), byte in any::<u8>()) {
            let text = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}],"predicateType":"https://example.com/note/v1","predicate":{}}"#;
            prop_assert!(Statement::parse(text).is_ok());
            let mut bytes = text.to_vec();
            let place = place % bytes.len();
            bytes[place] = byte;
            let _ = Statement::parse(&bytes);
        }
    }
}
