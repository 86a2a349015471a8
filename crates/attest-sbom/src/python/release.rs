//! What identifies a package of Python: its name, its version, and where it comes from if that is no index.

use std::collections::BTreeSet;

use attest_archive::python::ProjectName;
use packageurl::PackageUrl;

use crate::cyclonedx::{Component, ComponentKind};
use crate::{Error, Gap, purl, reference, registry};

/// Where the usual index keeps its files, as locks name them. Source: PyPI documentation, "Index API".
const FILES_OF_INDEX: &str = "files.pythonhosted.org";

/// Where a package comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Origin {
    /// An index. Which one is nobody's business: mirrors have the same packages.
    #[default]
    Index,
    /// An index at this address, which the package URL does not name either.
    IndexAt(String),
    /// A commit of a repository.
    Repository { address: String, commit: String },
    /// A file or an archive somewhere.
    Address(String),
    /// A folder or a file of the machine.
    Folder,
}

impl Origin {
    pub(super) fn repository(address: &str, commit: &str) -> Self {
        let address = address.strip_prefix("git+").unwrap_or(address);
        // `git@host:path`, as ssh writes it.
        let is_short = !address.contains("://");
        let address = match address.split_once(':') {
            Some((host, path)) if is_short && host.contains('@') => format!("ssh://{host}/{path}"),
            _ => address.to_owned(),
        };
        let commit = commit.to_owned();
        Self::Repository { address, commit }
    }

    /// An index that is known by the addresses of a package's files alone; an address is absent of a file on this machine.
    pub(super) fn of_files<'a>(addresses: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let hosts: BTreeSet<Option<String>> = addresses.into_iter().map(|one| one.and_then(registry::host)).collect();
        let hosts: Vec<Option<&str>> = hosts.iter().map(Option::as_deref).collect();
        match hosts.as_slice() {
            [] | [Some(FILES_OF_INDEX)] => Self::Index,
            [Some(host)] => Self::IndexAt(format!("https://{host}")),
            _ => Self::IndexAt(String::new()),
        }
    }

    /// Whether it stands for one content: an index has versions for that, and the name of a branch moves.
    pub(super) fn is_settled(&self) -> bool {
        match self {
            Self::Index | Self::IndexAt(_) => false,
            Self::Repository { commit, .. } => {
                commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            Self::Address(_) | Self::Folder => true,
        }
    }

    fn qualifier(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Repository { address, commit } => {
                let address = purl::vcs_address(&format!("{address}#{commit}"))?;
                Some(("vcs_url", address.trim_end_matches('@').to_owned()))
            }
            Self::Address(address) => Some(("download_url", reference::public_address(address)?)),
            Self::Index | Self::IndexAt(_) | Self::Folder => None,
        }
    }
}

/// A name as indexes compare it (PEP 503); what is no name is only put in lower case.
pub(crate) fn normalised(name: &str) -> String {
    match name.trim().parse::<ProjectName>() {
        Ok(name) => name.normalised(),
        Err(_) => name.trim().to_ascii_lowercase(),
    }
}

/// The package URL. Source: purl specification, type `pypi`.
pub(super) fn package_url(name: &str, version: Option<&str>, origin: &Origin) -> Result<String, Error> {
    let invalid = |reason: String| Error::InvalidPurl {
        package: name.to_owned(),
        reason,
    };
    let project: ProjectName = name.parse().map_err(|error| invalid(format!("{error}")))?;
    let mut url = PackageUrl::new("pypi", project.normalised()).map_err(|error| invalid(error.to_string()))?;
    if let Some(version) = version {
        url.with_version(version).map_err(|error| invalid(error.to_string()))?;
    }
    if let Some((key, value)) = origin.qualifier() {
        url.add_qualifier(key, value)
            .map_err(|error| invalid(error.to_string()))?;
    }
    Ok(url.to_string())
}

/// A package that a file of this path lists.
pub(super) fn component(name: &str, version: Option<&str>, origin: &Origin, place: &str) -> Result<Component, Gap> {
    let version = version.map(str::trim).filter(|version| !version.is_empty());
    let url = package_url(name, version, origin).map_err(|error| Gap::new("damaged", place, error.to_string()))?;
    Ok(Component {
        version: version.map(str::to_owned),
        purl: Some(url),
        origin: match origin {
            Origin::Index => registry::Origin::Unsaid,
            Origin::IndexAt(address) => registry::Origin::registry(address),
            _ => registry::Origin::Elsewhere,
        },
        ..Component::new(ComponentKind::Library, name)
    }
    .found_at(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn names_are_normalised_and_versions_are_not() {
        let url = package_url("Zope.Interface__x", Some("1.0.0+Local"), &Origin::Index).unwrap();
        assert_eq!(url, "pkg:pypi/zope-interface-x@1.0.0%2BLocal");
        assert_eq!(package_url("a", None, &Origin::Folder).unwrap(), "pkg:pypi/a");
        assert!(package_url("-", None, &Origin::Index).is_err());
    }

    #[test]
    fn a_source_outside_the_index_is_named_without_secrets() {
        let expected = format!("pkg:pypi/a@1?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fo%2Fa.git%40{COMMIT}");
        for address in [
            "https://example.com/o/a.git",
            "git+https://user:secret@example.com/o/a.git",
            "https://example.com/o/a.git?rev=main",
        ] {
            let origin = Origin::repository(address, COMMIT);
            assert_eq!(package_url("a", Some("1"), &origin).unwrap(), expected, "{address}");
        }
        let origin = Origin::repository("git@example.com:o/a.git", COMMIT);
        let expected = format!("pkg:pypi/a?vcs_url=git%2Bssh:%2F%2Fgit%40example.com%2Fo%2Fa.git%40{COMMIT}");
        assert_eq!(package_url("a", None, &origin).unwrap(), expected);
        let origin = Origin::Address("https://u:p@example.com/a-1.zip?token=SECRET#sha256=00".to_owned());
        let url = package_url("a", None, &origin).unwrap();
        assert_eq!(url, "pkg:pypi/a?download_url=https:%2F%2Fexample.com%2Fa-1.zip");
    }
}
