//! Binaries that are built twice, by the real tools, and what is said when one is missing.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use attest_release::build::{BuildError, Built, Workshop};
use attest_release::plan::{Facts, Plan};
use attest_release::{Config, Talk, Target, Variables};
use tempfile::TempDir;

/// A copy of a fixture in a directory of its own.
fn project(fixture: &str) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/releases");
    copy_tree(&fixtures.join(fixture), copy.path());
    copy
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_tree(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the build tools need the environment of the test"
)]
fn variables() -> Variables {
    std::env::vars_os().collect()
}

fn workshop(project: &Path, variables: Variables) -> Workshop {
    Workshop {
        project: project.to_owned(),
        scratch: project.join(".attest/target"),
        variables,
        source_date: 1_700_000_000,
        talk: Talk::Kept,
        jobs: Some(1),
    }
}

/// The plan for the one target that this machine certainly builds for.
fn plan(project: &Path, targets: &str) -> Result<(Config, Plan), attest_release::Error> {
    let text = fs::read_to_string(project.join("attest.toml")).unwrap();
    let text = text
        .lines()
        .filter(|line| !line.starts_with("targets ="))
        .collect::<Vec<_>>()
        .join("\n");
    let text = text.replace("[build]", &format!("[build]\ntargets = {targets}"));
    let config = Config::parse("attest.toml", &text)?;
    let mut facts = Facts::of_directory(project, &config)?;
    facts.commit = Some("0".repeat(40));
    let plan = Plan::new(&config, &facts)?;
    Ok((config, plan))
}

fn here() -> Target {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let os = std::env::consts::OS.replace("macos", "darwin");
    format!("{os}/{arch}").parse().unwrap()
}

fn build(project: &Path) -> Built {
    let (_, plan) = plan(project, &format!("[\"{}\"]", here())).unwrap();
    workshop(project, variables()).build(&plan.archives[0]).unwrap()
}

fn bytes(built: &Built) -> Vec<u8> {
    assert_eq!(built.binaries.len(), 1);
    fs::read(built.binaries.values().next().unwrap()).unwrap()
}

#[test]
fn two_directories_give_the_same_binary() {
    let (one, two) = (project("rust-hello"), project("rust-hello"));
    let (one, two) = (build(one.path()), build(two.path()));
    let (one, two) = (bytes(&one), bytes(&two));
    assert!(one == two, "{} and {} bytes differ", one.len(), two.len());
}

#[test]
fn a_binary_says_nothing_about_where_it_was_built() {
    let project = project("rust-hello");
    let built = build(project.path());
    let text = String::from_utf8_lossy(&bytes(&built)).into_owned();
    assert!(!text.contains(project.path().to_str().unwrap()));
    assert_eq!(built.tools.keys().collect::<Vec<_>>(), ["cargo", "rustc"]);
    let [records] = &built.records[..] else {
        panic!("{:?}", built.records)
    };
    assert!(records.lock.is_some() && !records.messages.is_empty() && !records.metadata.is_empty());
}

#[test]
fn the_metadata_of_a_run_covers_the_features_of_every_run() {
    let project = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "attest.toml",
        "format = 1\n[source]\nenabled = false\n[build]\n[[binary]]\nname = \"a\"\ncargo = { features = [\"extra\"] }\n\
         [[binary]]\nname = \"b\"\ncargo = {}\n",
    );
    let manifest = "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[features]\nextra = []\n";
    write("Cargo.toml", &format!("{manifest}[workspace]\n"));
    write(
        "Cargo.lock",
        "version = 3\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n",
    );
    for name in ["a", "b"] {
        write(&format!("src/bin/{name}.rs"), "fn main() {}\n");
    }
    let built = build(project.path());
    let last = built.records.last().unwrap();
    assert_eq!(
        (built.records.len(), last.binaries.as_slice()),
        (2, &["b".to_owned()][..])
    );
    let metadata: serde_json::Value = serde_json::from_slice(&last.metadata).unwrap();
    assert_eq!(
        metadata["resolve"]["nodes"][0]["features"],
        serde_json::json!(["extra"])
    );
    let directory = metadata["target_directory"].as_str().unwrap();
    assert_eq!(Path::new(directory), project.path().join(".attest/target"));
}

#[test]
fn a_target_without_a_standard_library_says_what_to_install() {
    let project = project("rust-hello");
    let (config, _) = plan(project.path(), "[\"linux/s390x\"]").unwrap();
    let target = "linux/s390x".parse().unwrap();
    match workshop(project.path(), variables()).missing(&config, target).unwrap() {
        None => println!("skipped: this machine builds for linux/s390x"),
        Some(missing) => {
            let shown = missing.to_string();
            assert!(shown.contains("s390x-unknown-linux-gnu"), "{shown}");
            assert!(
                shown.contains("rustup target add") || shown.contains("apt install"),
                "{shown}"
            );
        }
    }
}

#[test]
fn without_rust_the_remedy_is_named() {
    let project = project("rust-hello");
    let (config, _) = plan(project.path(), &format!("[\"{}\"]", here())).unwrap();
    let empty = tempfile::tempdir().unwrap();
    let variables = [(OsString::from("PATH"), empty.path().into())].into_iter().collect();
    let missing = workshop(project.path(), variables)
        .missing(&config, here())
        .unwrap()
        .unwrap();
    assert_eq!(
        missing.to_string(),
        "the program `rustc` is not installed; install Rust as https://rustup.rs says"
    );
}

#[test]
fn what_the_compiler_says_is_in_the_error() {
    let project = project("rust-hello");
    fs::write(project.path().join("src/main.rs"), "fn main() { missing() }\n").unwrap();
    let (_, plan) = plan(project.path(), &format!("[\"{}\"]", here())).unwrap();
    match workshop(project.path(), variables())
        .build(&plan.archives[0])
        .unwrap_err()
    {
        BuildError::Failed { command, talk, .. } => {
            assert!(command.starts_with("cargo build --locked"), "{command}");
            assert!(talk.contains("cannot find function `missing`"), "{talk}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn prebuilt_files_are_taken_as_they_are() {
    let project = project("prebuilt");
    let config = Config::read(&project.path().join("attest.toml")).unwrap();
    let mut facts = Facts::of_directory(project.path(), &config).unwrap();
    facts.commit = Some("0".repeat(40));
    let plan = Plan::new(&config, &facts).unwrap();
    let built = workshop(project.path(), Variables::default())
        .build(&plan.archives[0])
        .unwrap();
    let expected: Vec<PathBuf> = ["bin/report.py", "bin/tally.sh"]
        .map(|path| project.path().join(path))
        .into();
    assert_eq!(built.binaries.values().cloned().collect::<Vec<_>>(), expected);
    assert!(built.records.is_empty() && built.tools.is_empty());
}

#[test]
#[cfg(unix)]
fn a_prebuilt_link_is_refused() {
    let project = project("prebuilt");
    let config = Config::read(&project.path().join("attest.toml")).unwrap();
    let mut facts = Facts::of_directory(project.path(), &config).unwrap();
    facts.commit = Some("0".repeat(40));
    let plan = Plan::new(&config, &facts).unwrap();
    fs::remove_file(project.path().join("bin/tally.sh")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", project.path().join("bin/tally.sh")).unwrap();
    let error = workshop(project.path(), Variables::default())
        .build(&plan.archives[0])
        .unwrap_err();
    assert!(
        matches!(&error, BuildError::NotAFile { path, .. } if path == Path::new("bin/tally.sh")),
        "{error}"
    );
}

/// A project of one binary that `steps` describes, and its plan for linux/arm/v6.
#[cfg(unix)]
fn one_binary(steps: &str) -> (TempDir, Plan) {
    let project = tempfile::tempdir().unwrap();
    let text = format!(
        "format = 1\n[project]\nname = \"app\"\nversion = \"1.0.0\"\n[source]\nenabled = false\n[build]\n\
         targets = [\"linux/arm/v6\"]\n[[binary]]\nname = \"app\"\n{steps}\n"
    );
    let config = Config::parse("attest.toml", &text).unwrap();
    let facts = Facts::of_directory(project.path(), &config).unwrap();
    let plan = Plan::new(&config, &facts).unwrap();
    (project, plan)
}

#[cfg(unix)]
fn program(directory: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = directory.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
#[cfg(unix)]
fn a_command_sees_the_target_and_the_date() {
    let (project, plan) = one_binary(
        "command = { run = [\"./make\", \"{version}\"], output = \"out/{target}\", environment = { X = \"{arch}\" } }",
    );
    let script = "mkdir -p out; echo \"$1 $X $ATTEST_TARGET $SOURCE_DATE_EPOCH\" > out/linux-arm-v6";
    program(project.path(), "make", script);
    let built = workshop(project.path(), variables()).build(&plan.archives[0]).unwrap();
    assert_eq!(bytes(&built), b"1.0.0 arm linux/arm/v6 1700000000\n");
}

#[test]
#[cfg(unix)]
fn the_versions_of_the_tools_that_a_command_names_are_recorded() {
    let command = |tools: &str| format!("command = {{ run = [\"./make\"], output = \"app\", tools = {tools} }}");
    let (project, plan) = one_binary(&command("{ cc = \"./cc  --version\", make = \"./make\" }"));
    program(project.path(), "make", "echo made > app; echo make 4.4");
    program(project.path(), "cc", "[ $# = 1 ] && echo \"cc 12 $1\"; echo and more");
    let built = workshop(project.path(), variables()).build(&plan.archives[0]).unwrap();
    let tools: Vec<(&str, &str)> = built
        .tools
        .iter()
        .map(|(name, version)| (&**name, &**version))
        .collect();
    assert_eq!(tools, [("cc", "cc 12 --version"), ("make", "make 4.4")]);
    let (project, plan) = one_binary(&command("{ cc = \"./absent\" }"));
    program(project.path(), "make", "echo made > app");
    let error = workshop(project.path(), variables())
        .build(&plan.archives[0])
        .unwrap_err();
    assert!(
        matches!(&error, BuildError::ProgramMissing { program } if program == "./absent"),
        "{error}"
    );
}

#[test]
#[cfg(unix)]
fn a_command_does_not_see_who_signs() {
    let (project, plan) = one_binary("command = { run = [\"./make\"], output = \"app\" }");
    program(project.path(), "make", "env > app");
    let secrets = [
        "SIGSTORE_ID_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "COSIGN_PASSWORD",
        "ATTEST_OTHER",
    ];
    let given = secrets
        .iter()
        .chain(&["MINE"])
        .map(|name| (OsString::from(name), "secret".into()));
    let given = given.chain([("PATH".into(), "/usr/bin:/bin".into())]).collect();
    let built = workshop(project.path(), given).build(&plan.archives[0]).unwrap();
    let seen = String::from_utf8(bytes(&built)).unwrap();
    let seen: Vec<&str> = seen.lines().filter(|line| line.ends_with("=secret")).collect();
    assert_eq!(seen, ["MINE=secret"]);
}

#[test]
#[cfg(unix)]
fn a_command_that_makes_nothing_is_an_error() {
    let (project, plan) = one_binary("command = { run = [\"true\"], output = \"out/app\" }");
    let error = workshop(project.path(), variables())
        .build(&plan.archives[0])
        .unwrap_err();
    assert!(
        matches!(&error, BuildError::NoOutput { path, .. } if path == Path::new("out/app")),
        "{error}"
    );
}

#[test]
#[cfg(unix)]
fn a_file_that_lay_there_before_the_command_is_not_taken() {
    let (project, plan) = one_binary("command = { run = [\"./make\"], output = \"app\" }");
    fs::write(project.path().join("app"), "same\n").unwrap();
    program(project.path(), "make", "true");
    let workshop = workshop(project.path(), variables());
    let error = workshop.build(&plan.archives[0]).unwrap_err();
    assert!(
        matches!(&error, BuildError::NotMade { path, .. } if path == Path::new("app")),
        "{error}"
    );
    // Writing the same bytes again is making it.
    program(project.path(), "make", "sleep 0.05; echo same > app");
    let built = workshop.build(&plan.archives[0]).unwrap();
    assert_eq!(bytes(&built), b"same\n");
}

#[test]
#[cfg(unix)]
fn go_is_told_the_target_and_to_forget_where_it_runs() {
    let (project, plan) =
        one_binary("go = { package = \"./cmd/app\", ldflags = \"-X main.version={version}\", tags = [\"a\", \"b\"] }");
    let tools = tempfile::tempdir().unwrap();
    let script = "[ \"$1\" = version ] && { echo go version 1.99; exit; }\n\
                  while [ \"$1\" != -o ]; do said=\"$said $1\"; shift; done\n\
                  mkdir -p \"$(dirname \"$2\")\"\n\
                  echo \"$GOOS $GOARCH $GOARM $GOAMD64$GOEXPERIMENT$GOENV $CGO_ENABLED$said $3\" > \"$2\"";
    program(tools.path(), "go", script);
    let path = format!("{}:/usr/bin:/bin", tools.path().display());
    let variables = [
        ("PATH", path.as_str()),
        ("GOOS", "plan9"),
        ("GOAMD64", "v4"),
        ("GOEXPERIMENT", "x"),
    ];
    let variables = variables.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let built = workshop(project.path(), variables.into_iter().collect())
        .build(&plan.archives[0])
        .unwrap();
    let expected = "linux arm 6 off 0 build -trimpath -buildvcs=false -mod=readonly -ldflags=-X main.version=1.0.0 -tags=a,b ./cmd/app\n";
    assert_eq!(String::from_utf8(bytes(&built)).unwrap(), expected);
    assert_eq!(built.tools["go"], "go version 1.99");
}
