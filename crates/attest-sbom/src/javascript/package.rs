use packageurl::PackageUrl;

use super::manifest::Manifest;
use super::source::Source;
use super::systems::Systems;
use crate::Gap;
use crate::cyclonedx::{Component, ComponentKind, ExternalReference, Hash, LicenceChoice, Property};
use crate::reference::public_text;
use crate::registry::Origin;

/// A package, before it is part of an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    /// The name under which it is published; nothing for a project without one.
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) source: Source,
    /// The host of the registry that it comes from, if the lock file says it.
    pub(super) host: Option<String>,
    pub(super) hashes: Vec<Hash>,
    pub(super) licences: Vec<LicenceChoice>,
    pub(super) repository: Option<ExternalReference>,
    pub(super) role: Role,
    /// The file that tells of it, if that is not the lock file.
    pub(super) place: Option<String>,
    /// Whether only development needs it, where the lock file says so.
    pub(super) is_development: Option<bool>,
    /// Whether it may need more than what is known.
    pub(super) is_incomplete: bool,
    pub(super) properties: Vec<Property>,
    /// The systems that it is for.
    pub(super) systems: Systems,
}

/// Whose package it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// Somebody else's.
    Foreign,
    /// The project's own, in this directory of the tree, if it lies in the tree.
    Own { directory: Option<String> },
}

impl Package {
    pub(super) fn new(name: Option<&str>, version: Option<&str>, source: Source) -> Self {
        Self {
            name: name.map(str::to_owned),
            // Where a version should stand there may be an address.
            version: version.map(public_text),
            source,
            host: None,
            hashes: Vec::new(),
            licences: Vec::new(),
            repository: None,
            role: Role::Foreign,
            place: None,
            is_development: None,
            is_incomplete: false,
            properties: Vec::new(),
            systems: Systems::default(),
        }
    }

    /// What lies in a folder of the project.
    pub(super) fn own(directory: Option<&str>, manifest: &Manifest<'_>) -> Self {
        Self {
            licences: manifest.licences(),
            repository: manifest.repository(),
            role: Role::Own {
                directory: directory.map(str::to_owned),
            },
            ..Self::new(manifest.name.text(), manifest.version.text(), Source::Local)
        }
    }

    pub(super) fn is_own(&self) -> bool {
        self.role != Role::Foreign
    }

    /// The component, without scope.
    pub(super) fn component(&self, lock: &str) -> Result<Component, Gap> {
        let place = self.place.as_deref().unwrap_or(lock);
        let mut component = match &self.name {
            Some(name) => self.named(name, place)?,
            None => Component::new(ComponentKind::Application, self.place_name()),
        };
        component.version.clone_from(&self.version);
        component.origin = match (&self.source, &self.host) {
            (Source::Registry, None) => Origin::Unsaid,
            (Source::Registry, Some(host)) => Origin::Registry(host.clone()),
            _ => Origin::Elsewhere,
        };
        component.hashes.clone_from(&self.hashes);
        component.licenses.clone_from(&self.licences);
        component.external_references.extend(self.repository.clone());
        component.properties.clone_from(&self.properties);
        Ok(component.found_at(place))
    }

    fn named(&self, name: &str, place: &str) -> Result<Component, Gap> {
        let invalid = |error: packageurl::Error| {
            let error = crate::Error::InvalidPurl {
                package: name.to_owned(),
                reason: error.to_string(),
            };
            Gap::new("damaged", place, error.to_string())
        };
        let (group, short) = split(name);
        // Without a version it was never published: the name alone would stand for what somebody else may have published.
        let is_nowhere = self.is_own() && self.version.is_none();
        let purl = if is_nowhere {
            None
        } else {
            Some(self.purl(group, short))
        };
        Ok(Component {
            group: group.map(str::to_owned),
            purl: purl.transpose().map_err(invalid)?,
            ..Component::new(ComponentKind::Library, short)
        })
    }

    /// Source: purl specification, type `npm`; a program that pnpm fetches from its makers is no package of npm.
    fn purl(&self, group: Option<&str>, name: &str) -> Result<String, packageurl::Error> {
        let kind = if self.source == Source::Runtime {
            "generic"
        } else {
            "npm"
        };
        let mut purl = PackageUrl::new(kind, name)?;
        if let Some(group) = group {
            purl.with_namespace(group)?;
        }
        if let Some(version) = &self.version {
            purl.with_version(version.as_str())?;
        }
        match &self.source {
            Source::Git(Some(address)) => purl.add_qualifier("vcs_url", address.as_str())?,
            Source::Archive(Some(address)) => purl.add_qualifier("download_url", address.as_str())?,
            _ => &mut purl,
        };
        Ok(purl.to_string())
    }

    /// How a project without a name is called: by its folder in the tree, if there is one.
    fn place_name(&self) -> String {
        match &self.role {
            Role::Own { directory: Some(path) } if !path.is_empty() => path.clone(),
            _ => "project".to_owned(),
        }
    }
}

/// `@scope/name` in its two parts.
pub(super) fn split(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((scope, short)) if scope.starts_with('@') => (Some(scope), short),
        _ => (None, name),
    }
}

/// `name@version` or `@scope/name@version` in its two parts.
pub(super) fn split_version(text: &str) -> Option<(&str, &str)> {
    let start = usize::from(text.starts_with('@'));
    let at = text.get(start..)?.find('@')? + start;
    (at > start).then(|| (&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purl(name: &str, source: Source) -> String {
        let package = Package::new(Some(name), Some("1.0.0+x"), source);
        package.component("package-lock.json").unwrap().purl.unwrap()
    }

    #[test]
    fn a_package_url_says_name_version_and_where_else_it_comes_from() {
        assert_eq!(purl("JSONStream", Source::Registry), "pkg:npm/jsonstream@1.0.0%2Bx");
        assert_eq!(purl("@a/b", Source::Local), "pkg:npm/%40a/b@1.0.0%2Bx");
        assert_eq!(
            purl("b", Source::of("git+https://example.com/a/b.git#0123")),
            "pkg:npm/b@1.0.0%2Bx?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fa%2Fb.git%400123"
        );
        assert_eq!(
            purl("b", Source::of("https://example.com/b.tgz")),
            "pkg:npm/b@1.0.0%2Bx?download_url=https:%2F%2Fexample.com%2Fb.tgz"
        );
        assert_eq!(purl("node", Source::Runtime), "pkg:generic/node@1.0.0%2Bx");
    }

    #[test]
    fn a_scope_is_the_group() {
        let component = Package::new(Some("@a/b"), None, Source::Registry)
            .component("x")
            .unwrap();
        assert_eq!((component.group.as_deref(), component.name.as_str()), (Some("@a"), "b"));
    }

    #[test]
    fn an_own_package_without_a_version_is_known_nowhere_else() {
        let manifest = Manifest::parse(r#"{"name": "@a/b"}"#, "package.json").unwrap();
        let component = Package::own(Some(""), &manifest).component("x").unwrap();
        assert_eq!((component.purl, component.name.as_str()), (None, "b"));
    }

    #[test]
    fn every_package_url_parses_back() {
        for name in ["@a/b", "a/b", "@", "a b", "é", "%41", "a?b#c", "@a/b/c"] {
            let Ok(component) = Package::new(Some(name), Some("1"), Source::Registry).component("x") else {
                continue;
            };
            let purl = component.purl.unwrap();
            assert_eq!(purl.parse::<PackageUrl<'_>>().unwrap().to_string(), purl, "{name}");
        }
    }

    #[test]
    fn a_name_ends_at_the_second_at_sign_if_it_has_a_scope() {
        assert_eq!(split_version("a@1"), Some(("a", "1")));
        assert_eq!(split_version("@a/b@npm:@c/d@1"), Some(("@a/b", "npm:@c/d@1")));
        assert_eq!(split_version("@a/b"), None);
        assert_eq!(split_version("@@"), None);
        assert_eq!(split_version(""), None);
    }
}
