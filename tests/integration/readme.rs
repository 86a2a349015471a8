//! What the README tells people to type works as it stands there.

use std::fs;
use std::path::Path;

use crate::command::Finished;
use crate::pack_python::{WHEEL, wheel};
use crate::release::project::Project;
use crate::sign::Bench;

/// What ends otherwise than with 0 where the README is tried, and why. Anything else has to succeed.
const ENDS_OTHERWISE: &[(&str, i32, &str)] = &[
    ("attest release", 2, "no workflow here has an identity"),
    ("attest sign app.tar.gz", 2, "no workflow here has an identity"),
    ("attest verify app.tar.gz", 1, "nobody signed it"),
    ("attest verify dist --repo example/app", 1, "the sandbox signed it"),
    ("attest inspect app.tar.gz.sigstore.json", 3, "nobody signed it"),
    ("attest repro old.tar.gz new.tar.gz", 1, "they are of different dates"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The lines of the README's `sh` blocks, without comments.
fn commands(readme: &str) -> Vec<&str> {
    let blocks = readme.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines());
    lines
        .map(|line| line.split(" #").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn every_attest_command_of_the_readme_works_in_its_order() {
    let readme = readme();
    let commands: Vec<&str> = commands(&readme)
        .into_iter()
        .filter(|command| command.starts_with("attest ") && !is_about_images(command))
        .collect();
    assert!(commands.len() >= 10, "found only {commands:?}");

    let project = Project::new("rust-hello");
    fs::remove_file(project.path().join("attest.toml")).unwrap();
    fs::write(project.path().join("app.tar.gz"), "app").unwrap();
    fs::create_dir(project.path().join("site")).unwrap();
    fs::write(project.path().join("site/index.html"), "<p>hello</p>").unwrap();
    prepare_for_packing(&project);
    let wheels = format!("build/{WHEEL}");
    for command in commands {
        let arguments = command.split_whitespace().skip(1);
        let arguments: Vec<&str> = arguments
            .map(|each| if each == "build/*.whl" { &wheels } else { each })
            .collect();
        // The sandbox runs until it is stopped; tests/integration/sandbox.rs runs it.
        let arguments = if command == "attest sandbox" {
            vec!["sandbox", "--help"]
        } else {
            arguments
        };
        let expected = ENDS_OTHERWISE
            .iter()
            .find(|(begin, ..)| command == *begin || (command.starts_with(begin) && begin.contains('.')))
            .map_or(0, |(_, code, _)| *code);
        let finished = project.attest(&arguments).run();
        let talk = String::from_utf8_lossy(&finished.stderr).into_owned();
        assert_eq!(finished.code, expected, "{command}: {talk}");
        assert!(!talk.contains("Usage:"), "{command}: {talk}");
    }
}

fn is_about_images(command: &str) -> bool {
    command.contains("oci://") || command.contains("--oci-layout")
}

/// The names that the README has for what stands at other places here.
struct Names {
    issuer: String,
    registry: String,
}

impl Names {
    const ISSUER: &str = "https://accounts.example.com";
    const REGISTRY: &str = "registry.example.org";

    fn of(bench: &Bench) -> Self {
        let issuer = bench.server.url().to_owned();
        let registry = issuer.trim_start_matches("http://").to_owned();
        Self { issuer, registry }
    }

    fn here(&self, command: &str) -> String {
        command
            .replace(Self::ISSUER, &self.issuer)
            .replace(Self::REGISTRY, &self.registry)
            .replace("release@example.com", "signer@example.com")
    }

    fn as_in_readme(&self, output: &str) -> String {
        output
            .replace(&self.issuer, Self::ISSUER)
            .replace(&self.registry, Self::REGISTRY)
            .replace("signer@example.com", "release@example.com")
    }
}

/// Two platforms, always the same.
fn image(bench: &Bench) {
    for (root, content) in [("one", "#!/bin/sh\necho hello\n"), ("two", "#!/bin/sh\necho hi\n")] {
        fs::create_dir(bench.path(root)).unwrap();
        bench.write(&format!("{root}/app"), content);
    }
    let pack = ["pack", "image", "--tag", "v1.2.0", "-o", "app.oci"];
    let platforms = ["--platform", "linux/amd64=one", "--platform", "linux/arm64=two"];
    let packed = bench.attest().args(pack).args(platforms);
    packed.env("SOURCE_DATE_EPOCH", "1700000000").run().expect_code(0);
}

fn run_with_services(bench: &Bench, arguments: &[&str]) -> Finished {
    match arguments[0] {
        "sign" => bench.sign(&arguments[1..]),
        "verify" => bench
            .attest()
            .args(arguments)
            .args(["--trusted-root", "trusted_root.json"])
            .run(),
        _ => bench.attest().args(arguments).run(),
    }
}

#[test]
fn what_the_readme_says_of_images_works_in_its_order_and_looks_as_it_says() {
    let readme = readme();
    let commands: Vec<&str> = commands(&readme)
        .into_iter()
        .filter(|command| is_about_images(command))
        .collect();
    assert!(commands.len() >= 8, "found only {commands:?}");
    let bench = Bench::new();
    image(&bench);
    let names = Names::of(&bench);
    let mut drawn = None;
    for command in commands {
        let here = names.here(command);
        let arguments: Vec<&str> = here.split_whitespace().skip(1).collect();
        let finished = run_with_services(&bench, &arguments).expect_code(0);
        if arguments[0] == "inspect" {
            drawn = Some(names.as_in_readme(finished.stdout_text()));
        }
    }
    let shown = readme
        .split("```text\n")
        .find(|block| block.contains(": an index of 2 images"));
    let shown = without_times(shown.unwrap().split("```").next().unwrap());
    assert_eq!(sorted_lines(&without_times(&drawn.unwrap())), sorted_lines(&shown));
}

/// What hangs on one manifest is in the order of digests, which are others each time.
fn sorted_lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// With every date and time as `TIME`, since those of signatures are the clock's.
fn without_times(text: &str) -> String {
    let is_time = |word: &str| word.len() == 20 && word.ends_with('Z') && word.find('T') == Some(10);
    let words = text.split(' ').map(|word| match word.split_once('\n') {
        Some((first, rest)) if is_time(first) => format!("TIME\n{rest}"),
        _ if is_time(word) => "TIME".to_owned(),
        _ => word.to_owned(),
    });
    words.collect::<Vec<String>>().join(" ")
}

/// What the lines about packing and comparing speak of.
fn prepare_for_packing(project: &Project) {
    let write = |name: &str, bytes: &[u8]| {
        let path = project.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("app", b"#!/bin/sh\necho hello\n");
    write(
        "deploy/chart/Chart.yaml",
        b"apiVersion: v2\nname: app\nversion: 0.1.0\n",
    );
    write(&format!("build/{WHEEL}"), &wheel("vote = 1\n", "vote = 1\n"));
    for (name, date) in [("old.tar.gz", "1600000000"), ("new.tar.gz", "1700000000")] {
        let pack = project.attest(&["pack", "site", "-o", name]);
        pack.env("SOURCE_DATE_EPOCH", date).run().expect_code(0);
    }
}

#[test]
fn every_file_that_the_readme_links_to_exists() {
    let readme = readme();
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local: Vec<&str> = links.filter(|link| !link.contains("://")).collect();
    assert!(local.len() >= 8, "found only {local:?}");
    for link in local {
        assert!(
            root().join(link).exists(),
            "README.md links to {link}, which does not exist"
        );
    }
}

#[test]
fn the_two_commands_of_the_readme_are_what_continuous_integration_runs() {
    let script = fs::read_to_string(root().join(".ci/run")).unwrap();
    let main_job = fs::read_to_string(root().join("tests/interop/main-job")).unwrap();
    let readme = readme();
    let commands = commands(&readme);
    assert!(commands.contains(&"cargo run --release -- release --sandbox"));
    assert!(main_job.contains("cargo run --release -- release --sandbox"));
    assert!(commands.contains(&"cargo test --workspace"));
    assert!(script.contains("cargo test --workspace"));
}
