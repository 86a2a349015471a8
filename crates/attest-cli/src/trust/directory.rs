use std::path::PathBuf;

use attest_net::{TrustAnchor, TrustCache};

use super::failure::failure;
use super::{Instance, Known};
use crate::context::Environment;
use crate::failure::Failure;

/// Where fetched trust lies: one file for each instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directory(Option<PathBuf>);

impl Directory {
    /// `ATTEST_TUF_ROOT`, else `attest` in `TUF_ROOT`, which belongs to cosign, else `attest/tuf` among the data of the user.
    pub(crate) fn of(environment: &Environment) -> Self {
        let variable = |name: &str| environment.path(name);
        let data = || {
            let home = || variable("HOME").map(|home| home.join(".local/share"));
            variable("XDG_DATA_HOME")
                .filter(|path| path.is_absolute())
                .or_else(|| variable("LOCALAPPDATA").filter(|_| cfg!(windows)))
                .or_else(home)
        };
        let own = variable("ATTEST_TUF_ROOT");
        let shared = || variable("TUF_ROOT").map(|root| root.join("attest"));
        Self(
            own.or_else(shared)
                .or_else(|| data().map(|data| data.join("attest/tuf"))),
        )
    }

    /// The file of an instance.
    pub(crate) fn cache(&self, instance: Instance) -> Result<TrustCache, Failure> {
        self.existing(instance).ok_or_else(|| {
            Failure::usage("trust-directory-unknown", "nothing says where fetched trust is kept")
                .hint("name a directory with ATTEST_TUF_ROOT")
        })
    }

    fn existing(&self, instance: Instance) -> Option<TrustCache> {
        let directory = self.0.as_ref()?;
        Some(TrustCache::new(directory.join(format!("{}.json", instance.name()))))
    }

    /// Everything that counts where no file is named.
    pub(crate) fn in_use(&self) -> Result<Vec<Known>, Failure> {
        match self.private()? {
            Some(private) => Ok(vec![private]),
            None => Ok(vec![self.public(Instance::PublicGood)?, self.public(Instance::Github)?]),
        }
    }

    /// The instances that [`Directory::in_use`] is about. That one has a state that cannot be read does not matter here.
    pub(crate) fn instances_in_use(&self) -> Result<Vec<Instance>, Failure> {
        match self.anchor()? {
            Some(_) => Ok(vec![Instance::Private]),
            None => Ok(vec![Instance::PublicGood, Instance::Github]),
        }
    }

    /// Where trust in the initialised instance begins, if one was initialised.
    pub(crate) fn anchor(&self) -> Result<Option<TrustAnchor>, Failure> {
        let Some(cache) = self.existing(Instance::Private) else {
            return Ok(None);
        };
        cache
            .anchor()
            .map_err(|error| failure(&error, Instance::Private, &cache))
    }

    /// What is known of one instance, whether or not it counts.
    pub(crate) fn known(&self, instance: Instance) -> Result<Known, Failure> {
        match instance {
            Instance::Private => self.private()?.ok_or_else(not_initialised),
            public => self.public(public),
        }
    }

    /// The instance that was initialised, if one was.
    pub(crate) fn private(&self) -> Result<Option<Known>, Failure> {
        let Some(cache) = self.existing(Instance::Private) else {
            return Ok(None);
        };
        let read = cache
            .read_anchored()
            .map_err(|error| failure(&error, Instance::Private, &cache))?;
        Ok(read.map(|(anchor, material)| Known::fetched(Instance::Private, &anchor, material)))
    }

    /// The newest that was fetched of a public instance, else what is built in.
    pub(crate) fn public(&self, instance: Instance) -> Result<Known, Failure> {
        let anchor = instance.anchor().ok_or_else(not_initialised)?;
        if let Some(cache) = self.existing(instance)
            && let Some(material) = cache.read(&anchor).map_err(|error| failure(&error, instance, &cache))?
        {
            return Ok(Known::fetched(instance, &anchor, material));
        }
        Known::embedded(instance, &anchor).ok_or_else(not_initialised)
    }
}

pub(crate) fn not_initialised() -> Failure {
    Failure::usage("trust-not-initialised", "no instance of Sigstore was initialised")
        .hint("to point this program at one, run `attest trust init --mirror URL --root FILE`")
}

#[cfg(test)]
mod tests {
    use super::super::origin::Source;
    use super::*;

    #[track_caller]
    fn says(variables: &[(&str, &str)], expected: Option<&str>) {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        assert_eq!(
            Directory::of(&variables.collect()),
            Directory(expected.map(PathBuf::from))
        );
    }

    #[test]
    fn the_directory_is_ours_before_it_is_shared_before_it_is_the_users() {
        let all = [
            ("ATTEST_TUF_ROOT", "/a"),
            ("TUF_ROOT", "/t"),
            ("XDG_DATA_HOME", "/x"),
            ("HOME", "/h"),
        ];
        says(&all, Some("/a"));
        says(&all[1..], Some("/t/attest"));
        says(&all[2..], Some("/x/attest/tuf"));
        says(&all[3..], Some("/h/.local/share/attest/tuf"));
        says(&[], None);
    }

    #[test]
    fn what_is_empty_or_relative_where_it_may_not_be_is_passed_over() {
        says(&[("ATTEST_TUF_ROOT", ""), ("TUF_ROOT", "/t")], Some("/t/attest"));
        says(
            &[("XDG_DATA_HOME", "x"), ("HOME", "/h")],
            Some("/h/.local/share/attest/tuf"),
        );
    }

    #[test]
    fn without_a_directory_what_is_built_in_counts() {
        let directory = Directory(None);
        assert!(directory.private().unwrap().is_none());
        let known = directory.public(Instance::Github).unwrap();
        assert!(matches!(known.origin.source, Source::Embedded { .. }));
        assert_eq!(
            directory.cache(Instance::Github).unwrap_err().code(),
            "trust-directory-unknown"
        );
    }
}
