//! Lists of archives that no target is about: those of the sources, and those of other files.

use std::fs;

use serde_json::{Value, json};

use super::made::sha256;
use super::project::{IDENTITY, ISSUER, Project, names};

const LOCK: &str = r#"{ "name": "board", "version": "0.3.0", "lockfileVersion": 3, "packages": {
    "": { "name": "board", "version": "0.3.0", "dependencies": { "left-pad": "1.3.0" } },
    "node_modules/left-pad": { "version": "1.3.0", "license": "WTFPL" } } }"#;

/// A project with a package of npm in `directory`.
fn with_package(directory: &str) -> Project {
    let project = Project::new("service");
    let directory = project.path().join(directory);
    fs::create_dir_all(&directory).unwrap();
    let manifest = r#"{ "name": "board", "version": "0.3.0", "dependencies": { "left-pad": "1.3.0" } }"#;
    fs::write(directory.join("package.json"), manifest).unwrap();
    fs::write(directory.join("package-lock.json"), LOCK).unwrap();
    project.commit();
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    project
}

fn list(project: &Project, archive: &str) -> Value {
    let bytes = fs::read(project.dist().join(format!("{archive}.cdx.json"))).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn purls(components: &Value) -> Vec<&str> {
    let components = components.as_array().into_iter().flatten();
    components.filter_map(|component| component["purl"].as_str()).collect()
}

#[test]
fn the_list_of_a_source_archive_is_about_the_package_at_its_top() {
    let project = with_package("");
    for archive in ["ledger-1.4.0-source.tar.gz", "ledger-1.4.0-source.zip"] {
        let list = list(&project, archive);
        let root = &list["metadata"]["component"];
        assert_eq!(root["purl"], "pkg:npm/board@0.3.0");
        let digest = sha256(&fs::read(project.dist().join(archive)).unwrap());
        assert_eq!(root["hashes"], json!([{ "alg": "SHA-256", "content": digest }]));
        assert_eq!(purls(&root["components"]), ["pkg:helm/ledger@0.0.0"], "{archive}");
        assert_eq!(purls(&list["components"]), ["pkg:npm/left-pad@1.3.0"], "{archive}");
        let mut used = list["components"].as_array().unwrap().iter();
        let used = used.find(|component| component["name"] == "left-pad").unwrap();
        let place = &used["evidence"]["occurrences"][0]["location"];
        assert_eq!(place, "ledger-1.4.0-source/package-lock.json");
        assert_eq!(list["compositions"][0]["aggregate"], "complete", "{archive}");
    }
}

#[test]
fn without_a_manifest_at_its_top_a_source_archive_is_the_product() {
    let project = with_package("web/board");
    let list = list(&project, "ledger-1.4.0-source.tar.gz");
    let root = &list["metadata"]["component"];
    assert_eq!(root["purl"], "pkg:generic/ledger@1.4.0");
    assert_eq!(root["description"], "Keeps a ledger of small payments");
    assert_eq!(
        purls(&root["components"]),
        ["pkg:npm/board@0.3.0", "pkg:helm/ledger@0.0.0"]
    );
    assert_eq!(purls(&list["components"]), ["pkg:npm/left-pad@1.3.0"]);
    let validated = project.attest(&["sbom", "validate", "dist/ledger-1.4.0-source.tar.gz.cdx.json"]);
    validated.run().expect_code(0);
}

#[test]
fn an_archive_of_other_files_lists_every_file_where_none_is_a_manifest() {
    let project = Project::new("service");
    let sets =
        "[[files]]\nname = \"{name}-{version}-web\"\ndirectory = \"web\"\nwrap = false\nformats = [\"tar.zst\"]\n";
    project.configure("[[files]]", &format!("{sets}\n[[files]]"));
    fs::create_dir(project.path().join("web")).unwrap();
    fs::write(project.path().join("web/package-lock.json"), LOCK).unwrap();
    fs::write(
        project.path().join("web/package.json"),
        r#"{ "name": "board", "version": "0.3.0", "dependencies": { "left-pad": "1.3.0" } }"#,
    )
    .unwrap();
    let released = project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let web = list(&project, "ledger-1.4.0-web.tar.zst");
    assert_eq!(web["metadata"]["component"]["purl"], "pkg:npm/board@0.3.0");
    assert_eq!(purls(&web["components"]), ["pkg:npm/left-pad@1.3.0"]);

    let notices = list(&project, "ledger-1.4.0-notices.tar.gz");
    assert_eq!(notices["metadata"]["component"]["purl"], "pkg:generic/ledger@1.4.0");
    let hashed = notices["components"].as_array().unwrap().iter();
    let hashed: Vec<Value> = hashed
        .map(|file| json!([file["name"], file["hashes"][0]["content"]]))
        .collect();
    let expected = ["EXPORT.md", "LICENSE"].map(|name| {
        let digest = sha256(&fs::read(project.path().join(name)).unwrap());
        json!([format!("ledger-1.4.0-notices/{name}"), digest])
    });
    assert_eq!(hashed, expected);
    let warning = "`ledger-1.4.0-notices.tar.gz.cdx.json`: no-list: nothing tells what 2 files were made of";
    assert!(released.stderr_text().contains(warning), "{}", released.stderr_text());
}

#[test]
fn the_list_of_a_source_archive_is_a_statement_about_it() {
    let project = Project::new("service");
    project.release(&[]).expect_code(0);
    let archives = ["source.tar.gz", "source.zip", "notices.tar.gz"].map(|end| format!("ledger-1.4.0-{end}"));
    let there = names(&project.dist());
    for archive in archives {
        let bundle = format!("{archive}.cdx.sigstore.json");
        assert!(there.contains(&bundle), "{bundle} in {there:?}");
        let (file, bundle) = (format!("dist/{archive}"), format!("dist/{bundle}"));
        let verify = ["verify", &file, "--bundle", &bundle, "--type", "cyclonedx"];
        let who = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER];
        let root = ["--trusted-root", ".attest/sandbox/trusted_root.json"];
        let verified = project.attest(&verify).args(who).args(root).run();
        verified.expect_code(0);
    }
}

#[test]
fn without_lists_no_archive_has_one() {
    let project = Project::new("service");
    project.configure("[[files]]", "[sbom]\nenabled = false\n\n[[files]]");
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let there = names(&project.dist());
    assert!(there.iter().all(|name| !name.contains(".cdx.")), "{there:?}");
}
