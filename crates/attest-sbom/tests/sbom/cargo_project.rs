//! Lock files and manifests in a tree, without Cargo.

use attest_sbom::tree::Memory;
use attest_sbom::{Gap, Inventory, Metadata, Options, Root, scan};
use serde_json::{Value, json};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
pub(crate) const SUM: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const OTHER_SUM: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// `name version [needs]`, of the registry, with a checksum.
pub(crate) fn locked(name: &str, version: &str, needs: &[&str]) -> String {
    format!(
        "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{REGISTRY}\"\nchecksum = \"{SUM}\"\n\
         dependencies = {needs:?}\n"
    )
}

pub(crate) fn own(name: &str, version: &str, needs: &[&str]) -> String {
    format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\ndependencies = {needs:?}\n")
}

pub(crate) fn package(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n")
}

pub(crate) fn inventory(files: &[(&str, String)], options: &Options) -> Inventory {
    let tree = Memory::new(files.iter().map(|(path, text)| (*path, text.as_bytes())));
    scan(&tree, options).unwrap()
}

pub(crate) fn gaps(inventory: &Inventory) -> Vec<String> {
    inventory.gaps().map(Gap::to_string).collect()
}

pub(crate) fn document(inventory: Inventory) -> Value {
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    serde_json::from_slice(&bom.to_json()).unwrap()
}

fn listed(files: &[(&str, String)]) -> Value {
    let inventory = inventory(files, &Options::default());
    assert_eq!(gaps(&inventory), [""; 0]);
    document(inventory)
}

pub(crate) fn references(list: &Value) -> Vec<&str> {
    let list = list.as_array().into_iter().flatten();
    list.map(|one| one["bom-ref"].as_str().unwrap()).collect()
}

fn component<'a>(document: &'a Value, name: &str) -> &'a Value {
    let own = document["metadata"]["component"]["components"].as_array();
    let all = document["components"].as_array().into_iter().chain(own).flatten();
    all.into_iter().find(|one| one["name"] == name).unwrap()
}

fn excluded(document: &Value) -> Vec<&str> {
    let components = document["components"].as_array().unwrap().iter();
    let excluded = components.filter(|one| one["scope"] == "excluded");
    excluded.map(|one| one["bom-ref"].as_str().unwrap()).collect()
}

fn needs<'a>(document: &'a Value, reference: &str) -> Vec<&'a str> {
    let mut entries = document["dependencies"].as_array().unwrap().iter();
    let entry = entries.find(|one| one["ref"] == reference).unwrap();
    let needs = entry["dependsOn"].as_array().into_iter().flatten();
    needs.map(|one| one.as_str().unwrap()).collect()
}

fn property<'a>(component: &'a Value, name: &str) -> Vec<&'a str> {
    let properties = component["properties"].as_array().into_iter().flatten();
    let named = properties.filter(|property| property["name"] == name);
    named.map(|property| property["value"].as_str().unwrap()).collect()
}

#[test]
fn a_lock_file_is_a_graph_from_the_package_of_its_manifest() {
    let lock = own("app", "1.0.0", &["a 1.0.0"]) + &locked("a", "1.0.0", &["b"]) + &locked("b", "0.1.0", &[]);
    let manifest = package("app") + "license = \"MIT\"\n[dependencies]\na = \"1\"\n[[bin]]\nname = \"app\"\n";
    let document = listed(&[("Cargo.lock", lock), ("Cargo.toml", manifest)]);
    let root = &document["metadata"]["component"];
    assert_eq!(root["purl"], "pkg:cargo/app@1.0.0");
    assert_eq!(
        (&root["type"], &root["licenses"][0]["expression"]),
        (&json!("application"), &json!("MIT"))
    );
    assert_eq!(references(&document["components"]), ["a@1.0.0", "b@0.1.0"]);
    assert_eq!(needs(&document, "app@1.0.0"), ["a@1.0.0"]);
    assert_eq!(needs(&document, "a@1.0.0"), ["b@0.1.0"]);
    assert_eq!(
        component(&document, "a")["hashes"],
        json!([{"alg": "SHA-256", "content": SUM}])
    );
    assert_eq!(document["compositions"][0]["aggregate"], "complete");
}

#[test]
fn a_workspace_without_a_package_is_called_like_its_repository_and_made_of_its_members() {
    let workspace = "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"crates/aside\"]\n\
                     [workspace.package]\nrepository = \"https://example.com/owner/tool.git\"\nlicense = \"MIT\"\n\
                     [workspace.dependencies]\ntwo = { path = \"crates/two\" }\n";
    let one = package("one")
        + "repository.workspace = true\nlicense.workspace = true\n[dependencies]\ntwo.workspace = true\n";
    let document = listed(&[
        ("Cargo.lock", own("one", "1.0.0", &["two"]) + &own("two", "1.0.0", &[])),
        ("Cargo.toml", workspace.to_owned()),
        ("crates/aside/Cargo.toml", package("aside")),
        ("crates/one/Cargo.toml", one),
        ("crates/two/Cargo.toml", package("two")),
        ("crates/two/src/main.rs", String::new()),
    ]);
    let root = &document["metadata"]["component"];
    assert_eq!((&root["name"], root.get("purl")), (&json!("tool"), None));
    assert_eq!(references(&root["components"]), ["one@1.0.0", "two@1.0.0"]);
    assert_eq!(needs(&document, "tool"), ["one@1.0.0", "two@1.0.0"]);
    assert_eq!(needs(&document, "one@1.0.0"), ["two@1.0.0"]);
    let one = component(&document, "one");
    assert_eq!(one["licenses"][0]["expression"], "MIT");
    assert_eq!(one["supplier"]["name"], "example.com/owner");
    assert_eq!(property(one, "attest:own"), ["true"]);
    assert_eq!(component(&document, "two")["type"], "application");
}

#[test]
fn what_only_tests_need_is_excluded() {
    let lock = own(
        "app",
        "1.0.0",
        &["a", "b", "build", "both 1.0.0", "both 2.0.0", "renamed"],
    ) + &locked("a", "1.0.0", &["shared"])
        + &locked("b", "1.0.0", &["only", "shared"])
        + &locked("both", "1.0.0", &[])
        + &locked("both", "2.0.0", &[])
        + &locked("build", "1.0.0", &[])
        + &locked("only", "1.0.0", &[])
        + &locked("renamed", "1.0.0", &[])
        + &locked("shared", "1.0.0", &[]);
    let manifest = package("app")
        + "[dependencies]\na = { version = \"1\", optional = true }\nboth = \"2\"\n\
           [dev-dependencies]\nb = \"1\"\nold = { package = \"both\", version = \"1\" }\n\
           [build-dependencies]\nbuild = \"1\"\n\
           [target.'cfg(windows)'.dependencies]\nother = { package = \"renamed\", version = \"1\" }\n";
    let files = |manifest: String| [("Cargo.lock", lock.clone()), ("Cargo.toml", manifest)];
    let document = listed(&files(manifest.clone()));
    assert_eq!(excluded(&document), ["b@1.0.0", "both@1.0.0", "only@1.0.0"]);
    let normal = listed(&files(manifest.replace("[dev-dependencies]\n", "")));
    assert_eq!(excluded(&normal), [""; 0]);
}

#[test]
fn a_directory_with_the_name_and_version_of_a_package_of_the_registry_is_not_own_alone() {
    let lock = own("app", "1.0.0", &["twin 1.0.0", &format!("twin 1.0.0 ({REGISTRY})")])
        + &own("twin", "1.0.0", &[])
        + &locked("twin", "1.0.0", &["a"])
        + &locked("a", "1.0.0", &[]);
    let manifest =
        package("app") + "[dependencies]\ntwin = { path = \"twin\" }\ntwo = { package = \"twin\", version = \"1\" }\n";
    let files = [
        ("Cargo.lock", lock),
        ("Cargo.toml", manifest),
        ("twin/Cargo.toml", package("twin")),
    ];
    let document = listed(&files);
    assert_eq!(references(&document["components"]), ["a@1.0.0", "twin@1.0.0"]);
    assert_eq!(component(&document, "twin")["hashes"][0]["content"], SUM);
}

#[test]
fn another_project_inside_is_named_and_not_listed() {
    let files = [
        (
            "Cargo.lock",
            own("app", "1.0.0", &["member"]) + &own("member", "1.0.0", &[]),
        ),
        (
            "Cargo.toml",
            package("app") + "[workspace]\n[dependencies]\nmember = { path = \"member\" }\n",
        ),
        (
            "fuzz/Cargo.lock",
            own("fuzz", "0.0.0", &["a"]) + &locked("a", "1.0.0", &[]),
        ),
        ("fuzz/Cargo.toml", package("fuzz") + "[workspace]\n"),
        ("member/Cargo.lock", "stale, and Cargo does not read it".to_owned()),
        ("member/Cargo.toml", package("member")),
    ];
    let document = listed(&files);
    assert_eq!(references(&document["components"]), [""; 0]);
    assert_eq!(
        property(&document["metadata"], "attest:not-listed"),
        ["fuzz/Cargo.lock"]
    );
    let alone = listed(&files[2..4]);
    assert_eq!(references(&alone["components"]), ["a@1.0.0"]);
    assert_eq!(property(&alone["metadata"], "attest:not-listed"), [""; 0]);
}

#[test]
fn projects_beside_each_other_are_both_listed() {
    let project = |name: &str, needed: &str| own(name, "1.0.0", &[needed]) + &locked(needed, "1.0.0", &[]);
    let manifest = |name: &str, needed: &str| package(name) + &format!("[dependencies]\n{needed} = \"1\"\n");
    let document = listed(&[
        ("one/Cargo.lock", project("one", "a")),
        ("one/Cargo.toml", manifest("one", "a")),
        ("two/Cargo.lock", project("two", "b")),
        ("two/Cargo.toml", manifest("two", "b")),
    ]);
    assert_eq!(references(&document["components"]), ["a@1.0.0", "b@1.0.0"]);
    assert_eq!(
        references(&document["metadata"]["component"]["components"]),
        ["one@1.0.0", "two@1.0.0"]
    );
}

#[test]
fn a_package_beside_a_project_that_needs_it_is_part_of_the_project() {
    let app = |lib: &str| package("app") + &format!("[dependencies]\nlib = {{ path = \"{lib}\" }}\n");
    let lib = package("lib") + "[dependencies]\na = \"1\"\n[dev-dependencies]\nb = \"1\"\n";
    let lock = own("app", "1.0.0", &["lib"]) + &own("lib", "1.0.0", &["a"]) + &locked("a", "1.0.0", &[]);
    let document = listed(&[
        ("app/Cargo.lock", lock),
        ("app/Cargo.toml", app("../lib")),
        ("lib/Cargo.toml", lib.clone() + "[workspace]\n"),
    ]);
    let root = &document["metadata"]["component"];
    assert_eq!(
        (&root["name"], references(&root["components"])),
        (&json!("app"), vec!["lib@1.0.0"])
    );
    assert_eq!(references(&document["components"]), ["a@1.0.0"]);
    assert_eq!(needs(&document, "app@1.0.0"), ["lib@1.0.0"]);
    let unlocked = [("app/Cargo.toml", app("../lib")), ("lib/Cargo.toml", lib.clone())];
    let found = inventory(&unlocked, &Options::default());
    let places: Vec<_> = found.gaps().map(Gap::place).collect();
    assert_eq!(places, ["app/Cargo.toml"]);
    let apart = [("app/Cargo.toml", app("lib")), ("lib/Cargo.toml", lib)];
    let found = inventory(&apart, &Options::default());
    let places: Vec<_> = found.gaps().map(Gap::place).collect();
    assert_eq!(places, ["app/Cargo.toml", "lib/Cargo.toml"]);
}

#[test]
fn of_packages_that_need_each_other_one_is_the_project() {
    let manifest = |name: &str, other: &str| {
        package(name) + &format!("[dev-dependencies]\n{other} = {{ path = \"../{other}\" }}\n")
    };
    let files = [
        ("a/Cargo.toml", manifest("a", "b")),
        ("b/Cargo.toml", manifest("b", "a")),
    ];
    let inventory = inventory(&files, &Options::default());
    let places: Vec<_> = inventory.gaps().map(Gap::place).collect();
    assert_eq!(places, ["a/Cargo.toml"]);
    assert_eq!(document(inventory)["metadata"]["component"]["name"], "a");
}

#[test]
fn a_workspace_without_a_lock_file_goes_before_its_members() {
    let files = [
        ("app/Cargo.toml", package("app") + "workspace = \"../ws\"\n"),
        ("ws/Cargo.toml", "[workspace]\nmembers = [\"../app\"]\n".to_owned()),
    ];
    let document = document(inventory(&files, &Options::default()));
    assert_eq!(document["metadata"]["component"]["name"], "ws");
}

#[test]
fn a_member_may_lie_beside_its_workspace() {
    let document = listed(&[
        (
            "app/Cargo.toml",
            package("app").replace("\"1.0.0\"", "{ workspace = true }") + "workspace = \"../ws\"\n",
        ),
        ("ws/Cargo.lock", own("app", "3.0.0", &[])),
        (
            "ws/Cargo.toml",
            "[workspace]\nmembers = [\"../app\"]\n[workspace.package]\nversion = \"3.0.0\"\n".to_owned(),
        ),
    ]);
    assert_eq!(document["metadata"]["component"]["name"], "ws");
    assert_eq!(needs(&document, "ws@3.0.0"), ["app@3.0.0"]);
}

#[test]
fn directories_that_need_each_other_are_read_once() {
    let manifest = |name: &str, other: &str| {
        package(name) + &format!("[dev-dependencies]\n{other} = {{ path = \"../{other}\" }}\n")
    };
    let document = listed(&[
        ("Cargo.lock", own("a", "1.0.0", &["b"]) + &own("b", "1.0.0", &["a"])),
        ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n".to_owned()),
        ("a/Cargo.toml", manifest("a", "b")),
        ("b/Cargo.toml", manifest("b", "a")),
    ]);
    assert_eq!(needs(&document, "a@1.0.0"), ["b@1.0.0"]);
    assert_eq!(needs(&document, "b@1.0.0"), ["a@1.0.0"]);
}

#[test]
fn without_a_lock_file_requirements_are_listed_and_versions_are_not_known() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let manifest = package("app")
        + &format!(
            "[dependencies]\na = \"1.2\"\nb = \"=0.3.0\"\nc = {{ git = \"https://example.com/o/c\", rev = \"{commit}\" }}\n\
             d = {{ git = \"https://example.com/o/d\", rev = \"main\" }}\ninner = {{ path = \"inner\" }}\n[dev-dependencies]\ne = \"1\"\n"
        );
    let files = [("Cargo.toml", manifest), ("inner/Cargo.toml", package("inner"))];
    let inventory = inventory(&files, &Options::default());
    let expected = "Cargo.toml: no-lock: no Cargo.lock that can be read lies beside it: which versions are used, and what \
                    they need, is not settled";
    assert_eq!(gaps(&inventory), [expected]);
    let document = document(inventory);
    let purl = |name| component(&document, name)["purl"].as_str().unwrap();
    assert_eq!(purl("a"), "pkg:cargo/a");
    assert_eq!(purl("b"), "pkg:cargo/b@0.3.0");
    assert_eq!(
        purl("c"),
        format!("pkg:cargo/c?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fo%2Fc%40{commit}")
    );
    assert_eq!(purl("d"), "pkg:cargo/d");
    assert_eq!(property(component(&document, "a"), "attest:requirement"), ["1.2"]);
    assert_eq!(excluded(&document), ["e"]);
    assert_eq!(
        needs(&document, "app@1.0.0"),
        ["a", "b@0.3.0", "c", "d", "e", "inner@1.0.0"]
    );
    assert_eq!(
        document["compositions"][0]["dependencies"],
        json!(["a", "b@0.3.0", "c", "d", "e"])
    );
}

#[test]
fn a_lock_file_alone_is_a_list_that_does_not_tell_tests_apart() {
    let lock = own("app", "1.0.0", &["a"]) + &locked("a", "1.0.0", &[]);
    let inventory = inventory(&[("Cargo.lock", lock)], &Options::default());
    let codes: Vec<_> = inventory.gaps().map(Gap::code).collect();
    assert_eq!(codes, ["no-manifest"]);
    let document = document(inventory);
    assert_eq!(document["metadata"]["component"]["name"], "app");
    assert_eq!(needs(&document, "app@1.0.0"), ["a@1.0.0"]);
}

#[test]
fn a_patch_inside_the_tree_is_found_and_one_outside_is_not() {
    let lock = own("app", "1.0.0", &["a"]) + &own("a", "1.0.0", &[]);
    let files = |path: &str| {
        let patch = format!("[dependencies]\na = \"1\"\n[patch.crates-io]\na = {{ path = \"{path}\" }}\n");
        [
            ("Cargo.lock", lock.clone()),
            ("Cargo.toml", package("app") + &patch),
            ("patches/a/Cargo.toml", package("a")),
        ]
    };
    let document = listed(&files("patches/a"));
    assert_eq!(needs(&document, "app@1.0.0"), ["a@1.0.0"]);
    let outside = inventory(&files("../a"), &Options::default());
    let codes: Vec<_> = outside.gaps().map(Gap::code).collect();
    assert_eq!(codes, ["no-manifest"]);
}

#[test]
fn a_lock_file_that_is_older_than_its_manifest_is_told() {
    let files = [
        ("Cargo.lock", own("app", "0.9.0", &["a"]) + &locked("a", "1.0.0", &[])),
        ("Cargo.toml", package("app") + "[dependencies]\na = \"1\"\nb = \"1\"\n"),
    ];
    let inventory = inventory(&files, &Options::default());
    let expected =
        "Cargo.lock: mismatch: `app` needs `b`, which is not locked: the lock file is older than the manifest";
    assert_eq!(gaps(&inventory), [expected]);
}

#[test]
fn sources_that_lie_in_the_tree_say_under_which_licence_they_are() {
    let checksums = |sum: &str| format!("{{\"files\":{{\"Cargo.toml\":\"{OTHER_SUM}\"}},\"package\":\"{sum}\"}}");
    let crate_of = |name: &str| package(name) + "license = \"MIT/Apache-2.0\"\ndescription = \"x\"\n[workspace]\n";
    let files = |sum: &str| {
        [
            (
                ".cargo/config.toml",
                "[source.crates-io]\nreplace-with = \"vendored-sources\"\n".to_owned(),
            ),
            (
                "Cargo.lock",
                own("app", "1.0.0", &["a", "b"]) + &locked("a", "1.0.0", &[]) + &locked("b", "1.0.0", &[]),
            ),
            ("Cargo.toml", package("app") + "[dependencies]\na = \"1\"\nb = \"1\"\n"),
            ("registry/src/index/b-1.0.0/.cargo-ok", "{\"v\":1}".to_owned()),
            ("registry/src/index/b-1.0.0/Cargo.toml", crate_of("b")),
            ("registry/src/index/c-1.0.0/.cargo-ok", "ok".to_owned()),
            ("registry/src/index/c-1.0.0/Cargo.toml", crate_of("c")),
            ("vendor/a/.cargo-checksum.json", checksums(sum)),
            ("vendor/a/Cargo.lock", own("other", "1.0.0", &[])),
            ("vendor/a/Cargo.toml", crate_of("a")),
            ("vendor/d/.cargo-checksum.json", checksums(sum)),
            ("vendor/d/Cargo.toml", crate_of("d")),
        ]
    };
    let document = listed(&files(SUM));
    assert_eq!(references(&document["components"]), ["a@1.0.0", "b@1.0.0"]);
    for name in ["a", "b"] {
        let component = component(&document, name);
        assert_eq!(component["licenses"][0]["expression"], "MIT OR Apache-2.0", "{name}");
        assert_eq!(component.get("description"), None);
    }
    assert_eq!(property(&document["metadata"], "attest:not-listed"), [""; 0]);
    let changed = inventory(&files(OTHER_SUM), &Options::default());
    let expected = format!("vendor/a: mismatch: expected the package with SHA-256 {SUM}, found {OTHER_SUM}");
    assert_eq!(gaps(&changed), [expected]);
}
