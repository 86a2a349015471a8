use super::wire::{Dependencies, DetailWire, Inheritable, ManifestWire, PackageWire, WorkspaceWire};
use super::{About, Declared, Manifest, Origin, Purpose, Shape, joined};

/// The version of a package that names none.
const NO_VERSION: &str = "0.0.0";

/// Where a manifest lies, and the workspace from which it may take what it does not say itself.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Inheritance<'a> {
    /// The directory of the manifest.
    pub(in super::super) directory: &'a str,
    /// The workspace and its directory.
    pub(in super::super) workspace: Option<(&'a WorkspaceWire, &'a str)>,
}

/// A manifest, and what it wants to inherit and does not find.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Read {
    pub(in super::super) manifest: Manifest,
    pub(in super::super) missing: Vec<String>,
}

impl ManifestWire {
    /// The package, with what it inherits; nothing for a manifest that is of a workspace alone.
    pub(in super::super) fn read(&self, inheritance: Inheritance<'_>) -> Option<Read> {
        let package = self.package.as_ref()?;
        let mut reading = Reading {
            inheritance,
            missing: Vec::new(),
        };
        let manifest = Manifest {
            name: package.name.clone(),
            version: reading.version(package),
            about: reading.about(package),
            shape: self.shape(),
            dependencies: reading.dependencies(self),
            features: self.features.clone(),
        };
        let missing = reading.missing;
        Some(Read { manifest, missing })
    }

    fn shape(&self) -> Shape {
        let library = self.lib.as_ref();
        Shape {
            library: library.is_some(),
            program: !self.bin.is_empty(),
            procedural_macro: library.is_some_and(|library| library.proc_macro == Some(true)),
        }
    }

    /// Whether features are kept apart by what they are for: the second resolver, default since the edition of 2021.
    pub(in super::super) fn keeps_features_apart(&self) -> bool {
        let workspace = self.workspace.as_ref();
        let package = self.package.as_ref();
        let stated = workspace
            .and_then(|workspace| workspace.resolver.as_deref())
            .or(package.and_then(|package| package.resolver.as_deref()));
        match (stated, package) {
            (Some(resolver), _) => resolver != "1",
            // A workspace without a package has the first one unless it says otherwise.
            (None, None) => false,
            (None, Some(package)) => edition(package, workspace).is_some_and(|edition| edition >= "2021"),
        }
    }
}

fn edition<'a>(package: &'a PackageWire, workspace: Option<&'a WorkspaceWire>) -> Option<&'a str> {
    match package.edition.as_ref()? {
        Inheritable::Own(edition) => Some(edition),
        Inheritable::Inherited { .. } => workspace?.package.edition.as_deref(),
    }
}

struct Reading<'a> {
    inheritance: Inheritance<'a>,
    missing: Vec<String>,
}

impl<'a> Reading<'a> {
    fn workspace(&self) -> Option<&'a WorkspaceWire> {
        self.inheritance.workspace.map(|(workspace, _)| workspace)
    }

    fn value<T: Clone>(&mut self, name: &str, own: Option<&Inheritable<T>>, shared: Option<&T>) -> Option<T> {
        match own? {
            Inheritable::Own(value) => Some(value.clone()),
            Inheritable::Inherited { workspace: false } => None,
            Inheritable::Inherited { workspace: true } => {
                if shared.is_none() {
                    self.missing.push(name.to_owned());
                }
                shared.cloned()
            }
        }
    }

    fn version(&mut self, package: &PackageWire) -> String {
        let shared = self
            .workspace()
            .and_then(|workspace| workspace.package.version.as_ref());
        let version = self.value("version", package.version.as_ref(), shared);
        version.unwrap_or_else(|| NO_VERSION.to_owned())
    }

    fn about(&mut self, package: &PackageWire) -> About {
        let shared = self.workspace().map(|workspace| &workspace.package);
        let mut text =
            |name, own: &Option<Inheritable<String>>, shared: Option<&String>| self.value(name, own.as_ref(), shared);
        let description = shared.and_then(|shared| shared.description.as_ref());
        let licence = shared.and_then(|shared| shared.license.as_ref());
        let licence_file = shared.and_then(|shared| shared.license_file.as_ref());
        let repository = shared.and_then(|shared| shared.repository.as_ref());
        let homepage = shared.and_then(|shared| shared.homepage.as_ref());
        let documentation = shared.and_then(|shared| shared.documentation.as_ref());
        About {
            description: text("description", &package.description, description),
            licence: text("license", &package.license, licence),
            licence_file: text("license-file", &package.license_file, licence_file),
            repository: text("repository", &package.repository, repository),
            homepage: text("homepage", &package.homepage, homepage),
            documentation: text("documentation", &package.documentation, documentation),
            authors: {
                let shared = shared.and_then(|shared| shared.authors.as_ref());
                let authors = self.value("authors", package.authors.as_ref(), shared);
                authors.unwrap_or_default()
            },
        }
    }

    fn dependencies(&mut self, manifest: &ManifestWire) -> Vec<Declared> {
        let mut declared = Vec::new();
        let tables = [
            (&manifest.dependencies, Purpose::Normal),
            (&manifest.build_dependencies, Purpose::Build),
            (&manifest.dev_dependencies, Purpose::Development),
        ];
        for (table, purpose) in tables {
            self.add(&mut declared, table, purpose, None);
        }
        for (platform, target) in &manifest.target {
            let tables = [
                (&target.dependencies, Purpose::Normal),
                (&target.build_dependencies, Purpose::Build),
                (&target.dev_dependencies, Purpose::Development),
            ];
            for (table, purpose) in tables {
                self.add(&mut declared, table, purpose, Some(platform));
            }
        }
        declared
    }

    fn add(&mut self, declared: &mut Vec<Declared>, table: &Dependencies, purpose: Purpose, platform: Option<&str>) {
        for (alias, dependency) in table {
            let own = dependency.detail();
            let (detail, directory) = match own.workspace {
                true => self.inherited(alias, own),
                false => (own, self.inheritance.directory),
            };
            declared.push(Declared {
                alias: alias.clone(),
                package: detail.package.clone().unwrap_or_else(|| alias.clone()),
                requirement: detail.version.clone(),
                origin: origin(&detail, directory),
                purpose,
                platform: platform.map(str::to_owned),
                is_optional: detail.optional,
                has_default_features: detail.default_features.unwrap_or(true),
                features: detail.features,
            });
        }
    }

    /// Features add up; that the default ones are not wanted must be said where the workspace declares the dependency.
    fn inherited(&mut self, alias: &str, own: DetailWire) -> (DetailWire, &'a str) {
        let found = self
            .inheritance
            .workspace
            .and_then(|(workspace, directory)| Some((workspace.dependencies.get(alias)?.detail(), directory)));
        let Some((mut detail, directory)) = found else {
            self.missing.push(format!("dependency {alias}"));
            return (own, self.inheritance.directory);
        };
        detail.optional = own.optional;
        detail.features.extend(own.features);
        if own.default_features == Some(true) {
            detail.default_features = Some(true);
        }
        (detail, directory)
    }
}

fn origin(detail: &DetailWire, directory: &str) -> Origin {
    match (&detail.path, &detail.git) {
        (Some(path), _) => Origin::Directory(joined(directory, path)),
        (None, Some(url)) => Origin::Git {
            url: url.clone(),
            commit: detail.rev.clone().filter(|rev| is_commit(rev)),
        },
        (None, None) => Origin::Registry,
    }
}

/// A whole SHA-1 or SHA-256: anything shorter may mean another commit tomorrow.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(manifest: &str, workspace: &str) -> Read {
        let manifest: ManifestWire = toml::from_str(manifest).unwrap();
        let root: ManifestWire = toml::from_str(workspace).unwrap();
        let workspace = root.workspace.as_ref().map(|workspace| (workspace, "ws"));
        let directory = "ws/app";
        manifest.read(Inheritance { directory, workspace }).unwrap()
    }

    fn one(manifest: &str, workspace: &str) -> Declared {
        read(&format!("[package]\nname = \"app\"\n{manifest}"), workspace)
            .manifest
            .dependencies
            .remove(0)
    }

    #[test]
    fn a_package_inherits_what_it_asks_for() {
        let workspace =
            "[workspace.package]\nversion = \"1.2.3\"\nlicense = \"MIT\"\nauthors = [\"Ann\"]\nhomepage = \"x\"\n";
        let package = "[package]\nname = \"app\"\nversion.workspace = true\nlicense = { workspace = true }\n\
                       authors.workspace = true\nrepository.workspace = true\n";
        let Read { manifest, missing } = read(package, workspace);
        assert_eq!(manifest.version, "1.2.3");
        assert_eq!(manifest.about.licence.as_deref(), Some("MIT"));
        assert_eq!(manifest.about.authors, ["Ann"]);
        assert_eq!(manifest.about.homepage, None, "it is not asked for");
        assert_eq!(missing, ["repository"]);
    }

    #[test]
    fn a_dependency_is_inherited_with_the_features_of_both_and_the_path_of_the_workspace() {
        let workspace = "[workspace.dependencies]\nb = { package = \"c\", path = \"../c\", version = \"1\", \
                         default-features = false, features = [\"x\"] }\n";
        let declared = one(
            "[dependencies]\nb = { workspace = true, optional = true, features = [\"y\"] }\n",
            workspace,
        );
        assert_eq!((declared.alias.as_str(), declared.package.as_str()), ("b", "c"));
        assert_eq!(declared.origin, Origin::Directory(Some("c".to_owned())));
        assert_eq!(declared.features, ["x", "y"]);
        assert!(declared.is_optional && !declared.has_default_features);
        let wanted = one(
            "[dependencies]\nb = { workspace = true, default-features = true }\n",
            workspace,
        );
        assert!(wanted.has_default_features);
        let unwanted = "[dependencies]\nb = { workspace = true, default-features = false }\n";
        assert!(one(unwanted, "[workspace.dependencies]\nb = \"1\"\n").has_default_features);
        let manifest = "[package]\nname = \"app\"\n[dependencies]\nb.workspace = true\n";
        assert_eq!(read(manifest, "[workspace]\n").missing, ["dependency b"]);
    }

    #[test]
    fn dependencies_stand_in_tables_by_purpose_and_platform() {
        let manifest = "[project]\nname = \"app\"\n[dependencies]\na = \"1\"\n[dev_dependencies]\nb = \"1\"\n\
                        [build-dependencies]\nc = { git = \"https://example.com/c\", rev = \"main\" }\n\
                        [target.'cfg(unix)'.dependencies.d]\npath = \"../../../d\"\n";
        let Read { manifest, .. } = read(manifest, "");
        let found = manifest.dependencies.iter();
        let found: Vec<_> = found
            .map(|one| (one.alias.as_str(), one.purpose, one.platform.as_deref(), &one.origin))
            .collect();
        let git = Origin::Git {
            url: "https://example.com/c".to_owned(),
            commit: None,
        };
        assert_eq!(
            found,
            [
                ("a", Purpose::Normal, None, &Origin::Registry),
                ("c", Purpose::Build, None, &git),
                ("b", Purpose::Development, None, &Origin::Registry),
                ("d", Purpose::Normal, Some("cfg(unix)"), &Origin::Directory(None)),
            ]
        );
        assert_eq!(manifest.version, NO_VERSION);
    }

    #[test]
    fn the_resolver_is_the_one_that_is_named_or_that_of_the_edition() {
        let apart = |text: &str| toml::from_str::<ManifestWire>(text).unwrap().keeps_features_apart();
        assert!(apart("[workspace]\nresolver = \"2\"\n"));
        assert!(!apart("[workspace]\n"));
        assert!(apart("[package]\nname = \"a\"\nedition = \"2021\"\n"));
        assert!(!apart("[package]\nname = \"a\"\nedition = \"2018\"\n"));
        assert!(!apart(
            "[package]\nname = \"a\"\nedition = \"2021\"\nresolver = \"1\"\n"
        ));
        assert!(apart(
            "[workspace.package]\nedition = \"2024\"\n[package]\nname = \"a\"\nedition.workspace = true\n"
        ));
    }
}
