use serde_json::Value;

use crate::Error;

/// What provenance says that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceClaim {
    /// The repository in one spelling: `https://`, scheme and host in lower case, no `git+`, no `.git`, no closing slash.
    pub repository: String,
    /// The ref, such as `refs/tags/v1`.
    pub reference: Option<String>,
    /// The commit.
    pub commit: Option<String>,
}

impl SourceClaim {
    /// A URI such as `git+https://github.com/example/app@refs/tags/v1`, of which the prefix and the ref may be missing.
    pub(super) fn of_uri(uri: &str) -> Self {
        let (location, reference) = split_ref(uri);
        Self {
            repository: repository(location),
            reference: reference.map(str::to_owned),
            commit: None,
        }
    }

    /// Either a URI, or an object with `uri` and `digest`, or one with `repository` and `ref`. One that says the same thing
    /// in two ways has to say it alike: else one would hide the other.
    pub(super) fn of_value(value: &Value) -> Result<Option<Self>, Error> {
        if let Some(uri) = value.as_str() {
            return Ok(Some(Self::of_uri(uri)));
        }
        let (by_uri, by_repository) = (value["uri"].as_str(), value["repository"].as_str());
        let Some(location) = by_uri.or(by_repository) else {
            return Ok(None);
        };
        let mut source = Self::of_uri(location);
        let others = by_repository.map(Self::of_uri);
        let references = [
            value["ref"].as_str(),
            others.as_ref().and_then(|other| other.reference.as_deref()),
        ];
        if let Some(other) = &others {
            same("source repository", &source.repository, &other.repository)?;
        }
        for reference in references.into_iter().flatten() {
            same(
                "source ref",
                source.reference.get_or_insert(reference.to_owned()),
                reference,
            )?;
        }
        source.commit = commit(&value["digest"]);
        Ok(Some(source))
    }
}

fn same(field: &'static str, first: &str, second: &str) -> Result<(), Error> {
    match first == second {
        true => Ok(()),
        false => Err(Error::Contradiction {
            field,
            first: first.to_owned(),
            second: second.to_owned(),
        }),
    }
}

/// The commit in a set of digests. `sha1` is how older provenance calls one.
pub(super) fn commit(digest: &Value) -> Option<String> {
    let found = digest["gitCommit"].as_str().or(digest["sha1"].as_str());
    found.map(str::to_owned)
}

/// A repository's location in one spelling: without `git+`, `.git`, a closing slash and a missing `https://`, and with
/// scheme and host in lower case. The path stays as it is: only its host knows whether its case matters.
pub(super) fn repository(location: &str) -> String {
    let location = location.strip_prefix("git+").unwrap_or(location);
    let (scheme, rest) = location.split_once("://").unwrap_or(("https", location));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    format!("{}://{}/{path}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase())
}

/// Takes the ref off a URI. An `@` of the host part belongs to a user, and a ref may hold one itself.
pub(super) fn split_ref(uri: &str) -> (&str, Option<&str>) {
    let path_begins = uri.find("://").map_or(0, |scheme| scheme + 3);
    let path_begins = uri[path_begins..]
        .find('/')
        .map_or(uri.len(), |slash| path_begins + slash);
    match uri[path_begins..].find('@') {
        Some(at) => (&uri[..path_begins + at], Some(&uri[path_begins + at + 1..])),
        None => (uri, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_one_spelling() {
        for spelling in [
            "https://github.com/example/App",
            "git+https://GitHub.com/example/App.git",
            "github.com/example/App/",
            "HTTPS://github.com/example/App",
        ] {
            assert_eq!(repository(spelling), "https://github.com/example/App", "{spelling}");
        }
        assert_ne!(
            repository("github.com/example/app"),
            repository("github.com/example/App")
        );
        assert_ne!(
            repository("http://github.com/a/b"),
            repository("https://github.com/a/b")
        );
    }

    #[test]
    fn a_ref_is_taken_off_at_the_first_sign_after_the_host() {
        let source = SourceClaim::of_uri("git+https://user@example.com/app@refs/tags/app@1.0");
        assert_eq!(source.repository, "https://user@example.com/app");
        assert_eq!(source.reference.as_deref(), Some("refs/tags/app@1.0"));
        assert_eq!(SourceClaim::of_uri("https://example.com").reference, None);
    }
}
