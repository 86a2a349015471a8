use attestation::{Statement, Subject};
use serde_json::{Map, Value, json};

use super::predicate;

/// An in-toto statement, or why it cannot be read.
pub(super) fn describe(payload: &[u8]) -> Value {
    let statement = match Statement::parse(payload) {
        Ok(statement) => statement,
        Err(error) => return json!({ "unreadable": error.to_string(), "size": payload.len() }),
    };
    let subjects: Vec<Value> = statement.subjects().iter().map(subject).collect();
    json!({
        "predicateType": statement.predicate_type(),
        "subjects": subjects,
        "predicate": predicate::describe(statement.predicate_type(), statement.predicate()),
    })
}

fn subject(subject: &Subject) -> Value {
    let digests = subject.digests().iter();
    let digests: Map<String, Value> = digests
        .map(|digest| (digest.algorithm().name().to_owned(), digest.to_hex().into()))
        .collect();
    json!({ "name": subject.name(), "digests": digests })
}
