//! Packages without a licence in, questions to the registry that hands them out; its answers in, licences out.
//!
//! Nothing is asked here: whoever has a connection takes [`Inventory::questions`], brings each to the web API of its registry, gives
//! what comes back to [`Question::read`], and hands all of it to [`Inventory::answered`]. An answer is as foreign as a file: it has
//! a limit, it must be about the package that was asked for, and its licence goes the way of one in a manifest.
//!
//! What is no package of a registry is never asked for: what is the project's own, what lies in a folder or a repository, and what
//! its package URL says is from elsewhere. Where a lock file tells the host of the registry, only that one is asked.

mod answer;
mod origin;
pub(crate) mod settings;

use std::collections::BTreeMap;
use std::str::FromStr;

pub use self::answer::Licence;
pub(crate) use self::answer::Published;
pub(crate) use self::origin::{Origin, host};
use crate::cyclonedx::{Component, LicenceChoice, Property};
use crate::inventory::{Inventory, Key};
use crate::{Error, Gap, python};

/// The largest answer that is read, in bytes: an index of Python describes a release with hundreds of files in a few megabytes.
pub const ANSWER_LIMIT: usize = 8 << 20;

/// The longest name or version that is asked for: registries take shorter ones.
const MAX_PART: usize = 214;

/// The property that says where a licence comes from that the package itself does not say.
pub(crate) const LICENCE_FROM: &str = "attest:license-from";

/// A kind of registry, by how it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Registry {
    /// The web API of a registry of Cargo. Source: The Cargo Book, "Registry Web API"; the base is `api` of its `config.json`.
    Cargo,
    /// A registry of npm. Source: CommonJS Registry, `/{package}/{version}`.
    Npm,
    /// The JSON API of an index of Python. Source: PyPI documentation, "JSON API", release.
    PyPi,
}

impl Registry {
    const ALL: [Self; 3] = [Self::Cargo, Self::Npm, Self::PyPi];

    /// The name that people write, and the type of the package URLs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::PyPi => "pypi",
        }
    }

    /// Whether its registries can be asked for a package of this name: other names are no names there, and stay here.
    fn takes(self, name: &str, version: &str) -> bool {
        let is_part = |text: &str, others: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
            (1..=MAX_PART).contains(&text.len()) && text.chars().all(allowed) && !text.starts_with('.')
        };
        let is_name = match self {
            Self::Cargo => is_part(name, "-_"),
            Self::PyPi => is_part(name, "-_."),
            Self::Npm => match name.strip_prefix('@') {
                Some(scoped) => scoped
                    .split_once('/')
                    .is_some_and(|(scope, name)| is_part(scope, "-_.~") && is_part(name, "-_.~")),
                None => is_part(name, "-_.~"),
            },
        };
        // What stands in place of a version, such as a tag or a path, may be nobody's business.
        is_name && is_part(version, "-_.+!*") && version.starts_with(|c: char| c.is_ascii_digit())
    }
}

impl FromStr for Registry {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|registry| registry.name() == text).ok_or(())
    }
}

/// A package whose licence no input tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    registry: Registry,
    name: String,
    version: String,
    host: Option<String>,
    key: Key,
}

impl Question {
    /// Nothing for what has a licence, and for what no registry is known to hand out.
    fn about(key: Key, package: &Component) -> Option<Self> {
        let purl = package.purl.as_deref()?;
        let (kind, rest) = purl.strip_prefix("pkg:")?.split_once('/')?;
        let registry: Registry = kind.parse().ok()?;
        let is_open = package.licenses.is_empty() && !package.is_own() && !rest.contains(['?', '#']);
        let host = match &package.origin {
            Origin::Unsaid => None,
            Origin::Registry(host) => Some(host.clone()),
            Origin::Elsewhere => return None,
        };
        let name = match &package.group {
            _ if registry == Registry::PyPi => python::normalised(&package.name),
            Some(group) => format!("{group}/{}", package.name),
            None => package.name.clone(),
        };
        let version = package.version.clone()?;
        (is_open && registry.takes(&name, &version)).then_some(Self {
            registry,
            name,
            version,
            host,
            key,
        })
    }

    /// What kind of registry is to be asked.
    #[must_use]
    pub fn registry(&self) -> Registry {
        self.registry
    }

    /// The host that a lock file has the package from: only a registry there may be asked. Nothing where no file tells.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// What follows the address of the registry. Nothing in it has to be escaped.
    #[must_use]
    pub fn path(&self) -> String {
        let Self { name, version, .. } = self;
        match self.registry {
            Registry::Cargo => format!("api/v1/crates/{name}/{version}"),
            Registry::Npm => format!("{name}/{version}"),
            Registry::PyPi => format!("pypi/{name}/{version}/json"),
        }
    }

    /// What the registry says of the package.
    ///
    /// # Errors
    /// [`Error::RegistryAnswer`] for what is no answer to this question.
    pub fn read(&self, answer: &[u8]) -> Result<Licence, Error> {
        answer::read(self, answer)
    }
}

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// The registry was asked: what went wrong.
    Failed(String),
    /// Nobody was asked: what stood against it.
    NotAsked(String),
}

impl Inventory {
    /// What registries could be asked about: packages of theirs without a licence, in the order of their names.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        let packages = self.keys().zip(self.packages());
        let mut questions: Vec<Question> = packages
            .filter_map(|(key, package)| Question::about(key, package))
            .collect();
        questions.sort();
        questions
    }

    /// Takes what registries said to questions about this very inventory. Questions that got no answer, and why, are gaps: one for
    /// those that were asked, and one for those that were not.
    pub fn answered(&mut self, answers: Vec<(Question, Result<Licence, Unanswered>)>) {
        let mut failed: BTreeMap<Registry, (usize, String)> = BTreeMap::new();
        let mut not_asked = failed.clone();
        for (question, answer) in answers {
            let (gaps, first) = match answer {
                Ok(Licence(licences)) => {
                    self.licensed(question.key, licences);
                    continue;
                }
                Err(Unanswered::Failed(reason)) => (&mut failed, format!("the first: {question}: {reason}")),
                Err(Unanswered::NotAsked(reason)) => (&mut not_asked, format!("since {reason}")),
            };
            gaps.entry(question.registry).or_insert((0, first)).0 += 1;
        }
        for (code, verb, gaps) in [
            ("no-answer", "did not tell", failed),
            ("not-asked", "was not asked for", not_asked),
        ] {
            for (registry, (count, why)) in gaps {
                let packages = if count == 1 { "package" } else { "packages" };
                let name = registry.name();
                let detail = format!("the {name} registry {verb} the licences of {count} {packages}, {why}");
                self.gap(Gap::new(code, "", detail));
            }
        }
    }

    fn licensed(&mut self, key: Key, licences: Vec<LicenceChoice>) {
        if licences.is_empty() {
            return;
        }
        let package = self.package_mut(key);
        package.licenses = licences;
        package.properties.push(Property {
            name: LICENCE_FROM,
            value: "registry".to_owned(),
        });
    }
}

#[cfg(test)]
mod tests;
