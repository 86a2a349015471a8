use super::found;

const MANIFEST: &str = r#"{"name": "app", "version": "1.0.0"}"#;
const MEMBER: &str = r#"{"name": "@s/m", "version": "2.0.0"}"#;

/// What every version of the format says in its own way.
const PACKAGES: [&str; 6] = [
    "pkg:npm/%40s/b@1.0.0",
    "pkg:npm/%40s/m@2.0.0",
    "pkg:npm/a@1.0.0",
    "pkg:npm/app@1.0.0",
    "pkg:npm/c@3.0.0 excluded",
    "pkg:npm/real@1.1.1",
];
const EDGES: [&str; 6] = [
    "@s/b@1.0.0 -> a@1.0.0",
    "@s/m@2.0.0 -> c@3.0.0",
    "a@1.0.0 -> @s/b@1.0.0",
    "app@1.0.0 -> @s/m@2.0.0",
    "app@1.0.0 -> a@1.0.0",
    "app@1.0.0 -> real@1.1.1",
];

fn check(lock: &str) {
    let found = found([
        ("pnpm-lock.yaml", lock),
        ("package.json", MANIFEST),
        ("packages/m/package.json", MEMBER),
    ]);
    assert_eq!(found.packages(), PACKAGES);
    assert_eq!(found.edges(), EDGES);
    assert_eq!(found.gaps, [""; 0]);
    assert_eq!(found.component("a@1.0.0")["hashes"][0]["alg"], "SHA-1");
}

#[test]
fn version_5_separates_with_slashes() {
    check(
        "lockfileVersion: 5.4\nimporters:\n  .:\n    specifiers:\n      a: ^1\n    dependencies:\n      a: 1.0.0_@s+b@1.0.0\n      \
         alias: /real/1.1.1\n      '@s/m': link:packages/m\n  packages/m:\n    devDependencies:\n      c: registry.example.com/c/3.0.0\npackages:\n  \
         /a/1.0.0_@s+b@1.0.0:\n    resolution: {integrity: sha1-cfUw57AQr163p993UveJId1X6e4=}\n    dependencies:\n      '@s/b': 1.0.0_a@1.0.0\n    \
         dev: false\n  /@s/b/1.0.0_a@1.0.0:\n    resolution: {integrity: sha1-cfUw57AQr163p993UveJId1X6e4=}\n    dependencies:\n      a: \
         1.0.0_@s+b@1.0.0\n  registry.example.com/c/3.0.0:\n    resolution: {registry: 'https://registry.example.com/'}\n    dev: true\n  /real/1.1.1:\n    dev: false\n",
    );
}

#[test]
fn version_6_separates_with_at_signs_below_a_slash() {
    check(
        "lockfileVersion: '6.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: ^1\n        version: 1.0.0(@s/b@1.0.0)\n      \
         alias:\n        specifier: npm:real@1.1.1\n        version: /real@1.1.1\n      '@s/m':\n        specifier: workspace:*\n        version: \
         link:packages/m\n  packages/m:\n    devDependencies:\n      c:\n        specifier: '3'\n        version: 3.0.0\npackages:\n  \
         /a@1.0.0(@s/b@1.0.0):\n    resolution: {integrity: sha1-cfUw57AQr163p993UveJId1X6e4=}\n    dependencies:\n      '@s/b': \
         1.0.0(a@1.0.0)\n  /@s/b@1.0.0(a@1.0.0):\n    dependencies:\n      a: 1.0.0(@s/b@1.0.0)\n  /c@3.0.0:\n    dev: true\n  \
         registry.example.com/real@1.1.1:\n    resolution: {}\n  /real@1.1.1:\n    dev: false\n",
    );
}

#[test]
fn version_9_says_apart_what_a_package_is_and_what_it_gets() {
    check(
        "lockfileVersion: '9.0'\ncatalogs:\n  default:\n    a:\n      specifier: ^1\n      version: 1.0.0\nimporters:\n  .:\n    dependencies:\n      \
         a:\n        specifier: 'catalog:'\n        version: 1.0.0(@s/b@1.0.0)\n      alias:\n        specifier: npm:real@1.1.1\n        version: \
         real@1.1.1\n      '@s/m':\n        specifier: workspace:*\n        version: link:packages/m\n  packages/m:\n    devDependencies:\n      \
         c:\n        specifier: '3'\n        version: 3.0.0(a@1.0.0)\npackages:\n  a@1.0.0:\n    resolution: {integrity: \
         sha1-cfUw57AQr163p993UveJId1X6e4=}\n  '@s/b@1.0.0':\n    resolution: {}\n  c@3.0.0: {}\n  real@1.1.1: {}\nsnapshots:\n  \
         a@1.0.0(@s/b@1.0.0):\n    dependencies:\n      '@s/b': 1.0.0(a@1.0.0)\n  '@s/b@1.0.0(a@1.0.0)':\n    dependencies:\n      a: \
         1.0.0(@s/b@1.0.0)\n    optionalDependencies:\n      none: 1.0.0\n  c@3.0.0(a@1.0.0): {}\n  real@1.1.1: {}\n",
    );
}

#[test]
fn a_project_alone_has_its_needs_at_the_top() {
    let lock = "lockfileVersion: '6.0'\ndependencies:\n  a:\n    specifier: ^1\n    version: 1.0.0\ndevDependencies:\n  b:\n    specifier: ^1\n    \
                version: 1.0.0\npackages:\n  /a@1.0.0: {}\n  /b@1.0.0: {}\n";
    let found = found([("pnpm-lock.yaml", lock), ("package.json", MANIFEST)]);
    assert_eq!(
        found.packages(),
        ["pkg:npm/a@1.0.0", "pkg:npm/app@1.0.0", "pkg:npm/b@1.0.0 excluded"]
    );
    assert_eq!(found.edges(), ["app@1.0.0 -> a@1.0.0", "app@1.0.0 -> b@1.0.0"]);
}

#[test]
fn what_pnpm_itself_needs_stands_in_a_document_of_its_own() {
    let lock = "---\nlockfileVersion: '9.0'\nimporters:\n  .:\n    configDependencies: {}\n    packageManagerDependencies:\n      pnpm:\n        \
                specifier: 12.0.0\n        version: 12.0.0\npackages:\n  pnpm@12.0.0: {}\nsnapshots:\n  pnpm@12.0.0: {}\n---\nlockfileVersion: '9.0'\n\
                importers:\n  .:\n    dependencies:\n      a:\n        specifier: ^1\n        version: 1.0.0\npackages:\n  a@1.0.0: {}\nsnapshots:\n  \
                a@1.0.0: {}\n";
    let found = found([("pnpm-lock.yaml", lock), ("package.json", MANIFEST)]);
    assert_eq!(
        found.packages(),
        ["pkg:npm/a@1.0.0", "pkg:npm/app@1.0.0", "pkg:npm/pnpm@12.0.0 excluded"]
    );
}

#[test]
fn what_comes_from_elsewhere_is_named() {
    let lock = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      git:\n        version: https://codeload.github.com/o/r/tar.gz/0123\n      \
                repo:\n        version: git+https://example.com/o/r.git#0123\n      archive:\n        version: file:archive.tgz\n      folder:\n        \
                version: file:folder\n      outside:\n        version: link:../outside\n      inside:\n        version: link:lib\n      node:\n        \
                version: runtime:24.0.0\n      patched:\n        version: 1.0.0(patch_hash=abc)\npatchedDependencies:\n  patched@1.0.0:\n    hash: abc\n    \
                path: patches/p.patch\npackages:\n  git@https://codeload.github.com/o/r/tar.gz/0123:\n    resolution: {tarball: \
                https://codeload.github.com/o/r/tar.gz/0123}\n    version: 1.2.3\n  repo@git+https://example.com/o/r.git#0123:\n    resolution: {commit: \
                '0123', repo: https://example.com/o/r.git, type: git}\n    version: 2.3.4\n  archive@file:archive.tgz:\n    resolution: {tarball: \
                file:archive.tgz}\n    version: 3.4.5\n  folder@file:folder:\n    resolution: {directory: folder, type: directory}\n  \
                node@runtime:24.0.0:\n    resolution: {type: variations, variants: []}\n    version: 24.0.0\n  patched@1.0.0: {}\nsnapshots:\n  \
                git@https://codeload.github.com/o/r/tar.gz/0123: {}\n  repo@git+https://example.com/o/r.git#0123: {}\n  archive@file:archive.tgz: {}\n  \
                folder@file:folder: {}\n  node@runtime:24.0.0: {}\n  patched@1.0.0(patch_hash=abc): {}\n";
    let found = found([
        ("pnpm-lock.yaml", lock),
        ("package.json", MANIFEST),
        ("folder/package.json", r#"{"name": "folder", "version": "4.5.6"}"#),
        ("lib/package.json", r#"{"name": "inside", "version": "5.6.7"}"#),
    ]);
    assert_eq!(
        found.packages(),
        [
            "outside",
            "pkg:generic/node@24.0.0",
            "pkg:npm/app@1.0.0",
            "pkg:npm/archive@3.4.5",
            "pkg:npm/folder@4.5.6",
            "pkg:npm/git@1.2.3?download_url=https:%2F%2Fcodeload.github.com%2Fo%2Fr%2Ftar.gz%2F0123",
            "pkg:npm/inside@5.6.7",
            "pkg:npm/patched@1.0.0",
            "pkg:npm/repo@2.3.4?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fo%2Fr.git%400123",
        ]
    );
    assert_eq!(found.edges().len(), 8);
    let patch = &found.component("patched@1.0.0")["properties"][0];
    assert_eq!(
        (patch["name"].as_str(), patch["value"].as_str()),
        (Some("attest:npm:patch"), Some("patches/p.patch"))
    );
    assert_eq!(found.gaps, [""; 0]);
}

#[test]
fn a_lock_file_that_is_none_is_damaged() {
    for (text, expected) in [
        ("a: 1\n", "expected a `lockfileVersion`, found none"),
        ("", "expected a `lockfileVersion`, found none"),
        (
            "lockfileVersion: 9\nlockfileVersion: 9\n",
            "line 2: key `lockfileVersion` is given twice",
        ),
    ] {
        let inventory = super::inventory([("pnpm-lock.yaml", text)]);
        let gaps: Vec<String> = inventory.gaps().map(ToString::to_string).collect();
        assert_eq!(gaps, [format!("pnpm-lock.yaml: damaged: {expected}")]);
    }
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let lock = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      l:\n        specifier: file:l\n        version: file:l\n\
                packages:\n  l@file:l:\n    resolution: {directory: l, type: directory}\nsnapshots:\n  l@file:l: {}\n";
    let files = [("pnpm-lock.yaml", lock), ("package.json", MANIFEST)];
    assert_eq!(
        found(files).gaps,
        ["pnpm-lock.yaml: unresolved: `l` is a folder that is not in what is read"]
    );
    let folder = ("l/package.json", r#"{"name": "l", "version": "1.0.0"}"#);
    assert_eq!(found([files[0], files[1], folder]).gaps, [""; 0]);
}

#[test]
fn a_folder_and_a_package_of_its_name_from_the_registry_are_one_that_is_not_own_alone() {
    let lock = "lockfileVersion: '9.0'\nimporters:\n  .:\n    devDependencies:\n      '@s/m':\n        specifier: 2.0.0\n        version: \
                2.0.0\n  packages/m: {}\npackages:\n  '@s/m@2.0.0':\n    resolution: {integrity: sha1-cfUw57AQr163p993UveJId1X6e4=}\n\
                snapshots:\n  '@s/m@2.0.0': {}\n";
    let found = found([
        ("pnpm-lock.yaml", lock),
        ("package.json", MANIFEST),
        ("packages/m/package.json", MEMBER),
    ]);
    assert_eq!(found.packages(), ["pkg:npm/%40s/m@2.0.0 excluded", "pkg:npm/app@1.0.0"]);
    let listed = found.document["components"].as_array().unwrap();
    assert_eq!(listed[0]["purl"], "pkg:npm/%40s/m@2.0.0");
    assert_eq!(listed[0].get("properties"), None);
    assert_eq!(found.document["metadata"]["component"].get("components"), None);
}

#[test]
fn a_folder_may_need_itself() {
    let lock = "lockfileVersion: '9.0'\nimporters:\n  .: {}\n  packages/m:\n    devDependencies:\n      '@s/m':\n        specifier: \
                workspace:*\n        version: 'link:'\n";
    let found = found([
        ("pnpm-lock.yaml", lock),
        ("package.json", MANIFEST),
        ("packages/m/package.json", MEMBER),
    ]);
    assert_eq!(found.edges(), ["@s/m@2.0.0 -> @s/m@2.0.0"]);
    assert_eq!(found.gaps, [""; 0]);
}

#[test]
fn a_lock_file_that_is_older_than_its_manifest_is_told() {
    let gaps = |lock: &str| {
        let manifest = r#"{"name": "app", "version": "1.0.0", "dependencies": {"a": "1", "b": "^1", "c": "link:../c"},
            "optionalDependencies": {"d": "1"}, "devDependencies": {"e": "1"}}"#;
        let listed = "importers:\n  .:\n    dependencies:\n      a: {specifier: '1', version: 1.0.0}\npackages:\n  a@1.0.0: {}\n";
        let text = format!("lockfileVersion: '9.0'\n{lock}{listed}");
        found([("pnpm-lock.yaml", text.as_str()), ("package.json", manifest)]).gaps
    };
    let older = |name: &str| format!("pnpm-lock.yaml: unresolved: `app` needs `{name}`, which is not listed");
    assert_eq!(gaps(""), [older("b"), older("e")]);
    assert_eq!(gaps("overrides:\n  b: '-'\n"), [older("e")]);
    assert_eq!(gaps("pnpmfileChecksum: x\n"), [""; 0]);
}
