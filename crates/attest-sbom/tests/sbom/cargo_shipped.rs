//! What of a Cargo project is shipped for a target: features, platforms and purposes, as The Cargo Book has them.

use attest_sbom::tree::Memory;
use attest_sbom::{Gap, Metadata, Options, Root, scan};
use serde_json::Value;

const LINUX: &str = "x86_64-unknown-linux-gnu";

/// A package of the registry: its name, what the lock file says that it needs, and the rest of its manifest.
type Source<'a> = (&'a str, &'a [&'a str], &'a str);

struct Project<'a> {
    manifest: &'a str,
    needs: &'a [&'a str],
    sources: &'a [Source<'a>],
}

fn locked(name: &str, needs: &[&str], source: &str) -> String {
    format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\ndependencies = {needs:?}\n{source}")
}

impl Project<'_> {
    fn files(&self) -> Vec<(String, String)> {
        let registry = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        let of_sources = self
            .sources
            .iter()
            .map(|(name, needs, _)| locked(name, needs, registry));
        let lock = locked("app", self.needs, "") + &of_sources.collect::<String>();
        let mut files = vec![
            ("Cargo.lock".to_owned(), lock),
            ("Cargo.toml".to_owned(), package("app", self.manifest)),
        ];
        for (name, _, manifest) in self.sources {
            files.push((format!("vendor/{name}/Cargo.toml"), package(name, manifest)));
            files.push((
                format!("vendor/{name}/.cargo-checksum.json"),
                "{\"files\":{}}".to_owned(),
            ));
        }
        files
    }

    /// The names of what is shipped.
    fn shipped(&self, target: &str) -> Vec<String> {
        let (document, gaps) = listed(self.files(), target);
        assert_eq!(gaps, [""; 0]);
        names(&document)
    }
}

fn package(name: &str, rest: &str) -> String {
    format!("package.name = \"{name}\"\npackage.version = \"1.0.0\"\npackage.edition = \"2021\"\n{rest}")
}

fn listed(files: Vec<(String, String)>, target: &str) -> (Value, Vec<String>) {
    let mut options = Options::default();
    options.shipped = Some(target.to_owned());
    let inventory = scan(&Memory::new(files), &options).unwrap();
    let gaps = inventory.gaps().map(Gap::to_string).collect();
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    (serde_json::from_slice(&bom.to_json()).unwrap(), gaps)
}

fn names(document: &Value) -> Vec<String> {
    let components = document["components"].as_array().unwrap().iter();
    components.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_optional_package_is_shipped_when_a_feature_brings_it() {
    let shipped = |features: &str, dependency: &str| {
        let project = Project {
            manifest: &format!(
                "[features]\n{features}\n[dependencies]\na = {{ version = \"1\", optional = true }}\n{dependency}\n"
            ),
            needs: &["a", "b"],
            sources: &[("a", &[], ""), ("b", &[], "[features]\nx = []\n")],
        };
        project.shipped(LINUX)
    };
    let plain = "b = \"1\"";
    assert_eq!(shipped("more = [\"a\"]", plain), ["b"]);
    assert_eq!(shipped("default = [\"more\"]\nmore = [\"a\"]", plain), ["a", "b"]);
    assert_eq!(shipped("default = [\"dep:a\"]", plain), ["a", "b"]);
    assert_eq!(
        shipped("default = [\"a\"]\na = []", plain),
        ["b"],
        "the feature hides the package"
    );
    let optional = "b = { version = \"1\", optional = true }";
    assert_eq!(shipped("default = [\"b/x\"]", optional), ["b"]);
    assert_eq!(
        shipped("default = [\"b?/x\"]", optional),
        [""; 0],
        "it asks for the feature only"
    );
    assert_eq!(shipped("default = [\"b?/x\", \"dep:b\"]", optional), ["b"]);
}

#[test]
fn features_reach_packages_through_others() {
    let shipped = |wanted: &str| {
        let project = Project {
            manifest: &format!("[dependencies]\na = {{ version = \"1\", {wanted} }}\n"),
            needs: &["a"],
            sources: &[
                (
                    "a",
                    &["b", "c"],
                    "[features]\ndefault = [\"std\"]\nstd = [\"b?/std\"]\nextra = [\"new\", \"std\"]\n\
                     [dependencies]\nnew = { package = \"b\", version = \"1\", optional = true }\n\
                     b = { version = \"1\", optional = true }\n[dependencies.c]\nversion = \"1\"\noptional = true\n",
                ),
                (
                    "b",
                    &["d"],
                    "[features]\nstd = [\"dep:d\"]\n[dependencies]\nd = { version = \"1\", optional = true }\n",
                ),
                ("c", &[], ""),
                ("d", &[], ""),
            ],
        };
        project.shipped(LINUX)
    };
    assert_eq!(shipped("optional = false"), ["a"]);
    assert_eq!(shipped("features = [\"c\"]"), ["a", "c"]);
    assert_eq!(shipped("features = [\"b\"]"), ["a", "b", "d"]);
    assert_eq!(shipped("features = [\"b\"], default-features = false"), ["a", "b"]);
    assert_eq!(
        shipped("features = [\"extra\"], default-features = false"),
        ["a", "b"],
        "the other name does not count"
    );
}

#[test]
fn a_package_for_another_platform_is_not_shipped() {
    let project = Project {
        manifest: "[target.'cfg(windows)'.dependencies]\nw = \"1\"\n[target.'cfg(all(unix, target_arch = \"aarch64\"))'.dependencies]\nu = \"1\"\n\
                   [target.x86_64-unknown-linux-musl.dependencies]\nm = \"1\"\n[target.'cfg(not(target_env = \"musl\"))'.dependencies]\nn = \"1\"\n",
        needs: &["m", "n", "u", "w"],
        sources: &[("m", &[], ""), ("n", &[], ""), ("u", &[], ""), ("w", &[], "")],
    };
    assert_eq!(project.shipped(LINUX), ["n"]);
    assert_eq!(project.shipped("linux/arm64"), ["n", "u"]);
    assert_eq!(project.shipped("x86_64-unknown-linux-musl"), ["m"]);
    assert_eq!(project.shipped("windows/amd64"), ["n", "w"]);
}

/// `a` needs `x` only with a feature that the build script asks for.
fn with_resolver(resolver: &str, purpose: &str) -> Vec<String> {
    let project = Project {
        manifest: &format!(
            "[workspace]\nresolver = \"{resolver}\"\n[dependencies]\na = \"1\"\n[{purpose}]\na = {{ version = \"1\", features = [\"x\"] }}\nb = \"1\"\n"
        ),
        needs: &["a", "b"],
        sources: &[
            (
                "a",
                &["x"],
                "[dependencies]\nx = { version = \"1\", optional = true }\n",
            ),
            ("b", &[], ""),
            ("x", &[], ""),
        ],
    };
    project.shipped(LINUX)
}

#[test]
fn features_for_the_build_and_for_tests_are_kept_apart_by_the_second_resolver() {
    for purpose in [
        "build-dependencies",
        "dev-dependencies",
        "target.'cfg(windows)'.dependencies",
    ] {
        assert_eq!(with_resolver("2", purpose), ["a"], "{purpose}");
        assert_eq!(with_resolver("1", purpose), ["a", "x"], "{purpose}");
    }
}

#[test]
fn a_procedural_macro_is_listed_with_what_it_needs_and_shares_features_with_the_build() {
    let project = Project {
        manifest: "[dependencies]\na = \"1\"\nm = \"1\"\n[build-dependencies]\na = { version = \"1\", features = [\"x\"] }\n",
        needs: &["a", "m"],
        sources: &[
            (
                "a",
                &["x"],
                "[dependencies]\nx = { version = \"1\", optional = true }\n",
            ),
            (
                "m",
                &["a", "cc"],
                "[lib]\nproc-macro = true\n[dependencies]\na = \"1\"\n[build-dependencies]\ncc = \"1\"\n",
            ),
            ("cc", &[], ""),
            ("x", &[], ""),
        ],
    };
    assert_eq!(project.shipped(LINUX), ["a", "m", "x"]);
    let files = project.files().into_iter();
    let plain = files.map(|(path, text)| (path, text.replace("proc-macro = true", "")));
    assert_eq!(names(&listed(plain.collect(), LINUX).0), ["a", "m"]);
}

#[test]
fn without_the_sources_of_others_everything_that_was_locked_for_them_is_listed_and_told() {
    let project = Project {
        manifest: "[dependencies]\na = \"1\"\nb = \"1\"\n[dev-dependencies]\nt = \"1\"\n",
        needs: &["a", "b", "t"],
        sources: &[
            ("a", &["b", "x"], ""),
            (
                "b",
                &["x"],
                "[dependencies]\nx = { version = \"1\", optional = true }\n",
            ),
            ("t", &[], ""),
            ("x", &[], ""),
        ],
    };
    let without = |name: &str| {
        let files = project.files().into_iter();
        files
            .filter(|(path, _)| !path.starts_with(&format!("vendor/{name}/")))
            .collect()
    };
    let (document, gaps) = listed(without("a"), LINUX);
    assert_eq!(names(&document), ["a", "b", "x"]);
    let expected = "Cargo.lock: no-sources: the manifests of 1 packages lie elsewhere: what they need on other platforms, with \
                    other features and during the build alone is listed, too";
    assert_eq!(gaps, [expected]);
    assert_eq!(project.shipped(LINUX), ["a", "b"]);
}

#[test]
fn a_target_of_which_nothing_is_known_is_told() {
    let project = Project {
        manifest: "[dev-dependencies]\na = \"1\"\n",
        needs: &["a"],
        sources: &[("a", &[], "")],
    };
    let (document, gaps) = listed(project.files(), "pdp11-unknown-unix");
    assert_eq!(names(&document), ["a"]);
    assert_eq!(
        gaps,
        ["Cargo.lock: unknown-target: nothing is known of `pdp11-unknown-unix`: what any target needs is listed"]
    );
}

#[test]
fn of_a_workspace_the_member_of_its_name_is_shipped_else_its_programs() {
    let member = |name: &str, needed: &str| {
        package(
            name,
            &format!("[[bin]]\nname = \"{name}\"\n[dependencies]\n{needed} = \"1\"\n"),
        )
    };
    let files = |repository: &str| {
        let names = ["one", "tool", "a", "b"];
        let lock = names.map(|name| {
            let needs: &[&str] = match name {
                "one" => &["a"],
                "tool" => &["b"],
                _ => &[],
            };
            let source = if name.len() == 1 {
                "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
            } else {
                ""
            };
            locked(name, needs, source)
        });
        let workspace = format!(
            "[workspace]\nmembers = [\"*\"]\n[workspace.package]\nrepository = \"https://example.com/x/{repository}\"\n"
        );
        vec![
            ("Cargo.lock".to_owned(), lock.concat()),
            ("Cargo.toml".to_owned(), workspace),
            ("one/Cargo.toml".to_owned(), member("one", "a")),
            ("tool/Cargo.toml".to_owned(), member("tool", "b")),
        ]
    };
    let (document, _) = listed(files("tool"), LINUX);
    assert_eq!(document["metadata"]["component"]["purl"], "pkg:cargo/tool@1.0.0");
    assert_eq!(names(&document), ["b"]);
    let (document, _) = listed(files("other"), LINUX);
    assert_eq!(document["metadata"]["component"]["name"], "other");
    assert_eq!(names(&document), ["a", "b"]);
}

#[test]
fn packages_in_the_store_of_cargo_say_as_much_as_copies_of_them() {
    let project = Project {
        manifest: "[dependencies]\na = \"1\"\n",
        needs: &["a"],
        sources: &[
            (
                "a",
                &["b", "c"],
                "[target.'cfg(windows)'.dependencies]\nb = \"1\"\n[dependencies]\nc = \"1\"\n",
            ),
            ("b", &[], ""),
            ("c", &[], ""),
        ],
    };
    assert_eq!(project.shipped(LINUX), ["a", "c"]);
    let stored = |(path, text): (String, String)| {
        let Some((name, file)) = path.strip_prefix("vendor/").and_then(|path| path.split_once('/')) else {
            return (path, text);
        };
        let package = format!("registry/src/index-0123456789abcdef/{name}-1.0.0");
        match file {
            ".cargo-checksum.json" => (format!("{package}/.cargo-ok"), "{\"v\":1}".to_owned()),
            file => (format!("{package}/{file}"), text),
        }
    };
    let mut files: Vec<(String, String)> = project.files().into_iter().map(stored).collect();
    // The store has other versions, too, which say nothing of this one.
    let other = "registry/src/index-0123456789abcdef/a-2.0.0";
    let manifest = package("a", "[dependencies]\nb = \"1\"\n").replace("1.0.0", "2.0.0");
    files.push((format!("{other}/Cargo.toml"), manifest));
    files.push((format!("{other}/.cargo-ok"), "{\"v\":1}".to_owned()));
    let (document, gaps) = listed(files.clone(), LINUX);
    assert_eq!(
        (names(&document), gaps),
        (vec!["a".to_owned(), "c".to_owned()], Vec::new())
    );
    let (document, _) = listed(files, "x86_64-pc-windows-msvc");
    assert_eq!(names(&document), ["a", "b", "c"]);
}
