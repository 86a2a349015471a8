//! The path and the version of a module in, a component out.

use std::cmp::Ordering;

use packageurl::PackageUrl;

use crate::Error;
use crate::cyclonedx::{Component, ComponentKind};

/// What Go itself calls the version of a module that is built from its sources and has none.
pub(crate) const FROM_SOURCE: &str = "(devel)";

/// Whether a path can be that of a module. Source: "Go Modules Reference", section "Module paths and versions"; paths of the
/// project's own modules need not be those of a host.
pub(crate) fn is_module_path(path: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+');
    path.split('/')
        .all(|part| !part.is_empty() && part.chars().all(allowed) && part.chars().any(|c| c != '.'))
}

/// Whether a word can be a version, or a branch or commit that stands for one.
pub(crate) fn is_version(version: &str) -> bool {
    let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '(' | ')' | '[' | ']' | ',');
    !version.is_empty() && version.chars().all(allowed)
}

/// Which of two versions is the later one. Source: Semantic Versioning 2.0.0, which Go follows; other words come first.
pub(super) fn compare(one: &str, two: &str) -> Ordering {
    let parsed = |text: &str| semver::Version::parse(text.strip_prefix('v')?).ok();
    parsed(one).cmp(&parsed(two)).then_with(|| one.cmp(two))
}

/// A module: the group is what stands before its name, to which the number of a later major version belongs.
pub(crate) fn component(kind: ComponentKind, path: &str, version: Option<&str>) -> Result<Component, Error> {
    let (group, name) = name_in(path);
    Ok(Component {
        group: group.map(str::to_owned),
        version: version.map(str::to_owned),
        purl: Some(purl(path, version.filter(|version| *version != FROM_SOURCE))?),
        ..Component::new(kind, name)
    })
}

/// `github.com/owner` and `name/v2`. Source: "Go Modules Reference", section "Major version suffixes".
fn name_in(path: &str) -> (Option<&str>, &str) {
    let (before, last) = path.rsplit_once('/').unwrap_or(("", path));
    let is_major = last
        .strip_prefix('v')
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()));
    let end = match is_major {
        true => before.rfind('/'),
        false => path.rfind('/'),
    };
    end.map_or((None, path), |end| (Some(&path[..end]), &path[end + 1..]))
}

/// Namespace and name are in lower case, whatever the path is. Source: purl specification, type `golang`.
fn purl(path: &str, version: Option<&str>) -> Result<String, Error> {
    let invalid = |error: packageurl::Error| Error::InvalidPurl {
        package: path.to_owned(),
        reason: error.to_string(),
    };
    let path = path.to_lowercase();
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let mut purl = PackageUrl::new("golang", name).map_err(invalid)?;
    if !namespace.is_empty() {
        purl.with_namespace(namespace).map_err(invalid)?;
    }
    if let Some(version) = version {
        purl.with_version(version).map_err(invalid)?;
    }
    Ok(purl.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_has_an_exact_package_url() {
        for (path, version, expected) in [
            (
                "github.com/Azure/azure-sdk-for-go",
                Some("v68.0.0+incompatible"),
                "pkg:golang/github.com/azure/azure-sdk-for-go@v68.0.0%2Bincompatible",
            ),
            (
                "github.com/antlr4-go/antlr/v4",
                Some("v4.13.0"),
                "pkg:golang/github.com/antlr4-go/antlr/v4@v4.13.0",
            ),
            ("gopkg.in/yaml.v3", Some("v3.0.1"), "pkg:golang/gopkg.in/yaml.v3@v3.0.1"),
            ("compliance", None, "pkg:golang/compliance"),
            ("example.com/a", Some(FROM_SOURCE), "pkg:golang/example.com/a"),
        ] {
            let found = component(ComponentKind::Library, path, version).unwrap();
            assert_eq!(found.purl.as_deref(), Some(expected));
            assert_eq!(found.version.as_deref(), version);
        }
        let azure = component(ComponentKind::Library, "github.com/Azure/X", None).unwrap();
        assert_eq!(
            (azure.group.as_deref(), azure.name.as_str()),
            (Some("github.com/Azure"), "X")
        );
    }

    #[test]
    fn versions_are_ordered_as_go_orders_them() {
        let ordered = [
            "master",
            "v0.0.0-20190101000000-aaaaaaaaaaaa",
            "v0.0.0-20200101000000-000000000000",
            "v0.9.0",
            "v1.2.0-rc.1",
            "v1.2.0",
            "v1.10.0",
            "v2.0.0+incompatible",
        ];
        for pair in ordered.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["", "/", "a//b", "../x", "a/..", "./x", "a b", "a\u{1}", "C:\\x"] {
            assert!(!is_module_path(path), "{path:?}");
        }
        for path in [
            "compliance",
            "example.com/a/v2",
            "k8s.io/api",
            "gopkg.in/yaml.v3",
            "git.sr.ht/~user/x",
        ] {
            assert!(is_module_path(path), "{path:?}");
        }
    }
}
