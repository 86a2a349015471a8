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

/// Kind, name and digest of the archive that a list is about.
fn handed_out_as(root: &Value) -> (String, String, String) {
    let references = root["externalReferences"].as_array().unwrap().iter();
    let mut archives = references.filter(|reference| reference["type"].as_str().unwrap().contains("distribution"));
    let archive = archives.next().unwrap();
    assert!(archives.next().is_none(), "{root}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&archive["type"]),
        text(&archive["url"]),
        text(&archive["hashes"][0]["content"]),
    )
}

#[test]
fn the_list_of_a_source_archive_is_about_the_package_at_its_top() {
    let project = with_package("");
    for archive in ["ledger-1.4.0-source.tar.gz", "ledger-1.4.0-source.zip"] {
        let list = list(&project, archive);
        let root = &list["metadata"]["component"];
        assert_eq!(root["purl"], "pkg:npm/board@0.3.0");
        let digest = sha256(&fs::read(project.dist().join(archive)).unwrap());
        assert_eq!(
            root["hashes"],
            Value::Null,
            "of a package whose file this archive is not"
        );
        assert_eq!(
            handed_out_as(root),
            ("source-distribution".to_owned(), archive.to_owned(), digest)
        );
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

/// A project with one more file, committed.
fn with_files(fixture: &str, files: &[(&str, &str)]) -> Project {
    let project = Project::new(fixture);
    for (name, text) in files {
        let path = project.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    project.commit();
    project
}

#[test]
fn a_version_that_no_manifest_says_is_that_of_the_release() {
    let module = with_files("service", &[("go.mod", "module example.com/team/ledger\n\ngo 1.22\n")]);
    module.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let go = list(&module, "ledger-1.4.0-source.zip");
    let root = &go["metadata"]["component"];
    assert_eq!(root["purl"], "pkg:golang/example.com/team/ledger@v1.4.0");
    assert_eq!(root["version"], "v1.4.0");

    let workspace = [
        ("Cargo.toml", "[workspace]\nmembers = [\"one\"]\nresolver = \"3\"\n"),
        (
            "one/Cargo.toml",
            "[package]\nname = \"one\"\nversion = \"0.2.0\"\nedition = \"2024\"\n",
        ),
        ("one/src/lib.rs", ""),
        (
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"0.2.0\"\n",
        ),
    ];
    let workspace = with_files("service", &workspace);
    workspace.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let rust = list(&workspace, "ledger-1.4.0-source.zip");
    let root = &rust["metadata"]["component"];
    assert_eq!(root["purl"], "pkg:generic/ledger@1.4.0");
    assert_eq!(
        purls(&root["components"]),
        ["pkg:helm/ledger@0.0.0", "pkg:cargo/one@0.2.0"]
    );
}

#[test]
fn what_lies_beside_programs_in_their_archive_is_listed() {
    let files = [
        (
            "web/package.json",
            r#"{ "name": "board", "version": "0.3.0", "dependencies": { "left-pad": "1.3.0" } }"#,
        ),
        ("web/package-lock.json", LOCK),
    ];
    let silent = with_files("service", &files);
    silent.configure("[source]", "[archive]\nfiles = [\"LICENSE\", \"web/*\"]\n\n[source]");
    silent.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let beside = "ledger-1.4.0-linux-amd64";
    let listed = list(&silent, beside);
    let root = &listed["metadata"]["component"];
    assert_eq!(purls(&listed["components"]), ["pkg:npm/left-pad@1.3.0"]);
    assert_eq!(purls(&root["components"]), ["pkg:npm/board@0.3.0"]);
    let names = root["components"].as_array().unwrap().iter();
    let names: Vec<&str> = names.filter_map(|part| part["name"].as_str()).collect();
    assert!(
        names.contains(&"ledger-api") && names.contains(&"ledger-report"),
        "{names:?}"
    );
    let digest = sha256(&fs::read(silent.dist().join(format!("{beside}.tar.gz"))).unwrap());
    let archive = ("distribution".to_owned(), format!("{beside}.tar.gz"), digest);
    assert_eq!(handed_out_as(root), archive);

    let built = with_files("rust-hello", &files);
    built.configure("[source]", "[archive]\nfiles = [\"LICENSE\", \"web/*\"]\n\n[source]");
    built.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let listed = list(&built, "hello-1.2.0-linux-amd64");
    assert_eq!(listed["metadata"]["component"]["purl"], "pkg:cargo/hello@1.2.0");
    let all: Vec<&str> = purls(&listed["components"]);
    let own = purls(&listed["metadata"]["component"]["components"]);
    assert!(
        all.contains(&"pkg:npm/left-pad@1.3.0") && all.contains(&"pkg:cargo/greeting@0.3.0"),
        "{all:?}"
    );
    assert_eq!(own, ["pkg:npm/board@0.3.0"]);
    assert_eq!(listed["compositions"][0]["aggregate"], "complete");
    let validated = built.attest(&[
        "sbom",
        "validate",
        "--check",
        "integrity",
        "dist/hello-1.2.0-linux-amd64.cdx.json",
    ]);
    validated.run().expect_code(0);
}

#[test]
fn what_is_excluded_from_a_source_archive_is_told_and_so_is_what_is_no_part_of_it() {
    let files = [
        ("testdata/package.json", r#"{ "name": "board", "version": "0.3.0" }"#),
        ("testdata/package-lock.json", "{ half"),
        ("package.json", r#"{ "name": "top", "version": "1.0.0" }"#),
        (
            "tools/package.json",
            r#"{ "name": "tools", "version": "1.0.0", "dependencies": { "left-pad": "1" } }"#,
        ),
    ];
    let project = with_files("service", &files);
    let before = project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    assert!(
        before.stderr_text().contains("package-lock.json: damaged"),
        "{}",
        before.stderr_text()
    );
    project.configure("[source]", "[sbom]\nexclude = [\"testdata\", \"none\"]\n\n[source]");
    let released = project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let talk = released.stderr_text();
    assert!(
        !talk.contains("damaged") && talk.contains("nothing-excluded: expected files that `none` means"),
        "{talk}"
    );
    let list = list(&project, "ledger-1.4.0-source.tar.gz");
    let properties = list["metadata"]["properties"].to_string() + &list["properties"].to_string();
    assert!(properties.contains("testdata (2 files)"), "{properties}");
    assert_eq!(list["compositions"][0]["aggregate"], "incomplete");
    assert!(!list.to_string().contains("board"), "{list}");
}

#[test]
fn a_layout_in_the_sources_does_not_stand_for_everything_else() {
    let manifest = r#"{ "name": "board", "version": "0.3.0" }"#;
    let project = with_files("service", &[("package.json", manifest)]);
    let layout = [
        "pack",
        "image",
        "--platform",
        "linux/amd64=bin/ledger_api.py",
        "-o",
        "base",
    ];
    project
        .attest(&layout)
        .env("SOURCE_DATE_EPOCH", "1")
        .run()
        .expect_code(0);
    project.commit();
    let released = project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let list = list(&project, "ledger-1.4.0-source.tar.gz");
    assert_eq!(list["metadata"]["component"]["purl"], "pkg:npm/board@0.3.0");
    let talk = released.stderr_text();
    assert!(talk.contains("not-listed: the image"), "{talk}");
}

#[test]
fn what_is_excluded_stays_out_where_nothing_else_is_known() {
    let project = with_files("multiarch", &[("testdata/package-lock.json", LOCK)]);
    fs::write(
        project.path().join("attest.toml"),
        "format = 1\n[project]\nname = \"x\"\nversion = \"2.0.0\"\n[source]\n[sbom]\nexclude = [\"testdata\"]\n",
    )
    .unwrap();
    project.commit();
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let list = list(&project, "x-2.0.0-source.tar.gz");
    assert!(!list.to_string().contains("left-pad"), "{list}");
    assert!(list.to_string().contains("testdata (1 file)"), "{list}");
    assert_eq!(list["compositions"][0]["aggregate"], "incomplete");
}

#[test]
fn images_and_projects_of_their_own_beside_programs_are_told() {
    let files = [
        (
            "fuzz/Cargo.toml",
            "[package]\nname = \"fuzz\"\nversion = \"0.0.0\"\n[workspace]\n",
        ),
        (
            "fuzz/Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"fuzz\"\nversion = \"0.0.0\"\n",
        ),
    ];
    let project = with_files("rust-hello", &files);
    let layout = ["pack", "image", "--platform", "linux/amd64=LICENSE", "-o", "oci"];
    project
        .attest(&layout)
        .env("SOURCE_DATE_EPOCH", "1")
        .run()
        .expect_code(0);
    let packed = "[archive]\nfiles = [\"oci/*\", \"oci/blobs/sha256/*\", \"Cargo.*\", \"fuzz/*\"]\n\n[source]";
    project.configure("[source]", packed);
    let released = project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let talk = released.stderr_text();
    let named = talk
        .lines()
        .filter(|line| line.contains("`hello-1.2.0-linux-amd64.cdx.json`"));
    let said: Vec<&str> = named.collect();
    for what in ["not-listed: the image", "fuzz/Cargo.lock: not-listed"] {
        assert!(said.iter().any(|line| line.contains(what)), "{what} in {talk}");
    }
    let list = list(&project, "hello-1.2.0-linux-amd64");
    assert_eq!(list["compositions"][0]["aggregate"], "incomplete");
}

#[test]
fn of_a_manifest_that_cannot_be_read_the_reason_is_told_though_nothing_else_is_known() {
    let project = Project::new("service");
    let set = "[[files]]\nname = \"web\"\ndirectory = \"web\"\n";
    project.configure("[[files]]", &format!("{set}\n[[files]]"));
    fs::create_dir(project.path().join("web")).unwrap();
    fs::write(project.path().join("web/package-lock.json"), &LOCK[..60]).unwrap();
    let released = project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let talk = released.stderr_text();
    assert!(
        talk.contains("`web.tar.gz.cdx.json`: web/package-lock.json: damaged"),
        "{talk}"
    );
    let list = list(&project, "web.tar.gz");
    assert_eq!(list["components"][0]["name"], "web/package-lock.json");
}
