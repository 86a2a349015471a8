use std::path::PathBuf;

use attest_archive::image::Store;

use crate::context::Environment;
use crate::failure::Failure;

/// Opens what is kept of images of registries: `images` in `ATTEST_CACHE`, else in `attest` among the caches of the user.
pub(super) fn open(environment: &Environment) -> Result<(PathBuf, Store), Failure> {
    let directory = directory(environment).ok_or_else(|| {
        Failure::usage("cache-unknown", "nothing says where images of registries are kept")
            .hint("name a directory with ATTEST_CACHE")
    })?;
    let store = Store::open(&directory).map_err(|error| {
        let message = crate::causes::with_causes(&error);
        Failure::undecided("cache-failed", message).at(directory.display())
    })?;
    Ok((directory, store))
}

fn directory(environment: &Environment) -> Option<PathBuf> {
    let variable = |name: &str| environment.path(name);
    let of_user = || {
        variable("XDG_CACHE_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| variable("LOCALAPPDATA").filter(|_| cfg!(windows)))
            .or_else(|| Some(variable("HOME")?.join(".cache")))
    };
    let own = variable("ATTEST_CACHE").or_else(|| Some(of_user()?.join("attest")));
    own.map(|cache| cache.join("images"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_ours_before_it_is_the_users() {
        let all = [("ATTEST_CACHE", "/a"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        let found = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            directory(&variables.collect())
        };
        assert_eq!(found(&all), Some("/a/images".into()));
        assert_eq!(found(&all[1..]), Some("/x/attest/images".into()));
        assert_eq!(found(&all[2..]), Some("/h/.cache/attest/images".into()));
        assert_eq!(found(&[]), None);
    }
}
