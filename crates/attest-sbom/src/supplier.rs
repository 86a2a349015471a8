use packageurl::PackageUrl;

use crate::cyclonedx::{Component, OrganizationalEntity, ReferenceKind};
use crate::reference::host_and_path;
use crate::{About, Metadata};

/// Who hands out a package of a document that names nobody: of what is own whom the maker of the document names, else what the package
/// and the project say; of the rest its name space. `project` is what the whole is called where nobody else is known.
pub(crate) fn of(component: &Component, metadata: &Metadata, project: Option<&str>) -> Option<OrganizationalEntity> {
    if !component.is_own() {
        return by_name_space(component);
    }
    let stated = metadata.supplier.as_ref().map(Into::into);
    stated.or_else(|| of_maker(component, &metadata.about, project))
}

/// Who hands out what its maker calls by a name: the account of its repository, of that of the project, or the project.
pub(crate) fn of_maker(component: &Component, about: &About, project: Option<&str>) -> Option<OrganizationalEntity> {
    let own = of_own(component, None).or_else(|| of_project(about));
    own.or_else(|| of_own(component, project))
}

/// Who hands a package out, where the package itself names nobody.
///
/// The rule, by the type of the package URL: the account or the domain that its name begins with (`@scope` of npm, the
/// group of Maven, `host/account` of Go and of sources in git), else the index that its type stands for. Nothing is asked
/// of anybody, and a supplier that the input names goes before.
pub(crate) fn by_name_space(component: &Component) -> Option<OrganizationalEntity> {
    let purl = component.purl.as_deref()?;
    let (kind, rest) = purl.strip_prefix("pkg:")?.split_once('/')?;
    let is_elsewhere = SOURCES.iter().any(|name| rest.contains(name));
    let other = is_elsewhere.then(|| elsewhere(purl)).flatten();
    other.or_else(|| of_type(kind, component)).map(named)
}

/// Who hands out what is the project's own: the account that its repository belongs to, else the project itself.
fn of_own(component: &Component, project: Option<&str>) -> Option<OrganizationalEntity> {
    let mut references = component.external_references.iter();
    let repository = references.find(|reference| reference.kind == ReferenceKind::Vcs);
    let account = repository.and_then(|reference| account(&reference.url));
    account.or_else(|| project.map(str::to_owned)).map(named)
}

/// Who hands out what a project makes: the account that its repository belongs to, else the project itself.
pub(crate) fn of_project(about: &About) -> Option<OrganizationalEntity> {
    let account = about.repository.as_deref().and_then(account);
    account.or_else(|| about.project.clone()).map(named)
}

pub(crate) fn named(name: String) -> OrganizationalEntity {
    let (url, contact) = (Vec::new(), Vec::new());
    OrganizationalEntity { name, url, contact }
}

/// The qualifiers that say where a package is from.
const SOURCES: [&str; 3] = ["vcs_url", "repository_url", "download_url"];

fn elsewhere(purl: &str) -> Option<String> {
    let purl: PackageUrl<'_> = purl.parse().ok()?;
    SOURCES.iter().find_map(|name| {
        let address: &str = purl.qualifiers().get(*name)?;
        // Repositories of images and of Maven are written without `https`.
        match *name == "repository_url" && !address.contains("://") {
            true => account(&format!("https://{address}")),
            false => account(address),
        }
    })
}

/// `host/account` of an address: what follows the host is an account if more follows it, else the thing itself.
pub(crate) fn account(address: &str) -> Option<String> {
    let (host, path) = host_and_path(address.split_once("://")?.1);
    // `host:account/name` is how ssh writes it.
    let (host, path) = match host.split_once(':') {
        Some((host, account)) if !account.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, format!("{account}{path}"))
        }
        _ => (host, path.to_owned()),
    };
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let account = parts
        .next()
        .filter(|account| !account.contains('@') && parts.next().is_some());
    let name = account.map_or_else(|| host.to_owned(), |account| format!("{host}/{account}"));
    (!host.is_empty()).then_some(name)
}

fn qualifier(component: &Component, name: &str) -> Option<String> {
    let purl: PackageUrl<'_> = component.purl.as_deref()?.parse().ok()?;
    purl.qualifiers().get(name).map(ToString::to_string)
}

fn of_type(kind: &str, component: &Component) -> Option<String> {
    let group = component.group.as_deref().filter(|group| !group.is_empty());
    let index = match kind {
        "cargo" => "Rust crates",
        "npm" => return Some(group.unwrap_or("npm").to_owned()),
        "pypi" => "PyPI",
        // A channel of conda hands out what its owner packed.
        "conda" => return Some(qualifier(component, "channel").unwrap_or_else(|| "conda".to_owned())),
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
    fn what_a_project_makes_is_handed_out_by_the_account_of_its_repository_or_by_the_project() {
        let mut about = About::default();
        let name = |about: &About| of_project(about).map(|supplier| supplier.name);
        assert_eq!(name(&about), None);
        about.project = Some("app".to_owned());
        assert_eq!(name(&about).as_deref(), Some("app"));
        about.repository = Some("https://example.com/owner/app".to_owned());
        assert_eq!(name(&about).as_deref(), Some("example.com/owner"));
    }

    #[test]
    fn the_name_space_hands_a_package_out() {
        for (purl, group, name, expected) in [
            ("pkg:cargo/serde@1.0.0", None, "serde", Some("Rust crates")),
            ("pkg:npm/%40babel/core@7.0.0", Some("@babel"), "core", Some("@babel")),
            ("pkg:npm/left-pad@1.0.0", None, "left-pad", Some("npm")),
            (
                "pkg:conda/numpy@1?channel=conda-forge",
                None,
                "numpy",
                Some("conda-forge"),
            ),
            ("pkg:conda/numpy@1", None, "numpy", Some("conda")),
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
            (
                "pkg:pypi/b?vcs_url=git%2Bssh:%2F%2Fgit%40example.com%2Fowner%2Fb.git%400123",
                None,
                "b",
                Some("example.com/owner"),
            ),
            (
                "pkg:npm/b@1?download_url=https:%2F%2Fexample.com%2Fb%20c.tgz",
                None,
                "b",
                Some("example.com"),
            ),
            (
                "pkg:npm/b@1?vcs_url=git%2bhttps%3a%2f%2fexample.com%2fan%20owner%2fb",
                None,
                "b",
                Some("example.com/an owner"),
            ),
            (
                "pkg:cargo/b@1?repository_url=https:%2F%2Fexample.com%3A8080%2Findex%2F",
                None,
                "b",
                Some("example.com:8080"),
            ),
            (
                "pkg:oci/b@sha256:00?repository_url=example.com%2Fowner%2Fb",
                None,
                "b",
                Some("example.com/owner"),
            ),
            ("pkg:oci/b@sha256:00?arch=amd64", None, "b", None),
        ] {
            assert_eq!(named(purl, group, name).as_deref(), expected, "{purl}");
        }
    }
}
