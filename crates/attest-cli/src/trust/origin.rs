use std::path::{Path, PathBuf};

use attest_net::{EMBEDDED_AS_OF, TrustAnchor, TrustMaterial, TufVersions};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Instance, days};
use crate::failure::Failure;
use crate::visible::visible;

/// Where a trust root is from, and how fresh it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) source: Source,
    expires: Option<Timestamp>,
    as_of: Option<Timestamp>,
}

/// Where a trust root is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file that was named in the call.
    File(PathBuf),
    /// Built into the program.
    Embedded { instance: Instance, mirror: String },
    /// Fetched before, and verified again just now.
    Fetched {
        instance: Instance,
        mirror: String,
        fetched: Timestamp,
        versions: TufVersions,
    },
}

impl Origin {
    pub(super) fn of_file(path: &Path) -> Self {
        Self {
            source: Source::File(path.to_owned()),
            expires: None,
            as_of: None,
        }
    }

    pub(super) fn embedded(instance: Instance, anchor: &TrustAnchor) -> Self {
        Self {
            source: Source::Embedded {
                instance,
                mirror: anchor.mirror().to_string(),
            },
            expires: Some(anchor.expires()),
            as_of: Timestamp::from_second(EMBEDDED_AS_OF).ok(),
        }
    }

    pub(super) fn fetched(instance: Instance, anchor: &TrustAnchor, material: &TrustMaterial) -> Self {
        Self {
            source: Source::Fetched {
                instance,
                mirror: anchor.mirror().to_string(),
                fetched: material.fetched(),
                versions: material.versions(),
            },
            expires: Some(material.expires()),
            as_of: Some(material.as_of()),
        }
    }

    /// Which instance it is of; none for a file, which may be of any.
    pub(crate) fn instance(&self) -> Option<Instance> {
        match &self.source {
            Source::File(_) => None,
            Source::Embedded { instance, .. } | Source::Fetched { instance, .. } => Some(*instance),
        }
    }

    /// Whether the metadata that vouches for it has run out. A file has none.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires < now)
    }

    /// An error for what is older than somebody wants to rely on.
    pub(super) fn refuse_older_than(&self, limit: u32, now: Timestamp) -> Result<(), Failure> {
        let Some(as_of) = self.as_of else { return Ok(()) };
        let age = now.duration_since(as_of);
        if age <= days(limit) {
            return Ok(());
        }
        let age = age.as_hours() / 24;
        let message = format!(
            "expected trust that was fetched at most {limit} days ago, found that of {} to be as of {}, {age} days ago",
            self.title(),
            day(as_of)
        );
        Err(Failure::undecided("trust-expired", message)
            .hint(format_args!("to fetch what is new, run `{}`", self.update())))
    }

    /// What is said of trust that has run out.
    pub(super) fn note(&self) -> String {
        let expires = self.expires.map(day).unwrap_or_default();
        format!(
            "note: the trust root of {} was {} and its metadata expired on {expires}; `{}` fetches what is new",
            self.title(),
            self.state(),
            self.update()
        )
    }

    /// For people, in a few words.
    pub(crate) fn shown(&self) -> String {
        match &self.source {
            Source::File(path) => path.display().to_string(),
            _ => format!("of {}, {}", self.title(), self.state()),
        }
    }

    /// For people, above everything that is in the root.
    pub(crate) fn heading(&self) -> String {
        format!("{}: {}", self.title(), self.state())
    }

    /// For people, what else there is to know, each under its name.
    pub(crate) fn facts(&self, now: Timestamp) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        match &self.source {
            Source::File(_) => {}
            Source::Embedded { mirror, .. } => facts.push(("from", mirror.clone())),
            Source::Fetched { mirror, versions, .. } => {
                facts.push(("from", mirror.clone()));
                let TufVersions {
                    root,
                    timestamp,
                    snapshot,
                    targets,
                } = versions;
                let versions = format!("root {root}, timestamp {timestamp}, snapshot {snapshot}, targets {targets}");
                facts.push(("versions", versions));
            }
        }
        if let Some(expires) = self.expires {
            let word = if self.is_expired(now) { " (expired)" } else { "" };
            facts.push(("expires", format!("{expires}{word}")));
        }
        facts
    }

    /// For programs. Documented in `docs/TRUST-ROOTS.md`.
    pub(crate) fn to_json(&self, now: Timestamp) -> Value {
        let mut value = json!({
            "source": null,
            "instance": self.instance().map(Instance::name),
            "path": null,
            "mirror": null,
            "asOf": self.as_of.map(|time| time.to_string()),
            "expires": self.expires.map(|time| time.to_string()),
            "expired": self.expires.map(|_| self.is_expired(now)),
            "versions": null,
        });
        match &self.source {
            Source::File(path) => {
                value["source"] = "file".into();
                value["path"] = path.display().to_string().into();
            }
            Source::Embedded { mirror, .. } => {
                value["source"] = "embedded".into();
                value["mirror"] = mirror.as_str().into();
            }
            Source::Fetched { mirror, versions, .. } => {
                value["source"] = "fetched".into();
                value["mirror"] = mirror.as_str().into();
                value["versions"] = versions_json(*versions);
            }
        }
        value
    }

    fn title(&self) -> String {
        match &self.source {
            Source::File(path) => path.display().to_string(),
            Source::Embedded { instance, .. } => instance.title().to_owned(),
            Source::Fetched { instance, mirror, .. } => match instance {
                Instance::Private => format!("{} at {}", instance.title(), visible(mirror)),
                _ => instance.title().to_owned(),
            },
        }
    }

    /// How it came here, and as of when.
    fn state(&self) -> String {
        let as_of = self.as_of.map(day).unwrap_or_default();
        match &self.source {
            Source::File(_) => "given".to_owned(),
            Source::Embedded { .. } => format!("built in, as of {as_of}"),
            Source::Fetched { fetched, .. } => format!("fetched on {}", day(*fetched)),
        }
    }

    fn update(&self) -> String {
        match self.instance() {
            Some(instance) => format!("attest trust update {}", instance.name()),
            None => "attest trust update".to_owned(),
        }
    }
}

fn versions_json(versions: TufVersions) -> Value {
    json!({
        "root": versions.root,
        "timestamp": versions.timestamp,
        "snapshot": versions.snapshot,
        "targets": versions.targets,
    })
}

/// The day, which is as exact as trust needs to be told.
fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}
