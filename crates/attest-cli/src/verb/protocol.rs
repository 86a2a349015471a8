//! How `sign-bundle` speaks: the sigstore-conformance protocol is translated into the words of the
//! ordinary verbs, so that what the suite judges is what people run.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;

use clap::Parser as _;
use tempfile::TempPath;

use crate::arguments::Arguments;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;

/// A call of an ordinary verb, in the making.
pub(super) struct Call {
    words: Vec<OsString>,
    /// What the call reads and nobody keeps.
    files: Vec<TempPath>,
}

impl Call {
    pub(super) fn of(verb: &str) -> Self {
        Self {
            words: vec!["attest".into(), verb.into()],
            files: Vec::new(),
        }
    }

    /// Adds an option, if it has a value.
    pub(super) fn option(mut self, name: &str, value: Option<impl Into<OsString>>) -> Self {
        if let Some(value) = value {
            // One word, so that no value is taken for another option.
            let mut word = OsString::from(name);
            word.push("=");
            word.push(value.into());
            self.words.push(word);
        }
        self
    }

    /// Adds an option whose value is a file: the one that was given, else one with this content, if there is any.
    pub(super) fn file(mut self, name: &str, given: Option<&Path>, content: Option<&str>) -> Result<Self, Failure> {
        let (None, Some(content)) = (given, content) else {
            return Ok(self.option(name, given));
        };
        let written = tempfile::NamedTempFile::new().and_then(|mut file| {
            file.write_all(content.as_bytes())?;
            Ok(file.into_temp_path())
        });
        let path = written.map_err(|error| Failure::undecided("temporary-file-failed", error))?;
        self = self.option(name, Some(path.as_os_str()));
        self.files.push(path);
        Ok(self)
    }

    /// What stands after all options.
    pub(super) fn operand(mut self, value: impl Into<OsString>) -> Self {
        self.words.extend(["--".into(), value.into()]);
        self
    }

    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Outcome, Failure> {
        let arguments = Arguments::try_parse_from(&self.words)
            .map_err(|error| Failure::usage("protocol-invalid", error.render().to_string().trim_end()))?;
        arguments.verb.run(context)
    }
}
