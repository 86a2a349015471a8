use super::found;

const ROOT: &str = r#"{"name": "app", "version": "1.0.0", "dependencies": {"a": "^1", "exact": "1.2.3"}, "devDependencies": {"b": "2", "c": "*"}}"#;

#[test]
fn what_lies_in_node_modules_is_found_without_a_lock_file() {
    let found = found([
        ("package.json", ROOT),
        (
            "node_modules/a/package.json",
            r#"{"name": "a", "version": "1.0.0", "license": "MIT", "dependencies": {"b": "1"}}"#,
        ),
        (
            "node_modules/a/node_modules/b/package.json",
            r#"{"name": "b", "version": "1.0.0"}"#,
        ),
        ("node_modules/a/dist/package.json", r#"{"type": "module"}"#),
        (
            "node_modules/b/package.json",
            r#"{"name": "b", "version": "2.0.0", "dependencies": {"none": "1"}}"#,
        ),
        (
            "node_modules/exact/package.json",
            r#"{"name": "exact", "version": "1.2.3"}"#,
        ),
        ("node_modules/a/package-lock.json", "{}"),
    ]);
    assert_eq!(
        found.packages(),
        [
            "pkg:npm/a@1.0.0",
            "pkg:npm/app@1.0.0",
            "pkg:npm/b@1.0.0",
            "pkg:npm/b@2.0.0 excluded",
            "pkg:npm/exact@1.2.3",
        ]
    );
    assert_eq!(
        found.edges(),
        [
            "a@1.0.0 -> b@1.0.0",
            "app@1.0.0 -> a@1.0.0",
            "app@1.0.0 -> b@2.0.0",
            "app@1.0.0 -> exact@1.2.3",
        ]
    );
    assert_eq!(
        found.gaps,
        ["node_modules/b/package.json: unresolved: `b` needs `none`, which is not installed"]
    );
    assert_eq!(found.component("a@1.0.0")["licenses"][0]["expression"], "MIT");
    let place = &found.component("a@1.0.0")["evidence"]["occurrences"][0]["location"];
    assert_eq!(place, "node_modules/a/package.json");
}

#[test]
fn what_npm_wrote_of_its_work_goes_before_the_files() {
    let hidden = r#"{"name": "app", "lockfileVersion": 3, "packages": {
        "node_modules/a": {"version": "1.0.0", "license": "MIT", "integrity": "sha1-cfUw57AQr163p993UveJId1X6e4="},
        "node_modules/exact": {"version": "1.2.3"},
        "node_modules/b": {"version": "2.0.0", "dev": true}, "node_modules/c": {"version": "2.0.0", "dev": true}}}"#;
    let found = found([("package.json", ROOT), ("node_modules/.package-lock.json", hidden)]);
    assert_eq!(
        found.packages(),
        [
            "pkg:npm/a@1.0.0",
            "pkg:npm/app@1.0.0",
            "pkg:npm/b@2.0.0 excluded",
            "pkg:npm/c@2.0.0 excluded",
            "pkg:npm/exact@1.2.3",
        ]
    );
    assert_eq!(found.edges().len(), 4);
    assert_eq!(found.component("a@1.0.0")["hashes"][0]["alg"], "SHA-1");
    assert_eq!(found.gaps, [""; 0]);
}

#[test]
fn a_lock_file_without_licences_gets_those_of_the_installed_packages() {
    let lock = "# yarn lockfile v1\na@^1:\n  version \"1.0.0\"\n";
    let installed = |version: &str| format!(r#"{{"name": "a", "version": "{version}", "license": "ISC"}}"#);
    for (version, expected) in [("1.0.0", Some("ISC")), ("2.0.0", None)] {
        let found = found([
            ("yarn.lock", lock),
            (
                "package.json",
                r#"{"name": "app", "version": "1.0.0", "dependencies": {"a": "^1"}}"#,
            ),
            ("node_modules/a/package.json", installed(version).as_str()),
        ]);
        assert_eq!(found.packages(), ["pkg:npm/a@1.0.0", "pkg:npm/app@1.0.0"]);
        assert_eq!(
            found.component("a@1.0.0")["licenses"][0]["expression"].as_str(),
            expected
        );
    }
}

#[test]
fn a_manifest_alone_says_what_is_asked_for_but_not_what_is_used() {
    let found = found([("package.json", ROOT)]);
    assert_eq!(
        found.packages(),
        [
            "pkg:npm/a",
            "pkg:npm/app@1.0.0",
            "pkg:npm/b excluded",
            "pkg:npm/c excluded",
            "pkg:npm/exact@1.2.3",
        ]
    );
    assert_eq!(
        found.gaps,
        ["package.json: no-lock: no lock file and no installed packages say which versions are used"]
    );
    let property = &found.component("a")["properties"][0];
    assert_eq!(
        (property["name"].as_str(), property["value"].as_str()),
        (Some("attest:requirement"), Some("^1"))
    );
}

#[test]
fn projects_in_another_one_are_named_and_not_listed() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1.0.0"}}}"#;
    let needs = r#"{"name": "x", "version": "1.0.0", "dependencies": {"a": "1"}}"#;
    let found = found([
        ("package-lock.json", lock),
        ("examples/x/package.json", needs),
        ("examples/y/package.json", r#"{"type": "module"}"#),
        ("test/broken/package.json", r#"{"name": "#),
        ("website/yarn.lock", "# yarn lockfile v1\na@1:\n  version \"1.0.0\"\n"),
        ("venv/site-packages/z/package.json", needs),
    ]);
    assert_eq!(found.packages(), ["pkg:npm/app@1.0.0"]);
    assert_eq!(found.gaps, [""; 0]);
    let properties = found.document["metadata"]["properties"].as_array().unwrap();
    let others = properties
        .iter()
        .filter(|property| property["name"] == "attest:not-listed");
    let others: Vec<&str> = others.map(|property| property["value"].as_str().unwrap()).collect();
    assert_eq!(
        others,
        [
            "examples/x/package.json",
            "test/broken/package.json",
            "website/yarn.lock"
        ]
    );
}

#[test]
fn folders_of_a_workspace_are_found_without_a_lock_file() {
    let root = r#"{"name": "app", "version": "1.0.0", "workspaces": ["packages/*"]}"#;
    let found = found([
        ("package.json", root),
        (
            "packages/m/package.json",
            r#"{"name": "m", "version": "1.0.0", "dependencies": {"n": "workspace:*"}}"#,
        ),
        ("packages/n/package.json", r#"{"name": "n", "version": "1.0.0"}"#),
        (
            "examples/x/package.json",
            r#"{"name": "x", "dependencies": {"y": "1"}}"#,
        ),
    ]);
    assert_eq!(
        found.packages(),
        ["pkg:npm/app@1.0.0", "pkg:npm/m@1.0.0", "pkg:npm/n@1.0.0"]
    );
    assert_eq!(found.gaps, [""; 0]);
}

#[test]
fn what_a_system_brought_along_is_no_project() {
    let inventory = super::inventory([
        ("etc/os-release", "ID=debian\n"),
        (
            "usr/share/nodejs/a/package.json",
            r#"{"name": "a", "version": "1.0.0", "dependencies": {"b": "1"}}"#,
        ),
        (
            "app/package.json",
            r#"{"name": "app", "version": "1.0.0", "dependencies": {"c": "1"}}"#,
        ),
        (
            "app/node_modules/c/package.json",
            r#"{"name": "c", "version": "1.0.0"}"#,
        ),
    ]);
    let bom = inventory
        .document(&attest_sbom::Root::default(), &attest_sbom::Metadata::default())
        .unwrap();
    let text = String::from_utf8(bom.to_json()).unwrap();
    assert!(text.contains("pkg:npm/app@1.0.0") && text.contains("pkg:npm/c@1.0.0"));
    assert!(!text.contains("pkg:npm/a@") && !text.contains("not-listed"));
}

#[test]
fn what_a_package_of_python_brought_along_is_no_project() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0"}}}"#;
    let needs = r#"{"name": "x", "version": "1.0.0", "workspaces": ["y"], "dependencies": {"a": "1"}}"#;
    let found = found([
        ("lib/site-packages/x/staging/package.json", needs),
        (
            "lib/site-packages/x/staging/yarn.lock",
            "# yarn lockfile v1\na@1:\n  version \"9.0.0\"\n",
        ),
        ("lib/site-packages/x/y/node_modules/.package-lock.json", lock),
        ("lib/site-packages/x/y/package.json", needs),
        (
            "lib/site-packages/x/y/node_modules/a/package.json",
            r#"{"name": "a", "version": "1.0.0"}"#,
        ),
    ]);
    assert_eq!(found.packages(), ["pkg:npm/a@1.0.0", "project"]);
    assert_eq!(found.gaps, [""; 0]);
    let properties = found.document["metadata"]["properties"].as_array().unwrap().iter();
    let named: Vec<_> = properties.filter(|one| one["name"] == "attest:not-listed").collect();
    assert_eq!(named.len(), 1);
    assert_eq!(named[0]["value"], "lib/site-packages/x/staging/yarn.lock");
}

#[test]
fn packages_without_a_project_are_all_required() {
    let found = found([
        (
            "usr/lib/node_modules/npm/package.json",
            r#"{"name": "npm", "version": "10.0.0", "dependencies": {"a": "1"}}"#,
        ),
        (
            "usr/lib/node_modules/npm/node_modules/a/package.json",
            r#"{"name": "a", "version": "1.0.0"}"#,
        ),
    ]);
    assert_eq!(found.packages(), ["pkg:npm/a@1.0.0", "pkg:npm/npm@10.0.0", "project"]);
    assert_eq!(found.edges(), ["npm@10.0.0 -> a@1.0.0", "root -> npm@10.0.0"]);
}

/// The edges of a project whose packages are kept apart from each other: `a` lies in the first directory and looks for others
/// in the second one, `b` lies in the third.
#[cfg(unix)]
fn edges_of_store(a: &str, beside_a: &str, b: &str) -> Vec<String> {
    use attest_sbom::tree::Directory;
    use attest_sbom::{Metadata, Options, Root, scan};
    let directory = tempfile::tempdir().unwrap();
    let place = |path: &str| {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    let write = |path: String, text: &str| std::fs::write(place(&path), text).unwrap();
    let link = |path: &str, target: &str| std::os::unix::fs::symlink(target, place(path)).unwrap();
    let needs = |name: &str, needed: &str| {
        format!(r#"{{"name": "{name}", "version": "1.0.0", "dependencies": {{"{needed}": "1"}}}}"#)
    };
    write("package.json".to_owned(), &needs("app", "a"));
    write(format!("node_modules/{a}/package.json"), &needs("a", "@s/b"));
    let text = r#"{"name": "@s/b", "version": "1.0.0"}"#;
    write(format!("node_modules/{b}/package.json"), text);
    link("node_modules/a", a);
    link(&format!("node_modules/{beside_a}/@s/b"), &format!("../../../../{b}"));
    link("node_modules/circle", "circle");
    let tree = Directory::new(directory.path()).unwrap();
    let inventory = scan(&tree, &Options::default()).unwrap();
    assert_eq!(inventory.gaps().len(), 0);
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    let found = super::Found {
        document: serde_json::from_slice(&bom.to_json()).unwrap(),
        gaps: Vec::new(),
    };
    found.edges()
}

#[cfg(unix)]
#[test]
fn links_into_stores_are_followed() {
    let expected = ["a@1.0.0 -> @s/b@1.0.0", "app@1.0.0 -> a@1.0.0"];
    for (a, beside_a, b) in [
        // Of pnpm, Bun, npm and Yarn.
        (
            ".pnpm/a@1/node_modules/a",
            ".pnpm/a@1/node_modules",
            ".pnpm/@s+b@1/node_modules/@s/b",
        ),
        (
            ".bun/a@1/node_modules/a",
            ".bun/a@1/node_modules",
            ".bun/@s+b@1/node_modules/@s/b",
        ),
        (
            ".store/a@1-x/node_modules/a",
            ".store/a@1-x/node_modules",
            ".store/@s/b@1-x/node_modules/@s/b",
        ),
        (
            ".store/a-npm-1-x/package",
            ".store/a-npm-1-x/node_modules",
            ".store/@s-b-npm-1-x/package",
        ),
    ] {
        assert_eq!(edges_of_store(a, beside_a, b), expected, "{a}");
    }
}

#[test]
fn where_nothing_else_is_found_manifests_below_the_top_are_projects() {
    let web = r#"{"name": "web", "version": "1.0.0", "dependencies": {"a": "^1"}, "workspaces": ["lib"]}"#;
    let files = [
        ("parts/web/package.json", web),
        (
            "parts/web/lib/package.json",
            r#"{"name": "lib", "version": "1.0.0", "dependencies": {"b": "1"}}"#,
        ),
        ("parts/web/example/package.json", r#"{"dependencies": {"c": "1"}}"#),
        ("parts/marker/package.json", r#"{"name": "marker", "version": "1.0.0"}"#),
        (
            "tool/package.json",
            r#"{"name": "tool", "version": "1.0.0", "dependencies": {"a": "^1"}}"#,
        ),
    ];
    let alone = found(files);
    let expected = ["a", "b", "lib@1.0.0", "tool@1.0.0", "web@1.0.0"];
    assert_eq!(alone.packages(), expected.map(|name| format!("pkg:npm/{name}")));
    assert!(alone.document.to_string().contains("parts/web/example/package.json"));
    let mut beside = files.to_vec();
    beside.push(("requirements.txt", "d==1\n"));
    let beside = found(beside);
    assert_eq!(beside.packages(), ["pkg:pypi/d@1", "project"]);
    assert!(beside.document.to_string().contains("parts/web/package.json"));
}
