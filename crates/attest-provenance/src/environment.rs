use std::collections::BTreeMap;

use crate::{Error, GithubActions, GitlabCi};

/// Where a build runs, as far as that can be told from what the place says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// A job of GitHub Actions.
    GithubActions(GithubActions),
    /// A job of GitLab CI.
    GitlabCi(GitlabCi),
    /// Somebody's machine, or a CI system that is not known here.
    Local,
}

impl Environment {
    /// Recognises the place from its variables. Pure: who calls reads them.
    ///
    /// ```
    /// use attest_provenance::Environment;
    /// use std::collections::BTreeMap;
    /// assert_eq!(Environment::from_variables(&BTreeMap::new()), Ok(Environment::Local));
    /// ```
    ///
    /// # Errors
    /// [`Error::MissingVariable`] or [`Error::UnusableVariable`] when a CI system says that it runs, but not what has to be
    /// known of it: such a place is not taken for a local one.
    pub fn from_variables(variables: &BTreeMap<String, String>) -> Result<Self, Error> {
        let variables = Variables(variables);
        if variables.says_true("GITHUB_ACTIONS") {
            return GithubActions::from_variables(variables).map(Self::GithubActions);
        }
        if variables.says_true("GITLAB_CI") {
            return GitlabCi::from_variables(variables).map(Self::GitlabCi);
        }
        Ok(Self::Local)
    }

    /// The name of the system, for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::GithubActions(_) => "GitHub Actions",
            Self::GitlabCi(_) => "GitLab CI",
            Self::Local => "a local build",
        }
    }
}

/// Variables, of which the empty ones count as not set.
#[derive(Clone, Copy)]
pub(crate) struct Variables<'a>(pub(crate) &'a BTreeMap<String, String>);

impl Variables<'_> {
    pub(crate) fn text(self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    fn says_true(self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value == "true")
    }

    pub(crate) fn required(self, system: &'static str, variable: &'static str) -> Result<String, Error> {
        self.text(variable).ok_or(Error::MissingVariable { system, variable })
    }
}

/// A commit id: 40 or 64 lower-case hexadecimal digits.
pub(crate) fn commit(variable: &'static str, text: String) -> Result<String, Error> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    match matches!(text.len(), 40 | 64) && text.bytes().all(is_digit) {
        true => Ok(text),
        false => Err(Error::UnusableVariable {
            variable,
            expected: "a commit id",
            found: text.escape_debug().to_string(),
        }),
    }
}

/// A URL without credentials: what a variable holds is going to be published.
pub(crate) fn public_url(variable: &'static str, text: String) -> Result<String, Error> {
    match crate::repository_uri(&text) {
        Some(uri) if text.starts_with("https://") || text.starts_with("http://") => {
            Ok(uri.as_str().trim_end_matches('/').to_owned())
        }
        _ => Err(Error::UnusableVariable {
            variable,
            expected: "a URL",
            found: text.escape_debug().to_string(),
        }),
    }
}
