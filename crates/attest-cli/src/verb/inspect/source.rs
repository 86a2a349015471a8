use std::io::{self, Read as _};
use std::path::Path;

use attest_store::StoreError;
use attestation::limits;
use serde_json::{Value, json};

use crate::causes::with_causes;
use crate::exit::Outcome;

/// Where the bytes come from.
pub(super) enum Source<'a> {
    File(&'a Path),
    Stdin,
}

/// Why there are none.
pub(super) struct Unreadable {
    pub(super) outcome: Outcome,
    code: &'static str,
    message: String,
}

impl<'a> Source<'a> {
    pub(super) fn of(path: &'a Path) -> Self {
        match path == Path::new("-") {
            true => Self::Stdin,
            false => Self::File(path),
        }
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "-".to_owned(),
        }
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, Unreadable> {
        match self {
            Self::File(path) => match attest_store::read_bundle_file(path) {
                Ok(bytes) => Ok(bytes.into_unverified()),
                Err(error) => Err(Unreadable::from(error)),
            },
            Self::Stdin => read_stdin(),
        }
    }
}

fn read_stdin() -> Result<Vec<u8>, Unreadable> {
    let limit = limits::MAX_BUNDLE_FILE_BYTES;
    let mut bytes = Vec::new();
    match io::stdin().lock().take(limit + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > limit => Err(Unreadable {
            outcome: Outcome::Rejected,
            code: "bundle-too-large",
            message: format!("expected at most {limit} bytes, found more"),
        }),
        Ok(_) => Ok(bytes),
        Err(error) => Err(Unreadable {
            outcome: Outcome::Undecided,
            code: "bundle-unreadable",
            message: format!("cannot read standard input: {error}"),
        }),
    }
}

impl From<StoreError> for Unreadable {
    fn from(error: StoreError) -> Self {
        Self {
            outcome: match error {
                StoreError::TooLarge { .. } => Outcome::Rejected,
                _ => Outcome::Undecided,
            },
            code: error.code(),
            message: with_causes(&error),
        }
    }
}

impl Unreadable {
    pub(super) fn into_json(self) -> Value {
        error(self.code, self.message)
    }
}

/// An item of which only the reason is known why there is no more to say.
pub(super) fn error(code: &str, message: impl ToString) -> Value {
    json!({ "error": { "code": code, "message": message.to_string() } })
}
