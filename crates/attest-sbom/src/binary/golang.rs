//! The build information of Go in, the program and its modules out.

use super::build_info::{BuildInfo, Module};
use crate::cyclonedx::{Component, ComponentKind, Property};
use crate::golang::module::{self, FROM_SOURCE, is_module_path, is_version};
use crate::golang::sums;
use crate::inventory::{Inventory, Key};
use crate::rootfs::organization;
use crate::{Error, Gap};

/// The property that says which compiler a program was built by.
pub(crate) const GO_VERSION: &str = "attest:go:version";

/// Settings that say what was built for what. Others hold paths of the machine, or whatever a maker passes to a linker.
const SETTINGS: [&str; 21] = [
    "-buildmode",
    "-compiler",
    "-tags",
    "-trimpath",
    "-race",
    "-msan",
    "-asan",
    "-cover",
    "CGO_ENABLED",
    "GOARCH",
    "GOOS",
    "GO386",
    "GOAMD64",
    "GOARM",
    "GOARM64",
    "GOEXPERIMENT",
    "GOFIPS140",
    "vcs",
    "vcs.modified",
    "vcs.revision",
    "vcs.time",
];

/// Adds a program and everything in it; the program, if it is known which one it is.
pub(super) fn add(info: &BuildInfo, path: &str, inventory: &mut Inventory) -> Option<Key> {
    let damaged = |error: Error| Gap::new("damaged", path, error.to_string());
    let program = match program(info, path) {
        Ok(program) => inventory.add(program),
        Err(error) => {
            inventory.gap(damaged(error));
            return None;
        }
    };
    if info.main.is_none() && info.needs.is_empty() {
        let detail = format!(
            "it was built by {} without modules: what is in it is not known",
            info.go
        );
        inventory.gap(Gap::new("no-list", path, detail));
        inventory.incomplete(program);
    }
    for need in &info.needs {
        match component(need, path) {
            Ok((component, is_own)) => {
                let key = inventory.add(component);
                inventory.depends(program, key);
                inventory.incomplete(key);
                if is_own {
                    inventory.own(key);
                }
            }
            Err(error) => inventory.gap(damaged(error)),
        }
    }
    if let Some(library) = standard_library(info) {
        let library = inventory.add(library);
        inventory.depends(program, library);
    }
    Some(program)
}

fn program(info: &BuildInfo, path: &str) -> Result<Component, Error> {
    let mut component = match info.main.as_ref().filter(|main| is_module_path(&main.path)) {
        Some(main) => {
            let version = Some(main.version.as_str()).filter(|version| is_version(version) && *version != FROM_SOURCE);
            let version = version.or(info.setting("vcs.revision")).unwrap_or(FROM_SOURCE);
            let mut component = module::component(ComponentKind::Application, &main.path, Some(version))?;
            component.properties.extend(hash(main));
            component
        }
        None => nameless(info, path),
    };
    let mut say = |name, value: &str| {
        let value = value.to_owned();
        component.properties.push(Property { name, value });
    };
    say(GO_VERSION, &info.go);
    if let Some(path) = &info.path {
        say("attest:go:package", path);
    }
    for name in SETTINGS {
        if let Some(value) = info.setting(name) {
            say("attest:go:build", &format!("{name}={value}"));
        }
    }
    Ok(component.found_at(path))
}

/// A program of no module: of Go itself, which is as old as the compiler, or of whatever the path of its package says.
fn nameless(info: &BuildInfo, path: &str) -> Component {
    let package = info
        .path
        .as_deref()
        .filter(|package| is_module_path(package) && package.contains('/'));
    let name = package.unwrap_or(path);
    let name = name.rsplit('/').next().unwrap_or(name);
    let of_go = package.filter(|package| package.starts_with("cmd/"));
    if let Some(library) = of_go.and_then(|_| standard_library(info)) {
        return Component {
            kind: ComponentKind::Application,
            name: name.to_owned(),
            ..library
        };
    }
    let host = |package: &&str| package.split('/').next().is_some_and(|host| host.contains('.'));
    let account = package
        .filter(host)
        .map(|package| package.split('/').take(2).collect::<Vec<_>>().join("/"));
    Component {
        supplier: account.map(organization),
        ..Component::new(ComponentKind::Application, name)
    }
}

/// A module, and whether it is the maker's own: built from a directory, not from a version.
fn component(need: &Module, path: &str) -> Result<(Component, bool), Error> {
    let used = need.by.as_deref().unwrap_or(need);
    let is_own = !is_version(&used.version) || used.version == FROM_SOURCE;
    let (path_of_module, version) = match is_own {
        // The directory that stands in for it is nobody's business.
        true => (&need.path, FROM_SOURCE),
        false => (&used.path, used.version.as_str()),
    };
    if !is_module_path(path_of_module) {
        return Err(Error::InvalidPurl {
            package: path_of_module.clone(),
            reason: "it is no path of a module".to_owned(),
        });
    }
    let mut component = module::component(ComponentKind::Library, path_of_module, Some(version))?.found_at(path);
    component.properties.extend(hash(used));
    if need.by.is_some() && !is_own {
        let value = format!("{}@{}", need.path, need.version);
        let name = "attest:go:replaces";
        component.properties.push(Property { name, value });
    }
    Ok((component, is_own))
}

fn hash(module: &Module) -> Option<Property> {
    module
        .hash
        .as_deref()
        .filter(|hash| sums::is_hash(hash))
        .map(sums::property)
}

/// The standard library is as old as the compiler, and its faults are published under this name of the CPE dictionary.
///
/// It has no package URL: those of type `golang` name modules, and it is none.
fn standard_library(info: &BuildInfo) -> Option<Component> {
    let is_gc = info.setting("-compiler").is_none_or(|compiler| compiler == "gc");
    let version = info
        .go
        .split_whitespace()
        .next()?
        .strip_prefix("go")
        .filter(|_| is_gc)?;
    let is_plain = version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    if !is_plain {
        return None;
    }
    let pre = version.find(|c: char| c.is_ascii_alphabetic());
    let (release, update) = pre.map_or((version, "*"), |place| version.split_at(place));
    Some(Component {
        supplier: Some(organization("golang.org".to_owned())),
        version: Some(version.to_owned()),
        cpe: Some(format!("cpe:2.3:a:golang:go:{release}:{update}:*:*:*:*:*:*")),
        ..Component::new(ComponentKind::Library, "stdlib")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info() -> BuildInfo {
        let module = |path: &str, version: &str| Module {
            path: path.to_owned(),
            version: version.to_owned(),
            ..Module::default()
        };
        let by = |one: Module, by: Module| Module {
            by: Some(Box::new(by)),
            ..one
        };
        BuildInfo {
            go: "go1.24rc1 X:boringcrypto".to_owned(),
            path: Some("example.com/app/cmd/app".to_owned()),
            main: Some(module("example.com/app", "(devel)")),
            needs: vec![
                module("example.com/a", "v1.0.0"),
                by(module("example.com/b", "v1.0.0"), module("example.org/b", "v1.0.1")),
                by(module("example.com/c", "v1.0.0"), module("/home/x/c", "(devel)")),
                by(module("example.com/d", "v1.0.0"), module("./d", "")),
            ],
            settings: vec![
                ("-ldflags".to_owned(), "-X secret".to_owned()),
                ("vcs.revision".to_owned(), "0123abcd".to_owned()),
            ],
        }
    }

    #[test]
    fn a_program_has_the_version_of_its_commit_and_modules_what_stands_in_for_them() {
        let mut inventory = Inventory::default();
        let program = add(&info(), "app", &mut inventory).unwrap();
        let purls: Vec<_> = inventory
            .packages()
            .iter()
            .map(|package| package.purl.as_deref().unwrap_or("-"))
            .collect();
        assert_eq!(
            purls,
            [
                "pkg:golang/example.com/app@0123abcd",
                "pkg:golang/example.com/a@v1.0.0",
                "pkg:golang/example.org/b@v1.0.1",
                "pkg:golang/example.com/c",
                "pkg:golang/example.com/d",
                "-",
            ]
        );
        assert_eq!(inventory.edges().len(), 5);
        assert!(inventory.edges().iter().all(|(from, _)| *from == program));
        let library = &inventory.packages()[5];
        assert_eq!(library.cpe.as_deref(), Some("cpe:2.3:a:golang:go:1.24:rc1:*:*:*:*:*:*"));
        let said = format!("{:?}", inventory.packages());
        assert!(!said.contains("secret") && !said.contains("/home/x"), "{said}");
    }

    #[test]
    fn a_program_without_modules_is_a_gap_and_still_a_program() {
        let mut inventory = Inventory::default();
        let info = BuildInfo {
            main: None,
            needs: Vec::new(),
            ..info()
        };
        let program = add(&info, "bin/app", &mut inventory).unwrap();
        let program = &inventory.packages()[program.place()];
        assert_eq!((program.name.as_str(), program.version.as_deref()), ("app", None));
        assert_eq!(program.supplier, Some(organization("example.com/app".to_owned())));
        assert_eq!(inventory.gaps().map(Gap::code).collect::<Vec<_>>(), ["no-list"]);
    }

    #[test]
    fn a_program_of_go_itself_is_as_old_as_the_compiler() {
        let mut inventory = Inventory::default();
        let info = BuildInfo {
            go: "go1.24.4".to_owned(),
            path: Some("cmd/link".to_owned()),
            main: None,
            needs: Vec::new(),
            settings: Vec::new(),
        };
        let program = add(&info, "pkg/tool/link", &mut inventory).unwrap();
        let program = &inventory.packages()[program.place()];
        assert_eq!(
            (program.name.as_str(), program.version.as_deref()),
            ("link", Some("1.24.4"))
        );
        assert_eq!(program.supplier, Some(organization("golang.org".to_owned())));
        assert_eq!(program.cpe.as_deref(), Some("cpe:2.3:a:golang:go:1.24.4:*:*:*:*:*:*:*"));
    }
}
