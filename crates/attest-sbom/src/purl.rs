use packageurl::PackageUrl;

use crate::Error;
use crate::reference::{host_and_path, public_address};
use crate::registry::Origin;

/// The package URL of a package that Cargo knows.
///
/// A package of another registry says which by `repository_url`, one from git by `vcs_url`; one that lies in a folder has
/// neither, since the folder is nobody's business. Source: purl specification, type `cargo`.
pub(crate) fn cargo(name: &str, version: &str, source: Option<&str>) -> Result<String, Error> {
    cargo_requirement(name, Some(version), source)
}

/// The package URL of a package that Cargo knows, where it may not be settled which version of it is meant.
pub(crate) fn cargo_requirement(name: &str, version: Option<&str>, source: Option<&str>) -> Result<String, Error> {
    let invalid = |error: packageurl::Error| Error::InvalidPurl {
        package: name.to_owned(),
        reason: error.to_string(),
    };
    let mut purl = PackageUrl::new("cargo", name).map_err(invalid)?;
    if let Some(version) = version {
        purl.with_version(version).map_err(invalid)?;
    }
    if let Some((key, value)) = source.and_then(qualifier) {
        purl.add_qualifier(key, value).map_err(invalid)?;
    }
    let text = purl.to_string();
    // A lock file may hold anything as a version, such as another package URL: then others would read this one otherwise.
    text.parse::<PackageUrl<'_>>().map_err(invalid)?;
    Ok(text)
}

/// The package URL of something that no package manager knows.
pub(crate) fn generic(name: &str, version: Option<&str>) -> Result<String, Error> {
    let invalid = |error: packageurl::Error| Error::InvalidPurl {
        package: name.to_owned(),
        reason: error.to_string(),
    };
    let mut purl = PackageUrl::new("generic", name).map_err(invalid)?;
    if let Some(version) = version {
        purl.with_version(version).map_err(invalid)?;
    }
    Ok(purl.to_string())
}

/// The same package in a version that its manifest does not say, and that version: those of Go begin with a `v`.
pub(crate) fn with_version(text: &str, version: &str) -> Result<(String, String), Error> {
    let invalid = |error: packageurl::Error| Error::InvalidPurl {
        package: text.to_owned(),
        reason: error.to_string(),
    };
    let mut purl: PackageUrl<'_> = text.parse().map_err(invalid)?;
    let version = match purl.ty() {
        "golang" => format!("v{version}"),
        _ => version.to_owned(),
    };
    purl.with_version(version.clone()).map_err(invalid)?;
    Ok((purl.to_string(), version))
}

/// Cargo's default registry, as `cargo metadata` writes it: it is the default of the purl type, too.
const DEFAULT_REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Whether Cargo's default registry hands a package out.
pub(crate) fn cargo_origin(source: Option<&str>) -> Origin {
    match source {
        Some(DEFAULT_REGISTRY) => Origin::Unsaid,
        _ => Origin::Elsewhere,
    }
}

fn qualifier(source: &str) -> Option<(&'static str, String)> {
    if source == DEFAULT_REGISTRY {
        return None;
    }
    let (kind, address) = source.split_once('+')?;
    match kind {
        "registry" | "sparse" => Some(("repository_url", public_address(address)?)),
        "git" => Some(("vcs_url", vcs_address(address)?)),
        _ => None,
    }
}

/// `git+<address>@<commit>`, in the form of SPDX download locations. A local repository has no public address.
pub(crate) fn vcs_address(address: &str) -> Option<String> {
    let (address, commit) = address.split_once('#')?;
    let commit = commit.split(['?', '#', '&']).next().unwrap_or(commit);
    // It is no commit, no tag and no branch.
    if commit.contains(['=', '@', ':']) {
        return None;
    }
    let address = address.split('?').next().unwrap_or(address);
    let address = match address.strip_prefix("ssh://") {
        Some(rest) => format!("ssh://{}", of_git(rest)),
        None => public_address(address)?,
    };
    Some(format!("git+{address}@{commit}"))
}

/// `git@host` names an account that all share; any other is somebody's.
fn of_git(rest: &str) -> String {
    let (host, path) = host_and_path(rest);
    let user = rest
        .split([':', '@', '/'])
        .next()
        .filter(|user| *user == "git" && *user != host);
    user.map_or_else(|| format!("{host}{path}"), |user| format!("{user}@{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_version_that_makes_no_package_url_is_refused() {
        let error = cargo("a", "pkg:golang/example.com/a@1", None).unwrap_err();
        assert!(matches!(error, Error::InvalidPurl { .. }), "{error}");
    }

    #[test]
    fn a_package_of_the_default_registry_or_a_folder_has_no_qualifier() {
        assert_eq!(
            cargo("serde", "1.0.2", Some(DEFAULT_REGISTRY)).unwrap(),
            "pkg:cargo/serde@1.0.2"
        );
        assert_eq!(
            cargo("Inflector", "0.11.4", None).unwrap(),
            "pkg:cargo/Inflector@0.11.4"
        );
    }

    #[test]
    fn build_metadata_in_a_version_is_escaped() {
        let purl = cargo("wasi", "0.11.0+wasi-snapshot-preview1", None).unwrap();
        assert_eq!(purl, "pkg:cargo/wasi@0.11.0%2Bwasi-snapshot-preview1");
    }

    #[test]
    fn a_git_source_names_the_commit() {
        let source = format!("git+https://user:secret@example.com/a/b.git?branch=main#{COMMIT}");
        let expected = format!("pkg:cargo/b@1.0.0?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fa%2Fb.git%40{COMMIT}");
        assert_eq!(cargo("b", "1.0.0", Some(&source)).unwrap(), expected);
        let source = format!("git+ssh://git:secret@example.com/a/b.git#{COMMIT}");
        let expected = format!("pkg:cargo/b@1.0.0?vcs_url=git%2Bssh:%2F%2Fgit%40example.com%2Fa%2Fb.git%40{COMMIT}");
        assert_eq!(cargo("b", "1.0.0", Some(&source)).unwrap(), expected);
    }

    #[test]
    fn another_registry_is_named_and_a_folder_is_not() {
        let purl = cargo("b", "1.0.0", Some("sparse+https://cargo.example.com/index/")).unwrap();
        assert_eq!(
            purl,
            "pkg:cargo/b@1.0.0?repository_url=https:%2F%2Fcargo.example.com%2Findex%2F"
        );
        for source in [
            "registry+file:///home/x/index",
            "git+file:///home/x/b#0123",
            "directory+/home/x",
        ] {
            assert_eq!(cargo("b", "1.0.0", Some(source)).unwrap(), "pkg:cargo/b@1.0.0");
        }
    }

    #[test]
    fn every_package_url_parses_back() {
        for text in [cargo("a-b_c", "1.0.0-rc.1+x.y", None), generic("my app", Some("1:2"))] {
            let text = text.unwrap();
            assert_eq!(text.parse::<PackageUrl<'_>>().unwrap().to_string(), text);
        }
    }
}
