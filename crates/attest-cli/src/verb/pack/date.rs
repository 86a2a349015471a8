use std::ffi::OsStr;
use std::path::Path;

use attest_archive::SourceDate;
use attest_release::Variables;
use attest_release::git::{Checkout, GitError};

use crate::context::Environment;
use crate::failure::Failure;

const VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// The modification time that every member gets, and why that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::verb) struct Date {
    pub(in crate::verb) value: SourceDate,
    pub(in crate::verb) origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::verb) enum Origin {
    SourceDateEpoch,
    Commit,
    Default,
}

/// `SOURCE_DATE_EPOCH`, else the time of the commit, else 1980.
pub(in crate::verb) fn find(directory: &Path, environment: &Environment) -> Result<Date, Failure> {
    if let Some(date) = of_environment(environment)? {
        return Ok(date);
    }
    let value = of_commit(directory, environment)?;
    Ok(Date {
        value: value.unwrap_or(SourceDate::EARLIEST_FOR_ALL),
        origin: if value.is_some() {
            Origin::Commit
        } else {
            Origin::Default
        },
    })
}

/// An empty or garbled value is an error and not the same as none: whoever set it wanted a date.
pub(in crate::verb) fn of_environment(environment: &Environment) -> Result<Option<Date>, Failure> {
    let Some((_, value)) = environment.iter().find(|(name, _)| *name == OsStr::new(VARIABLE)) else {
        return Ok(None);
    };
    let value = value
        .to_string_lossy()
        .parse()
        .map_err(|error| Failure::usage("source-date-invalid", format_args!("{VARIABLE}: {error}")))?;
    let origin = Origin::SourceDateEpoch;
    Ok(Some(Date { value, origin }))
}

fn of_commit(directory: &Path, environment: &Environment) -> Result<Option<SourceDate>, Failure> {
    let variables: Variables = environment
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    match Checkout::open(directory, &variables).and_then(|checkout| checkout.commit()) {
        Ok(commit) => u64::try_from(commit.seconds)
            .map_err(|error| unknown(&error, directory))
            .and_then(|seconds| SourceDate::from_seconds(seconds).map_err(|error| unknown(&error, directory)))
            .map(Some),
        Err(GitError::NotACheckout { .. } | GitError::NoCommit | GitError::ProgramMissing) => Ok(None),
        Err(error) => Err(unknown(&error, directory)),
    }
}

/// What a person is told who has to say the time instead.
pub(in crate::verb) fn unknown(error: &dyn std::fmt::Display, directory: &Path) -> Failure {
    let message = format_args!("cannot tell the time of the commit: {error}");
    Failure::undecided("commit-time-unknown", message)
        .at(directory.display())
        .hint(format_args!(
            "set {VARIABLE} to the seconds since 1970 that every file shall be dated"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(value: &str) -> Environment {
        std::iter::once((VARIABLE.into(), value.into())).collect()
    }

    #[test]
    fn the_variable_wins() {
        let date = find(Path::new("."), &environment("1700000000")).unwrap();
        assert_eq!(date.value.seconds(), 1_700_000_000);
        assert_eq!(date.origin, Origin::SourceDateEpoch);
    }

    #[test]
    fn a_garbled_or_empty_variable_is_wrong_usage() {
        for value in ["", "yesterday", "-1", " 5"] {
            let failure = find(Path::new("."), &environment(value)).unwrap_err();
            assert_eq!(failure.code(), "source-date-invalid");
        }
    }

    #[test]
    fn without_variable_and_checkout_it_is_1980() {
        let directory = tempfile::tempdir().unwrap();
        let date = find(directory.path(), &Environment::default()).unwrap();
        assert_eq!(date.value, SourceDate::EARLIEST_FOR_ALL);
        assert_eq!(date.origin, Origin::Default);
    }
}
