use crate::cyclonedx::{Component, OrganizationalEntity, ReferenceKind};

/// Who hands a package out, where the package itself names nobody.
///
/// The rule, by the type of the package URL: the account or the domain that its name begins with (`@scope` of npm, the
/// group of Maven, `host/account` of Go and of sources in git), else the index that its type stands for. Nothing is asked
/// of anybody, and a supplier that the input names goes before.
pub(crate) fn by_name_space(component: &Component) -> Option<OrganizationalEntity> {
    let purl = component.purl.as_deref()?;
    let (kind, rest) = purl.strip_prefix("pkg:")?.split_once('/')?;
    let source = ["vcs_url=", "repository_url=", "download_url="];
    let other = source.iter().find_map(|name| rest.split(name).nth(1)).and_then(account);
    other.or_else(|| of_type(kind, component)).map(named)
}

/// Who hands out what is the project's own: the account that its repository belongs to, else the project itself.
pub(crate) fn of_own(component: &Component, project: Option<&str>) -> Option<OrganizationalEntity> {
    let mut references = component.external_references.iter();
    let repository = references.find(|reference| reference.kind == ReferenceKind::Vcs);
    let account = repository.and_then(|reference| account(&reference.url));
    account.or_else(|| project.map(str::to_owned)).map(named)
}

fn named(name: String) -> OrganizationalEntity {
    let (url, contact) = (Vec::new(), Vec::new());
    OrganizationalEntity { name, url, contact }
}

/// `host/account` of an address in a qualifier, the first account of it.
fn account(qualifier: &str) -> Option<String> {
    let address = qualifier.split('&').next()?.replace("%2F", "/").replace("%3A", ":");
    let address = address.split_once("://")?.1;
    let address = address.rsplit_once('@').map_or(address, |(before, after)| {
        // `git@host/…` names an account of the transport, `…@commit` a version.
        if before.contains('/') { before } else { after }
    });
    let mut parts = address.split('/').filter(|part| !part.is_empty());
    let host = parts.next()?;
    Some(parts.next().map_or(host.to_owned(), |account| {
        format!("{host}/{}", account.trim_end_matches(".git"))
    }))
}

fn of_type(kind: &str, component: &Component) -> Option<String> {
    let group = component.group.as_deref().filter(|group| !group.is_empty());
    let index = match kind {
        "cargo" => "Rust crates",
        "npm" => return Some(group.unwrap_or("npm").to_owned()),
        "pypi" => "PyPI",
        "golang" => {
            return group
                .map(|group| group.split('/').take(2).collect::<Vec<_>>().join("/"))
                .or_else(|| Some(component.name.clone()));
        }
        "gem" => "RubyGems",
        // The vendor of a distribution, which is the name space there.
        "deb" | "apk" | "rpm" => {
            let path = component.purl.as_deref()?.splitn(3, '/').collect::<Vec<_>>();
            return path.get(2).and(path.get(1)).map(|vendor| (*vendor).to_owned());
        }
        _ => return group.map(str::to_owned),
    };
    Some(index.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cyclonedx::ComponentKind;

    fn named(purl: &str, group: Option<&str>, name: &str) -> Option<String> {
        let component = Component {
            purl: Some(purl.to_owned()),
            group: group.map(str::to_owned),
            ..Component::new(ComponentKind::Library, name)
        };
        by_name_space(&component).map(|supplier| supplier.name)
    }

    #[test]
    fn what_is_own_is_handed_out_by_the_account_of_its_repository_or_by_the_project() {
        let mut component = Component::new(ComponentKind::Library, "a");
        let name = |component: &Component, project| of_own(component, project).map(|supplier| supplier.name);
        assert_eq!(name(&component, None), None);
        assert_eq!(name(&component, Some("app")).as_deref(), Some("app"));
        let repository = crate::reference::external(ReferenceKind::Vcs, Some("https://example.com/owner/a.git"));
        component.external_references.extend(repository);
        assert_eq!(name(&component, Some("app")).as_deref(), Some("example.com/owner"));
    }

    #[test]
    fn the_name_space_hands_a_package_out() {
        for (purl, group, name, expected) in [
            ("pkg:cargo/serde@1.0.0", None, "serde", Some("Rust crates")),
            ("pkg:npm/%40babel/core@7.0.0", Some("@babel"), "core", Some("@babel")),
            ("pkg:npm/left-pad@1.0.0", None, "left-pad", Some("npm")),
            (
                "pkg:golang/github.com/a/b/c@v1.0.0",
                Some("github.com/a/b"),
                "c",
                Some("github.com/a"),
            ),
            (
                "pkg:golang/go.uber.org/zap@v1.0.0",
                Some("go.uber.org"),
                "zap",
                Some("go.uber.org"),
            ),
            (
                "pkg:maven/org.example/a@1",
                Some("org.example"),
                "a",
                Some("org.example"),
            ),
            ("pkg:generic/a@1", None, "a", None),
            (
                "pkg:cargo/b@1.0.0?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fowner%2Fb%400123",
                None,
                "b",
                Some("example.com/owner"),
            ),
        ] {
            assert_eq!(named(purl, group, name).as_deref(), expected, "{purl}");
        }
    }
}
