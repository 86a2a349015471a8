//! What nobody means well.

use attest_sbom::tree::Memory;
use attest_sbom::{Candidate, Gap, Kind, Metadata, Options, Root, recognised, scan};
use proptest::prelude::*;

use super::{found, inventory};

fn gaps(files: &[(&str, &str)]) -> Vec<String> {
    inventory(files.iter().copied()).gaps().map(Gap::to_string).collect()
}

#[test]
fn names_that_differ_by_case_alone_have_one_package_url_and_that_is_told() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1.0.0"},
        "node_modules/jsonstream": {"version": "1.0.0"}, "node_modules/JSONStream": {"version": "1.0.0"},
        "node_modules/Other": {"version": "1.0.0"}, "node_modules/x/node_modules/Other": {"version": "1.0.0"}}}"#;
    let found = found([("package-lock.json", lock)]);
    assert_eq!(
        found.packages(),
        ["pkg:npm/app@1.0.0", "pkg:npm/jsonstream@1.0.0", "pkg:npm/other@1.0.0"]
    );
    let expected = "package-lock.json: same-purl: `JSONStream` and `jsonstream` are both `pkg:npm/jsonstream@1.0.0`, \
                    and listed as one";
    assert_eq!(found.gaps, [expected]);
    assert_eq!(found.component("JSONStream@1.0.0")["name"], "JSONStream");
}

#[test]
fn a_lock_file_that_says_nothing_is_a_gap_and_no_empty_list() {
    for (name, text) in [
        ("package-lock.json", "{}"),
        ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\nimporters:\n  .: {}\n"),
    ] {
        let inventory = inventory([(name, text)]);
        assert!(inventory.is_empty(), "{text}");
        let gaps: Vec<String> = inventory.gaps().map(Gap::to_string).collect();
        let expected = "nothing-found: it lists no package, and no manifest beside it says whose lock file it is";
        assert_eq!(gaps, [format!("{name}: {expected}")], "{text}");
    }
    let named = found([
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\nimporters:\n  .: {}\n"),
        ("package.json", "{\"name\": \"app\", \"version\": \"1.0.0\"}"),
    ]);
    assert_eq!(
        (named.packages(), named.gaps.len()),
        (vec!["pkg:npm/app@1.0.0".to_owned()], 0)
    );
}

#[test]
fn a_damaged_lock_file_does_not_hide_another() {
    let good = r#"{"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1.0.0"}, "node_modules/a": {"version": "1.0.0"}}}"#;
    let found = found([
        ("x/package-lock.json", "{"),
        ("y/package-lock.json", good),
        ("z/yarn.lock", "\u{0}\n"),
    ]);
    assert!(found.packages().contains(&"pkg:npm/a@1.0.0".to_owned()));
    assert_eq!(found.gaps.len(), 2);
    assert!(
        found.gaps.iter().all(|gap| gap.contains(": damaged: ")),
        "{:?}",
        found.gaps
    );
}

#[test]
fn two_lock_files_of_one_project_are_both_read() {
    let npm = r#"{"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1.0.0", "dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0"}}}"#;
    let yarn = "# yarn lockfile v1\na@1:\n  version \"1.1.0\"\n";
    let manifest = r#"{"name": "app", "version": "1.0.0", "dependencies": {"a": "1"}}"#;
    let found = found([
        ("package-lock.json", npm),
        ("yarn.lock", yarn),
        ("package.json", manifest),
    ]);
    assert_eq!(
        found.packages(),
        ["pkg:npm/a@1.0.0", "pkg:npm/a@1.1.0", "pkg:npm/app@1.0.0"]
    );
    assert_eq!(
        found.gaps,
        [
            "yarn.lock: several-locks: `package-lock.json` and `yarn.lock` may list different packages; both are listed here"
        ]
    );
}

#[test]
fn a_bad_integrity_is_said_and_the_package_listed() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1.0.0"}, "node_modules/a": {"version": "1.0.0", "integrity": "sha512-AAAA"}}}"#;
    let found = found([("package-lock.json", lock)]);
    assert_eq!(found.component("a@1.0.0").get("hashes"), None);
    assert_eq!(
        found.gaps,
        ["package-lock.json: damaged: expected `algorithm-base64` as integrity of `a`, found `sha512-AAAA`"]
    );
}

#[test]
fn fields_of_other_kinds_are_taken_for_nothing() {
    let lock = r#"{"name": 1, "lockfileVersion": 3, "packages": {"": {"name": ["app"], "version": {}, "workspaces": 1, "dependencies": [1]},
        "node_modules/a": {"version": 1, "license": [[]], "dependencies": {"b": null}, "link": "yes", "resolved": 7}}}"#;
    let found = found([("package-lock.json", lock)]);
    assert_eq!(found.packages(), ["pkg:npm/a", "project"]);
}

#[test]
fn circles_and_depth_end() {
    let deep = format!(
        "{{\"lockfileVersion\": 1, \"dependencies\": {}{{}}{}}}",
        "{\"a\": {\"dependencies\": ".repeat(5000),
        "}}".repeat(5000)
    );
    let deep_gaps = gaps(&[("package-lock.json", &deep)]);
    assert!(deep_gaps[0].contains("recursion limit"), "{deep_gaps:?}");
    let long = format!(
        r#"{{"lockfileVersion": 3, "packages": {{"": {{"name": "app", "version": "1.0.0"}}, "{}": {{}}}}}}"#,
        "node_modules/a/".repeat(400)
    );
    assert_eq!(
        gaps(&[("package-lock.json", &long)]),
        ["package-lock.json: too-deep: expected paths of at most 4096 bytes, found 6000"]
    );
    let patches = format!(
        "__metadata:\n  version: 8\n\"a@npm:1\":\n  version: 1\n  resolution: \"a@{}npm:1\"\n",
        "patch:a@".repeat(10_000)
    );
    assert_eq!(gaps(&[("yarn.lock", &patches), ("package.json", "{}")]), [""; 0]);
}

#[test]
fn one_package_with_very_many_hashes_is_one_component_in_time() {
    let entry = |place: usize| {
        // Digits are letters of base64, too; the last letter before the padding has no bits left.
        let hash = format!("{:021}A==", place % 30_000);
        format!(r#", "node_modules/x{place}": {{"name": "a", "version": "1.0.0", "integrity": "md5-{hash}"}}"#)
    };
    let entries: String = (0..40_000).map(entry).collect();
    let lock =
        format!(r#"{{"lockfileVersion": 3, "packages": {{"": {{"name": "app", "version": "1.0.0"}}{entries}}}}}"#);
    let found = found([("package-lock.json", lock.as_str())]);
    assert_eq!(found.packages(), ["pkg:npm/a@1.0.0", "pkg:npm/app@1.0.0"]);
    let hashes = found.component("a@1.0.0")["hashes"].as_array().unwrap().len();
    let said = found.gaps.len();
    assert_eq!((hashes, said), (30_000, 0));
}

#[test]
fn a_lock_file_is_recognised_by_what_is_in_it() {
    for (head, expected) in [
        (
            "{\n  \"name\": \"x\",\n  \"lockfileVersion\": 3,\n  \"requires\": true,\n",
            "package-lock.json",
        ),
        (
            "{\n  \"lockfileVersion\": 1,\n  \"workspaces\": {\n    \"\": {",
            "bun.lock",
        ),
        ("lockfileVersion: '9.0'\n\nsettings:\n", "pnpm-lock.yaml"),
        ("---\nlockfileVersion: '9.0'\n", "pnpm-lock.yaml"),
        ("# THIS IS AN AUTOGENERATED FILE.\n# yarn lockfile v1\n", "yarn.lock"),
        ("__metadata:\n  version: 8\n  cacheKey: 10c0\n", "yarn.lock"),
    ] {
        let candidate = Candidate {
            path: "x",
            size: 1,
            is_executable: false,
            head: head.as_bytes(),
        };
        assert_eq!(
            recognised(&candidate, &Options::default()),
            Some((Kind::JavaScript, expected)),
            "{head}"
        );
    }
}

#[test]
fn a_document_is_the_same_for_any_order_of_a_lock_file() {
    let entries = [
        r#""": {"name": "app", "version": "1.0.0", "dependencies": {"a": "1", "b": "1"}}"#,
        r#""node_modules/a": {"version": "1.0.0"}"#,
        r#""node_modules/b": {"version": "1.0.0", "dependencies": {"a": "1"}}"#,
    ];
    let lock = |entries: Vec<&str>| format!(r#"{{"lockfileVersion": 3, "packages": {{{}}}}}"#, entries.join(","));
    let (one, two) = (lock(entries.to_vec()), lock(entries.into_iter().rev().collect()));
    assert_eq!(
        found([("package-lock.json", one.as_str())]).document,
        found([("package-lock.json", two.as_str())]).document
    );
}

const PIECES: &str = "(\\{|\\}|\\[|\\]|\"|:|,|\n|  |a@1|node_modules/|@|/|\"packages\"|\"\"|lockfileVersion: 9|importers|__metadata:|resolution|link:|npm:|patch:|\\.\\.|#|\\PC){0,60}";

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in PIECES, manifest in PIECES) {
        for name in ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "node_modules/.package-lock.json"] {
            let tree = Memory::new([(name, text.as_str()), ("package.json", manifest.as_str())]);
            if let Ok(inventory) = scan(&tree, &Options::default()) {
                let _ = inventory.document(&Root::default(), &Metadata::default());
            }
        }
    }

    #[test]
    fn no_damage_makes_a_reader_panic(place in 0usize..400, byte in any::<u8>(), which in 0usize..4) {
        let (name, text) = [
            ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {\"\": {\"name\": \"app\", \"dependencies\": {\"a\": \"1\"}}, \"node_modules/a\": {\"version\": \"1.0.0\", \"resolved\": \"packages/m\", \"link\": true}, \"packages/m\": {}}}"),
            ("pnpm-lock.yaml", "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        version: 1.0.0(b@1)\n      m:\n        version: link:../m\npackages:\n  a@1.0.0:\n    resolution: {integrity: sha1-cfUw57AQr163p993UveJId1X6e4=}\nsnapshots:\n  a@1.0.0(b@1): {}\n"),
            ("yarn.lock", "# yarn lockfile v1\n\"a@^1\", b@npm:a@1:\n  version \"1.0.0\"\n  resolved \"https://example.com/a/-/a-1.tgz#0123\"\n  dependencies:\n    c \"1\"\n"),
            ("yarn.lock", "__metadata:\n  version: 8\n\"a@npm:^1, a@patch:a@npm%3A1#x\":\n  version: 1.0.0\n  resolution: \"a@patch:a@npm%3A1.0.0#x::locator=r%40workspace%3A.\"\n  dependencies:\n    b: \"link:../b\"\n"),
        ][which];
        let mut bytes = text.as_bytes().to_vec();
        let place = place % bytes.len();
        bytes[place] = byte;
        let tree = Memory::new([(name, bytes), ("package.json", b"{\"name\": \"app\", \"dependencies\": {\"a\": \"^1\"}}".to_vec())]);
        if let Ok(inventory) = scan(&tree, &Options::default()) {
            let _ = inventory.document(&Root::default(), &Metadata::default());
        }
    }
}

/// Of two entries with one name nobody knows which one counts: npm takes the last, others the first.
#[test]
fn a_lock_file_that_has_one_package_twice_is_damaged() {
    let twice = |entry: &str| format!("{entry}, {}", entry.replace("1.0.0", "2.0.0"));
    let of_npm = format!(
        r#"{{"lockfileVersion": 3, "packages": {{"": {{"name": "app"}}, {}}}}}"#,
        twice(r#""node_modules/a": {"version": "1.0.0"}"#)
    );
    let of_old_npm = format!(
        r#"{{"name": "app", "lockfileVersion": 1, "dependencies": {{{}}}}}"#,
        twice(r#""a": {"version": "1.0.0"}"#)
    );
    let version_twice = r#"{"name": "app", "lockfileVersion": 1, "dependencies": {"version": {"version": "1.0.0", "version": "2.0.0"}}}"#;
    let of_bun = format!(
        r#"{{"lockfileVersion": 1, "workspaces": {{"": {{"name": "app"}}}}, "packages": {{{}}}}}"#,
        twice(r#""a": ["a@1.0.0", "", {}, ""]"#)
    );
    for (name, lock, key) in [
        ("package-lock.json", of_npm.as_str(), "node_modules/a"),
        ("package-lock.json", &of_old_npm, "a"),
        ("package-lock.json", version_twice, "version"),
        ("bun.lock", &of_bun, "a"),
    ] {
        let gaps = gaps(&[(name, lock)]);
        let expected = format!("{name}: damaged: expected every key once, found `{key}` twice");
        assert!(gaps.iter().any(|gap| gap.starts_with(&expected)), "{gaps:?}");
    }
}
