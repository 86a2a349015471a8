use super::found;

#[test]
fn a_lock_file_of_yarn_1_gets_its_root_from_the_manifests() {
    let lock = "# yarn lockfile v1\n\n\n\"@s/b@^1.0.0\", \"alias@npm:@s/b@^1.0.0\":\n  version \"1.0.0\"\n  resolved \
                \"https://registry.example.com/@s/b/-/b-1.0.0.tgz#71f530e7b010af5eb7a7df7752f78921dd57e9ee\"\n  dependencies:\n    c \"^1.0.0\"\n\n\
                c@1.2.3, c@^1.0.0:\n  version \"1.2.3\"\n  optionalDependencies:\n    d \"*\"\n    none \"*\"\n\n\
                d@*:\n  version \"1.0.0\"\n  resolved \"https://codeload.github.com/o/d/tar.gz/0123\"\n\n\
                e@1.0.0:\n  version \"1.0.0\"\n\n\"local@file:local\":\n  version \"0.1.0\"\n";
    let root = r#"{"name": "app", "version": "1.0.0", "workspaces": {"packages": ["packages/*", "!packages/x"]}, "resolutions": {"**/e": "1.0.0"},
        "dependencies": {"@s/b": "^1.0.0", "alias": "npm:@s/b@^1.0.0", "m": "1"}, "devDependencies": {"local": "file:local"}}"#;
    let member =
        r#"{"name": "m", "version": "2.0.0", "devDependencies": {"e": "^0.9"}, "peerDependencies": {"react": "*"}}"#;
    let found = found([
        ("yarn.lock", lock),
        ("package.json", root),
        ("packages/m/package.json", member),
        ("packages/m/node_modules/x/package.json", "{}"),
    ]);
    assert_eq!(
        found.packages(),
        [
            "pkg:npm/%40s/b@1.0.0",
            "pkg:npm/app@1.0.0",
            "pkg:npm/c@1.2.3",
            "pkg:npm/d@1.0.0?download_url=https:%2F%2Fcodeload.github.com%2Fo%2Fd%2Ftar.gz%2F0123",
            "pkg:npm/e@1.0.0 excluded",
            "pkg:npm/local@0.1.0 excluded",
            "pkg:npm/m@2.0.0",
        ]
    );
    assert_eq!(
        found.edges(),
        [
            "@s/b@1.0.0 -> c@1.2.3",
            "app@1.0.0 -> @s/b@1.0.0",
            "app@1.0.0 -> local@0.1.0",
            "app@1.0.0 -> m@2.0.0",
            "c@1.2.3 -> d@1.0.0",
            "m@2.0.0 -> e@1.0.0",
        ]
    );
    assert_eq!(found.gaps, [""; 0]);
    assert_eq!(found.component("@s/b@1.0.0")["hashes"][0]["alg"], "SHA-1");
}

#[test]
fn without_a_manifest_nobody_knows_what_is_for_development() {
    let found = found([("yarn.lock", "# yarn lockfile v1\na@1:\n  version \"1.0.0\"\n")]);
    assert_eq!(found.packages(), ["pkg:npm/a@1.0.0", "project"]);
    assert_eq!(
        found.gaps,
        ["package.json: no-manifest: without it, it is not known what is for development only"]
    );
}

#[test]
fn a_lock_file_with_conflicts_is_damaged() {
    let lock = "# yarn lockfile v1\na@1:\n<<<<<<< ours\n  version \"1.0.0\"\n";
    let inventory = super::inventory([("yarn.lock", lock)]);
    let gaps: Vec<String> = inventory.gaps().map(ToString::to_string).collect();
    assert_eq!(
        gaps,
        ["yarn.lock: damaged: line 3: expected a lock file without conflicts of a merge"]
    );
}

#[test]
fn a_lock_file_of_later_yarns_names_workspaces_patches_and_links() {
    let lock = "__metadata:\n  version: 8\n  cacheKey: 10c0\n\n\"a@npm:^1.0.0, a@npm:^1.1.0\":\n  version: 1.1.0\n  resolution: \"a@npm:1.1.0\"\n  \
                dependencies:\n    c: \"npm:^1.0.0\"\n    none: \"npm:^1\"\n  dependenciesMeta:\n    none:\n      optional: true\n  checksum: \
                10c0/0123\n  languageName: node\n  linkType: hard\n\n\"a@patch:a@npm%3A^1.0.0#./a.patch\":\n  version: 1.1.0\n  resolution: \
                \"a@patch:a@npm%3A1.1.0#./a.patch::version=1.1.0&hash=abc\"\n  dependencies:\n    c: \"npm:^1.0.0\"\n\n\
                \"alias@npm:c@^1.0.0, c@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"c@npm:1.0.0\"\n\n\
                \"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  dependencies:\n    a: \
                \"patch:a@npm%3A^1.0.0#./a.patch\"\n    alias: \"npm:c@^1.0.0\"\n    d: \"npm:^2\"\n    lib: \"link:./lib\"\n    m: \"workspace:*\"\n  \
                languageName: unknown\n  linkType: soft\n\n\"d@npm:2.0.0\":\n  version: 2.0.0\n  resolution: \"d@npm:2.0.0\"\n\n\
                \"lib@link:./lib::locator=app%40workspace%3A.\":\n  version: 0.0.0-use.local\n  resolution: \
                \"lib@link:./lib::locator=app%40workspace%3A.\"\n\n\"m@workspace:*, m@workspace:packages/m\":\n  version: 0.0.0-use.local\n  \
                resolution: \"m@workspace:packages/m\"\n  dependencies:\n    git: \"https://github.com/o/git.git#commit=0123\"\n\n\
                \"git@https://github.com/o/git.git#commit=0123\":\n  version: 3.0.0\n  resolution: \"git@https://github.com/o/git.git#commit=0123\"\n";
    let root = r#"{"name": "app", "version": "1.0.0", "resolutions": {"d": "2.0.0"},
        "dependencies": {"a": "^1.0.0", "m": "workspace:*", "lib": "link:./lib"}, "devDependencies": {"alias": "npm:c@^1.0.0", "d": "^2"}}"#;
    let found = found([
        ("yarn.lock", lock),
        ("package.json", root),
        ("packages/m/package.json", r#"{"name": "m", "version": "2.0.0"}"#),
        ("lib/package.json", r#"{"name": "lib", "version": "0.3.0"}"#),
    ]);
    assert_eq!(
        found.packages(),
        [
            "pkg:npm/a@1.1.0",
            "pkg:npm/app@1.0.0",
            "pkg:npm/c@1.0.0",
            "pkg:npm/d@2.0.0 excluded",
            "pkg:npm/git@3.0.0?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Fo%2Fgit.git%400123",
            "pkg:npm/lib@0.3.0",
            "pkg:npm/m@2.0.0",
        ]
    );
    assert_eq!(
        found.edges(),
        [
            "a@1.1.0 -> c@1.0.0",
            "app@1.0.0 -> a@1.1.0",
            "app@1.0.0 -> c@1.0.0",
            "app@1.0.0 -> d@2.0.0",
            "app@1.0.0 -> lib@0.3.0",
            "app@1.0.0 -> m@2.0.0",
            "m@2.0.0 -> git@3.0.0",
        ]
    );
    let properties = found.component("a@1.1.0")["properties"].to_string();
    assert!(
        properties.contains("a.patch") && properties.contains("10c0/0123"),
        "{properties}"
    );
    assert_eq!(found.component("a@1.1.0").get("hashes"), None);
    assert_eq!(found.gaps, [""; 0]);
}

const CATALOG_LOCK: &str = "__metadata:\n  version: 8\n\n\"a@npm:^1\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n\n\
    \"a@npm:^2\":\n  version: 2.0.0\n  resolution: \"a@npm:2.0.0\"\n\n\
    \"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  dependencies:\n    a: \"catalog:\"\n    m: \
    \"workspace:*\"\n\n\"m@workspace:*, m@workspace:m\":\n  version: 0.0.0-use.local\n  resolution: \"m@workspace:m\"\n  dependencies:\n    \
    a: \"catalog:old\"\n";

fn with_settings(settings: &str) -> super::Found {
    found([
        ("yarn.lock", CATALOG_LOCK),
        (".yarnrc.yml", settings),
        (
            "package.json",
            r#"{"name": "app", "version": "1.0.0", "dependencies": {"a": "catalog:", "m": "workspace:*"}}"#,
        ),
        (
            "m/package.json",
            r#"{"name": "m", "version": "1.0.0", "devDependencies": {"a": "catalog:old"}}"#,
        ),
    ])
}

#[test]
fn a_catalog_says_which_range_is_asked_for() {
    let found = with_settings("npmAuthToken: secret\ncatalog:\n  a: ^2\ncatalogs:\n  old:\n    a: npm:^1\n");
    assert_eq!(
        found.edges(),
        ["app@1.0.0 -> a@2.0.0", "app@1.0.0 -> m@1.0.0", "m@1.0.0 -> a@1.0.0"]
    );
    assert_eq!(
        found.packages(),
        [
            "pkg:npm/a@1.0.0 excluded",
            "pkg:npm/a@2.0.0",
            "pkg:npm/app@1.0.0",
            "pkg:npm/m@1.0.0"
        ]
    );
    assert_eq!(found.gaps, [""; 0]);
    assert!(!found.document.to_string().contains("secret"));
}

#[test]
fn a_catalog_that_is_not_there_is_a_gap() {
    let found = with_settings("catalog: {b: ^2}\n");
    assert_eq!(
        found.gaps,
        [
            "yarn.lock: unresolved: `app` needs `a@catalog:`, which is not listed",
            "yarn.lock: unresolved: `m` needs `a@catalog:old`, which is not listed"
        ]
    );
    let found = with_settings("catalog: [\n");
    assert!(
        found.gaps.iter().any(|gap| gap.starts_with(".yarnrc.yml: damaged: ")),
        "{:?}",
        found.gaps
    );
}

#[test]
fn a_link_to_nothing_is_no_package_of_a_registry() {
    let lock = "__metadata:\n  version: 8\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  \
                dependencies:\n    \"@types/a\": \"link:./nope\"\n\n\"@types/a@link:./nope::locator=app%40workspace%3A.\":\n  version: \
                0.0.0-use.local\n  resolution: \"@types/a@link:./nope::locator=app%40workspace%3A.\"\n";
    let found = found([
        ("yarn.lock", lock),
        ("package.json", r#"{"name": "app", "version": "1.0.0"}"#),
    ]);
    assert_eq!(found.packages(), ["a", "pkg:npm/app@1.0.0"]);
    assert_eq!(found.document["components"], serde_json::json!([]));
}
