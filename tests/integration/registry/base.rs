//! Images of a registry as bases: pinned, kept, and the same as from a layout.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::server::{Door, Fault, Registry};
use super::sha256;
use super::wire::Answer;
use crate::command::{Command, Finished};
use crate::release::project::Project;

/// A directory with programs for two processors, and a registry that has an image of other ones for both.
pub(super) struct Scene {
    directory: TempDir,
    pub(super) registry: Registry,
    pub(super) digest: String,
}

impl Scene {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, machine) in [("amd64", 62_u8), ("arm64", 183)] {
            let mut program = b"\x7fELF\x02\x01\x01".to_vec();
            program.resize(64, 0);
            program[18] = machine;
            fs::create_dir(directory.path().join(name)).unwrap();
            fs::write(directory.path().join(name).join("app"), &program).unwrap();
            fs::write(directory.path().join(name).join("below"), &program).unwrap();
        }
        let mut scene = Self {
            directory,
            registry: Registry::start(),
            digest: String::new(),
        };
        let base = [
            "--platform",
            "linux/amd64=amd64/below",
            "--platform",
            "linux/arm64=arm64/below",
        ];
        scene
            .pack(&[&base[..], &["--tag", "v1", "-o", "layout"]].concat())
            .expect_code(0);
        scene.digest = scene.push("layout");
        scene
    }

    /// Gives the registry everything that a layout has, and the name `v1` for what it names.
    pub(super) fn push(&self, layout: &str) -> String {
        let blobs = self.path(layout).join("blobs/sha256");
        let index: Value = serde_json::from_slice(&fs::read(self.path(layout).join("index.json")).unwrap()).unwrap();
        let top = index["manifests"][0]["digest"].as_str().unwrap().to_owned();
        for entry in fs::read_dir(blobs).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            let media_type = serde_json::from_slice::<Value>(&bytes).ok();
            let media_type = media_type.and_then(|json| json["mediaType"].as_str().map(str::to_owned));
            match media_type {
                Some(media_type) if sha256(&bytes).to_string() == top => {
                    self.registry.manifest("v1", &media_type, &bytes);
                }
                Some(media_type) => {
                    let digest = sha256(&bytes).to_string();
                    self.registry.state().manifests.insert(digest, (media_type, bytes));
                }
                None => {
                    self.registry.blob(&bytes);
                }
            }
        }
        top
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn reference(&self) -> String {
        format!("{}/team/base:v1@{}", self.registry.host(), self.digest)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        Command::attest()
            .args(["pack", "image"])
            .args(arguments)
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .env("ATTEST_CACHE", self.path("cache"))
            .env("HOME", self.path("home"))
            .current_dir(self.directory.path())
    }

    pub(super) fn pack(&self, arguments: &[&str]) -> Finished {
        self.command(arguments).run()
    }

    fn pack_on(&self, base: &str, output: &str, more: &[&str]) -> Finished {
        let arguments = [
            "--platform",
            "linux/amd64=amd64/app",
            "--tag",
            "v2",
            "--base",
            base,
            "-o",
            output,
        ];
        self.pack(&[&arguments[..], more].concat())
    }
}

/// Every file of a directory, by its path below it.
pub(super) fn tree(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        match path.is_dir() {
            true => found.extend(tree(&path).into_iter().map(|(below, bytes)| (name.join(below), bytes))),
            false => drop(found.insert(name, fs::read(&path).unwrap())),
        }
    }
    found
}

#[test]
fn a_base_of_a_registry_makes_the_same_image_as_a_layout_of_it() {
    let scene = Scene::new();
    let both = ["--platform", "linux/arm64=arm64/app"];
    scene.pack_on("layout:v1", "from-layout", &both).expect_code(0);
    let made = scene.pack_on(&scene.reference(), "from-registry", &both).expect_code(0);
    assert_eq!(made.stderr_text(), "");
    assert!(tree(&scene.path("from-registry")) == tree(&scene.path("from-layout")));
    scene
        .pack_on(&format!("oci://{}", scene.reference()), "again.tar", &both)
        .expect_code(0);
    assert_eq!(
        made.stdout_text(),
        scene
            .pack_on("layout:v1", "from-registry", &[&both[..], &["--replace"]].concat())
            .stdout_text()
    );
}

#[test]
fn what_was_fetched_is_kept_and_nothing_is_fetched_twice_or_for_another_platform() {
    let scene = Scene::new();
    scene.pack_on(&scene.reference(), "first", &[]).expect_code(0);
    // The index, one of its two manifests, one configuration and one layer.
    let count = scene.registry.requests().len();
    assert_eq!(count, 4, "{:?}", scene.registry.requests());
    scene
        .pack_on(&scene.reference(), "second", &["--offline"])
        .expect_code(0);
    scene.pack_on(&scene.reference(), "third", &[]).expect_code(0);
    assert_eq!(scene.registry.requests().len(), count);
    assert!(tree(&scene.path("first")) == tree(&scene.path("second")));
    let other = [
        "--platform",
        "linux/arm64=arm64/app",
        "--base",
        &scene.reference(),
        "-o",
        "other",
    ];
    let refused = scene.pack(&[&other[..], &["--offline"]].concat()).expect_code(3);
    assert!(
        refused
            .stderr_text()
            .starts_with("error[image-not-cached]: expected `sha256:"),
        "{}",
        refused.stderr_text()
    );
    assert!(refused.stderr_text().contains("without `--offline` it is fetched"));
    assert!(!scene.path("other").exists());
    scene.pack(&other).expect_code(0);
}

#[test]
fn what_was_spoiled_in_the_cache_is_fetched_again_and_refused_offline() {
    let scene = Scene::new();
    scene.pack_on(&scene.reference(), "first", &[]).expect_code(0);
    let blobs = scene.path("cache/images/blobs/sha256");
    for entry in fs::read_dir(blobs).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        bytes[0] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    let refused = scene
        .pack_on(&scene.reference(), "second", &["--offline"])
        .expect_code(3);
    assert!(refused.stderr_text().starts_with("error[image-not-cached]"));
    scene.pack_on(&scene.reference(), "second", &[]).expect_code(0);
    assert!(tree(&scene.path("first")) == tree(&scene.path("second")));
}

#[test]
fn a_base_without_a_digest_is_refused_and_told_which_one_it_is_now() {
    let scene = Scene::new();
    let host = scene.registry.host().to_owned();
    let named = format!("{host}/team/base:v1");
    let refused = scene.pack_on(&named, "no", &[]).expect_code(2);
    let expected = format!(
        "error[base-not-pinned]: expected a digest in `{named}`, found none: its tag may be another image tomorrow\n\nhint: it is \
         `{}` now\n",
        scene.reference()
    );
    assert_eq!(refused.stderr_text(), expected);
    let asked = scene.registry.requests().len();
    let offline = scene.pack_on(&named, "no", &["--offline"]).expect_code(2);
    assert!(
        offline
            .stderr_text()
            .ends_with(&format!("hint: say `{named}@sha256:DIGEST`\n"))
    );
    assert_eq!(scene.registry.requests().len(), asked);
    let unknown = scene.pack_on(&format!("{host}/team/base:v9"), "no", &[]).expect_code(2);
    assert!(
        unknown.stderr_text().contains("which one it is now cannot be told"),
        "{}",
        unknown.stderr_text()
    );
    assert!(!scene.path("no").exists());
}

#[test]
fn what_is_neither_a_layout_nor_a_reference_is_told() {
    let scene = Scene::new();
    let refused = scene.pack_on("debian:12", "no", &[]).expect_code(2);
    assert!(
        refused.stderr_text().starts_with("error[layout-expected]"),
        "{}",
        refused.stderr_text()
    );
    assert!(
        refused
            .stderr_text()
            .contains("`--base` also takes an image of a registry")
    );
    let refused = scene.pack_on("oci://Not/A/Name", "no", &[]).expect_code(2);
    assert!(
        refused.stderr_text().starts_with("error[reference-invalid]"),
        "{}",
        refused.stderr_text()
    );
    assert!(scene.registry.requests().is_empty());
}

#[test]
fn a_registry_that_sends_another_blob_makes_no_image() {
    let scene = Scene::new();
    scene.registry.fault("GET", "/blobs/", Fault::Flip);
    let refused = scene.pack_on(&scene.reference(), "no", &[]).expect_code(1);
    assert!(
        refused.stderr_text().starts_with("error[blob-mismatch]"),
        "{}",
        refused.stderr_text()
    );
    assert!(!scene.path("no").exists());
    let left = fs::read_dir(scene.path("cache/images")).unwrap();
    let left: Vec<String> = left
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(left.iter().all(|name| !name.starts_with(".attest-")), "{left:?}");
    scene.pack_on(&scene.reference(), "yes", &[]).expect_code(0);
}

#[test]
fn a_registry_that_says_no_is_told_with_what_to_do() {
    let scene = Scene::new();
    scene.registry.state().door = Door::Basic("user:password");
    let refused = scene.pack_on(&scene.reference(), "no", &[]).expect_code(3);
    let message = refused.stderr_text();
    assert!(message.starts_with("error[registry-unauthorized]"), "{message}");
    assert!(message.contains("it was asked without credentials"), "{message}");
    assert!(message.contains("hint: log in with `docker login`"), "{message}");
    let denied = Answer::error(403, "DENIED", "not for you");
    scene.registry.fault("GET", "/manifests/", Fault::Instead(denied));
    let refused = scene.pack_on(&scene.reference(), "no", &[]).expect_code(3);
    assert!(
        refused.stderr_text().starts_with("error[registry-denied]"),
        "{}",
        refused.stderr_text()
    );
}

#[test]
fn credentials_come_from_a_file_that_is_named_or_in_its_usual_place() {
    let scene = Scene::new();
    scene.registry.state().door = Door::Bearer("user:password");
    let auth = r#"{"auths":{"HOST":{"auth":"dXNlcjpwYXNzd29yZA=="}}}"#.replace("HOST", scene.registry.host());
    fs::write(scene.path("auth.json"), &auth).unwrap();
    let named = ["--registry-auth-file", "auth.json"];
    scene.pack_on(&scene.reference(), "named", &named).expect_code(0);
    let usual = scene.path("home/.docker");
    fs::create_dir_all(&usual).unwrap();
    fs::write(usual.join("config.json"), &auth).unwrap();
    fs::remove_dir_all(scene.path("cache")).unwrap();
    scene.pack_on(&scene.reference(), "usual", &[]).expect_code(0);
    let state = scene.registry.state();
    let tokens = state.log.iter().filter(|request| request.path() == "/token");
    assert!(tokens.clone().count() == 2 && tokens.clone().all(|request| request.header("authorization").is_some()));
    drop(state);
    let refused = scene
        .pack_on(&scene.reference(), "no", &["--registry-auth-file", "none.json"])
        .expect_code(2);
    assert!(
        refused.stderr_text().starts_with("error[auth-file-missing]"),
        "{}",
        refused.stderr_text()
    );
}

#[test]
#[cfg(unix)]
fn a_credential_helper_is_asked_by_the_name_of_the_registry() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    scene.registry.state().door = Door::Basic("user:password");
    let programs = scene.path("programs");
    fs::create_dir(&programs).unwrap();
    let helper = programs.join("docker-credential-vault");
    let script = format!(
        "#!/bin/sh\nread server\n[ \"$1 $server\" = 'get {}' ] || exit 1\necho '{{\"Username\":\"user\",\"Secret\":\"password\"}}'\n",
        scene.registry.host()
    );
    fs::write(&helper, script).unwrap();
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(scene.path("config.json"), r#"{"credsStore":"vault"}"#).unwrap();
    let arguments = [
        "--platform",
        "linux/amd64=amd64/app",
        "--base",
        &scene.reference(),
        "-o",
        "out",
    ];
    let path = format!("{}:/usr/bin:/bin", programs.display());
    let pack = |path: &str| {
        let command = scene.command(&arguments).env("PATH", path);
        command.env("DOCKER_CONFIG", scene.path("")).run()
    };
    let refused = pack("/usr/bin:/bin").expect_code(3);
    assert!(
        refused.stderr_text().starts_with("error[credential-helper-failed]"),
        "{}",
        refused.stderr_text()
    );
    pack(&path).expect_code(0);
}

#[test]
fn plain_http_is_for_this_machine() {
    let scene = Scene::new();
    let reference = format!("registry.example.org/base@{}", scene.digest);
    let refused = scene.pack_on(&reference, "no", &["--plain-http"]).expect_code(2);
    let expected =
        "error[plain-http-elsewhere]: expected a registry on this machine for plain http, found `registry.example.org`";
    assert!(refused.stderr_text().starts_with(expected), "{}", refused.stderr_text());
}

#[test]
fn a_release_builds_upon_an_image_of_a_registry_and_its_provenance_names_it() {
    let scene = Scene::new();
    let project = Project::new("prebuilt");
    let image = format!("[[image]]\nbinaries = [\"tally\"]\nbase = \"{}\"\n", scene.reference());
    project.configure("[[binary]]", &format!("{image}\n[[binary]]"));
    let release = |output: &str, more: &[&str]| {
        let arguments = ["release", "--skip-sign", "--output", output];
        let command = project.attest(&arguments).args(more);
        command
            .env("ATTEST_CACHE", scene.path("cache"))
            .env("HOME", scene.path("home"))
            .run()
    };
    release("first", &[]).expect_code(0);
    let asked = scene.registry.requests().len();
    release("second", &["--offline"]).expect_code(0);
    assert_eq!(scene.registry.requests().len(), asked);
    let read = |path: &str| fs::read(project.path().join(path)).unwrap();
    let statement: Value = serde_json::from_slice(&read("first/tally-2.0.1.provenance.json")).unwrap();
    let listed = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
        .as_array()
        .unwrap();
    let base = listed.iter().find(|entry| entry["name"] == *scene.reference()).unwrap();
    assert_eq!(
        format!("sha256:{}", base["digest"]["sha256"].as_str().unwrap()),
        scene.digest
    );
    // The same layout in the project makes the same image, of the same commit.
    copy(&scene.path("layout"), &project.path().join("layout"));
    let configuration = project.path().join("attest.toml");
    let text = fs::read_to_string(&configuration).unwrap();
    fs::write(&configuration, text.replace(&scene.reference(), "layout")).unwrap();
    release("third", &[]).expect_code(0);
    let name = "tally-2.0.1-image.tar";
    for output in ["second", "third"] {
        assert!(
            read(&format!("first/{name}")) == read(&format!("{output}/{name}")),
            "{output}"
        );
    }
    project.configure(
        "base = \"layout\"",
        &format!("base = \"oci://{}/team/base:v1\"", scene.registry.host()),
    );
    let refused = release("fourth", &[]).expect_code(2);
    assert!(
        refused.stderr_text().contains("error[base-not-pinned]"),
        "{}",
        refused.stderr_text()
    );
    assert!(
        refused
            .stderr_text()
            .contains(&format!("it is `{}` now", scene.reference()))
    );
    assert!(!project.path().join("fourth").exists());
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in tree(from) {
        let to = to.join(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, bytes).unwrap();
    }
}
