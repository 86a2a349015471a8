//! `attest sbom diff`, `merge`, `license` and `validate`, on small documents.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::command::{Command, Finished};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, value: &Value) {
        fs::write(self.path(name), value.to_string()).unwrap();
    }

    fn sbom(&self, arguments: &[&str]) -> Finished {
        Command::attest()
            .arg("sbom")
            .args(arguments)
            .current_dir(self.0.path())
            .run()
    }
}

/// A document with everything that is asked for.
fn document(name: &str, packages: &[(&str, &str, &str)]) -> Value {
    let component = |(name, version, licence): &(&str, &str, &str)| {
        json!({ "type": "library", "bom-ref": name, "supplier": { "name": "Example" }, "name": name, "version": version,
            "licenses": [{ "expression": licence }], "purl": format!("pkg:cargo/{name}@{version}") })
    };
    let names: Vec<_> = packages.iter().map(|(name, ..)| *name).collect();
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "serialNumber": "urn:uuid:00000000-0000-4000-8000-000000000000",
        "metadata": { "timestamp": "2024-01-01T00:00:00Z", "authors": [{ "name": "Ann" }],
            "component": { "type": "application", "bom-ref": "root", "supplier": { "name": "Example" }, "name": name, "version": "1",
                "purl": format!("pkg:generic/{name}@1") } },
        "components": packages.iter().map(component).collect::<Value>(),
        "dependencies": [{ "ref": "root", "dependsOn": names }],
    })
}

fn answer(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.stdout).unwrap()
}

#[test]
fn a_difference_is_told_for_people_programs_and_release_notes() {
    let folder = Folder::new();
    folder.write(
        "old.json",
        &document("app", &[("a", "1.9.0", "MIT"), ("b", "1.0.0", "MIT")]),
    );
    folder.write(
        "new.json",
        &document("app", &[("a", "1.10.0", "ISC"), ("c|d", "1.0.0", "MIT")]),
    );
    let text = folder.sbom(&["diff", "old.json", "new.json"]).expect_code(0);
    assert_eq!(
        text.stdout_text(),
        "- b 1.0.0 (MIT)\n+ c|d 1.0.0 (MIT)\n~ a: 1.9.0 -> 1.10.0; licence MIT -> ISC\n1 added, 1 removed, 1 changed\n"
    );
    let markdown = folder
        .sbom(&["diff", "old.json", "new.json", "--format", "markdown"])
        .expect_code(0);
    assert_eq!(
        markdown.stdout_text(),
        "1 added packages, 1 removed packages, 1 changed packages.\n\n\
         | package | before | after | licence, and what else changed |\n|---|---|---|---|\n\
         | `a` | `1.9.0` | `1.10.0` | `licence MIT -> ISC` |\n| `b` | `1.0.0` |  |  |\n| `c\\|d` |  | `1.0.0` | `MIT` |\n"
    );
    let json = answer(
        &folder
            .sbom(&["diff", "old.json", "new.json", "--format", "json"])
            .expect_code(0),
    );
    assert_eq!(json["schema"], "https://attest.dev/schema/sbom-diff/v1");
    assert_eq!(json["added"][0]["purl"], "pkg:cargo/c|d@1.0.0");
    assert_eq!(json["changed"][0]["aspects"][0]["new"], "1.10.0");
    folder
        .sbom(&["diff", "old.json", "new.json", "--exit-code"])
        .expect_code(1);
    let same = folder
        .sbom(&["diff", "old.json", "old.json", "--exit-code"])
        .expect_code(0);
    assert_eq!(same.stdout_text(), "0 added, 0 removed, 0 changed\n");
}

#[test]
fn a_merged_document_is_valid_and_lists_each_package_once() {
    let folder = Folder::new();
    folder.write("one.json", &document("one", &[("a", "1.0.0", "MIT")]));
    folder.write(
        "two.json",
        &document("two", &[("a", "1.0.0", "MIT"), ("b", "1.0.0", "ISC")]),
    );
    let merge = [
        "merge",
        "one.json",
        "two.json",
        "--name",
        "both@3",
        "--supplier",
        "Example",
    ];
    let finished = folder.sbom(&[&merge[..], &["-o", "both.json"]].concat()).expect_code(0);
    assert!(
        finished.stderr_text().contains("warning: one.json: incomplete: "),
        "{}",
        finished.stderr_text()
    );
    let both: Value = serde_json::from_slice(&fs::read(folder.path("both.json")).unwrap()).unwrap();
    assert_eq!(both["components"].as_array().unwrap().len(), 4);
    assert_eq!(both["metadata"]["timestamp"], "2024-01-01T00:00:00Z");
    folder
        .sbom(&["validate", "both.json", "--check", "schema", "--check", "integrity"])
        .expect_code(0);
    let spdx = folder
        .sbom(&[&merge[..], &["--output-format", "spdx-json"]].concat())
        .expect_code(0);
    assert_eq!(answer(&spdx)["packages"].as_array().unwrap().len(), 5);
    let strict = folder
        .sbom(&[&merge[..], &["--strict", "-o", "strict.json"]].concat())
        .expect_code(1);
    assert!(strict.stderr_text().contains("error[sbom-incomplete]"));
    assert!(!folder.path("strict.json").exists());
}

#[test]
fn licences_are_listed_and_held_to_a_policy() {
    let folder = Folder::new();
    let packages = [
        ("a", "1.0.0", "MIT OR GPL-3.0-only"),
        ("b", "1.0.0", "GPL-3.0-only"),
        ("c", "1.0.0", "ISC"),
    ];
    folder.write("app.json", &document("app", &packages));
    let listed = folder.sbom(&["license", "app.json"]).expect_code(0);
    assert_eq!(
        listed.stdout_text(),
        "  a 1.0.0  MIT OR GPL-3.0-only\n  b 1.0.0  GPL-3.0-only\n  c 1.0.0  ISC\n\
         incomplete: app.json does not say that it lists everything\n3 packages\n"
    );
    let denied = folder
        .sbom(&["license", "app.json", "--deny", "copyleft"])
        .expect_code(1);
    assert!(
        denied
            .stdout_text()
            .contains("! b 1.0.0  GPL-3.0-only  (not allowed: GPL-3.0-only)\n")
    );
    assert!(denied.stdout_text().ends_with("3 packages, 1 violation\n"));
    folder
        .sbom(&["license", "app.json", "--allow", "MIT,ISC", "--allow", "GPL-3.0"])
        .expect_code(0);
    let json = answer(
        &folder
            .sbom(&["license", "app.json", "--allow", "MIT", "--format", "json"])
            .expect_code(1),
    );
    assert_eq!(json["violations"], 2);
    let page = folder
        .sbom(&["license", "app.json", "--format", "html", "-o", "page.html"])
        .expect_code(0);
    assert_eq!(page.stdout_text(), "");
    assert!(
        fs::read_to_string(folder.path("page.html"))
            .unwrap()
            .starts_with("<!doctype html>")
    );
    let unknown = folder.sbom(&["license", "app.json", "--allow", "MITT"]).expect_code(2);
    assert!(unknown.stderr_text().contains("`MITT`"));
}

#[test]
fn strictly_licences_are_those_of_complete_lists_alone() {
    let folder = Folder::new();
    let mut app = document("app", &[("a", "1.0.0", "MIT")]);
    folder.write("part.json", &app);
    app["compositions"] = json!([{ "aggregate": "complete", "assemblies": ["root"], "dependencies": ["root", "a"] }]);
    folder.write("app.json", &app);
    let strictly = ["license", "app.json", "--strict", "-o", "list.txt"];
    folder.sbom(&strictly).expect_code(0);
    assert!(folder.path("list.txt").exists());
    let refused = folder
        .sbom(&[
            "license",
            "app.json",
            "part.json",
            "--allow",
            "MIT",
            "--strict",
            "-o",
            "no.txt",
        ])
        .expect_code(1);
    let error = refused.stderr_text();
    let expected = "error[sbom-incomplete]: expected only what says that it lists everything, found 1 of 2 that do not\n  --> part.json\n";
    assert!(error.starts_with(expected), "{error}");
    assert!(!folder.path("no.txt").exists());
}

#[test]
fn what_a_document_is_about_is_judged_if_it_is_a_package() {
    let folder = Folder::new();
    let with_root = |root: &Value| {
        let mut value = document("app", &[("a", "1.0.0", "MIT")]);
        let about = value["metadata"]["component"].as_object_mut().unwrap();
        about.extend(root.as_object().unwrap().clone());
        folder.write("app.json", &value);
    };
    let licence = |text: &str| json!([{ "license": { "id": text } }]);
    let own = json!([{ "name": "attest:own", "value": "true" }]);
    for (root, violations) in [
        (json!({}), 0),
        (json!({ "licenses": licence("ISC") }), 1),
        (json!({ "licenses": licence("MIT") }), 0),
        (json!({ "purl": "pkg:npm/app@1.0.0" }), 1),
        (json!({ "cpe": "cpe:2.3:a:*:app:1.0.0:*:*:*:*:*:*:*" }), 1),
        (json!({ "purl": "pkg:generic/app@1.0.0" }), 0),
        (json!({ "purl": "pkg:npm/app@1.0.0", "properties": own }), 0),
        (json!({ "purl": "pkg:oci/app", "type": "container" }), 0),
        (json!({ "licenses": licence("ISC"), "type": "container" }), 1),
    ] {
        with_root(&root);
        let judged = folder
            .sbom(&["license", "app.json", "--allow", "MIT", "--format", "json"])
            .expect_code(violations);
        assert_eq!(answer(&judged)["violations"], violations, "{root}");
    }
}

#[test]
fn the_licences_of_a_project_are_those_of_its_list() {
    let folder = Folder::new();
    let lock = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    fs::write(folder.path("Cargo.lock"), lock).unwrap();
    let listed = folder.sbom(&["license", "Cargo.lock"]).expect_code(0);
    assert_eq!(listed.stdout_text(), "  a 1.0.0  -\n1 packages\n");
    folder.sbom(&["license", ".", "--allow", "MIT"]).expect_code(1);
    folder
        .sbom(&["license", ".", "--allow", "MIT", "--allow-unknown"])
        .expect_code(0);
}

#[test]
fn a_good_document_passes_and_each_fault_is_told_with_its_place() {
    let folder = Folder::new();
    let mut value = document("app", &[("a", "1.0.0", "MIT")]);
    folder.write("app.json", &value);
    let good = folder.sbom(&["validate", "app.json"]).expect_code(0);
    assert_eq!(
        good.stdout_text(),
        "app.json: CycloneDX 1.6: nothing found (schema, integrity, minimum-elements)\n"
    );
    value["components"][0]["type"] = "crate".into();
    value["dependencies"][0]["dependsOn"][0] = "b".into();
    folder.write("bad.json", &value);
    let bad = folder
        .sbom(&["validate", "app.json", "bad.json", "--format", "json"])
        .expect_code(1);
    let findings = &answer(&bad)["files"][1]["findings"];
    let found: Vec<_> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["code"], &one["place"]))
        .collect();
    assert_eq!(
        found,
        [
            (&json!("schema"), &json!("/components/0/type")),
            (&json!("dangling-reference"), &json!("/dependencies/0/dependsOn/0")),
            (&json!("no-relationship"), &json!("/components/0")),
        ]
    );
    folder
        .sbom(&["validate", "bad.json", "--check", "minimum-elements"])
        .expect_code(1);
}

#[test]
fn a_document_that_hides_a_part_is_refused_by_whoever_draws_a_conclusion() {
    let folder = Folder::new();
    let marks = r#""bomFormat":"CycloneDX","specVersion":"1.6""#;
    let component = r#"{"type":"library","name":"a","licenses":[{"expression":"GPL-3.0-only"}]}"#;
    for (members, reason) in [
        (r#""components":{"a":1}"#.to_owned(), "expected a list at /components"),
        (r#""components":"x""#.to_owned(), "expected a list at /components"),
        (
            format!(r#""components":[{component}],"components":[]"#),
            "member `components` stands twice",
        ),
    ] {
        fs::write(folder.path("x.json"), format!("{{{marks},{members}}}")).unwrap();
        for arguments in [
            &["license", "x.json", "--allow", "MIT"][..],
            &["license", "x.json", "--deny", "copyleft", "--format", "json"],
            &["diff", "x.json", "x.json", "--exit-code"],
            &["merge", "x.json"],
        ] {
            let refused = folder.sbom(arguments).expect_code(1);
            let stderr = refused.stderr_text();
            assert!(
                stderr.contains("error[sbom-document-invalid]"),
                "{arguments:?}: {stderr}"
            );
            assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
            assert_eq!(refused.stdout_text(), "");
        }
        folder.sbom(&["validate", "x.json"]).expect_code(1);
    }
}

#[test]
fn an_empty_list_is_no_pass_and_a_list_that_may_lack_something_says_so() {
    let folder = Folder::new();
    folder.write("empty.json", &json!({ "bomFormat": "CycloneDX", "specVersion": "1.6" }));
    let empty = folder
        .sbom(&["license", "empty.json", "--deny", "copyleft"])
        .expect_code(0);
    assert_eq!(
        empty.stdout_text(),
        "incomplete: empty.json does not say that it lists everything\n0 packages, nothing to judge\n"
    );
    assert!(empty.stderr_text().contains("warning: no package is listed"));
    let mut whole = document("app", &[("a", "1.0.0", "MIT")]);
    whole["compositions"] = json!([{ "aggregate": "complete", "assemblies": ["root"] }]);
    folder.write("whole.json", &whole);
    let arguments = ["license", "whole.json", "empty.json", "--format", "json"];
    assert_eq!(
        answer(&folder.sbom(&arguments).expect_code(0))["incomplete"],
        json!(["empty.json"])
    );
}

#[test]
fn what_is_no_document_is_said_to_be_none() {
    let folder = Folder::new();
    fs::write(folder.path("other.json"), "{\"name\":\"app\"}").unwrap();
    let none = folder.sbom(&["validate", "other.json"]).expect_code(1);
    assert!(
        none.stdout_text().contains("no-document: expected CycloneDX"),
        "{}",
        none.stdout_text()
    );
    let none = folder.sbom(&["diff", "other.json", "other.json"]).expect_code(1);
    assert!(none.stderr_text().contains("error[sbom-document-unsupported]"));
    fs::write(folder.path("cut.json"), "{\"bomFormat\":").unwrap();
    let cut = folder.sbom(&["merge", "cut.json"]).expect_code(1);
    assert!(cut.stderr_text().contains("error[sbom-document-invalid]"));
    let missing = folder.sbom(&["validate", "missing.json"]).expect_code(3);
    assert!(missing.stderr_text().contains("error[sbom-document-unreadable]"));
}

#[test]
fn a_document_is_written_in_the_format_that_is_asked_for() {
    let folder = Folder::new();
    let lock = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    fs::write(folder.path("Cargo.lock"), lock).unwrap();
    for (format, expected) in [
        ("cyclonedx-json@1.4", "CycloneDX 1.4"),
        ("cyclonedx-xml", "CycloneDX 1.5"),
        ("spdx-json", "SPDX-2.3"),
    ] {
        let written = folder.sbom(&[
            "Cargo.lock",
            "--output-format",
            format,
            "--author",
            "Ann <ann@example.com>",
            "-o",
            "out",
        ]);
        written.expect_code(0);
        let checked = folder
            .sbom(&[
                "validate",
                "out",
                "--check",
                "schema",
                "--check",
                "integrity",
                "--format",
                "json",
            ])
            .expect_code(0);
        assert_eq!(answer(&checked)["files"][0]["format"], expected);
    }
    let unknown = folder
        .sbom(&["Cargo.lock", "--output-format", "cyclonedx-json@1.1"])
        .expect_code(2);
    assert!(unknown.stderr_text().contains("cyclonedx-json@1.6"));
}
