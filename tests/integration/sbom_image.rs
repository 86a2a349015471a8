//! `attest sbom` on images: a document for each platform, and one that links them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{Command, Finished};
use crate::registry::server::Registry;

struct Scene {
    directory: tempfile::TempDir,
}

impl Scene {
    /// An image for two platforms with one package of the system in each.
    fn new() -> Self {
        let scene = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        for (root, architecture) in [("one", "amd64"), ("two", "arm64")] {
            let root = scene.path(root);
            fs::create_dir_all(root.join("var/lib/dpkg")).unwrap();
            fs::create_dir_all(root.join("etc")).unwrap();
            fs::write(root.join("etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\n").unwrap();
            let status = format!(
                "Package: libc6\nStatus: install ok installed\nArchitecture: {architecture}\nVersion: 2.36-9\n\
                 Maintainer: Somebody <somebody@example.org>\n\n"
            );
            fs::write(root.join("var/lib/dpkg/status"), status).unwrap();
        }
        scene.pack("app.oci", &["linux/amd64=one", "linux/arm64=two"]);
        scene
    }

    fn pack(&self, output: &str, platforms: &[&str]) {
        let mut command = Command::attest().args(["pack", "image", "--tag", "v1", "-o", output]);
        for platform in platforms {
            command = command.args(["--platform", platform]);
        }
        self.run(command).expect_code(0);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run(&self, command: Command) -> Finished {
        let command = command.current_dir(self.directory.path());
        let command = command.env("ATTEST_CACHE", self.path("cache"));
        command.env("SOURCE_DATE_EPOCH", "1700000000").run()
    }

    fn sbom(&self, arguments: &[&str]) -> Finished {
        self.run(Command::attest().arg("sbom").args(arguments))
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn every_platform_gets_a_document_and_one_links_them() {
    let scene = Scene::new();
    scene.sbom(&["app.oci", "-o", "sboms"]).expect_code(0);
    let directory = scene.path("sboms");
    assert_eq!(
        names(&directory),
        ["index.cdx.json", "linux-amd64.cdx.json", "linux-arm64.cdx.json"]
    );
    let index = fs::read_to_string(directory.join("index.cdx.json")).unwrap();
    for (file, architecture) in [("linux-amd64.cdx.json", "amd64"), ("linux-arm64.cdx.json", "arm64")] {
        let document = read(&directory.join(file));
        let components = document["components"].to_string();
        assert!(
            components.contains(&format!("pkg:deb/debian/libc6@2.36-9?arch={architecture}")),
            "{components}"
        );
        let serial = document["serialNumber"]
            .as_str()
            .unwrap()
            .trim_start_matches("urn:uuid:");
        assert!(index.contains(&format!("urn:cdx:{serial}/1")));
    }
    scene.pack("app.tar", &["linux/amd64=one", "linux/arm64=two"]);
    scene.sbom(&["app.tar", "-o", "again"]).expect_code(0);
    for name in names(&directory) {
        let (one, two) = (directory.join(&name), scene.path("again").join(&name));
        assert_eq!(fs::read(one).unwrap(), fs::read(two).unwrap(), "{name}");
    }
}

#[test]
fn one_platform_is_one_document() {
    let scene = Scene::new();
    scene.sbom(&["app.oci", "-o", "sboms"]).expect_code(0);
    let one = scene.sbom(&["app.oci", "--platform", "linux/arm64"]).expect_code(0);
    assert_eq!(one.stdout, fs::read(scene.path("sboms/linux-arm64.cdx.json")).unwrap());
    scene.pack("single.oci", &["linux/amd64=one"]);
    let single = scene.sbom(&["single.oci"]).expect_code(0);
    assert!(single.stdout_text().contains("pkg:deb/debian/libc6@2.36-9?arch=amd64"));
}

#[test]
fn an_image_of_a_registry_is_listed_as_one_of_a_layout_and_knows_where_it_is_from() {
    let scene = Scene::new();
    let registry = Registry::start();
    let name = format!("{}/team/app:v1", registry.host());
    let reference = format!("oci://{name}");
    scene
        .run(Command::attest().args(["push", "app.oci", &reference]))
        .expect_code(0);
    scene.sbom(&[&reference, "-o", "fetched"]).expect_code(0);
    scene.sbom(&["app.oci", "-o", "sboms"]).expect_code(0);
    assert_eq!(names(&scene.path("fetched")), names(&scene.path("sboms")));
    let read = |path: &str| read(&scene.path(path));
    let (fetched, listed) = (read("fetched/linux-arm64.cdx.json"), read("sboms/linux-arm64.cdx.json"));
    assert_eq!(fetched["components"], listed["components"]);
    let root = &fetched["metadata"]["component"];
    assert_eq!(root["name"], "app");
    assert_eq!(root["version"], listed["metadata"]["component"]["version"]);
    assert!(root["purl"].as_str().unwrap().contains("&repository_url="), "{root}");
    // Of one platform nothing else is fetched.
    fs::remove_dir_all(scene.path("cache")).unwrap();
    registry.state().log.clear();
    let one = scene.sbom(&[&reference, "--platform", "linux/arm64"]).expect_code(0);
    assert_eq!(
        one.stdout,
        fs::read(scene.path("fetched/linux-arm64.cdx.json")).unwrap()
    );
    assert_eq!(registry.count("GET", "/blobs/"), 2);
    let digest = scene
        .run(Command::attest().args(["fetch", &reference, "-o", "copy"]))
        .expect_code(0);
    let digest = digest.stdout_text().split(' ').next().unwrap().to_owned();
    let asked = registry.requests().len();
    let pinned = format!("{reference}@{digest}");
    scene.sbom(&[&pinned, "--offline", "-o", "kept"]).expect_code(0);
    assert_eq!(registry.requests().len(), asked);
    let unknown = scene.sbom(&[&reference, "--platform", "linux/s390x"]).expect_code(2);
    assert!(
        unknown.stderr_text().starts_with("error[platform-missing]"),
        "{}",
        unknown.stderr_text()
    );
    let two = scene.sbom(&[&reference, "app.oci"]).expect_code(2);
    assert!(
        two.stderr_text().starts_with("error[sbom-several-images]"),
        "{}",
        two.stderr_text()
    );
}

#[test]
fn one_image_of_a_layout_is_chosen_by_its_tag() {
    let scene = Scene::new();
    let manifest = |name: &str| read(&scene.path(name).join("index.json"))["manifests"][0].clone();
    let mut index = read(&scene.path("app.oci/index.json"));
    let mut other = manifest("app.oci");
    other["annotations"]["org.opencontainers.image.ref.name"] = "v2".into();
    index["manifests"].as_array_mut().unwrap().push(other);
    fs::write(scene.path("app.oci/index.json"), index.to_string()).unwrap();
    let arguments = ["--oci-layout", "app.oci:v2", "--platform", "linux/amd64"];
    let one = scene.sbom(&arguments).expect_code(0);
    assert!(one.stdout_text().contains("pkg:deb/debian/libc6@2.36-9?arch=amd64"));
    let none = scene.sbom(&["--oci-layout", "app.oci:v3"]).expect_code(2);
    assert!(
        none.stderr_text().starts_with("error[layout-reference]"),
        "{}",
        none.stderr_text()
    );
}

#[test]
fn several_images_want_a_place_or_a_choice() {
    let scene = Scene::new();
    let several = scene.sbom(&["app.oci"]).expect_code(2);
    assert!(several.stderr_text().contains("error[sbom-several-images]"));
    assert!(several.stderr_text().contains("linux/amd64") && several.stderr_text().contains("linux/arm64"));
    let unknown = scene.sbom(&["app.oci", "--platform", "linux/s390x"]).expect_code(2);
    assert!(unknown.stderr_text().contains("error[sbom-platform-unknown]"));
    assert_eq!(unknown.stdout_text(), "");
}

#[test]
fn an_image_of_which_a_platform_is_missing_is_still_one_for_several() {
    let scene = Scene::new();
    let index: Value = read(&scene.path("app.oci/index.json"));
    let blob = |digest: &Value| {
        let hex = digest.as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned();
        scene.path("app.oci/blobs/sha256").join(hex)
    };
    let inner = read(&blob(&index["manifests"][0]["digest"]));
    let missing = blob(&inner["manifests"][1]["digest"]);
    fs::remove_file(&missing).unwrap();
    let told = |path: &str, expected: &str| {
        let done = scene.sbom(&["app.oci", "-o", path]).expect_code(0);
        assert!(done.stderr_text().contains(expected), "{}", done.stderr_text());
        assert_eq!(names(&scene.path(path)), ["index.cdx.json", "linux-amd64.cdx.json"]);
    };
    told("none", "missing: the image names it, and it is not there");
    let without = scene.sbom(&["app.oci"]).expect_code(2);
    assert!(
        without.stderr_text().contains("found several: ") && without.stderr_text().contains("1 that cannot be read"),
        "{}",
        without.stderr_text()
    );
    scene
        .sbom(&["app.oci", "--platform", "linux/amd64", "-o", "one.json"])
        .expect_code(0);
    std::os::unix::fs::symlink("/nowhere", &missing).unwrap();
    told("link", "unreadable: expected a regular file, found a link");
    fs::remove_file(&missing).unwrap();
    std::os::unix::net::UnixListener::bind(&missing).unwrap();
    told("socket", "unreadable: it is not a regular file");
}

#[test]
fn a_damaged_layer_is_said_and_strictly_nothing_is_written() {
    let scene = Scene::new();
    let blobs = scene.path("app.oci/blobs/sha256");
    let largest = names(&blobs)
        .into_iter()
        .map(|name| blobs.join(name))
        .filter(|path| fs::read(path).unwrap()[0] == 0x1f);
    for layer in largest {
        fs::write(layer, "damaged").unwrap();
    }
    let strictly = scene.sbom(&["app.oci", "--strict", "-o", "sboms"]).expect_code(1);
    assert!(
        strictly.stderr_text().contains("warning: "),
        "{}",
        strictly.stderr_text()
    );
    assert!(!scene.path("sboms").exists());
}

#[test]
fn an_archive_is_looked_into_and_a_chart_or_an_sdist_is_what_it_is() {
    let scene = Scene::new();
    let packed = scene.run(Command::attest().args(["pack", "one", "-o", "root.tar.gz"]));
    packed.expect_code(0);
    let root = scene.sbom(&["root.tar.gz"]).expect_code(0);
    assert!(root.stdout_text().contains("pkg:deb/debian/libc6@2.36-9?arch=amd64"));
    fs::create_dir(scene.path("app-1.0")).unwrap();
    fs::write(
        scene.path("app-1.0/PKG-INFO"),
        "Metadata-Version: 2.1\nName: app\nVersion: 1.0\n\n",
    )
    .unwrap();
    fs::write(scene.path("app-1.0/pyproject.toml"), "").unwrap();
    let packed = scene.run(Command::attest().args(["pack", "app-1.0", "-o", "app-1.0.tar.gz", "--prefix", "app-1.0"]));
    packed.expect_code(0);
    let sdist = scene.sbom(&["app-1.0.tar.gz"]).expect_code(0);
    assert!(sdist.stdout_text().contains("pkg:pypi/app@1.0"));
}

#[test]
fn an_image_beside_a_project_hides_nothing() {
    let scene = Scene::new();
    fs::create_dir(scene.path("project")).unwrap();
    let lock = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\n";
    fs::write(scene.path("project/Cargo.lock"), lock).unwrap();
    let both = scene.sbom(&["app.oci", "project"]).expect_code(0);
    assert!(both.stdout_text().contains("pkg:cargo/app@1.0.0"));
    assert!(
        both.stderr_text().contains("not-listed: the image v1 for linux/amd64"),
        "{}",
        both.stderr_text()
    );
    scene.sbom(&["app.oci", "project", "--strict"]).expect_code(1);
    fs::rename(scene.path("app.oci"), scene.path("project/app.oci")).unwrap();
    let inside = scene.sbom(&["project"]).expect_code(0);
    assert!(inside.stderr_text().contains("not-listed: "));
    assert!(inside.stdout_text().contains("\"aggregate\":\"incomplete\""));
    let asked = scene.sbom(&["project", "--platform", "linux/amd64"]).expect_code(0);
    assert!(asked.stdout_text().contains("pkg:deb/debian/libc6"));
}

#[test]
fn a_wheel_is_the_same_by_its_name_and_by_its_directory() {
    let scene = Scene::new();
    fs::create_dir_all(scene.path("wheel/ok-1.0.dist-info")).unwrap();
    let metadata = "Metadata-Version: 2.1\nName: ok\nVersion: 1.0\nRequires-Dist: b\n\n";
    fs::write(scene.path("wheel/ok-1.0.dist-info/METADATA"), metadata).unwrap();
    fs::write(scene.path("wheel/ok-1.0.dist-info/WHEEL"), "Wheel-Version: 1.0\n").unwrap();
    fs::write(scene.path("wheel/ok-1.0.dist-info/RECORD"), "").unwrap();
    fs::create_dir(scene.path("there")).unwrap();
    let wheel = "there/ok-1.0-py3-none-any.whl";
    let zip = scene.run(Command::attest().args(["pack", "wheel", "-o", "wheel.zip"]));
    zip.expect_code(0);
    fs::rename(scene.path("wheel.zip"), scene.path(wheel)).unwrap();
    let by_name = scene.sbom(&[wheel]).expect_code(0);
    assert!(
        by_name.stdout_text().contains("pkg:pypi/ok@1.0"),
        "{}",
        by_name.stdout_text()
    );
    assert!(by_name.stdout_text().contains("\"alg\":\"SHA-256\""));
    let by_directory = scene.sbom(&["there"]).expect_code(0);
    assert_eq!(by_name.stdout, by_directory.stdout);
    let bytes = fs::read(scene.path(wheel)).unwrap();
    fs::write(scene.path(wheel), &bytes[..bytes.len() / 2]).unwrap();
    for path in [wheel, "there"] {
        let damaged = scene.sbom(&[path]).expect_code(1);
        assert!(
            damaged.stderr_text().contains("damaged: "),
            "{path}: {}",
            damaged.stderr_text()
        );
    }
}

#[test]
fn a_jar_of_others_that_is_named_alone_is_held_to_the_policy() {
    let scene = Scene::new();
    let maven = scene.path("jar/META-INF/maven/org.example/a");
    fs::create_dir_all(&maven).unwrap();
    fs::write(
        maven.join("pom.properties"),
        "groupId=org.example\nartifactId=a\nversion=1.2\n",
    )
    .unwrap();
    let pom = "<project><modelVersion>4.0.0</modelVersion><groupId>org.example</groupId><artifactId>a</artifactId>\
               <version>1.2</version><licenses><license><name>MIT</name></license></licenses></project>";
    fs::write(maven.join("pom.xml"), pom).unwrap();
    scene
        .run(Command::attest().args(["pack", "jar", "-o", "a.zip"]))
        .expect_code(0);
    fs::rename(scene.path("a.zip"), scene.path("a-1.2.jar")).unwrap();
    let denied = scene.sbom(&["license", "a-1.2.jar", "--deny", "MIT"]).expect_code(1);
    assert!(denied.stdout_text().contains("MIT"), "{}", denied.stdout_text());
    scene.sbom(&["license", "a-1.2.jar", "--allow", "MIT"]).expect_code(0);
}

#[test]
fn licences_of_every_platform_of_an_image_are_judged() {
    let scene = Scene::new();
    for (root, licence) in [("one", "MIT"), ("two", "GPL-2.0-only")] {
        let notice = format!("Format: x\n\nFiles: *\nCopyright: x\nLicense: {licence}\n");
        let place = scene.path(root).join("usr/share/doc/libc6");
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("copyright"), notice).unwrap();
    }
    scene.pack("licensed.oci", &["linux/amd64=one", "linux/arm64=two"]);
    let denied = scene
        .sbom(&["license", "licensed.oci", "--allow", "MIT"])
        .expect_code(1);
    let table = denied.stdout_text();
    assert!(table.contains("not allowed: GPL-2.0-only"), "{table}");
    scene
        .sbom(&["license", "licensed.oci", "--allow", "MIT,GPL-2.0-only"])
        .expect_code(0);
    scene.pack("single.oci", &["linux/amd64=one"]);
    scene.sbom(&["license", "single.oci", "--allow", "MIT"]).expect_code(0);
}

#[test]
fn an_image_that_says_its_licence_is_judged_though_nothing_identifies_it() {
    let scene = Scene::new();
    let saved = scene.path("saved");
    fs::create_dir(&saved).unwrap();
    fs::write(saved.join("manifest.json"), r#"[{"Config": "a.json", "Layers": []}]"#).unwrap();
    let write = |labels: &str| {
        let config = format!(
            r#"{{"architecture": "amd64", "os": "linux", "config": {{"Labels": {labels}}}, "rootfs": {{"type": "layers", "diff_ids": []}}}}"#
        );
        fs::write(saved.join("a.json"), config).unwrap();
    };
    write(r#"{"org.opencontainers.image.licenses": "GPL-3.0-only"}"#);
    let denied = scene.sbom(&["license", "saved", "--allow", "MIT"]).expect_code(1);
    assert!(denied.stdout_text().contains("not allowed: GPL-3.0-only"));
    write("{}");
    scene.sbom(&["license", "saved", "--allow", "MIT"]).expect_code(0);
}
