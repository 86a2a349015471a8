use std::path::PathBuf;

use attest_net::{TrustAnchor, TrustCache, TrustMaterial};

use super::failure::failure;
use super::{Instance, Origin};
use crate::context::Environment;
use crate::failure::Failure;

/// Where fetched trust lies: one file for each instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directory(Option<PathBuf>);

/// Where a root is from, and what was fetched, if that is where.
pub(crate) type Known = (Origin, Option<TrustMaterial>);

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
        Self(own.or_else(shared).or_else(|| data().map(|data| data.join("attest/tuf"))))
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

    /// The instance that was initialised, if one was.
    pub(crate) fn private(&self) -> Result<Option<Known>, Failure> {
        let Some(cache) = self.existing(Instance::Private) else {
            return Ok(None);
        };
        let read = cache.read_anchored().map_err(|error| failure(&error, Instance::Private, &cache))?;
        Ok(read.map(|(anchor, material)| fetched(Instance::Private, &anchor, material)))
    }

    /// The newest that was fetched of a public instance, else what is built in.
    pub(crate) fn public(&self, instance: Instance) -> Result<Known, Failure> {
        let Some(anchor) = instance.anchor() else {
            return Err(Failure::usage("trust-not-initialised", "no instance was initialised")
                .hint("to point this program at one, run `attest trust init --mirror URL --root FILE`"));
        };
        if let Some(cache) = self.existing(instance)
            && let Some(material) = cache.read(&anchor).map_err(|error| failure(&error, instance, &cache))?
        {
            return Ok(fetched(instance, &anchor, material));
        }
        Ok((Origin::embedded(instance, &anchor), None))
    }
}

fn fetched(instance: Instance, anchor: &TrustAnchor, material: TrustMaterial) -> Known {
    (Origin::fetched(instance, anchor, &material), Some(material))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(variables: &[(&str, &str)], expected: Option<&str>) {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        assert_eq!(Directory::of(&variables.collect()), Directory(expected.map(PathBuf::from)));
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
        says(&[("XDG_DATA_HOME", "x"), ("HOME", "/h")], Some("/h/.local/share/attest/tuf"));
    }

    #[test]
    fn without_a_directory_what_is_built_in_counts() {
        let directory = Directory(None);
        assert!(directory.private().unwrap().is_none());
        assert!(directory.public(Instance::Github).unwrap().1.is_none());
        assert_eq!(
            directory.cache(Instance::Github).unwrap_err().code(),
            "trust-directory-unknown"
        );
    }
}
