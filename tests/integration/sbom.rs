//! `attest sbom` on a small project without dependencies from elsewhere, built without network.

use std::fs;
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, measure_file};
use serde_json::Value;

use crate::command::{Command, Finished};

/// A program, a library, a procedural macro, a crate for the build script, and a crate that nothing uses.
const FILES: [(&str, &str); 12] = [
    (
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"1.2.0\"\nedition = \"2021\"\nlicense = \"MIT/Apache-2.0\"\n\
         authors = [\"Ann <ann@example.com>\"]\nrepository = \"https://example.com/app\"\n\
         [workspace]\nmembers = [\"text\", \"derive\", \"probe\", \"aside\"]\n\
         [dependencies]\ntext = { path = \"text\" }\nderive = { path = \"derive\" }\n\
         [build-dependencies]\nprobe = { path = \"probe\" }\n[dev-dependencies]\naside = { path = \"aside\" }\n",
    ),
    ("build.rs", "fn main() { probe::look(); }\n"),
    (
        "src/main.rs",
        "fn main() { println!(\"{}{}\", text::word(), derive::one!()); }\n",
    ),
    (
        "text/Cargo.toml",
        "[package]\nname = \"text\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    ),
    ("text/src/lib.rs", "pub fn word() -> &'static str { \"word\" }\n"),
    (
        "derive/Cargo.toml",
        "[package]\nname = \"derive\"\nversion = \"0.2.0\"\nedition = \"2021\"\n[lib]\nproc-macro = true\n",
    ),
    (
        "derive/src/lib.rs",
        "use proc_macro::TokenStream;\n#[proc_macro]\npub fn one(_: TokenStream) -> TokenStream { \"1\".parse().unwrap() }\n",
    ),
    (
        "probe/Cargo.toml",
        "[package]\nname = \"probe\"\nversion = \"0.3.0\"\nedition = \"2021\"\n",
    ),
    ("probe/src/lib.rs", "pub fn look() {}\n"),
    (
        "aside/Cargo.toml",
        "[package]\nname = \"aside\"\nversion = \"0.4.0\"\nedition = \"2021\"\n",
    ),
    ("aside/src/lib.rs", "\n"),
    (
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.2.0\"\ndependencies = [\n \"aside\",\n \"derive\",\n \"probe\",\n \"text\",\n]\n\n\
         [[package]]\nname = \"aside\"\nversion = \"0.4.0\"\n\n[[package]]\nname = \"derive\"\nversion = \"0.2.0\"\n\n\
         [[package]]\nname = \"probe\"\nversion = \"0.3.0\"\n\n[[package]]\nname = \"text\"\nversion = \"0.1.0\"\n",
    ),
];

struct Project {
    directory: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (path, text) in FILES {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn scan(&self) -> Command {
        self.prepared(Command::attest().arg("sbom").arg(self.directory.path()))
    }

    fn build(&self) -> Command {
        self.scan().args(["--cargo", "build"])
    }

    fn cargo(&self) -> Command {
        self.prepared(Command::new(env!("CARGO")))
    }

    fn prepared(&self, command: Command) -> Command {
        let command = command
            .current_dir(self.directory.path())
            .env("SOURCE_DATE_EPOCH", "1700000000");
        command
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env("CARGO_NET_OFFLINE", "true")
    }
}

fn document(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.stdout).unwrap()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn scopes(document: &Value) -> Vec<(&str, &str)> {
    let components = document["components"].as_array().unwrap().iter();
    components
        .map(|component| {
            (
                component["name"].as_str().unwrap(),
                component["scope"].as_str().unwrap(),
            )
        })
        .collect()
}

const BUILT: [(&str, &str); 3] = [("derive", "excluded"), ("probe", "excluded"), ("text", "required")];

#[test]
fn a_build_lists_what_was_compiled_and_saved_records_list_the_same() {
    let project = Project::new();
    let output = project.path("app.cdx.json");
    let finished = project.build().arg("-o").arg(&output).run().expect_code(0);
    assert_eq!(finished.stdout_text(), "");
    assert!(
        finished
            .stderr_text()
            .contains("app needs 1 packages, 2 more for building; complete")
    );
    let built = read(&output);
    assert_eq!(scopes(&built), BUILT);
    assert_eq!(built["metadata"]["timestamp"], "2023-11-14T22:13:20Z");

    let root = &built["metadata"]["component"];
    assert_eq!(root["purl"], "pkg:cargo/app@1.2.0");
    assert_eq!(root["licenses"][0]["expression"], "MIT OR Apache-2.0");
    let binary = find_binary(&project.path("target"));
    let measured = measure_file(&binary, &Algorithms::one(Algorithm::Sha256)).unwrap();
    assert_eq!(
        root["hashes"][0]["content"],
        measured.digest(Algorithm::Sha256).unwrap().to_hex()
    );

    let again = project.build().args(["--threads", "1"]).run().expect_code(0);
    assert_eq!(again.stdout, fs::read(&output).unwrap(), "the second run is the same");

    let messages = project
        .cargo()
        .args(["build", "--release", "--message-format=json", "--target"]);
    let messages = messages.arg(target(&built)).args(["-p", "app"]).run().expect_code(0);
    let saved = project
        .scan()
        .args(["--messages", "-", "--binary"])
        .arg(&binary)
        .stdin(messages.stdout);
    assert_eq!(
        saved.run().expect_code(0).stdout,
        again.stdout,
        "saved records say the same"
    );
}

fn target(document: &Value) -> &str {
    let properties = document["metadata"]["properties"].as_array().unwrap();
    let target = properties.iter().find(|property| property["name"] == "attest:target");
    target.unwrap()["value"].as_str().unwrap()
}

fn find_binary(target: &Path) -> PathBuf {
    let name = format!("release/app{}", std::env::consts::EXE_SUFFIX);
    let folders = fs::read_dir(target)
        .unwrap()
        .map(|entry| entry.unwrap().path().join(&name));
    folders.into_iter().find(|path| path.is_file()).unwrap()
}

#[test]
fn a_resolution_is_incomplete_and_the_same_in_every_directory() {
    let (here, there) = (Project::new(), Project::new());
    let one = here.scan().args(["--cargo", "metadata"]).run().expect_code(0);
    let two = there
        .scan()
        .args(["--cargo=metadata"])
        .env("TZ", "Asia/Tokyo")
        .run()
        .expect_code(0);
    assert_eq!(one.stdout, two.stdout);
    let document = document(&one);
    assert_eq!(document["compositions"][0]["aggregate"], "incomplete");
    assert_eq!(scopes(&document), BUILT);
}

#[test]
fn messages_that_were_cut_off_leave_the_old_file_alone() {
    let project = Project::new();
    let output = project.path("app.cdx.json");
    fs::write(&output, "old").unwrap();
    let cut = project
        .scan()
        .args(["--messages", "-", "-o"])
        .arg(&output)
        .stdin("{\"reason\":\"compiler-message\"}\n");
    let finished = cut.run().expect_code(1);
    assert!(finished.stderr_text().contains("error[sbom-build-unfinished]"));
    assert_eq!(fs::read(&output).unwrap(), b"old");
    let garbled = project
        .scan()
        .args(["--messages", "-"])
        .stdin("warning: unused\n")
        .run()
        .expect_code(1);
    assert!(garbled.stderr_text().contains("error[sbom-records-invalid]"));
    assert_eq!(garbled.stdout_text(), "");
}

#[test]
fn nothing_that_is_understood_is_never_an_empty_list() {
    let directory = tempfile::tempdir().unwrap();
    let nothing = Command::attest().arg("sbom").arg(directory.path()).run().expect_code(1);
    assert!(nothing.stderr_text().contains("error[sbom-nothing-found]"));
    assert_eq!(nothing.stdout_text(), "");
    #[cfg(unix)]
    {
        let path = directory.path().join("requirements.txt");
        let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let told = Command::attest().arg("sbom").arg(directory.path()).run().expect_code(1);
        assert!(told.stderr_text().contains("warning: requirements.txt: unreadable: "));
        assert!(told.stderr_text().contains("error[sbom-nothing-listed]"));
        drop(socket);
        fs::remove_file(path).unwrap();
    }
    let missing = directory.path().join("missing");
    let missing = Command::attest().arg("sbom").arg(missing).run().expect_code(3);
    assert!(missing.stderr_text().contains("error[sbom-path-unreadable]"));
    fs::write(directory.path().join("Cargo.lock"), "damaged").unwrap();
    let damaged = Command::attest().arg("sbom").arg(directory.path()).run().expect_code(1);
    assert!(damaged.stderr_text().contains("warning: Cargo.lock: damaged: "));
    assert!(damaged.stderr_text().contains("error[sbom-nothing-listed]"));
    let other = Command::attest()
        .arg("sbom")
        .arg("--cargo")
        .arg("build")
        .arg(directory.path());
    let other = other.run().expect_code(1);
    assert!(other.stderr_text().contains("error[sbom-nothing-found]"));
}

#[test]
fn a_file_that_is_nothing_else_is_listed_by_its_digest() {
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("plain.bin");
    fs::write(&plain, "abc").unwrap();
    let sbom = |arguments: &[&str]| Command::attest().arg("sbom").arg(&plain).args(arguments).run();
    for arguments in [&[][..], &["--kind", "file"]] {
        let listed = sbom(arguments).expect_code(0);
        assert!(listed.stderr_text().contains("warning: plain.bin: no-list: "));
        let document: Value = serde_json::from_slice(&listed.stdout).unwrap();
        assert_eq!(document["metadata"]["component"]["type"], "file");
        assert_eq!(document["metadata"]["component"]["name"], "plain.bin");
    }
    let strict = sbom(&["--strict"]).expect_code(1);
    assert!(strict.stderr_text().contains("error[sbom-incomplete]"));
    let other = sbom(&["--kind", "cargo"]).expect_code(1);
    assert!(other.stderr_text().contains("error[sbom-nothing-found]"));
}

#[test]
fn a_directory_is_listed_without_running_anything() {
    let (here, there) = (Project::new(), Project::new());
    let run = |project: &Project| {
        project
            .scan()
            .env("CARGO", "/nothing")
            .env("PATH", "")
            .run()
            .expect_code(0)
    };
    let (one, two) = (run(&here), run(&there));
    assert_eq!(one.stdout, two.stdout);
    let document = document(&one);
    assert_eq!(document["metadata"]["component"]["purl"], "pkg:cargo/app@1.2.0");
    let own = &document["metadata"]["component"]["components"];
    assert_eq!(own.as_array().unwrap().len(), 4);
    assert_eq!(document["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
}

#[test]
fn several_paths_make_one_document() {
    let project = Project::new();
    for name in ["one", "two"] {
        fs::create_dir(project.path(name)).unwrap();
        fs::copy(project.path("Cargo.lock"), project.path(name).join("Cargo.lock")).unwrap();
    }
    let command = || Command::attest().arg("sbom").current_dir(project.directory.path());
    let finished = command()
        .args(["./one/Cargo.lock", "two", "--name", "both@2"])
        .run()
        .expect_code(0);
    let document = document(&finished);
    assert_eq!(document["metadata"]["component"]["name"], "both");
    assert_eq!(document["metadata"]["component"]["version"], "2");
    let places: Vec<_> = document["metadata"]["component"]["components"][0]["evidence"]["occurrences"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(places[0]["location"], "one/Cargo.lock");
    assert_eq!(places[1]["location"], "two/Cargo.lock");
    let twice = command().args(["one", "one/Cargo.lock"]).run().expect_code(2);
    assert!(twice.stderr_text().contains("error[sbom-same-name]"));
}

#[test]
fn archives_that_hold_the_same_names_are_listed_beside_each_other() {
    let project = Project::new();
    let folder = project.directory.path();
    fs::create_dir(project.path("one")).unwrap();
    fs::copy(project.path("Cargo.lock"), project.path("one/Cargo.lock")).unwrap();
    for name in ["a.tar.gz", "b.tar.gz"] {
        let pack = Command::attest()
            .args(["pack", "one", "-o", name])
            .current_dir(folder)
            .run();
        pack.expect_code(0);
    }
    let sbom = |paths: &[&str]| Command::attest().arg("sbom").args(paths).current_dir(folder).run();
    let both = sbom(&["a.tar.gz", "b.tar.gz"]).expect_code(0);
    assert!(both.stdout_text().contains("\"b.tar.gz/"), "{}", both.stdout_text());
    let twice = sbom(&["a.tar.gz", "a.tar.gz"]).expect_code(2);
    assert!(twice.stderr_text().contains("error[sbom-same-name]"));
}

#[test]
fn strictly_a_gap_leaves_no_document() {
    let project = Project::new();
    fs::write(project.path("aside/Cargo.toml"), "x").unwrap();
    let kindly = project.scan().run().expect_code(0);
    assert!(kindly.stderr_text().contains("warning: aside/Cargo.toml: damaged: "));
    assert_eq!(document(&kindly)["compositions"][0]["aggregate"], "incomplete");
    let output = project.path("app.cdx.json");
    let strictly = project
        .scan()
        .arg("--strict")
        .arg("-o")
        .arg(&output)
        .run()
        .expect_code(1);
    assert!(strictly.stderr_text().contains("error[sbom-incomplete]"));
    assert!(!output.exists());
}

#[test]
fn an_option_that_only_cargo_understands_wants_cargo() {
    let project = Project::new();
    let idle = project.scan().args(["--package", "app"]).run().expect_code(2);
    assert!(idle.stderr_text().contains("error[sbom-option-of-cargo]"));
    let unknown = project.scan().args(["--kind", "nothing"]).run().expect_code(2);
    assert!(unknown.stderr_text().contains("cargo"));
}

#[test]
fn a_lock_file_that_is_missing_is_not_written_in_passing() {
    let project = Project::new();
    fs::remove_file(project.path("Cargo.lock")).unwrap();
    let finished = project.build().run().expect_code(3);
    assert!(finished.stderr_text().contains("error[program-failed]"));
    assert!(finished.stderr_text().contains("cargo generate-lockfile"));
    assert!(!project.path("Cargo.lock").exists());
}

#[test]
fn a_build_that_fails_leaves_no_document() {
    let project = Project::new();
    fs::write(project.path("src/main.rs"), "fn main() { nothing() }\n").unwrap();
    let output = project.path("app.cdx.json");
    let finished = project.build().arg("-o").arg(&output).run().expect_code(3);
    assert!(finished.stderr_text().contains("error[program-failed]"));
    assert!(!output.exists());
}

#[test]
fn an_unknown_package_is_wrong_usage() {
    let project = Project::new();
    let finished = project
        .scan()
        .args(["--cargo", "metadata", "--package", "ap"])
        .run()
        .expect_code(2);
    let expected =
        "no member of the workspace is called `ap`; its members are `app`, `aside`, `derive`, `probe`, `text`";
    assert!(finished.stderr_text().contains(expected), "{}", finished.stderr_text());
}
