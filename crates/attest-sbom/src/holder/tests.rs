//! A program and a jar, in packages of each manager.

use crate::binary::tests::program;
use crate::cyclonedx::Scope;
use crate::java::tests::jar;
use crate::tree::Memory;
use crate::{Inventory, Options, scan};

const PROGRAM: &str = "pkg:golang/example.com/app@v1.2.3";
const MODULE: &str = "pkg:golang/example.com/a@v1.0.0";
const JAR: &str = "pkg:maven/g/a@1";

const MANIFEST: &str = "[package]\nname = \"x\"\nversion = \"1.0.0\"\n";
const CARGO: [(&str, &str); 2] = [
    (
        "Cargo.toml",
        "[package]\nname = \"own\"\nversion = \"1.0.0\"\n[dev-dependencies]\nx = \"1\"\n",
    ),
    (
        "Cargo.lock",
        "version = 4\n[[package]]\nname = \"own\"\nversion = \"1.0.0\"\ndependencies = [\"x\"]\n[[package]]\nname = \"x\"\nversion = \"1.0.0\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
    ),
];

/// What a manager says, a directory of its package, and the package.
struct Case {
    files: &'static [(&'static str, &'static str)],
    directory: &'static str,
    package: &'static str,
    scope: Option<Scope>,
}

const CASES: [Case; 6] = [
    Case {
        files: &[
            CARGO[0],
            CARGO[1],
            ("vendor/x/Cargo.toml", MANIFEST),
            ("vendor/x/.cargo-checksum.json", "{\"files\": {}}"),
        ],
        directory: "vendor/x",
        package: "pkg:cargo/x@1.0.0",
        scope: Some(Scope::Excluded),
    },
    Case {
        files: &[
            CARGO[0],
            CARGO[1],
            ("registry/src/index/x-1.0.0/Cargo.toml", MANIFEST),
            ("registry/src/index/x-1.0.0/.cargo-ok", "{\"v\":1}"),
        ],
        directory: "registry/src/index/x-1.0.0/src",
        package: "pkg:cargo/x@1.0.0",
        scope: Some(Scope::Excluded),
    },
    Case {
        files: &[
            (
                "package-lock.json",
                r#"{"name": "own", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"dependencies": {"x": "1"}}, "node_modules/x": {"version": "1.0.0"}}}"#,
            ),
            ("node_modules/x/package.json", r#"{"name": "x", "version": "1.0.0"}"#),
        ],
        directory: "node_modules/x/bin",
        package: "pkg:npm/x@1.0.0",
        scope: None,
    },
    Case {
        files: &[
            (
                "go.mod",
                "module example.com/own\ngo 1.21\nrequire (\nexample.com/x v1.0.0\nexample.com/x/y v1.1.0\n)\n",
            ),
            (
                "vendor/modules.txt",
                "# example.com/x v1.0.0\n## explicit; go 1.21\nexample.com/x\n# example.com/x/y v1.1.0\n## explicit; go 1.21\nexample.com/x/y\n",
            ),
        ],
        directory: "vendor/example.com/x/y",
        package: "pkg:golang/example.com/x/y@v1.1.0",
        scope: None,
    },
    Case {
        files: &[
            (
                "lib/python3.12/site-packages/The_X-1.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: The.X\nVersion: 1.0\n",
            ),
            (
                "lib/python3.12/site-packages/The_X-1.0.dist-info/RECORD",
                "x/p.exe,sha256=x,1\nx/a.jar,,\n",
            ),
        ],
        directory: "lib/python3.12/site-packages/x",
        package: "pkg:pypi/the-x@1.0",
        scope: None,
    },
    // Where packages are installed into any directory.
    Case {
        files: &[
            (
                "d/x-1.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: x\nVersion: 1.0\n",
            ),
            ("d/x-1.0.dist-info/RECORD", "../bin/p.exe,,\n../bin/a.jar,,\n"),
        ],
        directory: "bin",
        package: "pkg:pypi/x@1.0",
        scope: None,
    },
];

fn list(files: &[(&str, &str)], directory: &str) -> Inventory {
    let properties = "groupId=g\nartifactId=a\nversion=1\n";
    let jar = jar(&[("META-INF/maven/g/a/pom.properties", properties)]);
    let others = [("p.exe", program()), ("a.jar", jar)];
    let others = others.map(|(name, bytes)| (format!("{directory}/{name}"), bytes));
    let own = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let all: Vec<(String, Vec<u8>)> = own.chain(others).collect();
    let tree = Memory::new(all.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())));
    scan(&tree, &Options::default()).unwrap()
}

#[test]
fn a_program_and_a_jar_lie_below_the_package_that_they_came_with() {
    for case in CASES {
        let found = list(case.files, case.directory);
        let key = |purl: &str| {
            found
                .by_purl(purl)
                .unwrap_or_else(|| panic!("{purl} in {}", case.directory))
        };
        let (holder, program) = (key(case.package), key(PROGRAM));
        for edge in [(holder, program), (holder, key(JAR)), (program, key(MODULE))] {
            assert!(found.edges().contains(&edge), "{}", case.directory);
        }
        assert!(!found.edges().contains(&(holder, key(MODULE))), "{}", case.directory);
        for purl in [PROGRAM, MODULE, JAR] {
            let package = &found.packages()[key(purl).place()];
            assert_eq!(
                (package.scope, package.is_own()),
                (case.scope, false),
                "{}",
                case.directory
            );
        }
        assert!(
            !found.projects().values().any(|key| *key == program),
            "{}",
            case.directory
        );
    }
}

#[test]
fn what_no_lock_file_chose_and_what_is_there_for_developers_of_a_package_is_left_out() {
    let store = [
        CARGO[0],
        CARGO[1],
        ("home/registry/src/index/x-1.0.0/Cargo.toml", MANIFEST),
        ("home/registry/src/index/x-1.0.0/.cargo-ok", "{\"v\":1}"),
        (
            "home/registry/src/index/y-1.0.0/Cargo.toml",
            "[package]\nname = \"y\"\nversion = \"1.0.0\"\n",
        ),
        ("home/registry/src/index/y-1.0.0/.cargo-ok", "{\"v\":1}"),
    ];
    let are_listed = |files: &[(&str, &str)], directory: &str| {
        let found = list(files, directory);
        [PROGRAM, MODULE, JAR].map(|purl| found.by_purl(purl).is_some())
    };
    for directory in ["x-1.0.0/tests/data", "y-1.0.0", "y-1.0.0/src"] {
        let directory = format!("home/registry/src/index/{directory}");
        assert_eq!(are_listed(&store, &directory), [false; 3], "{directory}");
    }
    // Without a lock file nobody knows.
    assert_eq!(
        are_listed(&store[2..], "home/registry/src/index/y-1.0.0/src"),
        [true; 3]
    );
    // Tools of whoever has the store are no part of a project that is read with it.
    assert_eq!(are_listed(&store, "home/bin"), [false, false, true]);
    assert_eq!(are_listed(&store[2..], "home/bin"), [true; 3]);
    assert_eq!(are_listed(&store, "bin"), [true; 3]);
}

#[test]
fn what_the_project_has_itself_is_needed_whatever_packages_hold_it() {
    let case = &CASES[0];
    let own = jar(&[(
        "META-INF/maven/g/a/pom.properties",
        "groupId=g\nartifactId=a\nversion=1\n",
    )]);
    let files = case.files.iter().map(|(path, text)| (*path, text.as_bytes().to_vec()));
    let others = [("lib/a.jar", own.clone()), ("vendor/x/a.jar", own)];
    let tree = Memory::new(files.chain(others));
    let found = scan(&tree, &Options::default()).unwrap();
    let package = &found.packages()[found.by_purl(JAR).unwrap().place()];
    assert_eq!((package.scope, package.evidence.occurrences.len()), (None, 2));
}

#[test]
fn packages_of_python_in_a_package_of_npm_lie_below_it() {
    let inner = "node_modules/x/py/site-packages/y-1.0.dist-info/METADATA";
    let metadata = "Metadata-Version: 2.1\nName: y\nVersion: 1.0\n";
    let files: Vec<(&str, &str)> = CASES[2].files.iter().copied().chain([(inner, metadata)]).collect();
    let found = list(&files, "node_modules/x/bin");
    let [holder, inner] = ["pkg:npm/x@1.0.0", "pkg:pypi/y@1.0"].map(|purl| found.by_purl(purl).unwrap());
    assert!(found.edges().contains(&(holder, inner)));
}
