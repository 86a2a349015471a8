//! Packages and other archives that lie in a directory as files.

use attest_sbom::tree::Memory;
use attest_sbom::{Gap, Inventory, Metadata, Options, Root, scan};
use serde_json::Value;

pub(crate) fn archive(name: &str, files: &[(&str, &str)]) -> Vec<u8> {
    use attest_archive::{Content, Format, Member, Members, Recipe, write_archive_to};
    let members = files.iter().map(|(path, text)| {
        let content = Content::Bytes(text.as_bytes().to_vec());
        Member::file(path.parse().unwrap(), content, false)
    });
    let recipe = Recipe {
        format: Format::of_file_name(name).unwrap(),
        members: Members::new(members).unwrap(),
        source_date: "0".parse().unwrap(),
        threads: std::num::NonZeroUsize::MIN,
        algorithms: "sha256".parse().unwrap(),
    };
    write_archive_to(&recipe, Vec::new(), std::path::Path::new("."))
        .unwrap()
        .0
}

fn inventory(files: &[(&str, &[u8])]) -> Inventory {
    let tree = Memory::new(files.iter().map(|(path, bytes)| (*path, *bytes)));
    scan(&tree, &Options::default()).unwrap()
}

fn gaps(inventory: &Inventory) -> Vec<String> {
    inventory.gaps().map(Gap::to_string).collect()
}

fn document(inventory: Inventory) -> Value {
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    serde_json::from_slice(&bom.to_json()).unwrap()
}

fn component<'a>(document: &'a Value, name: &str) -> &'a Value {
    let mut components = document["components"].as_array().unwrap().iter();
    components.find(|one| one["name"] == name).unwrap()
}

fn references(document: &Value) -> Vec<&str> {
    let components = document["components"].as_array().unwrap().iter();
    components.map(|one| one["bom-ref"].as_str().unwrap()).collect()
}

const MANIFEST: &str = "[package]\nname = \"a\"\nversion = \"1.0.0\"\nlicense = \"MIT\"\n[dependencies]\nb = \"1\"\n";

#[test]
fn a_packed_crate_is_a_package_with_its_hash_and_its_licence() {
    let packed = archive(
        "a.tar.gz",
        &[("a-1.0.0/Cargo.toml", MANIFEST), ("a-1.0.0/src/lib.rs", "")],
    );
    let document = document(inventory(&[("store/a-1.0.0.crate", &packed), ("README", b"")]));
    let a = component(&document, "a");
    assert_eq!(a["purl"], "pkg:cargo/a@1.0.0");
    assert_eq!(a["licenses"][0]["expression"], "MIT");
    assert_eq!(a["hashes"][0]["content"].as_str().unwrap().len(), 64);
    assert_eq!(a["evidence"]["occurrences"][0]["location"], "store/a-1.0.0.crate");
    let mut compositions = document["compositions"].as_array().unwrap().iter();
    assert!(compositions.any(|one| one["dependencies"] == serde_json::json!(["a@1.0.0"])));
}

#[test]
fn beside_a_lock_file_a_crate_is_what_was_locked_or_is_told_not_to_be() {
    let packed = archive("a.tar.gz", &[("a-1.0.0/Cargo.toml", MANIFEST)]);
    let other = archive(
        "c.tar.gz",
        &[("c-1.0.0/Cargo.toml", &MANIFEST.replace("\"a\"", "\"c\""))],
    );
    let lock = |sum: &str| {
        format!(
            "[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\"a\"]\n[[package]]\nname = \"a\"\n\
             version = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{sum}\"\n"
        )
    };
    let manifest = b"[package]\nname = \"app\"\nversion = \"1.0.0\"\n[dependencies]\na = \"1\"\n";
    let with = |lock: String| {
        inventory(&[
            ("Cargo.lock", lock.as_bytes()),
            ("Cargo.toml", manifest),
            ("store/a-1.0.0.crate", &packed),
            ("store/c-1.0.0.crate", &other),
        ])
    };
    let alone = document(inventory(&[("x/a-1.0.0.crate", &packed), ("y", b"")]));
    let sum = component(&alone, "a")["hashes"][0]["content"]
        .as_str()
        .unwrap()
        .to_owned();
    let same = with(lock(&sum));
    let unread =
        "store/c-1.0.0.crate: not-listed: an archive that is not looked into: it is listed when it is named alone";
    assert_eq!(gaps(&same), [unread]);
    let same = document(same);
    assert_eq!(references(&same), ["a@1.0.0"]);
    assert_eq!(component(&same, "a")["licenses"][0]["expression"], "MIT");
    let zeros = "0".repeat(64);
    let expected = format!("store/a-1.0.0.crate: mismatch: expected the package with SHA-256 {zeros}, found {sum}");
    assert_eq!(gaps(&with(lock(&zeros))), [expected.as_str(), unread]);
}

#[test]
fn a_packed_package_of_npm_is_listed_unless_a_lock_file_does_not_know_it() {
    let manifest = r#"{"name": "@s/a", "version": "1.0.0", "license": "ISC", "dependencies": {"b": "1"}}"#;
    let packed = archive(
        "a.tar.gz",
        &[("package/package.json", manifest), ("package/index.js", "")],
    );
    let files: [(&str, &[u8]); 3] = [
        ("mirror/@s-a-1.0.0.tgz", &packed),
        ("charts/a.tgz", b"no archive"),
        ("x/node_modules/y.tgz", b"no archive"),
    ];
    let alone = document(inventory(
        &files[..1]
            .iter()
            .copied()
            .chain([("README", &b""[..])])
            .collect::<Vec<_>>(),
    ));
    assert_eq!(component(&alone, "a")["purl"], "pkg:npm/%40s/a@1.0.0");
    assert_eq!(component(&alone, "a")["licenses"][0]["expression"], "ISC");
    let lock = |name: &str| {
        format!(
            "# yarn lockfile v1\n\n\"{name}@^1\":\n  version \"1.0.0\"\n  resolved \"https://example.com/{name}/-/x-1.0.0.tgz\"\n"
        )
    };
    for (name, expected) in [("@s/a", vec![]), ("@s/b", vec!["mirror/@s-a-1.0.0.tgz"])] {
        let lock = lock(name);
        let found = inventory(&[("yarn.lock", lock.as_bytes()), files[0], files[2]]);
        let places: Vec<&str> = found
            .gaps()
            .map(Gap::place)
            .filter(|place| place.ends_with(".tgz"))
            .collect();
        assert_eq!(places, expected, "{name}");
    }
}

#[test]
fn archives_that_nobody_looks_into_are_named() {
    let tar = archive("x.tar.gz", &[("x/README", "")]);
    let mut files: Vec<(String, &[u8])> = (0..20)
        .map(|number| (format!("dist/{number:02}.tar.gz"), &*tar))
        .collect();
    files.push(("go.mod".to_owned(), b"module example.com/a\n\ngo 1.22\n"));
    files.push(("lib/site-packages/x/data.zip".to_owned(), b"PK"));
    files.push(("pkg/testdata/x.zip".to_owned(), b"PK"));
    files.push(("data.json.gz".to_owned(), b""));
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
    let found = inventory(&files);
    let gaps = gaps(&found);
    assert_eq!(gaps.len(), 17);
    assert_eq!(gaps[0], "not-listed: 4 more archives are not looked into");
    assert!(gaps[1].starts_with("dist/00.tar.gz: not-listed: "), "{gaps:?}");
    let mut options = Options::default();
    options.kinds = vec![attest_sbom::Kind::Go];
    let only = scan(&Memory::new(files), &options).unwrap();
    assert_eq!(only.gaps().len(), 0);
}

#[test]
fn a_damaged_package_hides_no_other_and_is_told() {
    let packed = archive("a.tar.gz", &[("a-1.0.0/Cargo.toml", MANIFEST)]);
    let found = inventory(&[
        ("a-1.0.0.crate", &packed),
        ("b-1.0.0.crate", &packed[..packed.len() / 2]),
        ("c-1.0.0.tgz", b"\x1f\x8b"),
        (
            "d-1.0.0.crate",
            &archive("d.tar.gz", &[("d-1.0.0/Cargo.toml", "[workspace]\n")]),
        ),
    ]);
    let codes: Vec<(&str, &str)> = found.gaps().map(|gap| (gap.place(), gap.code())).collect();
    let expected = [
        ("a-1.0.0.crate", "no-lock"),
        ("b-1.0.0.crate", "damaged"),
        ("c-1.0.0.tgz", "damaged"),
        ("d-1.0.0.crate", "damaged"),
    ];
    assert_eq!(codes, expected);
    assert_eq!(found.len(), 1);
}

#[test]
fn a_package_whose_manifest_is_cut_or_not_the_only_one_is_refused() {
    let large = format!("{MANIFEST}#{}", " ".repeat(4 << 20));
    let cut = archive("a.tar.gz", &[("a-1.0.0/Cargo.toml", &large)]);
    let found = inventory(&[("a-1.0.0.crate", &cut), ("README", b"")]);
    let expected = "a-1.0.0.crate: too-large: expected a `Cargo.toml` of at most 4194304 bytes, found more";
    assert_eq!(gaps(&found)[0], expected);
    let two = archive(
        "a.tar.gz",
        &[("a-1.0.0/Cargo.toml", MANIFEST), ("b-1.0.0/Cargo.toml", MANIFEST)],
    );
    let found = inventory(&[("a-1.0.0.crate", &two), ("README", b"")]);
    let expected = "a-1.0.0.crate: damaged: expected one `Cargo.toml`, found another one beside it";
    assert_eq!(gaps(&found)[0], expected);
    assert_eq!(found.len(), 0);
}

#[test]
fn a_package_that_lies_alone_in_its_directory_is_what_the_document_is_about() {
    let manifest = r#"{"name": "a", "version": "1.0.0", "dependencies": {"b": "1"}}"#;
    for (name, packed, purl) in [
        (
            "x/a-1.0.0.crate",
            archive("a.tar.gz", &[("a-1.0.0/Cargo.toml", MANIFEST)]),
            "pkg:cargo/a@1.0.0",
        ),
        (
            "a-1.0.0.tgz",
            archive("a.tar.gz", &[("package/package.json", manifest)]),
            "pkg:npm/a@1.0.0",
        ),
    ] {
        let document = document(inventory(&[(name, &packed)]));
        let root = &document["metadata"]["component"];
        assert_eq!((&root["purl"], &root["bom-ref"]), (&purl.into(), &"a@1.0.0".into()));
        assert_eq!(root["hashes"][0]["alg"], "SHA-256");
        let mut compositions = document["compositions"].as_array().unwrap().iter();
        assert!(compositions.any(|one| one["dependencies"] == serde_json::json!(["a@1.0.0"])));
    }
    let alone = inventory(&[("x.zip", b"PK")]);
    assert_eq!(gaps(&alone).len(), 1);
}

#[test]
fn what_lies_in_a_vendor_that_no_manager_filled_is_the_projects() {
    let manifest = r#"{"name": "a", "version": "1.0.0"}"#;
    let packed = archive("a.tar.gz", &[("package/package.json", manifest)]);
    let files: [(&str, &[u8]); 3] = [
        ("vendor/a-1.0.0.tgz", &packed),
        ("vendor/data.zip", b"PK"),
        ("README", b""),
    ];
    let found = inventory(&files);
    let places: Vec<&str> = found.gaps().map(Gap::place).collect();
    assert_eq!(places, ["vendor/data.zip"]);
    assert_eq!(references(&document(found)), ["a@1.0.0"]);
    let filled = [
        files[0],
        files[1],
        ("vendor/autoload.php", b""),
        ("requirements.txt", b"x==1\n"),
    ];
    let filled = inventory(&filled);
    assert_eq!(gaps(&filled), [""; 0]);
    assert_eq!(references(&document(filled)), ["x@1"]);
}

#[test]
fn an_archive_that_a_manifest_asks_for_is_one_package() {
    let inner = r#"{"name": "real", "version": "1.2.0", "license": "ISC", "dependencies": {"b": "1"}}"#;
    let packed = archive("a.tar.gz", &[("package/package.json", inner)]);
    for (range, path) in [("file:vendor/a.tgz", "vendor/a.tgz"), ("./a.tar.gz", "a.tar.gz")] {
        let needs = format!(r#"{{"a": "{range}", "again": "{range}"}}"#);
        let outer = format!(r#"{{"name": "app", "version": "1.0.0", "dependencies": {needs}}}"#);
        let found = inventory(&[("package.json", outer.as_bytes()), (path, &packed)]);
        assert_eq!(gaps(&found), [""; 0], "{range}");
        let document = document(found);
        assert_eq!(references(&document), ["real@1.2.0"], "{range}");
        assert_eq!(component(&document, "real")["licenses"][0]["expression"], "ISC");
        let needs = serde_json::json!([{"ref": "app@1.0.0", "dependsOn": ["real@1.2.0"]}]);
        assert_eq!(
            document["dependencies"].as_array().unwrap()[..1],
            needs.as_array().unwrap()[..]
        );
    }
}

#[test]
fn packages_that_are_named_beside_each_other_are_packages() {
    use attest_sbom::tree::{Joined, open};
    let directory = tempfile::tempdir().unwrap();
    let mut joined = Joined::default();
    for name in ["a", "b"] {
        let manifest = MANIFEST.replace("\"a\"", &format!("\"{name}\""));
        let manifest = manifest.replace("b = \"1\"", "c = \"1\"");
        let path = directory.path().join(format!("{name}.crate"));
        std::fs::write(&path, archive("a.tar.gz", &[("x/Cargo.toml", &manifest)])).unwrap();
        let tree = open(&path, &Options::default(), true, directory.path()).unwrap();
        assert!(joined.add("", tree));
    }
    let found = scan(&joined, &Options::default()).unwrap();
    assert_eq!(references(&document(found)), ["a@1.0.0", "b@1.0.0"]);
}

/// A file that merely lies there, beside what a lock file says of the package.
#[test]
fn a_file_does_not_decide_what_a_locked_package_is_needed_for() {
    let crate_file = archive("a.tar.gz", &[("a-1.0.0/Cargo.toml", MANIFEST)]);
    let of_npm = r#"{"name": "a", "version": "1.0.0", "dependencies": {"b": "1"}}"#;
    let tgz = archive("a.tar.gz", &[("package/package.json", of_npm)]);
    let metadata = "Name: a\nVersion: 1.0.0\nRequires-Dist: b\n";
    let wheel = archive("a.zip", &[("a-1.0.0.dist-info/METADATA", metadata)]);
    let cargo: [(&str, &[u8]); 4] = [
        ("Cargo.toml", b"[package]\nname = \"app\"\nversion = \"1.0.0\"\n[dev-dependencies]\na = \"1\"\n"),
        ("src/lib.rs", b""),
        (
            "Cargo.lock",
            b"version = 4\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\"a\"]\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\
              source = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
        ),
        ("mirror/a-1.0.0.crate", &crate_file),
    ];
    let npm: [(&str, &[u8]); 2] = [
        (
            "package-lock.json",
            br#"{"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1.0.0", "devDependencies": {"a": "1"}},
                "node_modules/a": {"version": "1.0.0", "dev": true}}}"#,
        ),
        ("mirror/a-1.0.0.tgz", &tgz),
    ];
    let python: [(&str, &[u8]); 2] = [
        (
            "uv.lock",
            b"version = 1\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\nsource = { virtual = \".\" }\n[package.dev-dependencies]\ndev = [{ name = \"a\" }]\n\
              [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = { registry = \"https://pypi.org/simple\" }\n",
        ),
        ("mirror/a-1.0.0-py3-none-any.whl", &wheel),
    ];
    for files in [&cargo[..], &npm, &python] {
        let found = inventory(files);
        assert_eq!(gaps(&found), [""; 0], "{}", files[0].0);
        let document = document(found);
        let a = component(&document, "a");
        assert_eq!(a["scope"], "excluded", "{}", files[0].0);
        assert_eq!(a["evidence"]["occurrences"].as_array().unwrap().len(), 2);
    }
}
