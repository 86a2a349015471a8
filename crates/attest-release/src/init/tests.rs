use std::fs;

use tempfile::TempDir;

use super::*;
use crate::FileName;
use crate::plan::{Facts, FileKind};
use crate::{Config, Plan};

fn directory_with(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

/// What `attest init` and then `attest release --plan` make of the files.
fn planned(files: &[(&str, &str)]) -> Plan {
    let directory = directory_with(files);
    let text = Found::in_directory(directory.path()).unwrap().to_toml();
    let config = Config::parse("attest.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let facts = Facts {
        commit: Some("0".repeat(40)),
        tags: vec!["v9.0.0".to_owned()],
        ..Facts::of_directory(directory.path(), &config).unwrap()
    };
    Plan::new(&config, &facts).unwrap()
}

fn count(plan: &Plan, kind: FileKind) -> usize {
    plan.files().iter().filter(|file| file.kind == kind).count()
}

#[test]
fn a_cargo_project_gets_its_binaries_and_its_version() {
    let plan = planned(&[
        ("Cargo.toml", "[package]\nname = \"app\"\nversion = \"1.2.0\"\n"),
        ("src/main.rs", ""),
        ("src/bin/tool.rs", ""),
        ("README.md", ""),
    ]);
    assert_eq!((plan.name.as_str(), plan.version.as_str()), ("app", "1.2.0"));
    assert_eq!(count(&plan, FileKind::Archive), 4);
    let archive = &plan.archives[0];
    let names: Vec<_> = archive.binaries.iter().map(|binary| binary.file.as_str()).collect();
    assert_eq!(names, ["app", "tool"]);
    assert_eq!(archive.files, ["README.md"]);
}

#[test]
fn the_members_of_a_cargo_workspace_are_looked_at() {
    let directory = directory_with(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"crates/*\"]\n[workspace.package]\nversion = \"2.0.0\"\n",
        ),
        (
            "crates/cli/Cargo.toml",
            "[package]\nname = \"cli\"\n[[bin]]\nname = \"app\"\npath = \"main.rs\"\n",
        ),
        ("crates/core/Cargo.toml", "[package]\nname = \"core\"\n"),
    ]);
    let found = Found::in_directory(directory.path()).unwrap();
    let expected = FoundBinary::Cargo {
        name: FileName::new("app").unwrap(),
        package: Some(FileName::new("cli").unwrap()),
    };
    assert_eq!(found.binaries, [expected]);
    let text = found.to_toml();
    assert!(text.contains("cargo = { package = \"cli\" }"), "{text}");
    assert!(text.contains("version = \"from-cargo\""), "{text}");
}

#[test]
fn a_go_project_gets_its_commands_and_the_version_of_the_tag() {
    let plan = planned(&[
        ("go.mod", "module example.com/team/app\n"),
        ("main.go", "package main\n"),
        ("cmd/tool/main.go", "package main\n"),
    ]);
    assert_eq!((plan.name.as_str(), plan.version.as_str()), ("app", "9.0.0"));
    let names: Vec<_> = plan.archives[0]
        .binaries
        .iter()
        .map(|binary| binary.file.as_str())
        .collect();
    assert_eq!(names, ["app", "tool"]);
}

#[test]
fn what_has_to_be_said_by_hand_is_told_and_the_source_is_released() {
    let cases = [
        (
            "pyproject.toml",
            "[project]\nname = \"app\"\nversion = \"1.0\"\n",
            "wheels and sdists that were built before are released by `[python]`",
        ),
        (
            "package.json",
            r#"{"name": "@team/app", "version": "1.0"}"#,
            "npm packages are not packed yet",
        ),
        (
            "Chart.yaml",
            "name: app\nversion: 1.0\n",
            "a chart in a directory of its own is released by `[[chart]]`",
        ),
    ];
    for (file, text, what) in cases {
        let plan = planned(&[(file, text)]);
        assert_eq!((plan.name.as_str(), plan.version.as_str()), ("app", "1.0"), "{file}");
        assert_eq!(count(&plan, FileKind::Archive), 0, "{file}");
        assert_eq!(count(&plan, FileKind::Source), 2, "{file}");
        let directory = directory_with(&[(file, text)]);
        let text = Found::in_directory(directory.path()).unwrap().to_toml();
        assert!(text.contains(&format!("# {file}: {what}")), "{text}");
    }
}

#[test]
fn an_empty_directory_gets_a_file_with_its_own_name() {
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("thing");
    fs::create_dir(&inner).unwrap();
    let found = Found::in_directory(&inner).unwrap();
    assert_eq!(found.name.as_str(), "thing");
    assert!(Config::parse("attest.toml", &found.to_toml()).is_ok());
}

#[test]
fn the_commented_examples_are_right_too() {
    let directory = tempfile::tempdir().unwrap();
    let text = Found::in_directory(directory.path()).unwrap().to_toml();
    for kind in ["prebuilt = ", "command = "] {
        let example = text
            .lines()
            .find_map(|line| line.strip_prefix("# ").filter(|line| line.starts_with(kind)));
        let config = format!("format = 1\n[[binary]]\nname = \"program\"\n{}\n", example.unwrap());
        assert!(Config::parse("attest.toml", &config).is_ok(), "{config}");
    }
    let tables = text.lines().skip_while(|line| *line != "# [python]");
    let tables = tables.map_while(|line| line.strip_prefix("# "));
    let tables: Vec<&str> = tables.filter(|line| !line.ends_with(':')).collect();
    let config = Config::parse("attest.toml", &format!("format = 1\n{}\n", tables.join("\n"))).unwrap();
    assert_eq!(config.charts[0].directory.as_str(), "chart");
    assert_eq!(config.python.unwrap().files.len(), 2);
}

#[test]
fn a_hostile_name_cannot_break_out_of_its_string() {
    let hostile = "[package]\nname = 'app\"\nformat = 2\n#'\n";
    let manifest = r#"{"name": "app\"\nformat = 2\n"}"#;
    let directory = directory_with(&[("Cargo.toml", hostile), ("package.json", manifest), ("src/main.rs", "")]);
    let text = Found::in_directory(directory.path()).unwrap().to_toml();
    assert!(Config::parse("attest.toml", &text).is_ok(), "{text}");
}

#[test]
fn a_file_that_is_there_stays_unless_overwriting_is_allowed() {
    let directory = directory_with(&[("attest.toml", "mine")]);
    let path = directory.path().join("attest.toml");
    let error = write(directory.path(), "new", Overwrite::Refuse).unwrap_err();
    assert!(matches!(&error, Error::AlreadyThere { path: p } if *p == path));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert_eq!(write(directory.path(), "new", Overwrite::Allow).unwrap(), path);
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

/// The names of the programs that are found in the files.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let directory = directory_with(files);
    let found = Found::in_directory(directory.path()).unwrap();
    found.binaries.iter().map(|binary| binary.name().to_string()).collect()
}

#[test]
fn programs_lie_in_files_and_in_directories_and_beside_declared_ones() {
    let manifest = "[package]\nname = \"app\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
    let declared = format!("{manifest}[[bin]]\nname = \"other\"\npath = \"src/other.rs\"\n");
    let main = ("src/main.rs", "");
    let directory = ("src/bin/tool/main.rs", "");
    let no_program = ("src/bin/shared/mod.rs", "");
    assert_eq!(
        found(&[("Cargo.toml", &declared), main, directory, no_program]),
        ["app", "other", "tool"]
    );
    // What is declared at a place is not found there again.
    let moved = declared.replace("src/other.rs", "src/main.rs");
    assert_eq!(found(&[("Cargo.toml", &moved), main, directory]), ["other", "tool"]);
    let first_edition = declared.replace("2021", "2015");
    assert_eq!(found(&[("Cargo.toml", &first_edition), main, directory]), ["other"]);
}

#[test]
fn what_a_workspace_excludes_is_no_member() {
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    let workspace = "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"crates/b\"]\n";
    let (a, b) = (package("a"), package("b"));
    let files = |workspace| {
        [
            ("Cargo.toml", workspace),
            ("crates/a/Cargo.toml", a.as_str()),
            ("crates/a/src/main.rs", ""),
            ("crates/b/Cargo.toml", b.as_str()),
            ("crates/b/src/main.rs", ""),
        ]
    };
    assert_eq!(found(&files(workspace)), ["a"]);
    let named = workspace.replace("[\"crates/*\"]", "[\"crates/*\", \"crates/b\"]");
    assert_eq!(found(&files(&named)), ["a", "b"]);
}
