//! Packages of one manager that hold manifests and lock files of others: nothing of what those name is there.

use attest_sbom::tree::Memory;
use attest_sbom::{Metadata, Options, Root, scan};
use serde_json::Value;

/// What a package may bring along, and what of it would be listed were it a project.
const INNER: [(&str, &str, &str); 9] = [
    (
        "g/go.mod",
        "module example.com/inner\ngo 1.21\nrequire example.com/needed v1.0.0\n",
        "pkg:golang/example.com/needed@v1.0.0",
    ),
    (
        "r/requirements.txt",
        "needed-by-list==1.0\n",
        "pkg:pypi/needed-by-list@1.0",
    ),
    (
        "s/tool.py",
        "# /// script\n# dependencies = [\"needed-by-script\"]\n# ///\n",
        "pkg:pypi/needed-by-script",
    ),
    (
        "p/pyproject.toml",
        "[project]\nname = \"inner\"\nversion = \"1\"\ndependencies = [\"needed-by-project\"]\n",
        "pkg:pypi/needed-by-project",
    ),
    (
        "m/pom.xml",
        "<project><groupId>g</groupId><artifactId>inner</artifactId><version>1</version><dependencies><dependency>\
         <groupId>g</groupId><artifactId>needed</artifactId><version>2</version></dependency></dependencies></project>",
        "pkg:maven/g/needed@2",
    ),
    (
        "l/gradle.lockfile",
        "g:locked:1.0=runtimeClasspath\n",
        "pkg:maven/g/locked@1.0",
    ),
    (
        "c/Chart.yaml",
        "apiVersion: v2\nname: inner\nversion: 1.0.0\ndependencies:\n- name: needed\n  version: 1.0.0\n  repository: https://example.com\n",
        "pkg:helm/needed@1.0.0",
    ),
    (
        "t/Cargo.lock",
        "version = 4\n[[package]]\nname = \"needed\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
        "pkg:cargo/needed@1.0.0",
    ),
    (
        "j/package-lock.json",
        r#"{"name": "inner", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"dependencies": {"needed": "1"}}, "node_modules/needed": {"version": "1.0.0"}}}"#,
        "pkg:npm/needed@1.0.0",
    ),
];

/// A project at the top, which needs one package, and what stands in that package beside.
struct Holder {
    own: &'static [(&'static str, &'static str)],
    package: &'static str,
    /// The only one that is listed.
    listed: &'static str,
    /// The lock files inside that nobody reads.
    passed_over: &'static [&'static str],
}

const CARGO: [(&str, &str); 2] = [
    (
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"1.0.0\"\n[dependencies]\nx = \"1\"\n",
    ),
    (
        "Cargo.lock",
        "version = 4\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\"x\"]\n[[package]]\nname = \"x\"\nversion = \"1.0.0\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
    ),
];

const HOLDERS: [Holder; 5] = [
    Holder {
        own: &[
            CARGO[0],
            CARGO[1],
            ("vendor/x/Cargo.toml", "[package]\nname = \"x\"\nversion = \"1.0.0\"\n"),
            ("vendor/x/.cargo-checksum.json", "{\"files\": {}}"),
        ],
        package: "vendor/x",
        listed: "pkg:cargo/x@1.0.0",
        passed_over: &["j/package-lock.json", "l/gradle.lockfile"],
    },
    Holder {
        own: &[
            CARGO[0],
            CARGO[1],
            (
                "registry/src/index/x-1.0.0/Cargo.toml",
                "[package]\nname = \"x\"\nversion = \"1.0.0\"\n",
            ),
            ("registry/src/index/x-1.0.0/.cargo-ok", "{\"v\":1}"),
        ],
        package: "registry/src/index/x-1.0.0",
        listed: "pkg:cargo/x@1.0.0",
        passed_over: &["j/package-lock.json", "l/gradle.lockfile"],
    },
    Holder {
        own: &[
            (
                "package.json",
                r#"{"name": "app", "version": "1.0.0", "dependencies": {"x": "1"}}"#,
            ),
            (
                "package-lock.json",
                r#"{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"dependencies": {"x": "1"}}, "node_modules/x": {"version": "1.0.0"}}}"#,
            ),
        ],
        package: "node_modules/x",
        listed: "pkg:npm/x@1.0.0",
        passed_over: &["l/gradle.lockfile", "t/Cargo.lock"],
    },
    Holder {
        own: &[
            (
                "go.mod",
                "module example.com/app\ngo 1.21\nrequire example.com/x v1.0.0\n",
            ),
            (
                "vendor/modules.txt",
                "# example.com/x v1.0.0\n## explicit; go 1.21\nexample.com/x\n",
            ),
        ],
        package: "vendor/example.com/x",
        listed: "pkg:golang/example.com/x@v1.0.0",
        passed_over: &["j/package-lock.json", "l/gradle.lockfile", "t/Cargo.lock"],
    },
    Holder {
        own: &[(
            "lib/python3.11/site-packages/x-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: x\nVersion: 1.0\n",
        )],
        package: "lib/python3.11/site-packages/x",
        listed: "pkg:pypi/x@1.0",
        passed_over: &["j/package-lock.json", "l/gradle.lockfile", "t/Cargo.lock"],
    },
];

fn document(files: &[(String, &str)]) -> Value {
    let tree = Memory::new(files.iter().map(|(path, text)| (path.as_str(), *text)));
    let inventory = scan(&tree, &Options::default()).unwrap();
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    serde_json::from_slice(&bom.to_json()).unwrap()
}

fn listed(document: &Value) -> Vec<&str> {
    let components = document["components"].as_array().unwrap().iter();
    components.filter_map(|one| one["purl"].as_str()).collect()
}

fn not_listed(document: &Value) -> Vec<String> {
    let properties = document["metadata"]["properties"].as_array().into_iter().flatten();
    let named = properties.filter(|one| one["name"] == "attest:not-listed");
    named.map(|one| one["value"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_package_of_another_manager_brought_along_is_data() {
    for holder in HOLDERS {
        let own = holder.own.iter().map(|(path, text)| ((*path).to_owned(), *text));
        let alone: Vec<(String, &str)> = own.clone().collect();
        let inner = INNER
            .iter()
            .map(|(path, text, _)| (format!("{}/{path}", holder.package), *text));
        let both: Vec<(String, &str)> = own.chain(inner).collect();
        let found = document(&both);
        assert_eq!(listed(&found), [holder.listed], "{}", holder.package);
        assert_eq!(
            found["components"],
            document(&alone)["components"],
            "{}",
            holder.package
        );
        // What no reader takes is named.
        let mut expected: Vec<String> = holder
            .passed_over
            .iter()
            .map(|path| format!("{}/{path}", holder.package))
            .collect();
        expected.sort();
        let mut notes = not_listed(&found);
        notes.sort();
        assert_eq!(notes, expected, "{}", holder.package);
        assert_eq!(not_listed(&document(&alone)), [""; 0], "{}", holder.package);
    }
}

#[test]
fn the_same_files_in_a_directory_of_the_project_are_read() {
    for (path, text, purl) in INNER {
        let found = document(&[(format!("inner/{path}"), text)]);
        assert!(listed(&found).contains(&purl), "{path}: {found}");
    }
}

#[test]
fn a_mark_in_a_project_hides_nothing_of_it() {
    for mark in [
        "inner/.cargo-ok",
        "inner/vendor/modules.txt",
        "inner/.cargo-checksum.json",
    ] {
        for (path, text, purl) in INNER {
            for directory in ["inner", "inner/vendor/web"] {
                if directory.contains("vendor") && path.ends_with("go.mod") {
                    continue;
                }
                let files = [(format!("{directory}/{path}"), text), (mark.to_owned(), "x")];
                let found = document(&files);
                assert!(listed(&found).contains(&purl), "{mark}: {directory}/{path}: {found}");
            }
        }
    }
}
