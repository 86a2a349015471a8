use super::found;

const SHA1: &str = "sha1-cfUw57AQr163p993UveJId1X6e4=";

#[test]
fn packages_are_found_as_node_finds_them() {
    let lock = r#"{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {
        "": {"name": "app", "version": "1.0.0", "license": "MIT", "workspaces": ["packages/*"],
             "dependencies": {"a": "^1", "aliased": "npm:real@1", "from-git": "github:o/r"}, "devDependencies": {"b": "^2"}},
        "node_modules/a": {"version": "1.0.0", "license": "(MIT OR ISC)", "dependencies": {"b": "^1", "c": "1"}, "optionalDependencies": {"none": "1"}},
        "node_modules/a/node_modules/b": {"version": "1.0.0", "peerDependencies": {"c": "1", "missing": "1"}},
        "node_modules/b": {"version": "2.0.0", "dev": true},
        "node_modules/c": {"version": "1.0.0"},
        "node_modules/aliased": {"name": "real", "version": "1.0.0", "integrity": "INTEGRITY"},
        "node_modules/from-git": {"version": "0.1.0", "resolved": "git+ssh://git@github.com/o/r.git#0123"},
        "node_modules/@s/m": {"resolved": "packages/m", "link": true},
        "packages/m": {"name": "@s/m", "version": "3.0.0", "dependencies": {"b": "1"}, "devDependencies": {"c": "1"}},
        "packages/m/node_modules/b": {"version": "1.5.0"}
    }}"#;
    let lock = lock.replace("INTEGRITY", SHA1);
    let found = found([("package-lock.json", lock.as_str())]);
    assert_eq!(
        found.packages(),
        [
            "pkg:npm/%40s/m@3.0.0",
            "pkg:npm/a@1.0.0",
            "pkg:npm/app@1.0.0",
            "pkg:npm/b@1.0.0",
            "pkg:npm/b@1.5.0",
            "pkg:npm/b@2.0.0 excluded",
            "pkg:npm/c@1.0.0",
            "pkg:npm/from-git@0.1.0?vcs_url=git%2Bssh:%2F%2Fgit%40github.com%2Fo%2Fr.git%400123",
            "pkg:npm/real@1.0.0",
        ]
    );
    assert_eq!(
        found.edges(),
        [
            "@s/m@3.0.0 -> b@1.5.0",
            "@s/m@3.0.0 -> c@1.0.0",
            "a@1.0.0 -> b@1.0.0",
            "a@1.0.0 -> c@1.0.0",
            "app@1.0.0 -> @s/m@3.0.0",
            "app@1.0.0 -> a@1.0.0",
            "app@1.0.0 -> b@2.0.0",
            "app@1.0.0 -> from-git@0.1.0",
            "app@1.0.0 -> real@1.0.0",
            "b@1.0.0 -> c@1.0.0",
        ]
    );
    assert_eq!(found.gaps, [""; 0]);
    assert_eq!(found.document["metadata"]["component"]["name"], "app");
    assert_eq!(found.component("a@1.0.0")["licenses"][0]["expression"], "(MIT OR ISC)");
    let hash = &found.component("real@1.0.0")["hashes"][0];
    assert_eq!(hash["alg"], "SHA-1");
    assert_eq!(hash["content"], "71f530e7b010af5eb7a7df7752f78921dd57e9ee");
}

#[test]
fn what_lies_too_deep_is_damage_only_where_it_is_read() {
    let nested = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let lock = |name: &str| {
        format!(
            r#"{{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {{
                "": {{"version": "1.0.0", "dependencies": {{"a": "1"}}}}, "node_modules/a": {{"version": "1.0.0", "{name}": {nested}}}}}}}"#
        )
    };
    let found = found([("package-lock.json", lock("funding").as_str())]);
    assert_eq!(found.packages(), ["pkg:npm/a@1.0.0", "pkg:npm/app@1.0.0"]);
    assert_eq!(found.gaps, [""; 0]);
    let tree = attest_sbom::tree::Memory::new([("package-lock.json", lock("dependencies").as_str())]);
    let inventory = attest_sbom::scan(&tree, &attest_sbom::Options::default()).unwrap();
    let gaps: Vec<&str> = inventory.gaps().map(attest_sbom::Gap::code).collect();
    assert_eq!(gaps, ["damaged"]);
}

#[test]
fn what_is_needed_and_not_listed_is_said() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1.0.0",
        "dependencies": {"a": "1"}, "optionalDependencies": {"b": "1"}, "peerDependencies": {"c": "1"}, "devDependencies": {"d": "1"}}}}"#;
    assert_eq!(
        found([("package-lock.json", lock)]).gaps,
        [
            "package-lock.json: unresolved: `app` needs `a`, which is not listed",
            "package-lock.json: unresolved: `app` needs `d`, which is not listed",
        ]
    );
}

#[test]
fn version_1_has_packages_in_each_other() {
    let lock = r#"{"name": "app", "version": "1.0.0", "lockfileVersion": 1, "requires": true, "dependencies": {
        "a": {"version": "1.0.0", "requires": {"b": "^1"}, "dependencies": {"b": {"version": "1.0.0", "bundled": true}}},
        "b": {"version": "2.0.0", "dev": true, "requires": true},
        "alias": {"version": "npm:@s/real@1.0.0"},
        "git": {"version": "git+https://example.com/o/r.git#0123", "from": "git+https://example.com/o/r.git"},
        "file": {"version": "https://example.com/file.tgz"},
        "url": {"version": "https://example.com/url/-/url-1.2.3.tgz"},
        "m": {"version": "file:packages/m", "requires": {"b": "^2"}}
    }}"#;
    let manifest = r#"{"name": "app", "version": "1.0.0", "dependencies": {"a": "1", "alias": "1", "m": "1"}}"#;
    let member = r#"{"name": "m", "version": "5.0.0", "peerDependencies": {"a": "1"}, "devDependencies": {"b": "2"}}"#;
    let found = found([
        ("package-lock.json", lock),
        ("package.json", manifest),
        ("packages/m/package.json", member),
    ]);
    assert_eq!(
        found.packages(),
        [
            "pkg:npm/%40s/real@1.0.0",
            "pkg:npm/a@1.0.0",
            "pkg:npm/app@1.0.0",
            "pkg:npm/b@1.0.0",
            "pkg:npm/b@2.0.0 excluded",
            "pkg:npm/file?download_url=https:%2F%2Fexample.com%2Ffile.tgz",
            "pkg:npm/git?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fo%2Fr.git%400123",
            "pkg:npm/m@5.0.0",
            "pkg:npm/url@1.2.3",
        ]
    );
    assert_eq!(
        found.edges(),
        [
            "a@1.0.0 -> b@1.0.0",
            "app@1.0.0 -> @s/real@1.0.0",
            "app@1.0.0 -> a@1.0.0",
            "app@1.0.0 -> m@5.0.0",
            "m@5.0.0 -> a@1.0.0",
            "m@5.0.0 -> b@2.0.0",
        ]
    );
}

#[test]
fn a_shrinkwrap_goes_before_a_package_lock() {
    let lock = |name: &str| {
        format!(
            r#"{{"lockfileVersion": 3, "packages": {{"": {{"name": "app", "version": "1.0.0"}}, "node_modules/{name}": {{"version": "1.0.0"}}}}}}"#
        )
    };
    let (first, second) = (lock("a"), lock("b"));
    let found = found([
        ("npm-shrinkwrap.json", first.as_str()),
        ("package-lock.json", second.as_str()),
    ]);
    assert_eq!(found.packages(), ["pkg:npm/a@1.0.0", "pkg:npm/app@1.0.0"]);
}

#[test]
fn a_link_that_leads_nowhere_is_a_package_of_which_little_is_known() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1.0.0", "dependencies": {"x": "file:../x"}},
        "node_modules/x": {"resolved": "../x", "link": true}}}"#;
    let found = found([("package-lock.json", lock)]);
    assert_eq!(found.packages(), ["pkg:npm/app@1.0.0", "pkg:npm/x"]);
    let compositions = found.document["compositions"].to_string();
    assert!(compositions.contains("incomplete"), "{compositions}");
}
